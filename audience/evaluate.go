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

// scalar is an operand's value. It is passed by value: a pointer through a closure would be an allocation for every person.
type scalar struct {
	ok   bool // present
	kind Kind
	n    int64
	f    float64
	text string
}

func (v *Value) scalar() scalar {
	return scalar{ok: v.State == Present, kind: v.Kind, n: v.Int, f: v.Float, text: v.Text}
}

// getter computes an operand.
type getter func(d *Decoded) scalar

func compileOperand(o Operand, s *Selection) getter {
	switch o := o.(type) {
	case Literal:
		v := o.Value.scalar()
		return func(*Decoded) scalar { return v }
	case Now:
		return func(d *Decoded) scalar { return scalar{ok: true, kind: Time, n: d.Now} }
	case Days:
		i, until := s.Attribute(o.Attribute), o.Until
		return func(d *Decoded) scalar {
			n, ok := days(&d.Values[i], d.Now, until)
			return scalar{ok: ok, kind: Int, n: n}
		}
	}
	i := slotOf(o, s)
	return func(d *Decoded) scalar { return d.Values[i].scalar() }
}

// days computes days_since and days_until as [Days] defines them; ok is false when the time is missing.
func days(v *Value, now int64, until bool) (n int64, ok bool) {
	n = (now - v.Int) / dayMilliseconds
	if v.Kind == Date {
		n = day(now) - day(v.Int)
	}
	if until {
		n = -n
	}
	return n, v.State == Present
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
		l, r := left(d), right(d)
		if !l.ok || !r.ok {
			return Unknown
		}
		return truth(op.Holds(relate(l, r)))
	}
}

// relation returns the order of values of a kind, and of those that compare with it.
func relation(k Kind) func(a, b scalar) int {
	switch {
	case k.Number():
		return compareNumbers
	case k.Textual():
		return func(a, b scalar) int { return order(a.text, b.text) }
	}
	return func(a, b scalar) int { return order(a.n, b.n) }
}

// compileWithLiteral covers what most rules are made of, a slot compared with a literal, with no indirection; nil when the
// comparison is another one.
func compileWithLiteral(c Compare, s *Selection) Predicate {
	literal, ok := c.Right.(Literal)
	if d, isDays := c.Left.(Days); ok && isDays && literal.Value.Kind == Int {
		return compileDays(d, c.Operator, literal.Value.Int, s)
	}
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
	case kind == Float && literal.Value.Kind == Float:
		f := literal.Value.Float
		return func(d *Decoded) Truth {
			v := &d.Values[i]
			if v.State != Present {
				return Unknown
			}
			return truth(op.Holds(order(v.Float, f)))
		}
	}
	return nil
}

func compileDays(o Days, op Operator, n int64, s *Selection) Predicate {
	i, until := s.Attribute(o.Attribute), o.Until
	return func(d *Decoded) Truth {
		count, ok := days(&d.Values[i], d.Now, until)
		if !ok {
			return Unknown
		}
		return truth(op.Holds(order(count, n)))
	}
}

func compileIn(c In, s *Selection) Predicate {
	values := make([]scalar, len(c.Values))
	for i := range c.Values {
		values[i] = c.Values[i].Value.scalar()
	}
	kind := typeOf(c.Operand).Kind
	if i := slotOf(c.Operand, s); i >= 0 && kind.Textual() {
		return compileInTexts(i, values)
	}
	get, relate := compileOperand(c.Operand, s), relation(kind)
	return func(d *Decoded) Truth {
		v := get(d)
		if !v.ok {
			return Unknown
		}
		for i := range values {
			if relate(v, values[i]) == 0 {
				return True
			}
		}
		return False
	}
}

func compileInTexts(i int, values []scalar) Predicate {
	texts := make([]string, len(values))
	for j := range values {
		texts[j] = values[j].text
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
	if c.Value.Value.Kind.Textual() {
		return compileContainsText(i, c.Value.Value.Text)
	}
	wanted, relate := c.Value.Value.scalar(), relation(c.Value.Value.Kind)
	return func(d *Decoded) Truth {
		v := &d.Values[i]
		if v.State != Present {
			return Unknown
		}
		for j := range v.Items {
			if relate(v.Items[j].scalar(), wanted) == 0 {
				return True
			}
		}
		return False
	}
}

func compileContainsText(i int, text string) Predicate {
	return func(d *Decoded) Truth {
		v := &d.Values[i]
		if v.State != Present {
			return Unknown
		}
		for j := range v.Items {
			if v.Items[j].Text == text {
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
