package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"germane/store"
)

// chunkWork is a chunk in hand. One goroutine owns it: it decides about people, claims as many as there are free slots, and writes
// down what became of them, claims and results in one transaction.
type chunkWork struct {
	w       *Worker
	content *Content
	chunk   *store.Chunk
	pin     int // of the run's version that content is
	guard   *guard
	decider *decider

	prior map[int64]*store.Delivery // rows from before it was taken
	again map[int64]*store.Delivery // those of them that are to be tried again, until their people are read
	next  func() (*store.Person, error, bool)
	stop  func()

	free  []*job // for use again
	ready []*job // to be claimed
	rows  []*job // skipped or held out: they need no slot
	later []*job // to be tried again
	aside []line // whose domains have no room just now
	ended bool   // everybody was read

	done    chan outcome
	flying  int
	results []store.Result
	held    []*slot       // those of results that are not written yet: until then their rows are open, and nobody else may open one
	written time.Time     // when the lease was last extended
	took    time.Duration // of the last step
	quick   bool          // mails come back sooner than a step is done
	term    term
	hint    *brought    // that brought it here; nil: none did
	day     *sendersDay // nil: nothing limits the sender's day
	token   bool        // of the rate, which nobody could use yet

	lost   bool // the lease, or the run does not go on
	broken bool // a step failed: what it claimed is not known
	tailed bool
	waits  bool // the sender may send nothing more for now
}

const (
	readAhead  = 64               // people decided before there is room for them
	rowBatch   = 250              // rows without a mail that are written together
	nearFuture = 2 * time.Second  // tries sooner than this are waited for with the chunk in hand
	holdPause  = 30 * time.Second // between two looks at a chunk with people who are held: each look reads everybody in it
)

// take leases a chunk; nil when it is not to be had: somebody else has it, or its time has not come. Nor are others of its run, if that is
// foreign, so that this program cannot read it, or its sender has sent all it may.
func (w *Worker) take(ctx context.Context, ready *store.Chunk) (_ *chunkWork, none bool, err error) {
	name := chunkName{ready.Run, ready.No}
	w.mu.Lock()
	_, ours := w.working[name]
	w.mu.Unlock()
	if ours {
		return nil, false, nil
	}
	run, err := w.Store.Run(ctx, ready.Run)
	if err != nil {
		return nil, false, err
	}
	if w.foreign[run.Version] {
		return nil, true, nil
	}
	content, err := w.Contents.Campaign(ctx, run.Version, run.Campaign)
	switch {
	case errors.Is(err, ErrFormat):
		w.Log.Warn("a run is left to others", "run", run.ID, "err", err)
		w.foreign[run.Version] = true
		return nil, true, nil
	case err != nil && unusable(err):
		w.halt(run.ID, store.RunStopped, brief(err.Error()))
		return nil, false, nil
	case err != nil:
		return nil, false, err
	case w.Real && content.base == "":
		w.halt(run.ID, store.RunStopped, fmt.Sprintf("without public_url nobody could unsubscribe; set it in germane.yaml, then `germane deploy` and `germane runs repin %d`", run.ID))
		return nil, false, nil
	}
	if until, err := w.warming.of(content.domain).holds(ctx, content, run, ready); err != nil || !until.IsZero() {
		return nil, true, err
	}
	if may, again, err := w.mayBegin(ctx, content, run, ready); err != nil || !may {
		return nil, false, errors.Join(err, w.putOff(ctx, ready, again))
	}
	began, now := time.Now(), w.clock()
	chunk, err := w.Store.TakeChunk(ctx, ready.Run, ready.No, w.Owner, now, now.Add(w.Lease))
	if errors.Is(err, store.ErrLost) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	k := &chunkWork{
		w: w, content: content, chunk: chunk, pin: run.Pin, guard: w.guard(ready.Run), decider: newDecider(content, whenOf(content, run, chunk), w.rules(chunk.Step)),
		done: make(chan outcome, w.Concurrency), term: term{lasts: w.Lease}, day: w.warming.of(content.domain),
	}
	k.extended(began)
	w.mu.Lock()
	w.working[name] = true
	w.mu.Unlock()
	return k, false, nil
}

// extended notes that the lease was, by somebody who began to ask for it at a time.
func (k *chunkWork) extended(began time.Time) {
	k.written = k.w.Now()
	k.term.extend(began)
}

func (k *chunkWork) name() chunkName { return chunkName{k.chunk.Run, k.chunk.No} }

