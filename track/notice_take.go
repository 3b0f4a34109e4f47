package track

import (
	"context"
	"errors"
	"sync"
	"time"

	"germane/store"
)

// taker writes notices. Whoever brings one waits until it is on disk; all that wait at a time share one transaction, which is what makes
// thousands a second possible. One goroutine writes. What cannot be written is not kept: SNS brings it again.
type taker struct {
	store Noticer
	how   store.Noticing
	queue chan *taken
	end   context.CancelFunc
	ended sync.WaitGroup
}

// taken is a notice and what becomes of it.
type taken struct {
	notice store.Notice
	known  bool
	err    error
	done   chan struct{} // closed when the others are filled in
}

const (
	mostNotices       = 512  // in one transaction
	mostNoticesQueued = 4096 // more are sent away, and come again
)

var errBusy = errors.New("too many notices wait to be written")

func newTaker(s Noticer, how store.Noticing) *taker {
	ctx, end := context.WithCancel(context.Background())
	t := &taker{store: s, how: how, queue: make(chan *taken, mostNoticesQueued), end: end}
	t.ended.Go(func() { t.run(ctx) })
	return t
}

// take returns when a notice is on disk, or with the reason why it may not be. known is false when it is of no mail of ours.
func (t *taker) take(ctx context.Context, n store.Notice) (known bool, err error) {
	one := &taken{notice: n, done: make(chan struct{})}
	select {
	case t.queue <- one:
	default:
		return false, errBusy
	}
	select {
	case <-one.done:
		return one.known, one.err
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// close ends the writing goroutine. It is called after the last request.
func (t *taker) close() {
	t.end()
	t.ended.Wait()
}

func (t *taker) run(ctx context.Context) {
	crowd := false
	for {
		select {
		case <-ctx.Done():
			return
		case first := <-t.queue:
			if crowd {
				time.Sleep(gather) // for those whom the last transaction let go to bring their next
			}
			all := t.more(first)
			crowd = len(all) > 1
			t.write(ctx, all)
		}
	}
}

// more takes those that wait, too.
func (t *taker) more(first *taken) []*taken {
	all := []*taken{first}
	for len(all) < mostNotices {
		select {
		case next := <-t.queue:
			all = append(all, next)
		default:
			return all
		}
	}
	return all
}

// write writes notices together. When that fails they are tried one by one, until one fails: a single one that cannot be written must
// not take others with it for ever, and a database that is away is not asked for each.
func (t *taker) write(ctx context.Context, all []*taken) {
	if t.try(ctx, all) == nil {
		return
	}
	var err error
	for _, one := range all {
		if err == nil && len(all) > 1 {
			err = t.try(ctx, []*taken{one})
		}
		if one.err != nil {
			close(one.done)
		}
	}
}

// try writes notices in one transaction. Those who bring them hear of success only.
func (t *taker) try(ctx context.Context, all []*taken) error {
	notices := make([]store.Notice, len(all))
	for i, one := range all {
		notices[i] = one.notice
	}
	ctx, cancel := context.WithTimeout(ctx, writeWithin)
	defer cancel()
	known, err := t.store.TakeNotices(ctx, notices, t.how)
	for i, one := range all {
		if one.err = err; err == nil {
			one.known = known[i]
			close(one.done)
		}
	}
	return err
}
