package blocks

import (
	"fmt"
	"slices"
	"strings"

	"germane/audience"
	"germane/templates"
)

// Explanation is a choice in words.
type Explanation struct {
	Block      string
	Variant    string
	Would      string // Control: the variant whose rule was true
	Reason     Reason
	Control    float64     // share of people in the block's control group
	Empty      bool        // the variant shows nothing
	Conditions []Condition // of the variants that were tried, in order
}

// Condition is what a variant's rule came to.
type Condition struct {
	Variant string
	Text    string // the rule as written
	Result  audience.Truth
	Seen    *audience.Explanation
}

// Explain says why a choice was made. The person must be the one it was made for, decoded at the same time.
func (c *Chooser) Explain(choice Choice, d *audience.Decoded) *Explanation {
	b := c.blocks[choice.Block].block
	chosen := &b.Variants[choice.Variant]
	e := &Explanation{
		Block: b.Name, Variant: chosen.Name, Would: b.Variants[choice.Would].Name, Reason: choice.Reason, Control: b.Control,
		Empty: !slices.ContainsFunc(chosen.Body, shows),
	}
	for i := range b.Variants[:int(choice.Would)+1] {
		variant := &b.Variants[i]
		if variant.Rule == nil {
			continue
		}
		seen := variant.Rule.Explain(c.selection, d)
		e.Conditions = append(e.Conditions, Condition{Variant: variant.Name, Text: variant.Rule.Text.S, Result: seen.Result, Seen: seen})
	}
	return e
}

// shows reports whether a node can put anything into a message.
func shows(node templates.Node) bool {
	text, ok := node.(*templates.Text)
	return !ok || strings.TrimSpace(text.Text) != ""
}

// Sentence answers "why?" in one sentence with the deciding values.
func (e *Explanation) Sentence() string {
	switch e.Reason {
	case RuleTrue:
		return "because " + e.deciding(audience.True)
	case Control:
		return fmt.Sprintf("held back to measure against: this person is in the block's control group and would have got %s, because %s", e.Would, e.deciding(audience.True))
	case ValueMissing:
		return "no variant's rule is certainly true: " + e.deciding(audience.Unknown)
	}
	if len(e.Conditions) == 0 {
		return "the block has no other variant"
	}
	return "no variant's rule is true: " + e.deciding(audience.False)
}

// deciding joins what the rules with a result saw.
func (e *Explanation) deciding(result audience.Truth) string {
	var reasons []string
	for i := range e.Conditions {
		condition := &e.Conditions[i]
		if condition.Result != result {
			continue
		}
		sentence := condition.Seen.Sentence()
		if result != audience.True {
			sentence = condition.Variant + ": " + sentence
		}
		reasons = append(reasons, sentence)
	}
	return strings.Join(reasons, "; ")
}