func (k *chunkWork) lease() store.Lease {
	return store.Lease{Run: k.chunk.Run, Chunk: k.chunk.No, Epoch: k.chunk.Epoch}
}

// work sends a chunk's people, until all have their rows, or the context ends, or the run does not go on.
func (k *chunkWork) work(ctx context.Context) {
	defer k.leave()
	if err := k.begin(ctx); err != nil {
		k.fail("read what was done before", err)
	}
	defer k.stop()
	for !k.halted(ctx) && !k.finished() {
		if err := k.turn(ctx); err != nil && ctx.Err() == nil {
			k.fail("work on a chunk", err)
		}
	}
}

func (k *chunkWork) fail(what string, err error) {
	k.broken = true
	k.w.Log.Error(what, "run", k.chunk.Run, "chunk", k.chunk.No, "err", err)
}

func (k *chunkWork) halted(ctx context.Context) bool {
	return k.lost || k.broken || k.waits || ctx.Err() != nil
}

// turn is one step: what came back is noted, people are decided, and as many as there is room for are claimed.
func (k *chunkWork) turn(ctx context.Context) error {
	k.collect()
	if err := k.read(); err != nil {
		return err
	}
	k.revive()
	claims, slots, err := k.room(ctx)
	if err != nil {
		return err
	}
	due := k.w.Now().Sub(k.written) >= k.w.renewal()
	if len(claims) > 0 || len(k.results) > 0 || due || len(k.rows) >= rowBatch || k.ended && len(k.rows) > 0 {
		return k.step(ctx, claims, slots)
	}
	k.unhold()
	if !k.finished() && (k.ended || len(k.ready) > 0) {
		k.wait(ctx)
	}
	return nil
}

// collect takes the outcomes that are there. When all slots are in use, and mails come back sooner than a step is done, it waits a moment
// for those in flight: a step for the first alone would keep all others waiting.
func (k *chunkWork) collect() {
	k.arrived()
	if !k.quick || len(k.results) == 0 || len(k.w.slots) > 0 {
		return
	}
	enough := time.NewTimer(min(k.took/2, longestMoment))
	defer enough.Stop()
	for k.flying > 0 && k.quick {
		select {
		case o := <-k.done:
			k.note(&o)
		case <-enough.C:
			return
		}
	}
}

// longestMoment is for how long outcomes are gathered at most.
const longestMoment = 5 * time.Millisecond

func (k *chunkWork) arrived() {
	for {
		select {
		case o := <-k.done:
			k.note(&o)
		default:
			return
		}
	}
}

func (k *chunkWork) note(o *outcome) {
	k.flying--
	k.quick = o.took < k.took
	k.held = append(k.held, o.slot)
	result, again := k.judge(o)
	if result.State == store.Retry || o.failed != "" {
		k.day.giveBack(o.job.day)
	}
	k.results = append(k.results, result)
	if result.State == store.Retry {
		o.job.again = k.w.Now().Add(again)
		k.later = append(k.later, o.job)
		return
	}
	k.free = append(k.free, o.job)
}

// read decides about people until enough wait.
func (k *chunkWork) read() error {
	for !k.ended && len(k.ready) < readAhead && len(k.rows) < rowBatch {
		p, err, ok := k.next()
		if !ok {
			k.ended = true
			k.gone()
			break
		}
		if err != nil {
			return err
		}
		delete(k.again, p.Number)
		k.decide(p)
	}
	if k.ended && len(k.ready) == 0 && !k.tailed {
		k.tailed = true
		k.w.tails(k.name())
		k.hint.end()
	}
	return nil
}

func (k *chunkWork) decide(p *store.Person) {
	prior := k.prior[p.Number]
	if prior != nil && prior.State != store.Retry {
		return
	}
	j := k.job()
	member := k.decider.decide(j, p, k.w.Now())
	switch {
	case prior != nil && !(member && j.decision.State == store.Claimed):
		// It was claimed once, and so must end as sent or failed.
		j.fail = cmp.Or(j.decision.Reason, "no longer in the audience")
		j.decision.State, j.decision.Reason = store.Claimed, ""
		k.ready = append(k.ready, j)
	case prior != nil && isReply(prior.Reason) && k.w.Now().Before(prior.Done.Add(k.w.delay(prior.Attempt))):
		j.attempt, j.again = prior.Attempt, prior.Done.Add(k.w.delay(prior.Attempt))
		k.later = append(k.later, j)
	case !member:
		k.free = append(k.free, j)
	case j.again.After(j.at) && j.decision.State != store.Skipped:
		k.later = append(k.later, j)
	case j.decision.State == store.Claimed:
		k.ready = append(k.ready, j)
	default:
		k.rows = append(k.rows, j)
	}
}

