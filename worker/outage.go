package worker

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"germane/store"
)

// Nobody waits for the store without an end: a connection that the network has forgotten says nothing, for ever.
const (
	lookTime   = 10 * time.Second       // how long small questions are waited for
	longTime   = time.Minute            // and large ones
	stepTime   = 10 * time.Second       // how long a step is waited for; then nobody knows what became of it
	firstRetry = 100 * time.Millisecond // of what was not written; then twice that, and so on
	lastRetry  = 2 * time.Second
	parting    = 30 * time.Second // how long results are kept by a worker that was told to end
	sayAgain   = time.Minute      // how long nothing more is said of a store that answers now and then, as one does that only reads
)

// outage is whether the store answers, as far as anybody has noticed.
type outage struct {
	mu       sync.Mutex
	since    time.Time // when somebody first got no answer; zero: it answers
	said     time.Time // when that was last said
	answered bool      // at least once
}

// hopeless reports that somebody who wants to end need not wait for the store.
func (o *outage) hopeless() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.answered || !o.since.IsZero() && time.Since(o.since) > parting
}

// away notes that the store did not answer, and says so once.
func (w *Worker) away(err error) {
	w.outage.mu.Lock()
	defer w.outage.mu.Unlock()
	now := time.Now()
	if w.outage.since.IsZero() {
		w.outage.since = now
	}
	if said := w.outage.said; said.Before(w.outage.since) && (said.IsZero() || now.Sub(said) > sayAgain) {
		w.outage.said = now
		w.Log.Error("the database does not answer: nothing is sent, and what came of mails is kept until it does", "err", err)
	}
}

// answers notes that the store does.
func (w *Worker) answers() {
	w.outage.mu.Lock()
	defer w.outage.mu.Unlock()
	if w.outage.answered = true; w.outage.since.IsZero() {
		return
	}
	if !w.outage.said.Before(w.outage.since) {
		w.Log.Info("the database answers again", "after", time.Since(w.outage.since).Round(time.Second))
	}
	w.outage.since = time.Time{}
}

// within asks something that may take so long.
func within[T any](ctx context.Context, most time.Duration, ask func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	return ask(ctx)
}

// begin starts what goes on beside the chunks; the function that it returns ends it. What has to be written may be written for a while
// after the context's end.
func (w *Worker) begin(ctx context.Context) (end func()) {
	ending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	w.ending = ending
	stop := context.AfterFunc(ctx, func() {
		_ = pause(ending, nil, parting)
		cancel()
	})
	beside, done := context.WithCancel(ending)
	var others sync.WaitGroup
	if w.Sender != "" {
		others.Go(func() { w.sharing(beside) })
	}
	if w.Carrier != nil && !w.draining {
		others.Go(func() { w.carrying(ctx) })
	}
	return func() {
		stop()
		done()
		others.Wait()
		cancel()
	}
}

// write offers what came of mails to the store once. What the store has by then, it keeps as it is.
func (k *chunkWork) write() error {
	ctx, cancel := context.WithTimeout(context.Background(), stepTime) // a result that is not written is a mail in doubt
	defer cancel()
	began := time.Now()
	_, err := k.w.Store.Step(ctx, &store.Step{Lease: k.lease(), Pin: k.pin, Now: k.w.Now(), Until: k.w.clock().Add(k.w.Lease), Results: k.results})
	switch {
	case err == nil:
		k.extended(began)
	case errors.Is(err, store.ErrLost), errors.Is(err, store.ErrNotFound):
		k.lost = true
	default:
		return err
	}
	k.results = k.results[:0]
	return nil
}

// settle writes results for as long as the process lives. Until they are written their slots are taken: there are never more.
func (k *chunkWork) settle() bool {
	return k.w.insist(func() error {
		if len(k.results) == 0 {
			return nil
		}
		return k.write()
	}, func(err error) {
		k.w.Log.Error("results are lost: those mails are in doubt", "run", k.chunk.Run, "mails", len(k.results), "err", err)
	})
}

// insist does something until it is done, or the worker's end is over; then it calls lost.
func (w *Worker) insist(do func() error, lost func(error)) bool {
	for wait := firstRetry; ; wait = min(2*wait, lastRetry) {
		err := do()
		if err == nil {
			w.answers()
			return true
		}
		w.away(err)
		if pause(w.ending, nil, wait/2+rand.N(wait)) != nil {
			lost(err)
			return false
		}
	}
}
