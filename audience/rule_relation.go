package audience

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// relation lowers a comparison, in, contains, startsWith, endsWith or matches.
func (b *builder) relation(n *ast.BinaryNode, left, right ast.Node) Condition {
	span := Span{b.spanOf(b.outer(left)).Start, b.span(n).End}
	var c Condition
	var seen []Operand
	switch n.Operator {
	case "in":
		c, seen = b.in(span, left, right)
	case "contains":
		c, seen = b.contains(span, left, right)
	case "startsWith", "endsWith", "matches":
		c, seen = b.textTest(span, n.Operator, left, right)
	default:
		c, seen = b.compare(span, operators[n.Operator], left, right)
	}
	if c == nil {
		return Invalid{Span: span, Operands: seen}
	}
	return c
}

func operandsSeen(operands ...Operand) []Operand {
	return slices.DeleteFunc(operands, func(o Operand) bool { return o == nil })
}

func (b *builder) compare(span Span, op Operator, left, right ast.Node) (Condition, []Operand) {
	if isNil(left) || isNil(right) {
		return b.compareNil(span, op, left, right)
	}
	l, r := b.operand(left), b.operand(right)
	seen := operandsSeen(l, r)
	if l == nil || r == nil {
		return nil, seen
	}
	l, okLeft := b.fit(left, l, r)
	r, okRight := b.fit(right, r, l)
	if !okLeft || !okRight || !b.comparable(op, left, right, l, r) {
		return nil, seen
	}
	exact := op == Equal || op == NotEqual
	okLeft, okRight = b.allowed(left, l, r, exact), b.allowed(right, r, l, exact)
	if !okLeft || !okRight {
		return nil, seen
	}
	return Compare{Span: span, Operator: op, Left: l, Right: r}, nil
}

func isNil(n ast.Node) bool {
	_, ok := n.(*ast.NilNode)
	return ok
}

func (b *builder) compareNil(span Span, op Operator, left, right ast.Node) (Condition, []Operand) {
	if isNil(left) {
		left, right = right, left
	}
	if isNil(left) {
		b.report(left, "type-mismatch", "nil is compared with nil", "write x == nil, with an attribute for x")
		return nil, nil
	}
	o := b.operand(left)
	switch {
	case o == nil:
		return nil, nil
	case op != Equal && op != NotEqual:
		b.report(right, "type-mismatch", "nil is neither less nor more than anything", "write x == nil or x != nil")
	case !canBeMissing(o):
		b.report(left, "type-mismatch", fmt.Sprintf("only an attribute can be missing, and this is %s", describe(o)), hasHint(o))
	default:
		return IsMissing{Span: span, Operand: o, Negated: op == NotEqual}, nil
	}
	return nil, operandsSeen(o)
}

// fit turns a text that is compared with a time or date into a time.
func (b *builder) fit(n ast.Node, o, other Operand) (Operand, bool) {
	text, ok := o.(Literal)
	if !ok || text.Value.Kind != String || !typeOf(other).Kind.Moment() {
		return o, true
	}
	text.Value.Kind = Date
	if text.Value.Int, ok = parseDate(text.Value.Text); !ok {
		text.Value.Kind = Time
		if text.Value.Int, ok = parseTime(text.Value.Text); !ok {
			b.report(n, "type-mismatch", fmt.Sprintf("%q is not %s to compare with %s", text.Value.Text, typeOf(other).Kind.phrase(), printOperand(other)),
				`write year-month-day: "2027-03-01"; or compare days: days_since(x) > 30`)
			return nil, false
		}
	}
	text.Value.Text = ""
	return text, true
}

