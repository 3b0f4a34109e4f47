package send

import (
	"context"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate says when a sender's next mail may go. It does so twice: a mail is claimed with a token ([Rate.Take]), and it departs when the
// one before it is far enough ([Rate.Depart]). Where workers share a sender, the speed is what [Rate.Grant] says.
type Rate struct {
	turn chan struct{} // holds one token while somebody waits to depart
	news chan struct{}

	mu     sync.Mutex
	pace   Pace
	shared bool
	share  float64   // mails a second that are granted
	until  time.Time // of the grant
	others float64   // mails a second that the others sent lately
	bucket *rate.Limiter
	wanted time.Time // when somebody last asked for a token
	left   time.Time // when the last mail was to depart

	// How fast it was lately:
	gone  int       // mails since going
	going time.Time // when the present count began
	took  float64   // mails a second of the count before
}

const (
	ahead  = 200 * time.Millisecond // mails of this time are claimed before they may depart, so that claiming holds none of them up
	credit = 20 * time.Millisecond  // who is late by less keeps up; so no second has more than 2 % too many
	slice  = 50 * time.Millisecond  // the longest sleep without looking whether the speed has changed
	rest   = time.Second            // who has not asked for so long has nothing to send
)

// NewRate begins at full speed. perSecond is math.Inf(1) for no limit: then the first refusal says what the limit is.
func NewRate(perSecond float64) *Rate {
	return &Rate{
		turn: make(chan struct{}, 1), news: make(chan struct{}, 1), pace: Pace{Full: perSecond}, bucket: rate.NewLimiter(rate.Limit(perSecond), burst(perSecond)),
	}
}

// NewSharedRate has no speed before it is granted some.
func NewSharedRate(perSecond float64) *Rate {
	r := NewRate(perSecond)
	r.shared = true
	r.adjust(time.Now())
	return r
}

func burst(perSecond float64) int {
	if math.IsInf(perSecond, 1) {
		return 1
	}
	return max(int(perSecond*ahead.Seconds()), 2)
}

// Take reports whether a mail may be claimed now.
func (r *Rate) Take() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	r.want(now)
	return r.adjust(now) > 0 && r.bucket.AllowN(now, 1)
}

// Wants notes that there is something to send, though it needs no token just now.
func (r *Rate) Wants() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.want(time.Now())
}

func (r *Rate) want(now time.Time) {
	if now.Sub(r.wanted) > rest {
		r.tell()
	}
	r.wanted = now
}

// Depart returns when a claimed mail may go, or an error when the context ends before that.
func (r *Rate) Depart(ctx context.Context) error {
	if math.IsInf(r.PerSecond(), 1) {
		r.depart(time.Now())
		return nil
	}
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for ctx.Err() == nil {
		wait := r.depart(time.Now())
		if wait <= 0 {
			return nil
		}
		timer := time.NewTimer(min(wait, slice))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
	return ctx.Err()
}

// depart lets a mail go, or says how long it has to wait.
func (r *Rate) depart(now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	speed := r.speed(now)
	if speed <= 0 {
		return slice
	}
	due := r.left.Add(time.Duration(float64(time.Second) / speed))
	if now.Before(due) {
		return due.Sub(now)
	}
	if r.left = due; due.Before(now.Add(-credit)) {
		r.left = now.Add(-credit)
	}
	if now.Sub(r.going) > settle {
		r.took, r.going, r.gone = r.counted(now), now, 0
	}
	r.gone++
	return 0
}

// counted is the speed of the present count. In its first second it is no more than the number of mails.
func (r *Rate) counted(now time.Time) float64 {
	return float64(r.gone) / max(now.Sub(r.going), time.Second).Seconds()
}

// Took is how many mails a second departed lately.
func (r *Rate) Took() float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lately(time.Now())
}

func (r *Rate) lately(now time.Time) float64 {
	if now.Sub(r.going) > 2*settle {
		return r.counted(now)
	}
	return max(r.took, r.counted(now))
}

// Set changes the full speed: the provider's limit has changed. No limit (math.Inf(1)) changes nothing.
func (r *Rate) Set(perSecond float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if perSecond == r.pace.Full || math.IsInf(perSecond, 1) {
		return
	}
	r.pace.Full = perSecond
	r.adjust(time.Now())
	r.tell()
}

// Throttled halves the speed. Refusals of one burst count once.
func (r *Rate) Throttled() {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	was, took := r.pace.Throttled, r.lately(now)
	if r.pace = r.pace.Throttle(now, took+r.others); r.pace.Throttled.Equal(was) {
		return
	}
	if math.IsInf(r.share, 1) {
		r.share = max(took, 1)
	}
	r.share /= 2
	r.adjust(now)
	r.tell()
}

// Grant says how much of the speed is this worker's until a time, what the pace of all is, and how fast the others were lately.
func (r *Rate) Grant(share float64, pace Pace, until time.Time, others float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pace.Full = r.pace.Full
	r.share, r.pace, r.until, r.others = share, r.pace.Later(pace), until, others
	r.adjust(time.Now())
}

// AtMost lowers the share to one that may not be granted after all.
func (r *Rate) AtMost(share float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.share = min(r.share, share)
	r.adjust(time.Now())
}

// Pace is the sender's pace as far as it is known here.
func (r *Rate) Pace() Pace {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.pace
}

// Busy reports whether somebody asked for a token lately.
func (r *Rate) Busy() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Since(r.wanted) <= rest
}

// News tells when there is something that those who share the sender should hear of at once.
func (r *Rate) News() <-chan struct{} { return r.news }

func (r *Rate) tell() {
	select {
	case r.news <- struct{}{}:
	default:
	}
}

// PerSecond is the speed now.
func (r *Rate) PerSecond() float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.speed(time.Now())
}

func (r *Rate) speed(now time.Time) float64 {
	switch {
	case !r.shared:
		return r.pace.At(now)
	case now.Before(r.until):
		return min(r.share, r.pace.Full)
	}
	return 0
}

// adjust has tokens made as fast as mails depart.
func (r *Rate) adjust(now time.Time) float64 {
	speed := r.speed(now)
	if rate.Limit(speed) != r.bucket.Limit() {
		r.bucket.SetLimitAt(now, rate.Limit(speed))
		r.bucket.SetBurstAt(now, burst(speed))
	}
	return speed
}
