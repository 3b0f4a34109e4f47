package worker

import (
	"context"
	"strings"

	"germane/blocks"
	"germane/schedule"
	"germane/store"
)

// watchRollout stops a run whose rollout passes one of its limits. It is asked whenever a chunk is done, and looks when twice as many
// rows are there as at the last time: counting them all after each chunk would take longer than sending.
func (k *chunkWork) watchRollout(ctx context.Context) error {
	rollout := &k.content.Campaign.Rollout
	if len(rollout.StopIf) == 0 {
		return nil
	}
	run, err := k.w.Store.Run(ctx, k.chunk.Run)
	if err != nil || run.State != store.RunRunning || !k.guard.looksAgain(run) {
		return err
	}
	signals, err := signals(ctx, k.w.Store, run.ID)
	if err != nil {
		return err
	}
	if why := rollout.Stop(signals); why != "" {
		k.w.halt(run.ID, store.RunStopped, why+"; change the campaign and deploy it, or `germane runs resume` sends it all the same")
	}
	return nil
}

// looksAgain reports whether enough has happened since the last look. A run that somebody resumed is not looked at any more: they
// have seen it.
func (g *guard) looksAgain(r *store.Run) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	done := r.Planned - r.Waiting
	if r.Note != "" || done < 2*g.looked && r.Waiting > 0 {
		return false
	}
	g.looked = done
	return true
}

// signals counts what came of a run's messages.
func signals(ctx context.Context, s store.Store, run int64) (schedule.Signals, error) {
	var signals schedule.Signals
	counts, err := s.ChoiceCounts(ctx, run)
	if err != nil {
		return signals, err
	}
	reasons, err := s.Reasons(ctx, run)
	if err != nil {
		return signals, err
	}
	signals.RenderErrors = renderErrors(reasons)
	for _, c := range counts {
		if c.State != store.Sent && c.State != store.InDoubt {
			continue
		}
		signals.Sent += c.People
		choices, err := blocks.Unpack(c.Choices)
		if err != nil {
			return signals, err
		}
		signals.Choices += c.People * int64(len(choices))
		for _, choice := range choices {
			if choice.Reason == blocks.NothingMatched || choice.Reason == blocks.ValueMissing {
				signals.Fallback += c.People
			}
		}
	}
	return signals, nil
}

// renderErrors counts the rows of mails that could not be made.
func renderErrors(reasons map[string]int64) (n int64) {
	for reason, people := range reasons {
		if strings.HasPrefix(reason, ReasonMaking) || strings.HasPrefix(reason, ReasonPanic) {
			n += people
		}
	}
	return n
}
