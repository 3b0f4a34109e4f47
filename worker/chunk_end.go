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
	ctx := context.Background() // a result that is not written is a mail in doubt
	for k.flying > 0 {
		select {
		case o := <-k.done:
			k.note(&o)
		case <-time.After(renewal):
			_, _ = k.w.Store.Step(ctx, &store.Step{Lease: k.lease(), Now: k.w.Now(), Until: k.w.Now().Add(lease)}) // if it fails, the lease ends: safe
		}
	}
	settled := k.settle(ctx)
	k.results = nil
	if k.unhold(); !settled || k.lost {
		k.release(ctx, k.w.Now())
		return
	}
	switch {
	case k.ended && len(k.ready)+len(k.rows)+len(k.later) == 0 && !k.broken:
		k.finish(ctx)
	case k.ended && len(k.ready)+len(k.rows) == 0 && !k.broken:
		k.release(ctx, k.nextLook())
	default:
		k.release(ctx, k.w.Now())
	}
}

// nextLook is when somebody should take the chunk again.
func (k *chunkWork) nextLook() time.Time {
	next, pause := k.nextTry(), k.w.Now().Add(holdPause)
	if next.Before(pause) && !slices.ContainsFunc(k.later, func(j *job) bool { return j.attempt > 0 }) {
		return pause
	}
	return next
}

// settle writes results until the store takes them, or for so long that the leases are gone anyway.
func (k *chunkWork) settle(ctx context.Context) bool {
	for tries := 0; len(k.results) > 0; tries++ {
		_, err := k.w.Store.Step(ctx, &store.Step{Lease: k.lease(), Now: k.w.Now(), Until: k.w.Now().Add(lease), Results: k.results})
		if err == nil || errors.Is(err, store.ErrLost) {
			k.results, k.lost = nil, k.lost || err != nil
			break
		}
		if tries >= 30 {
			k.w.Log.Error("results are lost: those mails are in doubt", "run", k.chunk.Run, "mails", len(k.results), "err", err)
			return false
		}
		_ = pause(ctx, nil, tick)
	}
	return true
}

func (k *chunkWork) finish(ctx context.Context) {
	err := k.w.Store.FinishChunk(ctx, k.lease())
	if err == nil {
		err = k.w.closeRun(ctx, k.chunk.Run)
	}
	if err != nil && !errors.Is(err, store.ErrLost) {
		k.w.Log.Error("finish a chunk", "run", k.chunk.Run, "chunk", k.chunk.No, "err", err)
	}
}

// release gives the chunk back. When that cannot be, its lease ends by itself, and what it may have claimed is in doubt.
func (k *chunkWork) release(ctx context.Context, notBefore time.Time) {
	if err := k.w.Store.ReleaseChunk(ctx, k.lease(), notBefore); err != nil && !errors.Is(err, store.ErrLost) {
		k.w.Log.Warn(fmt.Sprintf("chunk %d is not given back", k.chunk.No), "run", k.chunk.Run, "err", err)
	}
}
