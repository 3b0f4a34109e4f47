package check

import (
	"slices"

	"germane/audience"
)

// Verdict is what is proved of one of several rules that are tried in order.
type Verdict uint8

// All but Undecided and Reachable hold of everybody whom the catalogue allows.
const (
	Undecided  Verdict = iota // it would take too long to find out
	Reachable                 // nothing speaks against it; only an example makes it certain
	NeverTrue                 // nobody can make the rule true
	Shadowed                  // for everybody who can, a rule before it is true already
	AlwaysTrue                // it is true of everybody, so that nothing after it is reached
)

// Proof is a rule's verdict and what it rests on.
type Proof struct {
	Verdict  Verdict
	By       []int                // Shadowed: the rules before it, by index, that take everybody; none can be left out
	Same     bool                 // Shadowed by one rule, which is true of the same people
	Conflict []audience.Condition // NeverTrue: the terms of its and that are never true together, or all of it
}

// workLimit bounds how much is looked at to prove the rules of a block: about a tenth of a second.
const workLimit = 2_000_000

// Prove decides of each rule whether it can be reached when they are tried in order and the first true one wins. A rule that is nil
// or has mistakes is passed over: it stays undecided, and shadows nothing.
func Prove(rules []*audience.Rule) []Proof {
	l, proofs := newLadder(rules), make([]Proof, len(rules))
	for i := range rules {
		proofs[i] = l.prove(i)
	}
	return proofs
}

// ladder is rules that are tried in order.
type ladder struct {
	*space
	steps []step
	left  int // work for what is still to come
}

// step is one rule of a ladder.
type step struct {
	rule     *audience.Rule
	known    bool // the sets are; else nothing is said of the rule
	holds    set  // where it is true
	selected set  // the people for whom it is
}

func newLadder(rules []*audience.Rule) *ladder {
	var valid []*audience.Rule
	for _, rule := range rules {
		if sound(rule) {
			valid = append(valid, rule)
		}
	}
	work := workLimit
	l := &ladder{space: newSpace(valid, &work)}
	if l.left = work; l.spent {
		l.left = 0
	}
	for _, rule := range rules {
		s := step{rule: rule}
		s.known = l.left > 0 && sound(rule) && l.within(func() {
			s.holds = l.ruleSet(rule, audience.True)
			s.selected = l.and(l.world, s.holds)
		})
		l.steps = append(l.steps, s)
	}
	return l
}

// sound reports whether a rule can be reasoned about.
func sound(r *audience.Rule) bool {
	if r == nil {
		return false
	}
	valid := true
	audience.Walk(r.Condition, func(c audience.Condition) {
		if _, invalid := c.(audience.Invalid); invalid {
			valid = false
		}
	})
	return valid
}

// within does something on a share of the work that is left, so that one hard question leaves something for the others, and reports
// whether that sufficed. What was found out is void when it did not.
func (l *ladder) within(f func()) bool {
	share := l.left/8 + 1
	*l.work, l.spent = share, false
	f()
	l.left = max(0, l.left-(share-*l.work))
	return !l.spent
}

// prove returns a rule's proof.
func (l *ladder) prove(i int) Proof {
	s := &l.steps[i]
	before := l.before(i)
	switch {
	case !s.known:
		return Proof{}
	case s.selected == nobody:
		return Proof{Verdict: NeverTrue, Conflict: l.conflict(s.rule)}
	}
	if j, one := l.single(i, before); one {
		return Proof{Verdict: Shadowed, By: []int{j}, Same: l.steps[j].selected == s.selected}
	}
	covered, certain := l.covered(s, before)
	switch {
	case covered:
		return Proof{Verdict: Shadowed, By: l.fewest(s, before)}
	case s.selected == l.world:
		return Proof{Verdict: AlwaysTrue}
	case certain:
		return Proof{Verdict: Reachable}
	}
	return Proof{}
}

// before returns the rules before i of which something is known.
func (l *ladder) before(i int) []int {
	var all []int
	for j := range i {
		if l.steps[j].known {
			all = append(all, j)
		}
	}
	return all
}

// single returns the first rule that takes everybody alone.
func (l *ladder) single(i int, before []int) (j int, found bool) {
	for _, j := range before {
		var left set
		if l.within(func() { left = l.minus(l.steps[i].selected, l.steps[j].holds) }) && left == nobody {
			return j, true
		}
	}
	return 0, false
}

// covered reports whether some rules together take everybody for whom a rule is true; certain is false when that could not be found
// out. It looks for somebody who is left, and where that takes too long, it takes away one rule's people after the other's.
func (l *ladder) covered(s *step, by []int) (covered, certain bool) {
	holds := make([]set, len(by))
	for n, j := range by {
		holds[n] = l.steps[j].holds
	}
	found := false
	if l.within(func() { found = l.somebody(s.selected, holds) }) {
		return !found, true
	}
	left := s.selected
	certain = l.within(func() {
		for _, h := range holds {
			left = l.minus(left, h)
		}
	})
	return certain && left == nobody, certain
}

// fewest leaves out what is not needed of rules that together take everybody for whom a rule is true.
func (l *ladder) fewest(s *step, by []int) []int {
	for n := len(by) - 1; n >= 0; n-- {
		without := slices.Delete(slices.Clone(by), n, n+1)
		if covered, _ := l.covered(s, without); covered {
			by = without
		}
	}
	return by
}

// conflict finds the fewest terms of a rule that are never true together, by leaving out one after the other.
func (l *ladder) conflict(rule *audience.Rule) []audience.Condition {
	and, ok := rule.Condition.(audience.And)
	if !ok {
		return []audience.Condition{rule.Condition}
	}
	terms := slices.Clone(and.Terms)
	for n := len(terms) - 1; n >= 0 && len(terms) > 1; n-- {
		without, left := slices.Delete(slices.Clone(terms), n, n+1), everybody
		if l.within(func() { left = l.and(l.world, l.terms(without, audience.True, true)) }) && left == nobody {
			terms = without
		}
	}
	return terms
}
