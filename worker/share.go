package worker

import (
	"context"
	"math"
	"time"

	"germane/send"
	"germane/store"
)

const (
	shareLease  = 10 * time.Second // how long others leave a worker its share without hearing of it
	shareMargin = 2 * time.Second  // by how much sooner it stops sending
	shareTime   = 4 * time.Second  // how long the store is waited for
)

// sharing has this worker's share of the sender's rate extended and set anew every second, and whenever there is news of it.
func (w *Worker) sharing(ctx context.Context) {
	asked, silent := w.asked, false
	for ctx.Err() == nil {
		err := w.beat(ctx)
		if err != nil && !silent && ctx.Err() == nil {
			w.Log.Warn("the sender's rate is not shared: soon nothing more is sent", "err", err)
		}
		silent = err != nil
		timer := time.NewTimer(tick)
		select {
		case <-asked:
			asked = nil
		case <-w.rate.News():
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shareTime)
	defer cancel()
	_ = w.Store.Leave(ctx, w.Owner) // otherwise its lease ends by itself
}

// beat agrees with the others on who sends how fast.
func (w *Worker) beat(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, shareTime)
	defer cancel()
	began, now := time.Now(), w.clock()
	ours := now.Sub(began) // what is added to our times so that others understand them
	var agreed send.Pace
	var share, took, part float64
	_, err := w.Store.Share(ctx, store.Worker{Name: w.Owner, Sender: w.Sender}, now, func(others []store.Worker) store.Worker {
		agreed, share, took = w.rate.Pace(), 0, 0
		sharers := make([]send.Sharer, len(others))
		for i := range others {
			o := &others[i]
			agreed = agreed.Later(send.Pace{Throttled: shifted(o.Throttled, -ours), Slowed: o.Slowed, Known: o.Known})
			sharers[i] = send.Sharer{Share: o.Share, Busy: o.Busy}
			if o.Share < 0 {
				sharers[i].Share = math.Inf(1)
			}
			took += o.Took
		}
		if w.knowsLimits() {
			share = send.Share(agreed.At(began), w.rate.Busy(), sharers)
		}
		part = partOf(share, agreed.At(began), w.rate.Busy(), sharers)
		w.rate.AtMost(share) // at once, and before the others may take the rest
		w.domains.AtMost(part)
		self := store.Worker{
			Name: w.Owner, Sender: w.Sender, Share: share, Busy: w.rate.Busy(), Took: w.rate.Took(), Until: now.Add(shareLease),
			Throttled: shifted(agreed.Throttled, ours), Slowed: agreed.Slowed, Known: agreed.Known,
		}
		if math.IsInf(share, 1) {
			self.Share = -1
		}
		return self
	})
	if err == nil {
		w.rate.Grant(share, agreed, began.Add(shareLease-shareMargin), took)
		w.domains.Share(part)
	}
	return err
}

// partOf is which part of the sender a worker's share is. Where nothing limits the sender, all who have something to send have the same.
func partOf(share, whole float64, busy bool, others []send.Sharer) float64 {
	switch {
	case whole <= 0:
		return 0
	case !math.IsInf(whole, 1) && !math.IsInf(share, 1):
		return share / whole
	}
	for i := range others {
		others[i].Share = 0
	}
	return send.Share(1, busy, others)
}

// knowsLimits reports whether the provider was asked, where there is nobody else who knows.
func (w *Worker) knowsLimits() bool {
	select {
	case <-w.asked:
		return true
	default:
		return w.Rate > 0
	}
}

func shifted(t time.Time, by time.Duration) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(by)
}
