package check

import (
	"math"
	"strconv"

	"germane/audience"
)

// outcome is what a leaf says in a cell: a [audience.Truth], or open.
type outcome uint8

// open: another axis decides.
const open outcome = 3

// leaf is a condition that is not made of others.
type leaf struct {
	condition audience.Condition
	axis      *axis     // whose cells decide it
	outcomes  []outcome // by the axis's cells
	decides   *axis     // decides where the cells leave it open; of two values
	needs     []*axis   // of attributes without which it is unknown, beside its own axis

	holds audience.Predicate // what sends ask; nil where the outcomes are known without
	test  textTest           // endsWith, contains, matches
}

// leaf makes the leaf of a condition, with the axes it needs.
func (s *space) leaf(c audience.Condition) *leaf {
	switch c := c.(type) {
	case audience.Subscribed:
		a := s.axis("subscribed "+c.Topic, free)
		a.topic = c.Topic
		return &leaf{condition: c, axis: a, outcomes: []outcome{outcome(audience.False), outcome(audience.True)}}
	case audience.IsTrue:
		return s.judged(c, s.attribute(c.Attribute))
	case audience.Has:
		return s.judged(c, s.operand(c.Operand))
	case audience.IsMissing:
		return s.judged(c, s.operand(c.Operand))
	case audience.In:
		a := s.operand(c.Operand)
		for _, value := range c.Values {
			a.landmark(value.Value)
		}
		return s.judged(c, a)
	case audience.Compare:
		return s.compare(c)
	case audience.StartsWith:
		a := s.operand(c.Operand)
		a.prefixes = append(a.prefixes, c.Prefix.Value.Text)
		return s.judged(c, a)
	case audience.EndsWith:
		return s.text(c, c.Operand, textTest{suffix, c.Suffix.Value.Text})
	case audience.Matches:
		return s.text(c, c.Operand, patternTest(c.Pattern))
	case audience.Contains:
		a := s.operand(c.Operand)
		if a.form == valued && a.kind() == audience.List {
			return s.element(c, a)
		}
		return s.text(c, c.Operand, textTest{piece, c.Value.Value.Text})
	}
	return s.judged(c, s.axis("a literal", constant))
}

// judged is a leaf whose outcome in a cell is what the evaluator says.
func (s *space) judged(c audience.Condition, a *axis) *leaf {
	l := &leaf{condition: c, axis: a, holds: predicate(c)}
	a.leaves = append(a.leaves, l)
	if a.form == elapsed {
		l.needs = []*axis{s.attribute(a.attribute)}
	}
	return l
}

func predicate(c audience.Condition) audience.Predicate {
	return (&audience.Rule{Condition: c}).Compile(audience.NewSelection())
}

// attribute returns the axis of an attribute's values.
func (s *space) attribute(a *audience.Attribute) *axis {
	x := s.axis(a.Name, valued)
	x.attribute = a
	return x
}

// operand returns the axis of what an operand reads; a literal's has one cell.
func (s *space) operand(o audience.Operand) *axis {
	switch o := o.(type) {
	case audience.AttributeOperand:
		return s.attribute(o.Attribute)
	case audience.FieldOperand:
		a := s.axis(o.Field.String(), valued)
		a.field = &o.Field
		return a
	case audience.Days:
		return s.elapsed(o.Attribute)
	case audience.Now:
		return s.axis("the clock", clock)
	}
	return s.axis("a literal", constant)
}

// elapsed returns the axis of the time that has passed since a moment: days_since(x), days_until(x) and x < now look at nothing
// else. The attribute's own axis, which says whether it is there, comes above it.
func (s *space) elapsed(a *audience.Attribute) *axis {
	s.attribute(a)
	x := s.axis("now - "+a.Name, elapsed)
	x.attribute = a
	return x
}

// compare makes the leaf of a comparison. With a literal it is a question about one axis, and so it is with now for a moment;
// any other two operands have an axis of their own, for which of them is larger.
func (s *space) compare(c audience.Compare) *leaf {
	if left, ok := c.Left.(audience.Literal); ok {
		a := s.operand(c.Right)
		a.landmark(left.Value)
		return s.judged(c, a)
	}
	if right, ok := c.Right.(audience.Literal); ok {
		a := s.operand(c.Left)
		a.landmark(right.Value)
		return s.judged(c, a)
	}
	if a := s.common(c.Left, c.Right); a != nil {
		return s.judged(c, a)
	}
	return s.ordered(c)
}

