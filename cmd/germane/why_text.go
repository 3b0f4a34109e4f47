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

// sentences go through the variants in the order in which they are tried, each with its rule, and end with what follows.
func sentences(e *blocks.Explanation) []string {
	var list []string
	for i := range e.Conditions {
		c := &e.Conditions[i]
		list = append(list, sentence(c), "    rule: "+rule(c))
	}
	switch {
	case e.Reason == blocks.Control:
		list = append(list, fmt.Sprintf("But they are in the block's control group (%s%% of people), which gets %s, to measure against.",
			strconv.FormatFloat(e.Control*100, 'g', 6, 64), e.Variant))
	case len(e.Conditions) == 0:
		list = append(list, "The block has no other variant.")
	case e.Reason == blocks.NothingMatched:
		list = append(list, "No variant applies, so they get the fallback, otherwise.")
	case e.Reason == blocks.ValueMissing:
		list = append(list, "What cannot be decided is not guessed, so they get the fallback, otherwise.")
	}
	return list
}

// sentence says what a variant's rule came to and which values decided that.
func sentence(c *blocks.Condition) string {
	facts := c.Seen.Facts()
	switch c.Result {
	case audience.True:
		return fmt.Sprintf("%s applies: %s.", c.Variant, facts)
	case audience.False:
		return fmt.Sprintf("%s does not apply: it needs %s, but %s.", c.Variant, c.Seen.Needs(), facts)
	}
	return fmt.Sprintf("%s cannot be decided: it needs %s, but %s.", c.Variant, c.Seen.Needs(), facts)
}

// rule is a variant's rule on one line, with the segments that its result depends on.
func rule(c *blocks.Condition) string {
	text := oneLine(c.Text)
	for _, segment := range c.Seen.Segments {
		text += fmt.Sprintf("   (segment %s: %s)", segment.Name, oneLine(segment.Text))
	}
	return text
}

func oneLine(text string) string {
	if strings.Contains(text, "\n") {
		return strings.Join(strings.Fields(text), " ")
	}
	return text
}
