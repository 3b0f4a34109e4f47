package send

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func TestShare(t *testing.T) {
	t.Parallel()
	free := math.Inf(1)
	for name, test := range map[string]struct {
		rate   float64
		busy   bool
		others []Sharer
		want   float64
	}{
		"alone":                         {100, true, nil, 100},
		"alone with nothing to do":      {100, false, nil, 2},
		"beside one who is at work":     {100, true, []Sharer{{50, true}}, 50},
		"a newcomer":                    {100, true, []Sharer{{100, true}}, 0},
		"the one beside it goes down":   {100, true, []Sharer{{0, true}}, 50},
		"beside one who rests":          {100, true, []Sharer{{1, false}}, 99},
		"one who rests":                 {100, false, []Sharer{{99, true}}, 1},
		"beside one who begins to rest": {100, true, []Sharer{{50, false}}, 50},
		"beside a dead one":             {100, true, []Sharer{{70, true}, {10, true}}, 20},
		"too much is granted already":   {100, true, []Sharer{{80, true}, {30, true}}, 0},
		"without a limit":               {free, true, []Sharer{{free, true}}, free},
		"the limit is news":             {100, true, []Sharer{{free, true}}, 50},
		"no rate at all":                {0, true, nil, 0},
	} {
		if got := Share(test.rate, test.busy, test.others); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%s: %v/s, want %v", name, got, test.want)
		}
	}
}

// TestSharesNeverAddUpToMore: whatever order workers come, go, rest, die and are heard of in, those alive or not yet known to be dead
// hold no more than the rate; and when nothing changes any more, all of it is in use soon.
func TestSharesNeverAddUpToMore(t *testing.T) {
	t.Parallel()
	const rate, lease = 100.0, 10
	type member struct {
		Sharer
		alive bool
		until int
	}
	for seed := range uint64(2000) {
		draw := rand.New(rand.NewPCG(seed, 7))
		members := make([]member, 2+draw.IntN(6))
		beat := func(now, i int) {
			m := &members[i]
			var others []Sharer
			for j, o := range members {
				if j != i && now < o.until {
					others = append(others, o.Sharer)
				}
			}
			m.Share, m.until, m.alive = Share(rate, m.Busy, others), now+lease, true
		}
		check := func(now int, least float64) {
			sum := 0.0
			for _, m := range members {
				if now < m.until {
					sum += m.Share
				}
			}
			if sum > rate*(1+1e-9) || sum < least {
				t.Fatalf("seed %d: at %d shares add up to %v: %+v", seed, now, sum, members)
			}
		}
		now := 0
		for range 200 {
			now += draw.IntN(3)
			i := draw.IntN(len(members))
			switch draw.IntN(5) {
			case 0:
				members[i].alive = false
			case 1:
				members[i].Busy = !members[i].Busy
			default:
				beat(now, i)
			}
			check(now, 0)
		}
		now += lease
		members[0].Busy = true
		for range 3 {
			for i := range members {
				if members[i].alive || i == 0 {
					beat(now, i)
				}
			}
		}
		check(now, 0.97*rate)
	}
}

func TestPace(t *testing.T) {
	t.Parallel()
	at := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	after := func(d time.Duration) time.Time { return at.Add(d) }
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 0.01 {
			t.Errorf("%s: %v/s, want %v", what, got, want)
		}
	}
	limited := Pace{Full: 60}
	near("nobody throttles", limited.At(at), 60)
	limited = limited.Throttle(at, 55)
	near("throttled", limited.At(at), 30)
	near("the same burst", limited.Throttle(after(settle-1), 55).At(after(settle)), 30)
	near("ten seconds later", limited.At(after(settle+10*time.Second)), 40)
	near("in the end", limited.At(after(time.Hour)), 60)
	near("twice", limited.Throttle(after(settle), 30).At(after(settle)), 15)

	free := Pace{Full: math.Inf(1)}.Throttle(at, 100)
	near("without a limit", free.At(at), 50)
	near("back where it was too fast", free.At(after(settle+30*time.Second)), 100)
	near("beyond that", free.At(after(settle+90*time.Second)), 110)
	if free.At(after(24*time.Hour)) < 10_000 {
		t.Error("a day later it is as slow as ever")
	}
	near("it was faster than it went", free.Throttle(after(time.Hour), 40).At(after(time.Hour)), 20)
	for i := range 100 {
		free = free.Throttle(after(time.Duration(i)*settle), 1)
	}
	near("the provider wants none", free.Slowed, crawl)

	mine, theirs := limited, Pace{Full: 90, Throttled: after(time.Second), Slowed: 5, Known: 10}
	near("who knows of a later refusal is right", mine.Later(theirs).At(after(time.Second)), 5)
	near("and keeps the full speed", mine.Later(theirs).At(after(time.Hour)), 60)
	near("of an earlier one not", theirs.Later(mine).At(after(time.Second)), 5)
}
