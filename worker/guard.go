package worker

import (
	"context"
	"fmt"
	"sync"

	"germane/send"
	"germane/store"
)

// guard halts a run that goes wrong for more people than one.
type guard struct {
	mu     sync.Mutex
	poison int   // mails that could not be made
	row    int   // refusals without a success between them
	looked int64 // rows at the last look at the rollout's limits
}

const (
	maxPoison   = 3
	maxRefusals = 10
)

// guard returns the guard of a run. It lives as long as the worker: whoever resumes a run gives it the same patience again.
func (w *Worker) guard(run int64) *guard {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.guards[run]
	if g == nil {
		g = &guard{}
		w.guards[run] = g
	}
	return g
}

// reached counts one more, and reports whether that is too many; then it begins anew.
func (g *guard) reached(n *int, most int) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if *n++; *n < most {
		return false
	}
	*n = 0
	return true
}

// poisoned notes a mail that could not be made; a few of them are a mistake of ours or of the message, not of the people.
func (g *guard) poisoned(w *Worker, run int64, why string) {
	if g.reached(&g.poison, maxPoison) {
		w.halt(run, store.RunStopped, fmt.Sprintf("%d mails could not be made, the last: %s; `germane runs %d` shows them all", maxPoison, why, run))
	}
}

func (g *guard) accepted() {
	g.mu.Lock()
	g.row = 0
	g.mu.Unlock()
}

// refused notes a mail that was refused for good. Many of them in a row are about the sender or the message.
func (g *guard) refused(w *Worker, run int64, r *send.Result) {
	if g.reached(&g.row, maxRefusals) {
		w.halt(run, store.RunStopped, fmt.Sprintf("%d mails in a row were refused, the last: %s: %s", maxRefusals, r.Code, brief(r.Text)))
	}
}

// stopped notes that the sender can send nothing until somebody has done something about it.
func (g *guard) stopped(w *Worker, run int64, r *send.Result) {
	w.halt(run, store.RunStopped, fmt.Sprintf("the provider takes nothing from this sender: %s: %s", r.Code, brief(r.Text)))
}

// halt stops a run until somebody resumes it.
func (w *Worker) halt(run int64, to store.RunState, note string) {
	ctx, cancel := context.WithTimeout(context.Background(), lookTime) // what was learned must be kept, whoever wants to end
	defer cancel()
	r, err := w.Store.Run(ctx, run)
	if err == nil && r.State == store.RunRunning {
		if err = w.Store.MoveRun(ctx, run, to, note, w.Now()); err == nil {
			w.Log.Warn("run "+string(to)+": "+note, "campaign", r.Campaign, "run", run)
			w.alert(Alert{r.Campaign, run, AlertStopped, fmt.Sprintf("run %d of %s is %s: %s", run, r.Campaign, to, note)})
		}
	}
	if err != nil {
		w.Log.Error("a run could not be halted", "run", run, "err", err)
	}
}
