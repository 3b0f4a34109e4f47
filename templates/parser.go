package templates

import (
	"fmt"
	"slices"
	"strings"

	"germane/internal/finding"
)

// Dialect says which tags there are.
type Dialect uint8

const (
	Standard Dialect = iota // Shopify's tags only
	Mail                    // adds block and skip; include is refused. variant and otherwise are cut out by Sections before
)

// Parse builds the tree of a template's tokens. A tag with a mistake is one finding, and parsing goes on behind it.
func Parse(tokens []Token, dialect Dialect) ([]Node, []finding.Finding) {
	p := &parser{tokens: tokens, dialect: dialect, unknown: map[string]bool{}}
	body, _ := p.content()
	return body.nodes, p.findings
}

type parser struct {
	report
	tokens  []Token
	next    int
	dialect Dialect
	open    []block         // the block tags around the next token, outermost first
	floor   int             // how many of them are out of reach: those around a liquid tag
	unknown map[string]bool // unknown tags reported; their end tags are passed over in silence
	stopped bool            // nesting was too deep: nothing more is read
}

// block is a block tag being parsed.
type block struct {
	token   Token
	accepts []string // the tags that divide or end it; the last one ends it
	link    bool     // a link's target, ended by a LinkEnd
}

// content is a body of nodes.
type content struct {
	nodes []Node
	blank bool // nothing but white space and tags without output: Liquid then drops the white space
}

func (c *content) add(node Node, blank bool) {
	c.nodes = append(c.nodes, node)
	c.blank = c.blank && blank
}

// withoutText is a blank body's nodes as Liquid renders them.
func (c content) withoutText() []Node {
	return slices.DeleteFunc(c.nodes, func(n Node) bool {
		_, text := n.(*Text)
		return text
	})
}

// trimBlank drops the white space of bodies if all of them are blank; so Liquid's if, for and case do.
func trimBlank(blank bool, bodies ...*[]Node) {
	if !blank {
		return
	}
	for _, body := range bodies {
		*body = content{nodes: *body}.withoutText()
	}
}

// content parses up to the tag that divides or ends the innermost open block, and returns that tag; nil at the end, or if a tag
// of an outer block comes first.
func (p *parser) content() (content, *Token) {
	body := content{blank: true}
	for p.next < len(p.tokens) && !p.stopped {
		token := &p.tokens[p.next]
		if token.Kind == LinkEnd && p.inLink() {
			if p.open[len(p.open)-1].link {
				p.next++
			}
			return body, nil // a tag that is still open in the target was never closed
		}
		if token.Kind == TagToken {
			switch level := p.accepting(token.Name); {
			case level >= 0 && level == len(p.open)-1:
				p.next++
				return body, token
			case level >= 0:
				return body, nil
			}
		}
		p.next++
		switch token.Kind {
		case TextToken:
			body.add(&Text{Span: token.Span, Text: token.Text}, !token.Verbatim && strings.Trim(token.Text, rubySpace) == "")
		case OutputToken:
			body.add(&Output{Span: token.Span, Value: p.filtered(token.Body)}, false)
		case TagToken:
			p.tag(token, &body)
		case LinkStart:
			body.add(p.link(token), false)
		}
	}
	return body, nil
}

// inLink says whether a link's target is open.
func (p *parser) inLink() bool {
	return slices.ContainsFunc(p.open[p.floor:], func(b block) bool { return b.link })
}

// link parses a link's target.
func (p *parser) link(t *Token) *Link {
	p.open = append(p.open, block{token: *t, link: true})
	target, _ := p.content()
	p.open = p.open[:len(p.open)-1]
	return &Link{Span: t.Span, Target: target.nodes}
}

// accepting returns the innermost open block that a tag divides or ends, or -1.
func (p *parser) accepting(name string) int {
	for i := len(p.open) - 1; i >= p.floor; i-- {
		if slices.Contains(p.open[i].accepts, name) {
			return i
		}
	}
	return -1
}

// tag parses one tag, with its body if it has one, and adds the node to its parent's body.
func (p *parser) tag(t *Token, into *content) {
	switch t.Name {
	case "if", "unless":
		p.nest(t, into, p.conditional, "elsif", "else", "end"+t.Name)
	case "case":
		p.nest(t, into, p.caseTag, "when", "else", "endcase")
	case "for":
		p.nest(t, into, p.loop, "else", "endfor")
	case "tablerow":
		p.nest(t, into, p.loop, "endtablerow")
	case "capture":
		p.nest(t, into, p.capture, "endcapture")
	case "ifchanged":
		p.nest(t, into, p.ifChanged, "endifchanged")
	case "liquid":
		p.liquid(t, into)
	case "block", "skip", "include":
		p.dialectTag(t, into)
	default:
		if node, blank := p.simpleTag(t); node != nil {
			into.add(node, blank)
		} else if !slices.Contains(plainTags, t.Name) {
			p.strayTag(t)
		}
	}
}

