package templates

import (
	"fmt"
	"strconv"
	"strings"

	"germane/internal/finding"
)

// ParseExpression reads a value with its filters: name | upcase | default: "x". An empty text is a nil expression.
func ParseExpression(text finding.Text) (Expression, []finding.Finding) {
	var r report
	e := expressions(&r, text)
	value := e.filtered()
	e.finish()
	return value, r.findings
}

// ParseCondition reads what stands in an if tag: comparisons joined by and/or. It is nil if there is a finding.
func ParseCondition(text finding.Text) (Expression, []finding.Finding) {
	var r report
	e := expressions(&r, text)
	value := e.condition()
	e.finish()
	if e.failed {
		return nil, r.findings
	}
	return value, r.findings
}

// expressionParser reads one expression. After the first mistake failed is set and all that follows is silent.
type expressionParser struct {
	report  *report
	body    finding.Text
	symbols []symbol
	next    int
	depth   int
	failed  bool
}

func expressions(r *report, body finding.Text) *expressionParser {
	symbols, ok := scan(r, body)
	return &expressionParser{report: r, body: body, symbols: symbols, failed: !ok}
}

func (e *expressionParser) peek() symbol { return e.symbols[e.next] }

func (e *expressionParser) ahead() symbol { return e.symbols[min(e.next+1, len(e.symbols)-1)] }

func (e *expressionParser) take() symbol {
	s := e.symbols[e.next]
	if s.kind != endSymbol {
		e.next++
	}
	return s
}

func (e *expressionParser) atEnd() bool { return e.failed || e.peek().kind == endSymbol }

// is reports whether the next symbol is that mark or name.
func (e *expressionParser) is(text string) bool {
	s := e.peek()
	return (s.kind == markSymbol || s.kind == nameSymbol) && s.text == text
}

func (e *expressionParser) accept(text string) bool {
	if e.failed || !e.is(text) {
		return false
	}
	e.next++
	return true
}

func (e *expressionParser) expect(text, hint string) {
	if !e.accept(text) {
		e.unexpected("Here "+text+" is missing", hint)
	}
}

// unexpected reports the next symbol; what starts the sentence, such as "Here a value is missing".
func (e *expressionParser) unexpected(what, hint string) {
	s := e.peek()
	if s.kind == endSymbol {
		end := len(strings.TrimRight(e.body.S, rubySpace))
		e.fail(max(0, end-1), end, "liquid-syntax", what+".", hint)
		return
	}
	e.fail(s.start, s.end, "liquid-syntax", what+" before "+e.body.S[s.start:s.end]+".", hint)
}

func (e *expressionParser) fail(start, end int, code finding.Code, text, hint string) {
	if !e.failed {
		e.report.add(e.body, start, end, code, text, hint)
	}
	e.failed = true
}

// finish reports whatever was not read.
func (e *expressionParser) finish() {
	if e.atEnd() {
		return
	}
	s := e.peek()
	written := e.body.S[s.start:s.end]
	hint := "remove it"
	switch {
	case s.text == "=":
		hint = "write == to compare"
	case s.text == "and" || s.text == "or" || s.kind == compareSymbol:
		hint = "put comparisons into an if tag: {% if … %}"
	case s.text == "(":
		hint = "Liquid has no brackets: use an if inside an if, or name the condition in segments.yaml"
	}
	e.fail(s.start, s.end, "liquid-syntax", "nothing can follow here, but there is "+written, hint)
}

func (e *expressionParser) span(start, end int) Span {
	return Span{Start: e.body.Start + start, End: e.body.Start + end}
}

// since spans from a symbol's start to the end of what was read last.
func (e *expressionParser) since(start int) Span {
	end := start
	if e.next > 0 {
		end = max(start, e.symbols[e.next-1].end)
	}
	return e.span(start, end)
}

// nested runs read one level deeper, unless that is too deep.
func (e *expressionParser) nested(read func() Expression) Expression {
	if e.depth >= maxDepth {
		s := e.peek()
		e.fail(s.start, s.end, "nesting-too-deep", fmt.Sprintf("more than %d brackets stand inside each other", maxDepth), "assign the inner part to a name first")
		return nil
	}
	e.depth++
	value := read()
	e.depth--
	return value
}

// value reads a literal, a variable with its path, or a range. It is nil after a mistake, so that no tree has holes.
func (e *expressionParser) value() Expression {
	if e.failed {
		return nil
	}
	value := e.operand()
	if e.failed {
		return nil
	}
	return value
}

func (e *expressionParser) operand() Expression {
	s := e.peek()
	switch {
	case s.kind == stringSymbol:
		e.next++
		return &Literal{Span: e.span(s.start, s.end), Kind: StringLiteral, String: s.text}
	case s.kind == numberSymbol:
		e.next++
		return number(e.span(s.start, s.end), s.text)
	case s.kind == nameSymbol:
		e.next++
		if literal := e.keyword(s); literal != nil {
			return literal
		}
		return e.path(s.start, &Literal{Span: e.span(s.start, s.end), Kind: StringLiteral, String: s.text, Bare: true})
	case e.is("["):
		e.next++
		name := e.nested(e.value)
		e.expect("]", "close the bracket with ]")
		return e.path(s.start, name)
	case e.is("("):
		return e.nested(e.bounds)
	}
	e.unexpected("A value is missing", `write a name, a number or a "text" here`)
	return nil
}

// number reads digits; what does not fit 64 bits becomes a float.
func number(span Span, digits string) Expression {
	if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
		return &Literal{Span: span, Kind: IntLiteral, Int: n}
	}
	f, _ := strconv.ParseFloat(digits, 64)
	return &Literal{Span: span, Kind: FloatLiteral, Float: f}
}

// keyword returns the literal that a name stands for, or nil; with a path behind it, the name is a variable's.
func (e *expressionParser) keyword(s symbol) Expression {
	if e.is(".") || e.is("[") {
		return nil
	}
	literal := &Literal{Span: e.span(s.start, s.end)}
	switch s.text {
	case "nil", "null":
		literal.Kind = NilLiteral
	case "true", "false":
		literal.Kind, literal.Bool = BoolLiteral, s.text == "true"
	case "empty":
		literal.Kind = EmptyLiteral
	case "blank":
		literal.Kind = BlankLiteral
	default:
		return nil
	}
	return literal
}

func (e *expressionParser) path(start int, name Expression) Expression {
	v := &Variable{Name: name}
	for !e.failed {
		if e.accept(".") {
			s := e.peek()
			if s.kind != nameSymbol {
				e.unexpected("A name is missing after the dot", "write the name of a field")
				return nil
			}
			e.next++
			v.Path = append(v.Path, &Literal{Span: e.span(s.start, s.end), Kind: StringLiteral, String: s.text, Bare: true})
		} else if e.accept("[") {
			v.Path = append(v.Path, e.nested(e.value))
			e.expect("]", "close the bracket with ]")
		} else {
			break
		}
	}
	v.Span = e.since(start)
	return v
}

// bounds reads a range: (1..5).
func (e *expressionParser) bounds() Expression {
	start := e.take().start
	from := e.value()
	e.expect("..", "round brackets are only for ranges: (1..5)")
	to := e.value()
	e.expect(")", "close the range with )")
	for _, bound := range []Expression{from, to} {
		if literal, ok := bound.(*Literal); ok && literal.Kind == BoolLiteral {
			e.fail(literal.Start-e.body.Start, literal.End-e.body.Start, "liquid-syntax", "a range goes from a whole number to a whole number", "write numbers: (1..5)")
		}
	}
	return &Range{Span: e.since(start), From: from, To: to}
}
