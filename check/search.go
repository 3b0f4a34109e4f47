package check

import "slices"

// somebody reports whether there is anybody in one set who is in none of the others. It fixes one axis after the other, and drops
// the others that this settles; rules that are hard to unite, because each is about other attributes, are easy to walk around.
// A false is only meant when the work sufficed.
func (d *diagrams) somebody(in set, others []set) bool {
	others = slices.DeleteFunc(slices.Clone(others), func(other set) bool { return other == nobody })
	switch {
	case in == nobody || slices.Contains(others, everybody):
		return false
	case len(others) == 0:
		return true
	}
	for _, next := range d.branches(d.narrowest(in, others), in, others) {
		if d.somebody(next[0], next[1:]) {
			return true
		}
		if d.spent {
			return false
		}
	}
	return false
}

// narrowest chooses the level to fix: the set's own as long as it has one, then that of the other with the fewest ways out.
func (d *diagrams) narrowest(in set, others []set) int {
	if in != everybody {
		return int(d.level[in])
	}
	best, fewest := others[0], len(d.children(others[0]))+1
	for _, other := range others {
		ways := 0
		for _, kid := range d.children(other) {
			if kid != everybody {
				ways++
			}
		}
		if ways < fewest {
			best, fewest = other, ways
		}
	}
	return int(d.level[best])
}

// branches returns what the sets become by the value of a level, each once, those that settle most first.
func (d *diagrams) branches(level int, in set, others []set) [][]set {
	arity := d.arity[level]
	if *d.work -= arity * (1 + len(others)); *d.work < 0 {
		d.spent = true
		return nil
	}
	var all [][]set
	for value := range arity {
		next := []set{d.restrict(in, level, value)}
		for _, other := range others {
			next = append(next, d.restrict(other, level, value))
		}
		if !slices.ContainsFunc(all, func(known []set) bool { return slices.Equal(known, next) }) {
			all = append(all, next)
		}
	}
	slices.SortStableFunc(all, func(a, b []set) int { return settled(b) - settled(a) })
	return all
}

// settled counts the others that nobody is in any more.
func settled(sets []set) int {
	n := 0
	for _, other := range sets[1:] {
		if other == nobody {
			n++
		}
	}
	return n
}

// restriction is a set in which one variable has a value.
type restriction struct {
	n            set
	level, value int
}

func (d *diagrams) restrict(n set, level, value int) set {
	if int(d.level[n]) >= level {
		return d.child(n, int32(level), value)
	}
	key := restriction{n, level, value}
	if result, known := d.restricted[key]; known {
		return result
	}
	own := int(d.level[n])
	if *d.work -= d.arity[own]; *d.work < 0 {
		d.spent = true
		return nobody
	}
	base := len(d.stack)
	for i := range d.arity[own] {
		d.stack = append(d.stack, d.restrict(d.children(n)[i], level, value))
	}
	result := d.vertex(own, d.stack[base:])
	d.stack = d.stack[:base]
	if !d.spent {
		d.restricted[key] = result
	}
	return result
}
