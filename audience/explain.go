package audience

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Explanation says why a rule was true, false or unknown for a person.
type Explanation struct {
	Result   Truth
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
		if seen := (SeenSegment{c.Name, c.Rule.Text.S}); deciding && !slices.Contains(e.explanation.Segments, seen) {
			e.explanation.Segments = append(e.explanation.Segments, seen)
		}
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
		seen.Days, seen.Until = strconv.FormatInt(n, 10), d.Until
	}
	return seen, true
}

// maxReasons bounds a sentence; more than a few reasons are no answer.
const maxReasons = 4

// Sentence answers "why?" in one sentence that names each deciding value once:
// `plan is "trial" (observed 2 days ago) and trial_days_left is missing (last observed 5 days ago, older than its max_age of 2d)`.
// Conditions that those values refute are added: `…, so plan == "pro" is false`.
func (x *Explanation) Sentence() string {
	var refuted []string
	for i := range x.Leaves {
		if leaf := &x.Leaves[i]; leaf.Deciding && leaf.Result == False && len(leaf.Operands) > 0 {
			refuted = appendNew(refuted, leaf.name())
		}
	}
	switch len(refuted) {
	case 0:
		return x.Facts()
	case 1:
		return x.Facts() + ", so " + refuted[0] + " is false"
	case 2:
		return x.Facts() + ", so neither " + refuted[0] + " nor " + refuted[1] + " is true"
	}
	return x.Facts() + ", so none of " + enumerate(refuted, ", ") + " is true"
}

// Facts says what the deciding values are, each once: `plan is "trial" and trial_days_left is 2`.
func (x *Explanation) Facts() string {
	var facts []string
	for i := range x.Leaves {
		leaf := &x.Leaves[i]
		switch {
		case !leaf.Deciding:
		case leaf.Topic != "":
			facts = appendNew(facts, fmt.Sprintf("consent to %s is %s", leaf.Topic, consentWords[leaf.Consent]))
		case len(leaf.Operands) == 0:
			facts = appendNew(facts, leaf.name()+" is "+leaf.Result.String())
		}
		for j := range leaf.Operands {
			if leaf.Deciding {
				facts = appendNew(facts, leaf.Operands[j].sentence())
			}
		}
	}
	return enumerate(facts, " and ")
}

func appendNew(list []string, text string) []string {
	if slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}

// enumerate joins the first few reasons and counts the others.
func enumerate(reasons []string, between string) string {
	if more := len(reasons) - maxReasons; more > 0 {
		return strings.Join(reasons[:maxReasons], between) + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(reasons, between)
}

// name is the condition as written, with the segment it stands in.
func (l *Leaf) name() string {
	if l.Segment == "" {
		return l.Text
	}
	return fmt.Sprintf("%s (segment %s)", l.Text, l.Segment)
}

var consentWords = [...]string{"not given", "pending", "given", "withdrawn"}

// sentence says what a value was.
func (s *Seen) sentence() string {
	switch {
	case s.Default && s.Was == Stale:
		return fmt.Sprintf("%s is %s (the catalogue's default: it was %s)", s.Name, s.Value, s.why(s.Was))
	case s.Default:
		return fmt.Sprintf("%s is %s (the catalogue's default: %s)", s.Name, s.Value, s.why(s.Was))
	case s.State == Absent:
		return s.Name + " is missing"
	case s.State != Present:
		return fmt.Sprintf("%s is missing (%s)", s.Name, s.why(s.State))
	}
	text := s.Name + " is " + s.Value
	var notes []string
	if s.Days != "" {
		notes = append(notes, s.daysInWords())
	}
	if !s.Observed.IsZero() && (s.Age < 0 || s.Age >= time.Minute) { // what is this fresh needs no age
		notes = append(notes, "observed "+Ago(s.Age))
	}
	if len(notes) > 0 {
		text += " (" + strings.Join(notes, ", ") + ")"
	}
	return text
}

// daysInWords says how far off the moment is whose days a rule counted.
func (s *Seen) daysInWords() string {
	past := !s.Until
	n, negative := strings.CutPrefix(s.Days, "-")
	if negative {
		past = !past
	}
	unit := " days"
	if n == "1" {
		unit = " day"
	}
	switch {
	case n == "0":
		return "less than a day off"
	case past:
		return n + unit + " ago"
	}
	return "in " + n + unit
}

// why says why a value is missing.
func (s *Seen) why(state State) string {
	switch state {
	case Absent:
		return "nothing else is known"
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
