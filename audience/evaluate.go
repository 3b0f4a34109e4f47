package audience

import (
	"slices"
	"strings"
)

// Predicate is a rule made ready to be asked about people decoded by the selection it was compiled against. It never fails,
// allocates nothing and may be used by any number of goroutines.
type Predicate func(*Decoded) Truth

// Compile makes the rule ready for the selection, which learns what the rule looks at.
func (r *Rule) Compile(s *Selection) Predicate { return compile(r.Condition, s) }

const dayMilliseconds = 86_400_000

func compile(c Condition, s *Selection) Predicate {
	switch c := c.(type) {
	case And:
		return compileAnd(compileAll(c.Terms, s))
	case Or:
		return compileOr(compileAll(c.Terms, s))
	case Not:
		term := compile(c.Term, s)
		return func(d *Decoded) Truth { return True - term(d) }
	case SegmentRef:
		return compile(c.Rule.Condition, s)
	case Constant:
		result := truth(c.Value)
		return func(*Decoded) Truth { return result }
	case Has:
		return compilePresence(slotOf(c.Operand, s), true)
	case IsMissing:
		return compilePresence(slotOf(c.Operand, s), c.Negated)
	case IsTrue:
		i := s.Attribute(c.Attribute)
		return func(d *Decoded) Truth {
			v := &d.Values[i]
			if v.State != Present {
				return Unknown
			}
			return Truth(v.Int) * 2
		}
	case Subscribed:
		i := s.Topic(c.Topic)
		return func(d *Decoded) Truth { return truth(d.Topics[i] == ConsentSubscribed) }
	case Compare:
		return compileCompare(c, s)
	case In:
		return compileIn(c, s)
	case Contains:
		return compileContains(c, s)
	case StartsWith:
		prefix := c.Prefix.Value.Text
		return compileText(c.Operand, s, func(text string) bool { return strings.HasPrefix(text, prefix) })
	case EndsWith:
		suffix := c.Suffix.Value.Text
		return compileText(c.Operand, s, func(text string) bool { return strings.HasSuffix(text, suffix) })
	case Matches:
		return compileText(c.Operand, s, c.Pattern.MatchString)
	}
	return func(*Decoded) Truth { return Unknown }
}

func compileAll(terms []Condition, s *Selection) []Predicate {
	all := make([]Predicate, len(terms))
	for i, term := range terms {
		all[i] = compile(term, s)
	}
	return all
}

// compileAnd takes the minimum and stops at false. Two terms, the usual case, need no loop.
func compileAnd(terms []Predicate) Predicate {
	if len(terms) == 2 {
		a, b := terms[0], terms[1]
		return func(d *Decoded) Truth {
			first := a(d)
			if first == False {
				return False
			}
			return min(first, b(d))
		}
	}
	return func(d *Decoded) Truth {
		result := True
		for _, term := range terms {
			if result = min(result, term(d)); result == False {
				return False
			}
		}
		return result
	}
}

// compileOr takes the maximum and stops at true.
func compileOr(terms []Predicate) Predicate {
	if len(terms) == 2 {
		a, b := terms[0], terms[1]
		return func(d *Decoded) Truth {
			first := a(d)
			if first == True {
				return True
			}
			return max(first, b(d))
		}
	}
	return func(d *Decoded) Truth {
		result := False
		for _, term := range terms {
			if result = max(result, term(d)); result == True {
				return True
			}
		}
		return result
	}
}

// slotOf returns the slot of an operand that is read from a slot, or -1.
func slotOf(o Operand, s *Selection) int {
	switch o := o.(type) {
	case AttributeOperand:
		return s.Attribute(o.Attribute)
	case FieldOperand:
		return s.Field(o.Field)
	}
	return -1
}

func compilePresence(i int, want bool) Predicate {
	return func(d *Decoded) Truth { return truth((d.Values[i].State == Present) == want) }
}

// getter computes an operand. Reading a slot copies a pointer; days, now and literals fill the scratch value.
type getter func(d *Decoded, scratch *Value) *Value

func compileOperand(o Operand, s *Selection) getter {
	switch o := o.(type) {
	case Literal:
		v := o.Value
		return func(*Decoded, *Value) *Value { return &v }
	case Now:
		return func(d *Decoded, scratch *Value) *Value {
			*scratch = Value{Kind: Time, State: Present, Int: d.Now}
			return scratch
		}
	case Days:
		i, until := s.Attribute(o.Attribute), o.Until
		return func(d *Decoded, scratch *Value) *Value {
			*scratch = days(&d.Values[i], d.Now, until)
			return scratch
		}
	}
	i := slotOf(o, s)
	return func(d *Decoded, _ *Value) *Value { return &d.Values[i] }
}

