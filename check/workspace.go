package check

import (
	"fmt"
	"slices"
	"strings"

	"germane/audience"
	"germane/blocks"
	"germane/internal/finding"
	"germane/schedule"
	"germane/workspace"
)

// Workspace reports what nobody can reach, what nobody uses and what mail programs stumble over, in reading order, without the warnings
// that files allow. What it reports of people is true of everybody the catalogue allows; what it cannot decide, it does not mention.
func Workspace(w *workspace.Workspace) []finding.Finding {
	if w == nil {
		return nil
	}
	var findings []finding.Finding
	for _, source := range w.Blocks {
		if source.Compiled != nil {
			findings = append(findings, blockFindings(source.Compiled)...)
		}
	}
	for _, segment := range w.Segments.All() {
		findings = append(findings, segmentFindings(segment)...)
	}
	for _, campaign := range w.Campaigns {
		findings = append(findings, audienceFindings(campaign)...)
	}
	if len(w.Messages) == len(w.Templates) && !finding.HasErrors(findings) { // else it may be used by what is to be mended
		findings = append(findings, unused(w)...)
		findings = append(findings, Lint(w)...)
	}
	return finding.Sort(w.Allowances.Apply(findings))
}

// blockFindings reports the variants of a block that nobody gets.
func blockFindings(b *blocks.Block) []finding.Finding {
	rules := rulesOf(b)
	proofs := Prove(rules)
	var findings []finding.Finding
	ended := false // by a rule that is always true: it says that nothing after it is reached
	for i, proof := range proofs {
		v := &b.Variants[i]
		switch proof.Verdict {
		case NeverTrue:
			if !segmentAlone(proof.Conflict) {
				findings = append(findings, v.Rule.Text.Whole("variant-never-true", "nobody can get "+v.Name+": "+never(v.Rule, proof.Conflict), "mend its rule, or delete the variant"))
			}
		case Shadowed:
			if !ended {
				findings = append(findings, shadowed(b, i, proof))
			}
		case AlwaysTrue:
			if f, wrong := always(b, i); wrong {
				findings = append(findings, f)
			}
			ended = true
		}
	}
	return findings
}

// rulesOf returns the rules of a block's variants; otherwise, and one whose rule cannot be read, has none.
func rulesOf(b *blocks.Block) []*audience.Rule {
	rules := make([]*audience.Rule, len(b.Variants))
	for i := range b.Variants {
		rules[i] = b.Variants[i].Rule
	}
	return rules
}

// segmentAlone reports whether a rule is never true because one segment is, which has a finding of its own.
func segmentAlone(conflict []audience.Condition) bool {
	if len(conflict) != 1 {
		return false
	}
	_, is := conflict[0].(audience.SegmentRef)
	return is
}

// never says why a rule is never true.
func never(rule *audience.Rule, conflict []audience.Condition) string {
	texts := make([]string, len(conflict))
	for i, term := range conflict {
		texts[i] = written(rule, term)
	}
	if len(texts) == 1 {
		if constant, ok := conflict[0].(audience.Constant); ok && !constant.Value {
			return "its rule is false"
		}
		return texts[0] + " is true of nobody" + reason(conflict[0])
	}
	last := len(texts) - 1
	return strings.Join(texts[:last], ", ") + " and " + texts[last] + " are never true together"
}

// written returns a condition as its rule has it, on one line.
func written(rule *audience.Rule, c audience.Condition) string {
	span := c.Source()
	return strings.Join(strings.Fields(rule.Text.S[span.Start:span.End]), " ")
}

// reason says what the catalogue has to do with a condition that is never true, where that is short to say.
func reason(c audience.Condition) string {
	compare, ok := c.(audience.Compare)
	if !ok {
		return " whom the catalogue allows"
	}
	if literal, ok := compare.Right.(audience.Literal); ok && literal.Value.Kind == audience.String && audience.ShowsNothing(literal.Value.Text) {
		return ": a blank text counts as missing"
	}
	for _, o := range []audience.Operand{compare.Left, compare.Right} {
		if a, ok := o.(audience.AttributeOperand); ok && a.Attribute.Type.Kind.Number() {
			return bounds(a.Attribute)
		}
	}
	return " whom the catalogue allows"
}

func bounds(a *audience.Attribute) string {
	least, most := a.Type.Min, a.Type.Max
	switch {
	case least != nil && most != nil:
		return fmt.Sprintf(": %s is between %v and %v", a.Name, *least, *most)
	case least != nil:
		return fmt.Sprintf(": %s is at least %v", a.Name, *least)
	case most != nil:
		return fmt.Sprintf(": %s is at most %v", a.Name, *most)
	}
	return " whom the catalogue allows"
}

func shadowed(b *blocks.Block, i int, proof Proof) finding.Finding {
	v := &b.Variants[i]
	names := make([]string, len(proof.By))
	for n, j := range proof.By {
		line, _ := b.Variants[j].Rule.Text.File.Position(b.Variants[j].Rule.Text.Start)
		names[n] = fmt.Sprintf("%s (line %d)", b.Variants[j].Name, line)
	}
	hint := "move it above " + b.Variants[proof.By[0]].Name + ", or narrow that rule"
	switch {
	case proof.Same:
		hint = "both rules choose the same people: tell them apart, or delete one of the variants"
	case len(proof.By) > 1:
		hint = "narrow one of their rules, or delete it"
	}
	return v.Rule.Text.Whole("variant-shadowed", "nobody can get "+v.Name+": whoever its rule is true for gets "+enumerate(names, "or")+" first", hint)
}

