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
	bursts(clicks, atOnce, func(first time.Time) int {
		if isFresh(mailed, first) {
			return burstEarly
		}
		return burstAtOnce
	})
	bursts(clicks, inARow, func(time.Time) int { return burstInRow })
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

// bursts labels clicks that are within a time of the first of them and follow enough distinct links. A link that a loop wrote several
// times is told apart by its fields.
func bursts(clicks []store.Event, within time.Duration, enough func(first time.Time) int) {
	type place struct {
		link   int
		fields string
	}
	at := func(i int) place { return place{clicks[i].Link, string(clicks[i].Fields)} }
	distinct, end, labelled := map[place]int{}, 0, 0
	for i := range clicks {
		for end < len(clicks) && clicks[end].At.Sub(clicks[i].At) <= within {
			distinct[at(end)]++
			end++
		}
		if len(distinct) >= enough(clicks[i].At) {
			for labelled = max(labelled, i); labelled < end; labelled++ {
				label(&clicks[labelled], store.LabelBurst)
			}
		}
		if distinct[at(i)]--; distinct[at(i)] == 0 {
			delete(distinct, at(i))
		}
	}
}

// label gives an event a label, unless it has one; early outweighs burst, as [store.LabelBurst] is the last of the list.
func label(e *store.Event, with string) {
	if e.Label == "" || e.Label == store.LabelBurst {
		e.Label = with
	}
}
