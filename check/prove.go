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
//
// Rules too entangled for one diagram are tried again alone and in pairs, which are much smaller questions. What that proves holds
// whatever the other rules are; that a rule is reachable cannot be learnt from it.
func Prove(rules []*audience.Rule) []Proof {
	proofs, work := make([]Proof, len(rules)), workLimit
	l := newLadder(rules, &work)
	for i := 0; i < len(rules) && !l.spent; i++ {
		if proof := l.prove(i); !l.spent {
			proofs[i] = proof
		}
	}
	work = workLimit
	for i, rule := range rules {
		if proofs[i].Verdict == Undecided && sound(rule) {
			proofs[i] = proveApart(rules[:i], rule, &work)
		}
	}
	return proofs
}

func proveApart(before []*audience.Rule, rule *audience.Rule, work *int) Proof {
	if proof := newLadder([]*audience.Rule{rule}, share(work)).prove(0); proof.Verdict == NeverTrue || proof.Verdict == AlwaysTrue {
		return proof
	}
	for j := range before {
		if *work <= 0 {
			break
		}
		if !sound(before[j]) {
			continue
		}
		if proof := newLadder([]*audience.Rule{before[j], rule}, share(work)).prove(1); proof.Verdict == Shadowed {
			proof.By = []int{j}
			return proof
		}
	}
	return Proof{}
}

// share takes a part of what is left, so that one hard question leaves something for the others.
func share(work *int) *int {
	part := *work/8 + 1
	*work -= part
	return &part
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

// ladder is rules that are tried in order.
type ladder struct {
	*space
	rules    []*audience.Rule
	selected []set // for whom each rule is true; nobody for one that is passed over
}

func newLadder(rules []*audience.Rule, work *int) *ladder {
	var valid []*audience.Rule
	for _, rule := range rules {
		if sound(rule) {
			valid = append(valid, rule)
		}
	}
	return &ladder{space: newSpace(valid, work), rules: rules}
}

// climb adds the rules up to i.
func (l *ladder) climb(i int) {
	for n := len(l.selected); n <= i; n++ {
		selected := nobody
		if sound(l.rules[n]) && !l.spent {
			selected = l.selects(l.rules[n])
		}
		l.selected = append(l.selected, selected)
	}
}

// prove returns a rule's proof, Undecided when the work was too much.
func (l *ladder) prove(i int) Proof {
	l.climb(i)
	if l.spent || !sound(l.rules[i]) {
		return Proof{}
	}
	left := l.selected[i]
	for _, earlier := range l.selected[:i] {
		left = l.minus(left, earlier)
	}
	switch {
	case l.spent:
		return Proof{}
	case l.selected[i] == nobody:
		return Proof{Verdict: NeverTrue, Conflict: l.conflict(l.rules[i])}
	case left == nobody:
		return l.shadow(i)
	case l.selected[i] == l.world:
		return Proof{Verdict: AlwaysTrue}
	}
	return Proof{Verdict: Reachable}
}

// shadow finds which rules take everybody for whom rule i is true: the first that does alone, else all that are needed.
func (l *ladder) shadow(i int) Proof {
	var by []int
	for j, earlier := range l.selected[:i] {
		if l.minus(l.selected[i], earlier) == nobody && !l.spent {
			return Proof{Verdict: Shadowed, By: []int{j}, Same: earlier == l.selected[i]}
		}
		if l.and(l.selected[i], earlier) != nobody {
			by = append(by, j)
		}
	}
	for n := len(by) - 1; n >= 0 && !l.spent; n-- {
		without := slices.Delete(slices.Clone(by), n, n+1)
		left := l.selected[i]
		for _, j := range without {
			left = l.minus(left, l.selected[j])
		}
		if left == nobody && !l.spent {
			by = without
		}
	}
	if l.spent { // the verdict is proved, and these are enough; whether all are needed is not known
		l.spent = false
		by = l.indexes(i)
	}
	return Proof{Verdict: Shadowed, By: by}
}

// indexes returns the sound rules before i.
func (l *ladder) indexes(i int) []int {
	var all []int
	for j := range i {
		if sound(l.rules[j]) {
			all = append(all, j)
		}
	}
	return all
}

// conflict finds the fewest terms of a rule that are never true together, by leaving out one after the other.
func (l *ladder) conflict(rule *audience.Rule) []audience.Condition {
	and, ok := rule.Condition.(audience.And)
	if !ok {
		return []audience.Condition{rule.Condition}
	}
	terms := slices.Clone(and.Terms)
	for n := len(terms) - 1; n >= 0 && len(terms) > 1; n-- {
		without := slices.Delete(slices.Clone(terms), n, n+1)
		if l.and(l.world, l.terms(without, audience.True, true)) == nobody && !l.spent {
			terms = without
		}
	}
	l.spent = false
	return terms
}
