package send

import (
	"context"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate says when a sender's next mail may go: a bucket of tokens that is filled at a speed which a throttling provider halves, and
// which comes back by and by.
type Rate struct {
	mu      sync.Mutex
	full    float64   // mails a second when nobody throttles
	current float64   // mails a second now
	slowed  time.Time // of the last halving
	grown   time.Time // until when the current speed has recovered
	bucket  *rate.Limiter

	// How fast a sender without a limit is:
	taken  int       // mails since taking
	taking time.Time // when the present count began
	speed  float64   // mails a second of the count before
}

const (
	settle   = 2 * time.Second  // refusals within this time are about the same burst
	recovery = 60 * time.Second // from nothing to the full speed
	slowest  = 1.0 / 64         // of the full speed
)

// NewRate begins at full speed. perSecond is math.Inf(1) for no limit: then the first refusal says what the limit is.
func NewRate(perSecond float64) *Rate {
	return &Rate{full: perSecond, current: perSecond, bucket: rate.NewLimiter(rate.Limit(perSecond), burst(perSecond))}
}

// burst is how many mails may go at once after a pause: those of 20 ms, so that whoever sleeps for a moment keeps up, and no second
// has 5 % too many.
func burst(perSecond float64) int {
	if math.IsInf(perSecond, 1) {
		return 1
	}
	return max(int(perSecond/50), 1)
}

// Wait returns when a mail may go, or an error when the context ends before that.
func (r *Rate) Wait(ctx context.Context) error {
	r.count(time.Now())
	return r.bucket.Wait(ctx)
}

// Take reports whether a mail may go now.
func (r *Rate) Take() bool {
	now := time.Now()
	r.count(now)
	return r.bucket.AllowN(now, 1)
}

// Set changes the full speed: the provider's limit has changed, or it is shared with more workers. No limit (math.Inf(1)) changes
// nothing.
func (r *Rate) Set(perSecond float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if perSecond == r.full || math.IsInf(perSecond, 1) {
		return
	}
	if r.current == r.full {
		r.current = perSecond
	}
	r.full, r.current = perSecond, min(r.current, perSecond)
	r.bucket.SetLimit(rate.Limit(r.current))
	r.bucket.SetBurst(burst(perSecond))
}

// Throttled halves the speed. Refusals of one burst count once.
func (r *Rate) Throttled() {
	now := time.Now()
	r.grow(now)
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.slowed) < settle {
		return
	}
	if math.IsInf(r.full, 1) {
		r.full = max(r.speed, r.counted(now), 1)
		r.current = r.full
	}
	r.slowed, r.grown = now, now.Add(settle)
	r.current = max(r.current/2, r.full*slowest)
	r.bucket.SetLimitAt(now, rate.Limit(r.current))
}

// count notes a mail for the speed of a sender without a limit, and lets one with a limit recover.
func (r *Rate) count(now time.Time) {
	r.grow(now)
	r.mu.Lock()
	defer r.mu.Unlock()
	if !math.IsInf(r.full, 1) {
		return
	}
	if now.Sub(r.taking) > settle {
		r.speed, r.taking, r.taken = r.counted(now), now, 0
	}
	r.taken++
}

// counted is the speed of the present count. In its first second it is no more than the number of mails.
func (r *Rate) counted(now time.Time) float64 {
	return float64(r.taken) / max(now.Sub(r.taking), time.Second).Seconds()
}

// grow lets the speed recover, steadily, from a while after the last refusal.
func (r *Rate) grow(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	passed := now.Sub(r.grown)
	if r.current >= r.full || passed < 100*time.Millisecond {
		return
	}
	r.grown = now
	r.current = min(r.full, r.current+r.full*passed.Seconds()/recovery.Seconds())
	r.bucket.SetLimitAt(now, rate.Limit(r.current))
}

// PerSecond is the speed now.
func (r *Rate) PerSecond() float64 {
	r.grow(time.Now())
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current
}
