package sesfake

import (
	"container/heap"
	"context"
	"net/http"
	"sync"
	"time"
)

// Aftermath posts by itself what becomes of the mails that a server took, as SES does through SNS: signed, each notice at least once,
// late, in any order, and again after an answer of 5xx or 429.
//
//	fake := sesfake.New(sesfake.Account{})
//	fake.Aftermath = &sesfake.Aftermath{
//		Topic:   topic, // track.Notices wants it as its Transport, too: it serves the certificate
//		Shares:  sesfake.Shares{Bounces: 0.05, Complains: 0.001},
//		Posting: sesfake.Posting{URL: public.URL + "/n/ses", Duplicates: 0.2, Delay: 50 * time.Millisecond, Seed: 1, AtOnce: 4, Tries: 10, Between: 20 * time.Millisecond},
//	}
//	go fake.Aftermath.Run(ctx) // until ctx ends
//	… send mails …
//	err := fake.Aftermath.Wait(ctx) // until all is said; err: a notice that was never taken
//
// What becomes of a mail follows from the seed, its tag "delivery" and its recipient, and not from when it came: two runs over the same
// mails say the same. The times in notices are the server's and the topic's; Delay and Between pass on this machine's clock.
type Aftermath struct {
	Topic   *Topic
	Posting Posting // Shuffle means nothing here: it is the delay that changes the order
	Shares  Shares
	Fate    func(*Mail) Fate // nil: ByChance

	mu      sync.Mutex
	queue   queue
	more    chan struct{}  // closed with the next notice; nil: nobody waits
	open    int            // notices that are waiting or under way, each of those that come twice as two
	done    chan struct{}  // closed when none is; nil: nobody waits
	said    map[string]int // notices by type, each counted once
	problem error          // the first
}

// notice is one of what SES says of a mail. It is signed when it is posted for the first time.
type notice struct {
	mail Mail
	what Becomes
	sign sync.Once
	body []byte
}

// errand is a notice to be posted at a time. A notice that comes twice has two.
type errand struct {
	notice *notice
	due    time.Time
	tries  int
}

// queue has the errand that is due first in front.
type queue []*errand

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].due.Before(q[j].due) }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(*errand)) }
func (q *queue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}

// of decides what becomes of a mail.
func (a *Aftermath) of(m *Mail) Fate {
	fate := ByChance
	switch {
	case m.Suppressed:
		return IsOnOwnList
	case a.Fate != nil:
		fate = a.Fate(m)
	}
	if fate == ByChance {
		return a.Shares.byChance(m, a.Posting.Seed)
	}
	return fate
}

// tell plans the notices of a mail.
func (a *Aftermath) tell(m Mail, fate Fate) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.said == nil {
		a.said = map[string]int{}
	}
	now, chance := time.Now(), chance(&m, a.Posting.Seed+1)
	for _, what := range fate.becomes() {
		n, times := &notice{mail: m, what: what}, 1
		if chance.Float64() < a.Posting.Duplicates {
			times = 2
		}
		for range times {
			late := time.Duration(chance.Float64() * float64(a.Posting.Delay))
			heap.Push(&a.queue, &errand{notice: n, due: now.Add(late)})
			a.open++
		}
		a.said[what.Type]++
	}
	a.wake()
}

// wake tells who waits that the queue has changed.
func (a *Aftermath) wake() {
	if a.more != nil {
		close(a.more)
		a.more = nil
	}
}

// Run posts notices until the context ends. What is left then, another Run posts.
func (a *Aftermath) Run(ctx context.Context) {
	poster := a.Posting
	if poster.Client == nil {
		transport := &http.Transport{MaxIdleConnsPerHost: max(1, poster.AtOnce)}
		defer transport.CloseIdleConnections()
		poster.Client = &http.Client{Transport: transport}
	}
	next := make(chan *errand)
	var posting sync.WaitGroup
	for range max(1, poster.AtOnce) {
		posting.Go(func() {
			for e := range next {
				a.deliver(ctx, poster, e)
			}
		})
	}
	for e := a.next(ctx); e != nil; e = a.next(ctx) {
		next <- e
	}
	close(next)
	posting.Wait()
}

// next waits for the notice that is due; nil: the context has ended.
func (a *Aftermath) next(ctx context.Context) *errand {
	for ctx.Err() == nil {
		a.mu.Lock()
		wait := time.Hour
		if len(a.queue) > 0 {
			if wait = time.Until(a.queue[0].due); wait <= 0 {
				e := heap.Pop(&a.queue).(*errand)
				a.mu.Unlock()
				return e
			}
		}
		if a.more == nil {
			a.more = make(chan struct{})
		}
		more := a.more
		a.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-more:
		case <-time.After(wait):
		}
	}
	return nil
}

// deliver posts a notice once, and plans the next try where there may be one.
func (a *Aftermath) deliver(ctx context.Context, p Posting, e *errand) {
	n := e.notice
	n.sign.Do(func() { n.body = a.Topic.Notification(Event(&n.mail, n.what)).JSON() })
	again, err := p.post(ctx, n.body)
	e.tries++
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil && (ctx.Err() != nil || again && e.tries < p.Tries) {
		e.due = time.Now().Add(p.Between)
		heap.Push(&a.queue, e)
		a.wake()
		return
	}
	if a.problem == nil {
		a.problem = err
	}
	if a.open--; a.open == 0 && a.done != nil {
		close(a.done)
		a.done = nil
	}
}

// Wait returns when all is said that was to say, with the first notice's problem that was never taken, or with the context's error.
func (a *Aftermath) Wait(ctx context.Context) error {
	a.mu.Lock()
	if a.open == 0 {
		defer a.mu.Unlock()
		return a.problem
	}
	if a.done == nil {
		a.done = make(chan struct{})
	}
	done := a.done
	a.mu.Unlock()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-done:
		return a.Wait(ctx)
	}
}

// Said counts the notices by type, those that came twice or wait as one: {"Send": 1000, "Delivery": 950, "Bounce": 50}.
func (a *Aftermath) Said() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	counts := map[string]int{}
	for kind, n := range a.said {
		counts[kind] = n
	}
	return counts
}
