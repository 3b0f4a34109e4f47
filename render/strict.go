package render

import (
	"fmt"
	"slices"
	"strings"

	"germane/audience"
	"germane/internal/finding"
	"germane/templates"
)

// Vocabulary is what a message's Liquid may name.
type Vocabulary struct {
	Catalogue *audience.Catalogue
	Brand     map[string]string // brand.NAME: constants of germane.yaml
	Data      map[string]Value  // data.NAME: this week's content
	Blocks    []string          // names of Dynamic Blocks
	Constants map[string]string // campaign.NAME and sender.NAME; what they hold is known when a message is compiled
}

// with is the vocabulary of a message with constants of its own.
func (v *Vocabulary) with(constants map[string]string) *Vocabulary {
	if constants == nil {
		return v
	}
	own := *v
	own.Constants = constants
	return &own
}

// Place says what a piece of a message is part of.
type Place uint8

const (
	BodyPlace    Place = iota // a template's body: HTML in which blocks stand
	VariantPlace              // a variant's content: HTML between elements
	LayoutPlace               // a page around messages: HTML with {{ content }}
	LinePlace                 // a subject or preheader: one line of plain text
)

// Piece is a part of a message to analyse.
type Piece struct {
	File    *finding.File
	Nodes   []templates.Node
	Plain   bool // the nodes are plain text, not HTML
	Place   Place
	Present []string // attributes that are present for everybody who gets this piece
}

// Analysis is what strict mode knows of a piece, as lowering it needs.
type Analysis struct {
	Blocks     []string // names of the blocks used, in order
	Attributes []string // names of the attributes read, in order
	Bytes      int      // the largest output
	Prints     bool     // whether everybody gets something to read from it, or skips the message

	piece    *Piece
	escapes  map[templates.Node]escape    // of all that prints values
	never    map[*templates.For]bool      // loops that never turn
	specials map[*templates.Output]string // in a layout: content, subject and preheader
}

// Analyse proves a piece, or says what keeps it from being proved.
func Analyse(p *Piece, v *Vocabulary) (*Analysis, []finding.Finding) {
	a := &analyzer{
		file: p.File, vocabulary: v, place: p.Place, blocks: map[string]templates.Span{}, reads: map[string]bool{},
		escapes: map[templates.Node]escape{}, specials: map[*templates.Output]string{}, never: map[*templates.For]bool{},
		reported: map[reported]bool{},
	}
	if p.Plain || p.Place == LinePlace {
		a.context.state = inPlain
	}
	env := environment{facts: facts{}}
	for _, name := range p.Present {
		env.facts[name] = true
	}
	_, c := a.walk(p.Nodes, env)
	a.ended(p)
	switch start := (templates.Span{Start: 0, End: 1}); {
	case a.visits > maxVisits:
		a.report(start, "too-large", "this has more loops inside loops, or more tags in them, than can be proved", "prepare the content in a data file, so that fewer loops are needed")
	case c.bytes > maxPieceBytes:
		a.report(start, "too-large", fmt.Sprintf("this could become %d MB for somebody", c.bytes>>20), "limit its loops: {% for x in list limit: 3 %}")
	case c.steps > maxPieceSteps || c.work > maxPieceWork:
		a.report(start, "too-large", "this could take too long for somebody", "limit its loops: {% for x in list limit: 3 %}")
	}
	return &Analysis{
		Blocks: a.order, Attributes: sortedKeys(a.reads), Bytes: c.bytes, Prints: c.prints, piece: p, escapes: a.escapes, specials: a.specials, never: a.never,
	}, a.findings
}

// ended checks the state at the end of a piece.
func (a *analyzer) ended(p *Piece) {
	if state := a.context.settled().state; state != inText && state != inPlain && len(p.Nodes) > 0 {
		a.report(p.Nodes[len(p.Nodes)-1].Place(), "markup-across-tags", "a tag, attribute or comment is still open at the end", "close it")
	}
	if p.Place == LayoutPlace && a.contents != 1 {
		a.report(templates.Span{Start: 0, End: 1}, "layout-without-content", fmt.Sprintf("a layout prints its message once, this one %d times", a.contents), "write {{ content }} where the message goes")
	}
}

// Limits on what one piece of a message may cost; strict mode proves that they hold for everybody.
const (
	maxPieceBytes = 4 << 20  // of output
	maxPieceSteps = 500_000  // tags, outputs and texts
	maxPieceWork  = 64 << 20 // bytes that filters and comparisons read and make
	maxPieceTurns = 100_000  // of one loop
)

// analyzer proves a template: it walks the tree once, keeping what is certain at each place, and reports what cannot be proved.
type analyzer struct {
	file       *finding.File
	vocabulary *Vocabulary
	place      Place
	context    htmlContext
	contents   int // how often {{ content }} is printed
	specials   map[*templates.Output]string
	order      []string // blocks used
	loops      []*templates.For
	depth      int  // of tags around this place
	inLink     bool // inside a link's target
	early      bool // a pass over a loop's body that is not the last: what is not known may be set by a later turn
	blocks     map[string]templates.Span
	reads      map[string]bool       // attributes read
	printing   []*audience.Attribute // of what was printed so far: a capture's are those of its body
	exits      []environment         // at each break and continue of the innermost loop so far
	work       int                   // of the expressions of the node being analysed
	visits     int                   // of nodes, bounded so that no template takes long to check
	escapes    map[templates.Node]escape
	never      map[*templates.For]bool // loops that never turn: their bodies were not analysed
	reported   map[reported]bool
	findings   []finding.Finding
}

// Bounds on what is analysed: a loop's body is analysed several times, and each place keeps what is known of all variables.
const (
	maxVisits    = 1_000_000
	maxVariables = 200
)

