package audience

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

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

// Needs says what the deciding conditions ask for: `plan == "trial"`, `not segment heavy (projects_30d >= 10)`.
func (x *Explanation) Needs() string {
	var needs []string
	for i := range x.Leaves {
		leaf := &x.Leaves[i]
		switch {
		case !leaf.Deciding:
		case leaf.Negated && leaf.Segment != "":
			needs = appendNew(needs, fmt.Sprintf("somebody who is not in segment %s (%s)", leaf.Segment, leaf.Text))
		case leaf.Negated:
			needs = appendNew(needs, "that "+leaf.Text+" is not so")
		default:
			needs = appendNew(needs, leaf.name())
		}
	}
	if x.Either {
		return enumerate(needs, " or ")
	}
	return enumerate(needs, " and ")
}

// name is the condition as written, with the segment it stands in.
func (l *Leaf) name() string {
	if l.Segment == "" {
		return l.Text
	}
	return fmt.Sprintf("%s (segment %s)", l.Text, l.Segment)
}

var consentWords = [...]string{"not given", "pending", "given", "withdrawn"}

// oldAge is the age from which a value without a max_age is said to count all the same.
const oldAge = 30 * 24 * time.Hour

// sentence says what a value was.
func (s *Seen) sentence() string {
	switch {
	case s.Default && s.Was != Absent:
		return fmt.Sprintf("%s is %s (the default, because what is stored %s)", s.Name, s.Value, s.why(s.Was))
	case s.Default:
		return fmt.Sprintf("%s is %s (the default: no value is stored)", s.Name, s.Value)
	case s.State != Present:
		return s.Name + " " + s.why(s.State)
	}
	text := s.Name + " is " + s.Value
	var notes []string
	if s.Days != "" {
		text = s.Name + " is " + moment(s.Value)
		notes = append(notes, s.daysInWords())
	}
	if !s.Observed.IsZero() && (s.Age < 0 || s.Age >= time.Minute) { // what is this fresh needs no age
		notes = append(notes, "observed "+Ago(s.Age))
		if s.MaxAge == 0 && s.Age > oldAge {
			notes = append(notes, "it has no max_age, so it still counts")
		}
	}
	if len(notes) > 0 {
		text += " (" + strings.Join(notes, ", ") + ")"
	}
	return text
}

// moment writes a time as people read it; a date stays as it is.
func moment(value string) string {
	t, err := time.Parse(time.RFC3339, value)
	if err != nil {
		return value
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
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

// why says why there is no value.
func (s *Seen) why(state State) string {
	switch state {
	case Absent:
		return "is not known (no value is stored)"
	case Blank:
		return "is blank"
	case Stale:
		if s.Observed.IsZero() {
			return "has a max_age of " + FormatDuration(s.MaxAge) + ", and nobody knows when it was observed"
		}
		return fmt.Sprintf("is out of date (last observed %s, and its max_age is %s)", Ago(s.Age), FormatDuration(s.MaxAge))
	}
	return "has a value that attributes.yaml does not allow"
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
