package check

import (
	"math"
	"slices"
)

// set is a set of people, as a node of a decision diagram. Equal sets are the same node.
type set int32

const (
	nobody    set = 0
	everybody set = 1
)

// diagrams holds decision diagrams over variables of a few values each, shared and in one order, so that two sets are equal only
// when they are the same node (Srinivasan et al., "Algorithms for discrete function manipulation", 1990).
//
// Work is bounded. When the bound is reached spent is set, and the results since then are meaningless: ask it before a claim.
type diagrams struct {
	arity  []int   // of each level's variable
	level  []int32 // of each node; those of nobody and everybody are below all
	first  []int32 // of each node: where its children start
	kids   []set
	unique map[uint64]set // by hash of level and children; the next number where that is taken
	memo   map[operation]set
	stack  []set // children of the nodes being made

	restricted map[restriction]set

	work  *int // children that may still be looked at
	spent bool
}

type operator uint8

const (
	intersect operator = iota
	unite
	subtract
)

type operation struct {
	operator operator
	a, b     set
}

func newDiagrams(work *int) *diagrams {
	return &diagrams{
		level: []int32{math.MaxInt32, math.MaxInt32}, first: []int32{0, 0},
		unique: map[uint64]set{}, memo: map[operation]set{}, restricted: map[restriction]set{}, work: work,
	}
}

// variable adds a variable below all others and returns its level.
func (d *diagrams) variable(arity int) int {
	d.arity = append(d.arity, arity)
	return len(d.arity) - 1
}

// vertex returns the set that is one of the children, by the value of a level's variable. The children's own levels are below it.
func (d *diagrams) vertex(level int, kids []set) set {
	if !slices.ContainsFunc(kids[1:], func(kid set) bool { return kid != kids[0] }) {
		return kids[0]
	}
	h := hash(level, kids)
	for {
		n, known := d.unique[h]
		if !known {
			break
		}
		if int(d.level[n]) == level && slices.Equal(d.children(n), kids) {
			return n
		}
		h++
	}
	n := set(len(d.level))
	d.level, d.first = append(d.level, int32(level)), append(d.first, int32(len(d.kids)))
	d.kids = append(d.kids, kids...)
	d.unique[h] = n
	return n
}

// hash is FNV-1a over whole numbers.
func hash(level int, kids []set) uint64 {
	h := (14695981039346656037 ^ uint64(level)) * 1099511628211
	for _, kid := range kids {
		h = (h ^ uint64(kid)) * 1099511628211
	}
	return h
}

func (d *diagrams) children(n set) []set {
	return d.kids[d.first[n]:][:d.arity[d.level[n]]]
}

// child returns the set that is left of n when a level's variable has a value.
func (d *diagrams) child(n set, level int32, value int) set {
	if d.level[n] != level {
		return n
	}
	return d.kids[int(d.first[n])+value]
}

func (d *diagrams) and(a, b set) set   { return d.apply(intersect, a, b) }
func (d *diagrams) or(a, b set) set    { return d.apply(unite, a, b) }
func (d *diagrams) minus(a, b set) set { return d.apply(subtract, a, b) }

func (d *diagrams) apply(o operator, a, b set) set {
	if result, known := o.trivial(a, b); known {
		return result
	}
	if o != subtract && a > b {
		a, b = b, a
	}
	key := operation{o, a, b}
	if result, known := d.memo[key]; known {
		return result
	}
	level := min(d.level[a], d.level[b])
	arity := d.arity[level]
	if *d.work -= arity; *d.work < 0 {
		d.spent = true
		return nobody
	}
	base := len(d.stack)
	for value := range arity {
		d.stack = append(d.stack, d.apply(o, d.child(a, level, value), d.child(b, level, value)))
	}
	result := d.vertex(int(level), d.stack[base:])
	d.stack = d.stack[:base]
	if !d.spent {
		d.memo[key] = result
	}
	return result
}

// trivial returns the result where it is plain without looking further.
func (o operator) trivial(a, b set) (set, bool) {
	switch {
	case o == intersect && (a == nobody || b == nobody), o == subtract && (a == nobody || b == everybody || a == b):
		return nobody, true
	case o == unite && (a == everybody || b == everybody):
		return everybody, true
	case o == intersect && (b == everybody || a == b), o == unite && (b == nobody || a == b), o == subtract && b == nobody:
		return a, true
	case o == intersect && a == everybody, o == unite && a == nobody:
		return b, true
	}
	return nobody, false
}

// anyValue stands in an assignment for a variable that does not matter.
const anyValue = -1

// assign calls visit with the ways to be in a set, as values by level, until it returns false; the result is visit's last. What
// values holds of other levels stays. A variable's first value comes last.
func (d *diagrams) assign(n set, values []int, visit func() bool) bool {
	switch n {
	case nobody:
		return true
	case everybody:
		return visit()
	}
	level, kids := d.level[n], d.children(n)
	for i := range kids {
		value := (i + 1) % len(kids)
		values[level] = value
		more := d.assign(kids[value], values, visit)
		values[level] = anyValue
		if !more {
			return false
		}
	}
	return true
}
