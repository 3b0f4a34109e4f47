package main

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"germane/audience"
	"germane/blocks"
)

// whyText answers as one would answer a colleague: a paragraph for each block, the deciding value first.
func whyText(out io.Writer, title string, explanations []*blocks.Explanation) error {
	b := bufio.NewWriter(out)
	fmt.Fprintln(b, title)
	if len(explanations) == 0 {
		fmt.Fprintln(b, "\nThere is no Dynamic Block in it: everybody gets the same.")
	}
	for _, e := range explanations {
		fmt.Fprintf(b, "\n%s: %s%s\n", e.Block, e.Variant, emptiness(e))
		for _, sentence := range sentences(e) {
			fmt.Fprintln(b, "  "+sentence)
		}
	}
	return b.Flush()
}

func emptiness(e *blocks.Explanation) string {
	if e.Empty {
		return " (which is empty: nothing is shown)"
	}
	return ""
}

// sentences says what decided, then what came before it, then what follows.
func sentences(e *blocks.Explanation) []string {
	var list []string
	if e.Reason == blocks.Control {
		list = append(list, fmt.Sprintf("This person is in the block's control group (%s%% of people), which gets %s to measure against. Without it, they would get %s:",
			strconv.FormatFloat(e.Control*100, 'g', 6, 64), e.Variant, e.Would))
	}
	for _, result := range []audience.Truth{audience.True, audience.Unknown, audience.False} {
		for i := range e.Conditions {
			if c := &e.Conditions[i]; c.Result == result {
				list = append(list, sentence(e, c))
			}
		}
	}
	switch {
	case len(e.Conditions) == 0:
		list = append(list, "The block has no other variant.")
	case e.Reason == blocks.NothingMatched:
		list = append(list, "No rule is true, so otherwise is what remains.")
	case e.Reason == blocks.ValueMissing:
		list = append(list, "Only a rule that is certainly true selects, so otherwise is what remains.")
	}
	return list
}

func sentence(e *blocks.Explanation, c *blocks.Condition) string {
	found := e.Reason == blocks.RuleTrue || e.Reason == blocks.Control
	facts := c.Seen.Facts()
	switch {
	case c.Result == audience.True:
		return fmt.Sprintf("%s, so %s matches: %s", facts, c.Variant, rule(c))
	case found && c.Result == audience.False:
		return fmt.Sprintf("%s comes before it but does not match, as %s: %s", c.Variant, facts, rule(c))
	case found:
		return fmt.Sprintf("%s comes before it, but nobody can say whether it matches, as %s: %s", c.Variant, facts, rule(c))
	case c.Result == audience.False:
		return fmt.Sprintf("%s, so %s does not match: %s", facts, c.Variant, rule(c))
	}
	return fmt.Sprintf("%s, so nobody can say whether %s matches: %s", facts, c.Variant, rule(c))
}

// rule is a variant's rule on one line, with the segments that its result depends on.
func rule(c *blocks.Condition) string {
	text := oneLine(c.Text)
	for _, segment := range c.Seen.Segments {
		text += fmt.Sprintf(" (segment %s: %s)", segment.Name, oneLine(segment.Text))
	}
	return text
}

func oneLine(text string) string {
	if strings.Contains(text, "\n") {
		return strings.Join(strings.Fields(text), " ")
	}
	return text
}
