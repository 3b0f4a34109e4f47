package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"germane/store"
)

// leave waits for what is in flight, writes the last results, and gives the chunk back or finishes it.
func (k *chunkWork) leave() {
	k.land()
	settled := k.settle()
	k.results = nil
	if k.unhold(); !settled || k.lost {
		k.release(time.Time{})
		return
	}
	switch {
	case k.ended && len(k.ready)+len(k.rows)+len(k.later)+len(k.aside) == 0 && !k.broken:
		k.finish()
	case k.waits:
		k.release(k.untilNextDay())
	case k.ended && len(k.ready)+len(k.rows) == 0 && !k.broken:
		k.release(k.nextLook())
	default:
		k.release(time.Time{})
	}
}

// land waits for what is in flight. Meanwhile the lease is kept: if it cannot be, it ends, and that is safe.
func (k *chunkWork) land() {
	renewal := time.NewTicker(k.w.renewal())
	defer renewal.Stop()
	for k.flying > 0 {
		select {
		case o := <-k.done:
			k.note(&o)
		case <-renewal.C:
			if err := k.write(); err != nil {
				k.w.away(err)
			}
		}
	}
}

// untilNextDay is when the chunk's sender may send again. So long its run is held.
func (k *chunkWork) untilNextDay() time.Time {
	ctx, cancel := context.WithTimeout(context.Background(), stepTime)
	defer cancel()
	run, err := k.w.Store.Run(ctx, k.chunk.Run)
	until := k.w.Now()
	if err == nil {
		until, err = k.day.holds(ctx, k.content, run, k.chunk)
	}
	if err != nil {
		k.w.away(err) // whoever takes the chunk next finds out
	}
	return until
}

// nextLook is when somebody should take the chunk again.
func (k *chunkWork) nextLook() time.Time {
	if len(k.aside) > 0 {
		return k.turnOfAside()
	}
	next, pause := k.nextTry(), k.w.Now().Add(holdPause)
	if next.Before(pause) && !slices.ContainsFunc(k.later, func(j *job) bool { return j.attempt > 0 }) {
		return pause
	}
	return next
}

func (k *chunkWork) finish() {
	ctx, cancel := context.WithTimeout(context.Background(), longTime)
	defer cancel()
	err := k.w.Store.FinishChunk(ctx, k.lease())
	if err == nil {
		err = k.w.closeRun(ctx, k.chunk.Run)
	}
	if err != nil && !errors.Is(err, store.ErrLost) {
		k.w.Log.Error("finish a chunk", "run", k.chunk.Run, "chunk", k.chunk.No, "err", err)
	}
}

// mostReleases is how often it is tried to give a chunk back.
const mostReleases = 10

// release gives the chunk back until a time; zero: whoever wants it may have it, whatever their clock shows. When that cannot be, its lease ends by itself, and what it may have claimed is in doubt.
func (k *chunkWork) release(notBefore time.Time) {
	if !notBefore.IsZero() {
		notBefore = k.w.theirs(notBefore)
	}
	tries := 0
	k.w.insist(func() error {
		tries++
		ctx, cancel := context.WithTimeout(context.Background(), stepTime)
		defer cancel()
		err := k.w.Store.ReleaseChunk(ctx, k.lease(), notBefore)
		if errors.Is(err, store.ErrLost) || errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil && tries >= mostReleases {
			k.w.Log.Warn(fmt.Sprintf("chunk %d is not given back", k.chunk.No), "run", k.chunk.Run, "err", err)
			return nil
		}
		return err
	}, func(error) {})
}
