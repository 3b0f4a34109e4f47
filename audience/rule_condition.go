package audience

import (
	"fmt"

	"github.com/expr-lang/expr/ast"

	"germane/internal/finding"
)

// operandAsCondition lowers a value that stands where a condition belongs: only a bool attribute may.
func (b *builder) operandAsCondition(n ast.Node) Condition {
	invalid := Invalid{Span: b.span(n)}
	o := b.operand(n)
	if o == nil {
		return invalid
	}
	invalid.Operands = []Operand{o}
	a, ok := o.(AttributeOperand)
	if ok && a.Attribute.Type.Kind == Bool {
		return IsTrue(a)
	}
	hint := "compare it with something"
	switch {
	case ok && a.Attribute.Type.Kind == List:
		hint = fmt.Sprintf("write has(%s), or %s contains …", a.Attribute.Name, a.Attribute.Name)
	case ok && len(a.Attribute.Type.Values) > 0:
		hint = fmt.Sprintf("write has(%s), or %s == %q", a.Attribute.Name, a.Attribute.Name, a.Attribute.Type.Values[0])
	case ok:
		hint = fmt.Sprintf("write has(%s), or compare it with a value", a.Attribute.Name)
	}
	b.report(n, "type-mismatch", fmt.Sprintf("%s is not a condition", describe(o)), hint)
	return invalid
}

// callCondition lowers has(), segment() and subscribed(); ok is false for any other call.
func (b *builder) callCondition(n ast.Node) (c Condition, ok bool) {
	name, arguments := callName(n)
	switch name {
	case "has":
		return b.has(n, arguments), true
	case "segment":
		return b.segment(n, arguments), true
	case "subscribed":
		return b.subscribed(n, arguments), true
	}
	return nil, false
}

func (b *builder) has(n ast.Node, arguments []ast.Node) Condition {
	invalid := Invalid{Span: b.span(n)}
	if len(arguments) != 1 {
		b.wrongArguments(n, "has() takes one attribute", "write has(plan)")
		return invalid
	}
	o := b.operand(arguments[0])
	if o == nil {
		return invalid
	}
	if !canBeMissing(o) {
		b.report(arguments[0], "type-mismatch", fmt.Sprintf("has() needs an attribute, and this is %s", describe(o)), hasHint(o))
		return invalid
	}
	return Has{Span: b.span(n), Operand: o}
}

// canBeMissing reports whether an operand is something that has() and nil can ask about.
func canBeMissing(o Operand) bool {
	switch o.(type) {
	case AttributeOperand, FieldOperand:
		return true
	}
	return false
}

func hasHint(o Operand) string {
	if days, ok := o.(Days); ok {
		return "write has(" + days.Attribute.Name + ")"
	}
	return "write the name of an attribute, without quotes"
}

// textArgument returns the one quoted name that segment() and subscribed() take.
func (b *builder) textArgument(n ast.Node, arguments []ast.Node, function, example string) (*ast.StringNode, bool) {
	if len(arguments) == 1 {
		if text, ok := arguments[0].(*ast.StringNode); ok {
			return text, true
		}
		if id, ok := arguments[0].(*ast.IdentifierNode); ok {
			example = id.Value
		}
	}
	b.wrongArguments(n, function+"() takes one name in quotes", fmt.Sprintf("write %s(%q)", function, example))
	return nil, false
}

func (b *builder) subscribed(n ast.Node, arguments []ast.Node) Condition {
	topic, ok := b.textArgument(n, arguments, "subscribed", first(b.scope.Topics, "tips"))
	if !ok {
		return Invalid{Span: b.span(n)}
	}
	for _, known := range b.scope.Topics {
		if known == topic.Value {
			return Subscribed{Span: b.span(n), Topic: known}
		}
	}
	b.report(topic, "unknown-topic", fmt.Sprintf("there is no topic %q", topic.Value),
		finding.DidYouMean(topic.Value, b.scope.Topics, "declare it under topics in germane.yaml"))
	return Invalid{Span: b.span(n)}
}

func first(list []string, fallback string) string {
	if len(list) > 0 {
		return list[0]
	}
	return fallback
}

func (b *builder) segment(n ast.Node, arguments []ast.Node) Condition {
	invalid := Invalid{Span: b.span(n)}
	name, ok := b.textArgument(n, arguments, "segment", first(b.scope.Segments.Names(), "heavy"))
	if !ok {
		return invalid
	}
	segment, ok := b.scope.Segments.Segment(name.Value)
	if !ok {
		b.report(name, "unknown-segment", fmt.Sprintf("there is no segment %q", name.Value),
			finding.DidYouMean(name.Value, b.scope.Segments.Names(), "declare it in segments.yaml: "+name.Value+": plan == \"…\""))
		return invalid
	}
	if b.scope.reading != nil {
		if code, text, hint := b.scope.reading.need(segment); code != "" {
			b.report(name, code, text, hint)
			return invalid
		}
	}
	if segment.Rule == nil {
		return invalid
	}
	b.checkSegmentUses(n, segment)
	return SegmentRef{Span: b.span(n), Name: segment.Name, Rule: segment.Rule}
}

// checkSegmentUses reports, at the call, attributes inside a segment that may not choose content: whoever reads this rule would
// not see them.
func (b *builder) checkSegmentUses(n ast.Node, segment *Segment) {
	for _, name := range segment.Rule.Attributes() {
		a, _ := b.scope.Catalogue.Attribute(name)
		if a != nil && !a.Uses.Allows(Select) {
			b.report(n, "use-not-allowed", fmt.Sprintf("segment %s uses %s, which may not choose content: its uses are %s", segment.Name, a.Name, a.Uses), useHint(a))
		}
	}
}
