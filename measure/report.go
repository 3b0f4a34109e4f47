// Package measure turns what the ledger and the events say into what a campaign brought about: what became of the members of its
// audience, and for each variant of each block how many people were shown it, followed its links and reached the goal, beside those who
// would have got it and were kept from it at random. It counts; it has no clock, reads nothing but a store, and judges no person.
//
// It leaves which goals count to its caller, whether a click is a person's to whoever wrote it down, and words to the command line.
// [NewReport] reads the runs of a campaign one after another; [Comparison.Comparable] says whether two shares may be put side by side.
package measure

import (
	"context"
	"fmt"
	"slices"
	"time"

	"germane/blocks"
	"germane/store"
)

// Store is what reports read.
type Store interface {
	store.Measures
	store.Deliveries
	store.Events
}

// Goal is what something is meant to bring about: an event within a time of the mail. Zero: nothing was declared.
type Goal struct {
	Event  string
	Within time.Duration
}

// Goals is which goals a report counts.
type Goals struct {
	Campaign Goal
	Blocks   map[string]Goal // by name; of others the campaign's
}

// of returns a block's goal.
func (g *Goals) of(block string) Goal {
	if goal, ok := g.Blocks[block]; ok && goal != (Goal{}) {
		return goal
	}
	return g.Campaign
}

// Report is what came of runs of a campaign. Everybody is counted once a run.
type Report struct {
	Counts                            store.Counts
	Clicked                           Clicks // whatever link of the mail it was
	Page                              Clicks // of those, a link that is in no block
	Unsubscribed, Complained, Bounced int64
	Goal                              Goal
	Mailed                            Arm        // sent, in doubt or failed: whom the campaign meant to reach
	HeldOut                           []*HeldOut // by reason
	Blocks                            []*Block   // in the order of the newest version
	Counting                          int        // runs of which somebody may still reach a goal
	Until                             time.Time  // when that is over; zero when it is not known, as one is not finished
}

// Clicks is how many people followed links, and how many of them not only in ways that look like a machine's.
type Clicks struct{ People, Human int64 }

// HeldOut are people who got no mail, to measure against.
type HeldOut struct {
	Reason string
	Arm
	Versus Comparison
}

// Block is a place in the message, with what was shown there.
type Block struct {
	Name     string
	Goal     Goal
	Variants []*Variant // otherwise is the last one
}

// Variant is one of a block's contents.
type Variant struct {
	Name    string
	Shown   Arm    // whose mail was sent with it, or is in doubt
	Clicked Clicks // on its own links
	Control Arm    // whose rule chose it, and who got otherwise instead
	Versus  Comparison
}

// NewReport counts runs of one campaign, which come the newest first, with goals, as of a time.
func NewReport(ctx context.Context, s Store, runs []*store.Run, goals Goals, now time.Time) (*Report, error) {
	r := &Report{Goal: goals.Campaign}
	for _, run := range runs {
		t := &tally{Report: r, store: s, goals: &goals, run: run, now: now}
		if err := t.count(ctx); err != nil {
			return nil, fmt.Errorf("report of run %d: %w", run.ID, err)
		}
	}
	if slices.ContainsFunc(runs, func(run *store.Run) bool { return run.Finished.IsZero() }) {
		r.Until = time.Time{}
	}
	for _, b := range r.Blocks {
		slices.SortStableFunc(b.Variants, func(a, b *Variant) int { return rank(a) - rank(b) })
	}
	return r, nil
}

func rank(v *Variant) int {
	if v.Name == blocks.Otherwise {
		return 1
	}
	return 0
}

// variant returns a variant of a block by name, which it adds when they are new.
func (r *Report) variant(block, variant string, goals *Goals) named {
	i := slices.IndexFunc(r.Blocks, func(b *Block) bool { return b.Name == block })
	if i < 0 {
		i, r.Blocks = len(r.Blocks), append(r.Blocks, &Block{Name: block, Goal: goals.of(block)})
	}
	b := r.Blocks[i]
	j := slices.IndexFunc(b.Variants, func(v *Variant) bool { return v.Name == variant })
	if j < 0 {
		j, b.Variants = len(b.Variants), append(b.Variants, &Variant{Name: variant})
	}
	return named{b, b.Variants[j]}
}
