package check

import (
	"slices"

	"germane/audience"
)

// space is everybody whom the catalogue allows, as far as some rules can tell people apart.
//
// Each attribute the rules look at is an axis: a variable whose values are the cells of its domain within which no rule can tell
// two values apart. What a cell means is asked of the evaluator that sends use, with one value of the cell. A space never leaves
// anybody out; where it cannot know (two patterns on one text, two attributes compared) it has more people in it than there can be.
// So what it proves of everybody holds; that somebody is left over is only certain once a person is found ([space.person]).
type space struct {
	*diagrams
	axes   []*axis // by level
	byName map[string]*axis
	leaves map[string]*leaf // by canonical text
	sets   map[ruleSide]set // of rules' conditions, where segments share them
	world  set              // who can exist: everybody, without what the axes exclude of each other

	conditions int // looked at so far
}

type ruleSide struct {
	rule *audience.Rule
	want audience.Truth
}

// maxConditions is how many conditions are looked at, segments' included each time, before a space is given up.
const maxConditions = 20_000

// newSpace makes the space of some rules, which hold no [audience.Invalid]. Ask spent before believing it.
func newSpace(rules []*audience.Rule, work *int) *space {
	s := &space{diagrams: newDiagrams(work), byName: map[string]*axis{}, leaves: map[string]*leaf{}, sets: map[ruleSide]set{}, world: everybody}
	for _, rule := range rules {
		s.collect(rule.Condition)
	}
	if s.spent {
		return s
	}
	for _, a := range s.axes {
		s.partition(a)
	}
	for _, a := range s.axes {
		s.world = s.and(s.world, s.limits(a))
	}
	return s
}

// collect makes the leaves below a condition and the axes that they need.
func (s *space) collect(c audience.Condition) {
	if s.conditions++; s.conditions > maxConditions {
		s.spent = true
	}
	if s.spent {
		return
	}
	switch c := c.(type) {
	case audience.And:
		s.collectAll(c.Terms)
	case audience.Or:
		s.collectAll(c.Terms)
	case audience.Not:
		s.collect(c.Term)
	case audience.SegmentRef:
		s.collect(c.Rule.Condition)
	default:
		if key := audience.Print(c); s.leaves[key] == nil {
			s.leaves[key] = s.leaf(c)
		}
	}
}

func (s *space) collectAll(terms []audience.Condition) {
	for _, term := range terms {
		s.collect(term)
	}
}

func (s *space) ruleSet(r *audience.Rule, want audience.Truth) set {
	key := ruleSide{r, want}
	result, known := s.sets[key]
	if !known {
		if result = s.condition(r.Condition, want); !s.spent {
			s.sets[key] = result
		}
	}
	return result
}

// condition returns the people for whom a condition is true, or those for whom it is false. Whoever is in neither does not know:
// Kleene's and is false when one term is, whatever the others are.
func (s *space) condition(c audience.Condition, want audience.Truth) set {
	switch c := c.(type) {
	case audience.And:
		return s.terms(c.Terms, want, want == audience.True)
	case audience.Or:
		return s.terms(c.Terms, want, want == audience.False)
	case audience.Not:
		return s.condition(c.Term, want.Not())
	case audience.SegmentRef:
		return s.ruleSet(c.Rule, want)
	}
	return s.leaves[audience.Print(c)].set(s, want)
}

func (s *space) terms(terms []audience.Condition, want audience.Truth, all bool) set {
	result := s.condition(terms[0], want)
	for _, term := range terms[1:] {
		if all {
			result = s.and(result, s.condition(term, want))
		} else {
			result = s.or(result, s.condition(term, want))
		}
	}
	return result
}

// axis returns the axis of a name, making it where there is none. A new one's level is below those of all others. Names other than
// attributes' have a space or point in them, so that no attribute is taken for something else.
func (s *space) axis(name string, form form) *axis {
	a := s.byName[name]
	if a == nil {
		a = &axis{name: name, form: form, level: len(s.axes)}
		s.axes, s.byName[name] = append(s.axes, a), a
	}
	return a
}

// partition finds an axis's cells and makes its variable.
func (s *space) partition(a *axis) {
	switch {
	case s.spent:
	case a.form == free || a.form == ordering:
		a.cells = make([]candidate, map[form]int{free: 2, ordering: 3}[a.form])
	default:
		a.cells = s.distinct(a, a.candidates())
	}
	s.variable(max(1, len(a.cells)))
}

// distinct keeps one candidate of those that no leaf tells apart, and notes what the leaves say of it.
func (s *space) distinct(a *axis, all []candidate) []candidate {
	effort := 1
	for _, leaf := range a.leaves {
		effort += leaf.effort()
	}
	if *s.work -= len(all) * effort; *s.work < 0 {
		s.spent = true
		return nil
	}
	var kept []candidate
	known := map[string]bool{}
	for i := range all {
		signature := make([]byte, 0, len(a.leaves)+1)
		signature = append(signature, byte(all[i].value.State))
		for _, leaf := range a.leaves {
			signature = append(signature, byte(leaf.judge(a, &all[i])))
		}
		if known[string(signature)] {
			continue
		}
		known[string(signature)] = true
		kept = append(kept, all[i])
		for j, leaf := range a.leaves {
			leaf.outcomes = append(leaf.outcomes, outcome(signature[j+1]))
		}
	}
	return kept
}

// present returns the people who have a value on an axis.
func (s *space) present(a *axis) set {
	kids := make([]set, len(a.cells))
	for i := range a.cells {
		if a.cells[i].value.Present() {
			kids[i] = everybody
		}
	}
	return s.cellSet(a, kids)
}

// cellSet returns the set that is one of some others, by the cell of an axis.
func (s *space) cellSet(a *axis, kids []set) set {
	if len(kids) == 0 || s.spent {
		s.spent = s.spent || len(kids) == 0
		return nobody
	}
	return s.vertex(a.level, kids)
}

// yes returns the people with the second value of a two-valued axis, or with the first.
func (s *space) yes(a *axis, want bool) set {
	kids := []set{everybody, nobody}
	if want {
		slices.Reverse(kids)
	}
	return s.cellSet(a, kids)
}