// nest parses a block tag one level deeper.
func (p *parser) nest(t *Token, into *content, parse func(*Token, *content), accepts ...string) {
	if len(p.open) >= maxDepth {
		p.addAt(t.Body.File, t.Span, "nesting-too-deep", fmt.Sprintf("more than %d tags stand inside each other", maxDepth), "move the inner part into a block of its own")
		p.stopped = true
		return
	}
	p.open = append(p.open, block{token: *t, accepts: accepts})
	parse(t, into)
	p.open = p.open[:len(p.open)-1]
}

// unclosed reports the innermost block, which has no end tag.
func (p *parser) unclosed() {
	if p.stopped {
		return
	}
	b := p.open[len(p.open)-1]
	end := b.accepts[len(b.accepts)-1]
	p.addAt(b.token.Body.File, b.token.Span, "unclosed-tag", "this {% "+b.token.Name+" %} is never closed", "write {% "+end+" %} where it ends")
}

// filtered parses a value with filters; nil if there is none, or a mistake in it.
func (p *parser) filtered(body finding.Text) Expression {
	e := expressions(&p.report, body)
	value := e.filtered()
	e.finish()
	if e.failed {
		return nil
	}
	return value
}

// condition parses what follows if, unless or elsif. After a mistake it is a nil literal, so that the branch is still one.
func (p *parser) condition(t *Token) Expression {
	e := expressions(&p.report, t.Body)
	if e.atEnd() && !e.failed {
		p.addAt(t.Body.File, t.Span, "liquid-syntax", "this {% "+t.Name+" %} has no condition", "write {% "+t.Name+` plan == "trial" %}`)
		return &Literal{Span: t.Span}
	}
	value := e.condition()
	e.finish()
	if e.failed || value == nil {
		return &Literal{Span: t.Span}
	}
	return value
}

// liquid parses a liquid tag: each of its lines is a tag without delimiters. Blocks opened in it end in it.
func (p *parser) liquid(t *Token, into *content) {
	tokens, next, floor := p.tokens, p.next, p.floor
	p.tokens, p.next, p.floor = p.lines(t.Body), 0, len(p.open)
	body, _ := p.content()
	p.tokens, p.next, p.floor = tokens, next, floor
	into.nodes = append(into.nodes, body.nodes...)
	into.blank = into.blank && body.blank
}

// lines cuts a liquid tag's body into tags. A liquid tag in it stands for the rest of its line.
func (p *parser) lines(body finding.Text) []Token {
	var tokens []Token
	comment := -1 // where the comment tag started that has not ended yet
	depth := 0
	for start := 0; start < len(body.S); {
		line := body.Slice(start, len(body.S))
		if end := strings.IndexByte(line.S, '\n'); end >= 0 {
			line = line.Slice(0, end)
		}
		start += len(line.S) + 1
		token, ok := p.line(line)
		switch {
		case token.Name == "comment":
			if depth++; depth == 1 {
				comment = token.Start
			}
		case token.Name == "endcomment" && depth > 0:
			depth--
		case depth == 0 && ok:
			tokens = append(tokens, token)
		}
	}
	if depth > 0 {
		p.addAt(body.File, Span{Start: comment, End: comment + len("comment")}, "unclosed-tag", "this comment is never closed", "write endcomment on a line of its own")
	}
	return tokens
}

// line reads one line of a liquid tag; ok is false where it holds no tag.
func (p *parser) line(line finding.Text) (t Token, ok bool) {
	for {
		line = line.Slice(0, len(strings.TrimRight(line.S, rubySpace)))
		line = line.Slice(len(line.S)-len(strings.TrimLeft(line.S, rubySpace)), len(line.S))
		if line.S == "" || line.S[0] == '#' {
			return Token{}, false
		}
		size := wordLength(line.S)
		t = Token{Kind: TagToken, Name: line.S[:size], Body: line.Slice(size, len(line.S)), Span: Span{Start: line.Start, End: line.Start + len(line.S)}}
		switch t.Name {
		case "liquid":
			line = t.Body
			continue
		case "raw", "doc":
			p.addAt(line.File, t.Span, "liquid-syntax", "a "+t.Name+" section cannot stand inside a liquid tag", "write {% "+t.Name+" %} … {% end"+t.Name+" %} outside")
			return t, false
		}
		return t, true
	}
}
