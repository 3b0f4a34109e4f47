package worker_test

import (
	"context"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"germane/audience"
	"germane/internal/engines"
	"germane/internal/finding"
	"germane/schedule"
	"germane/send"
	"germane/store"
	"germane/worker"
	"germane/workspace"
)

// world is a company whose time a test makes pass: a database, files that are deployed, a scheduler and a worker.
type world struct {
	t        testing.TB
	now      time.Time
	files    fstest.MapFS
	store    store.Store
	contents *worker.Contents
	mail     *mailbox
	wire     send.Transport // instead of mail; nil: mail
	settle   func()         // waits for what becomes of mails; nil: nobody says
	breaker  schedule.Breaker
	alerts   []worker.Alert
	w        *workspace.Workspace
	damaged  bool   // every second person has an address that is none
	broken   string // campaign of which no run can be made
}

// timed is a store whose clock is the world's: a worker with another clock would not send.
type timed struct {
	store.Database
	world *world
}

func (s *timed) Now(context.Context) (time.Time, error) { return s.world.now, nil }

func (s *timed) EachPerson(ctx context.Context, within store.Range) iter.Seq2[*store.Person, error] {
	return func(yield func(*store.Person, error) bool) {
		for p, err := range s.Database.EachPerson(ctx, within) {
			if s.world.damaged && err == nil && p.Number%2 == 0 {
				p.Email = "damaged"
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

// mailbox takes all mails, and notes when.
type mailbox struct {
	world *world
	fail  func(n int) send.Outcome // of the n-th mail, from 1; nil: all are sent
	mu    sync.Mutex
	n     int
	got   []arrival
}

type arrival struct {
	to, campaign string
	run, person  int64
	at           time.Time
}

func (m *mailbox) Send(_ context.Context, mail *send.Mail) send.Result {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.n++
	if m.fail != nil {
		if outcome := m.fail(m.n); outcome != send.Sent {
			return send.Result{Outcome: outcome, Code: "test"}
		}
	}
	a := arrival{to: mail.To, at: m.world.now}
	a.run, a.person, _, _ = store.ParseDeliveryID(mail.ID)
	for _, tag := range mail.Tags {
		if tag.Name == "campaign" {
			a.campaign = tag.Value
		}
	}
	m.got = append(m.got, a)
	return send.Result{Outcome: send.Sent, ID: mail.ID}
}

func (m *mailbox) Check(context.Context) error { return nil }
func (m *mailbox) Close() error                { return nil }

// worldFiles are what every world begins with: one message with one block.
var worldFiles = map[string]string{
	"attributes.yaml": "plan: {type: string, values: [free, pro]}\nscore: {type: int, min: 0, default: 0}\nessay: {type: string, max_length: 10000}\n",
	"events.yaml":     "project_created: {fields: {name: string}, sample: {name: Demo}}\n",
	"templates/note.md": `---
subject: Hello
preheader: Something for you
layout: base
---
# Hello

{% block offer %}
`,
	"blocks/offer.md": `---
owner: lifecycle@acme.example
goal: project_created within 7d
review_by: 2099-01-31
---
{% variant rich when score >= 5 %}

You have a lot.

{% otherwise %}

You have something.
`,
}

// campaign is a live campaign's file; each line is a key of its own, and takes the place of the default.
func campaign(lines ...string) string {
	keys := []string{"state: live", "objective: activation", "goal: project_created within 7d", "topic: tips", "audience: true", "template: note"}
	for _, line := range lines {
		key, _, _ := strings.Cut(line, ":")
		keys = slices.DeleteFunc(keys, func(k string) bool { return strings.HasPrefix(k, key+":") })
		keys = append(keys, line)
	}
	return strings.Join(keys, "\n") + "\n"
}

// newWorld begins at a time (2027-03-01 08:00, UTC) with more lines for germane.yaml and campaigns by name.
func newWorld(t testing.TB, at, config string, campaigns map[string]string) *world {
	t.Helper()
	s := engines.Open(t)
	w := &world{t: t, now: clockTime(t, at), files: fstest.MapFS{}}
	w.store, w.mail = &timed{s, w}, &mailbox{world: w}
	w.contents = worker.NewContents(w.store, nil)
	for name, text := range worldFiles {
		w.write(name, text)
	}
	for _, name := range []string{"layouts/base.html", "assets/logo.png"} {
		data, err := fs.ReadFile(workspace.Starter(), name)
		w.must(err)
		w.write(name, string(data))
	}
	w.write("germane.yaml", `senders:
  default: {name: Acme, email: hello@mail.acme.example, postal_address: "1 Main St, Springfield"}
topics: {tips: Product tips, offers: Offers}
public_url: http://127.0.0.1:8080
delivery: outbox://outbox
database: germane.db
brand: {accent: "#2457d6", logo: assets/logo.png, app_url: https://app.acme.example}
time_zone: UTC
`+config+"\n")
	for name, text := range campaigns {
		w.write("campaigns/"+name+".yaml", text)
	}
	w.deploy()
	return w
}

func clockTime(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) write(name, text string) { w.files[name] = &fstest.MapFile{Data: []byte(text)} }

// deploy deploys the files as they are.
func (w *world) deploy() {
	w.t.Helper()
	loaded, findings := workspace.Load(w.files, nil)
	if loaded == nil || finding.HasErrors(findings) {
		w.t.Fatalf("the workspace: %+v", findings)
	}
	w.w = loaded
	_, err := worker.Deploy(w.t.Context(), w.store, loaded, w.now)
	w.must(err)
}

// people imports people, subscribed to everything; rows are id, time zone and attributes.
func (w *world) people(rows ...[3]string) {
	w.t.Helper()
	var updates []audience.Update
	for _, row := range rows {
		updates = append(updates, audience.Update{ID: row[0], Email: row[0] + "@mail.example", TimeZone: row[1], Attributes: []byte(row[2])})
	}
	outcomes, err := w.store.Import(w.t.Context(), updates, store.Importing{At: w.now, Source: "import", Consent: []store.ConsentGrant{{Topic: "tips", Basis: "form"}, {Topic: "offers", Basis: "form"}}})
	w.must(err)
	for i, o := range outcomes {
		if o.Result == store.Rejected {
			w.t.Fatalf("%s: %s", rows[i][0], o.Reason)
		}
	}
}

// crowd imports n people, who live in zones by turns.
func (w *world) crowd(n int, zones ...string) {
	w.t.Helper()
	var rows [][3]string
	for i := range n {
		rows = append(rows, [3]string{fmt.Sprint("p", i), zones[i%len(zones)], fmt.Sprintf(`{"plan":"free","score":%d}`, i%10)})
	}
	w.people(rows...)
}

func (w *world) scheduler() *worker.Scheduler {
	return &worker.Scheduler{
		Store: w.store, Contents: w.contents, Now: func() time.Time { return w.now }, Log: slog.New(slog.DiscardHandler),
		Alert: func(a worker.Alert) { w.mail.mu.Lock(); defer w.mail.mu.Unlock(); w.alerts = append(w.alerts, a) },
	}
}

// plan makes the runs that are due now.
func (w *world) plan() {
	w.t.Helper()
	w.must(w.scheduler().Once(w.t.Context()))
}

// work sends what is due now.
func (w *world) work(ctx context.Context) {
	w.t.Helper()
	s := w.scheduler()
	config := worker.Config{
		Store: w.store, Contents: w.contents, Transport: w.mail, Owner: "test", Alone: true, Concurrency: 8, Now: s.Now, Log: s.Log, Alert: s.Alert, Breaker: w.breaker,
	}
	config.WarmUp, config.Zone, config.WayOut = w.w.Config.WarmUp, w.w.Config.TimeZone, "test"
	if w.wire != nil {
		config.Transport = w.wire
	}
	w.must(worker.New(config).Work(ctx, true))
	if w.settle != nil {
		w.settle()
	}
}

// until lets time pass, with somebody at work whenever something is due.
func (w *world) until(text string) { w.t.Helper(); w.pass(clockTime(w.t, text), w.plan) }

// pass is until, with somebody else planning.
func (w *world) pass(end time.Time, plan func()) {
	w.t.Helper()
	for {
		plan()
		w.work(w.t.Context())
		next := w.wake(end)
		if !next.After(w.now) {
			w.t.Fatalf("at %s something is due and is not done", w.now)
		}
		w.now = next
		if !next.Before(end) {
			return
		}
	}
}

// wake is when the next chunk or occurrence is due.
func (w *world) wake(end time.Time) time.Time {
	w.t.Helper()
	next := end
	ready, err := w.store.ReadyChunks(w.t.Context(), end, 1)
	w.must(err)
	if len(ready) > 0 && ready[0].NotBefore.Before(next) {
		next = ready[0].NotBefore
	}
	counts, err := w.store.ZoneCounts(w.t.Context())
	w.must(err)
	var zones []*time.Location
	for zone := range schedule.NewZones(w.w.Config.TimeZone).InUse(counts) {
		zones = append(zones, zone)
	}
	for _, c := range w.w.Campaigns {
		if c.State != schedule.Live {
			continue
		}
		for o := range c.Cadence.Timetable(w.w.Config.TimeZone, zones).Between(w.now, end) {
			if o.Earliest.After(w.now) {
				if o.Earliest.Before(next) {
					next = o.Earliest
				}
				break
			}
		}
	}
	return next
}

// runs returns all runs, the oldest first, each of which must add up.
func (w *world) runs(campaign string) []*store.Run {
	w.t.Helper()
	runs, err := w.store.Runs(w.t.Context(), store.RunFilter{Campaign: campaign, Limit: 10_000})
	w.must(err)
	for _, r := range runs {
		if r.Planned != r.Sent+r.Failed+r.Skipped+r.HeldOut+r.InDoubt+r.Waiting {
			w.t.Errorf("run %d does not add up: %+v", r.ID, r.Counts)
		}
	}
	slices.Reverse(runs)
	return runs
}

// told says what became of occurrences: "01T09:00 finished 3 sent".
func (w *world) told(campaign string) string {
	w.t.Helper()
	var all []string
	for _, r := range w.runs(campaign) {
		text := strings.TrimPrefix(r.Occurrence, "2027-") + " "
		if r.Planned > 0 {
			text += string(r.State)
		}
		for _, c := range []struct {
			n    int64
			what string
		}{{r.Sent, "sent"}, {r.Failed, "failed"}, {r.HeldOut, "held out"}, {r.InDoubt, "in doubt"}, {r.Waiting, "waiting"}} {
			if c.n > 0 {
				text += fmt.Sprintf(" %d %s", c.n, c.what)
			}
		}
		reasons, err := w.store.Reasons(w.t.Context(), r.ID)
		w.must(err)
		if r.Skipped > 0 {
			for _, reason := range sortedKeys(reasons) {
				text += fmt.Sprintf(" %d %s", reasons[reason], reason)
			}
		}
		all = append(all, strings.TrimSpace(text+r.Note))
	}
	return strings.Join(all, "; ")
}

// mails says who got what when: "p0 01 09:00, p1 01 08:00".
func (w *world) mails() string {
	var all []string
	for _, a := range w.mail.got {
		name, _, _ := strings.Cut(a.to, "@")
		all = append(all, name+" "+a.at.UTC().Format("02 15:04"))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// alerted lists what people were told about.
func (w *world) alerted() string {
	var all []string
	for _, a := range w.alerts {
		all = append(all, a.What)
	}
	return strings.Join(all, " ")
}

func sortedKeys(m map[string]int64) []string {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
