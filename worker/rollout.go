package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"germane/blocks"
	"germane/schedule"
	"germane/store"
)

// manyRuns is more than a campaign has between two steps of its rollout; if it has, the step is taken once more.
const manyRuns = 1000

// progressOf says how far a recurring campaign's rollout is, whether it may go on, and why it is stopped.
func progressOf(ctx context.Context, s store.Store, c *schedule.Campaign) (p schedule.Progress, why string, err error) {
	p = schedule.Progress{Step: -1}
	states, err := s.CampaignStates(ctx)
	if state, ok := states[c.Name]; ok {
		p = schedule.Progress{Step: state.Step, Content: state.Content, At: state.StepAt}
	}
	if err != nil || p.Step < 0 {
		return p, "", err
	}
	open, err := s.Runs(ctx, store.RunFilter{Campaign: c.Name, Since: p.At, Open: true, Limit: manyRuns})
	if err != nil {
		return p, "", err
	}
	if p.Stopped = slices.ContainsFunc(open, func(r *store.Run) bool { return !r.Manual && r.State == store.RunStopped }); p.Stopped {
		return p, WhyStopped, nil
	}
	runs, err := s.Runs(ctx, store.RunFilter{Campaign: c.Name, Since: p.At, Limit: manyRuns})
	if err != nil {
		return p, "", err
	}
	last := slices.IndexFunc(runs, func(r *store.Run) bool {
		return !r.Manual && r.Planned > 0 && (r.State == store.RunFinished || r.State == store.RunSettling)
	})
	if p.Waits = last < 0; p.Waits { // nobody has seen the step through
		return p, "", nil
	}
	signals, err := signalsOf(ctx, s, runs[last].ID)
	p.Waits = c.Rollout.Waits(signals) != ""
	limit := c.Rollout.StopLate(signals)
	if err != nil || limit == "" || p.Step >= len(c.Rollout.Steps)-1 {
		return p, "", err
	}
	// Whoever resumed the run meanwhile has seen it.
	switches, err := s.Switches(ctx)
	if p.Stopped = switches[Held+c.Name].At.Before(runs[last].Started); p.Stopped {
		why = WhyLimit + limit + "; change the campaign and deploy it"
	}
	return p, why, err
}

// stepPause is how long a step waits for the one before it.
const stepPause = time.Minute

// mayBegin reports whether a chunk of a one-off's later step may be worked on: most of the step before is through, what came of it is
// within the limits, and it lasted as long as it should. again is when to ask once more; zero: not at all.
func (w *Worker) mayBegin(ctx context.Context, c *Content, run *store.Run, chunk *store.Chunk) (may bool, again time.Time, err error) {
	if chunk.Step == 0 || run.Manual || !stepwise(c.Campaign) {
		return true, time.Time{}, nil
	}
	before, empty, err := w.stepsBefore(ctx, chunk)
	if err != nil {
		return false, again, err
	}
	now := w.Now()
	if 2*before.Waiting > before.Planned {
		return false, now.Add(stepPause), nil
	}
	step, at, err := w.stepOf(ctx, run)
	if err != nil || step >= chunk.Step {
		return err == nil, again, err
	}
	signals, err := signalsOf(ctx, w.Store, run.ID)
	if err != nil || run.Note == "" && w.stopRollout(c, run, signals) {
		return false, again, err
	}
	for step+1 < chunk.Step && empty[step+1] {
		step++ // nobody is in it
	}
	if step+1 < chunk.Step {
		return false, now.Add(stepPause), nil
	}
	content := c.Workspace.CampaignContent(run.Campaign) // whatever it was: the run goes on with what it is pinned to
	move := c.Campaign.Move(schedule.Progress{Step: step, Content: content, At: at, Waits: c.Campaign.Rollout.Waits(signals) != ""}, content, now)
	if !move.Take {
		return false, move.Next, nil
	}
	return true, again, w.Store.TakeStep(ctx, run.Campaign, content, move.Step, now)
}