// days computes days_since and days_until as [Days] defines them.
func days(v *Value, now int64, until bool) Value {
	if v.State != Present {
		return Value{Kind: Int, State: v.State}
	}
	n := (now - v.Int) / dayMilliseconds
	if v.Kind == Date {
		n = day(now) - day(v.Int)
	}
	if until {
		n = -n
	}
	return IntValue(n)
}

// day returns the calendar day in UTC, counted from 1970-01-01.
func day(milliseconds int64) int64 {
	n := milliseconds / dayMilliseconds
	if milliseconds%dayMilliseconds < 0 {
		n--
	}
	return n
}

func compileCompare(c Compare, s *Selection) Predicate {
	if p := compileWithLiteral(c, s); p != nil {
		return p
	}
	left, right := compileOperand(c.Left, s), compileOperand(c.Right, s)
	op, relate := c.Operator, relation(typeOf(c.Left).Kind)
	return func(d *Decoded) Truth {
		var a, b Value
		l, r := left(d, &a), right(d, &b)
		if l.State != Present || r.State != Present {
			return Unknown
		}
		return truth(op.Holds(relate(l, r)))
	}
}

// relation returns the order of values of a kind, and of those that compare with it.
func relation(k Kind) func(a, b *Value) int {
	switch {
	case k.Number():
		return compareNumbers
	case k.Textual():
		return func(a, b *Value) int { return order(a.Text, b.Text) }
	}
	return func(a, b *Value) int { return order(a.Int, b.Int) }
}

// compileWithLiteral covers what most rules are made of, a slot compared with a literal, with no indirection; nil when the
// comparison is another one.
func compileWithLiteral(c Compare, s *Selection) Predicate {
	literal, ok := c.Right.(Literal)
	i := slotOf(c.Left, s)
	if !ok || i < 0 {
		return nil
	}
	op, kind := c.Operator, typeOf(c.Left).Kind
	switch {
	case kind.Textual() && (op == Equal || op == NotEqual):
		text, want := literal.Value.Text, op == Equal
		return func(d *Decoded) Truth {
			v := &d.Values[i]
			if v.State != Present {
				return Unknown
			}
			return truth((v.Text == text) == want)
		}
	case kind == Int && literal.Value.Kind == Int, kind.Moment(), kind == Bool:
		n := literal.Value.Int
		return func(d *Decoded) Truth {
			v := &d.Values[i]
			if v.State != Present {
				return Unknown
			}
			return truth(op.Holds(order(v.Int, n)))
		}
	}
	return nil
}

func compileIn(c In, s *Selection) Predicate {
	values := make([]Value, len(c.Values))
	for i := range c.Values {
		values[i] = c.Values[i].Value
	}
	kind := typeOf(c.Operand).Kind
	if i := slotOf(c.Operand, s); i >= 0 && kind.Textual() {
		return compileInTexts(i, values)
	}
	get, relate := compileOperand(c.Operand, s), relation(kind)
	return func(d *Decoded) Truth {
		var scratch Value
		v := get(d, &scratch)
		if v.State != Present {
			return Unknown
		}
		for i := range values {
			if relate(v, &values[i]) == 0 {
				return True
			}
		}
		return False
	}
}

func compileInTexts(i int, values []Value) Predicate {
	texts := make([]string, len(values))
	for j := range values {
		texts[j] = values[j].Text
	}
	return func(d *Decoded) Truth {
		v := &d.Values[i]
		if v.State != Present {
			return Unknown
		}
		return truth(slices.Contains(texts, v.Text))
	}
}

func compileContains(c Contains, s *Selection) Predicate {
	if typeOf(c.Operand).Kind != List {
		piece := c.Value.Value.Text
		return compileText(c.Operand, s, func(text string) bool { return strings.Contains(text, piece) })
	}
	i := slotOf(c.Operand, s)
	wanted, relate := c.Value.Value, relation(c.Value.Value.Kind)
	return func(d *Decoded) Truth {
		v := &d.Values[i]
		if v.State != Present {
			return Unknown
		}
		for j := range v.Items {
			if relate(&v.Items[j], &wanted) == 0 {
				return True
			}
		}
		return False
	}
}

func compileText(o Operand, s *Selection, test func(string) bool) Predicate {
	if i := slotOf(o, s); i >= 0 {
		return func(d *Decoded) Truth {
			v := &d.Values[i]
			if v.State != Present {
				return Unknown
			}
			return truth(test(v.Text))
		}
	}
	literal, ok := o.(Literal)
	result := truth(ok && test(literal.Value.Text))
	return func(*Decoded) Truth { return result }
}
