package render

import (
	"maps"
	"strings"
)

// facts are what is certain at a place in a template: which values are present, and which numbers are not zero. A key is a value's
// path, or its path followed by notZero. Sets are never changed once made, so branches may share them.
type facts map[string]bool

const notZero = " != 0"

func (f facts) with(more facts) facts {
	if len(more) == 0 {
		return f
	}
	all := maps.Clone(f)
	if all == nil {
		all = facts{}
	}
	maps.Copy(all, more)
	return all
}

// both are the facts that hold on either way.
func (f facts) both(g facts) facts {
	common := facts{}
	for key := range f {
		if g[key] {
			common[key] = true
		}
	}
	return common
}

// without forgets what was known of a variable and of what is inside it.
func (f facts) without(name string) facts {
	kept := facts{}
	for key := range f {
		path := strings.TrimSuffix(key, notZero)
		if path != name && !strings.HasPrefix(path, name+".") && !strings.HasPrefix(path, name+"[") {
			kept[key] = true
		}
	}
	return kept
}

// environment is what strict mode knows at a place in a template.
type environment struct {
	facts     facts
	variables map[string]*shape // assigned, captured and loop variables
	dead      bool              // nothing behind this place is ever rendered: a skip, break or continue came before
}

func (e environment) with(more facts) environment {
	e.facts = e.facts.with(more)
	return e
}

// set returns the environment after an assignment.
func (e environment) set(name string, s *shape) environment {
	e.facts = e.facts.without(name)
	e.variables = maps.Clone(e.variables)
	if e.variables == nil {
		e.variables = map[string]*shape{}
	}
	e.variables[name] = s.at(name)
	return e
}

// outside is what is known of the names that a loop gives a meaning of its own, behind its body: what was known before it.
func (e environment) outside(before environment, names ...string) environment {
	e.variables = maps.Clone(e.variables)
	for _, name := range names {
		e.facts = e.facts.without(name)
		if delete(e.variables, name); before.variables[name] != nil {
			e.variables[name] = before.variables[name]
		}
	}
	return e
}

// merge is what is known where two ways meet.
func (e environment) merge(o environment) environment {
	switch {
	case e.dead:
		return o
	case o.dead:
		return e
	}
	m := environment{facts: e.facts.both(o.facts), variables: map[string]*shape{}}
	for name, s := range e.variables {
		other := o.variables[name]
		if other == nil {
			other = &shape{kind: nilKind}
		}
		m.variables[name] = join(s, other)
	}
	for name, s := range o.variables {
		if e.variables[name] == nil {
			m.variables[name] = join(s, &shape{kind: nilKind})
		}
	}
	return m
}

// like says whether two environments allow the same: only sizes may differ.
func (e environment) like(o environment) bool {
	if len(e.facts) != len(o.facts) || len(e.variables) != len(o.variables) {
		return false
	}
	for key := range e.facts {
		if !o.facts[key] {
			return false
		}
	}
	for name, s := range e.variables {
		if other := o.variables[name]; other == nil || !s.like(other) {
			return false
		}
	}
	return true
}

func (s *shape) like(o *shape) bool {
	if s == o {
		return true
	}
	if s == nil || o == nil || s.kind != o.kind || s.missing != o.missing || s.blank != o.blank || s.origin != o.origin || s.path != o.path ||
		s.literal != o.literal || len(s.uses) != len(o.uses) || len(s.values) != len(o.values) || len(s.fields) != len(o.fields) ||
		!sameBound(s.min, o.min) || !sameBound(s.max, o.max) || (s.items == 0) != (o.items == 0) {
		return false
	}
	for name, field := range s.fields {
		if other := o.fields[name]; other == nil || !field.like(other) {
			return false
		}
	}
	return s.of.like(o.of)
}

func sameBound(a, b *float64) bool { return a == b || a != nil && b != nil && *a == *b }

// grownAlike says whether each variable grew from one environment to the next by as much as before.
func grownAlike(first, second, third environment) bool {
	for name, s := range third.variables {
		a, b := first.variables[name], second.variables[name]
		if a == nil || b == nil || s.bytes-b.bytes != b.bytes-a.bytes || s.items-b.items != b.items-a.items {
			return a == nil && b != nil && s.bytes == b.bytes && s.items == b.items
		}
	}
	return true
}

// widened drops the bounds of numbers that are not what they were: a turn later they may be others again.
func (e environment) widened(before environment) environment {
	w := environment{facts: e.facts, variables: map[string]*shape{}}
	for name, s := range e.variables {
		w.variables[name] = s.widened(before.variables[name])
	}
	return w
}

func (s *shape) widened(before *shape) *shape {
	if before == nil || s == before || s.like(before) {
		return s
	}
	w := *s
	if !sameBound(s.min, before.min) {
		w.min = nil
	}
	if !sameBound(s.max, before.max) {
		w.max = nil
	}
	if s.of != nil {
		w.of = s.of.widened(before.of)
	}
	return &w
}