// stepOf says which step a one-off's run is in, and since when. The first begins with the run, which somebody may have had to approve;
// steps from before are those of another one-off with the campaign's name.
func (w *Worker) stepOf(ctx context.Context, run *store.Run) (step int, at time.Time, err error) {
	states, err := w.Store.CampaignStates(ctx)
	if state := states[run.Campaign]; state.Step > 0 && !state.StepAt.Before(run.Created) {
		return state.Step, state.StepAt, err
	}
	return 0, run.Started, err
}

// putOff gives a chunk back untouched, until a time.
func (w *Worker) putOff(ctx context.Context, c *store.Chunk, until time.Time) error {
	if until.IsZero() {
		return nil
	}
	now := w.clock()
	taken, err := w.Store.TakeChunk(ctx, c.Run, c.No, w.Owner, now, now.Add(w.Lease))
	if err == nil {
		err = w.Store.ReleaseChunk(ctx, store.Lease{Run: c.Run, Chunk: c.No, Epoch: taken.Epoch}, w.theirs(until))
	}
	if errors.Is(err, store.ErrLost) {
		return nil
	}
	return err
}

// stepsBefore counts what became of earlier steps' people in a chunk's time zone, and says which of those steps have nobody anywhere.
func (w *Worker) stepsBefore(ctx context.Context, chunk *store.Chunk) (before store.Counts, empty map[int]bool, err error) {
	chunks, err := w.Store.ChunksOf(ctx, chunk.Run)
	empty = map[int]bool{}
	for step := range chunk.Step {
		empty[step] = !slices.ContainsFunc(chunks, func(c store.Chunk) bool { return c.Step == step })
	}
	for i := range chunks {
		if c := &chunks[i]; c.Step < chunk.Step && c.Zone == chunk.Zone {
			before.Planned += c.Planned
			before.Waiting += c.Waiting
		}
	}
	return before, empty, err
}

// watchRollout stops a run whose rollout passes one of its limits. It is asked before the run is closed, and looks when twice as many
// rows are there as at the last time: counting them all after each chunk would take longer than sending.
func (w *Worker) watchRollout(ctx context.Context, run *store.Run) (stopped bool, err error) {
	if run.State != store.RunRunning || run.Manual || !w.guard(run.ID).looksAgain(run) {
		return false, nil
	}
	content, err := w.Contents.Campaign(ctx, run.Version, run.Campaign)
	if errors.Is(err, ErrFormat) || err == nil && len(content.Campaign.Rollout.StopIf) == 0 {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	signals, err := signalsOf(ctx, w.Store, run.ID)
	return err == nil && w.stopRollout(content, run, signals), err
}

func (w *Worker) stopRollout(c *Content, run *store.Run, signals schedule.Signals) bool {
	why := c.Campaign.Rollout.Stop(signals)
	if why != "" {
		w.halt(run.ID, store.RunStopped, fmt.Sprintf("%s; change the campaign and deploy it, or `germane runs resume %d` sends it all the same", why, run.ID))
	}
	return why != ""
}

// looksAgain reports whether enough has happened since the last look. A run that somebody resumed is not looked at any more: they
// have seen it.
func (g *guard) looksAgain(r *store.Run) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	done := r.Planned - r.Waiting
	if r.Note != "" || done == 0 || done < 2*g.looked && r.Waiting > 0 {
		return false
	}
	g.looked = done
	return true
}

// signalsOf counts what came of a run's messages.
func signalsOf(ctx context.Context, s store.Store, run int64) (schedule.Signals, error) {
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
	kinds, err := s.KindCounts(ctx, run)
	if err != nil {
		return signals, err
	}
	for _, k := range kinds {
		switch k.Kind {
		case store.EventDelivery:
			signals.Notices += k.People
		case store.EventBounce:
			signals.Notices, signals.Bounces = signals.Notices+k.People, k.People
		case store.EventComplaint:
			signals.Complaints = k.People
		}
	}
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
