package audience

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/parser/lexer"

	"germane/internal/finding"
)

// Bounds of a rule.
const (
	MaxRuleLength = 4096 // bytes of its text
	MaxPattern    = 200  // bytes of a pattern after matches
	maxConditions = 2000 // conditions in its tree, segments included
)

// ParseRule reads a rule and checks it against what the scope declares. All mistakes are reported.
//
// The rule is nil when nothing could be made of the text. With findings it may hold [Invalid] conditions: then it says which
// attributes it means to read and which values it takes for granted, and must not be run.
func ParseRule(text finding.Text, scope *Scope) (*Rule, []finding.Finding) {
	text = text.Trim()
	s := &ruleSource{text: text, scope: scope}
	switch {
	case text.S == "":
		s.endsEarly(nil)
	case len(text.S) > MaxRuleLength:
		s.add(0, 1, "rule-too-long", fmt.Sprintf("this rule has %d bytes; %d is the limit", len(text.S), MaxRuleLength), "make segments of its parts")
	case !utf8.ValidString(text.S):
		s.add(0, 1, "rule-syntax", "this rule is not UTF-8 text", "save the file as UTF-8")
	default:
		rule := s.parse()
		return rule, finding.Sort(s.findings)
	}
	return nil, s.findings
}

func (s *ruleSource) parse() *Rule {
	s.prepare()
	tokens := s.tokenise()
	if len(tokens) == 0 && !s.broken {
		s.endsEarly(nil)
		return nil
	}
	s.checkPrefixes(tokens)
	s.checkNumbers(tokens)
	refused := s.refuseForeign(tokens)
	if s.broken {
		return nil
	}
	node, err := parseExpr(s.clean.String())
	if err != nil {
		if refused == 0 {
			s.syntaxError(err, tokens)
		}
		return nil
	}
	b := newBuilder(s, tokens)
	rule := &Rule{Text: s.text, Condition: b.condition(node)}
	rule.measure(s)
	return rule
}

// parseExpr runs expr's parser. It is not ours, so that a panic in it must not take a send down: it becomes a syntax error.
func parseExpr(source string) (node ast.Node, err *file.Error) {
	defer func() {
		if r := recover(); r != nil {
			node, err = nil, &file.Error{Message: fmt.Sprint(r)}
		}
	}()
	tree, parseErr := parser.Parse(source)
	if parseErr != nil {
		var located *file.Error
		if !errors.As(parseErr, &located) {
			located = &file.Error{Message: parseErr.Error()}
		}
		return nil, located
	}
	if tree.Node == nil {
		return nil, &file.Error{Message: "unexpected end of expression"}
	}
	return tree.Node, nil
}

// measure counts the tree's conditions and reports a rule whose segments make it too large to evaluate for every person.
func (r *Rule) measure(s *ruleSource) {
	r.size = size(r.Condition)
	if r.size > maxConditions {
		s.add(0, len(s.text.S), "rule-too-long", fmt.Sprintf("with its segments this rule has more than %d conditions", maxConditions), "ask for less: segments of segments multiply")
		r.Condition = Invalid{Span: Span{0, len(s.text.S)}}
		r.size = 1
	}
}

// size counts conditions without walking into segments, which are measured already.
func size(c Condition) int {
	if ref, ok := c.(SegmentRef); ok {
		return 1 + ref.Rule.size
	}
	n := 1
	for _, term := range termsOf(c) {
		n += size(term)
	}
	return n
}

// builder lowers expr's tree to conditions. Mistakes are reported to the source; what has one becomes [Invalid].
type builder struct {
	*ruleSource
	tokens  []token
	byStart map[int]int // byte offset of a token → its index
	extents map[ast.Node]extent
	mixed   bool // mixed-and-or is reported once a rule
}

func newBuilder(s *ruleSource, tokens []token) *builder {
	b := &builder{ruleSource: s, tokens: tokens, byStart: make(map[int]int, len(tokens)), extents: map[ast.Node]extent{}}
	for i, t := range tokens {
		b.byStart[t.start] = i
	}
	return b
}

// tokenOf returns the index of the token at a node's location, which is the token that names the node (an operator, a name).
func (b *builder) tokenOf(n ast.Node) int {
	i, ok := b.byStart[b.offset(n.Location().From)]
	if !ok {
		return 0
	}
	return i
}

