package track

import (
	"time"

	"germane/store"
)

// What tells machines from people by time. Scanners follow links as a mail comes in, all of them at once; what is measured from
// handing over leaves room for the way.
const (
	tooEarly     = 2 * time.Second  // after the mail arrived
	tooEarlySent = 10 * time.Second // after it was handed over

	atOnce      = 2 * time.Second
	burstAtOnce = 3 // distinct links within atOnce
	burstEarly  = 2 // the same, while the mail is younger than fresh
	fresh       = 10 * time.Minute

	inARow     = store.JudgedTogether
	burstInRow = 4 // distinct links within inARow
)

// judge labels clicks of one delivery, which are in the order of time, by when they came. It is a [store.Judge]. A label that is there
// stays: that more is known later makes nobody human.
func judge(mailed store.Mailed, clicks []store.Event) {
	for i := range clicks {
		if early(mailed, clicks[i].At) {
			label(&clicks[i], store.LabelEarly)
		}
	}
	for i := range clicks {
		enough := burstAtOnce
		if isFresh(mailed, clicks[i].At) {
			enough = burstEarly
		}
		burst(clicks[i:], atOnce, enough)
		burst(clicks[i:], inARow, burstInRow)
	}
}

func early(mailed store.Mailed, at time.Time) bool {
	return !mailed.Sent.IsZero() && at.Before(mailed.Sent.Add(tooEarlySent)) || !mailed.Arrived.IsZero() && at.Before(mailed.Arrived.Add(tooEarly))
}

func isFresh(mailed store.Mailed, at time.Time) bool {
	since := mailed.Arrived
	if since.IsZero() {
		since = mailed.Sent
	}
	return !since.IsZero() && at.Before(since.Add(fresh))
}

// burst labels the clicks within a time of the first one, if they follow enough distinct links. A link that a loop wrote several times
// is told apart by its fields.
func burst(clicks []store.Event, within time.Duration, enough int) {
	type place struct {
		link   int
		fields string
	}
	distinct, end := map[place]bool{}, 0
	for end < len(clicks) && clicks[end].At.Sub(clicks[0].At) <= within {
		distinct[place{clicks[end].Link, string(clicks[end].Fields)}] = true
		end++
	}
	if len(distinct) < enough {
		return
	}
	for i := range clicks[:end] {
		label(&clicks[i], store.LabelBurst)
	}
}

// label gives an event a label, unless it has one; early outweighs burst, as [store.LabelBurst] is the last of the list.
func label(e *store.Event, with string) {
	if e.Label == "" || e.Label == store.LabelBurst {
		e.Label = with
	}
}
