package worker

import (
	"time"

	"germane/schedule"
	"germane/store"
)

// When is the time of a chunk's people.
type When struct {
	Due        time.Time            // of people in no zone of their own, and of runs without an occurrence
	Planned    time.Time            // when the run was made
	Occurrence *schedule.Occurrence // nil: somebody sends by hand
	Zone       string               // only people in this time zone; "": all of them
	Closing    bool                 // everybody who has no row yet, because they moved to another zone
	Steps      bool                 // only people whom the rollout's step reaches first; otherwise those outside it are skipped
}

// closingZone marks the chunks that look once more at everybody, when an occurrence was due in the last zone.
const closingZone = "*"

// whenOf is the time of a chunk of a run.
func whenOf(c *Content, run *store.Run, chunk *store.Chunk) When {
	w := When{Due: run.Due, Planned: run.Created, Zone: chunk.Zone, Steps: stepwise(c.Campaign) && !run.Manual}
	if chunk.Step > 0 && w.Steps {
		w.Due = chunk.NotBefore
	}
	if w.Closing = chunk.Zone == closingZone; w.Closing {
		w.Zone, w.Due = "", chunk.NotBefore
	}
	if cadence := c.Campaign.Cadence; cadence != nil && !run.Manual {
		if o, err := cadence.Timetable(c.Workspace.Config.TimeZone, nil).Occurrence(run.Occurrence); err == nil {
			w.Occurrence = &o
		}
	}
	return w
}

// stepwise reports whether a campaign's rollout goes on by itself within one run.
func stepwise(c *schedule.Campaign) bool {
	return c.Cadence != nil && c.Cadence.OneOff() && len(c.Rollout.Steps) > 1
}

func (w *When) includes(zone *time.Location) bool { return w.Zone == "" || w.Zone == zone.String() }

// due is when people in a zone were to be mailed.
func (w *When) due(zone *time.Location) time.Time {
	if w.Occurrence == nil || w.Closing || w.Steps {
		return w.Due
	}
	return w.Occurrence.DueIn(zone)
}

// deadline is until when what was due at a time may be sent; zero: for ever.
func (w *When) deadline(due time.Time) time.Time {
	if w.Occurrence == nil {
		return time.Time{}
	}
	return w.Occurrence.Deadline(due)
}

// late says why people in a zone get no mail any more; "" when they do.
func (w *When) late(zone *time.Location, now time.Time) string {
	switch {
	case w.Occurrence == nil:
		return ""
	case w.Closing || w.Steps:
		if end := w.deadline(w.Due); !end.IsZero() && now.After(end) {
			return schedule.ReasonLate
		}
		return ""
	}
	return w.Occurrence.LeftOut(zone, w.Planned, now)
}
