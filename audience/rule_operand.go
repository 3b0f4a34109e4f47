package audience

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser/lexer"

	"germane/internal/finding"
)

// refuse reports a construct of expr's that rules do without, unless its operator is reported already.
func (b *builder) refuse(n ast.Node) {
	span := b.spanOf(b.outer(n))
	for _, f := range b.findings {
		if f.Code == "not-in-rules" {
			return
		}
	}
	b.add(span.Start, span.End, "not-in-rules", fmt.Sprintf("a rule cannot say %s", b.text.S[span.Start:span.End]),
		"a rule is made of comparisons, in, contains, startsWith, endsWith, matches, has(), segment() and subscribed(), joined by and, or, not")
}

// operand lowers a node that stands where a value belongs; nil when it is none, which is then reported.
func (b *builder) operand(n ast.Node) Operand {
	span := b.span(n)
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return b.name(n)
	case *ast.MemberNode:
		return b.member(n)
	case *ast.StringNode:
		return Literal{Span: span, Value: TextValue(n.Value)}
	case *ast.BoolNode:
		return Literal{Span: span, Value: BoolValue(n.Value)}
	case *ast.IntegerNode:
		return Literal{Span: span, Value: IntValue(int64(n.Value))}
	case *ast.FloatNode:
		return Literal{Span: span, Value: FloatValue(n.Value)}
	case *ast.UnaryNode:
		return b.negative(n)
	case *ast.CallNode, *ast.BuiltinNode:
		return b.callOperand(n)
	case *ast.NilNode:
		b.report(n, "type-mismatch", "nil is not a value", "write x == nil or x != nil, with an attribute for x")
	case *ast.ArrayNode:
		b.report(n, "type-mismatch", "a list of values stands only after in", `write x in ["a", "b"]; a list is asked by x contains "a"`)
	case *ast.BinaryNode:
		b.conditionAsOperand(n)
	default:
		b.refuse(n)
	}
	return nil
}

// conditionAsOperand reports a condition that stands where a value belongs.
func (b *builder) conditionAsOperand(n ast.Node) {
	if binary, ok := n.(*ast.BinaryNode); ok && !isJunction(binary) && binary.Operator != "in" && !isComparison(binary) && !isTextTest(binary.Operator) {
		b.refuse(n)
		return
	}
	b.report(n, "type-mismatch", "a condition is not a value", "join conditions with and, or, not")
}

func isTextTest(operator string) bool {
	return slices.Contains([]string{"contains", "startsWith", "endsWith", "matches"}, operator)
}

// negative lowers -5; minus before anything else is arithmetic, which is reported where operators are.
func (b *builder) negative(n *ast.UnaryNode) Operand {
	span := b.span(n)
	switch inner := n.Node.(type) {
	case *ast.IntegerNode:
		if n.Operator == "-" {
			return Literal{Span: span, Value: IntValue(-int64(inner.Value))}
		}
	case *ast.FloatNode:
		if n.Operator == "-" {
			return Literal{Span: span, Value: FloatValue(-inner.Value)}
		}
	}
	if n.Operator == "not" || n.Operator == "!" || b.negatesWord(n) {
		b.conditionAsOperand(n)
	} else {
		b.refuse(n)
	}
	return nil
}

// name lowers a bare name: now or an attribute.
func (b *builder) name(n *ast.IdentifierNode) Operand {
	span := b.span(n)
	if n.Value == "now" {
		return Now{span}
	}
	a, ok := b.scope.Catalogue.Attribute(n.Value)
	if !ok {
		b.unknownName(n, n.Value)
		return nil
	}
	if !a.Uses.Allows(Select) {
		b.report(n, "use-not-allowed", fmt.Sprintf("%s may not choose content: its uses are %s", a.Name, a.Uses), useHint(a))
	}
	return AttributeOperand{Span: span, Attribute: a}
}

func useHint(a *Attribute) string {
	if a.Sensitivity == "special" {
		return "special-category data cannot choose content; use another attribute"
	}
	return "use another attribute, or add select to the uses of " + a.Name + " in attributes.yaml"
}