// common returns the axis that both operands are read from, or nil.
func (s *space) common(left, right audience.Operand) *axis {
	if operandName(left) == operandName(right) {
		return s.operand(left)
	}
	l, r := attributeOf(left), attributeOf(right)
	_, leftNow := left.(audience.Now)
	_, rightNow := right.(audience.Now)
	leftDays, isLeftDays := left.(audience.Days)
	rightDays, isRightDays := right.(audience.Days)
	switch {
	case l != nil && rightNow:
		return s.elapsed(l)
	case r != nil && leftNow:
		return s.elapsed(r)
	case isLeftDays && isRightDays && leftDays.Attribute == rightDays.Attribute:
		return s.elapsed(leftDays.Attribute)
	}
	return nil
}

// attributeOf returns the attribute that an operand is, if it is one.
func attributeOf(o audience.Operand) *audience.Attribute {
	if a, ok := o.(audience.AttributeOperand); ok {
		return a.Attribute
	}
	return nil
}

// ordered makes the leaf of a comparison between two things that vary on their own.
func (s *space) ordered(c audience.Compare) *leaf {
	l := &leaf{condition: c}
	for _, o := range []audience.Operand{c.Left, c.Right} {
		if a := s.operand(o); a.form == elapsed {
			l.needs = append(l.needs, s.attribute(a.attribute))
		} else if a.form == valued {
			l.needs = append(l.needs, a)
		}
	}
	left, right := operandName(c.Left), operandName(c.Right)
	turn := 1
	if left > right {
		left, right, turn = right, left, -1
	}
	l.axis = s.axis(left+" ? "+right, ordering)
	for order := -1; order <= 1; order++ {
		result := outcome(audience.False)
		if c.Operator.Holds(order * turn) {
			result = outcome(audience.True)
		}
		l.outcomes = append(l.outcomes, result)
	}
	return l
}

// operandName writes an operand as rules do.
func operandName(o audience.Operand) string {
	switch o := o.(type) {
	case audience.AttributeOperand:
		return o.Attribute.Name
	case audience.FieldOperand:
		return o.Field.String()
	case audience.Days:
		return map[bool]string{false: "days_since(", true: "days_until("}[o.Until] + o.Attribute.Name + ")"
	case audience.Literal:
		return o.Value.String()
	}
	return "now"
}

// element makes the leaf that asks a list for one element: a question of its own for each element, whatever else is in the list.
func (s *space) element(c audience.Contains, list *axis) *leaf {
	l := &leaf{condition: c, axis: list}
	list.leaves = append(list.leaves, l)
	of, value := list.attribute.Type.Of, c.Value.Value
	if of == nil || !possible(of, value) {
		l.test.kind = impossible
		return l
	}
	l.decides = s.axis(list.name+" contains "+elementKey(value), free)
	list.note(l.decides)
	l.decides.element = &value
	return l
}

// elementKey is the same for values that are equal: 5 and 5.0.
func elementKey(v audience.Value) string {
	switch {
	case v.Kind == audience.Float && v.Float == math.Trunc(v.Float) && math.Abs(v.Float) < 1<<62:
		return strconv.FormatInt(int64(v.Float), 10)
	case v.Kind.Moment():
		return strconv.FormatInt(v.Int, 10)
	}
	return v.String()
}

// text makes a leaf about what stands inside a text. Cells of one value know it; in the others it is a question of its own.
func (s *space) text(c audience.Condition, o audience.Operand, test textTest) *leaf {
	a := s.operand(o)
	l := s.judged(c, a)
	if l.test = test; a.form == valued {
		l.decides = s.axis(a.name+" "+test.String(), free)
		l.decides.test = test
		a.note(l.decides)
	}
	return l
}

// effort is about how much longer than a comparison it takes to judge the leaf.
func (l *leaf) effort() int {
	switch c := l.condition.(type) {
	case audience.In:
		return 1 + len(c.Values)/16
	case audience.Matches:
		return 8
	}
	return 1
}

// judge says what the leaf is in a cell of its axis.
func (l *leaf) judge(a *axis, c *candidate) outcome {
	if l.test.kind == impossible || l.decides != nil && l.decides.element != nil {
		switch {
		case !c.value.Present():
			return outcome(audience.Unknown)
		case l.test.kind == impossible:
			return outcome(audience.False)
		}
		return open
	}
	if c.gap && l.decides != nil {
		if l.test.follows(c.prefix) {
			return outcome(audience.True)
		}
		return open
	}
	return outcome(l.holds(&audience.Decoded{Values: []audience.Value{c.value}, Now: c.now}))
}

// set returns the people for whom the leaf is true, or those for whom it is false.
func (l *leaf) set(s *space, want audience.Truth) set {
	kids := make([]set, len(l.outcomes))
	for i, result := range l.outcomes {
		switch result {
		case outcome(want):
			kids[i] = everybody
		case open:
			kids[i] = s.yes(l.decides, want == audience.True)
		}
	}
	result := s.cellSet(l.axis, kids)
	for _, a := range l.needs {
		result = s.and(result, s.present(a))
	}
	return result
}
