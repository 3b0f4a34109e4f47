package worker

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"germane/send"
	"germane/store"
)

// gate looks at what keeps everybody from sending.
type gate struct {
	worker *Worker
	shut   string    // why it was shut at the last look; "": it was open
	clock  time.Time // of the last look at the clocks
	limits time.Time // of the last look at the provider's limits
	armed  bool
	asked  sync.Once
}

const (
	leastDisk   = 1 << 30 // bytes
	mostSkew    = 30 * time.Second
	clockEvery  = 10 * time.Second
	limitsEvery = time.Minute
)

// look reports whether anything may be claimed. Whenever that changes, it says so once.
func (g *gate) look(ctx context.Context) (open bool, err error) {
	shut, err := g.why(ctx)
	if err != nil {
		return false, err
	}
	if shut != g.shut {
		if shut != "" {
			g.worker.Log.Warn("nothing is sent: " + shut)
		} else {
			g.worker.Log.Info("sending goes on")
		}
		g.shut = shut
	}
	return shut == "", nil
}

func (g *gate) why(ctx context.Context) (string, error) {
	w := g.worker
	switches, err := w.Store.Switches(ctx)
	if err != nil {
		return "", err
	}
	wasArmed := g.armed
	g.armed = switches[store.SwitchArmed].On
	if stopped := switches[store.SwitchStopped]; stopped.On {
		return "it was stopped; `germane stop --resume` goes on", nil
	}
	if w.Real && wasArmed && !g.armed {
		return "the database is not armed any more; chunks in hand are begun anew", nil
	}
	if w.FreeDisk != nil {
		if free, err := w.FreeDisk(); err == nil && free < leastDisk {
			return fmt.Sprintf("the disk has %d MB left, and sending needs 1024", free>>20), nil
		}
	}
	if shut, err := g.skew(ctx); shut != "" || err != nil {
		return shut, err
	}
	g.provider(ctx)
	g.asked.Do(func() { close(w.asked) })
	return "", nil
}

// skew compares this machine's clock with the database's: leases and caps would be wrong otherwise.
func (g *gate) skew(ctx context.Context) (string, error) {
	now := g.worker.Now()
	if g.shut == "" && now.Sub(g.clock) < clockEvery && !g.clock.IsZero() {
		return "", nil
	}
	theirs, err := g.worker.Store.Now(ctx)
	if err != nil {
		return "", err
	}
	g.clock = now
	off := now.Add(g.worker.Now().Sub(now) / 2).Sub(theirs) // they looked at theirs while we waited
	g.worker.offset.Store(int64(-off))
	if off.Abs() > mostSkew {
		return fmt.Sprintf("this machine's clock is %s off the database's; set it right", off.Abs().Round(time.Second)), nil
	}
	return "", nil
}

// headroom is the part of an account's limit that is used where germane.yaml names no rate. Its seconds begin at other moments than ours,
// and each refusal costs a minute at half the speed.
const headroom = 0.95

// provider asks for the account's limits, where there are some and germane.yaml sets no rate.
func (g *gate) provider(ctx context.Context) {
	w := g.worker
	limited, ok := w.Transport.(send.Limited)
	wanted := w.sender.waitsForQuota()
	if !ok && wanted {
		w.sender.works() // nobody can be asked: the next mail finds out
	}
	if !ok || !wanted && w.Now().Sub(g.limits) < limitsEvery {
		return
	}
	g.limits = w.Now()
	limits, err := limited.Limits(ctx)
	if err != nil {
		w.Log.Warn("the provider's limits are not known", "err", err)
		return
	}
	if w.Rate == 0 && limits.PerSecond > 0 {
		w.rate.Set(headroom * limits.PerSecond)
	}
	if wanted && limits.Stopped == "" && (limits.PerDay < 0 || limits.Used < limits.PerDay) {
		w.sender.works()
	}
}

// rules are what a chunk's people are decided by, beside the campaign.
func (w *Worker) rules(step int) Rules {
	return Rules{Unarmed: w.Real && !w.gate.armed, Allowed: w.Allowed, Step: step}
}

// sender is how the way out fares. While it is blocked nothing is claimed, as every mail would come back.
type sender struct {
	now    func() time.Time
	second time.Duration
	mu     sync.Mutex
	until  time.Time // blocked until then
	misses int       // failures since something worked
	quota  bool      // the day's mails are used up
	why    string
}

// works notes that the provider answers.
func (s *sender) works() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.misses, s.until, s.why, s.quota = 0, time.Time{}, "", false
}

// fails notes that nobody could be reached. Those in flight fail together: they count once.
func (s *sender) fails(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if s.why = why; now.Before(s.until) {
		return
	}
	s.misses++
	s.until = now.Add(min(s.second<<min(s.misses-1, 6), 60*s.second))
}

// spent notes that the day's mails are used up. The gate asks when there are some again.
func (s *sender) spent(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quota, s.why, s.until = true, why, s.now().Add(60*s.second)
}

func (s *sender) waitsForQuota() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.quota && !s.now().Before(s.until)
}

// blocked is how long nothing should be claimed; 0: it may be.
func (s *sender) blocked() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := s.until.Sub(s.now())
	if s.quota {
		left = max(left, tick) // until the gate says otherwise
	}
	return max(left, 0)
}

// Trouble says why nothing leaves at the moment; "" when nothing is known to be wrong.
func (w *Worker) Trouble() string {
	w.sender.mu.Lock()
	defer w.sender.mu.Unlock()
	return cmp.Or(w.sender.why, w.warming.why(w.Now()))
}