func (b *builder) unknownName(n ast.Node, name string) {
	hint := "declare it in attributes.yaml: " + name + ": {type: string}"
	switch {
	case name == "today" || name == "NOW":
		hint = "write now, or days_since(x) == 0"
	case name == "person":
		hint = "write person.id, person.email, person.locale or person.time_zone"
	case slices.Contains(Functions, name):
		hint = "write " + name + "(…)"
	case !fieldNameForm.MatchString(name):
		hint = "put quotes around a text; names of attributes are small letters, digits and _"
	}
	known := append(b.scope.Catalogue.Names(), "now")
	b.report(n, "unknown-attribute", fmt.Sprintf("there is no attribute %s", name), finding.DidYouMean(name, known, hint))
}

// pastedPrefixes are what other tools put before an attribute.
var pastedPrefixes = []string{"customer", "contact", "user", "attributes", "attribute", "profile", "subscriber", "recipient", "traits", "properties", "custom_attribute", "lead", "member"}

// member lowers person.email, and recognises attributes as other tools write them.
func (b *builder) member(n *ast.MemberNode) Operand {
	path := b.path(n)
	if len(path) < 2 || n.Optional {
		b.refuse(n)
		return nil
	}
	prefix, last := path[0], path[len(path)-1]
	_, declared := b.scope.Catalogue.Attribute(last)
	if prefix == "person" && len(path) == 2 {
		if f, ok := PersonFieldOf(last); ok {
			return FieldOperand{Span: b.span(n), Field: f}
		}
	}
	span := b.span(n)
	written := b.text.S[span.Start:span.End]
	switch {
	case declared || slices.Contains(pastedPrefixes, prefix):
		b.report(n, "unknown-attribute", fmt.Sprintf("there is no %s", written), b.bareHint(last, declared))
	case prefix == "person":
		b.report(n, "unknown-attribute", fmt.Sprintf("a person has no %s", last), "person. has "+didYouMeanField(last)+"; attributes are bare names")
	case slices.Contains(Prefixes, prefix):
		b.report(n, "not-in-rules", fmt.Sprintf("a rule is about a person and cannot look at %s", written), "use attributes of the person, declared in attributes.yaml")
	default:
		b.unknownMember(n, prefix, written)
	}
	return nil
}

func (b *builder) unknownMember(n ast.Node, prefix, written string) {
	if a, ok := b.scope.Catalogue.Attribute(prefix); ok {
		b.report(n, "not-in-rules", fmt.Sprintf("%s is %s and has no parts", a.Name, withArticle(a.Type.String())), "use the attribute itself: "+a.Name)
		return
	}
	b.report(n, "unknown-attribute", fmt.Sprintf("there is no %s", written), "attributes are bare names, declared in attributes.yaml")
}

func (b *builder) bareHint(name string, declared bool) string {
	if declared {
		return "attributes are bare names: write " + name
	}
	near := finding.Nearest(name, b.scope.Catalogue.Names())
	if near != "" {
		return "attributes are bare names: did you mean " + near + "?"
	}
	return "attributes are bare names: write " + name + " and declare it in attributes.yaml"
}

func didYouMeanField(name string) string {
	if near := finding.Nearest(name, personFieldNames[:]); near != "" {
		return "person." + near
	}
	return strings.Join(personFieldNames[:], ", ")
}

// path returns the names of a.b.c; nil when the node is anything but points between names.
func (b *builder) path(n ast.Node) []string {
	var path []string
	for {
		switch m := n.(type) {
		case *ast.IdentifierNode:
			path = append(path, m.Value)
			slices.Reverse(path)
			return path
		case *ast.MemberNode:
			name, ok := m.Property.(*ast.StringNode)
			if !ok || m.Optional || b.tokens[b.tokenOf(m)].is(lexer.Bracket) {
				return nil
			}
			path = append(path, name.Value)
			n = m.Node
		default:
			return nil
		}
	}
}

// callName returns the name and arguments of a call; "" for a call of something that is no name.
func callName(n ast.Node) (string, []ast.Node) {
	switch n := n.(type) {
	case *ast.BuiltinNode:
		return n.Name, n.Arguments
	case *ast.CallNode:
		if id, ok := n.Callee.(*ast.IdentifierNode); ok {
			return id.Value, n.Arguments
		}
	}
	return "", nil
}

