package worker_test

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"germane/audience"
	"germane/internal/engines"
	"germane/internal/finding"
	"germane/send"
	"germane/store"
	"germane/token"
	"germane/worker"
	"germane/workspace"
)

// rig is a workspace, its people and a worker.
type rig struct {
	t         testing.TB
	store     store.Database
	workspace *workspace.Workspace
	version   *store.Version
	contents  *worker.Contents
	keys      *token.Keys
	config    worker.Config
}

// newRig deploys the starter workspace with people of whom four fifths are in its audience.
func newRig(t testing.TB, people int, transport send.Transport, environment map[string]string) *rig {
	t.Helper()
	return newRigIn(t, engines.Open(t), people, transport, environment)
}

// newRigIn is newRig in a database of the caller's choice.
func newRigIn(t testing.TB, s store.Database, people int, transport send.Transport, environment map[string]string) *rig {
	t.Helper()
	r := &rig{t: t, store: s, contents: worker.NewContents(s, environment)}
	var findings []finding.Finding
	if r.workspace, findings = workspace.Load(workspace.Starter(), environment); finding.HasErrors(findings) {
		t.Fatal(findings)
	}
	r.must(r.deploy())
	keys, err := s.SigningKeys(t.Context(), "token")
	r.must(err)
	r.keys, err = token.NewKeys(token.Key{ID: uint8(keys[0].ID), Master: keys[0].Secret})
	r.must(err)
	r.people(people)
	r.config = worker.Config{
		Store: s, Contents: r.contents, Transport: transport, Keys: r.keys, Owner: "test", Alone: true, Concurrency: 8,
		Now: time.Now, Log: slog.New(slog.DiscardHandler),
	}
	return r
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) deploy() (err error) {
	r.version, err = worker.Deploy(r.t.Context(), r.store, r.workspace, time.Now())
	return err
}

// people imports somebody a number: every fifth pays, which is outside the audience.
func (r *rig) people(n int) {
	r.t.Helper()
	r.peopleNamed("u", n)
}

func (r *rig) peopleNamed(name string, n int) {
	r.t.Helper()
	name = strings.ReplaceAll(name, " ", "")
	var updates []audience.Update
	for i := range n {
		plan := "trial"
		if i%5 == 4 {
			plan = "pro"
		}
		updates = append(updates, audience.Update{
			ID: name + strconv.Itoa(i), Email: fmt.Sprintf("%s%d@mail.example", name, i), TimeZone: "Europe/London",
			Attributes: fmt.Appendf(nil, `{"plan":%q,"trial_days_left":%d,"projects_30d":%d}`, plan, i%20, i%17),
		})
	}
	outcomes, err := r.store.Import(r.t.Context(), updates, store.Importing{At: time.Now(), Source: "import", Consent: []store.ConsentGrant{{Topic: "tips", Basis: "signup form"}}})
	r.must(err)
	for _, o := range outcomes {
		if o.Result != store.Created {
			r.t.Fatalf("a person was not made: %s", o.Reason)
		}
	}
}

func (r *rig) content() *worker.Content {
	r.t.Helper()
	c, err := r.contents.Campaign(r.t.Context(), r.version.Hash, "weekly")
	r.must(err)
	return c
}

// plan makes a run for an occurrence.
func (r *rig) plan(occurrence string) int64 {
	r.t.Helper()
	survey, err := worker.NewSurvey(r.t.Context(), r.store, r.content(), worker.Surveying{Now: time.Now})
	r.must(err)
	run, err := worker.Plan(r.t.Context(), r.store, worker.Order{Campaign: "weekly", Occurrence: occurrence, Version: r.version.Hash, Due: time.Now()}, survey, time.Now())
	r.must(err)
	return run
}

// drain works until nothing is due.
func (r *rig) drain(ctx context.Context) {
	r.t.Helper()
	r.must(worker.New(r.config).Work(ctx, true))
}

func (r *rig) run(id int64) *store.Run {
	r.t.Helper()
	run, err := r.store.Run(r.t.Context(), id)
	r.must(err)
	if run.Planned != run.Sent+run.Failed+run.Skipped+run.HeldOut+run.InDoubt+run.Waiting {
		r.t.Errorf("the run does not add up: %+v", run.Counts)
	}
	return run
}

func (r *rig) rows(run int64) []*store.Delivery {
	r.t.Helper()
	rows, err := r.store.DeliveriesIn(r.t.Context(), run, store.Everybody)
	r.must(err)
	return rows
}

// scripted answers as a test tells it, and counts who got a mail. It stands in for a provider where only the ledger is of interest;
// the wire is tested in send, and end to end in cmd/germane.
type scripted struct {
	answer func(n int, m *send.Mail) send.Result // n counts from 1; nil: it is sent

	mu       sync.Mutex
	n        int
	got      map[string]int // by address
	bytes    map[string]string
	flying   int
	mostOnce int
}

func (s *scripted) Send(_ context.Context, m *send.Mail) send.Result {
	s.mu.Lock()
	s.n++
	n := s.n
	s.flying++
	s.mostOnce = max(s.mostOnce, s.flying)
	s.mu.Unlock()
	result := send.Result{Outcome: send.Sent, ID: "p-" + m.ID}
	if s.answer != nil {
		result = s.answer(n, m)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flying--
	if result.Outcome == send.Sent || result.Outcome == send.InDoubt {
		if s.got == nil {
			s.got, s.bytes = map[string]int{}, map[string]string{}
		}
		s.got[m.To]++
		s.bytes[m.To] = string(m.Bytes)
	}
	return result
}

func (s *scripted) Check(context.Context) error { return nil }
func (s *scripted) Close() error                { return nil }
