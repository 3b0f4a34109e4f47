package worker

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"germane/schedule"
	"germane/send"
	"germane/store"
	"germane/token"
)

// Config is what a worker works with.
type Config struct {
	Store     store.Store
	Contents  *Contents
	Transport send.Transport
	Keys      *token.Keys
	Owner     string // this worker's name, on leases: no two that live have the same
	// Sender names the way out, without its secrets: workers whose way out is the same have its rate together, in shares of which they
	// agree in the store. "": nobody else sends by it.
	Sender  string
	Carrier Carrier // brings chunks; nil: they are looked for in the store
	// Alone says that no other worker uses the store: leases left by whoever came before are ended at once.
	Alone bool
	// Real delivery leaves this machine: without the database being armed, only Allowed addresses are mailed.
	Real    bool
	Allowed []string // patterns; see [Allowed]

	Concurrency int                    // sends in flight; at least 1
	WayOut      string                 // what receivers know mails by, beside the domain that they are from: whose days WarmUp counts
	WarmUp      *schedule.WarmUp       // nil: as many mails a day as there are
	Zone        *time.Location         // of WarmUp's days; nil: UTC
	DomainRates map[string]float64     // mails a second to recipients' domains
	Rate        float64                // mails a second of the sender, however many share it; 0: what the provider says, or no limit
	Lease       time.Duration          // how long chunks are kept by a worker that is gone; 0: 15 s
	FreeDisk    func() (uint64, error) // bytes; nil: nobody looks
	Backoff     time.Duration          // before the second try of a mail that a server did not want yet, and 60 times the shortest wait; 0: a minute
	Now         func() time.Time
	Log         *slog.Logger
	Alert       func(Alert) // nil: nobody wants to know; it must not block
	// Breaker stops campaigns of whose mail too much comes back; the zero value stops none.
	Breaker schedule.Breaker
}

// Worker takes chunks and sends. Make one with [New].
type Worker struct {
	Config
	rate   *send.Rate
	slots  chan *slot // those that are free
	sender sender
	gate   gate
	wake   chan struct{}
	hints  chan *brought
	asked  chan struct{}   // closed when the provider was asked for its limits, if it has any
	offset atomic.Int64    // from this machine's clock to the store's
	ending context.Context // ends a while after the worker was told to: until then results are written
	outage outage
	// One goroutine knows these.
	draining bool
	closing  time.Time // when runs are looked at next that may be over
	vain     int       // looks that found chunks which no hint had brought
	looked   time.Time // when the last one began
	warming  warming
	domains  *send.Domains

	departing atomic.Int64 // mails that hold a slot until their domain has room for them
	// versions of another germane, by hash: their runs are left to others. One goroutine knows them.
	foreign map[string]bool

	mu      sync.Mutex
	working map[chunkName]bool // chunks in hand: true while people of it are still to be claimed
	parked  map[chunkName]bool // those that are in hand only for people whose domains have no room
	back    time.Time          // when the last of those comes back that gave way to others
	guards  map[int64]*guard   // by run

	breakers breakers // one goroutine knows them
}

type chunkName struct {
	run int64
	no  int
}

// New makes a worker. Nothing happens before [Worker.Work].
func New(c Config) *Worker {
	limit := math.Inf(1)
	if c.Rate > 0 {
		limit = c.Rate
	}
	c.Concurrency, c.Backoff, c.Lease = max(c.Concurrency, 1), cmp.Or(c.Backoff, time.Minute), cmp.Or(c.Lease, 15*time.Second)
	c.Zone = cmp.Or(c.Zone, time.UTC)
	w := &Worker{
		Config: c, rate: send.NewRate(limit), slots: make(chan *slot, c.Concurrency), wake: make(chan struct{}, 1), hints: make(chan *brought), asked: make(chan struct{}),
		working: map[chunkName]bool{}, guards: map[int64]*guard{}, foreign: map[string]bool{},
		domains: send.NewDomains(c.DomainRates), parked: map[chunkName]bool{},
	}
	w.warming = warming{w: w, senders: map[string]*sendersDay{}}
	if c.Sender != "" {
		w.rate = send.NewSharedRate(limit)
	}
	w.sender.now, w.sender.second, w.gate.worker, w.breakers.worker = c.Now, w.second(), w, w
	for range c.Concurrency {
		w.slots <- &slot{letter: NewLetter(c.Keys)}
	}
	return w
}

const (
	tick      = time.Second    // how often the store is asked what has changed; the stop switch must work within 2 s
	grace     = 24 * time.Hour // how long a run settles
	maxOpen   = 8              // chunks in hand, nearly all of which only wait for their last answers
	maxParked = 4              // of those, chunks of which only people are left whose domains have no room
)

