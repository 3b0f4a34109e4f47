package templates

import (
	"fmt"
)

// filtered reads a value with filters; nil where nothing stands at all.
func (e *expressionParser) filtered() Expression {
	if e.atEnd() {
		return nil
	}
	start := e.peek().start
	value := e.value()
	var filters []Filter
	for e.accept("|") {
		filters = append(filters, e.filter())
	}
	if e.failed || filters == nil {
		return value
	}
	return &Filtered{Span: e.since(start), Value: value, Filters: filters}
}

func (e *expressionParser) filter() Filter {
	s := e.peek()
	if s.kind != nameSymbol {
		e.unexpected("A filter's name is missing after |", `write one: {{ name | default: "x" }}`)
		return Filter{}
	}
	e.next++
	f := Filter{Name: s.text, NameSpan: e.span(s.start, s.end)}
	if e.accept(":") {
		for !e.argumentsEnd() {
			e.argument(&f)
			if !e.accept(",") {
				break
			}
		}
	}
	f.Span = e.since(s.start)
	return f
}

func (e *expressionParser) argumentsEnd() bool { return e.atEnd() || e.is("|") }

func (e *expressionParser) argument(f *Filter) {
	if e.peek().kind == nameSymbol && e.ahead().text == ":" {
		f.Named = append(f.Named, e.named())
		return
	}
	f.Arguments = append(f.Arguments, e.value())
}

// named reads name: value.
func (e *expressionParser) named() Named {
	s := e.take()
	if s.kind != nameSymbol {
		e.next = max(0, e.next-1)
		e.unexpected("A name is missing", "write name: value")
		return Named{}
	}
	e.expect(":", "write "+s.text+": value")
	value := e.value()
	return Named{Span: e.since(s.start), Name: s.text, Value: value}
}

// condition reads comparisons joined by and/or, which bind to the right without precedence.
func (e *expressionParser) condition() Expression {
	operands := []Expression{e.comparison()}
	var operators []symbol
	for !e.failed && (e.is("and") || e.is("or")) {
		operators = append(operators, e.take())
		operands = append(operands, e.comparison())
		if last := operators[len(operators)-1]; len(operators) > maxDepth {
			e.fail(last.start, last.end, "nesting-too-deep", fmt.Sprintf("more than %d comparisons are joined here", maxDepth), "name the condition in segments.yaml")
		}
	}
	if e.failed {
		return nil
	}
	result := operands[len(operands)-1]
	for i := len(operators) - 1; i >= 0; i-- {
		operator, left := operators[i], operands[i]
		result = &Binary{
			Span: Span{Start: left.Place().Start, End: result.Place().End}, Operator: operator.text,
			OperatorSpan: e.span(operator.start, operator.end), Left: left, Right: result,
		}
	}
	return result
}

func (e *expressionParser) comparison() Expression {
	left := e.value()
	s := e.peek()
	if e.failed || s.kind != compareSymbol {
		return left
	}
	e.next++
	right := e.value()
	if e.failed {
		return nil
	}
	operator := s.text
	if operator == "<>" {
		operator = "!="
	}
	return &Binary{
		Span: Span{Start: left.Place().Start, End: right.Place().End}, Operator: operator,
		OperatorSpan: e.span(s.start, s.end), Left: left, Right: right,
	}
}
