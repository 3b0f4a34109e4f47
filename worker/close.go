package worker

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"germane/store"
)

// closeEvery is the shortest time between two looks at runs that may be over, of a worker that is not alone: the one that finishes a
// run's last chunk looks at once.
const closeEvery = 5 * time.Second

// closes reports whether it is time for such a look. Busy workers look, too: there may be no other.
func (w *Worker) closes(now bool) bool {
	if !now && time.Now().Before(w.closing) {
		return false
	}
	w.closing = time.Now().Add(closeEvery + rand.N(closeEvery))
	return true
}

// close finishes the runs of which nothing is open any more, and tells of chunks that nobody works on any more.
func (w *Worker) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, longTime)
	defer cancel()
	if err := w.tellAside(ctx); err != nil {
		return err
	}
	runs, err := w.Store.Runs(ctx, store.RunFilter{Open: true, Limit: math.MaxInt32})
	if err != nil {
		return err
	}
	for _, r := range runs {
		if r.State == store.RunRunning || r.State == store.RunSettling {
			if err := w.closeRun(ctx, r.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *Worker) tellAside(ctx context.Context) error {
	aside, err := w.Store.TellAside(ctx)
	for i := range aside {
		c := &aside[i]
		r, err := w.Store.Run(ctx, c.Run)
		if err != nil {
			return err
		}
		w.Log.Error("a chunk is set aside: too many workers were lost with it", "campaign", r.Campaign, "run", c.Run, "chunk", c.No, "waiting", c.Waiting)
		w.alert(Alert{r.Campaign, c.Run, AlertAside, fmt.Sprintf("run %d of %s: %d workers in a row were lost with the same people, of whom %d are not mailed until somebody has looked; `germane runs resume %d` tries them again",
			c.Run, r.Campaign, c.Crashes, c.Waiting, c.Run)})
	}
	return err
}

func (w *Worker) closeRun(ctx context.Context, run int64) error {
	before, err := w.Store.Run(ctx, run)
	if err != nil {
		return err
	}
	if stopped, err := w.watchRollout(ctx, before); err != nil || stopped {
		return err
	}
	is, err := w.Store.CloseRun(ctx, run, w.Now(), grace)
	if err != nil || is == before.State {
		return err
	}
	r, err := w.Store.Run(ctx, run)
	if err == nil {
		w.Log.Info("run "+string(is), "campaign", r.Campaign, "run", r.ID, "planned", r.Planned, "sent", r.Sent, "failed", r.Failed,
			"skipped", r.Skipped, "held_out", r.HeldOut, "in_doubt", r.InDoubt)
		if before.State == store.RunRunning {
			err = w.tellEnd(ctx, r)
		}
	}
	return err
}