// cost is a bound on what rendering something takes.
type cost struct {
	bytes  int  // of output, escaped
	steps  int  // what is executed
	work   int  // of expressions
	prints bool // something to read, for certain
}

func (c cost) plus(d cost) cost {
	return cost{addBytes(c.bytes, d.bytes), addBytes(c.steps, d.steps), addBytes(c.work, d.work), c.prints || d.prints}
}

func (c cost) times(n int) cost {
	return cost{mulBytes(c.bytes, n), mulBytes(c.steps+1, n), mulBytes(c.work, n), c.prints}
}

// worst is the cost of either way.
func (c cost) worst(d cost) cost {
	return cost{max(c.bytes, d.bytes), max(c.steps, d.steps), max(c.work, d.work), c.prints && d.prints}
}

func (a *analyzer) report(at templates.Span, code finding.Code, text, hint string) {
	key := reported{at, code}
	if !a.reported[key] {
		a.reported[key] = true
		a.findings = append(a.findings, a.file.At(at.Start, at.End, code, text, hint))
	}
}

// reported is a finding's place and code: what is found in several turns of a loop is one finding.
type reported struct {
	at   templates.Span
	code finding.Code
}

// walk analyses nodes in order and returns what is certain behind them and what they cost.
func (a *analyzer) walk(nodes []templates.Node, env environment) (environment, cost) {
	var total cost
	for _, node := range nodes {
		if a.visit(node, env); a.visits > maxVisits {
			break // which is reported at the end
		}
		work := a.work
		a.work = 0
		var c cost
		env, c = a.node(node, env)
		total = total.plus(c).plus(cost{steps: 1, work: a.work})
		a.work = work
	}
	return env, total
}

// visit counts the analysis of a node: tags copy and join what is known of variables.
func (a *analyzer) visit(node templates.Node, env environment) {
	a.visits += 5
	switch node.(type) {
	case *templates.Text, *templates.Output:
	default:
		a.visits += len(env.variables)
	}
}

func (a *analyzer) node(node templates.Node, env environment) (environment, cost) {
	switch n := node.(type) {
	case *templates.Text:
		visible := a.context.state == inText || a.context.state == inPlain
		a.context = a.context.advance(n.Text)
		return env, cost{bytes: len(n.Text), prints: visible && strings.TrimSpace(n.Text) != ""}
	case *templates.Output:
		return env, a.output(n, env)
	case *templates.If:
		return a.conditional(n, env)
	case *templates.Case:
		return a.cases(n, env)
	case *templates.For:
		return a.loop(n, env)
	case *templates.Assign:
		return a.assign(n, env), cost{}
	case *templates.Capture:
		return a.capture(n, env)
	case *templates.Break:
		if len(a.loops) == 0 {
			a.report(n.Span, "break-outside-loop", "break and continue belong inside a for", "remove it, or use {% skip \"why\" %} to send nothing")
		}
		a.exits = append(a.exits, env)
		env.dead = true
		return env, cost{}
	case *templates.Skip:
		a.skip(n, env)
		env.dead = true
		return env, cost{prints: true} // nobody reads what is not sent
	case *templates.Link:
		return env, a.link(n, env)
	}
	return a.rare(node, env)
}

// rare analyses the tags that mail seldom needs.
func (a *analyzer) rare(node templates.Node, env environment) (environment, cost) {
	switch n := node.(type) {
	case *templates.Cycle:
		return env, a.cycle(n, env)
	case *templates.Counter:
		a.notOverAttribute(n.Name, n.Span)
		a.needsText(n.Span, "a counter")
		a.escapes[n] = escapeHTML
		return env, cost{bytes: intBytes, prints: true}
	case *templates.IfChanged:
		before := a.context
		after, c := a.walk(n.Body, env)
		a.sameContext(before, n.Span, "ifchanged")
		c.prints = false // nothing where it is what was printed before
		return env.merge(after), c
	case *templates.BlockUse:
		a.block(n)
	case *templates.Partial:
		a.report(n.Span, "tag-not-used", "{% render %} is not used in mail", "content that several messages share is a block: {% block name %}; what surrounds them is their layout")
	}
	return env, cost{}
}

func (a *analyzer) skip(n *templates.Skip, env environment) {
	reason := a.expression(n.Reason, env)
	if _, ok := n.Reason.(*templates.Literal); !ok || reason.kind != textKind {
		a.report(n.Span, "bad-skip", "skip takes its reason as a text in quotes", `write {% skip "no name" %}: the reason becomes part of the delivery's row`)
	}
}

func (a *analyzer) block(n *templates.BlockUse) {
	switch {
	case a.place != BodyPlace:
		a.report(n.Span, "block-misplaced", "a block cannot stand here", "use {% block %} in a template's body; blocks do not contain blocks")
		return
	case a.depth > 0:
		a.report(n.Span, "block-misplaced", "a block cannot stand inside another tag", "put it at the top level of the template: the block's own rules say who sees what")
		return
	case !slices.Contains(a.vocabulary.Blocks, n.Name):
		a.report(n.NameSpan, "unknown-block", "there is no block "+n.Name,
			finding.DidYouMean(n.Name, a.vocabulary.Blocks, "write it as blocks/"+n.Name+".md"))
	}
	if first, again := a.blocks[n.Name]; again {
		line, _ := a.file.Position(first.Start)
		a.report(n.Span, "block-repeated", fmt.Sprintf("block %s is used a second time (first on line %d)", n.Name, line), "each block stands once in a message, because every choice is one exposure")
		return
	}
	a.blocks[n.Name] = n.Span
	a.order = append(a.order, n.Name)
	if state := a.context.settled().state; state != inText && state != inPlain {
		a.report(n.Span, "block-misplaced", "a block cannot stand inside a tag, attribute, comment or style", "put it between elements")
	}
}
