package track

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"germane/store"
)

// SoftBounces is when a mailbox that should take mail later never does: after so many bounces within a time, and no delivery between
// them.
type SoftBounces struct {
	Most   int // 0: no number is too many
	Within time.Duration
}

// count says whether a person's last soft bounces are too many, and since when. What came before a delivery, or before somebody lifted
// a suppression, is over. It depends on nothing but the events, in their order.
func (s SoftBounces) count(events []store.Event) (since time.Time, ok bool) {
	if s.Most <= 0 {
		return since, false
	}
	var row []time.Time
	for i := range events {
		switch e := &events[i]; {
		case e.Kind != store.EventSoftBounce:
			row = row[:0]
		case ofMailbox(e):
			row = append(row, e.At)
		}
	}
	for last := s.Most - 1; last < len(row); last++ {
		if row[last].Sub(row[last-s.Most+1]) <= s.Within {
			return row[last], true
		}
	}
	return since, false
}

// ofMailbox reports whether a soft bounce says something of the mailbox: others are about the mail or its sender.
func ofMailbox(e *store.Event) bool {
	var fields struct{ Subtype, Status string }
	if json.Unmarshal(e.Fields, &fields) != nil {
		return true // there are none
	}
	ofMail := []string{"ContentRejected", "AttachmentRejected", "MessageTooLarge"}
	return !slices.Contains(ofMail, fields.Subtype) && !strings.HasPrefix(fields.Status[min(1, len(fields.Status)):], ".7.")
}
