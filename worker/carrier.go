package worker

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"germane/store"
)

// Hint names a chunk that was ready when somebody looked. Nothing follows from it: who gets one tries to take the chunk.
type Hint struct {
	Run   int64
	Chunk int
	Epoch int64 // the chunk's, then: it is another one when somebody had it meanwhile
}

// Carrier brings hints to workers, on whichever machine. It may bring one twice, late, or not at all: whoever has nothing to do looks
// into the store, too.
type Carrier interface {
	// Offer has hints brought to somebody. Those that are on their way already are not offered twice.
	Offer(ctx context.Context, hints []Hint) error
	// Carry brings hints until the context ends, some at once; take returns when the next one is welcome.
	Carry(ctx context.Context, take func(ctx context.Context, h Hint)) error
}

// OfferReady offers the chunks that are ready: whoever has made a run calls it, so that nobody has to find them.
func OfferReady(ctx context.Context, s store.Chunks, c Carrier, now time.Time) error {
	_, err := offer(ctx, s, c, now)
	return err
}

// mostOffers is how many hints are offered at once. More are found when those are gone.
const mostOffers = 500

func offer(ctx context.Context, s store.Chunks, c Carrier, now time.Time) (ready int, err error) {
	chunks, err := s.ReadyChunks(ctx, now, mostOffers)
	if err != nil || len(chunks) == 0 {
		return 0, err
	}
	hints := make([]Hint, len(chunks))
	for i := range chunks {
		hints[i] = Hint{chunks[i].Run, chunks[i].No, chunks[i].Epoch}
	}
	return len(hints), c.Offer(ctx, hints)
}

// brought is a hint that waits for this worker.
type brought struct {
	Hint
	once sync.Once
	done chan struct{}
}

// end lets the carrier bring the next one.
func (b *brought) end() {
	if b != nil {
		b.once.Do(func() { close(b.done) })
	}
}

const (
	carryAgain = 5 * time.Second
	// hungry is how many looks in vain a worker waits for a carrier that has hints, before it takes chunks without it.
	hungry = 3
)

// carrying keeps the carrier at work.
func (w *Worker) carrying(ctx context.Context) {
	silent := false
	for ctx.Err() == nil {
		err := w.Carrier.Carry(ctx, w.bring)
		if err != nil && !silent && ctx.Err() == nil {
			w.Log.Warn("the queue does not work: chunks are looked for", "err", err)
		}
		silent = err != nil
		_ = pause(ctx, nil, carryAgain)
	}
}

// bring hands a hint to the worker, and returns when it wants the next one.
func (w *Worker) bring(ctx context.Context, h Hint) {
	b := &brought{Hint: h, done: make(chan struct{})}
	select {
	case w.hints <- b:
	case <-ctx.Done():
		return
	}
	select {
	case <-b.done:
	case <-ctx.Done():
	}
}

// rest waits until there is something to look at, or a hint is there and welcome. looks reports that it is time for a look, whatever hints
// there are: any number of them may be of what is not there.
func (w *Worker) rest(ctx context.Context, drain bool) (b *brought, looks bool, err error) {
	hints, wait := w.hints, tick
	if drain || !w.wantsMore() {
		hints = nil
	}
	if !w.Alone {
		wait = tick*3/4 + rand.N(tick/2) // so that many do not look at once
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return nil, false, ctx.Err()
	case b = <-hints:
	case <-w.wake:
	case <-timer.C:
	}
	if looks = time.Since(w.looked) >= wait; looks {
		w.looked = time.Now()
	}
	return b, looks, nil
}

// hinted takes the chunk of a hint, if it is still to be had.
func (w *Worker) hinted(ctx context.Context, h Hint) (*chunkWork, error) {
	ready, err := w.Store.Chunk(ctx, h.Run, h.Chunk)
	if errors.Is(err, store.ErrNotFound) { // the queue remembers more than a database that came from a backup
		return nil, nil
	}
	if err != nil || ready.Epoch != h.Epoch || ready.State != store.ChunkOpen {
		return nil, err
	}
	k, _, err := w.take(ctx, ready)
	if k != nil {
		w.vain = 0
	}
	return k, err
}

// uncarried offers what is ready. A carrier that takes no hints, or brings none, is not waited for.
func (w *Worker) uncarried(ctx context.Context) (*chunkWork, error) {
	ready, err := offer(ctx, w.Store, w.Carrier, w.clock())
	switch {
	case ready == 0:
		w.vain = 0
		return nil, err
	case err != nil:
		w.vain = hungry
	}
	if w.vain++; w.vain <= hungry {
		return nil, nil
	}
	if w.vain == hungry+1 && err != nil {
		w.Log.Warn("the queue takes no hints: chunks are taken without it", "ready", ready, "err", err)
	} else if w.vain == hungry+1 { // another worker has the hint: it is busy, or was killed and River will notice later
		w.Log.Info("chunks are ready whose hint another worker has, or had when it was killed: they are taken without it", "ready", ready)
	}
	return w.first(ctx)
}