// always reports a rule that is true of everybody, unless it says so itself and only the control group is left to otherwise.
func always(b *blocks.Block, i int) (f finding.Finding, wrong bool) {
	v := &b.Variants[i]
	var after []string
	for j := i + 1; j < len(b.Variants); j++ {
		after = append(after, b.Variants[j].Name)
	}
	if constant, ok := v.Rule.Condition.(audience.Constant); ok && constant.Value && b.Control > 0 && len(after) == 1 {
		return f, false
	}
	text := v.Name + " takes everybody who comes to it: its rule is true of every person, so that nobody can get " + enumerate(after, "or")
	if b.Control > 0 {
		text += ", but for the control group"
	}
	return v.Rule.Text.Whole("variant-always-true", text, "narrow its rule, or make its content that of otherwise"), true
}

// enumerate joins names in a sentence.
func enumerate(names []string, word string) string {
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " " + word + " " + names[last]
}

func segmentFindings(segment *audience.Segment) []finding.Finding {
	if conflict, is := neverTrue(segment.Rule); is && !segmentAlone(conflict) {
		return []finding.Finding{segment.Rule.Text.Whole("segment-never-true", "nobody can be in "+segment.Name+": "+never(segment.Rule, conflict), "mend its rule, or delete the segment")}
	}
	return nil
}

// audienceFindings reports a campaign that nobody can get: only those are mailed who are subscribed to its topic, too.
func audienceFindings(campaign *schedule.Campaign) []finding.Finding {
	rule := campaign.Rule
	if !sound(rule) {
		return nil
	}
	report := func(text, hint string) []finding.Finding {
		return []finding.Finding{rule.Text.Whole("audience-never-true", text, hint)}
	}
	conflict, is := neverTrue(rule)
	switch {
	case is && segmentAlone(conflict):
		return nil
	case is:
		return report("nobody can be in this audience: "+never(rule, conflict), "mend the rule; to keep the campaign from coming due write state: draft")
	}
	topic := campaign.Topic.S
	subscribers := &audience.Rule{Text: rule.Text, Condition: audience.And{Terms: []audience.Condition{rule.Condition, audience.Subscribed{Topic: topic}}}}
	if _, is := neverTrue(subscribers); is {
		return report("nobody can get this campaign: its audience leaves out everybody who is subscribed to "+topic, "only subscribers of the topic are mailed: leave the topic out of the rule, or name another one")
	}
	return nil
}

func neverTrue(rule *audience.Rule) ([]audience.Condition, bool) {
	proof := Prove([]*audience.Rule{rule})[0]
	return proof.Conflict, proof.Verdict == NeverTrue
}

// unused reports attributes and segments that nothing looks at.
func unused(w *workspace.Workspace) []finding.Finding {
	read, named := usage(w)
	var findings []finding.Finding
	for _, a := range w.Catalogue.All() {
		used := slices.Contains(read, a.Name) || a.Uses&(audience.Select|audience.Render|audience.Link) == 0
		if !used && a.Place.File != nil && !mentioned(w, a.Name) {
			findings = append(findings, a.Place.Whole("unused-attribute", "no message, block, segment or campaign uses "+a.Name, "use it, delete it, or write uses: [] if it is only stored"))
		}
	}
	for _, segment := range w.Segments.All() {
		if !slices.Contains(named, segment.Name) {
			findings = append(findings, segment.Place.Whole("unused-segment", "no rule uses the segment "+segment.Name, `use it by segment("`+segment.Name+`"), or delete it`))
		}
	}
	return findings
}

// usage returns the attributes that rules and messages read, and the segments that rules name.
func usage(w *workspace.Workspace) (attributes, segments []string) {
	note := func(rule *audience.Rule) {
		if rule != nil {
			attributes, segments = append(attributes, rule.Attributes()...), append(segments, rule.SegmentNames()...)
		}
	}
	for _, source := range w.Blocks {
		for i := range source.Compiled.Variants {
			note(source.Compiled.Variants[i].Rule)
		}
	}
	for _, campaign := range w.Campaigns {
		note(campaign.Rule)
	}
	for _, segment := range w.Segments.All() {
		note(segment.Rule)
	}
	for _, message := range w.Messages {
		attributes = append(attributes, message.Selection.Names()...)
	}
	return attributes, segments
}

// mentioned reports whether a file of content has a name as a word, if only a block or layout that no message uses: that is its
// own finding.
func mentioned(w *workspace.Workspace, name string) bool {
	for _, source := range w.Blocks {
		if hasWord(source.Body.S, name) {
			return true
		}
	}
	return slices.ContainsFunc(w.Layouts, func(l *workspace.LayoutSource) bool { return hasWord(l.Body.S, name) })
}

func hasWord(text, word string) bool {
	for {
		at := strings.Index(text, word)
		if at < 0 {
			return false
		}
		end := at + len(word)
		if (at == 0 || !inName(text[at-1])) && (end == len(text) || !inName(text[end])) {
			return true
		}
		text = text[end:]
	}
}

func inName(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
