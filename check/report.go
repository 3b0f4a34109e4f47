package check

import (
	"time"

	"germane/audience"
	"germane/blocks"
)

// Report says who can get which variant of a block, for people who look at it. Nothing in it is a mistake by itself.
type Report struct {
	Block     string
	Variants  []Reach // in the block's order; the last is otherwise
	Overlaps  []Overlap
	Undecided bool // some of it would take too long to find out
}

// Reach is who can get a variant.
type Reach struct {
	Variant string
	Verdict Verdict
	By      []string // Shadowed: the variants that take everybody
	Example *Example // somebody who gets it; nil: nobody, or nobody was found
}

// Overlap is two variants of different content whose rules are both true for somebody: which of them stands first decides.
type Overlap struct {
	First, Second string
	Example       *Example // never nil
}

// Explore finds out who can get which variant of a block. Examples are made around now.
func Explore(b *blocks.Block, now time.Time) *Report {
	rules := rulesOf(b)
	x := &explorer{block: b, ladder: newLadder(rules), now: now, report: &Report{Block: b.Name}}
	for i := range b.Variants {
		x.variant(i)
	}
	for i := range rules {
		for j := range i {
			x.overlap(j, i)
		}
	}
	return x.report
}

type explorer struct {
	*ladder
	block  *blocks.Block
	now    time.Time
	report *Report
}

func (x *explorer) variant(i int) {
	v := &x.block.Variants[i]
	reach := Reach{Variant: v.Name}
	if v.Name == blocks.Otherwise {
		reach.Verdict, reach.Example = x.otherwise(i)
	} else {
		proof := x.prove(i)
		reach.Verdict = proof.Verdict
		for _, j := range proof.By {
			reach.By = append(reach.By, x.block.Variants[j].Name)
		}
		if proof.Verdict == Reachable || proof.Verdict == AlwaysTrue {
			reach.Example = x.who(x.steps[i].selected, i, i)
		}
	}
	x.report.Undecided = x.report.Undecided || reach.Verdict == Undecided
	x.report.Variants = append(x.report.Variants, reach)
}

// otherwise is for those for whom no rule is true.
func (x *explorer) otherwise(i int) (Verdict, *Example) {
	before := x.before(i)
	for j := range i {
		if !x.steps[j].known {
			return Undecided, nil
		}
	}
	covered, certain := x.covered(&step{selected: x.world}, before)
	switch {
	case covered:
		return Shadowed, nil
	case !certain:
		return Undecided, nil
	}
	return Reachable, x.who(x.world, i, -1)
}

// who finds somebody in a set for whom the rule that is named is true, if one is, and none before i.
func (x *explorer) who(in set, i, chosen int) *Example {
	var others []set
	for _, j := range x.before(i) {
		others = append(others, x.steps[j].holds)
	}
	return x.example(in, others, x.now, func(e *Example) bool {
		for j := range i {
			if rule := x.steps[j].rule; rule != nil && truthFor(rule, e) == audience.True {
				return false
			}
		}
		return chosen < 0 || truthFor(x.steps[chosen].rule, e) == audience.True
	})
}

// overlap notes two variants that somebody could get both of.
func (x *explorer) overlap(i, j int) {
	first, second := &x.steps[i], &x.steps[j]
	if !x.reached(i) || !x.reached(j) || contentOf(x.block, i) == contentOf(x.block, j) {
		return
	}
	both := nobody
	if !x.within(func() { both = x.and(first.selected, second.holds) }) || both == nobody {
		return
	}
	example := x.example(both, nil, x.now, func(e *Example) bool {
		return truthFor(first.rule, e) == audience.True && truthFor(second.rule, e) == audience.True
	})
	if example != nil {
		x.report.Overlaps = append(x.report.Overlaps, Overlap{x.block.Variants[i].Name, x.block.Variants[j].Name, example})
	}
}

// reached reports whether a variant is not known to be out of reach.
func (x *explorer) reached(i int) bool {
	verdict := x.report.Variants[i].Verdict
	return x.steps[i].known && (verdict == Reachable || verdict == AlwaysTrue)
}
