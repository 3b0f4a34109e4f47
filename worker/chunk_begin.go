package worker

import (
	"context"
	"iter"
	"time"

	"germane/store"
)

// begin opens what is read from. A chunk that somebody had before has rows already.
func (k *chunkWork) begin(ctx context.Context) error {
	reading, giveUp := context.WithCancel(ctx)
	next, stop := iter.Pull2(k.w.Store.EachPerson(reading, k.chunk.People))
	k.next = func() (*store.Person, error, bool) {
		defer time.AfterFunc(longTime, giveUp).Stop()
		return next()
	}
	k.stop = func() { giveUp(); stop() }
	if when := &k.decider.when; k.chunk.Epoch == 1 && when.Closing == nil {
		return nil
	}
	rows, err := within(ctx, longTime, func(ctx context.Context) ([]*store.Delivery, error) {
		return k.w.Store.DeliveriesIn(ctx, k.chunk.Run, k.chunk.People)
	})
	if err != nil {
		return err
	}
	k.prior, k.again = make(map[int64]*store.Delivery, len(rows)), map[int64]*store.Delivery{}
	for _, d := range rows {
		if d.Chunk != k.chunk.No && d.State == store.Retry {
			d.State = store.Claimed // its own chunk tries again
		}
		if k.prior[d.Person] = d; d.State == store.Retry {
			k.again[d.Person] = d
		}
	}
	return nil
}

// gone ends the rows that are to be tried again of people who were erased meanwhile: nobody reads them any more, and with an open row
// the chunk would never be done.
func (k *chunkWork) gone() {
	for _, d := range k.again {
		j := k.job()
		*j = job{
			person: &store.Person{Number: d.Person}, at: k.w.Now(), fail: store.ReasonErased,
			decision: store.Decision{Person: d.Person, Occasion: d.Occasion, State: store.Claimed, Topic: k.content.Campaign.Topic.S},
		}
		k.ready = append(k.ready, j)
	}
	k.again = nil
}
