package render

import (
	"fmt"
	"maps"
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

// conditional analyses an if or unless: each branch knows what its condition says, and that those before it did not hold.
func (a *analyzer) conditional(n *templates.If, env environment) (environment, cost) {
	var ends []environment
	worst := cost{prints: true}
	before, after := a.context, htmlContext{}
	open, complete := env, false
	for i, branch := range n.Branches {
		inside := open
		if branch.Condition != nil {
			yes, no := a.condition(branch.Condition, open)
			if i == 0 && n.Unless {
				yes, no = no, yes
			}
			inside, open = open.with(yes), open.with(no)
		} else {
			complete = true
		}
		a.context = before
		end, c := a.nested(branch.Body, inside)
		after = a.agree(i, before, after, branch.Span, end.dead)
		ends, worst = append(ends, end), worst.worst(c)
	}
	if !complete {
		ends, worst = append(ends, open), worst.worst(cost{})
		if after != before {
			a.contextDiffers(n.Span)
		}
	}
	a.context = after
	result := ends[0]
	for _, end := range ends[1:] {
		result = result.merge(end)
	}
	return result, worst
}

// nested analyses the body of a tag.
func (a *analyzer) nested(body []templates.Node, env environment) (environment, cost) {
	a.depth++
	defer func() { a.depth-- }()
	return a.walk(body, env)
}

// agree checks that a branch ends in the context where the first one ended.
func (a *analyzer) agree(i int, before, after htmlContext, at templates.Span, dead bool) htmlContext {
	end := a.context
	switch {
	case dead:
		if i == 0 {
			return before
		}
		return after
	case i > 0 && end != after:
		a.contextDiffers(at)
	}
	return end
}

func (a *analyzer) contextDiffers(at templates.Span) {
	a.report(at, "markup-across-tags", "a tag or attribute is opened in one branch and not in the others", "open and close it in the same branch, or outside")
}

func (a *analyzer) sameContext(before htmlContext, at templates.Span, tag string) {
	if a.context != before {
		a.report(at, "markup-across-tags", "the body of this "+tag+" opens a tag or attribute that it does not close", "open and close it inside the body, or outside")
		a.context = before
	}
}

// cases analyses a case. As in Shopify's Liquid, every value that matches shows its content, so one may find what another one set,
// unless all are different literals.
func (a *analyzer) cases(n *templates.Case, env environment) (environment, cost) {
	subject := a.expression(n.Value, env)
	once := exclusive(n.Whens)
	total := cost{prints: true}
	before, after := a.context, a.context
	reached, result, complete := env, environment{dead: true}, false
	for i, when := range n.Whens {
		inside := env
		if !once {
			inside = reached
		}
		a.whenValues(n, when, subject, env)
		if when.Values != nil && subject.path != "" && !a.matchesNil(when.Values) {
			inside = inside.with(facts{subject.path: true})
		}
		complete = complete || when.Values == nil
		end, c := a.when(before, inside, when, once)
		after = a.agree(i, before, after, when.Span, end.dead)
		reached, result = reached.merge(end), result.merge(end)
		prints := total.prints && c.prints
		if total = total.plus(c.times(max(1, len(when.Values)))); !once && a.context != before {
			a.contextDiffers(when.Span)
		}
		total.prints = prints
	}
	if !complete || len(n.Whens) == 0 {
		result, total.prints = result.merge(env), false
		if after != before {
			a.contextDiffers(n.Span)
		}
	}
	a.context = after
	return result, total
}

func (a *analyzer) whenValues(n *templates.Case, when templates.When, subject *shape, env environment) {
	for _, value := range when.Values {
		a.comparable(subject, a.expression(value, env), "==", n.Value, value)
	}
}

// when analyses the content of a when; twice if it may be shown several times.
func (a *analyzer) when(before htmlContext, inside environment, when templates.When, once bool) (environment, cost) {
	if a.context = before; !once && len(when.Values) > 1 {
		end, _ := a.nested(when.Body, inside)
		a.context, inside = before, inside.merge(end)
	}
	return a.nested(when.Body, inside)
}

// exclusive says whether at most one of the values can match: they are different literals, and an else comes last.
func exclusive(whens []templates.When) bool {
	seen := map[string]bool{}
	for i, when := range whens {
		if when.Values == nil && i < len(whens)-1 {
			return false
		}
		for _, value := range when.Values {
			literal, ok := value.(*templates.Literal)
			if !ok {
				return false
			}
			key := fmt.Sprint(literal.Kind, literal.Bool, literal.Int, literal.Float, literal.String)
			if seen[key] || literal.Kind == templates.FloatLiteral || literal.Kind == templates.EmptyLiteral || literal.Kind == templates.BlankLiteral {
				return false
			}
			seen[key] = true
		}
	}
	return true
}

func (a *analyzer) matchesNil(values []templates.Expression) bool {
	return slices.ContainsFunc(values, func(e templates.Expression) bool {
		literal, ok := e.(*templates.Literal)
		return !ok || literal.Kind == templates.NilLiteral || literal.Kind == templates.BlankLiteral
	})
}

func (a *analyzer) assign(n *templates.Assign, env environment) environment {
	value := a.expression(n.Value, env)
	if !a.notOverAttribute(n.Name, n.NameSpan) {
		return env
	}
	if old := env.variables[n.Name]; old != nil && joinKinds(old.kind, value.kind) == mixedKind {
		a.report(n.NameSpan, "type-mismatch", fmt.Sprintf("%s was %s and becomes %s", n.Name, old.kind, value.kind), "use another name")
		value = &shape{}
	}
	next := a.set(env, n.Name, n.NameSpan, value)
	if !value.missing {
		next.facts = next.facts.with(facts{n.Name: true})
	}
	return next
}

// set gives a variable its shape.
func (a *analyzer) set(env environment, name string, at templates.Span, s *shape) environment {
	if len(env.variables) >= maxVariables && env.variables[name] == nil {
		a.report(at, "too-large", fmt.Sprintf("there are more than %d variables here", maxVariables), "prepare the content in a data file")
		return env
	}
	return env.set(name, s)
}

func (a *analyzer) notOverAttribute(name string, at templates.Span) bool {
	if slices.ContainsFunc(a.loops, func(n *templates.For) bool { return n.Variable == name }) {
		a.report(at, "assign-over-attribute", name+" is the name of a loop around this place", "use another name, such as my_"+name)
		return false
	}
	if _, ok := a.vocabulary.Catalogue.Attribute(name); ok {
		a.report(at, "assign-over-attribute", name+" is an attribute and cannot be assigned", "use another name, such as my_"+name)
		return false
	}
	if slices.Contains(prefixes, name) || name == "forloop" || name == "tablerowloop" {
		a.report(at, "assign-over-attribute", name+" has a meaning already", "use another name, such as my_"+name)
		return false
	}
	return true
}

func (a *analyzer) capture(n *templates.Capture, env environment) (environment, cost) {
	a.notOverAttribute(n.Name, n.NameSpan)
	before, reads, printing, exits := a.context, a.reads, a.printing, len(a.exits)
	a.context, a.reads, a.printing = htmlContext{state: inPlain}, map[string]bool{}, nil
	for _, node := range n.Body {
		if text, ok := node.(*templates.Text); ok && strings.ContainsAny(text.Text, "<>") {
			a.report(n.Span, "markup-in-capture", "a capture holds text, but this one contains markup", "move the markup to where the value is printed, or use if and else there")
		}
	}
	inside, c := a.nested(n.Body, env)
	a.context = before
	value := &shape{kind: textKind, bytes: c.bytes, origin: fromPerson, blank: true, missing: len(n.Body) == 0, uses: a.printing}
	for _, name := range sortedKeys(a.reads) {
		if attribute, ok := a.vocabulary.Catalogue.Attribute(name); ok && !slices.Contains(value.uses, attribute) {
			value.uses = append(value.uses, attribute)
		}
	}
	maps.Copy(reads, a.reads)
	a.reads, a.printing = reads, append(printing, a.printing...)
	for i := exits; i < len(a.exits); i++ { // what was printed before a break is captured, too
		a.exits[i] = a.set(a.exits[i], n.Name, n.NameSpan, value)
	}
	c.bytes, c.prints = 0, false
	return a.set(inside, n.Name, n.NameSpan, value), c
}

// readable says whether what is printed here is there to read.
func (a *analyzer) readable() bool {
	c := a.context.forValue()
	return c.state == inText || c.state == inPlain && !a.inLink
}

func (a *analyzer) cycle(n *templates.Cycle, env environment) cost {
	var worst cost
	if n.Group != nil {
		a.expression(n.Group, env)
	}
	all := &shape{}
	for i, e := range n.Values {
		s := a.expression(e, env)
		worst = worst.worst(cost{bytes: mulBytes(a.printed(e, s), growth)})
		if all = join(all, s); i == 0 {
			all = s
		}
	}
	a.escapes[n] = a.escapeFor(n, n.Values[0], all)
	worst.prints = a.readable()
	a.context = a.context.afterValue()
	return worst
}

// assigned lists the variables that nodes may set.
func assigned(nodes []templates.Node, into map[string]bool) map[string]bool {
	for _, node := range nodes {
		switch n := node.(type) {
		case *templates.Assign:
			into[n.Name] = true
		case *templates.Capture:
			into[n.Name] = true
			assigned(n.Body, into)
		case *templates.If:
			for _, branch := range n.Branches {
				assigned(branch.Body, into)
			}
		case *templates.Case:
			for _, when := range n.Whens {
				assigned(when.Body, into)
			}
		case *templates.For:
			assigned(n.Body, into)
			assigned(n.Else, into)
		case *templates.IfChanged:
			assigned(n.Body, into)
		}
	}
	return into
}

// maxLoopDepth bounds how deep loops nest: a loop's body is analysed several times.
const maxLoopDepth = 4

// maxPasses is how often a loop's body is analysed until nothing new comes of it.
const maxPasses = 12

// loop analyses the body until what one turn hands to the next stays the same, and then once more for its findings.
func (a *analyzer) loop(n *templates.For, env environment) (environment, cost) {
	if n.Table {
		a.report(n.Span, "tag-not-used", "{% tablerow %} is not used in mail", "write the table, and a for around its rows")
	}
	items, turns, certain := a.iterated(n, env)
	a.notOverAttribute(n.Variable, n.Span)
	if a.never[n] = turns == 0; turns == 0 {
		return a.loopElse(n, env)
	}
	start := env
	for name := range assigned(n.Body, map[string]bool{}) {
		start.facts = start.facts.without(name)
	}
	if len(a.loops) == maxLoopDepth {
		a.report(n.Span, "too-large", fmt.Sprintf("loops nest more than %d deep here", maxLoopDepth), "prepare the content in a data file, so that fewer loops are needed")
		return env, cost{}
	}
	exits := a.exits
	a.loops = append(a.loops, n)
	last, c := a.turns(n, start, items, turns)
	a.loops = a.loops[:len(a.loops)-1]
	for _, exit := range a.exits {
		last = last.merge(exit)
	}
	a.exits = exits
	after, otherwise := a.loopElse(n, env)
	result := start.merge(last).merge(after)
	prints := c.prints && (certain || otherwise.prints)
	c = c.times(turns).plus(otherwise)
	c.prints = prints
	return result, c
}

// turns analyses the body turn by turn. A variable may need as many turns as there are others to hand it on.
func (a *analyzer) turns(n *templates.For, start environment, items *shape, turns int) (environment, cost) {
	early, blocks := a.early, maps.Clone(a.blocks)
	a.early = true
	into, seen := start, []environment{start}
	for settled := false; !settled && len(seen) < maxPasses && a.visits < maxVisits; {
		end, _ := a.turn(n, into, items)
		next := into.merge(end)
		seen = append(seen, end)
		k := len(seen) - 1
		settled = k >= 2 && next.like(into) && grownAlike(seen[k-2], seen[k-1], seen[k])
		into = next.widened(into)
	}
	a.early, a.blocks = early, blocks
	last, c := a.turn(n, into, items)
	k := len(seen) - 1
	if k+1 == maxPasses {
		a.report(n.Span, "too-large", "what one turn of this loop hands to the next keeps changing or growing", "start from new values in each turn")
		return last, c
	}
	return a.grown(n, start, [3]environment{seen[max(1, k-1)], seen[k], last}, turns), c
}

func (a *analyzer) loopElse(n *templates.For, env environment) (environment, cost) {
	before := a.context
	after, c := a.nested(n.Else, env)
	a.sameContext(before, n.Span, "for")
	return after, c
}

// turn analyses the loop's body once.
func (a *analyzer) turn(n *templates.For, env environment, item *shape) (environment, cost) {
	before := a.context
	a.exits = nil
	inside := env.set(n.Variable, item)
	counter := "forloop"
	if n.Table {
		counter = "tablerowloop"
	}
	inside = inside.set(counter, loopShape(env.variables[counter], item, n.Table))
	end, c := a.nested(n.Body, inside)
	end = end.outside(env, n.Variable, counter)
	for i := range a.exits { // a break or continue ends the turn before the body's end
		a.exits[i] = a.exits[i].outside(env, n.Variable, counter)
		end, c.prints = end.merge(a.exits[i]), false
	}
	end.dead = false
	a.sameContext(before, n.Span, "for")
	return end, c
}

// grown bounds the variables that grow by the same amount in each turn, and refuses those that grow faster.
func (a *analyzer) grown(n *templates.For, start environment, seen [3]environment, turns int) environment {
	result := seen[2]
	for name, s := range result.variables {
		before, first, second := start.variables[name], seen[0].variables[name], seen[1].variables[name]
		if first == nil || second == nil || before == nil && first.like(s) && first.bytes == s.bytes && first.items == s.items {
			continue
		}
		step, next := second.bytes-first.bytes, s.bytes-second.bytes
		if next > step && next > 0 || s.kind == listKind && s.items-second.items > max(0, second.items-first.items) {
			a.report(n.Span, "too-large", name+" grows with each turn of this loop by more than the turn before", "start from a new value in each turn")
		}
		bounded := *s
		bounded.bytes = addBytes(s.bytes, mulBytes(max(0, step, next), turns))
		bounded.items = addBytes(s.items, mulBytes(max(0, s.items-second.items), turns))
		result.variables[name] = &bounded
	}
	return result
}

// iterated returns the shape of a loop's variable and how often the loop turns at most, and whether it surely turns.
func (a *analyzer) iterated(n *templates.For, env environment) (item *shape, turns int, certain bool) {
	in := a.expression(n.In, env)
	limit := maxPieceTurns + 1
	certain = in.least > 0 && !in.missing && !n.Continue
	for _, e := range []templates.Expression{n.Limit, n.Offset, n.Columns} {
		if e == nil {
			continue
		}
		count := a.expression(e, env)
		a.wants(e, count, "a count", intKind)
		certain = certain && e == n.Limit && count.min != nil && *count.min >= 1
		if e == n.Limit && count.max != nil {
			limit = int(max(0, min(*count.max, maxPieceTurns+1)))
		}
	}
	switch in.kind {
	case listKind:
		item := *in.of
		return &item, min(limit, in.items), certain
	case rangeKind:
		if limit <= maxPieceTurns {
			return a.rangeItem(in), limit, certain
		}
		if in.items > maxPieceTurns {
			a.report(n.In.Place(), "too-large", "this range may be very long", "give it a limit: {% for i in (1..n) limit: 10 %}")
			return a.rangeItem(in), 0, false
		}
		return a.rangeItem(in), in.items, certain
	case anyKind:
		return &shape{}, 1, false
	}
	a.report(n.In.Place(), "type-mismatch", "a for goes over a list or a range, not "+in.kind.String(), "")
	return &shape{}, 1, false
}

func (a *analyzer) rangeItem(in *shape) *shape {
	item := derived(intKind, intBytes, in)
	item.min, item.max = in.min, in.max
	return item
}

// loopShape is the shape of forloop or tablerowloop.
// What it tells is made of what the loop goes through: how long a list is may be as private as what it holds.
func loopShape(parent, item *shape, table bool) *shape {
	count, flag, from1 := derived(intKind, intBytes, item), derived(boolKind, boolBytes, item), derived(intKind, intBytes, item)
	count.min, from1.min = number(0), number(1)
	fields := map[string]*shape{
		"index": from1, "index0": count, "rindex": from1, "rindex0": count, "first": flag, "last": flag, "length": from1,
	}
	if table {
		for name, s := range map[string]*shape{"col": count, "col0": count, "row": count, "col_first": flag, "col_last": flag} {
			fields[name] = s
		}
	} else if parent != nil {
		fields["parentloop"] = parent
	}
	return &shape{kind: recordKind, fields: fields}
}
