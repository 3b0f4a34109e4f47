package console

import (
	"strings"
	"time"

	"germane/audience"
	"germane/blocks"
)

// whyBlock is why somebody gets what they get in a block.
type whyBlock struct {
	Block, Variant string
	File           string
	Tone           string // chosen, fallback, missing, control
	Empty          bool
	Headline       string
	Unmet          []unmet   // for the fallback: why none of the others
	Rules          []whyRule // those that were asked, in order
	Skipped        []string  // variants after the chosen one, which nobody asked
	Flips          []flip    // the smallest changes that would choose another one
}

// unmet is a variant that somebody does not get, and the reason in words.
type unmet struct{ Variant, Text string }

// whyRule is what a variant's rule came to.
type whyRule struct {
	Variant, Text, Result string
	Segments              []audience.SeenSegment
	Sentence              string
	Values                []whyValue
}

// whyValue is a value that a rule looked at.
type whyValue struct {
	Name, Value, Missing string
	Default              bool
	Age                  string // "observed 2 days ago"; "" when just now or not known
	Source               string
}

func (l *letter) why(v *view) []whyBlock {
	list := make([]whyBlock, 0, len(l.choices))
	all := l.message.Chooser.Blocks()
	flips := l.flips(v)
	for i, choice := range l.choices {
		e := l.message.Chooser.Explain(choice, l.decoded)
		b := whyBlock{Block: e.Block, Variant: e.Variant, Empty: e.Empty, Tone: tone(e.Reason), Headline: headline(e), Flips: flips[i]}
		if f := all[i].File; f != nil {
			b.File = f.Name
		}
		for j := range e.Conditions {
			c := &e.Conditions[j]
			b.Rules = append(b.Rules, ruleOf(c))
			if e.Reason == blocks.NothingMatched || e.Reason == blocks.ValueMissing {
				b.Unmet = append(b.Unmet, unmet{c.Variant, "needs " + c.Seen.Needs() + ", but " + c.Seen.Facts() + "."})
			}
		}
		for j := int(choice.Would) + 1; j < len(all[i].Variants)-1; j++ {
			b.Skipped = append(b.Skipped, all[i].Variants[j].Name)
		}
		list = append(list, b)
	}
	return list
}

func tone(r blocks.Reason) string {
	return [...]string{"chosen", "control", "fallback", "missing"}[r]
}

func headline(e *blocks.Explanation) string {
	switch {
	case e.Reason == blocks.Control:
		return "In the control group: would have got " + e.Would + "."
	case e.Reason == blocks.RuleTrue:
		return e.Conditions[len(e.Conditions)-1].Seen.Facts() + "."
	case len(e.Conditions) == 0:
		return "The block has no other variant."
	case e.Reason == blocks.ValueMissing:
		return "What cannot be decided is not guessed."
	}
	return "No other variant applies."
}

func ruleOf(c *blocks.Condition) whyRule {
	r := whyRule{Variant: c.Variant, Text: strings.Join(strings.Fields(c.Text), " "), Result: c.Result.String(), Segments: c.Seen.Segments, Sentence: c.Seen.Sentence()}
	seen := map[string]bool{}
	for i := range c.Seen.Leaves {
		leaf := &c.Seen.Leaves[i]
		if leaf.Topic != "" {
			r.Values = append(r.Values, whyValue{Name: "consent to " + leaf.Topic, Value: leaf.Consent.String()})
		}
		for j := range leaf.Operands {
			s := &leaf.Operands[j]
			if !seen[s.Name] {
				seen[s.Name] = true
				r.Values = append(r.Values, valueOf(s))
			}
		}
	}
	return r
}

func valueOf(s *audience.Seen) whyValue {
	v := whyValue{Name: s.Name, Value: s.Value, Missing: s.Missing(), Default: s.Default, Source: s.Source}
	if s.Days != "" {
		v.Value += " (" + s.Days + " days)"
	}
	if !s.Observed.IsZero() && (s.Age >= time.Minute || s.Age < 0) {
		v.Age = "observed " + audience.Ago(s.Age)
	}
	if s.MaxAge > 0 && s.State == audience.Stale {
		v.Age += ", counts for " + audience.FormatDuration(s.MaxAge)
	}
	return v
}
