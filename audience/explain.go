package audience

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Explanation says why a rule was true, false or unknown for a person.
type Explanation struct {
	Result Truth
	Leaves []Leaf // in the order of the rule, segments' in their place
}

// Leaf is one condition of a rule and what it saw.
type Leaf struct {
	Text     string // as written
	Segment  string // the segment whose rule it is part of; "" for the rule's own
	Result   Truth
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
	return e.explanation
}

type explainer struct {
	selection   *Selection
	decoded     *Decoded
	explanation *Explanation
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
		return e.walk(c.Term, rule, segment, deciding).Not()
	case SegmentRef:
		return e.walk(c.Rule.Condition, c.Rule, c.Name, deciding)
	}
	leaf := Leaf{Text: textOf(c, rule), Segment: segment, Result: e.result(c), Deciding: deciding}
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
		seen.Days = strconv.FormatInt(n, 10)
	}
	return seen, true
}

// maxReasons bounds a sentence; more than a few reasons are no answer.
const maxReasons = 4

// Sentence answers "why?" in one sentence that names the deciding values:
// `plan is "trial" (observed 2 days ago) and trial_days_left is missing (last observed 5 days ago, older than its max_age of 2d)`.
func (x *Explanation) Sentence() string {
	var reasons []string
	for i := range x.Leaves {
		if leaf := &x.Leaves[i]; leaf.Deciding {
			reasons = append(reasons, leaf.sentence())
		}
	}
	more := ""
	if len(reasons) > maxReasons {
		more = fmt.Sprintf(" and %d more conditions", len(reasons)-maxReasons)
		reasons = reasons[:maxReasons]
	}
	return strings.Join(reasons, " and ") + more
}

// sentence says what a leaf saw; a result that what it saw does not speak for is added.
func (l *Leaf) sentence() string {
	var facts []string
	for i := range l.Operands {
		facts = append(facts, l.Operands[i].sentence())
	}
	text := strings.Join(facts, " and ")
	switch {
	case l.Topic != "":
		return fmt.Sprintf("consent to %s is %s", l.Topic, consentWords[l.Consent])
	case text == "":
		return l.Text + " is " + l.Result.String()
	case l.Result == False:
		text += ", so " + l.Text + " is false"
	}
	if l.Segment != "" {
		text += " (in segment " + l.Segment + ")"
	}
	return text
}

var consentWords = [...]string{"not given", "pending", "given", "withdrawn"}

// sentence says what a value was.
func (s *Seen) sentence() string {
	switch {
	case s.Default && s.Was != Stale:
		return fmt.Sprintf("%s is %s (the catalogue's default: %s)", s.Name, s.Value, s.why(s.Was))
	case s.Default:
		return fmt.Sprintf("%s is %s (the catalogue's default: it was %s)", s.Name, s.Value, s.why(s.Was))
	case s.State != Present:
		return fmt.Sprintf("%s is missing (%s)", s.Name, s.why(s.State))
	}
	text := s.Name + " is " + s.Value
	var notes []string
	if s.Days != "" {
		notes = append(notes, s.daysInWords())
	}
	if !s.Observed.IsZero() {
		notes = append(notes, "observed "+Ago(s.Age))
	}
	if len(notes) > 0 {
		text += " (" + strings.Join(notes, ", ") + ")"
	}
	return text
}

func (s *Seen) daysInWords() string {
	if s.Days == "1" || s.Days == "-1" {
		return s.Days + " day"
	}
	return s.Days + " days"
}

// why says why a value is missing.
func (s *Seen) why(state State) string {
	switch state {
	case Absent:
		return "nothing is known"
	case Blank:
		return "it is blank"
	case Stale:
		if s.Observed.IsZero() {
			return "nobody knows when it was observed, and it has a max_age of " + FormatDuration(s.MaxAge)
		}
		return "last observed " + Ago(s.Age) + ", older than its max_age of " + FormatDuration(s.MaxAge)
	}
	return "its value is not one that the catalogue allows"
}

// Ago says how long ago something was, in the largest unit that fits: "2 days ago".
func Ago(age time.Duration) string {
	if age < 0 {
		return "in the future"
	}
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if n := int(age / unit.length); n == 1 {
			return "1 " + unit.name + " ago"
		} else if n > 1 {
			return strconv.Itoa(n) + " " + unit.name + "s ago"
		}
	}
	return "just now"
}

// FormatDuration writes a duration as files do, in the largest unit that divides it: 30d, 36h, 90min.
func FormatDuration(d time.Duration) string {
	for _, unit := range []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}} {
		if d%unit.length == 0 {
			return strconv.FormatInt(int64(d/unit.length), 10) + unit.name
		}
	}
	return strconv.FormatInt(int64(d/time.Second), 10) + "s"
}
