package templates

import (
	"strings"

	"germane/internal/finding"
)

// Section is one variant of a block, or its otherwise.
type Section struct {
	Span      // the variant or otherwise tag
	Otherwise bool
	Name      finding.Text // a variant's name; empty for otherwise
	When      finding.Text // the text of its rule, behind when
	Body      []Token
}

// Sections cuts a block's tokens at its variant and otherwise tags. Whatever is wrong, the sections that were found come back,
// so that their bodies can be checked, too.
func Sections(tokens []Token, source finding.Text) ([]Section, []finding.Finding) {
	c := &cutter{source: source, names: map[string]bool{}}
	for i := range tokens {
		c.token(&tokens[i])
	}
	c.finish()
	return c.sections, c.findings
}

type cutter struct {
	report
	source    finding.Text
	sections  []Section
	names     map[string]bool
	inside    []string // the block tags around the next token
	early     bool     // text before the first variant was reported
	otherwise bool     // there was an otherwise, if only in the wrong place
}

func (c *cutter) token(t *Token) {
	if t.Kind == TagToken {
		switch name := t.Name; name {
		case "variant", "otherwise":
			c.cut(t)
			return
		case "if", "unless", "case", "for", "tablerow", "capture", "ifchanged":
			c.inside = append(c.inside, name)
		default:
			c.leave(name)
		}
	}
	if len(c.sections) > 0 {
		last := &c.sections[len(c.sections)-1]
		last.Body = append(last.Body, *t)
		return
	}
	if t.Kind == TextToken && strings.Trim(t.Text, rubySpace) == "" {
		return
	}
	if !c.early {
		c.early = true
		c.addAt(c.source.File, firstLine(t), "text-before-variant", "nobody would see this: it stands before the first variant",
			"write {% variant name when rule %} before it, or {% otherwise %} if everybody should see it")
	}
}

// firstLine is where a token's first words stand.
func firstLine(t *Token) Span {
	if t.Kind != TextToken {
		return t.Span
	}
	left := len(t.Text) - len(strings.TrimLeft(t.Text, rubySpace))
	line, _, _ := strings.Cut(t.Text[left:], "\n")
	return Span{Start: t.Start + left, End: t.Start + left + len(line)}
}

// leave closes the innermost block tag that an end tag closes; what stood open inside it is reported by Parse.
func (c *cutter) leave(name string) {
	opened, isEnd := strings.CutPrefix(name, "end")
	for i := len(c.inside) - 1; isEnd && i >= 0; i-- {
		if c.inside[i] == opened {
			c.inside = c.inside[:i]
			return
		}
	}
}

func (c *cutter) cut(t *Token) {
	if depth := len(c.inside); depth > 0 {
		c.otherwise = c.otherwise || t.Name == "otherwise"
		c.addAt(t.Body.File, t.Span, "variant-nested", "this {% "+t.Name+" %} stands inside a {% "+c.inside[depth-1]+" %}",
			"close that with {% end"+c.inside[depth-1]+" %} first")
		return
	}
	if c.otherwise && len(c.sections) > 0 {
		text, hint := "nobody would see this variant: otherwise came before it", "move {% otherwise %} to the end of the file"
		if t.Name == "otherwise" {
			text, hint = "there is a second {% otherwise %}", "keep one, at the end of the file"
		}
		c.addAt(t.Body.File, t.Span, "otherwise-not-last", text, hint)
	}
	section := Section{Span: t.Span, Otherwise: t.Name == "otherwise"}
	if section.Otherwise {
		c.otherwise = true
		if rest := t.Body.Trim(); rest.S != "" {
			c.add(rest, 0, len(rest.S), "variant-syntax", "otherwise has neither a name nor a rule.", "write {% otherwise %}")
		}
	} else {
		c.head(t, &section)
	}
	c.sections = append(c.sections, section)
}

// head reads NAME when RULE.
func (c *cutter) head(t *Token, section *Section) {
	const form = `write {% variant trial-ending when plan == "trial" %}`
	name, rest := cutName(t.Body.Trim())
	if name.S == "" || name.S == "when" {
		c.addAt(t.Body.File, t.Span, "variant-syntax", "this variant has no name", form)
		return
	}
	section.Name = name
	switch {
	case !blockName(name.S):
		c.add(name, 0, len(name.S), "bad-name", "a variant's name is small letters, digits and dashes, at most 64", "write "+nearestName(name.S))
	case c.names[name.S]:
		c.add(name, 0, len(name.S), "variant-duplicate", "there is a variant "+name.S+" already; reports could not tell the two apart", "choose another name")
	}
	c.names[name.S] = true
	word := wordLength(rest.S)
	if rest.S[:word] != "when" {
		c.addAt(t.Body.File, t.Span, "variant-syntax", "this variant does not say who sees it", "write {% variant "+name.S+` when plan == "trial" %}, or {% otherwise %} for everybody else`)
		return
	}
	section.When = rest.Slice(word, len(rest.S)).Trim()
	if section.When.S == "" {
		c.addAt(t.Body.File, t.Span, "variant-syntax", "there is no rule behind when", "write {% variant "+name.S+` when plan == "trial" %}`)
	}
}

// cutName splits a variant's name from what follows. Several words before when are one name, though none that is allowed: people
// write names with spaces.
func cutName(body finding.Text) (name, rest finding.Text) {
	first := firstWord(body.S)
	for at := first; at < len(body.S); {
		at += len(body.S[at:]) - len(strings.TrimLeft(body.S[at:], rubySpace))
		word := body.S[at : at+firstWord(body.S[at:])]
		if word == "when" {
			return body.Slice(0, at).Trim(), body.Slice(at, len(body.S))
		}
		if word == "split" || strings.ContainsFunc(word, func(r rune) bool { return r < 0x80 && r != '-' && !isWord(byte(r)) }) {
			break // split is kept for later; the others are no words
		}
		at += len(word)
	}
	return body.Slice(0, first), body.Slice(first, len(body.S)).Trim()
}

// firstWord returns how many bytes stand before the first white space.
func firstWord(s string) int {
	if size := strings.IndexAny(s, rubySpace); size >= 0 {
		return size
	}
	return len(s)
}

// nearestName turns a name into one that is allowed.
func nearestName(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(strings.Trim(name, `"'`)) {
		switch {
		case r < 0x80 && (isDigit(byte(r)) || r >= 'a' && r <= 'z'):
			b.WriteRune(r)
		case b.Len() > 0:
			b.WriteByte('-')
		}
	}
	fixed := strings.TrimRight(b.String()[:min(b.Len(), 64)], "-")
	if fixed == "" {
		return "a name such as trial-ending"
	}
	return fixed
}

func (c *cutter) finish() {
	if c.otherwise {
		return
	}
	text := "this block has no {% otherwise %}: who matches no variant would get nothing, and nobody decided that"
	hint := "write {% otherwise %} at the end; it may stay empty"
	if len(c.sections) == 0 {
		text, hint = "this block has no variants", "write {% otherwise %} before what everybody should see, and variants before that"
	}
	at := Span{Start: c.source.Start, End: c.source.Start}
	if n := len(c.sections); n > 0 {
		at = c.sections[n-1].Span
	}
	c.addAt(c.source.File, at, "otherwise-missing", text, hint)
}