// Work takes chunks and sends their people, until the context ends: then it waits for what is in flight, and leaves nothing in doubt.
// With drain it returns when nothing is due any more. The error is the store's, when it did not answer. A worker works once.
func (w *Worker) Work(ctx context.Context, drain bool) error {
	if w.Alone {
		if _, err := w.Store.Sweep(ctx, w.clock(), true); err != nil {
			return fmt.Errorf("take over: %w", err)
		}
	}
	w.draining = drain
	defer w.begin(ctx)()
	for ctx.Err() == nil {
		done, err := w.shift(ctx, drain)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && drain && w.outage.hopeless():
			return err
		case err != nil:
			w.away(err)
		case done:
			return nil
		}
		pause(ctx, w.wake, tick)
	}
	return nil
}

// shift works until the gate is shut, or nothing is left to drain. Whenever it returns, no chunk is in hand.
func (w *Worker) shift(ctx context.Context, drain bool) (done bool, err error) {
	ctx, end := context.WithCancel(ctx)
	var chunks sync.WaitGroup
	defer func() { end(); chunks.Wait(); w.warming.settle(context.WithoutCancel(ctx)) }()
	var hint *brought
	defer func() { hint.end() }()
	for looks := true; ; {
		open, err := within(ctx, longTime, w.look)
		if err != nil || !open {
			return false, err
		}
		w.answers()
		started, err := w.start(ctx, &chunks, hint, looks || drain)
		if err != nil {
			return false, err
		}
		idle := !started && w.idle()
		if idle {
			w.warming.settle(ctx)
		}
		if w.closes(idle && (w.Alone || drain)) {
			if err := w.close(ctx); err != nil {
				return drain, err
			}
		}
		if idle && drain && !w.expects() {
			return true, nil
		}
		if hint, looks, err = w.rest(ctx, drain); err != nil {
			return false, nil
		}
	}
}

// look reports whether anything may be claimed.
func (w *Worker) look(ctx context.Context) (open bool, err error) {
	if open, err = w.gate.look(ctx); err != nil || !open {
		return false, err
	}
	return true, w.breakers.look(ctx)
}

// start takes a chunk, if there is one and nobody of those in hand waits to be claimed: that of a hint, or else one that a look finds.
func (w *Worker) start(ctx context.Context, chunks *sync.WaitGroup, hint *brought, looks bool) (started bool, err error) {
	defer func() {
		if !started {
			hint.end()
		}
	}()
	if !w.wantsMore() {
		return true, nil
	}
	k, err := within(ctx, longTime, func(ctx context.Context) (*chunkWork, error) {
		switch {
		case hint != nil:
			if k, err := w.hinted(ctx, hint.Hint); k != nil || err != nil || !looks {
				return k, err
			}
			return w.find(ctx)
		case w.Carrier == nil || looks:
			return w.find(ctx)
		}
		return nil, nil
	})
	if k == nil || err != nil {
		return false, err
	}
	k.hint = hint
	chunks.Go(func() {
		defer hint.end()
		k.work(ctx)
		w.leave(k.name())
	})
	return true, nil
}

// find takes a chunk that a look into the store finds. Leases that ran out are ended first.
func (w *Worker) find(ctx context.Context) (*chunkWork, error) {
	if !w.Alone {
		if _, err := w.Store.Sweep(ctx, w.clock(), false); err != nil {
			return nil, err
		}
	}
	if w.Carrier != nil && !w.draining {
		return w.uncarried(ctx)
	}
	return w.first(ctx)
}

// first takes the first chunk that is to be had. A run that cannot be worked on may have any number of ready ones, and others after
// them.
func (w *Worker) first(ctx context.Context) (*chunkWork, error) {
	left := map[int64]bool{} // runs that are left to others, or wait
	for limit := 2 * maxOpen; ; limit *= 8 {
		ready, err := w.Store.ReadyChunks(ctx, w.clock(), limit)
		if err != nil {
			return nil, err
		}
		for i := range ready {
			if left[ready[i].Run] {
				continue
			}
			k, none, err := w.take(ctx, &ready[i])
			if k != nil || err != nil {
				return k, err
			}
			left[ready[i].Run] = none
		}
		if len(ready) < limit {
			return nil, nil
		}
	}
}

func (w *Worker) wantsMore() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, claiming := range w.working {
		if claiming {
			return false
		}
	}
	return len(w.working) < maxOpen
}

func (w *Worker) idle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.working) == 0
}

// leave forgets a chunk that is no longer in hand.
func (w *Worker) leave(c chunkName) {
	w.mu.Lock()
	delete(w.working, c)
	delete(w.parked, c)
	w.mu.Unlock()
	w.Wake()
}

// tails notes that everybody of a chunk is claimed, or is aside: the next one may begin.
func (w *Worker) tails(c chunkName) {
	w.mu.Lock()
	w.working[c] = false
	w.mu.Unlock()
	w.Wake()
}

// Wake makes a worker look for chunks at once.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// pause waits for a time, a wake-up, or the context's end, which it returns as an error.
func pause(ctx context.Context, wake <-chan struct{}, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-wake:
	case <-timer.C:
	}
	return nil
}