// extent returns a node's tokens, without parentheses around it. It is remembered: expr shares nodes in chained comparisons.
func (b *builder) extent(n ast.Node) extent {
	if e, ok := b.extents[n]; ok {
		return e
	}
	at := b.tokenOf(n)
	e := extent{at, at}
	switch n := n.(type) {
	case *ast.UnaryNode:
		if inner := b.outer(n.Node); b.negatesWord(n) {
			e = inner
		} else {
			e.last = max(at, inner.last)
		}
	case *ast.BinaryNode:
		e = extent{b.outer(n.Left).first, b.outer(n.Right).last}
	case *ast.MemberNode:
		e.first = min(at, b.outer(n.Node).first)
		if b.tokens[at].is(lexer.Bracket) && b.tokens[at].partner > at {
			e.last = b.tokens[at].partner
		}
	case *ast.ChainNode:
		e = b.extent(n.Node)
	case *ast.CallNode, *ast.BuiltinNode:
		if at+1 < len(b.tokens) && b.tokens[at+1].partner > at {
			e.last = b.tokens[at+1].partner
		}
	case *ast.ArrayNode:
		e.last = max(at, b.tokens[at].partner)
	}
	b.extents[n] = e
	return e
}

// outer returns a node's tokens with the parentheses around it.
func (b *builder) outer(n ast.Node) extent {
	wide, _ := widen(b.tokens, b.extent(n))
	return wide
}

func (b *builder) parenthesised(n ast.Node) bool {
	_, yes := widen(b.tokens, b.extent(n))
	return yes
}

func (b *builder) span(n ast.Node) Span { return b.spanOf(b.extent(n)) }

func (b *builder) spanOf(e extent) Span { return Span{b.tokens[e.first].start, b.tokens[e.last].end} }

// source returns what was written for a node.
func (b *builder) source(n ast.Node) string {
	span := b.spanOf(b.outer(n))
	return b.text.S[span.Start:span.End]
}

// negatesWord reports whether a node is the not of `x not in y`: expr places it at the word.
func (b *builder) negatesWord(n *ast.UnaryNode) bool {
	return !b.tokens[b.tokenOf(n)].is(lexer.Operator, "not", "!", "-", "+")
}

// report adds a finding about a node.
func (b *builder) report(n ast.Node, code finding.Code, text, hint string) {
	span := b.span(n)
	b.add(span.Start, span.End, code, text, hint)
}

// condition lowers a node that stands where a condition belongs.
func (b *builder) condition(n ast.Node) Condition {
	switch n := n.(type) {
	case *ast.BoolNode:
		return Constant{Span: b.span(n), Value: n.Value}
	case *ast.UnaryNode:
		if n.Operator == "not" || n.Operator == "!" {
			return Not{Span: b.span(n), Term: b.condition(n.Node)}
		}
	case *ast.BinaryNode:
		return b.binary(n)
	case *ast.CallNode, *ast.BuiltinNode:
		if c, ok := b.callCondition(n); ok {
			return c
		}
	}
	return b.operandAsCondition(n)
}

func (b *builder) binary(n *ast.BinaryNode) Condition {
	if b.chained(n) {
		return Invalid{Span: b.span(n)}
	}
	switch n.Operator {
	case "and", "&&", "or", "||":
		return b.junction(n)
	case "==", "!=", "<", "<=", ">", ">=", "in", "contains", "startsWith", "endsWith", "matches":
		if left := b.looseNot(n); left != nil {
			return Not{Span: b.span(n), Term: b.relation(n, left, n.Right)}
		}
		return b.relation(n, n.Left, n.Right)
	}
	b.refuse(n)
	return Invalid{Span: b.span(n)}
}

// junction lowers and/or, flattening a run of the same word, and reports the two mixed without parentheses.
func (b *builder) junction(n *ast.BinaryNode) Condition {
	isAnd := n.Operator == "and" || n.Operator == "&&"
	var terms []Condition
	for _, side := range []ast.Node{n.Left, n.Right} {
		inner, ok := side.(*ast.BinaryNode)
		if ok && !b.parenthesised(side) && isJunction(inner) && (inner.Operator == "and" || inner.Operator == "&&") != isAnd {
			b.reportMixed(n)
		}
		switch c := b.condition(side).(type) {
		case And:
			terms = appendTerms(terms, c, c.Terms, isAnd)
		case Or:
			terms = appendTerms(terms, c, c.Terms, !isAnd)
		default:
			terms = append(terms, c)
		}
	}
	if isAnd {
		return And{Span: b.span(n), Terms: terms}
	}
	return Or{Span: b.span(n), Terms: terms}
}

func appendTerms(terms []Condition, c Condition, inner []Condition, same bool) []Condition {
	if same {
		return append(terms, inner...)
	}
	return append(terms, c)
}

func isJunction(n *ast.BinaryNode) bool {
	switch n.Operator {
	case "and", "&&", "or", "||":
		return true
	}
	return false
}
