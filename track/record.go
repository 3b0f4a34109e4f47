package track

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"germane/store"
)

// recorder writes events. Whoever has one waits until it is on disk; all that wait at a time share one transaction, which is what
// makes thousands a second possible. One goroutine writes. When the database fails, nobody waits: events stay in the queue and are
// written when it is back.
type recorder struct {
	store   store.Events
	log     *slog.Logger
	wake    chan struct{}        // something is in the queue
	stop    chan context.Context // closing: how long the last events may take
	stopped chan struct{}

	crowd bool // the last transaction was of several; the writing goroutine's own

	mu     sync.Mutex
	queue  []waiting // not written yet, oldest first
	away   bool      // the last attempt failed
	closed bool

	written map[string]*atomic.Int64 // by kind
	lost    atomic.Int64
}

// waiting is an event and who waits for it.
type waiting struct {
	event store.Event
	done  chan struct{} // closed when it is written or there is no point in waiting; nil: nobody waits any more
}

const (
	mostTogether = 512              // events in one transaction
	mostQueued   = 100_000          // some 50 MB
	patience     = 3 * time.Second  // how long a reader waits for an event to be written
	writeWithin  = 10 * time.Second // a transaction that takes longer is given up
	retryAfter   = time.Second
	// gather is how long those that the last transaction let go may take to come back: without it the first of them would have the
	// next transaction for itself. It is much shorter than one.
	gather = time.Millisecond
)

func newRecorder(s store.Events, log *slog.Logger) *recorder {
	r := &recorder{
		store: s, log: log, wake: make(chan struct{}, 1), stop: make(chan context.Context), stopped: make(chan struct{}),
		written: map[string]*atomic.Int64{store.EventClick: {}, store.EventOpen: {}, store.EventUnsubscribe: {}},
	}
	go r.run()
	return r
}

// record returns when the event is written, when the database is known to be away, or when that takes longer than a reader should
// wait. In the latter cases it is written later.
func (r *recorder) record(e store.Event) {
	done, wait := r.enqueue(e)
	if !wait {
		return
	}
	tired := time.NewTimer(patience)
	defer tired.Stop()
	select {
	case <-done:
	case <-tired.C:
	}
}

func (r *recorder) enqueue(e store.Event) (done <-chan struct{}, wait bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed || len(r.queue) >= mostQueued {
		r.lost.Add(1)
		return nil, false
	}
	w := waiting{event: e}
	if !r.away {
		w.done = make(chan struct{})
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
	r.queue = append(r.queue, w)
	return w.done, !r.away
}

// length is how many events are not written yet.
func (r *recorder) length() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.queue)
}

// close writes what is left, and ends the writing goroutine.
func (r *recorder) close(ctx context.Context) {
	r.mu.Lock()
	first := !r.closed
	r.closed = true
	r.mu.Unlock()
	if first {
		r.stop <- ctx
	}
	<-r.stopped
}

func (r *recorder) run() {
	defer close(r.stopped)
	retry := time.NewTicker(retryAfter)
	defer retry.Stop()
	for {
		select {
		case <-r.wake:
			if r.crowd {
				time.Sleep(gather)
			}
			r.write(context.Background())
		case <-retry.C:
			r.write(context.Background())
		case ctx := <-r.stop:
			r.write(ctx)
			r.leave()
			return
		}
	}
}

// write writes the queue until it is empty or the database fails.
func (r *recorder) write(ctx context.Context) {
	for {
		events := r.next()
		if len(events) == 0 {
			return
		}
		r.crowd = len(events) > 1
		within, cancel := context.WithTimeout(ctx, writeWithin)
		err := r.store.Record(within, events, judge)
		cancel()
		if err != nil {
			r.failed(err)
			return
		}
		r.succeeded(events)
	}
}

// next returns the oldest events of the queue, which stay in it.
func (r *recorder) next() []store.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	events := make([]store.Event, min(len(r.queue), mostTogether))
	for i := range events {
		events[i] = r.queue[i].event
	}
	return events
}

func (r *recorder) succeeded(events []store.Event) {
	for i := range events {
		r.written[events[i].Kind].Add(1)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	release(r.queue[:len(events)])
	if r.queue = r.queue[len(events):]; len(r.queue) == 0 {
		r.queue = nil // and its memory, which may be what a long outage needed
	}
	if r.away {
		r.log.Info("events are written again")
		r.away = false
	}
}

func (r *recorder) failed(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	release(r.queue)
	if !r.away {
		r.log.Error("events cannot be written and wait in memory", "err", err)
		r.away = true
	}
}

// release lets go of those who wait.
func release(queue []waiting) {
	for i := range queue {
		if queue[i].done != nil {
			close(queue[i].done)
			queue[i].done = nil
		}
	}
}

// leave says what could not be written before the end.
func (r *recorder) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	release(r.queue)
	if lost := int64(len(r.queue)) + r.lost.Load(); lost > 0 {
		r.log.Error("events are lost", "events", lost)
	}
}
