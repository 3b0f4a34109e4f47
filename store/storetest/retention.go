package storetest

import (
	"errors"
	"testing"
	"time"

	"germane/store"
)

// retention has four runs, of which two are old, and of those one is over.
func retention(t *testing.T, f *fixture) {
	_, p := f.run(3, 100)
	old, before := noon.AddDate(-1, -3, 0), noon.AddDate(-1, 0, 0)
	over := f.mailed("old", p, old)
	open := f.mailed("old and open", p, old)
	late := f.mailed("new", p, noon)
	for _, run := range []int64{over, late} {
		if state, err := f.CloseRun(f.ctx, run, noon, 0); err != nil || state != store.RunFinished {
			t.Fatalf("run %d is %s, %v", run, state, err)
		}
	}
	counts := store.Counts{Planned: 3, Sent: 1, Failed: 1, HeldOut: 1}
	// A delivery for each of three people, the places of the two who were not refused, two events; and two events of no run.
	for _, want := range []int64{3 + 2 + 2 + 2, 0} {
		if n, err := f.Expire(f.ctx, before); err != nil || n != want {
			t.Errorf("%d rows went, %v; want %d", n, err, want)
		}
		for run, rows := range map[int64]int{over: 0, open: 3, late: 3} {
			f.wantCounts(run, counts)
			if all, err := f.DeliveriesIn(f.ctx, run, store.Everybody); err != nil || len(all) != rows {
				t.Errorf("run %d has %d rows, %v; want %d", run, len(all), err, rows)
			}
			if all, err := f.EventCounts(f.ctx, run); err != nil || len(all)*3 != rows*2 {
				t.Errorf("run %d has the events %+v, %v", run, all, err)
			}
		}
	}
	if _, err := f.CreateRun(f.ctx, store.Run{Campaign: "weekly", Occurrence: "old", Version: "v1"}, nil); !errors.Is(err, store.ErrExists) {
		t.Errorf("an expired occurrence can be sent again: %v", err)
	}
	if err := f.Settle(f.ctx, store.Settlement{Run: over, Person: p[0], State: store.Failed, At: noon}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("what has expired was settled: %v", err)
	}
	// Of the places under the caps, the expired run's are free again.
	for most, want := range map[int]store.DeliveryState{3: store.Claimed, 2: store.Skipped} {
		d := claims(p[0])
		d[0].Caps = []store.Cap{{Max: most, Since: old.Add(-time.Hour)}}
		f.step(step(f.take(f.another(want.String(), p, 100), 0, noon), nil, d), want)
	}
	// What has expired may come again; what has not may not.
	again := []store.Event{{At: noon, Key: "old", Kind: store.EventClick, Person: p[0]}, {At: noon, Key: "new", Kind: store.EventClick, Person: p[0]}}
	if n, err := f.AddEvents(f.ctx, again); err != nil || n != 1 {
		t.Errorf("added %d, %v", n, err)
	}
}

// mailed makes a run of a time, of which one person got the mail, one was refused and one held out; and events of then.
func (f *fixture) mailed(occurrence string, p []int64, at time.Time) (run int64) {
	f.t.Helper()
	chunk := store.Chunk{People: store.Range{From: p[0], To: p[2] + 1}, Members: 3}
	run, err := f.CreateRun(f.ctx, store.Run{Campaign: "weekly", Occurrence: occurrence, Version: "v1", Cut: true, Created: at}, []store.Chunk{chunk})
	f.must(err)
	l := f.take(run, 0, at)
	decisions := append(claims(p[:2]...), store.Decision{Person: p[2], State: store.HeldOut, Reason: "holdout", Topic: "tips"})
	for _, s := range []*store.Step{step(l, nil, decisions), step(l, []store.Result{result(p[0], store.Sent), result(p[1], store.Failed)}, nil)} {
		s.Now, s.Until = at, at.Add(time.Hour)
		_, err := f.Step(f.ctx, s)
		f.must(err)
	}
	f.must(f.FinishChunk(f.ctx, l))
	_, err = f.AddEvents(f.ctx, []store.Event{
		{At: at, Key: occurrence, Kind: store.EventClick, Person: p[0], Run: run},
		{At: at, Kind: store.EventOpen, Person: p[0], Run: run},
		{At: at, Key: "goal " + occurrence, Kind: store.EventGoal, Name: occurrence, Person: p[0]},
	})
	f.must(err)
	return run
}
