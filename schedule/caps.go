package schedule

import "time"

const day = 24 * time.Hour

// CapSince is a cap for a message that is due at a moment: at most Max messages from Since on.
type CapSince struct {
	Topic string // counts only messages of this topic; "": all
	Max   int
	Since time.Time // the first moment that counts
}

// CapsSince returns the caps that a message of a topic must keep, for a person in a zone. All of them must hold, so the strictest
// wins; those that another one implies are left out.
//
// Messages count at the time they were due, and one that was due exactly Per before no longer counts. So a weekly campaign goes out
// every week under one message per 7d, wherever in a queue somebody stands. Whole days are measured on the person's clock, which makes
// the week in which clocks are put forward as long as any; other lengths are exact: see [Cap.OnEdge].
func CapsSince(caps []Cap, topic string, due time.Time, zone *time.Location) []CapSince {
	var list []CapSince
	for i := range caps {
		if c := &caps[i]; c.Topic.S == "" || c.Topic.S == topic {
			list = append(list, CapSince{c.Topic.S, c.Max, c.since(due, zone)})
		}
	}
	var strictest []CapSince
	for i, c := range list {
		if !impliedByAnother(list, i, c) {
			strictest = append(strictest, c)
		}
	}
	return strictest
}

// impliedByAnother reports a cap that holds whenever another of its scope does. Of two equal ones the first stays.
func impliedByAnother(list []CapSince, i int, c CapSince) bool {
	for j, other := range list {
		if j == i || other.Topic != c.Topic || other.Max > c.Max || other.Since.After(c.Since) {
			continue
		}
		if j < i || other.Max < c.Max || other.Since.Before(c.Since) {
			return true
		}
	}
	return false
}

// since returns the first moment that counts. Times are kept in milliseconds, so the one after "Per ago" is that much later.
func (c *Cap) since(due time.Time, zone *time.Location) time.Time {
	today := Shown(due, zone)
	switch {
	case !c.Calendar && c.Per%day == 0:
		since := Instant(today.Add(-c.Per), zone).Add(time.Duration(due.Nanosecond())) // an instant of a clock is in whole seconds
		return since.Truncate(time.Millisecond).Add(time.Millisecond)
	case !c.Calendar:
		return due.UTC().Truncate(time.Millisecond).Add(time.Millisecond - c.Per)
	}
	today = time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, time.UTC)
	return Instant(today.Add(day-c.Per), zone) // Per is in whole days, and today is one of them
}

// OnEdge reports a rolling cap that is exactly as long as a cadence takes for one message more than the cap allows, such as one per 12h
// for a campaign at 09:00 and 21:00. Whether the old message still counts is then decided by clock changes, unless the cap is in whole
// days, or the clocks are those of UTC.
func (c *Cap) OnEdge(topic string, cadence *Cadence) bool {
	const enough = 400 // occurrences, a year of a daily cadence: they repeat
	if c.Calendar || c.Per%day == 0 || c.Per <= time.Hour || cadence.OneOff() || c.Topic.S != "" && c.Topic.S != topic || c.Max > enough {
		return false
	}
	var locals []time.Time
	local, ok := cadence.after(later(cadence.Start, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)).Add(-1))
	for ; ok && len(locals) < enough+c.Max; local, ok = cadence.after(local) {
		if n := len(locals) - c.Max; n >= 0 && local.Sub(locals[n]) == c.Per {
			return true
		}
		locals = append(locals, local)
	}
	return false
}

// CapMemory returns for how long it must be known who was mailed, so that every cap can be counted.
func CapMemory(caps []Cap) time.Duration {
	longest := time.Duration(0)
	for i := range caps {
		longest = max(longest, caps[i].Per+span) // days with clock changes, and one that may be left out
	}
	return longest
}
