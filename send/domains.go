package send

import (
	"math"
	"slices"
	"strings"
	"sync"
	"time"
)

// Domains says when the next mail to a recipient's domain may go: to one that has a limit, or that pushed back ("421 4.7.28 unusual
// rate") and is sent to at half the speed it had, which comes back by and by. Nothing of it grows with the domains of an audience.
type Domains struct {
	mu     sync.Mutex
	part   float64 // of each limit that is this worker's
	listed map[string]*Domain
	shy    map[string]*Domain // those without a limit, that pushed back

	// How fast mails go to all domains: counted over a time, and those of the time before.
	counting      time.Time
	count, before map[string]int

	burst   time.Time // when the first of these pushed back
	pushing []string
}

// Domain is one that mails may not go to as fast as to others.
type Domain struct {
	of     *Domains
	pace   Pace
	listed bool
	left   time.Time // when the last mail was to depart
	booked time.Time // until when places are
}

const (
	mostCounted = 1024 // domains that are counted in a time; others are thought to be slow
	mostShy     = 256
	shyFor      = time.Hour // since it pushed back last; afterwards nothing limits it
	mostBooked  = 10 * time.Minute
	mostPushing = 3 // domains that push back at once: it is about the sender
)

// NewDomains limits mails to domains, in mails a second; there may be none.
func NewDomains(limits map[string]float64) *Domains {
	d := &Domains{part: 1, listed: map[string]*Domain{}, shy: map[string]*Domain{}, count: map[string]int{}, before: map[string]int{}}
	for name, limit := range limits {
		d.listed[strings.ToLower(name)] = &Domain{of: d, pace: Pace{Full: limit}, listed: true}
	}
	return d
}

// Share sets which part of every limit is this worker's. What a domain that pushed back allows is its own, as it was found out here.
func (d *Domains) Share(part float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.part = part
}

// AtMost lowers that part.
func (d *Domains) AtMost(part float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.part = min(d.part, part)
}

// Of returns an address's domain; nil: nothing limits it.
func (d *Domains) Of(address string, now time.Time) *Domain {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.listed)+len(d.shy) == 0 {
		return nil
	}
	name := domainOf(address)
	if known := d.listed[name]; known != nil {
		return known
	}
	known := d.shy[name]
	if known != nil && now.Sub(known.pace.Throttled) > shyFor {
		delete(d.shy, name)
		return nil
	}
	return known
}

// Take reports whether a mail may be claimed that is to depart at a time, which is no later than soon; or it says when to ask again.
func (d *Domain) Take(now time.Time, soon time.Duration) (at time.Time, ok bool) {
	d.of.mu.Lock()
	defer d.of.mu.Unlock()
	due, speed := now, d.speed(now)
	if speed <= 0 {
		return now.Add(settle), false
	}
	if !d.left.IsZero() {
		due = d.left.Add(seconds(1 / speed))
	}
	if due.After(now.Add(soon)) {
		return due.Add(-soon), false
	}
	if due.Before(now.Add(-credit)) {
		due = now.Add(-credit)
	}
	d.left = due
	return due, true
}

// Book keeps places for so many mails behind others that are booked, and returns when it is their turn, roughly: it is at most so late
// as anybody should look again.
func (d *Domain) Book(mails int, now time.Time) time.Time {
	d.of.mu.Lock()
	defer d.of.mu.Unlock()
	turn, last := d.booked, now.Add(mostBooked)
	if turn.Before(now) {
		turn = now
	}
	if d.booked = turn.Add(seconds(float64(mails) / d.speed(now))); d.booked.After(last) {
		d.booked = last
	}
	return turn
}

func (d *Domain) speed(now time.Time) float64 {
	if d.listed {
		return d.pace.At(now) * d.of.part
	}
	return d.pace.At(now)
}

// seconds are a time, and no more of them than a clock can be asked for.
func seconds(s float64) time.Duration {
	return time.Duration(min(s, (24*time.Hour).Seconds()) * float64(time.Second))
}

// Goes notes that a mail to an address is on its way.
func (d *Domains) Goes(address string, now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.turn(now)
	name := domainOf(address)
	if n, counted := d.count[name]; counted || len(d.count) < mostCounted {
		d.count[name] = n + 1
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
func (d *Domains) PushedBack(address string, now time.Time) (sender bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.turn(now)
	name := domainOf(address)
	known := d.listed[name]
	if known == nil {
		known = d.startled(name, now)
	}
	known.pace = known.pace.Throttle(now, d.lately(name, now))
	if now.Sub(d.burst) >= settle {
		d.burst, d.pushing = now, d.pushing[:0]
	}
	if len(d.pushing) < mostPushing && !slices.Contains(d.pushing, name) {
		d.pushing = append(d.pushing, strings.Clone(name))
	}
	return len(d.pushing) == mostPushing
}

// lately is how many mails a second went to a domain, as far as it was counted.
func (d *Domains) lately(name string, now time.Time) float64 {
	return max(float64(d.before[name])/settle.Seconds(), float64(d.count[name])/max(now.Sub(d.counting), time.Second).Seconds())
}

// startled returns a domain without a limit that pushes back.
func (d *Domains) startled(name string, now time.Time) *Domain {
	known := d.shy[name]
	if known == nil {
		known = &Domain{of: d, pace: Pace{Full: math.Inf(1)}}
		d.room(now)
		d.shy[strings.Clone(name)] = known
	}
	return known
}

// room forgets the domain that pushed back longest ago, when there are too many.
func (d *Domains) room(now time.Time) {
	if len(d.shy) < mostShy {
		return
	}
	oldest, last := "", now
	for name, known := range d.shy {
		if !known.pace.Throttled.After(last) {
			oldest, last = name, known.pace.Throttled
		}
	}
	delete(d.shy, oldest)
}

// domainOf returns the domain of an address as it is mailed: in small letters already.
func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }
