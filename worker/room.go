package worker

import (
	"context"
	"slices"
	"time"

	"germane/schedule"
	"germane/send"
	"germane/store"
)

// line is people of a chunk, in their order, to whose domain no mail may go just now.
type line struct {
	domain *send.Domain
	jobs   []*job
	again  time.Time // when to ask again
}

func (l *line) takes(now time.Time, soon time.Duration) (at time.Time, ok bool) {
	if now.Before(l.again) {
		return at, false
	}
	if at, ok = l.domain.Take(now, soon); !ok {
		l.again = at
	}
	return at, ok
}

const (
	ahead      = 200 * time.Millisecond
	comeBack   = time.Second // after which a chunk is taken again that gave way to others
	staleAfter = time.Minute // after which somebody who is aside is decided about anew
)

// room takes what their mails need for as many people as there can be: a slot, a mail of the sender's day, a token of the rate, and a
// place among the mails to their domain.
func (k *chunkWork) room(ctx context.Context) (claims []*job, slots []*slot, err error) {
	passed := 0
	for passed < len(k.ready) || len(k.aside) > 0 {
		if k.w.sender.blocked() > 0 {
			break
		}
		s := k.slot()
		if s == nil {
			break
		}
		var j *job
		if j, err = k.oneMore(ctx, &passed); j == nil {
			k.held = append(k.held, s)
			break
		}
		claims, slots = append(claims, j), append(slots, s)
	}
	k.ready = slices.Delete(k.ready, 0, passed)
	if len(claims) > 0 {
		err = nil // it is met again when these have gone
	}
	return claims, slots, err
}

// oneMore returns who may be claimed next; nil: nobody for now. passed counts those of the ready who are not ready any more.
func (k *chunkWork) oneMore(ctx context.Context, passed *int) (*job, error) {
	var day schedule.Day
	if k.day != nil {
		var ok bool
		var err error
		if day, ok, err = k.day.take(ctx); err != nil || !ok {
			k.waits = err == nil
			return nil, err
		}
	}
	if k.token = k.token || k.w.rate.Take(); k.token {
		if j := k.pick(passed); j != nil {
			j.day, k.token = day, false
			return j, nil
		}
	}
	k.day.giveBack(day)
	return nil, nil
}

// pick returns the first whose domain has room: of those who are aside, or else of those who are ready.
func (k *chunkWork) pick(passed *int) *job {
	now := time.Now()
	for i := range k.aside {
		l := &k.aside[i]
		if at, ok := l.takes(now, k.soonest()); ok {
			j := l.jobs[0]
			if l.jobs = slices.Delete(l.jobs, 0, 1); len(l.jobs) == 0 {
				k.aside = slices.Delete(k.aside, i, i+1)
			}
			k.w.keep(j, at)
			return j
		}
	}
	for *passed < len(k.ready) {
		j := k.ready[*passed]
		*passed++
		if k.goes(j, now) {
			return j
		}
	}
	return nil
}

// goes reports whether there is room for somebody. Otherwise they are aside, behind others of their domain.
func (k *chunkWork) goes(j *job, now time.Time) bool {
	domain := k.w.domains.Of(j.person.Email, now)
	if domain == nil || j.fail != "" {
		return true
	}
	if i := slices.IndexFunc(k.aside, func(l line) bool { return l.domain == domain }); i >= 0 {
		k.aside[i].jobs = append(k.aside[i].jobs, j)
		return false
	}
	at, ok := domain.Take(now, k.soonest())
	if !ok {
		k.aside = append(k.aside, line{domain: domain, jobs: []*job{j}, again: at})
		return false
	}
	k.w.keep(j, at)
	return true
}

// keep notes when a mail departs that gets a slot until then.
func (w *Worker) keep(j *job, departs time.Time) {
	j.departs = departs
	w.departing.Add(1)
}

// unkeep notes that it does not wait for that any more.
func (w *Worker) unkeep(j *job) {
	if !j.departs.IsZero() {
		j.departs = time.Time{}
		w.departing.Add(-1)
	}
}

// drop gives back what somebody had for a mail who gets none now.
func (k *chunkWork) drop(j *job) {
	k.day.giveBack(j.day)
	k.w.unkeep(j)
}

