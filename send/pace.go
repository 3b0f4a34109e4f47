package send

import (
	"math"
	"time"
)

// Pace is how fast a sender may go: at its full speed, until the provider has had enough. That halves the speed, and time brings it
// back. It is arithmetic on times that are passed in, so that workers which share a sender agree on it by passing it on.
type Pace struct {
	Full          float64   // mails a second when nobody throttles; math.Inf(1): no limit is known
	Throttled     time.Time // when the provider last had enough; zero: never
	Slowed, Known float64   // mails a second right after that, and right before it
}

const (
	settle   = 2 * time.Second  // refusals within this time are about the same burst
	recovery = 60 * time.Second // from nothing to the full speed, or to the one that was too fast
	beyond   = 10               // how much more slowly it then goes on where no limit is known
	slowest  = 1.0 / 64         // of the full speed
	crawl    = 0.25             // mails a second: the slowest where no limit is known
)

// At is the speed at a time, in mails a second.
func (p Pace) At(now time.Time) float64 {
	if p.Throttled.IsZero() {
		return p.Full
	}
	passed := max(now.Sub(p.Throttled)-settle, 0).Seconds()
	if !math.IsInf(p.Full, 1) {
		return min(p.Full, p.Slowed+p.Full/recovery.Seconds()*passed)
	}
	growth := max(p.Known, 1) / recovery.Seconds()
	speed := p.Slowed + growth*passed
	if speed > p.Known {
		speed = p.Known + (speed-p.Known)/beyond
	}
	return speed
}

// Throttle is the pace after a refusal at a time; took is how many mails a second went lately. Refusals of one burst count once.
func (p Pace) Throttle(now time.Time, took float64) Pace {
	if !p.Throttled.IsZero() && now.Sub(p.Throttled) < settle {
		return p
	}
	p.Known = p.At(now)
	least := p.Full * slowest
	if math.IsInf(p.Full, 1) {
		p.Known, least = min(p.Known, max(took, 1)), crawl
	}
	p.Throttled, p.Slowed = now, max(p.Known/2, least)
	return p
}

// Later is the pace of whoever knows of the later refusal, with the full speed of p.
func (p Pace) Later(o Pace) Pace {
	if o.Throttled.After(p.Throttled) {
		p.Throttled, p.Slowed, p.Known = o.Throttled, o.Slowed, o.Known
	}
	return p
}

// Sharer is one of the others that send by the same sender.
type Sharer struct {
	Share float64 // mails a second that it may send; math.Inf(1): there was no limit
	Busy  bool    // it has something to send
}

// trickle is the part of the rate that is left to those who have nothing to send, all of them together, so that they can begin.
const trickle = 0.02

// Share is how much of a sender's rate one of those who share it may take: an even part, and no more than the others have left.
// So a newcomer gets nothing until they have gone down, and the sum is never more than the rate.
func Share(rate float64, busy bool, others []Sharer) float64 {
	if math.IsInf(rate, 1) {
		return rate
	}
	all, working := float64(len(others)+1), 0.0
	if busy {
		working = 1
	}
	left := rate
	for _, o := range others {
		if o.Busy {
			working++
		}
		if math.IsInf(o.Share, 1) {
			o.Share = rate / all // the limit is news to it, too
		}
		left -= o.Share
	}
	idle := rate * trickle / all
	even := idle
	if busy {
		even = (rate - idle*(all-working)) / working
	}
	return max(min(even, left), 0)
}
