package schedule

import (
	"fmt"
	"time"
)

// ReasonQuiet is why somebody gets no mail in quiet hours that drop it.
const ReasonQuiet = "quiet hours"

// Quiet is what quiet hours say about a message: send it, hold it, or drop it.
type Quiet struct {
	Hold   time.Time // ask again then; zero: it is not held
	Reason string    // why it is dropped, ReasonQuiet or ReasonLate; "": it is not
}

// At says what is to be done at a moment with a message that was due at another. deadline is until when it may be sent (zero: for
// ever), zone the person's, draw a number from [0, 1) that spreads people over the jitter (see [JitterDraw]).
//
// The same question has the same answer whenever it is asked: somebody held until 08:07 is held at 08:05, too, when a chunk of people
// is gone through again.
func (q *QuietHours) At(due, now, deadline time.Time, zone *time.Location, draw float64) Quiet {
	if q == nil {
		return Quiet{}
	}
	var until time.Time
	switch {
	case !q.quiet(now, zone):
		until = q.spread(q.woke(due, now, zone), zone, draw)
		if !until.After(now) {
			return Quiet{}
		}
	case q.Skip:
		return Quiet{Reason: ReasonQuiet}
	default:
		until = q.spread(q.flip(now, zone), zone, draw)
	}
	if !deadline.IsZero() && until.After(deadline) {
		return Quiet{Reason: ReasonLate}
	}
	return Quiet{Hold: until}
}

// Swallow says why quiet hours leave nothing of a cadence that is on each person's own clock: all its times of day are in them, and
// what comes due there is dropped, or held until it is too late. "" when they do not. On other clocks it depends on where people live.
func (q *QuietHours) Swallow(c *Cadence) string {
	if q == nil || !c.Recipient {
		return ""
	}
	for clock := range Clock(24 * 60) {
		if c.has(clock) && (!q.inside(clock) || !q.Skip && (c.MaxLate == 0 || q.wait(clock) <= c.MaxLate)) {
			return ""
		}
	}
	if q.Skip {
		return fmt.Sprintf("quiet hours from %s to %s drop all of its mail", q.From, q.To)
	}
	return fmt.Sprintf("quiet hours hold its mail until %s, later than max_late allows", q.To)
}

// wait is how long a quiet time of day lasts until the quiet hours end.
func (q *QuietHours) wait(clock Clock) time.Duration {
	return time.Duration((q.To-clock+24*60)%(24*60)) * time.Minute
}

// has reports whether some due time of the cadence is at a time of day.
func (c *Cadence) has(clock Clock) bool {
	if c.OneOff() {
		return clock.of(c.At).Equal(c.At)
	}
	return c.Spec.Hour&(1<<(clock/60)) != 0 && c.Spec.Minute&(1<<(clock%60)) != 0
}

// quiet reports whether clocks show a quiet time.
func (q *QuietHours) quiet(moment time.Time, zone *time.Location) bool {
	shown := Shown(moment, zone)
	return q.inside(Clock(shown.Hour()*60 + shown.Minute()))
}

// inside reports a time of day in quiet hours.
func (q *QuietHours) inside(clock Clock) bool {
	if q.From < q.To {
		return q.From <= clock && clock < q.To
	}
	return q.From <= clock || clock < q.To
}

// flip returns when quiet hours next begin, or end if they are on. Between two clock changes that is arithmetic; at a change the clock
// may jump into them or out of them.
func (q *QuietHours) flip(moment time.Time, zone *time.Location) time.Time {
	on := q.quiet(moment, zone)
	edge := q.From
	if on {
		edge = q.To
	}
	for {
		shown := Shown(moment, zone)
		ahead := edge.of(shown).Sub(shown)
		if ahead <= 0 {
			ahead += 24 * time.Hour
		}
		end := sameUntil(moment, zone)
		if at := moment.Add(ahead); end.IsZero() || at.Before(end) {
			return at.UTC()
		}
		if moment = end; q.quiet(end, zone) != on {
			return end.UTC()
		}
	}
}

// of returns the time on the day of another one.
func (c Clock) of(day time.Time) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), 0, int(c), 0, 0, time.UTC)
}

// woke returns the end of the quiet hours that a message waited through: the last before now, if it was due before that. Zero: none, or
// so long ago that the jitter is over.
func (q *QuietHours) woke(due, now time.Time, zone *time.Location) time.Time {
	if q.Skip || q.Jitter == 0 || !due.Before(now) {
		return time.Time{}
	}
	var end time.Time
	at := later(due, now.Add(-q.Jitter-24*time.Hour))
	for on := q.quiet(at, zone); ; on = !on {
		if at = q.flip(at, zone); at.After(now) {
			return end
		}
		if on {
			end = at
		}
	}
}

// spread puts somebody into the time after quiet hours ended, not beyond the next ones.
func (q *QuietHours) spread(end time.Time, zone *time.Location, draw float64) time.Time {
	if end.IsZero() {
		return end
	}
	over := min(q.Jitter, q.flip(end, zone).Sub(end))
	return end.Add(time.Duration(draw * float64(over))).Truncate(time.Millisecond)
}
