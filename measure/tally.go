package measure

import (
	"context"
	"time"

	"germane/blocks"
	"germane/store"
)

// tally adds one run to a report.
type tally struct {
	*Report
	store Store
	goals *Goals
	run   *store.Run
	now   time.Time
	names map[place]named
}

// place is what a packed choice means: a variant of a version's block.
type place struct {
	pin     int
	block   uint16
	variant uint8
}

// named is a variant with its block.
type named struct {
	block   *Block
	variant *Variant
}

func (t *tally) count(ctx context.Context) error {
	t.add(&t.run.Counts)
	for _, part := range []func(context.Context) error{t.name, t.events, t.arms, t.choices} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	t.ripening()
	return nil
}

func (t *tally) add(c *store.Counts) {
	sum := &t.Counts
	sum.Planned, sum.Sent, sum.Failed, sum.Skipped = sum.Planned+c.Planned, sum.Sent+c.Sent, sum.Failed+c.Failed, sum.Skipped+c.Skipped
	sum.HeldOut, sum.InDoubt, sum.Waiting = sum.HeldOut+c.HeldOut, sum.InDoubt+c.InDoubt, sum.Waiting+c.Waiting
}

// name reads what the run's choices mean, the newest version first.
func (t *tally) name(ctx context.Context) error {
	variants, err := t.store.RunVariants(ctx, t.run.ID)
	t.names = map[place]named{}
	for pin := t.run.Pin; pin >= 0; pin-- {
		for i := range variants {
			if v := &variants[i]; v.Pin == pin {
				t.names[place{pin, uint16(v.BlockNumber), uint8(v.Number)}] = t.variant(v.BlockName, v.VariantName, t.goals)
			}
		}
	}
	return err
}

// events counts people by what they did with their mail.
func (t *tally) events(ctx context.Context) error {
	kinds, err := t.store.KindCounts(ctx, t.run.ID)
	if err != nil {
		return err
	}
	for _, k := range kinds {
		switch k.Kind {
		case store.EventClick:
			t.Clicked.add(k.People, k.HumanPeople)
		case store.EventUnsubscribe:
			t.Unsubscribed += k.People
		case store.EventComplaint:
			t.Complained += k.People
		case store.EventBounce:
			t.Bounced += k.People
		}
	}
	clicks, err := t.store.ClickCounts(ctx, t.run.ID)
	for _, c := range clicks {
		if c.Block == "" {
			t.Page.add(c.People, c.HumanPeople)
			continue
		}
		t.variant(c.Block, c.Variant, t.goals).variant.Clicked.add(c.People, c.HumanPeople)
	}
	return err
}

func (c *Clicks) add(people, human int64) { c.People, c.Human = c.People+people, c.Human+human }

// arms counts those mailed and those held out. A mail that failed counts as one: that it would fail was not known when arms were drawn.
func (t *tally) arms(ctx context.Context) error {
	counts, err := t.store.ArmCounts(ctx, t.run.ID, t.Goal.Event, t.Goal.Within)
	var mailed Arm
	held := map[*HeldOut]Arm{}
	for _, c := range counts {
		arm := Arm{c.People, c.Reached}
		switch c.State {
		case store.Sent, store.InDoubt, store.Failed:
			mailed.add(arm)
		case store.HeldOut:
			held[t.heldOut(c.Reason)] = arm
		}
	}
	t.Mailed.add(mailed)
	for h, arm := range held {
		h.add(arm)
		if t.over(t.Goal) {
			h.Versus.add(mailed, arm)
		}
	}
	return err
}

func (r *Report) heldOut(reason string) *HeldOut {
	for _, h := range r.HeldOut {
		if h.Reason == reason {
			return h
		}
	}
	h := &HeldOut{Reason: reason}
	r.HeldOut = append(r.HeldOut, h)
	return h
}

// choices counts people by what their blocks showed, and those of them who reached the block's goal.
func (t *tally) choices(ctx context.Context) error {
	compared := map[named]*Comparison{}
	counts, err := t.store.ChoiceCounts(ctx, t.run.ID)
	if err == nil {
		err = t.each(counts, compared, func(_ *Block, people int64) Arm { return Arm{People: people} })
	}
	for _, goal := range t.distinct() {
		if err != nil {
			return err
		}
		if counts, err = t.store.GoalCounts(ctx, t.run.ID, goal.Event, goal.Within); err == nil {
			err = t.each(counts, compared, func(b *Block, people int64) (a Arm) {
				if b.Goal == goal {
					a.Reached = people
				}
				return a
			})
		}
	}
	for n, c := range compared {
		if t.over(n.block.Goal) {
			n.variant.Versus.add(c.With, c.Without)
		}
	}
	return err
}

// each adds mails to what their choices showed.
func (t *tally) each(counts []store.ChoiceCount, compared map[named]*Comparison, arm func(b *Block, people int64) Arm) error {
	for i := range counts {
		c := &counts[i]
		if c.State != store.Sent && c.State != store.InDoubt {
			continue
		}
		choices, err := blocks.Unpack(c.Choices)
		if err != nil {
			return err
		}
		for _, choice := range choices {
			shown, known := t.names[place{c.Pin, choice.Block, choice.Variant}]
			would, also := t.names[place{c.Pin, choice.Block, choice.Would}]
			if !known || !also {
				continue
			}
			a := arm(shown.block, c.People)
			shown.variant.Shown.add(a)
			if compared[would] == nil {
				compared[would] = &Comparison{}
			}
			switch choice.Reason {
			case blocks.Control:
				would.variant.Control.add(a)
				compared[would].Without.add(a)
			case blocks.RuleTrue:
				compared[would].With.add(a)
			}
		}
	}
	return nil
}

// distinct returns each goal of the report's blocks once.
func (t *tally) distinct() []Goal {
	var goals []Goal
	known := map[Goal]bool{{}: true} // no goal is none to count
	for _, b := range t.Blocks {
		if !known[b.Goal] {
			known[b.Goal], goals = true, append(goals, b.Goal)
		}
	}
	return goals
}

// over reports whether nobody of the run can reach a goal any more.
func (t *tally) over(goal Goal) bool {
	return !t.run.Finished.IsZero() && !t.now.Before(t.run.Finished.Add(goal.Within))
}

// ripening notes a run whose goals may still be reached.
func (t *tally) ripening() {
	longest := t.Goal
	for _, goal := range t.distinct() {
		if goal.Within > longest.Within {
			longest = goal
		}
	}
	if t.over(longest) {
		return
	}
	t.Counting++
	if until := t.run.Finished.Add(longest.Within); until.After(t.Until) {
		t.Until = until
	}
}
