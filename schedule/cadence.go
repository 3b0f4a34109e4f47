package schedule

import (
	"fmt"
	"time"

	"github.com/robfig/cron/v3"

	"germane/internal/document"
	"germane/internal/finding"
)

// CatchUp says what happens to occurrences that came due while nothing was running.
type CatchUp string

// The default is to send the latest missed occurrence, if it is not later than MaxLate.
const (
	CatchUpSkip   CatchUp = "skip"
	CatchUpLatest CatchUp = "latest"
	CatchUpAll    CatchUp = "all"
)

// Cadence is when a campaign comes due. Exactly one of Spec and At is set. All its times are wall-clock times: they are on the
// clock of Zone, or on each person's own; their location (UTC) means nothing.
type Cadence struct {
	Text  string             // as written: "monday 09:00", "0 9 * * MON", "2027-03-01 09:00"
	Place finding.Text       // where that is written
	Spec  *cron.SpecSchedule // recurring; its Next uses the location of the time it is given
	At    time.Time          // one-off

	Recipient bool           // each person's own zone counts
	Zone      *time.Location // nil and not Recipient: the workspace's
	Start     time.Time      // no occurrence before; zero: none
	End       time.Time      // no occurrence at or after; zero: none
	CatchUp   CatchUp
	MaxLate   time.Duration // an occurrence later than this is not sent; 0: any delay
}

// OneOff reports whether the campaign comes due once only.
func (c *Cadence) OneOff() bool { return c.Spec == nil }

// readCadence returns nil when the cadence has no readable due time.
func readCadence(r *document.Reader, node *document.Node) *Cadence {
	if node.Kind == document.Scalar {
		r.Add(node.Text.Whole("wrong-shape", "cadence is a mapping of keys to values, but this is a value", fmt.Sprintf("write cadence: {every: %s}", node.Text.S)))
		return nil
	}
	fields := r.Map(node, "a cadence")
	c := &Cadence{}
	due := c.readDue(r, fields)
	c.readZone(r, fields)
	c.readBounds(r, fields)
	c.CatchUp = CatchUp(fields.OneOf("catch_up", string(CatchUpLatest), string(CatchUpSkip), string(CatchUpLatest), string(CatchUpAll)))
	c.MaxLate, _ = fields.Duration("max_late")
	if fields.Get("at") != nil && fields.Get("every") == nil && fields.Get("cron") == nil {
		refuseForOneOff(r, fields)
	}
	fields.Done("a cadence")
	if !due {
		return nil
	}
	return c
}

// readDue reads the one key of every, cron and at that is there.
func (c *Cadence) readDue(r *document.Reader, fields *document.Fields) bool {
	var found []string
	for _, key := range []string{"every", "cron", "at"} {
		if fields.Get(key) != nil {
			found = append(found, key)
		}
	}
	switch {
	case len(found) == 0:
		r.Add(fields.Node().Text.At(0, 1, "missing-key", "this cadence does not say when the campaign comes due", "write every: monday 09:00, or cron: 0 9 * * MON, or for a single time at: 2027-03-01 09:00"))
		return false
	case len(found) > 1:
		r.Add(fields.Key(found[1]).Whole("bad-cadence", fmt.Sprintf("this cadence has both %s and %s", found[0], found[1]), "keep one of them"))
		return false
	}
	text := uncommented(fields, found[0])
	if text.S == "" {
		return false
	}
	c.Text, c.Place = text.S, text
	ok := false
	switch found[0] {
	case "every":
		c.Spec, ok = readEvery(r, text)
	case "cron":
		c.Spec, ok = readCron(r, text)
	case "at":
		c.At, _, ok = readMoment(r, text, false)
	}
	return ok
}

func (c *Cadence) readZone(r *document.Reader, fields *document.Fields) {
	text, ok := fields.Text("time_zone")
	switch {
	case !ok:
	case text.S == "recipient":
		c.Recipient = true
	default:
		if c.Zone = ReadZone(r, text); c.Zone == nil {
			last := &r.Findings[len(r.Findings)-1]
			last.Hint += "; or recipient for each person's own"
		}
	}
}

func (c *Cadence) readBounds(r *document.Reader, fields *document.Fields) {
	if text, ok := fields.Text("start"); ok {
		c.Start, _, _ = readMoment(r, text, true)
	}
	text, ok := fields.Text("end")
	if !ok {
		return
	}
	end, isDate, ok := readMoment(r, text, true)
	if !ok {
		return
	}
	if isDate {
		end = end.AddDate(0, 0, 1) // the day itself is still part of it
	}
	c.End = end
	if !c.Start.IsZero() && !c.End.After(c.Start) {
		r.Add(text.Whole("bad-cadence", "the cadence ends before it starts", "write an end after "+c.Start.Format(minuteForm)))
	}
}

// refuseForOneOff reports keys that only make sense when there are several occurrences.
func refuseForOneOff(r *document.Reader, fields *document.Fields) {
	for _, key := range []string{"catch_up", "start", "end"} {
		if fields.Get(key) != nil {
			r.Add(fields.Key(key).Whole("bad-cadence", key+" has no meaning for a campaign that comes due once", "leave it out; max_late says how late it may still be sent"))
		}
	}
}

// neverDue reports a spec without any occurrence, such as the 30th of February.
func neverDue(spec *cron.SpecSchedule) bool {
	// Next gives up after five years; the date is any one with a 29 February within them.
	return spec.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero()
}
