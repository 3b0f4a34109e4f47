package postgres

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"germane/internal/testkit"
	"germane/store"
)

func partitionNames(t *testing.T, s *Store, table string) []string {
	t.Helper()
	all, err := s.partitions(t.Context(), table)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range all {
		names = append(names, p.name)
	}
	return names
}

// TestRunsOfAMonthShareNumbers: a month begins with a new thousand, and a thousand that is full is followed by the next one.
func TestRunsOfAMonthShareNumbers(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	subscribe(t, s, 1)
	made := 0
	for _, want := range []struct {
		month time.Month
		ids   []int64
	}{{1, []int64{1, 2}}, {2, []int64{1000, 1001}}, {1, []int64{2000}}, {1, []int64{2999, 3000}}, {3, []int64{4000}}} {
		for _, id := range want.ids {
			if id == 2999 {
				if _, err := s.pool.Exec(t.Context(), `SELECT setval('run_id_seq', 2998)`); err != nil {
					t.Fatal(err)
				}
			}
			made++
			run := store.Run{Campaign: "weekly", Occurrence: fmt.Sprint(made), Version: "v1", Created: time.Date(2026, want.month, 28, 23, 59, 59, 0, time.UTC)}
			if got, err := s.CreateRun(t.Context(), run, nil); err != nil || got != id {
				t.Errorf("a run of month %d has the number %d, %v; want %d", want.month, got, err, id)
			}
		}
	}
	if got := fmt.Sprint(partitionNames(t, s, "delivery")); got != "[delivery_0 delivery_1000 delivery_2000 delivery_3000 delivery_4000]" {
		t.Errorf("deliveries are in %s", got)
	}
}

// TestEventsFindTheirMonth: also those that came before their month had a table, and those of no month.
func TestEventsFindTheirMonth(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	at := func(year int, month time.Month) store.Event {
		return store.Event{At: time.Date(year, month, 1, 0, 0, 0, 0, time.UTC), Kind: store.EventGoal}
	}
	s.months.again = time.Now().Add(time.Hour) // somebody is using the tables
	if _, err := s.AddEvents(t.Context(), []store.Event{at(2025, 2), at(2025, 3), {}, at(9999, 1)}); err != nil {
		t.Fatal(err)
	}
	s.months.again = time.Time{}
	if _, err := s.AddEvents(t.Context(), []store.Event{at(2025, 2)}); err != nil {
		t.Fatal(err)
	}
	for table, want := range map[string]int{"event_2025_02": 2, "event_2025_03": 1, "event_other": 2, "event": 5} {
		var n int
		if err := s.pool.QueryRow(t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil || n != want {
			t.Errorf("%s has %d events, %v; want %d", table, n, err, want)
		}
	}
	// What is used just then is kept elsewhere, and nobody waits.
	err := s.change(t.Context(), "use", func(tx *transaction) error {
		if err := tx.run(`LOCK TABLE event_other IN ACCESS SHARE MODE`); err != nil {
			return err
		}
		_, err := s.AddEvents(t.Context(), []store.Event{at(2024, 6)})
		return err
	})
	if names := partitionNames(t, s, "event"); err != nil || strings.Contains(fmt.Sprint(names), "2024") {
		t.Errorf("events are in %v, %v", names, err)
	}
}

// TestExpiryDropsTables lets go of months at once, and of parts of a month row by row.
func TestExpiryDropsTables(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	subscribe(t, s, 10)
	for month := time.Month(1); month <= 3; month++ {
		work(t, s, month, fmt.Sprint(month), 10)
	}
	for _, x := range []struct {
		before    time.Time
		gone      int64
		blocks    int
		eventless bool
	}{
		{time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC), 30, 2, true},
		{time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC), 30, 1, false}, // all runs of the month, and its events so far
	} {
		gone, err := s.Expire(t.Context(), x.before)
		if err != nil || gone != x.gone {
			t.Errorf("before %v went %d, %v; want %d", x.before, gone, err, x.gone)
		}
		month := "event_" + x.before.Add(-time.Second).Format("2006_01")
		if names := partitionNames(t, s, "event"); strings.Contains(fmt.Sprint(names), month) == x.eventless {
			t.Errorf("before %v: events are in %v", x.before, names)
		}
		if names := partitionNames(t, s, "delivery"); len(names) != x.blocks {
			t.Errorf("before %v: deliveries are in %v", x.before, names)
		}
	}
	var keys int
	if err := s.pool.QueryRow(t.Context(), `SELECT count(*) FROM event_key`).Scan(&keys); err != nil || keys != 10 {
		t.Errorf("%d keys are left, %v", keys, err)
	}
}

