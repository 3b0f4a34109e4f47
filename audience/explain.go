package audience

import (
	"slices"
	"strconv"
	"time"
)

// Explanation says why a rule was true, false or unknown for a person.
type Explanation struct {
	Result   Truth
	Either   bool          // one of the deciding leaves would have been enough: the rule is an or
	Leaves   []Leaf        // in the order of the rule, segments' in their place
	Segments []SeenSegment // those that the rule's result depends on, each once
}

// SeenSegment is a segment that a rule referred to.
type SeenSegment struct {
	Name string
	Text string // its rule as written
}

// Leaf is one condition of a rule and what it saw.
type Leaf struct {
	Text     string // as written
	Segment  string // the segment whose rule it is part of; "" for the rule's own
	Result   Truth
	Negated  bool // it stands below a not: the rule wants it to be false
	Deciding bool // the rule's result follows from the deciding leaves alone
	Operands []Seen
	Topic    string       // subscribed(): the topic
	Consent  ConsentState // subscribed(): the person's
}

// Seen is a value that a leaf looked at.
type Seen struct {
	Name     string    // the attribute, or "person.email"
	Value    string    // as [Value.String] shows it; "" when missing
	JSON     []byte    // the same as JSON; null when missing
	State    State     // Present, or why it is missing
	Default  bool      // the catalogue's default stood in; Was says why
	Was      State     //
	Source   string    // the attribute's, from the catalogue
	Observed time.Time // zero when not known
	Age      time.Duration
	MaxAge   time.Duration // 0: never stale
	Days     string        // days_since(x) or days_until(x): the number of days; "" for others
	Until    bool          // days_until(x)
}

// Missing names why there is no value, as `why --json` does; "" when there is one.
func (s *Seen) Missing() string {
	if s.State == Present {
		return ""
	}
	return s.State.String()
}

// Explain evaluates the rule again, leaf by leaf. The person must have been decoded by a selection that the rule was compiled
// against. It is meant for people who ask, not for every delivery.
func (r *Rule) Explain(s *Selection, d *Decoded) *Explanation {
	e := &explainer{selection: s, decoded: d, explanation: &Explanation{}}
	e.explanation.Result = e.walk(r.Condition, r, "", true)
	_, e.explanation.Either = r.Condition.(Or)
	return e.explanation
}

type explainer struct {
	selection   *Selection
	decoded     *Decoded
	explanation *Explanation
	negated     bool // below an odd number of nots
}

func (e *explainer) result(c Condition) Truth { return compile(c, e.selection)(e.decoded) }

// walk appends the leaves below a condition. deciding says that the condition's result matters to the whole rule's.
func (e *explainer) walk(c Condition, rule *Rule, segment string, deciding bool) Truth {
	switch c := c.(type) {
	case And:
		return e.terms(c, c.Terms, False, rule, segment, deciding)
	case Or:
		return e.terms(c, c.Terms, True, rule, segment, deciding)
	case Not:
		e.negated = !e.negated
		result := e.walk(c.Term, rule, segment, deciding).Not()
		e.negated = !e.negated
		return result
	case SegmentRef:
		if seen := (SeenSegment{c.Name, c.Rule.Text.S}); deciding && !slices.Contains(e.explanation.Segments, seen) {
			e.explanation.Segments = append(e.explanation.Segments, seen)
		}
		return e.walk(c.Rule.Condition, c.Rule, c.Name, deciding)
	}
	leaf := Leaf{Text: textOf(c, rule), Segment: segment, Result: e.result(c), Negated: e.negated, Deciding: deciding}
	for _, o := range operandsOf(c) {
		if seen, ok := e.see(o); ok {
			leaf.Operands = append(leaf.Operands, seen)
		}
	}
	if subscribed, ok := c.(Subscribed); ok {
		leaf.Topic, leaf.Consent = subscribed.Topic, e.decoded.Topics[e.selection.Topic(subscribed.Topic)]
	}
	e.explanation.Leaves = append(e.explanation.Leaves, leaf)
	return leaf.Result
}

// terms walks an and or an or. Its result follows from the first term that settles it (false for and, true for or), or else from
// all terms that have the result.
func (e *explainer) terms(c Condition, terms []Condition, settles Truth, rule *Rule, segment string, deciding bool) Truth {
	result, found := e.result(c), false
	for _, term := range terms {
		decides := deciding && !found && e.result(term) == result
		found = found || decides && result == settles
		e.walk(term, rule, segment, decides)
	}
	return result
}

func textOf(c Condition, rule *Rule) string {
	span := c.Source()
	if span.End <= len(rule.Text.S) && span.Start < span.End {
		return rule.Text.S[span.Start:span.End]
	}
	return Print(c)
}

func (e *explainer) see(o Operand) (Seen, bool) {
	a := attributeOf(o)
	field, isField := o.(FieldOperand)
	var v *Value
	seen := Seen{JSON: []byte("null")}
	switch {
	case a != nil:
		v = &e.decoded.Values[e.selection.Attribute(a)]
		seen.Name, seen.Source, seen.MaxAge = a.Name, a.Source, a.MaxAge
	case isField:
		v = &e.decoded.Values[e.selection.Field(field.Field)]
		seen.Name = field.Field.String()
	default:
		return Seen{}, false
	}
	seen.State, seen.Default, seen.Was = v.State, v.Default, v.Was
	if v.State == Present {
		seen.Value = v.String()
		seen.JSON = v.json(nil, typeOf(o))
	}
	if v.Observed != 0 {
		seen.Observed = time.UnixMilli(v.Observed).UTC()
		seen.Age = time.Duration(e.decoded.Now-v.Observed) * time.Millisecond
	}
	if d, ok := o.(Days); ok && v.State == Present {
		n, _ := days(v, e.decoded.Now, d.Until)
		seen.Days, seen.Until = strconv.FormatInt(n, 10), d.Until
	}
	return seen, true
}