// comparable checks that two operands are of the same sort, and that the operator makes sense for it.
func (b *builder) comparable(op Operator, left, right ast.Node, l, r Operand) bool {
	lt, rt := typeOf(l), typeOf(r)
	same := lt.Kind == rt.Kind || lt.Kind.Number() && rt.Kind.Number() || lt.Kind.Textual() && rt.Kind.Textual() || lt.Kind.Moment() && rt.Kind.Moment()
	ordered := op != Equal && op != NotEqual
	if at, o, ok := pick(left, right, l, r, func(k Kind) bool { return k == List || k == Record }); ok {
		b.report(at, "type-mismatch", fmt.Sprintf("%s cannot be compared", describe(o)), `write interests contains "x", or has(interests)`)
		return false
	}
	if !same {
		at, o, other := right, r, l
		if _, literal := r.(Literal); !literal {
			if _, literal := l.(Literal); literal {
				at, o, other = left, l, r
			}
		}
		b.report(at, "type-mismatch", fmt.Sprintf("%s cannot be compared with %s", describe(o), describe(other)), mismatchHint(o, other))
		return false
	}
	if ordered && lt.Kind == Bool {
		b.report(left, "type-mismatch", "true and false have no order", "write == or !=, or the attribute alone")
		return false
	}
	if at, o, ok := pickEnumeration(left, right, l, r); ordered && ok {
		b.report(at, "type-mismatch", fmt.Sprintf("%s is one of a few values, which have no order", o.Attribute.Name), fmt.Sprintf("write %s in [%s]", o.Attribute.Name, quotedList(o.Attribute.Type.Values)))
		return false
	}
	return true
}

func pick(left, right ast.Node, l, r Operand, wanted func(Kind) bool) (ast.Node, Operand, bool) {
	switch {
	case wanted(typeOf(l).Kind):
		return left, l, true
	case wanted(typeOf(r).Kind):
		return right, r, true
	}
	return nil, nil, false
}

func pickEnumeration(left, right ast.Node, l, r Operand) (ast.Node, AttributeOperand, bool) {
	for _, side := range []struct {
		node ast.Node
		o    Operand
	}{{left, l}, {right, r}} {
		if a, ok := side.o.(AttributeOperand); ok && a.Attribute.Type.Values != nil {
			return side.node, a, true
		}
	}
	return nil, AttributeOperand{}, false
}

func quotedList(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = strconv.Quote(v)
	}
	return strings.Join(quoted[:min(len(quoted), 6)], ", ")
}

// mismatchHint says how to write a value so that it fits what it is compared with.
func mismatchHint(o, other Operand) string {
	want := typeOf(other).Kind
	literal, ok := o.(Literal)
	if !ok {
		return "compare it with " + want.phrase()
	}
	if literal.Value.Kind == String {
		if v, problem := (&Type{Kind: want}).Parse(literal.Value.Text); problem == "" && (want.Number() || want == Bool) {
			return "write " + v.String() + " without quotes"
		}
		return "compare it with " + want.phrase()
	}
	if want.Textual() {
		return "put it in quotes: " + strconv.Quote(literal.Value.String())
	}
	if want.Moment() {
		return `write a date in quotes, "2027-03-01", or compare days: days_since(x) > 30`
	}
	if want == Bool {
		return "compare it with true or false"
	}
	return "compare it with " + want.phrase()
}

// allowed checks a literal against the limits of the attribute it is compared with. exact says that only equality is asked for.
func (b *builder) allowed(n ast.Node, o, other Operand, exact bool) bool {
	literal, ok := o.(Literal)
	a, isAttribute := other.(AttributeOperand)
	if days, isDays := other.(Days); isDays && ok && exact {
		return b.whole(n, literal, "days_since() and days_until()", days)
	}
	if !ok || !isAttribute {
		return true
	}
	return b.allowedIn(n, literal, a, &a.Attribute.Type, exact)
}

func (b *builder) whole(n ast.Node, literal Literal, what string, _ Operand) bool {
	if literal.Value.Kind == Float && literal.Value.Float != math.Trunc(literal.Value.Float) {
		b.report(n, "value-not-allowed", fmt.Sprintf("%s is never %s: it is a whole number", what, literal.Value.String()), "write a whole number, or use < or >")
		return false
	}
	return true
}

