package send

import (
	"math"
	"slices"
	"strings"
	"sync"
	"time"
)

// Domains says when the next mail to a domain may go: to one that has a limit, or that pushed back ("421 4.7.28 unusual rate") and is
// sent to at half the speed it had, which comes back by and by. Nothing of it grows with the domains of an audience.
type Domains struct {
	mu     sync.Mutex
	limits map[string]float64 // mails a second, of all workers together
	rates  map[string]*Rate   // of those
	shy    map[string]*shy    // others, that pushed back

	// How fast mails go to all other domains: counted over a time, and those of the time before.
	counting      time.Time
	count, before map[string]int

	burst   time.Time // when the first of these pushed back
	pushing []string
}

// shy is a domain that pushed back and has no limit of its own.
type shy struct {
	rate *Rate
	last time.Time // when it pushed back
}

const (
	mostCounted = 1024 // domains that are counted in a time; others are thought to be slow
	mostShy     = 256
	shyFor      = time.Hour // since it pushed back last; afterwards nothing limits it
	mostPushing = 3         // domains that push back at once: it is about the sender
)

// NewDomains limits mails to domains, in mails a second; there may be none.
func NewDomains(limits map[string]float64) *Domains {
	d := &Domains{limits: map[string]float64{}, rates: map[string]*Rate{}, shy: map[string]*shy{}, count: map[string]int{}, before: map[string]int{}}
	for domain, limit := range limits {
		domain = strings.ToLower(domain)
		d.limits[domain], d.rates[domain] = limit, NewRate(limit)
	}
	return d
}

// Share sets this worker's part of every limit: a fraction.
func (d *Domains) Share(part float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for domain, rate := range d.rates {
		rate.Set(d.limits[domain] * part)
	}
}

// Of returns what limits mails to an address's domain; nil: nothing does.
func (d *Domains) Of(address string) *Rate {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.rates)+len(d.shy) == 0 {
		return nil
	}
	domain := domainOf(address)
	if rate := d.rates[domain]; rate != nil {
		return rate
	}
	s := d.shy[domain]
	switch {
	case s == nil:
		return nil
	case time.Since(s.last) > shyFor:
		delete(d.shy, domain)
		return nil
	}
	return s.rate
}

// Goes notes that a mail to an address is on its way.
func (d *Domains) Goes(address string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.turn(time.Now())
	domain := domainOf(address)
	if n, counted := d.count[domain]; counted || len(d.count) < mostCounted {
		d.count[domain] = n + 1
	}
}

// turn begins a new count when the present one is over.
func (d *Domains) turn(now time.Time) {
	passed := now.Sub(d.counting)
	if passed < settle {
		return
	}
	if d.count, d.before = d.before, d.count; passed >= 2*settle {
		clear(d.before)
	}
	clear(d.count)
	d.counting = now
}

// PushedBack halves the speed of mails to an address's domain. It reports whether that is not enough: so many domains push back at
// once that it must be about the sender.
func (d *Domains) PushedBack(address string) (sender bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now, domain := time.Now(), domainOf(address)
	d.turn(now)
	rate := d.rates[domain]
	if rate == nil {
		rate = d.startle(domain, now)
	}
	rate.Throttled()
	if now.Sub(d.burst) >= settle {
		d.burst, d.pushing = now, d.pushing[:0]
	}
	if len(d.pushing) < mostPushing && !slices.Contains(d.pushing, domain) {
		d.pushing = append(d.pushing, domain)
	}
	return len(d.pushing) == mostPushing
}

// startle returns the rate of a domain without a limit that pushes back: at first what it was sent to at.
func (d *Domains) startle(domain string, now time.Time) *Rate {
	s := d.shy[domain]
	if s == nil {
		speed := max(float64(d.before[domain])/settle.Seconds(), float64(d.count[domain])/max(now.Sub(d.counting), time.Second).Seconds(), 1)
		s = &shy{rate: NewRate(speed)}
		d.room(now)
		d.shy[strings.Clone(domain)] = s
	}
	s.last = now
	return s.rate
}

// room forgets the domain that pushed back longest ago, when there are too many.
func (d *Domains) room(now time.Time) {
	if len(d.shy) < mostShy {
		return
	}
	oldest, last := "", now
	for domain, s := range d.shy {
		if !s.last.After(last) {
			oldest, last = domain, s.last
		}
	}
	delete(d.shy, oldest)
}

// Until is how long it takes until so many more mails to a domain may have gone.
func (r *Rate) Until(mails int) time.Duration {
	return time.Duration(min(float64(mails)/r.PerSecond(), math.MaxInt32) * float64(time.Second))
}

// domainOf returns the domain of an address as it is mailed: in small letters already.
func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }
