package render

import (
	"fmt"
	"slices"
	"strings"

	"germane/internal/finding"
	"germane/templates"
)

// condition analyses an if's condition: what is certain when it holds, and when it does not.
func (a *analyzer) condition(e templates.Expression, env environment) (yes, no facts) {
	binary, ok := e.(*templates.Binary)
	if !ok {
		s := a.expression(e, env)
		if s.path != "" {
			yes = facts{s.path: true}
		}
		return yes, nil
	}
	switch binary.Operator {
	case "and":
		a.notMixed(binary, "or")
		leftYes, leftNo := a.condition(binary.Left, env)
		rightYes, rightNo := a.condition(binary.Right, env.with(leftYes))
		return leftYes.with(rightYes), leftNo.both(rightNo)
	case "or":
		a.notMixed(binary, "and")
		leftYes, leftNo := a.condition(binary.Left, env)
		rightYes, rightNo := a.condition(binary.Right, env.with(leftNo))
		return leftYes.both(rightYes), leftNo.with(rightNo)
	}
	return a.comparison(binary, env)
}

// notMixed reports and directly inside or, or the reverse: Liquid has neither precedence nor parentheses.
func (a *analyzer) notMixed(b *templates.Binary, other string) {
	for _, side := range []templates.Expression{b.Left, b.Right} {
		if inner, ok := side.(*templates.Binary); ok && inner.Operator == other {
			a.report(inner.OperatorSpan, "mixed-and-or", "and and or in one condition: Liquid reads them from right to left, which surprises",
				"nest two ifs, or name a part of it as a segment and use a block")
		}
	}
}

func (a *analyzer) comparison(b *templates.Binary, env environment) (yes, no facts) {
	left, right := a.expression(b.Left, env), a.expression(b.Right, env)
	a.work = addBytes(a.work, addBytes(left.weight(), right.weight()))
	if special, of := specialSide(b, left, right); special != nil {
		return a.absence(b, special, of)
	}
	if b.Operator == "contains" {
		a.containing(b, left, right)
		return present(left).with(present(right)), nil
	}
	a.comparable(left, right, b.Operator, b.Left, b.Right)
	yes, no = a.zeroFacts(b.Operator, left, right)
	switch b.Operator {
	case "==":
		return yes.with(presentIfEqual(left, right)), no
	case "!=":
		return yes, no.with(presentIfEqual(left, right))
	}
	return yes.with(present(left)).with(present(right)), no
}

func present(s *shape) facts {
	if s.path == "" {
		return nil
	}
	return facts{s.path: true}
}

// presentIfEqual: a value that equals a present one is present; two missing ones are equal too.
func presentIfEqual(left, right *shape) facts {
	var f facts
	if !right.missing {
		f = f.with(present(left))
	}
	if !left.missing {
		f = f.with(present(right))
	}
	return f
}

// specialSide returns the nil, blank or empty side of a comparison and the other side.
func specialSide(b *templates.Binary, left, right *shape) (*templates.Literal, *shape) {
	for _, pair := range []struct {
		e  templates.Expression
		of *shape
	}{{b.Right, left}, {b.Left, right}} {
		if literal, ok := pair.e.(*templates.Literal); ok && slices.Contains([]templates.LiteralKind{templates.NilLiteral, templates.BlankLiteral, templates.EmptyLiteral}, literal.Kind) {
			return literal, pair.of
		}
	}
	return nil, nil
}

func (a *analyzer) absence(b *templates.Binary, special *templates.Literal, of *shape) (yes, no facts) {
	if b.Operator != "==" && b.Operator != "!=" {
		a.report(b.Span, "type-mismatch", "nil, blank and empty are only compared with == and !=", "")
		return nil, nil
	}
	if special.Kind == templates.EmptyLiteral {
		return nil, nil // a missing value is not empty in Liquid
	}
	if b.Operator == "==" {
		return nil, present(of)
	}
	return present(of), nil
}

// zeroFacts says when a comparison with a constant leaves zero out.
func (a *analyzer) zeroFacts(operator string, left, right *shape) (yes, no facts) {
	if right.path != "" && left.path == "" {
		left, right, operator = right, left, mirrored[operator]
	}
	if left.path == "" || right.path != "" || right.min == nil || right.max == nil || *right.min != *right.max {
		return nil, nil
	}
	c, fact := *right.min, facts{left.path + notZero: true}
	switch operator {
	case ">":
		return factsIf(c >= 0, fact), nil
	case ">=":
		return factsIf(c > 0, fact), nil
	case "<":
		return factsIf(c <= 0, fact), nil
	case "<=":
		return factsIf(c < 0, fact), nil
	case "==":
		return factsIf(c != 0, fact), factsIf(c == 0, fact)
	case "!=":
		return factsIf(c == 0, fact), factsIf(c != 0, fact)
	}
	return nil, nil
}

var mirrored = map[string]string{">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}

func factsIf(holds bool, f facts) facts {
	if holds {
		return f
	}
	return nil
}

// comparable reports values whose comparison has no sensible outcome.
func (a *analyzer) comparable(left, right *shape, operator string, leftE, rightE templates.Expression) {
	if left.kind == anyKind || right.kind == anyKind || left.kind == nilKind || right.kind == nilKind {
		return
	}
	at := templates.Span{Start: leftE.Place().Start, End: rightE.Place().End}
	ordering := operator != "==" && operator != "!="
	switch {
	case !sameFamily(left.kind, right.kind):
		a.report(at, "type-mismatch", fmt.Sprintf("%s is %s and %s is %s: they cannot be compared", a.source(leftE), left.kind, a.source(rightE), right.kind), mismatchHint(left, right))
	case left.kind == listKind || left.kind == recordKind || left.kind == rangeKind || left.kind == plainKind || left.kind == mixedKind:
		a.report(at, "type-mismatch", left.kind.String()+" cannot be compared", "use contains, or .size")
	case ordering && left.kind == boolKind:
		a.report(at, "type-mismatch", "true and false have no order", "use ==")
	case ordering && left.kind.text() && (left.values != nil || right.values != nil):
		a.report(at, "type-mismatch", "these values have no order", "use == or contains")
	default:
		a.allowed(left, rightE)
		a.allowed(right, leftE)
	}
}

func sameFamily(a, b kind) bool {
	return a == b || a.number() && b.number() || a.text() && b.text() || (a == timeKind || a == dateKind) && (b == timeKind || b == dateKind)
}

func mismatchHint(left, right *shape) string {
	switch {
	case left.kind.number() && right.kind == textKind, right.kind.number() && left.kind == textKind:
		return "numbers are written without quotes"
	case left.kind == boolKind || right.kind == boolKind:
		return "write the name alone, or compare with true or false without quotes"
	case left.kind == timeKind || left.kind == dateKind:
		return `in copy, compare what | date: "%Y-%m-%d" makes of a time with a text; rules have days_since(…) and days_until(…)`
	}
	return ""
}

// allowed reports a text literal that the catalogue does not allow for what it is compared with.
func (a *analyzer) allowed(s *shape, e templates.Expression) {
	literal, ok := e.(*templates.Literal)
	if !ok || literal.Kind != templates.StringLiteral || s.values == nil || slices.Contains(s.values, literal.String) {
		return
	}
	a.report(literal.Span, "value-not-allowed", fmt.Sprintf("%s is never %q", describe(s), literal.String),
		finding.DidYouMean(literal.String, s.values, "the catalogue allows: "+strings.Join(s.values, ", ")))
}

func (a *analyzer) containing(b *templates.Binary, left, right *shape) {
	switch {
	case left.kind == anyKind || right.kind == anyKind || left.kind == nilKind || right.kind == nilKind:
	case left.kind.text() && right.kind.text():
	case left.kind == listKind && left.items == 0:
	case left.kind == listKind && sameFamily(left.of.kind, right.kind):
		a.allowed(left.of, b.Right)
	case left.kind == listKind:
		a.report(b.Span, "type-mismatch", fmt.Sprintf("%s holds %s, so it never contains %s", a.source(b.Left), left.of.kind, right.kind), "")
	default:
		a.report(b.Span, "type-mismatch", left.kind.String()+" contains nothing", "contains looks into a list or a text")
	}
}
