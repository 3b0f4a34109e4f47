package engine

import (
	"time"

	"germane/store"
)

// Judgement is a delivery whose clicks within a time are to be judged.
type Judgement struct {
	Run, Person int64
	Occasion    int
	From, To    time.Time
}

// Judgements returns one for each delivery that has a new click or arrived.
func Judgements(events []store.Event) []Judgement {
	type key struct {
		run, person int64
		occasion    int
	}
	var all []Judgement
	known := map[key]int{}
	for i := range events {
		e := &events[i]
		if e.Kind != store.EventClick && e.Kind != store.EventDelivery || e.Person == 0 || e.Run == 0 {
			continue
		}
		from, to := e.At.Add(-store.JudgedTogether), e.At.Add(store.JudgedTogether)
		if e.Kind == store.EventDelivery {
			from = time.Time{} // all that came before it
		}
		k := key{e.Run, e.Person, e.Occasion}
		at, ok := known[k]
		if !ok {
			at, known[k] = len(all), len(all)
			all = append(all, Judgement{e.Run, e.Person, e.Occasion, from, to})
		}
		if from.Before(all[at].From) {
			all[at].From = from
		}
		if to.After(all[at].To) {
			all[at].To = to
		}
	}
	return all
}
