package templates

import (
	"strings"
)

// conditional parses an if or unless tag.
func (p *parser) conditional(t *Token, into *content) {
	node := &If{Span: t.Span, Unless: t.Name == "unless"}
	branch := Branch{Span: t.Span, Condition: p.condition(t)}
	blank, decided := true, false // decided: there was an else, so nothing behind it is ever rendered
	for {
		body, stop := p.content()
		blank = blank && body.blank
		branch.Body = body.nodes
		if !decided {
			node.Branches = append(node.Branches, branch)
			decided = branch.Condition == nil
		}
		if stop == nil {
			p.unclosed()
			break
		}
		if stop.Name == "end"+t.Name {
			break
		}
		if decided && p.dialect == Mail {
			p.addAt(stop.Body.File, stop.Span, "else-not-last", "nothing behind an else is ever shown, so this "+stop.Name+" has no effect", "move it before {% else %}")
		}
		branch = Branch{Span: stop.Span, Condition: p.branchCondition(stop)}
	}
	for i := range node.Branches {
		trimBlank(blank, &node.Branches[i].Body)
	}
	into.add(node, blank)
}

func (p *parser) branchCondition(stop *Token) Expression {
	if stop.Name == "elsif" {
		return p.condition(stop)
	}
	if rest := stop.Body.Trim(); rest.S != "" && p.dialect == Mail {
		p.add(rest, 0, len(rest.S), "liquid-syntax", "an else has no condition", "write {% elsif "+strings.TrimPrefix(rest.S, "if ")+" %}, or {% else %}")
	}
	return nil
}

func (p *parser) caseTag(t *Token, into *content) {
	node := &Case{Span: t.Span}
	e := expressions(&p.report, t.Body)
	node.Value = e.value()
	if e.finish(); e.failed {
		node.Value = &Literal{Span: t.Span}
	}
	before, stop := p.content()
	blank := before.blank
	if p.dialect == Mail && !blank {
		p.addAt(t.Body.File, before.nodes[0].Place(), "liquid-syntax", "what stands between case and the first when is never shown", "move it behind a {% when … %}")
	}
	for stop != nil && stop.Name != "endcase" {
		when := When{Span: stop.Span, Values: p.whenValues(stop)}
		var body content
		body, stop = p.content()
		when.Body = body.nodes
		blank = blank && body.blank
		node.Whens = append(node.Whens, when)
	}
	if stop == nil {
		p.unclosed()
	}
	for i := range node.Whens {
		trimBlank(blank, &node.Whens[i].Body)
	}
	into.add(node, blank)
}

// whenValues parses what follows when; nil for else.
func (p *parser) whenValues(t *Token) []Expression {
	e := expressions(&p.report, t.Body)
	if t.Name == "else" {
		e.finish()
		return nil
	}
	values := []Expression{e.value()}
	for e.accept("or") || e.accept(",") {
		if e.atEnd() {
			break
		}
		values = append(values, e.value())
	}
	e.finish()
	if e.failed {
		return []Expression{&Literal{Span: t.Span}}
	}
	return values
}

// loop parses a for or tablerow tag.
func (p *parser) loop(t *Token, into *content) {
	node := &For{Span: t.Span, Table: t.Name == "tablerow"}
	p.loopHead(node, t)
	body, stop := p.content()
	node.Body = body.nodes
	blank := body.blank
	if stop != nil && stop.Name == "else" {
		if rest := stop.Body.Trim(); rest.S != "" && p.dialect == Mail {
			p.add(rest, 0, len(rest.S), "liquid-syntax", "an else has no condition", "write {% else %}")
		}
		// A second else would have no meaning here; without "else" in what the block accepts, it is reported.
		p.open[len(p.open)-1].accepts = []string{"endfor"}
		body, stop = p.content()
		node.Else = body.nodes
		blank = blank && body.blank
	}
	if stop == nil {
		p.unclosed()
	}
	if !node.Table {
		trimBlank(blank, &node.Body, &node.Else)
	}
	into.add(node, blank)
}

// loopHead parses name in list, and limit, offset, cols, reversed behind it, with or without commas.
func (p *parser) loopHead(node *For, t *Token) {
	e := expressions(&p.report, t.Body)
	variable := e.peek()
	if !e.failed && variable.kind != nameSymbol {
		e.unexpected("The loop's name is missing", "write {% "+t.Name+" item in items %}")
	}
	node.Variable = e.take().text
	e.expect("in", "write {% "+t.Name+" "+node.Variable+" in items %}")
	from := e.next
	node.In = e.value()
	node.Name = node.Variable + "-" + e.written(from)
	for !e.atEnd() {
		if !e.accept(",") && !p.loopOption(e, node) {
			e.unexpected("A loop's option is missing", "options are limit: 3, offset: 1, reversed; tablerow also has cols: 2")
		}
	}
	if e.failed {
		node.In = &Literal{Span: t.Span}
	}
}

func (p *parser) loopOption(e *expressionParser, node *For) bool {
	switch option := e.peek().text; {
	case e.accept("reversed"):
		node.Reversed = !node.Table
		return true
	case e.is("limit"), e.is("offset"), e.is("cols") && node.Table, e.is("range") && node.Table:
		e.next++
		e.expect(":", "write "+option+": 3")
		if option == "offset" && !node.Table && e.accept("continue") {
			node.Continue = true
			return true
		}
		value := e.value()
		switch option {
		case "limit":
			node.Limit = value
		case "offset":
			node.Offset = value
		case "cols":
			node.Columns = value
		}
		return true
	}
	return false
}

// written is the source of the symbols read since from, without the spaces between them: forloop.name holds it.
func (e *expressionParser) written(from int) string {
	var b strings.Builder
	for _, s := range e.symbols[min(from, e.next):e.next] {
		b.WriteString(e.body.S[s.start:s.end])
	}
	return b.String()
}

func (p *parser) capture(t *Token, into *content) {
	node := &Capture{Span: t.Span}
	name := t.Body.Trim()
	if size := len(name.S); size >= 2 && (name.S[0] == '\'' || name.S[0] == '"') && name.S[size-1] == name.S[0] {
		name = name.Slice(1, size-1)
	}
	node.Name, node.NameSpan = p.name(t, name)
	body, stop := p.content()
	node.Body = body.nodes
	if stop == nil {
		p.unclosed()
	}
	into.add(node, true)
}

func (p *parser) ifChanged(t *Token, into *content) {
	body, stop := p.content()
	if stop == nil {
		p.unclosed()
	}
	into.add(&IfChanged{Span: t.Span, Body: body.nodes}, body.blank)
}
