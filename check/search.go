package check

import "slices"

// somebody reports whether there is anybody in one set who is in none of the others. A false is only meant when the work sufficed.
func (d *diagrams) somebody(in set, others []set) bool {
	return d.search(in, others, d.anything(), func(set) bool { return true })
}

// anything returns an assignment in which no variable has a value yet.
func (d *diagrams) anything() []int { return slices.Repeat([]int{anyValue}, len(d.arity)) }

// search looks for people who are in one set and in none of the others. It fixes one axis after the other, and drops the others that
// this settles: rules that are hard to unite, because each is about other attributes, are easy to walk around. found is called with
// what is left of the set, all of it in none of the others, while values holds what is fixed; it returns true to end the search.
func (d *diagrams) search(in set, others []set, values []int, found func(rest set) bool) bool {
	others = slices.DeleteFunc(slices.Clone(others), func(other set) bool { return other == nobody })
	switch {
	case in == nobody || slices.Contains(others, everybody):
		return false
	case len(others) == 0:
		return found(in)
	}
	level := d.narrowest(in, others)
	for _, next := range d.branches(level, in, others) {
		values[level] = next.value
		ended := d.search(next.in, next.others, values, found)
		values[level] = anyValue
		if ended || d.spent {
			return ended
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

// branch is what sets become when a variable has a value.
type branch struct {
	value  int
	in     set
	others []set
}

// branches returns what the sets become by the value of a level, each once, those that settle most first. The first value, which is
// a missing one where there is such a thing, comes last.
func (d *diagrams) branches(level int, in set, others []set) []branch {
	arity := d.arity[level]
	if *d.work -= arity * (1 + len(others)); *d.work < 0 {
		d.spent = true
		return nil
	}
	var all []branch
	for n := range arity {
		next := branch{value: (n + 1) % arity}
		next.in = d.restrict(in, level, next.value)
		for _, other := range others {
			next.others = append(next.others, d.restrict(other, level, next.value))
		}
		if !slices.ContainsFunc(all, func(b branch) bool { return b.in == next.in && slices.Equal(b.others, next.others) }) {
			all = append(all, next)
		}
	}
	slices.SortStableFunc(all, func(a, b branch) int { return b.settled() - a.settled() })
	return all
}

// settled counts the others that nobody is in any more.
func (b *branch) settled() int {
	n := 0
	for _, other := range b.others {
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
