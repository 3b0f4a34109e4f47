package worker_test

import (
	"context"
	"fmt"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"germane/audience"
	"germane/send"
	"germane/store"
	"germane/store/sqlite"
)

// countingReads is a store that counts people who are read.
type countingReads struct {
	store.Store
	read atomic.Int64
}

func (s *countingReads) EachPerson(ctx context.Context, within store.Range) iter.Seq2[*store.Person, error] {
	return func(yield func(*store.Person, error) bool) {
		for p, err := range s.Store.EachPerson(ctx, within) {
			s.read.Add(1)
			if !yield(p, err) {
				return
			}
		}
	}
}

// timetable is a way out that notes who got their mail when.
type timetable struct {
	answer func(n int, m *send.Mail) send.Result // nil: all are sent
	mu     sync.Mutex
	n      int
	sent   []arrival
}

func (d *timetable) Send(_ context.Context, m *send.Mail) send.Result {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.n++
	r := send.Result{Outcome: send.Sent}
	if d.answer != nil {
		r = d.answer(d.n, m)
	}
	if r.Outcome == send.Sent {
		a := arrival{to: m.To, at: time.Now()}
		a.run, a.person, _, _ = store.ParseDeliveryID(m.ID)
		d.sent = append(d.sent, a)
	}
	return r
}

func (d *timetable) Check(context.Context) error { return nil }
func (d *timetable) Close() error                { return nil }

// to returns the arrivals at a domain.
func (d *timetable) to(domain string) (all []arrival) {
	for _, a := range d.sent {
		if strings.HasSuffix(a.to, "@"+domain) {
			all = append(all, a)
		}
	}
	return all
}

// newTraffic is a rig with people at domains, given by turns. It is for a time of its own, in which no machine is too busy to keep a
// rate: Postgres's driver has goroutines that live in another.
func newTraffic(t *testing.T, people int, out send.Transport, domains ...string) *rig {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "germane.db"), sqlite.Options{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	r := newRigIn(t, s, 0, out, nil)
	r.config.Store = ticking{s}
	var updates []audience.Update
	for i := range people {
		updates = append(updates, audience.Update{ID: fmt.Sprint("t", i), Email: fmt.Sprintf("t%d@%s", i, domains[i%len(domains)]), Attributes: []byte(`{"plan":"trial"}`)})
	}
	_, err = r.store.Import(t.Context(), updates, store.Importing{At: time.Now(), Source: "import", Consent: []store.ConsentGrant{{Topic: "tips", Basis: "signup form"}}})
	r.must(err)
	return r
}

// sendInTime plans a run and sends it.
func (r *rig) sendInTime(t *testing.T) (run int64) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		run = r.plan("monday")
		r.drain(t.Context())
	})
	return run
}

// TestDomainsDoNotHoldUpOthers: people at a domain with a limit get their mails one after another, evenly and in their order; nobody else
// waits for them, and nobody is read twice.
func TestDomainsDoNotHoldUpOthers(t *testing.T) {
	t.Parallel()
	out := &timetable{}
	r := newTraffic(t, 300, out, "fast.example", "slow.example", "swift.example")
	reads := &countingReads{Store: r.config.Store}
	r.config.Store, r.config.DomainRates = reads, map[string]float64{"slow.example": 25}
	run := r.sendInTime(t)
	slow, others := out.to("slow.example"), append(out.to("fast.example"), out.to("swift.example")...)
	if got := r.run(run); got.State != store.RunFinished || got.HeldOut+got.Sent != 300 || len(slow) < 80 || len(others) < 160 {
		t.Fatalf("the run is %s: %+v", got.State, got.Counts)
	}
	took := slow[len(slow)-1].at.Sub(slow[0].at)
	if rate := float64(len(slow)-1) / took.Seconds(); rate < 25*0.9 || rate > 25*1.05 {
		t.Errorf("%d mails at 25/s took %v: %.1f/s", len(slow), took, rate)
	}
	if last := slices.MaxFunc(others, func(a, b arrival) int { return a.at.Compare(b.at) }); last.at.Sub(slow[0].at) > took/2 {
		t.Errorf("others waited for %v", last.at.Sub(slow[0].at))
	}
	for i := 1; i < len(slow); i++ {
		if slow[i].person < slow[max(i-5, 0)].person { // slots are a few at once
			t.Errorf("person %d got a mail after person %d", slow[i].person, slow[max(i-5, 0)].person)
		}
	}
	if n := reads.read.Load(); n > 300 {
		t.Errorf("%d people were read", n)
	}
}

