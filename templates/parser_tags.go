package templates

import (
	"strings"

	"germane/internal/finding"
)

// plainTags are the tags without a body that simpleTag parses.
var plainTags = []string{"assign", "echo", "cycle", "increment", "decrement", "break", "continue", "render"}

// simpleTag parses a tag without a body; nil for a tag with a mistake, or one it does not know.
func (p *parser) simpleTag(t *Token) (node Node, blank bool) {
	before := len(p.findings)
	switch t.Name {
	case "assign":
		node, blank = p.assign(t), true
	case "echo":
		node = &Output{Span: t.Span, Value: p.filtered(t.Body)}
	case "cycle":
		node = p.cycle(t)
	case "increment", "decrement":
		node = p.counter(t)
	case "break", "continue":
		node = &Break{Span: t.Span, Continue: t.Name == "continue"}
	case "render":
		node = p.partial(t)
	}
	if len(p.findings) > before {
		return nil, blank
	}
	return node, blank
}

func (p *parser) assign(t *Token) Node {
	written, value, found := strings.Cut(t.Body.S, "=")
	if !found {
		p.addAt(t.Body.File, t.Span, "liquid-syntax", "this assign gives no value", `write {% assign name = "value" %}`)
		return nil
	}
	node := &Assign{Span: t.Span}
	node.Name, node.NameSpan = p.name(t, t.Body.Slice(0, len(written)).Trim())
	node.Value = p.filtered(t.Body.Slice(len(t.Body.S)-len(value), len(t.Body.S)))
	if node.Value == nil {
		node.Value = &Literal{Span: t.Span}
	}
	return node
}

// name checks the name that a tag gives a value. Shopify lets it be digits, or hold dots and brackets; nothing can read the
// latter back, so the mail dialect refuses them.
func (p *parser) name(t *Token, name finding.Text) (string, Span) {
	allowed := "-"
	if p.dialect == Standard {
		allowed = "-.[]()"
	}
	bad := strings.IndexFunc(name.S, func(r rune) bool {
		return r >= 0x80 || !isWord(byte(r)) && !strings.ContainsRune(allowed, r)
	})
	switch {
	case name.S == "":
		p.addAt(t.Body.File, t.Span, "liquid-syntax", "a name is missing in this "+t.Name, "write {% "+t.Name+" greeting … %}")
	case bad >= 0:
		p.add(name, 0, len(name.S), "liquid-syntax", "a name is letters, digits, _ and -", "choose a name such as greeting")
	}
	return name.S, Span{Start: name.Start, End: name.Start + len(name.S)}
}

func (p *parser) cycle(t *Token) Node {
	e := expressions(&p.report, t.Body)
	node := &Cycle{Span: t.Span}
	from := e.next
	value := e.value()
	if e.accept(":") {
		node.Group = value
		from = e.next
		value = e.value()
	}
	node.Values = []Expression{value}
	for e.accept(",") {
		if e.atEnd() {
			break
		}
		node.Values = append(node.Values, e.value())
	}
	e.finish()
	if e.failed {
		return &Cycle{Span: t.Span, Values: []Expression{unread(t)}}
	}
	if node.Group == nil && literals(node.Values) {
		node.Key = e.written(from)
	}
	return node
}

func literals(values []Expression) bool {
	for _, value := range values {
		if _, ok := value.(*Literal); !ok {
			return false
		}
	}
	return true
}

func (p *parser) counter(t *Token) Node {
	node := &Counter{Span: t.Span, Step: 1}
	if t.Name == "decrement" {
		node.Step = -1
	}
	node.Name, _ = p.name(t, t.Body.Trim())
	return node
}

// partial parses include and render: name, with or for a value, as a name, and named values, with or without commas.
func (p *parser) partial(t *Token) Node {
	e := expressions(&p.report, t.Body)
	node := &Partial{Span: t.Span, Render: t.Name == "render"}
	if node.Render && e.peek().kind != stringSymbol && !e.failed {
		e.unexpected("render needs a partial's name in quotes", `write {% render "name" %}`)
	}
	node.Name = e.value()
	if e.is("with") || e.is("for") {
		node.Each = e.take().text == "for"
		node.With = e.value()
	}
	if e.accept("as") {
		if e.peek().kind != nameSymbol {
			e.unexpected("A name is missing after as", "write as product")
		}
		node.As = e.take().text
	}
	for !e.atEnd() {
		if !e.accept(",") {
			node.Named = append(node.Named, e.named())
		}
	}
	return node
}

// dialectTag parses the tags that differ between dialects.
func (p *parser) dialectTag(t *Token, into *content) {
	var node Node
	switch {
	case t.Name == "include" && p.dialect == Mail:
		p.addAt(t.Body.File, t.Span, "include-not-allowed", "include lets a partial change the names around it, so nobody could tell what they hold",
			"content that several messages share is a block: {% block name %}; what surrounds them is their layout")
		return
	case t.Name == "include":
		node = p.partial(t)
	case p.dialect == Standard:
		p.strayTag(t)
		return
	case t.Name == "block":
		node = p.blockUse(t)
	case t.Name == "skip":
		node = p.skip(t)
	}
	into.add(node, false)
}

func (p *parser) blockUse(t *Token) Node {
	name := t.Body.Trim()
	if !blockName(name.S) {
		hint := "write {% block hero %} for blocks/hero.md"
		if plain := strings.Trim(name.S, `"'`); blockName(plain) {
			hint = "write {% block " + plain + " %}, without quotes"
		}
		p.addAt(t.Body.File, t.Span, "bad-name", "a block's name is small letters, digits and dashes", hint)
	}
	return &BlockUse{Span: t.Span, Name: name.S, NameSpan: Span{Start: name.Start, End: name.Start + len(name.S)}}
}

// blockName reports whether a name is one of a block or variant: [a-z0-9][a-z0-9-]{0,63}.
func blockName(name string) bool {
	if name == "" || len(name) > 64 || name[0] == '-' {
		return false
	}
	for i := range len(name) {
		if c := name[i]; c != '-' && !isDigit(c) && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

func (p *parser) skip(t *Token) Node {
	e := expressions(&p.report, t.Body)
	if e.atEnd() && !e.failed {
		p.addAt(t.Body.File, t.Span, "liquid-syntax", "this skip gives no reason; people on call will look for one", `write {% skip "no new articles" %}`)
		return &Skip{Span: t.Span, Reason: unread(t)}
	}
	reason := e.value()
	e.finish()
	if e.failed {
		reason = unread(t)
	}
	return &Skip{Span: t.Span, Reason: reason}
}

// unread stands for a text that could not be read, so that one mistake is one finding.
func unread(t *Token) Expression { return &Literal{Span: t.Span, Kind: StringLiteral} }
