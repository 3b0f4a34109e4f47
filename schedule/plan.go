package schedule

import (
	"slices"
	"time"
)

// Plan is what is to be done about a campaign's occurrences at a moment.
type Plan struct {
	Due    []Occurrence // to make a run of now, oldest first
	Missed []Missed     // left out, oldest first
	Older  int          // missed before those: more than are told one by one
	Until  time.Time    // remember this: what is due up to this local time is in Due or left out
	Begins bool         // planning begins: of Due, only those are mailed whose time is still to come
	Wake   time.Time    // when the next occurrence is due in its first zone; zero: never
}

// Missed is an occurrence that is due by now in some zone and is sent in none.
type Missed struct {
	Occurrence
	Why string // ReasonLate, ReasonMissed or ReasonClockChange
}

const (
	// maxBehind bounds how many occurrences are looked at one by one. It is more than a minute's cadence has between the first and the last
	// zone of the Earth.
	maxBehind = 2000
	// longestBehind is how long ago occurrences are looked for at all.
	longestBehind = 366 * 24 * time.Hour
)

// Begin returns the local times that the first and the last of the timetable's zones have passed at a moment. A new campaign, or one
// whose cadence changed, starts after the first: where an occurrence was due before it is not made up for, but nobody who lives
// further west misses theirs.
func (t *Timetable) Begin(now time.Time) (first, last time.Time) {
	first = passed(now, t.zones[0])
	last = first
	for _, zone := range t.zones[1:] {
		local := passed(now, zone)
		if last = later(last, local); local.Before(first) {
			first = local
		}
	}
	return first, last
}

// passed returns the latest time that the clocks of a zone have shown: what they show, or, when they were just put back, what they
// showed before that.
func passed(now time.Time, zone *time.Location) time.Time {
	shown := Shown(now, zone)
	if start, _ := now.In(zone).ZoneBounds(); !start.IsZero() && now.Sub(start) < farthest {
		shown = later(shown, Shown(start.Add(-time.Second), zone))
	}
	return shown.Truncate(time.Second)
}

// Plan says which occurrences need a run at a moment. until is what the last plan told to remember: a local time and not an instant,
// so that nothing is lost or planned twice when people in other zones come or the campaign's zone changes. Without one, planning
// begins: due is only what is still to come in some zone.
//
// Occurrences are due with their first zone. Those nobody would be mailed for any more, because of catch_up or max_late, are missed.
func (t *Timetable) Plan(until, now time.Time) Plan {
	first, last := t.Begin(now)
	p := Plan{Begins: until.IsZero()}
	if p.Begins {
		until = first
	}
	p.Until = later(until, last)
	var locals []time.Time
	locals, p.Older, p.Wake = t.behind(until, now)
	for _, local := range locals {
		o := t.occurrence(local)
		if why := t.leftOut(&o, now); why != "" {
			p.Missed = append(p.Missed, Missed{o, why})
		} else {
			p.Due = append(p.Due, o)
		}
	}
	return p
}

// behind returns the last of the local times after until that are due, how many came before those, and when the next is due.
func (t *Timetable) behind(until, now time.Time) (locals []time.Time, older int, wake time.Time) {
	if first := now.UTC().Add(-longestBehind); until.Before(first) {
		until = first
	}
	certain := now.UTC().Add(-span) // due everywhere, without looking at each zone
	for local, ok := t.cadence.after(until); ok; local, ok = t.cadence.after(local) {
		if !local.Before(certain) {
			if o := t.occurrence(local); o.Earliest.After(now) {
				wake = o.Earliest
				break
			}
		}
		if locals = append(locals, local); len(locals) > maxBehind {
			locals = locals[1:]
			older++
		}
	}
	return locals, older, wake
}

// leftOut says why an occurrence is sent in no zone; "" when it is in some.
func (t *Timetable) leftOut(o *Occurrence, now time.Time) string {
	why := ""
	if slices.ContainsFunc(t.zones, func(zone *time.Location) bool {
		why = o.LeftOut(zone, now, now)
		return why == ""
	}) {
		return ""
	}
	return why
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
