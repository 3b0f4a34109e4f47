package audience

import (
	"regexp"
	"slices"

	"germane/internal/finding"
)

// Span is a piece of a rule's text: byte offsets into [Rule.Text].
type Span struct{ Start, End int }

// Source returns the span; it is promoted to every condition and operand.
func (s Span) Source() Span { return s }

// Rule is a condition on people, read and checked.
type Rule struct {
	Text      finding.Text // as written
	Condition Condition

	size int // conditions in the tree, segments included
}

// Condition is a node of a rule's tree.
type Condition interface{ Source() Span }

// Operand is a value that a condition looks at.
type Operand interface{ Source() Span }

// Operator is a comparison. Its bits say for which order of the operands it holds: 1 less, 2 equal, 4 greater.
type Operator uint8

// The comparisons.
const (
	Less           Operator = 1
	Equal          Operator = 2
	LessOrEqual    Operator = 3
	Greater        Operator = 4
	NotEqual       Operator = 5
	GreaterOrEqual Operator = 6
)

var operators = map[string]Operator{"==": Equal, "!=": NotEqual, "<": Less, "<=": LessOrEqual, ">": Greater, ">=": GreaterOrEqual}

// String returns the operator as rules write it.
func (o Operator) String() string { return [...]string{"", "<", "==", "<=", ">", "!=", ">="}[o] }

// Holds reports whether the operator holds for an order: negative, zero or positive.
func (o Operator) Holds(order int) bool { return o&(1<<(order+1)) != 0 }

// The conditions. All but Has, IsMissing, Subscribed and Constant are unknown when an operand is missing; And, Or and Not follow
// Kleene's logic.
type (
	// And is true when all terms are; it has at least two.
	And struct {
		Span
		Terms []Condition
	}
	// Or is true when one term is; it has at least two.
	Or struct {
		Span
		Terms []Condition
	}
	// Not is true when its term is false.
	Not struct {
		Span
		Term Condition
	}
	// Compare relates two operands of the same sort: numbers by exact value, texts by bytes, times and dates (a date's being its
	// midnight in UTC) by instant; booleans are only equal or not.
	Compare struct {
		Span
		Operator    Operator
		Left, Right Operand
	}
	// In is true when the operand equals one of the values.
	In struct {
		Span
		Operand Operand
		Values  []Literal
	}
	// Contains is true when a list has an element that equals the value, or a text has the value in it.
	Contains struct {
		Span
		Operand Operand
		Value   Literal
	}
	// StartsWith is true when a text starts with another.
	StartsWith struct {
		Span
		Operand Operand
		Prefix  Literal
	}
	// EndsWith is true when a text ends with another.
	EndsWith struct {
		Span
		Operand Operand
		Suffix  Literal
	}
	// Matches is true when an RE2 pattern is found in a text.
	Matches struct {
		Span
		Operand Operand
		Pattern *regexp.Regexp
	}
	// Has is true when there is a value and false when it is missing; never unknown.
	Has struct {
		Span
		Operand Operand // AttributeOperand or FieldOperand
	}
	// IsMissing is `x == nil`, the opposite of Has; with Negated it is `x != nil`. Never unknown.
	IsMissing struct {
		Span
		Operand Operand // AttributeOperand or FieldOperand
		Negated bool
	}
	// IsTrue is a bool attribute that stands as a condition.
	IsTrue struct {
		Span
		Attribute *Attribute
	}
	// Subscribed is true when the person is subscribed to the topic; never unknown.
	Subscribed struct {
		Span
		Topic string
	}
	// SegmentRef is a named rule. Spans inside are of that rule's text.
	SegmentRef struct {
		Span
		Name string
		Rule *Rule
	}
	// Constant is true or false whoever the person is.
	Constant struct {
		Span
		Value bool
	}
	// Invalid stands where a rule has a mistake, which is reported; it is unknown. It takes the values it names for present where
	// true, so that one mistake in a variant's rule is not followed by a finding for every value the variant prints.
	Invalid struct {
		Span
		Operands []Operand
	}
)