// soonest is how much sooner somebody is claimed than their mail departs, so that claiming holds no mail up: but not when so many slots
// wait already that others had none.
func (k *chunkWork) soonest() time.Duration {
	if int(k.w.departing.Load()) < max(k.w.Concurrency/4, 1) {
		return ahead
	}
	return 0
}

// waitsForDomain returns when there is room for a mail that was claimed ahead, or an error when the context ends before that.
func (w *Worker) waitsForDomain(ctx context.Context, j *job) error {
	defer w.unkeep(j)
	if wait := time.Until(j.departs); !j.departs.IsZero() && wait > 0 {
		return pause(ctx, nil, wait)
	}
	return nil
}

// stale takes out those who are aside for so long that they are to be decided about anew.
func (k *chunkWork) stale(now time.Time) (people []*store.Person) {
	for i := range k.aside {
		k.aside[i].jobs = slices.DeleteFunc(k.aside[i].jobs, func(j *job) bool {
			old := j.attempt == 0 && now.Sub(j.at) > staleAfter
			if old {
				people, k.free = append(people, j.person), append(k.free, j)
			}
			return old
		})
	}
	k.aside = slices.DeleteFunc(k.aside, func(l line) bool { return len(l.jobs) == 0 })
	return people
}

// parks reports whether a chunk may stay in hand for those who are aside.
func (w *Worker) parks(c chunkName) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.parked[c] && len(w.parked) < maxParked {
		w.parked[c] = true
	}
	return w.parked[c]
}

// turnOfAside is when a chunk comes back that gives way to others, as too many wait for rooms of domains.
func (k *chunkWork) turnOfAside() time.Time {
	now := time.Now()
	turn := now.Add(time.Hour)
	for i := range k.aside {
		if at := k.aside[i].domain.Book(len(k.aside[i].jobs), now); at.Before(turn) {
			turn = at
		}
	}
	wait := max(turn.Sub(now), comeBack)
	k.w.mu.Lock()
	defer k.w.mu.Unlock()
	k.w.back = later(k.w.back, now.Add(wait+tick))
	return k.w.Now().Add(wait)
}

// expects reports whether a chunk that gave way to others comes back soon.
func (w *Worker) expects() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Now().Before(w.back)
}

// slot returns one that this chunk holds, as its result is written together with the claim, or one that is free.
func (k *chunkWork) slot() *slot {
	if last := len(k.held) - 1; last >= 0 {
		s := k.held[last]
		k.held = k.held[:last]
		return s
	}
	select {
	case s := <-k.w.slots:
		return s
	default:
		return nil
	}
}

// unhold frees the slots that are held when all results are written.
func (k *chunkWork) unhold() {
	if len(k.results) > 0 {
		return
	}
	for _, s := range k.held {
		k.w.slots <- s
	}
	k.held = k.held[:0]
}

// wait sleeps until something can be done.
func (k *chunkWork) wait(ctx context.Context) {
	now := k.w.Now()
	renewal := k.w.renewal() - now.Sub(k.written)
	until := renewal
	if len(k.later) > 0 {
		until = min(until, k.nextTry().Sub(now))
	}
	if len(k.aside) > 0 {
		k.w.rate.Wants()
		until = min(until, tick)
	}
	wanted := len(k.ready) > 0
	for i := range k.aside {
		if room := time.Until(k.aside[i].again); room > 0 {
			until = min(until, room)
		} else {
			wanted = true
		}
	}
	slots := k.w.slots
	if !wanted {
		slots = nil
	} else if blocked := k.w.sender.blocked(); blocked > 0 {
		slots, until = nil, min(renewal, blocked, tick)
	} else if len(slots) > 0 { // the rate keeps it
		slots, until = nil, min(until, k.w.nextToken())
	}
	timer := time.NewTimer(max(until, time.Millisecond))
	defer timer.Stop()
	select {
	case o := <-k.done:
		k.note(&o)
	case s := <-slots:
		k.held = append(k.held, s)
	case <-timer.C:
	case <-ctx.Done():
	}
}

// nextToken is how long the next token of the rate may take. Several are taken together, as each step costs a commit.
func (w *Worker) nextToken() time.Duration {
	return time.Duration(float64(time.Second) / min(max(w.rate.PerSecond(), 10), 100))
}
