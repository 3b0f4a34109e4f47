package river

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"germane/audience"
	"germane/internal/finding"
	"germane/internal/testkit"
	"germane/send"
	"germane/store"
	"germane/store/postgres"
	"germane/worker"
	"germane/workspace"
)

// queueIn makes and opens a queue.
func queueIn(t testing.TB, address string) *Carrier {
	t.Helper()
	must(t, Migrate(t.Context(), address, slog.New(slog.DiscardHandler)))
	c, err := Open(context.WithoutCancel(t.Context()), address, slog.New(slog.DiscardHandler))
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// execute does something to the database behind everybody's back.
func execute(t testing.TB, address, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	must(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), statement)
	must(t, err)
}

// carry has hints brought until the test ends.
func carry(t *testing.T, c *Carrier) <-chan worker.Hint {
	got := make(chan worker.Hint)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- c.Carry(ctx, func(ctx context.Context, h worker.Hint) {
			select {
			case got <- h:
			case <-ctx.Done():
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		must(t, <-done)
	})
	return got
}

func await(t *testing.T, got <-chan worker.Hint, want worker.Hint) {
	t.Helper()
	select {
	case h := <-got:
		if h != want {
			t.Errorf("%v is brought, want %v", h, want)
		}
	case <-time.After(30 * time.Second):
		t.Fatalf("%v is not brought", want)
	}
}

func TestHintsAreBroughtOnce(t *testing.T) {
	t.Parallel()
	address := testkit.Postgres(t)
	var making sync.WaitGroup
	for range 3 {
		making.Go(func() {
			if err := Migrate(t.Context(), address, slog.New(slog.DiscardHandler)); err != nil {
				t.Error(err)
			}
		})
	}
	making.Wait()
	c := queueIn(t, address)
	first, second := worker.Hint{Run: 1 << 40, Chunk: 7, Epoch: 3}, worker.Hint{Run: 1 << 40, Chunk: 7, Epoch: 4}
	for range 3 {
		must(t, c.Offer(t.Context(), []worker.Hint{first, first}))
	}
	got := carry(t, c)
	await(t, got, first)
	must(t, c.Offer(t.Context(), []worker.Hint{second}))
	await(t, got, second)

	// A chunk that nobody took is offered once more, and whoever lost touch hears of it in the end.
	execute(t, address, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'germane queue'`)
	for late := time.Now().Add(20 * time.Second); ; {
		err := c.Offer(t.Context(), []worker.Hint{first})
		if err == nil {
			break
		}
		if time.Now().After(late) {
			t.Fatal(err)
		}
	}
	await(t, got, first)
	select {
	case h := <-got:
		t.Errorf("%v is brought once more", h)
	default:
	}
}

func TestWithoutTables(t *testing.T) {
	t.Parallel()
	c, err := Open(t.Context(), testkit.Postgres(t), slog.New(slog.DiscardHandler))
	must(t, err)
	defer c.Close()
	if err := c.Offer(t.Context(), []worker.Hint{{Run: 1}}); err == nil {
		t.Error("a queue without tables takes hints")
	}
	if _, err := Open(t.Context(), "postgres://nobody:secret@[", slog.New(slog.DiscardHandler)); err == nil {
		t.Error("an address that is none is opened")
	}
}

// discarded counts mails by who got them.
type discarded struct {
	mu  sync.Mutex
	got map[string]int
	cut func(mails int) // called with each mail's number; nil: nothing
}

func (d *discarded) Send(_ context.Context, m *send.Mail) send.Result {
	d.mu.Lock()
	d.got[m.To]++
	n := len(d.got)
	d.mu.Unlock()
	if d.cut != nil {
		d.cut(n)
	}
	return send.Result{Outcome: send.Sent, ID: m.ID}
}

func (d *discarded) Check(context.Context) error { return nil }
func (d *discarded) Close() error                { return nil }

// site is a database with people and a deployed workspace.
type site struct {
	t       testing.TB
	address string
	store   *postgres.Store
	hash    string
	log     slog.Handler // nil: nobody reads it
}

func newSite(t testing.TB, people int) *site {
	t.Helper()
	s := &site{t: t, address: testkit.Postgres(t)}
	s.store = s.open()
	w, findings := workspace.Load(workspace.Starter(), nil)
	if finding.HasErrors(findings) {
		t.Fatal(findings)
	}
	v, err := worker.Deploy(t.Context(), s.store, w, time.Now())
	must(t, err)
	s.hash = v.Hash
	for from := 0; from < people; from += 1000 {
		var updates []audience.Update
		for i := from; i < min(from+1000, people); i++ {
			updates = append(updates, audience.Update{ID: "u" + strconv.Itoa(i), Email: fmt.Sprintf("u%d@mail.example", i), TimeZone: "UTC", Attributes: []byte(`{"plan":"trial"}`)})
		}
		_, err := s.store.Import(t.Context(), updates, store.Importing{At: time.Now(), Source: "import", Consent: []store.ConsentGrant{{Topic: "tips", Basis: "form"}}})
		must(t, err)
	}
	return s
}

func (s *site) open() *postgres.Store {
	s.t.Helper()
	db, err := postgres.Open(s.t.Context(), s.address, postgres.Options{Connections: 4})
	must(s.t, err)
	s.t.Cleanup(func() { db.Close() })
	return db
}

// plan makes a run whose chunks have so many people each.
func (s *site) plan(occurrence string, size int64) int64 {
	s.t.Helper()
	census, err := s.store.Census(s.t.Context())
	must(s.t, err)
	survey := &worker.Survey{}
	for from := census.Within.From; from < census.Within.To; from += size {
		to := min(from+size, census.Within.To)
		survey.Chunks = append(survey.Chunks, store.Chunk{No: len(survey.Chunks), People: store.Range{From: from, To: to}, Members: to - from})
	}
	order := worker.Order{Campaign: "weekly", Occurrence: occurrence, Manual: true, Version: s.hash, Due: time.Now()}
	run, err := worker.Plan(s.t.Context(), s.store, order, survey, time.Now())
	must(s.t, err)
	return run
}

// send has workers send a run, and waits for its end. Each has connections of its own, as processes have.
func (s *site) send(run int64, workers int, transport send.Transport, carrier func() worker.Carrier) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	var working sync.WaitGroup
	for i := range workers {
		db := s.open()
		config := worker.Config{
			Store: db, Contents: worker.NewContents(db, nil), Transport: transport, Owner: fmt.Sprint("worker", i), Sender: "discard", Concurrency: 32, Now: time.Now,
			Log: slog.New(cmp.Or(s.log, slog.Handler(slog.DiscardHandler))),
		}
		if carrier != nil {
			config.Carrier = carrier()
		}
		working.Go(func() {
			if err := worker.New(config).Work(ctx, false); err != nil {
				s.t.Error(err)
			}
		})
	}
	defer func() { cancel(); working.Wait() }()
	if carrier != nil {
		_ = worker.OfferReady(ctx, s.store, carrier(), time.Now()) // if nobody takes it, the workers look by themselves
	}
	looking := time.NewTicker(5 * time.Millisecond)
	defer looking.Stop()
	for late := time.After(2 * time.Minute); ; {
		r, err := s.store.Run(ctx, run)
		must(s.t, err)
		if r.State == store.RunFinished {
			return
		}
		select {
		case <-looking.C:
		case <-late:
			s.t.Fatalf("the run is %s: %+v", r.State, r.Counts)
		}
	}
}

// TestRunByHints: everybody gets one mail, also when River's tables vanish in the middle.
func TestRunByHints(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]bool{"whole": false, "without tables from the middle on": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const people = 1200
			s := newSite(t, people)
			d := &discarded{got: map[string]int{}}
			var once sync.Once
			d.cut = func(mails int) {
				if broken && mails > people/2 {
					once.Do(func() { execute(t, s.address, `DROP SCHEMA river CASCADE`) })
				}
			}
			run := s.plan("monday", 50)
			s.send(run, 3, d, func() worker.Carrier { return queueIn(t, s.address) })
			r, err := s.store.Run(t.Context(), run)
			must(t, err)
			if int(r.Sent) != len(d.got) || r.Sent+r.HeldOut != people || r.InDoubt+r.Failed != 0 {
				t.Errorf("%d people got a mail, and the run says %+v", len(d.got), r.Counts)
			}
			for to, n := range d.got {
				if n != 1 {
					t.Errorf("%s got %d mails", to, n)
				}
			}
		})
	}
}

// TestHintsOfNothing: after a backup was restored, the queue has hints of runs that are not there. They keep nobody from sending.
func TestHintsOfNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, 100)
	run := s.plan("monday", 50)
	c := queueIn(t, s.address)
	var stale []worker.Hint
	for i := range 20_000 { // for minutes there is nothing else in the queue
		stale = append(stale, worker.Hint{Run: run + 1 + int64(i)})
	}
	must(t, c.Offer(t.Context(), stale))
	var log bytes.Buffer
	s.log = slog.NewTextHandler(&log, nil)
	s.send(run, 1, &discarded{got: map[string]int{}}, func() worker.Carrier { return c })
	if strings.Contains(log.String(), "level=ERROR") {
		t.Error(log.String())
	}
}

// BenchmarkRun measures mails a second by how chunks are brought, and by how many workers there are.
func BenchmarkRun(b *testing.B) {
	const people = 10_000
	for _, how := range []string{"looked for", "River"} {
		for _, workers := range []int{1, 2, 4} {
			b.Run(fmt.Sprintf("%s/%d", how, workers), func(b *testing.B) {
				s := newSite(b, people)
				var carrier func() worker.Carrier
				if how == "River" {
					carrier = func() worker.Carrier { return queueIn(b, s.address) }
				}
				for i := 0; b.Loop(); i++ {
					s.send(s.plan(fmt.Sprint(i), 500), workers, &discarded{got: map[string]int{}}, carrier)
				}
				b.ReportMetric(float64(people)*float64(b.N)/b.Elapsed().Seconds(), "people/s")
			})
		}
	}
}