func (b *builder) allowedIn(n ast.Node, literal Literal, a AttributeOperand, t *Type, exact bool) bool {
	name, v := a.Attribute.Name, literal.Value
	if t.Kind.Number() {
		if t.Kind == Int && exact && !b.whole(n, literal, name, a) {
			return false
		}
		low := t.Min != nil && compareNumbers(v.scalar(), scalar{kind: Float, f: *t.Min}) < 0
		high := t.Max != nil && compareNumbers(v.scalar(), scalar{kind: Float, f: *t.Max}) > 0
		if low || high {
			b.report(n, "value-not-allowed", fmt.Sprintf("%s is never %s", name, v.String()), t.advice(""))
		}
		return !low && !high
	}
	if t.Values != nil && v.Kind == String && !slices.Contains(t.Values, v.Text) {
		b.report(n, "value-not-allowed", fmt.Sprintf("%s is never %q", name, v.Text), didYouMeanValue(v.Text, t.Values))
		return false
	}
	return true
}

func (b *builder) in(span Span, left, right ast.Node) (Condition, []Operand) {
	array, ok := right.(*ast.ArrayNode)
	if !ok {
		return b.inAttribute(span, left, right)
	}
	o := b.operand(left)
	if o == nil {
		b.eachLiteral(array, func(ast.Node, Literal) {})
		return nil, nil
	}
	if kind := typeOf(o).Kind; kind == List || kind == Record {
		b.report(left, "type-mismatch", fmt.Sprintf("%s cannot be one of several values", describe(o)), "write "+b.source(left)+" contains …, once for each value, joined by or")
		return nil, operandsSeen(o)
	}
	before := len(b.findings)
	var values []Literal
	b.eachLiteral(array, func(n ast.Node, literal Literal) {
		fitted, ok := b.fit(n, literal, o)
		if ok && b.comparable(Equal, n, n, fitted, o) && b.allowed(n, fitted, o, true) {
			values = append(values, fitted.(Literal))
		}
	})
	if len(array.Nodes) == 0 {
		b.report(array, "type-mismatch", "nothing is in an empty list", "put values between the brackets")
	}
	if len(b.findings) > before {
		return nil, operandsSeen(o)
	}
	return In{Span: span, Operand: o, Values: values}, nil
}

// eachLiteral calls f for every literal of a list and reports everything else in it.
func (b *builder) eachLiteral(array *ast.ArrayNode, f func(ast.Node, Literal)) {
	for _, n := range array.Nodes {
		if isNil(n) {
			b.report(n, "type-mismatch", "nil is not a value", "write (x == nil or x in [...])")
			continue
		}
		o := b.operand(n)
		if literal, ok := o.(Literal); ok {
			f(n, literal)
		} else if o != nil {
			b.report(n, "type-mismatch", fmt.Sprintf("the list after in holds values only, and this is %s", describe(o)), "write values, texts in quotes; compare attributes with ==")
		}
	}
}

// inAttribute lowers "x" in interests, which is interests contains "x".
func (b *builder) inAttribute(span Span, left, right ast.Node) (Condition, []Operand) {
	o := b.operand(right)
	if o == nil {
		return nil, operandsSeen(b.operand(left))
	}
	if typeOf(o).Kind != List {
		hint := `write in ["a", "b"]`
		if typeOf(o).Kind.Textual() {
			hint = "write " + b.source(right) + " contains " + b.source(left) + `, or in ["a", "b"]`
		}
		b.report(right, "type-mismatch", fmt.Sprintf("a list stands after in, and this is %s", describe(o)), hint)
		return nil, operandsSeen(o)
	}
	return b.containsElement(span, o, right, left)
}

