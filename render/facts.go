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
