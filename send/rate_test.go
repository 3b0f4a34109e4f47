package send

import (
	"context"
	"math"
	"testing"
	"testing/synctest"
	"time"
)

// during counts the mails that may go in a time.
func during(t *testing.T, r *Rate, d time.Duration) (n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	for r.Wait(ctx) == nil {
		n++
	}
	<-ctx.Done()
	return n
}

func TestRateIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := NewRate(14)
		if n := during(t, r, 60*time.Second); n < 14*60-1 || n > 14*60+1 {
			t.Errorf("%d mails in a minute at 14/s", n)
		}
		r = NewRate(250)
		for range 5 {
			if !r.Take() {
				t.Error("a burst of 5 is cut short")
			}
		}
		if r.Take() {
			t.Error("a burst of 5 has 6")
		}
		time.Sleep(4 * time.Millisecond)
		if !r.Take() || r.Take() {
			t.Error("4 ms at 250/s are not one mail")
		}
		r.Set(10)
		time.Sleep(time.Second)
		if !r.Take() || r.Take() {
			t.Error("a slow sender sends two at once")
		}
	})
}

func TestRateIsHalvedAndRecovers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := NewRate(64)
		for range 20 { // all that were on their way when the provider had enough
			r.Throttled()
		}
		if got := r.PerSecond(); got != 32 {
			t.Errorf("%v/s after one burst of refusals", got)
		}
		time.Sleep(settle)
		r.Throttled()
		if got := r.PerSecond(); got != 16 {
			t.Errorf("%v/s after the second", got)
		}
		if n := during(t, r, settle); n < 31 || n > 33 {
			t.Errorf("%d mails in %v at 16/s", n, settle)
		}
		last := r.PerSecond()
		for range 45 {
			time.Sleep(time.Second)
			if now := r.PerSecond(); now <= last || now-last > 1.1 {
				t.Errorf("from %v/s to %v/s in a second", last, now)
			} else {
				last = now
			}
			if last >= 62 {
				break
			}
		}
		time.Sleep(10 * time.Second)
		if got := r.PerSecond(); got != 64 {
			t.Errorf("%v/s in the end", got)
		}
		for range 100 {
			r.Throttled()
			time.Sleep(settle)
		}
		if got := r.PerSecond(); got < 1 || got > 4 {
			t.Errorf("%v/s when the provider wants none", got)
		}
	})
}

func TestRateFollowsTheAccount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := NewRate(100)
		r.Set(50)
		if n := during(t, r, 10*time.Second); n < 499 || n > 501 {
			t.Errorf("%d mails in 10 s at 50/s", n)
		}
		r.Throttled()
		r.Set(200) // does not undo the halving
		if got := r.PerSecond(); got != 25 {
			t.Errorf("%v/s", got)
		}
		r.Set(10)
		if got := r.PerSecond(); got != 10 {
			t.Errorf("%v/s", got)
		}
	})
}

func TestRateWithoutLimit(t *testing.T) {
	t.Parallel()
	r := NewRate(math.Inf(1))
	for range 1000 {
		if !r.Take() {
			t.Fatal("no mail may go")
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if NewRate(1).Wait(ctx) == nil {
		t.Error("an ended context waits")
	}
}

// TestRateFindsALimit: a sender without a rate of its own is slowed down, too, from the speed at which the provider had enough.
func TestRateFindsALimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := NewRate(math.Inf(1))
		for range 1000 {
			_ = r.Take()
			time.Sleep(10 * time.Millisecond)
		}
		r.Throttled()
		if got := r.PerSecond(); got < 40 || got > 51 {
			t.Errorf("%v/s after 100/s were too many", got)
		}
		time.Sleep(2 * recovery)
		if got := r.PerSecond(); got < 80 || got > 101 {
			t.Errorf("%v/s in the end", got)
		}
	})
}