// work sends a run of a month to people, each of whom clicks. It returns the run.
func work(t *testing.T, s *Store, month time.Month, occurrence string, people int64) int64 {
	at := time.Date(2026, month, 15, 12, 0, 0, 0, time.UTC)
	fail := func(err error) {
		if err != nil {
			t.Errorf("%s: %v", occurrence, err)
		}
	}
	run := store.Run{Campaign: "weekly", Occurrence: occurrence, Version: "v1", Cut: true, Created: at}
	id, err := s.CreateRun(t.Context(), run, []store.Chunk{{People: store.Range{From: 1, To: people + 1}, Members: people}})
	fail(err)
	c, err := s.TakeChunk(t.Context(), id, 0, "test", at, at.Add(time.Hour))
	if err != nil {
		fail(err)
		return id
	}
	step := &store.Step{Lease: store.Lease{Run: id, Epoch: c.Epoch}, Now: at, Until: at.Add(time.Hour)}
	var clicks []store.Event
	for person := int64(1); person <= people; person++ {
		step.Decisions = []store.Decision{{Person: person, State: store.Claimed, Topic: "tips", Caps: []store.Cap{{Max: 1000}}}}
		decided, err := s.Step(t.Context(), step)
		if err != nil || decided[0].State != store.Claimed {
			t.Errorf("%s: decided %+v, %v", occurrence, decided, err)
			return id
		}
		step.Results = []store.Result{{Person: person, State: store.Sent, At: at}}
		clicks = append(clicks, store.Event{At: at, Key: fmt.Sprint(occurrence, person), Kind: store.EventClick, Person: person, Run: id})
	}
	step.Decisions = nil
	_, err = s.Step(t.Context(), step)
	fail(err)
	fail(s.Record(t.Context(), clicks, func(_ store.Mailed, clicks []store.Event) { clicks[0].Label = store.LabelEarly }))
	fail(s.FinishChunk(t.Context(), step.Lease))
	if state, err := s.CloseRun(t.Context(), id, at, 0); state != store.RunFinished {
		t.Errorf("%s: closed as %s, %v", occurrence, state, err)
	}
	return id
}

// TestTablesComeAndGoUnderLiveClients has workers send runs of many months, whose tables are made and dropped meanwhile: their prepared
// statements go on, and nobody loses a row of a run that is not over.
func TestTablesComeAndGoUnderLiveClients(t *testing.T) {
	t.Parallel()
	address := testkit.Postgres(t)
	s := openAt(t, address, Options{})
	const workers, months, people = 4, 8, 25
	subscribe(t, s, people)
	var working, expiring sync.WaitGroup
	done := make(chan struct{})
	for worker := range workers {
		other := openAt(t, address, Options{Connections: 4})
		working.Go(func() {
			for month := time.Month(1); month <= months; month++ {
				work(t, other, month, fmt.Sprint(worker, "/", month), people)
			}
		})
	}
	dropped := int64(0)
	expiring.Go(func() {
		for month := time.Month(1); ; month = month%months + 1 {
			n, err := s.Expire(t.Context(), time.Date(2026, month, 1, 0, 0, 0, 0, time.UTC))
			if dropped += n; err != nil {
				t.Error(err)
			}
			select {
			case <-done:
				return
			default:
			}
		}
	})
	working.Wait()
	close(done)
	expiring.Wait()
	if dropped == 0 {
		t.Error("nothing went meanwhile")
	}
	if _, err := s.Expire(t.Context(), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Error(err)
	}
	runs, err := s.Runs(t.Context(), store.RunFilter{})
	if err != nil || len(runs) != workers*months {
		t.Errorf("%d runs, %v", len(runs), err)
	}
	for _, r := range runs {
		if r.Counts != (store.Counts{Planned: people, Sent: people}) {
			t.Errorf("run %d has %+v", r.ID, r.Counts)
		}
	}
	var left int
	if err := s.pool.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM delivery) + (SELECT count(*) FROM event) + (SELECT count(*) FROM event_key)`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d rows are left, %v", left, err)
	}
}