func (b *builder) contains(span Span, left, right ast.Node) (Condition, []Operand) {
	o := b.operand(left)
	if o == nil {
		return nil, nil
	}
	t := typeOf(o)
	if t.Kind == List {
		return b.containsElement(span, o, left, right)
	}
	if !t.Kind.Textual() {
		b.report(left, "type-mismatch", fmt.Sprintf("contains looks into a list or a text, and this is %s", describe(o)), "compare it with == or <")
		return nil, operandsSeen(o)
	}
	text, ok := b.textLiteral(right, "contains")
	if !ok {
		return nil, operandsSeen(o)
	}
	return Contains{Span: span, Operand: o, Value: text}, nil
}

// containsElement lowers an exact search for an element of a list.
func (b *builder) containsElement(span Span, list Operand, listNode, n ast.Node) (Condition, []Operand) {
	a, ok := list.(AttributeOperand)
	of := a.Attribute.Type.Of
	if !ok || of == nil || of.Kind == Record {
		b.report(listNode, "type-mismatch", fmt.Sprintf("%s cannot be searched", describe(list)), "only a list of single values can")
		return nil, operandsSeen(list)
	}
	value := b.operand(n)
	if value == nil {
		return nil, operandsSeen(list)
	}
	literal, ok := value.(Literal)
	if !ok {
		b.report(n, "type-mismatch", fmt.Sprintf("a value stands after contains, and this is %s", describe(value)), "write the value itself, a text in quotes")
		return nil, operandsSeen(list, value)
	}
	element := AttributeOperand{Span: a.Span, Attribute: &Attribute{Name: "an element of " + a.Attribute.Name, Type: *of}}
	fitted, ok := b.fit(n, literal, element)
	if !ok || !b.comparable(Equal, n, n, fitted, element) || !b.allowedIn(n, fitted.(Literal), element, of, true) {
		return nil, operandsSeen(list)
	}
	return Contains{Span: span, Operand: list, Value: fitted.(Literal)}, nil
}

// textLiteral returns the quoted text that stands after a word such as startsWith.
func (b *builder) textLiteral(n ast.Node, word string) (Literal, bool) {
	o := b.operand(n)
	literal, ok := o.(Literal)
	if ok && literal.Value.Kind == String {
		return literal, true
	}
	if o != nil {
		b.report(n, "type-mismatch", fmt.Sprintf("a text in quotes stands after %s, and this is %s", word, describe(o)), "write "+word+" \"…\"")
	}
	return Literal{}, false
}

func (b *builder) textTest(span Span, word string, left, right ast.Node) (Condition, []Operand) {
	o := b.operand(left)
	literal, ok := b.textLiteral(right, word)
	if o == nil {
		return nil, nil
	}
	if !typeOf(o).Kind.Textual() {
		b.report(left, "type-mismatch", fmt.Sprintf("%s looks at a text, and this is %s", word, describe(o)), "compare it with == or <")
		return nil, operandsSeen(o)
	}
	switch {
	case !ok:
		return nil, operandsSeen(o)
	case word == "startsWith":
		return StartsWith{Span: span, Operand: o, Prefix: literal}, nil
	case word == "endsWith":
		return EndsWith{Span: span, Operand: o, Suffix: literal}, nil
	}
	pattern, ok := b.pattern(right, literal.Value.Text)
	if !ok {
		return nil, operandsSeen(o)
	}
	return Matches{Span: span, Operand: o, Pattern: pattern}, nil
}

// pattern compiles the pattern after matches. RE2 takes time linear in the text, so that no pattern can hang a send.
func (b *builder) pattern(n ast.Node, text string) (*regexp.Regexp, bool) {
	if len(text) > MaxPattern {
		b.report(n, "bad-pattern", fmt.Sprintf("this pattern has %d bytes; %d is the limit", len(text), MaxPattern), "write several shorter ones joined by or")
		return nil, false
	}
	pattern, err := regexp.Compile(text)
	if err != nil {
		reason := strings.TrimPrefix(err.Error(), "error parsing regexp: ")
		b.report(n, "bad-pattern", "this is not a pattern: "+reason, "patterns are RE2's, without look-ahead and back references; startsWith, endsWith and contains take plain texts")
		return nil, false
	}
	return pattern, true
}
