package worker_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"germane/audience"
	"germane/internal/smtpfake"
	"germane/schedule"
	"germane/send"
	"germane/store"
	"germane/store/sqlite"
	"germane/worker"
)

// departures is a way out that notes when mails leave by it.
type departures struct {
	send.Transport
	mu   sync.Mutex
	left map[string][]time.Time // by domain
}

func (d *departures) Send(ctx context.Context, m *send.Mail) send.Result {
	d.mu.Lock()
	domain := m.To[strings.LastIndexByte(m.To, '@')+1:]
	d.left[domain] = append(d.left[domain], time.Now())
	d.mu.Unlock()
	return d.Transport.Send(ctx, m)
}

// ticking is a store whose clock is the test's.
type ticking struct{ store.Store }

func (ticking) Now(context.Context) (time.Time, error) { return time.Now(), nil }

// domains that people have: two with limits.
var crowdDomains = []string{"big.example", "big.example", "big.example", "big.example", "small.example", "small.example", "small.example", "other.example", "rest.example", "third.example"}

var crowdLimits = map[string]float64{"big.example": 8, "small.example": 4}

// TestWarmUpOverTwoWeeks sends one run to a real SMTP server, by two workers, from a sender that nobody knows yet. Every day of which
// mails are left it has exactly as many as it may, no domain gets more in a second than it should, and most of that.
func TestWarmUpOverTwoWeeks(t *testing.T) {
	t.Parallel()
	receiver, err := smtpfake.Receive(nil, false, "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { receiver.Close() })
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "germane.db"), sqlite.Options{Fast: true}) // Postgres's driver has goroutines that live in another time
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	r := newRigIn(t, s, 0, nil, nil)
	warm := schedule.WarmUp{Start: 20, DoubleEvery: 48 * time.Hour}
	all := 0
	for day := range 14 {
		all += int(warm.Most(day))
	}
	synctest.Test(t, func(t *testing.T) {
		address, err := send.ParseURL("smtp://" + receiver.Addr)
		r.must(err)
		transport, err := address.Open(t.Context(), send.Options{Concurrency: 16})
		r.must(err)
		out := &departures{Transport: transport, left: map[string][]time.Time{}}
		r.config.Store, r.config.Transport, r.config.Alone = ticking{r.store}, out, false
		r.config.Sender, r.config.WayOut, r.config.WarmUp, r.config.DomainRates, r.config.Rate = "smtp", "smtp", &warm, crowdLimits, 100
		r.crowd(6000)
		time.Sleep(9 * time.Hour) // until nine in the morning
		run := r.plan("monday")
		table := &strings.Builder{}
		for day := range 15 {
			r.twoWork(t)
			r.checkDay(t, table, day, run, warm, receiver.Mails())
			if got := r.run(run); day < 14 && (got.State != store.RunRunning || got.Failed+got.Skipped+got.InDoubt > 0 || time.Until(got.Held.Until).Round(time.Hour) != 24*time.Hour) {
				t.Errorf("day %d: the run is %s: %+v, held %+v", day, got.State, got.Counts, got.Held)
			}
			time.Sleep(time.Until(time.Now().Truncate(24 * time.Hour).Add(33 * time.Hour)))
		}
		if got := r.run(run); got.State != store.RunFinished || int(got.Sent) <= all || got.Sent+got.HeldOut != 6000 {
			t.Errorf("the run is %s: %+v", got.State, got.Counts)
		}
		t.Log("\n" + table.String())
		out.check(t, crowdLimits)
		r.must(transport.Close())
	})
}

// crowd imports people who have their mail at various domains.
func (r *rig) crowd(n int) {
	r.t.Helper()
	var updates []audience.Update
	for i := range n {
		updates = append(updates, audience.Update{ID: fmt.Sprint("c", i), Email: fmt.Sprintf("c%d@%s", i, crowdDomains[i%len(crowdDomains)]), Attributes: []byte(`{"plan":"trial"}`)})
	}
	_, err := r.store.Import(r.t.Context(), updates, store.Importing{At: time.Now(), Source: "import", Consent: []store.ConsentGrant{{Topic: "tips", Basis: "signup form"}}})
	r.must(err)
}

// twoWork has two workers send what is due.
func (r *rig) twoWork(t *testing.T) {
	t.Helper()
	var working sync.WaitGroup
	for i := range 2 {
		config := r.config
		config.Owner = fmt.Sprint("worker ", i)
		working.Go(func() {
			if err := worker.New(config).Work(t.Context(), true); err != nil {
				t.Error(err)
			}
		})
	}
	working.Wait()
}

// checkDay looks at what the receiver has got since yesterday.
func (r *rig) checkDay(t *testing.T, out *strings.Builder, day int, run int64, warm schedule.WarmUp, mails []smtpfake.Mail) {
	t.Helper()
	before := 0
	for d := range day {
		before += int(warm.Most(d))
	}
	if day == 0 {
		fmt.Fprintf(out, "%4s %6s %6s %12s %14s %6s\n", "day", "may", "got", "big.example", "small.example", "others")
	}
	count := map[string]int{}
	for _, m := range mails[min(before, len(mails)):] {
		domain := m.To[strings.LastIndexByte(m.To, '@')+1:]
		if crowdLimits[domain] == 0 {
			domain = "others"
		}
		count[domain]++
	}
	got := len(mails) - before
	fmt.Fprintf(out, "%4d %6d %6d %12d %14d %6d\n", day+1, warm.Most(day), got, count["big.example"], count["small.example"], count["others"])
	if got != int(warm.Most(day)) && (day < 14 || r.run(run).Waiting > 0) || int(r.run(run).Sent) != len(mails) {
		t.Errorf("day %d: the receiver got %d mails", day+1, got)
	}
}

// check looks at the rates of domains: no ten seconds have more than 5 % too many, and on busyDay, when nobody else is left, many have
// nearly all of it: a worker that has nobody of a domain just then leaves its part unused.
func (d *departures) check(t *testing.T, limits map[string]float64) {
	t.Helper()
	const busyDay = 12
	for domain, limit := range limits {
		left := d.left[domain]
		for i := range left {
			end := i
			for end < len(left) && left[end].Sub(left[i]) < 10*time.Second {
				end++
			}
			if n := float64(end - i); n > limit*10*1.05+1 {
				t.Fatalf("%v mails to %s in ten seconds from %s", n, domain, left[i])
			}
		}
		left = slices.DeleteFunc(slices.Clone(left), func(at time.Time) bool { return at.YearDay() != busyDay+1 })
		var rates []float64
		for from := left[0]; from.Before(left[len(left)-1].Add(-10 * time.Second)); from = from.Add(time.Second) {
			n := 0
			for _, at := range left {
				if since := at.Sub(from); since >= 0 && since < 10*time.Second {
					n++
				}
			}
			rates = append(rates, float64(n)/10)
		}
		slices.Sort(rates)
		if rate := rates[len(rates)*4/5]; rate < 0.9*limit || rate > 1.05*limit {
			t.Errorf("%d mails to %s at %.2f/s at best, and %v are allowed", len(left), domain, rate, limit)
		} else {
			t.Logf("%s on day %d: %.2f/s of %v", domain, busyDay+1, rate, limit)
		}
	}
}