func (k *chunkWork) job() *job {
	if last := len(k.free) - 1; last >= 0 {
		j := k.free[last]
		k.free = k.free[:last]
		return j
	}
	return &job{}
}

// revive makes those ready whose time has come again. Who was only held, or set aside for a while, is decided about anew.
func (k *chunkWork) revive() {
	now := k.w.Now()
	held := k.stale(now)
	k.later = slices.DeleteFunc(k.later, func(j *job) bool {
		switch {
		case now.Before(j.again):
			return false
		case j.attempt == 0:
			held = append(held, j.person)
			k.free = append(k.free, j)
		default:
			k.ready = append(k.ready, j)
		}
		return true
	})
	for _, p := range held {
		k.decide(p)
	}
}

// step writes results and claims, and lets those go that are claimed.
func (k *chunkWork) step(ctx context.Context, claims []*job, slots []*slot) error {
	began := time.Now()
	s := &store.Step{Lease: k.lease(), Pin: k.pin, Now: k.w.Now(), Until: k.w.clock().Add(k.w.Lease), Results: k.results}
	for _, list := range [][]*job{claims, k.rows} {
		for _, j := range list {
			s.Decisions = append(s.Decisions, j.decision)
		}
	}
	waiting, cancel := context.WithTimeout(context.WithoutCancel(ctx), stepTime)
	defer cancel()
	decided, err := k.w.Store.Step(waiting, s)
	if err != nil {
		k.held = append(k.held, slots...)
		return k.unclaimed(err, claims)
	}
	k.results = k.results[:0]
	k.extended(began)
	k.took = time.Since(began)
	k.free, k.rows = append(k.free, k.rows...), k.rows[:0]
	for i, j := range claims {
		k.claimed(ctx, j, slots[i], &decided[i])
	}
	k.unhold()
	return nil
}

// unclaimed notes that claims were not made, or that nobody knows. If they were, it is certain that their mails were not sent: written as
// results, that is true of whichever of them there are.
func (k *chunkWork) unclaimed(err error, claims []*job) error {
	for _, j := range claims {
		k.drop(j)
	}
	if errors.Is(err, store.ErrLost) {
		k.results, k.lost = k.results[:0], true
		return nil
	}
	for _, j := range claims {
		k.results = append(k.results, store.Result{Person: j.person.Number, Occasion: j.decision.Occasion, State: store.Retry, Reason: reasonNotOffered, At: k.w.Now()})
	}
	return err
}

// claimed lets a job go, if it is ours.
func (k *chunkWork) claimed(ctx context.Context, j *job, s *slot, d *store.Decided) {
	if d.State != store.Claimed || j.fail != "" {
		k.drop(j)
		k.held = append(k.held, s)
		if d.State == store.Claimed {
			k.results = append(k.results, store.Result{Person: j.person.Number, Occasion: j.decision.Occasion, State: store.Failed, Reason: j.fail, At: k.w.Now()})
			if strings.HasPrefix(j.fail, ReasonPanic) { // who may not be mailed any more is nobody's mistake
				k.guard.poisoned(k.w, k.chunk.Run, j.fail)
			}
		}
		k.free = append(k.free, j)
		return
	}
	j.attempt = d.Attempt
	k.flying++
	began := time.Now()
	go func() {
		o := s.send(ctx, k, j)
		o.took = time.Since(began)
		k.done <- o
	}()
}

// finished reports that nothing is left to be done now; tries that come later are another taker's.
func (k *chunkWork) finished() bool {
	return k.ended && k.flying == 0 && len(k.ready) == 0 && len(k.rows) == 0 && len(k.results) == 0 &&
		!slices.ContainsFunc(k.later, k.soon) && (len(k.aside) == 0 || !k.w.parks(k.name()))
}

// soon reports a try that is worth waiting for with the chunk in hand. Those who are held are not: there may be many chunks of them.
func (k *chunkWork) soon(j *job) bool {
	return j.attempt > 0 && !j.again.After(k.w.Now().Add(nearFuture))
}

func (k *chunkWork) nextTry() time.Time {
	return slices.MinFunc(k.later, func(a, b *job) int { return a.again.Compare(b.again) }).again
}