// callOperand lowers days_since(x) and days_until(x).
func (b *builder) callOperand(n ast.Node) Operand {
	name, arguments := callName(n)
	switch name {
	case "days_since", "days_until":
		return b.days(n, name, arguments)
	case "has", "segment", "subscribed":
		b.report(n, "type-mismatch", name+"() is a condition, not a value", "write "+b.source(n)+" or not "+b.source(n)+" without a comparison")
	default:
		b.unknownFunction(n, name)
	}
	return nil
}

func (b *builder) days(n ast.Node, name string, arguments []ast.Node) Operand {
	if len(arguments) != 1 {
		b.wrongArguments(n, name+"() takes one time or date", "write "+name+"(last_order_at)")
		return nil
	}
	o := b.operand(arguments[0])
	if o == nil {
		return nil
	}
	a, ok := o.(AttributeOperand)
	if !ok || !a.Attribute.Type.Kind.Moment() {
		b.report(arguments[0], "type-mismatch", fmt.Sprintf("%s() needs an attribute that is a time or date, and this is %s", name, describe(o)), b.momentHint())
		return nil
	}
	return Days{Span: b.span(n), Until: name == "days_until", Attribute: a.Attribute}
}

// momentHint names an attribute that is a time or date.
func (b *builder) momentHint() string {
	for _, a := range b.scope.Catalogue.All() {
		if a.Type.Kind.Moment() && a.Uses.Allows(Select) {
			return "such as " + a.Name
		}
	}
	return "declare one in attributes.yaml: last_order_at: {type: time}"
}

func (b *builder) wrongArguments(n ast.Node, text, hint string) {
	b.report(n, "wrong-arguments", text, hint)
}

// insteadOf says what to write instead of functions that expr or people know.
var insteadOf = map[string]string{
	"now": "write now, without parentheses", "today": "write now, or days_since(x) == 0", "date": `write the date alone, in quotes: "2027-03-01"`,
	"duration": "compare whole days: days_since(x) > 30", "len": `compare the value itself; for an empty list write not (interests contains "x")`,
	"size": "compare the value itself", "count": "rules do not count; import the number as an attribute",
	"lower": "texts are compared as they are; clean them before import", "upper": "texts are compared as they are; clean them before import",
	"trim": "texts are compared as they are; clean them before import", "hasPrefix": "write x startsWith \"…\"", "hasSuffix": "write x endsWith \"…\"",
	"starts_with": "write x startsWith \"…\"", "ends_with": "write x endsWith \"…\"", "startsWith": "write x startsWith \"…\"",
	"endsWith": "write x endsWith \"…\"", "contains": "write x contains \"…\"", "includes": "write x contains \"…\"",
	"exists": "write has(x)", "is_set": "write has(x)", "isset": "write has(x)", "defined": "write has(x)", "is_null": "write x == nil",
	"isnull": "write x == nil", "empty": "write x == nil", "coalesce": "give the attribute a default in attributes.yaml",
	"in_segment": `write segment("name")`, "days_ago": "write days_since(x)", "days_from_now": "write days_until(x)",
}

func (b *builder) unknownFunction(n ast.Node, name string) {
	if name == "" {
		b.refuse(n)
		return
	}
	code := finding.Code("unknown-function")
	if _, isBuiltin := n.(*ast.BuiltinNode); isBuiltin {
		code = "not-in-rules"
	}
	hint, ok := insteadOf[name]
	if !ok {
		hint = finding.DidYouMean(name, Functions[:5], "rules know "+strings.Join(Functions[:5], ", "))
	}
	at := b.tokens[b.tokenOf(n)]
	b.add(at.start, at.end, code, fmt.Sprintf("rules have no function %s", name), hint)
}

// describe says what an operand is, for a finding: `plan (a string)`, `the text "pro"`.
func describe(o Operand) string {
	switch o := o.(type) {
	case AttributeOperand:
		return o.Attribute.Name + " (" + withArticle(o.Attribute.Type.String()) + ")"
	case FieldOperand:
		return o.Field.String() + " (a string)"
	case Days:
		return "a number of days"
	case Literal:
		if o.Value.Kind == String {
			return "the text " + strconv.Quote(o.Value.Text)
		}
		if o.Value.Kind.Number() {
			return "the number " + o.Value.String()
		}
		return o.Value.String()
	}
	return "now (a time)"
}
