package main

import (
	"context"
	"time"
)

// expireEvery is how often a process that works looks for what is too old. Several that look at once do no harm.
const expireEvery = 24 * time.Hour

// expire lets go of what is older than germane.yaml's retention, now and every day, until the context ends.
func (p *post) expire(ctx context.Context) {
	for {
		if err := p.expireOnce(ctx); err != nil && ctx.Err() == nil {
			p.log.Error("let go of what is too old", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(expireEvery):
		}
	}
}

func (p *post) expireOnce(ctx context.Context) error {
	before := keptSince(p.sys.now(), p.w.Config.Retention)
	gone, err := p.store.Expire(ctx, before)
	if gone > 0 {
		p.log.Info("what was too old is gone", "rows", gone, "before", before)
	}
	return err
}

// keptSince is the first moment of the month (UTC) in which a time of retention ago lies: Postgres keeps months apart, and drops whole
// ones.
func keptSince(now time.Time, retention time.Duration) time.Time {
	oldest := now.UTC().Add(-retention)
	return time.Date(oldest.Year(), oldest.Month(), 1, 0, 0, 0, 0, time.UTC)
}
