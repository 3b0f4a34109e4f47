package templates

import "germane/internal/finding"

// Span is where a piece of syntax stands: byte offsets into the file of the [finding.Text] it was parsed from.
type Span struct{ Start, End int }

// Place returns the span; it is promoted to every node and expression.
func (s Span) Place() Span { return s }

// TokenKind says what a [Token] is.
type TokenKind uint8

const (
	TextToken   TokenKind = iota // text between Liquid, whitespace control applied
	OutputToken                  // {{ … }}
	TagToken                     // {% name … %}
	LinkStart                    // a link's target begins; its span is the link's place in the file, in HTML and in plain text alike
	LinkEnd                      // a link's target ends
)

// Token is a piece of a template cut at Liquid's delimiters. raw, comment and doc are resolved by the lexer: a raw section is a
// text token with Verbatim set, the other two vanish (an inline comment `{% # … %}` too).
type Token struct {
	Span     // the whole token, delimiters included
	Kind     TokenKind
	Text     string       // TextToken: the text
	Verbatim bool         // TextToken: from a raw section; Markdown must not read it
	Name     string       // TagToken: the tag's name
	Body     finding.Text // OutputToken and TagToken: what stands inside, after the name
}

// Node is an element of a template: always a pointer to one of the structs below, as expressions are.
type Node interface{ Place() Span }

type (
	// Text is output as it stands. In a Markdown source it holds the HTML that goldmark made, and its span is approximate.
	Text struct {
		Span
		Text string
	}
	// Output is {{ value | filters }}, or an echo tag.
	Output struct {
		Span
		Value Expression // nil: {{ }} without anything inside
	}
	// Link is a link's target: what stands in an href, or behind a link's text in plain text. [Body] finds them; a source cannot
	// write one. Addresses for mail, telephone and messages, anchors, and what begins with {{ links.… }} are not links here.
	Link struct {
		Span          // the same for a link's HTML and its plain text, and different from that of any other link of the file
		Target []Node // in HTML, text has its character references; in plain text, it has none
	}
	// If is an if or unless tag. The first branch whose condition holds is rendered.
	If struct {
		Span
		Unless   bool // the first branch's condition is negated
		Branches []Branch
	}
	// Branch is one arm of an If; a nil condition is an else.
	Branch struct {
		Span
		Condition Expression
		Body      []Node
	}
	// Case compares a value with each When in order. Shopify's rules hold: every matching when is rendered, an else only if no
	// earlier when matched.
	Case struct {
		Span
		Value Expression
		Whens []When
	}
	// When is one arm of a Case; nil values are an else.
	When struct {
		Span
		Values []Expression
		Body   []Node
	}
	// For is a for or tablerow loop.
	For struct {
		Span
		Table    bool   // tablerow
		Variable string // the loop's variable
		Name     string // forloop.name: "item-list"
		In       Expression
		Limit    Expression // nil: none
		Offset   Expression // nil: none
		Columns  Expression // tablerow's cols; nil: all in one row
		Continue bool       // offset: continue
		Reversed bool
		Body     []Node
		Else     []Node
	}
	// Assign is {% assign name = value %}.
	Assign struct {
		Span
		Name     string
		NameSpan Span
		Value    Expression
	}
	// Capture is {% capture name %}body{% endcapture %}.
	Capture struct {
		Span
		Name     string
		NameSpan Span
		Body     []Node
	}
	// Cycle outputs its values in turn, one each time it is rendered.
	Cycle struct {
		Span
		Group  Expression // nil: cycles with the same Key share a position
		Key    string     // the values, if all are literals; "": this cycle shares its position with no other
		Values []Expression
	}
	// Counter is an increment or decrement tag.
	Counter struct {
		Span
		Name string
		Step int // +1 or -1
	}
	// Break is a break or continue tag.
	Break struct {
		Span
		Continue bool
	}
	// IfChanged outputs its body when it differs from the last time.
	IfChanged struct {
		Span
		Body []Node
	}
	// Partial is an include or render tag.
	Partial struct {
		Span
		Render bool       // render: own scope; include: shares the caller's
		Name   Expression // render: always a string literal
		With   Expression // nil: none
		Each   bool       // for instead of with
		As     string     // "" : the partial's own name
		Named  []Named
	}
	// BlockUse is {% block name %}: the place of a Dynamic Block in a message. A dialect tag, mail only.
	BlockUse struct {
		Span
		Name     string
		NameSpan Span
	}
	// Skip is {% skip "why" %}: no mail to this person. A dialect tag, mail only.
	Skip struct {
		Span
		Reason Expression
	}
)

// Expression is a Liquid value or condition.
type Expression interface{ Place() Span }

// LiteralKind says what a [Literal] holds.
type LiteralKind uint8

const (
	NilLiteral LiteralKind = iota
	BoolLiteral
	IntLiteral
	FloatLiteral
	StringLiteral
	EmptyLiteral // empty: equals an empty string, list or object
	BlankLiteral // blank: equals nil, false and whatever is empty or only white space
)

type (
	// Literal is a constant.
	Literal struct {
		Span
		Kind   LiteralKind
		Bool   bool
		Int    int64
		Float  float64
		String string
		Bare   bool // a StringLiteral that was written .name in a path: only then size, first and last are commands
	}
	// Variable is a name with a path: product.tags[0]. Name is a string Literal unless it was written [expression].
	Variable struct {
		Span
		Name Expression
		Path []Expression // each a string Literal for .name, any expression for [ ]
	}
	// Range is (from..to), both ends included.
	Range struct {
		Span
		From, To Expression
	}
	// Binary is a comparison or and/or. Operators: == != < <= > >= contains and or.
	// and and or are right-associative without precedence, as in Shopify's Liquid.
	Binary struct {
		Span
		Operator     string
		OperatorSpan Span
		Left, Right  Expression
	}
	// Filtered is a value passed through filters from left to right.
	Filtered struct {
		Span
		Value   Expression
		Filters []Filter
	}
	// Filter is one | name: arguments.
	Filter struct {
		Span
		Name      string
		NameSpan  Span
		Arguments []Expression
		Named     []Named
	}
	// Named is a name: value argument.
	Named struct {
		Span
		Name  string
		Value Expression
	}
)

// Bodies returns the bodies of a tag: of all its branches, in order. Other nodes have none; a link's target is none.
func Bodies(node Node) [][]Node {
	var bodies [][]Node
	switch n := node.(type) {
	case *If:
		for _, branch := range n.Branches {
			bodies = append(bodies, branch.Body)
		}
	case *Case:
		for _, when := range n.Whens {
			bodies = append(bodies, when.Body)
		}
	case *For:
		bodies = append(bodies, n.Body, n.Else)
	case *Capture:
		bodies = append(bodies, n.Body)
	case *IfChanged:
		bodies = append(bodies, n.Body)
	}
	return bodies
}
