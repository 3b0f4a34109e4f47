package worker

import (
	"strings"
	"time"

	"germane/schedule"
	"germane/store"
)

// When is the time of a chunk's people.
type When struct {
	Due        time.Time            // of runs without an occurrence
	Planned    time.Time            // when the run was made
	Occurrence *schedule.Occurrence // nil: somebody sends by hand
	From       time.Time            // only people whose time is not before this; zero: all
	Zone       string               // only people in this time zone; "": all of them
	Closing    *time.Location       // only people who moved since the run was made; they are mailed with this zone, the last. Nil: not that
	Steps      bool                 // only people whom the rollout's step reaches first; otherwise those outside it are skipped
	After      time.Duration        // how much later than its first step this one is due
}

// ClosingZone begins the zone of chunks that look once more, when an occurrence was due everywhere, for those who moved meanwhile. The
// name of the last zone follows.
const ClosingZone = "*"

// sweepAfter is how long after the last zone that is.
const sweepAfter = time.Minute

// whenOf is the time of a chunk of a run. It comes out the same whenever the chunk is taken.
func whenOf(c *Content, run *store.Run, chunk *store.Chunk) When {
	w := When{Due: run.Due, Planned: run.Created, Zone: chunk.Zone}
	cadence := c.Campaign.Cadence
	if cadence == nil || run.Manual {
		return w
	}
	o, err := cadence.Timetable(c.Workspace.Config.TimeZone, nil).Occurrence(run.Occurrence)
	if err != nil {
		return w
	}
	w.Occurrence = &o
	if stepwise(c.Campaign) {
		w.Steps, w.After = true, time.Duration(chunk.Step)*c.Campaign.Rollout.Wait
	}
	if last, closing := strings.CutPrefix(chunk.Zone, ClosingZone); closing {
		w.Zone, w.Steps, w.Closing = "", false, schedule.NewZones(c.Workspace.Config.TimeZone).Of(last)
		w.After += sweepAfter
	}
	return w
}

// dueOf is when a chunk's people were to be mailed, however often it was put off since.
func dueOf(c *Content, run *store.Run, chunk *store.Chunk) time.Time {
	when := whenOf(c, run, chunk)
	return when.due(schedule.NewZones(c.Workspace.Config.TimeZone).Of(chunk.Zone))
}

// stepwise reports whether a campaign's rollout goes on by itself within one run.
func stepwise(c *schedule.Campaign) bool {
	return c.Cadence != nil && c.Cadence.OneOff() && len(c.Rollout.Steps) > 1
}

// includes reports whether a person is one of the chunk's, as far as time zones go.
func (w *When) includes(p *store.Person, zone *time.Location) bool {
	if w.Closing != nil {
		return !p.Moved.Before(w.Planned)
	}
	if !w.From.IsZero() && w.due(zone).Before(w.From) {
		return false
	}
	return w.Zone == "" || w.Zone == zone.String()
}

// due is when people in a zone were to be mailed.
func (w *When) due(zone *time.Location) time.Time {
	if w.Occurrence == nil {
		return w.Due
	}
	if w.Closing != nil {
		zone = w.Closing
	}
	return w.Occurrence.DueIn(zone).Add(w.After)
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
	if w.Occurrence == nil {
		return ""
	}
	if w.Closing != nil {
		zone = w.Closing
	}
	return w.Occurrence.LeftOut(zone, w.Planned, now.Add(-w.After))
}
