package schedule

import (
	"fmt"
	"time"
)

// Occurrence is one due time of a campaign.
type Occurrence struct {
	Key              string    // its name: the local due time, "2027-03-28T02:30"; with the campaign it is unique
	Local            time.Time // the wall-clock time
	Earliest, Latest time.Time // when it is due in the first and in the last zone of its timetable

	cadence *Cadence
	next    time.Time      // the local due time after it; zero: none. LeftOut is asked about every person
	zone    *time.Location // nil: each person's own
}

const keyForm = "2006-01-02T15:04"

// ParseKey reads the local due time that an occurrence is named after.
func ParseKey(key string) (time.Time, bool) {
	local, err := time.Parse(keyForm, key)
	return local, err == nil && local.Format(keyForm) == key // Parse takes 9:00, too
}

// DueIn returns when the occurrence is due for people in a zone. Where everybody gets it at once, the zone does not matter.
func (o *Occurrence) DueIn(zone *time.Location) time.Time { return Instant(o.Local, o.zoneOf(zone)) }

// Deadline returns until when what was due at a moment may still be sent; zero: for ever.
func (o *Occurrence) Deadline(due time.Time) time.Time {
	if o.cadence.MaxLate == 0 {
		return time.Time{}
	}
	return due.Add(o.cadence.MaxLate)
}

// The reasons why people in a zone get no mail of an occurrence.
const (
	ReasonLate        = "late"         // max_late has passed
	ReasonMissed      = "missed"       // it came due while nothing was running, and catch_up leaves it out
	ReasonClockChange = "clock change" // clocks were put forward over it to where the next occurrence is
)

// grace is how late an occurrence may be looked at and still count as on time: a restart takes a moment.
const grace = 5 * time.Minute

// LeftOut says why people in a zone get no mail of this occurrence; "" when they do. planned is when its run was made (what is on time
// then stays on time, however long the run takes, until the deadline), now is when they would be mailed.
//
// Each zone is judged for itself: after a night's downtime an occurrence may be missed in Tokyo and still to come in Los Angeles.
// Whoever moved to a zone in which it was due already is not late: ask about them with the last zone in which it was due.
func (o *Occurrence) LeftOut(zone *time.Location, planned, now time.Time) string {
	due := o.DueIn(zone)
	deadline := o.Deadline(due)
	more, nextDue := !o.next.IsZero(), due
	if more {
		nextDue = Instant(o.next, o.zoneOf(zone))
	}
	switch missed := planned.Sub(due) > grace; {
	case more && nextDue.Equal(due):
		return ReasonClockChange
	case missed && o.cadence.CatchUp == CatchUpSkip:
		return ReasonMissed
	case missed && o.cadence.CatchUp == CatchUpLatest && more && !nextDue.After(planned):
		return ReasonMissed
	case !deadline.IsZero() && now.After(deadline):
		return ReasonLate
	}
	return ""
}

func (o *Occurrence) zoneOf(person *time.Location) *time.Location {
	if o.zone != nil {
		return o.zone
	}
	return person
}

// Timetable is a cadence in the zones where it matters.
type Timetable struct {
	cadence *Cadence
	zone    *time.Location   // nil: each person's own
	zones   []*time.Location // never empty
}

// Timetable returns when a cadence comes due. inUse are the zones that people live in; they count where the cadence is on each
// person's own clock.
func (c *Cadence) Timetable(workspace *time.Location, inUse []*time.Location) *Timetable {
	if workspace == nil {
		workspace = time.UTC
	}
	t := &Timetable{cadence: c, zone: c.Zone, zones: inUse}
	switch {
	case !c.Recipient && c.Zone == nil:
		t.zone = workspace
	case c.Recipient && len(inUse) == 0:
		t.zones = []*time.Location{workspace}
	}
	if t.zone != nil {
		t.zones = []*time.Location{t.zone}
	}
	return t
}

// Zones returns the zones in which the timetable has due times of its own.
func (t *Timetable) Zones() []*time.Location { return t.zones }

// Occurrence returns the occurrence of a key, as a run has it.
func (t *Timetable) Occurrence(key string) (Occurrence, error) {
	local, ok := ParseKey(key)
	if !ok {
		return Occurrence{}, fmt.Errorf("%.40q is not the local time of an occurrence", key)
	}
	return t.occurrence(local), nil
}

func (t *Timetable) occurrence(local time.Time) Occurrence {
	o := Occurrence{Key: local.Format(keyForm), Local: local, cadence: t.cadence, zone: t.zone}
	if next, more := t.cadence.after(local); more {
		o.next = next
	}
	for i, zone := range t.zones {
		due := Instant(local, zone)
		if i == 0 || due.Before(o.Earliest) {
			o.Earliest = due
		}
		if i == 0 || due.After(o.Latest) {
			o.Latest = due
		}
	}
	return o
}

// span is more than an occurrence's instants can differ from its wall-clock time: a clock far from UTC, and a day left out.
const span = farthest + 24*time.Hour

// Between calls yield with the occurrences that are due in some zone at or after from and before to, until it returns false.
func (t *Timetable) Between(from, to time.Time) func(yield func(Occurrence) bool) {
	return func(yield func(Occurrence) bool) {
		local, ok := t.cadence.after(from.UTC().Add(-span))
		for ; ok; local, ok = t.cadence.after(local) {
			o := t.occurrence(local)
			if !o.Earliest.Before(to) {
				return
			}
			if !o.Latest.Before(from) && !yield(o) {
				return
			}
		}
	}
}

// after returns the first local due time after a wall-clock time.
func (c *Cadence) after(wall time.Time) (time.Time, bool) {
	if c.OneOff() {
		return c.At, c.At.After(wall)
	}
	if wall.Before(c.Start) {
		wall = c.Start.Add(-1)
	}
	next := c.Spec.Next(wall)
	if next.IsZero() {
		// Next gives up after the fifth year; from one 29 February to the next it may be eight (2096, 2104).
		next = c.Spec.Next(time.Date(wall.Year()+6, 1, 1, 0, 0, 0, 0, time.UTC).Add(-1))
	}
	return next, !next.IsZero() && (c.End.IsZero() || next.Before(c.End))
}

// Times names the cadence's due times: two cadences with the same text have the same. When a deployment changes them, planning begins
// anew: see [Timetable.Begin].
func (c *Cadence) Times() string {
	text := c.Text
	switch {
	case c.Recipient:
		text += " recipient"
	case c.Zone != nil:
		text += " " + c.Zone.String()
	}
	if !c.Start.IsZero() {
		text += " from " + c.Start.Format(keyForm)
	}
	if !c.End.IsZero() {
		text += " until " + c.End.Format(keyForm)
	}
	return text
}
