package schedule

import (
	"time"

	"germane/internal/document"
	"germane/internal/finding"
)

// Cap is the most messages a person may get in a time.
type Cap struct {
	Max      int
	Per      time.Duration
	Topic    finding.Text // counts only messages of this topic; empty: all
	Calendar bool         // counts whole days on the person's calendar instead of the hours before now
}

// ReadCaps reads the list of caps; the caller knows whether their topics exist.
func ReadCaps(r *document.Reader, items []*document.Node) []Cap {
	var caps []Cap
	for _, item := range items {
		fields := r.Map(item, "a cap")
		if item.Kind == document.Map {
			fields.Require("max", "this cap", "write how many messages are the most: {max: 2, per: 7d}")
			fields.Require("per", "this cap", "write in what time: {max: 2, per: 7d}")
		}
		limit := Cap{Calendar: fields.OneOf("window", "rolling", "rolling", "calendar") == "calendar"}
		limit.Topic, _ = fields.Text("topic")
		limit.Max = readCapMax(r, fields)
		limit.Per = readCapPer(r, fields, limit.Calendar)
		fields.Done("a cap")
		if limit.Max > 0 && limit.Per > 0 {
			caps = append(caps, limit)
		}
	}
	return caps
}

func readCapMax(r *document.Reader, fields *document.Fields) int {
	n, ok := fields.Int("max")
	if text, _ := fields.Text("max"); ok && (n < 1 || n > 1_000_000) {
		r.Add(text.Whole("out-of-range", "a cap is at least 1 message", "write a number such as 2; to mail nobody, stop the campaigns"))
		return 0
	}
	return int(n)
}

func readCapPer(r *document.Reader, fields *document.Fields, calendar bool) time.Duration {
	per, ok := fields.Duration("per")
	text, _ := fields.Text("per")
	switch {
	case !ok:
	case per < time.Hour || per > 366*24*time.Hour:
		r.Add(text.Whole("out-of-range", "a cap counts over at least an hour and at most a year", "write a time such as 1d or 7d"))
		return 0
	case calendar && per%(24*time.Hour) != 0:
		r.Add(text.Whole("out-of-range", "a calendar cap counts whole days", "write days or weeks, such as 1d or 1w"))
		return 0
	}
	return per
}

// QuietHours is when nobody is mailed, on each person's own clock. From may be later than To: the night.
type QuietHours struct {
	From, To Clock
	Skip     bool          // a message due in them is dropped; otherwise it is held until they end
	Jitter   time.Duration // held messages are spread over this time after To; 0: all at once
}

// ReadQuietHours reads quiet hours; nil when there are none, or none that can be read.
func ReadQuietHours(r *document.Reader, node *document.Node) *QuietHours {
	if node == nil {
		return nil
	}
	fields := r.Map(node, "quiet hours")
	var quiet QuietHours
	from, fromOK := fields.Text("from")
	to, toOK := fields.Text("to")
	fields.Require("from", "quiet_hours", `write when they begin: {from: "21:00", to: "08:00"}`)
	fields.Require("to", "quiet_hours", `write when they end: {from: "21:00", to: "08:00"}`)
	if fromOK {
		quiet.From, fromOK = readClock(r, from)
	}
	if toOK {
		quiet.To, toOK = readClock(r, to)
	}
	quiet.Skip = fields.OneOf("on", "hold", "hold", "skip") == "skip"
	quiet.Jitter, _ = fields.Duration("jitter")
	if text, ok := fields.Text("jitter"); ok && quiet.Jitter > 12*time.Hour {
		r.Add(text.Whole("out-of-range", "a jitter above 12 hours reaches into the next quiet hours", "write a time such as 15min"))
	}
	fields.Done("quiet_hours")
	if !fromOK || !toOK {
		return nil
	}
	if quiet.From == quiet.To {
		r.Add(to.Whole("out-of-range", "quiet hours that end when they begin are either never or always", "write two different times"))
		return nil
	}
	return &quiet
}