// The operands.
type (
	// AttributeOperand is an attribute's value.
	AttributeOperand struct {
		Span
		Attribute *Attribute
	}
	// FieldOperand is person.id, person.email, person.locale or person.time_zone.
	FieldOperand struct {
		Span
		Field PersonField
	}
	// Literal is a value written in the rule. A text compared with a time or date is one.
	Literal struct {
		Span
		Value Value
	}
	// Days is days_since(x) or, with Until, days_until(x): whole days. For a time they are the elapsed milliseconds divided by
	// 86,400,000, fractions cut off (toward zero: 0 from 23:59 before to 23:59 after). For a date they are the calendar days
	// between it and today, both in UTC. Negative when the other one would be positive; missing when x is.
	Days struct {
		Span
		Until     bool
		Attribute *Attribute // a Time or Date
	}
	// Now is the delivery's one time.
	Now struct {
		Span
	}
)

// typeOf returns an operand's type.
func typeOf(o Operand) *Type {
	switch o := o.(type) {
	case AttributeOperand:
		return &o.Attribute.Type
	case FieldOperand:
		return &Type{Kind: String}
	case Literal:
		return &Type{Kind: o.Value.Kind}
	case Days:
		return &Type{Kind: Int}
	}
	return &Type{Kind: Time}
}

// operandsOf returns what a leaf looks at; none for And, Or, Not and SegmentRef.
func operandsOf(c Condition) []Operand {
	switch c := c.(type) {
	case Compare:
		return []Operand{c.Left, c.Right}
	case In:
		return []Operand{c.Operand}
	case Contains:
		return []Operand{c.Operand}
	case StartsWith:
		return []Operand{c.Operand}
	case EndsWith:
		return []Operand{c.Operand}
	case Matches:
		return []Operand{c.Operand}
	case Has:
		return []Operand{c.Operand}
	case IsMissing:
		return []Operand{c.Operand}
	case IsTrue:
		return []Operand{AttributeOperand(c)}
	case Invalid:
		return c.Operands
	}
	return nil
}

// termsOf returns a node's children; none for leaves.
func termsOf(c Condition) []Condition {
	switch c := c.(type) {
	case And:
		return c.Terms
	case Or:
		return c.Terms
	case Not:
		return []Condition{c.Term}
	case SegmentRef:
		return []Condition{c.Rule.Condition}
	}
	return nil
}

// Walk calls f for a condition and everything below it, segments' rules included.
func Walk(c Condition, f func(Condition)) {
	f(c)
	for _, term := range termsOf(c) {
		Walk(term, f)
	}
}

// attributeOf returns the attribute an operand reads, or nil.
func attributeOf(o Operand) *Attribute {
	switch o := o.(type) {
	case AttributeOperand:
		return o.Attribute
	case Days:
		return o.Attribute
	}
	return nil
}

// Attributes returns the names of the attributes that the rule reads, its segments' included, sorted.
func (r *Rule) Attributes() []string {
	var names []string
	Walk(r.Condition, func(c Condition) {
		for _, o := range operandsOf(c) {
			if a := attributeOf(o); a != nil {
				names = append(names, a.Name)
			}
		}
	})
	return sorted(names)
}

// SegmentNames returns the names of the segments that the rule is made of, directly or not, sorted.
func (r *Rule) SegmentNames() []string {
	var names []string
	Walk(r.Condition, func(c Condition) {
		if ref, ok := c.(SegmentRef); ok {
			names = append(names, ref.Name)
		}
	})
	return sorted(names)
}

// TopicNames returns the topics whose consent the rule looks at, sorted.
func (r *Rule) TopicNames() []string {
	var names []string
	Walk(r.Condition, func(c Condition) {
		if s, ok := c.(Subscribed); ok {
			names = append(names, s.Topic)
		}
	})
	return sorted(names)
}

func sorted(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}
