package render

import (
	"fmt"
	"maps"

	"germane/templates"
)

// assigned lists the variables that nodes may set.
func assigned(nodes []templates.Node, into map[string]bool) map[string]bool {
	for _, node := range nodes {
		switch n := node.(type) {
		case *templates.Assign:
			into[n.Name] = true
		case *templates.Capture:
			into[n.Name] = true
		}
		for _, body := range templates.Bodies(node) {
			assigned(body, into)
		}
	}
	return into
}

// maxLoopDepth bounds how deep loops nest: a loop's body is analysed several times.
const maxLoopDepth = 4

// maxPasses is how often a loop's body is analysed until nothing new comes of it.
const maxPasses = 12

// loop analyses the body until what one turn hands to the next stays the same, and then once more for its findings.
func (a *analyzer) loop(n *templates.For, env environment) (environment, cost) {
	if n.Table {
		a.report(n.Span, "tag-not-used", "{% tablerow %} is not used in mail", "write the table, and a for around its rows")
	}
	items, turns, certain := a.iterated(n, env)
	a.notOverAttribute(n.Variable, n.Span)
	if a.never[n] = turns == 0; turns == 0 {
		return a.loopElse(n, env)
	}
	start := env
	for name := range assigned(n.Body, map[string]bool{}) {
		start.facts = start.facts.without(name)
	}
	if len(a.loops) == maxLoopDepth {
		a.report(n.Span, "too-large", fmt.Sprintf("loops nest more than %d deep here", maxLoopDepth), "prepare the content in a data file, so that fewer loops are needed")
		return env, cost{}
	}
	exits := a.exits
	a.loops = append(a.loops, n)
	last, c := a.turns(n, start, items, turns)
	a.loops = a.loops[:len(a.loops)-1]
	for _, exit := range a.exits {
		last = last.merge(exit)
	}
	a.exits = exits
	after, otherwise := a.loopElse(n, env)
	result := start.merge(last).merge(after)
	prints := c.prints && (certain || otherwise.prints)
	c = c.times(turns).plus(otherwise)
	c.prints = prints
	return result, c
}

// turns analyses the body turn by turn. A variable may need as many turns as there are others to hand it on.
func (a *analyzer) turns(n *templates.For, start environment, items *shape, turns int) (environment, cost) {
	early, blocks := a.early, maps.Clone(a.blocks)
	a.early = true
	into, seen := start, []environment{start}
	for settled := false; !settled && len(seen) < maxPasses && a.visits < maxVisits; {
		end, _ := a.turn(n, into, items)
		next := into.merge(end)
		seen = append(seen, end)
		k := len(seen) - 1
		settled = k >= 2 && next.like(into) && grownAlike(seen[k-2], seen[k-1], seen[k])
		into = next.widened(into)
	}
	a.early, a.blocks = early, blocks
	last, c := a.turn(n, into, items)
	k := len(seen) - 1
	if k+1 == maxPasses {
		a.report(n.Span, "too-large", "what one turn of this loop hands to the next keeps changing or growing", "start from new values in each turn")
		return last, c
	}
	return a.grown(n, start, [3]environment{seen[max(1, k-1)], seen[k], last}, turns), c
}

func (a *analyzer) loopElse(n *templates.For, env environment) (environment, cost) {
	before := a.context
	after, c := a.nested(n.Else, env)
	a.sameContext(before, n.Span, "for")
	return after, c
}

// turn analyses the loop's body once.
func (a *analyzer) turn(n *templates.For, env environment, item *shape) (environment, cost) {
	before := a.context
	a.exits = nil
	inside := env.set(n.Variable, item)
	counter := "forloop"
	if n.Table {
		counter = "tablerowloop"
	}
	inside = inside.set(counter, loopShape(env.variables[counter], item, n.Table))
	end, c := a.nested(n.Body, inside)
	end = end.outside(env, n.Variable, counter)
	for i := range a.exits { // a break or continue ends the turn before the body's end
		a.exits[i] = a.exits[i].outside(env, n.Variable, counter)
		end, c.prints = end.merge(a.exits[i]), false
	}
	end.dead = false
	a.sameContext(before, n.Span, "for")
	return end, c
}

// grown bounds the variables that grow by the same amount in each turn, and refuses those that grow faster.
func (a *analyzer) grown(n *templates.For, start environment, seen [3]environment, turns int) environment {
	result := seen[2]
	for name, s := range result.variables {
		before, first, second := start.variables[name], seen[0].variables[name], seen[1].variables[name]
		if first == nil || second == nil || before == nil && first.like(s) && first.bytes == s.bytes && first.items == s.items {
			continue
		}
		step, next := second.bytes-first.bytes, s.bytes-second.bytes
		if next > step && next > 0 || s.kind == listKind && s.items-second.items > max(0, second.items-first.items) {
			a.report(n.Span, "too-large", name+" grows with each turn of this loop by more than the turn before", "start from a new value in each turn")
		}
		bounded := *s
		bounded.bytes = addBytes(s.bytes, mulBytes(max(0, step, next), turns))
		bounded.items = addBytes(s.items, mulBytes(max(0, s.items-second.items), turns))
		result.variables[name] = &bounded
	}
	return result
}

// iterated returns the shape of a loop's variable and how often the loop turns at most, and whether it surely turns.
func (a *analyzer) iterated(n *templates.For, env environment) (item *shape, turns int, certain bool) {
	in := a.expression(n.In, env)
	limit := maxPieceTurns + 1
	certain = in.least > 0 && !in.missing && !n.Continue
	for _, e := range []templates.Expression{n.Limit, n.Offset, n.Columns} {
		if e == nil {
			continue
		}
		count := a.expression(e, env)
		a.wants(e, count, "a count", intKind)
		certain = certain && e == n.Limit && count.min != nil && *count.min >= 1
		if e == n.Limit && count.max != nil {
			limit = int(max(0, min(*count.max, maxPieceTurns+1)))
		}
	}
	switch in.kind {
	case listKind:
		item := *in.of
		return &item, min(limit, in.items), certain
	case rangeKind:
		if limit <= maxPieceTurns {
			return a.rangeItem(in), limit, certain
		}
		if in.items > maxPieceTurns {
			a.report(n.In.Place(), "too-large", "this range may be very long", "give it a limit: {% for i in (1..n) limit: 10 %}")
			return a.rangeItem(in), 0, false
		}
		return a.rangeItem(in), in.items, certain
	case anyKind:
		return &shape{}, 1, false
	}
	a.report(n.In.Place(), "type-mismatch", "a for goes over a list or a range, not "+in.kind.String(), "")
	return &shape{}, 1, false
}

func (a *analyzer) rangeItem(in *shape) *shape {
	item := derived(intKind, intBytes, in)
	item.min, item.max = in.min, in.max
	return item
}

// loopShape is the shape of forloop or tablerowloop.
// What it tells is made of what the loop goes through: how long a list is may be as private as what it holds.
func loopShape(parent, item *shape, table bool) *shape {
	count, flag, from1 := derived(intKind, intBytes, item), derived(boolKind, boolBytes, item), derived(intKind, intBytes, item)
	count.min, from1.min = number(0), number(1)
	fields := map[string]*shape{
		"index": from1, "index0": count, "rindex": from1, "rindex0": count, "first": flag, "last": flag, "length": from1,
	}
	if table {
		for name, s := range map[string]*shape{"col": count, "col0": count, "row": count, "col_first": flag, "col_last": flag} {
			fields[name] = s
		}
	} else if parent != nil {
		fields["parentloop"] = parent
	}
	return &shape{kind: recordKind, fields: fields}
}
