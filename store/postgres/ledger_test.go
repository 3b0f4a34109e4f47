package postgres

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"germane/audience"
	"germane/internal/testkit"
	"germane/store"
)

// subscribe makes people who are subscribed to tips and have the numbers from 1, and a version.
func subscribe(t testing.TB, s *Store, people int) {
	t.Helper()
	updates := make([]audience.Update, people)
	for i := range updates {
		updates[i] = audience.Update{ID: fmt.Sprint("u", i), Email: fmt.Sprintf("u%d@acme.example", i)}
	}
	if _, err := s.Import(t.Context(), updates, store.Importing{At: noon, Consent: []store.ConsentGrant{{Topic: "tips"}}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Deploy(t.Context(), &store.Version{Hash: "v1"}); err != nil {
		t.Fatal(err)
	}
}

// start makes a run of one chunk and takes it.
func start(t testing.TB, s *Store, occurrence string, members int64) store.Lease {
	t.Helper()
	run, err := s.CreateRun(t.Context(), store.Run{Campaign: "weekly", Occurrence: occurrence, Version: "v1", Cut: true}, []store.Chunk{{People: store.Everybody, Members: members}})
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.TakeChunk(t.Context(), run, 0, "test", noon, noon.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return store.Lease{Run: run, Epoch: c.Epoch}
}

// TestCapsHoldBetweenRuns has runs of many machines claim the same people at once: a cap of two is two.
func TestCapsHoldBetweenRuns(t *testing.T) {
	t.Parallel()
	address := testkit.Postgres(t)
	s := openAt(t, address, Options{})
	const people, runs, most = 300, 8, 2
	subscribe(t, s, people)
	var claimed [people + 1]atomic.Int64
	var group sync.WaitGroup
	for run := range runs {
		l := start(t, s, fmt.Sprint(run), people)
		other := openAt(t, address, Options{})
		group.Go(func() {
			for from := int64(1); from <= people; from += 50 {
				step := &store.Step{Lease: l, Now: noon, Until: noon.Add(time.Hour)}
				for person := from; person < from+50; person++ {
					d := store.Decision{Person: person, State: store.Claimed, Topic: "tips", Caps: []store.Cap{{Max: most, Since: noon.Add(-time.Hour)}}}
					step.Decisions = append(step.Decisions, d)
				}
				decided, err := other.Step(t.Context(), step)
				if err != nil {
					t.Error(err)
					return
				}
				for i, d := range decided {
					if d.State == store.Claimed {
						claimed[from+int64(i)].Add(1)
					}
				}
			}
		})
	}
	group.Wait()
	for person := 1; person <= people; person++ {
		if n := claimed[person].Load(); n != most {
			t.Errorf("%d was claimed by %d runs, want %d", person, n, most)
		}
	}
}

// TestTakenByOne has many machines take the same chunks, stop and go on, and claim from them: each person is claimed once.
func TestTakenByOne(t *testing.T) {
	t.Parallel()
	address := testkit.Postgres(t)
	s := openAt(t, address, Options{})
	const people, size, workers = 200, 20, 4
	subscribe(t, s, people)
	var chunks []store.Chunk
	for from := int64(1); from <= people; from += size {
		chunks = append(chunks, store.Chunk{No: len(chunks), People: store.Range{From: from, To: from + size}, Members: size})
	}
	run, err := s.CreateRun(t.Context(), store.Run{Campaign: "weekly", Occurrence: "1", Version: "v1", Cut: true}, chunks)
	if err != nil {
		t.Fatal(err)
	}
	var claimed [people + 1]atomic.Int64
	var group sync.WaitGroup
	for range workers {
		other := openAt(t, address, Options{})
		group.Go(func() {
			for no := range chunks {
				c, err := other.TakeChunk(t.Context(), run, no, "test", noon, noon.Add(time.Hour))
				if errors.Is(err, store.ErrLost) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				workOn(t, other, c, claimed[:])
			}
		})
	}
	group.Go(func() { // as events of those mails come in
		for person := int64(1); person <= people; person++ {
			if err := s.Settle(t.Context(), store.Settlement{Run: run, Person: person, State: store.Sent, At: noon}); err != nil && !errors.Is(err, store.ErrNotFound) {
				t.Error(err)
			}
		}
	})
	group.Wait()
	for person := 1; person <= people; person++ {
		if n := claimed[person].Load(); n != 1 {
			t.Errorf("%d was claimed %d times", person, n)
		}
	}
	if r, err := s.Run(t.Context(), run); err != nil || r.Counts != (store.Counts{Planned: people, Sent: people}) {
		t.Errorf("got %+v, %v", r, err)
	}
}

// workOn claims and sends a chunk in small steps, and finishes it.
func workOn(t *testing.T, s *Store, c *store.Chunk, claimed []atomic.Int64) {
	l := store.Lease{Run: c.Run, Chunk: c.No, Epoch: c.Epoch}
	var results []store.Result
	for person := c.People.From; person < c.People.To; person++ {
		step := &store.Step{Lease: l, Now: noon, Until: noon.Add(time.Hour), Results: results, Decisions: []store.Decision{{Person: person, State: store.Claimed, Topic: "tips"}}}
		decided, err := s.Step(t.Context(), step)
		if err != nil {
			t.Error(err)
			return
		}
		results = nil
		if decided[0].State == store.Claimed {
			claimed[person].Add(1)
			results = []store.Result{{Person: person, State: store.Sent, At: noon}}
		}
	}
	if _, err := s.Step(t.Context(), &store.Step{Lease: l, Now: noon, Until: noon.Add(time.Hour), Results: results}); err != nil {
		t.Error(err)
	}
	if err := s.FinishChunk(t.Context(), l); err != nil {
		t.Error(err)
	}
}

// BenchmarkStep is claims and results a second: `-bench Step`. The Postgres of tests does not wait for the disk.
func BenchmarkStep(b *testing.B) {
	for _, batch := range []int{10, 50, 500} {
		b.Run(fmt.Sprint(batch), func(b *testing.B) {
			s := openTest(b)
			const people = 20_000
			subscribe(b, s, people)
			b.ResetTimer()
			for n := range b.N {
				stepThrough(b, s, fmt.Sprint(n), people, batch)
			}
			b.ReportMetric(float64(people*b.N)/b.Elapsed().Seconds(), "people/s")
		})
	}
}

func stepThrough(b *testing.B, s *Store, occurrence string, people int64, batch int) {
	step := &store.Step{Lease: start(b, s, occurrence, people), Now: noon, Until: noon.Add(time.Hour)}
	for person := int64(1); person <= people; {
		step.Decisions = step.Decisions[:0]
		for ; len(step.Decisions) < batch && person <= people; person++ {
			step.Decisions = append(step.Decisions, store.Decision{Person: person, State: store.Claimed, Topic: "tips", Choices: []byte{1, 2, 3, 4}})
		}
		if _, err := s.Step(b.Context(), step); err != nil {
			b.Fatal(err)
		}
		step.Results = step.Results[:0]
		for _, d := range step.Decisions {
			step.Results = append(step.Results, store.Result{Person: d.Person, State: store.Sent, Provider: "0123456789", At: noon})
		}
	}
}