// TestChunksGiveWay: chunks of which only people of slow domains are left do not keep those after them from being begun, and come back
// by themselves; draining waits for them.
func TestChunksGiveWay(t *testing.T) {
	t.Parallel()
	out := &timetable{}
	domains := slices.Repeat([]string{"fast.example"}, 9)
	r := newTraffic(t, 5500, out, append(domains, "slow.example")...)
	reads := &countingReads{Store: r.config.Store}
	r.config.Store, r.config.DomainRates = reads, map[string]float64{"slow.example": 60}
	run := r.sendInTime(t)
	if got := r.run(run); got.State != store.RunFinished || got.Sent+got.HeldOut != 5500 {
		t.Fatalf("the run is %s: %+v", got.State, got.Counts)
	}
	slow, fast := out.to("slow.example"), out.to("fast.example")
	last := fast[len(fast)-1].at
	if left := len(slow) - slices.IndexFunc(slow, func(a arrival) bool { return a.at.After(last) }); left < 100 {
		t.Errorf("of slow.example %d are left when all others have their mail", left)
	}
	took := slow[len(slow)-1].at.Sub(slow[0].at)
	if rate := float64(len(slow)-1) / took.Seconds(); rate < 60*0.7 || rate > 60*1.05 { // those who come back are looked for every few seconds
		t.Errorf("%d mails at 60/s took %v: %.1f/s", len(slow), took, rate)
	}
	if n := reads.read.Load(); n > 4*5500 {
		t.Errorf("%d people were read", n)
	}
}

// TestADomainThatPushesBack: its people wait, are mailed more slowly, and nobody else is.
func TestADomainThatPushesBack(t *testing.T) {
	t.Parallel()
	for name, limits := range map[string]map[string]float64{"with a limit": {"shy.example": 20}, "without one": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var pushed atomic.Bool
			out := &timetable{answer: func(_ int, m *send.Mail) send.Result {
				if strings.HasSuffix(m.To, "@shy.example") && !pushed.Swap(true) {
					return send.Result{Outcome: send.Throttled, Code: "smtp 421 4.7.28", PushedBack: true}
				}
				return send.Result{Outcome: send.Sent}
			}}
			r := newTraffic(t, 5*40, out, append(slices.Repeat([]string{"other.example"}, 39), "shy.example")...)
			r.config.Backoff, r.config.Rate, r.config.Concurrency, r.config.DomainRates = 6*time.Second, 400, 1, limits
			run := r.sendInTime(t)
			if got := r.run(run); got.State != store.RunFinished || got.Failed+got.InDoubt > 0 {
				t.Fatalf("the run is %s: %+v", got.State, got.Counts)
			}
			shy, others := out.to("shy.example"), out.to("other.example")
			if took := others[len(others)-1].at.Sub(others[0].at); took > 1500*time.Millisecond {
				t.Errorf("%d others took %v", len(others), took)
			}
			least := time.Duration(len(shy)-1) * time.Second // at half a mail a second, and soon more
			if limits != nil {
				least = time.Duration(len(shy)-1) * 90 * time.Millisecond // at half of 20/s
			}
			if took := shy[len(shy)-1].at.Sub(shy[0].at); len(shy) < 3 || took < least {
				t.Errorf("%d mails to shy.example took %v", len(shy), took)
			}
		})
	}
}
