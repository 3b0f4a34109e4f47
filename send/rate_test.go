package send

import (
	"context"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// during counts the mails that depart in a time.
func during(t *testing.T, r *Rate, d time.Duration) (n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	for r.Depart(ctx) == nil {
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
		for i := range 50 {
			if !r.Take() {
				t.Errorf("only %d are claimed ahead", i)
			}
		}
		if r.Take() {
			t.Error("51 are claimed ahead")
		}
		time.Sleep(4 * time.Millisecond)
		if !r.Take() || r.Take() {
			t.Error("4 ms at 250/s are not one mail")
		}
		r.Set(10)
		time.Sleep(time.Second)
		for n := range 3 {
			if r.Take() != (n < 2) {
				t.Errorf("a slow sender claims other than two ahead: %d", n)
			}
		}
	})
}

// TestDeparturesAreEven: however many wait, and however they come, no second has more than 2 % too many.
func TestDeparturesAreEven(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const speed = 200
		r := NewRate(speed)
		var mu sync.Mutex
		var left []time.Time
		var slots sync.WaitGroup
		for i := range 16 {
			slots.Go(func() {
				for n := range 150 {
					time.Sleep(time.Duration((i*31+n*17)%120) * time.Millisecond) // whatever it did before
					if err := r.Depart(t.Context()); err != nil {
						t.Error(err)
					}
					mu.Lock()
					left = append(left, time.Now())
					mu.Unlock()
				}
			})
		}
		slots.Wait()
		for i := range left {
			end := i
			for end < len(left) && left[end].Sub(left[i]) < time.Second {
				end++
			}
			if end-i > speed*102/100+1 {
				t.Fatalf("%d mails in a second from %v", end-i, left[i])
			}
		}
		if took := left[len(left)-1].Sub(left[0]); took < 11900*time.Millisecond || took > 13*time.Second {
			t.Errorf("2400 mails at 200/s took %v", took)
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
		if n := during(t, r, 10*time.Second); n < 499 || n > 502 {
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
		if !r.Take() || r.Depart(t.Context()) != nil {
			t.Fatal("no mail may go")
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	slow := NewRate(1)
	if slow.Depart(t.Context()) != nil || slow.Depart(ctx) == nil {
		t.Error("an ended context waits")
	}
}

// TestRateFindsALimit: a sender without a rate of its own is slowed down, too, from the speed at which the provider had enough, and
// tries later whether there is more to be had.
func TestRateFindsALimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := NewRate(math.Inf(1))
		for range 1000 {
			_ = r.Depart(t.Context())
			time.Sleep(10 * time.Millisecond)
		}
		r.Throttled()
		if got := r.PerSecond(); got < 40 || got > 51 {
			t.Errorf("%v/s after 100/s were too many", got)
		}
		time.Sleep(settle + recovery/2)
		if got := r.PerSecond(); got < 95 || got > 101 {
			t.Errorf("%v/s half a minute later", got)
		}
		time.Sleep(10 * recovery)
		if got := r.PerSecond(); got < 180 || got > 210 {
			t.Errorf("%v/s in the end", got)
		}
	})
}

// TestSharedRate: there is no speed without a grant, nor when it is over, and a refusal is felt before the others hear of it.
func TestSharedRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := NewSharedRate(100)
		if r.Take() || r.PerSecond() != 0 || r.Busy() != true {
			t.Error("it takes what nobody granted")
		}
		<-r.News()
		r.Grant(40, Pace{}, time.Now().Add(2*time.Second), 0)
		if n := during(t, r, 10*time.Second); n < 79 || n > 82 {
			t.Errorf("%d mails in 2 s at 40/s", n)
		}
		if r.Busy() || r.Take() {
			t.Error("it takes more, or believes to be busy")
		}
		r.Grant(math.Inf(1), Pace{}, time.Now().Add(time.Hour), 0)
		if got := r.PerSecond(); got != 100 {
			t.Errorf("%v/s, and the limit is 100", got)
		}
		r.Grant(40, Pace{}, time.Now().Add(time.Hour), 60)
		<-r.News()
		r.Throttled()
		<-r.News()
		if got, all := r.PerSecond(), r.Pace(); got != 20 || all.Slowed != 50 {
			t.Errorf("%v/s of %v", got, all.Slowed)
		}
		r.AtMost(5)
		if got := r.PerSecond(); got != 5 {
			t.Errorf("%v/s", got)
		}
		r.Grant(30, Pace{Throttled: time.Now().Add(time.Second), Slowed: 30, Known: 60}, time.Now().Add(time.Hour), 0)
		if got, all := r.PerSecond(), r.Pace(); got != 30 || all.Slowed != 30 || all.Full != 100 {
			t.Errorf("%v/s of %+v", got, all)
		}
	})
}
