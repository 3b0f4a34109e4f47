package storetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"germane/store"
)

// senderDays: a day's mails are granted once, whoever asks, and days are counted from the first of which some were kept.
func senderDays(t *testing.T, f *fixture) {
	const monday = 20_000
	want := func(sender string, day int64, nth int, granted int64) {
		t.Helper()
		gotNth, gotGranted, err := f.GrantedMails(f.ctx, sender, day)
		f.must(err)
		if gotNth != nth || gotGranted != granted {
			t.Errorf("%s on %d: day %d with %d mails, want day %d with %d", sender, day, gotNth, gotGranted, nth, granted)
		}
	}
	grant := func(sender string, day, mails int64, nth int, granted int64) {
		t.Helper()
		got, err := f.GrantMails(f.ctx, sender, day, func(gotNth int, gotGranted int64) int64 {
			if gotNth != nth || gotGranted != granted {
				t.Errorf("%s on %d: asked on day %d with %d mails, want day %d with %d", sender, day, gotNth, gotGranted, nth, granted)
			}
			return mails
		})
		f.must(err)
		if got != mails {
			t.Errorf("%d mails were granted, want %d", got, mails)
		}
	}
	want("a", monday, 0, 0)
	grant("a", monday-1, 0, 0, 0) // nobody was there to take them: that is no first day
	grant("a", monday-1, 5, 0, 0)
	f.must(f.ReturnMails(f.ctx, "a", monday-1, 5))
	grant("a", monday, 3, 0, 0)
	grant("a", monday, 4, 0, 3)
	f.must(f.ReturnMails(f.ctx, "a", monday, 2))
	want("a", monday, 0, 5)
	want("a", monday+3, 3, 0)
	grant("a", monday+3, 9, 3, 0)
	f.must(f.ReturnMails(f.ctx, "a", monday+3, 9))
	f.must(f.ReturnMails(f.ctx, "a", monday+4, 9)) // what nobody was granted
	want("a", monday+3, 3, 0)
	want("a", monday-2, 0, 0) // a clock that was set back
	grant("b", monday+3, 1, 0, 0)
	want("b", monday+4, 1, 0)
	f.grantAtOnce(monday)
}

// grantAtOnce has many take what is left of a day: together they get no more than that.
func (f *fixture) grantAtOnce(day int64) {
	const most = 100
	var working sync.WaitGroup
	taken := make(chan int64, 20*most)
	for range 20 {
		working.Go(func() {
			for {
				mails, err := f.GrantMails(context.WithoutCancel(f.ctx), "shared", day, func(_ int, granted int64) int64 { return min(most-granted, 3) })
				if err != nil {
					f.t.Error(err)
				}
				if err != nil || mails == 0 {
					return
				}
				taken <- mails
			}
		})
	}
	working.Wait()
	close(taken)
	sum := int64(0)
	for mails := range taken {
		sum += mails
	}
	if _, granted, err := f.GrantedMails(f.ctx, "shared", day); err != nil || granted != most || sum != most {
		f.t.Errorf("%d mails were granted, %d are written down, %v", sum, granted, err)
	}
}

// heldRuns: chunks that nobody has wait for longer, and the run says why.
func heldRuns(t *testing.T, f *fixture) {
	run, numbers := f.run(6, 2)
	other := f.another("2026-11-24", numbers, 6)
	l := f.take(run, 0, noon)
	tomorrow := noon.Add(24 * time.Hour)
	f.must(f.HoldRun(f.ctx, run, store.Hold{Why: "warm-up", Until: tomorrow}, func(c *store.Chunk) time.Time {
		if c.NotBefore.Before(noon) && c.Zone == "" && c.Step == 0 {
			return tomorrow
		}
		return c.NotBefore
	}))
	ready := func(now time.Time) (chunks [][2]int64) {
		all, err := f.ReadyChunks(f.ctx, now, 100)
		f.must(err)
		for _, c := range all {
			chunks = append(chunks, [2]int64{c.Run, int64(c.No)})
		}
		return chunks
	}
	if got := ready(noon); len(got) != 1 || got[0][0] != other {
		t.Errorf("ready are %v", got)
	}
	if got := ready(tomorrow.Add(-time.Millisecond)); len(got) != 2 || got[0] != [2]int64{run, 0} || got[1][0] != other { // the lease is over
		t.Errorf("before the hold ends %v are ready", got)
	}
	if got := ready(tomorrow); len(got) != 4 {
		t.Errorf("when the hold ends %v are ready", got)
	}
	r, err := f.Run(f.ctx, run)
	f.must(err)
	if r.Held.Why != "warm-up" || !r.Held.Until.Equal(tomorrow) || r.Note != "" || r.State != store.RunRunning {
		t.Errorf("the run is %s (%s), held %+v", r.State, r.Note, r.Held)
	}
	f.step(step(l, nil, claims(numbers[0])), store.Claimed) // whoever has a chunk goes on
	f.must(f.HoldRun(f.ctx, run, store.Hold{Why: "again", Until: noon}, func(*store.Chunk) time.Time { return noon }))
	if got := ready(tomorrow.Add(-time.Millisecond)); len(got) != 2 {
		t.Errorf("a hold that is shorter makes %v ready", got)
	}
	f.must(f.MoveRun(f.ctx, run, store.RunPaused, "", noon))
	f.must(f.HoldRun(f.ctx, run, store.Hold{Why: "no", Until: tomorrow}, func(*store.Chunk) time.Time { return tomorrow.Add(time.Hour) }))
	if r, err = f.Run(f.ctx, run); err != nil || r.Held.Why != "again" {
		t.Errorf("a paused run is held: %+v, %v", r.Held, err)
	}
}
