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

	piece    *Piece
	escapes  map[templates.Node]escape    // of all that prints values
	specials map[*templates.Output]string // in a layout: content, subject and preheader
}

// Analyse proves a piece, or says what keeps it from being proved.
func Analyse(p *Piece, v *Vocabulary) (*Analysis, []finding.Finding) {
	a := &analyzer{
		file: p.File, vocabulary: v, place: p.Place, blocks: map[string]templates.Span{}, reads: map[string]bool{},
		escapes: map[templates.Node]escape{}, specials: map[*templates.Output]string{},
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
	if c.bytes > maxPieceBytes || c.turns > maxPieceTurns {
		a.report(templates.Span{Start: 0, End: 1}, "too-large", fmt.Sprintf("this could become %d MB for somebody", c.bytes>>20), "limit its loops: {% for x in list limit: 3 %}")
	}
	return &Analysis{Blocks: a.order, Attributes: sortedKeys(a.reads), Bytes: c.bytes, piece: p, escapes: a.escapes, specials: a.specials}, a.findings
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
	maxPieceBytes = 4 << 20 // of output
	maxPieceTurns = 100_000 // of loops
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
	quiet      bool // a first pass over a loop's body: findings come from the second
	blocks     map[string]templates.Span
	reads      map[string]bool // attributes read
	escapes    map[templates.Node]escape
	findings   []finding.Finding
}

// cost is a bound on what rendering something takes.
type cost struct {
	bytes int // of output, escaped
	turns int // of loops
}

func (c cost) plus(d cost) cost  { return cost{addBytes(c.bytes, d.bytes), addBytes(c.turns, d.turns)} }
func (c cost) times(n int) cost  { return cost{mulBytes(c.bytes, n), mulBytes(c.turns+1, n)} }
func (c cost) worst(d cost) cost { return cost{max(c.bytes, d.bytes), max(c.turns, d.turns)} }

func (a *analyzer) report(at templates.Span, code finding.Code, text, hint string) {
	if !a.quiet {
		a.findings = append(a.findings, a.file.At(at.Start, at.End, code, text, hint))
	}
}

// walk analyses nodes in order and returns what is certain behind them and what they cost.
func (a *analyzer) walk(nodes []templates.Node, env environment) (environment, cost) {
	var total cost
	for _, node := range nodes {
		var c cost
		env, c = a.node(node, env)
		total = total.plus(c)
	}
	return env, total
}

func (a *analyzer) node(node templates.Node, env environment) (environment, cost) {
	switch n := node.(type) {
	case *templates.Text:
		a.context = a.context.advance(n.Text)
		return env, cost{bytes: len(n.Text)}
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
		env.dead = true
		return env, cost{}
	case *templates.Skip:
		a.skip(n, env)
		env.dead = true
		return env, cost{}
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
		return env, cost{bytes: intBytes}
	case *templates.IfChanged:
		before := a.context
		after, c := a.walk(n.Body, env)
		a.sameContext(before, n.Span, "ifchanged")
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
	var worst cost
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
		ends = append(ends, open)
		if after.settled() != before.settled() {
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
	case i > 0 && end.settled() != after.settled():
		a.contextDiffers(at)
	}
	return end
}

func (a *analyzer) contextDiffers(at templates.Span) {
	a.report(at, "markup-across-tags", "a tag or attribute is opened in one branch and not in the others", "open and close it in the same branch, or outside")
}

func (a *analyzer) sameContext(before htmlContext, at templates.Span, tag string) {
	if a.context.settled() != before.settled() {
		a.report(at, "markup-across-tags", "the body of this "+tag+" opens a tag or attribute that it does not close", "open and close it inside the body, or outside")
		a.context = before
	}
}

func (a *analyzer) cases(n *templates.Case, env environment) (environment, cost) {
	subject := a.expression(n.Value, env)
	var worst cost
	before, after := a.context, a.context
	result, complete := environment{dead: true}, false
	for i, when := range n.Whens {
		inside := env
		for _, value := range when.Values {
			a.comparable(subject, a.expression(value, env), "==", n.Value, value)
		}
		if when.Values != nil && subject.path != "" && !a.matchesNil(when.Values) {
			inside = env.with(facts{subject.path: true})
		}
		complete = complete || when.Values == nil
		a.context = before
		end, c := a.nested(when.Body, inside)
		after = a.agree(i, before, after, when.Span, end.dead)
		result, worst = result.merge(end), worst.plus(c)
	}
	if !complete || len(n.Whens) == 0 {
		result = result.merge(env)
		if after.settled() != before.settled() {
			a.contextDiffers(n.Span)
		}
	}
	a.context = after
	return result, worst
}

func (a *analyzer) matchesNil(values []templates.Expression) bool {
	return slices.ContainsFunc(values, func(e templates.Expression) bool {
		literal, ok := e.(*templates.Literal)
		return !ok || literal.Kind == templates.NilLiteral || literal.Kind == templates.BlankLiteral
	})
}

func (a *analyzer) assign(n *templates.Assign, env environment) environment {
	value := a.expression(n.Value, env)
	a.notOverAttribute(n.Name, n.NameSpan)
	if old := env.variables[n.Name]; old != nil && joinKinds(old.kind, value.kind) == mixedKind {
		a.report(n.NameSpan, "type-mismatch", fmt.Sprintf("%s was %s and becomes %s", n.Name, old.kind, value.kind), "use another name")
		value = &shape{}
	}
	next := env.set(n.Name, value)
	if !value.missing {
		next.facts = next.facts.with(facts{n.Name: true})
	}
	return next
}

func (a *analyzer) notOverAttribute(name string, at templates.Span) {
	if _, ok := a.vocabulary.Catalogue.Attribute(name); ok {
		a.report(at, "assign-over-attribute", name+" is an attribute and cannot be assigned", "use another name, such as my_"+name)
		return
	}
	if slices.Contains(prefixes, name) || name == "forloop" || name == "tablerowloop" {
		a.report(at, "assign-over-attribute", name+" has a meaning already", "use another name, such as my_"+name)
	}
}

func (a *analyzer) capture(n *templates.Capture, env environment) (environment, cost) {
	a.notOverAttribute(n.Name, n.NameSpan)
	before, reads := a.context, a.reads
	a.context, a.reads = htmlContext{state: inPlain}, map[string]bool{}
	for _, node := range n.Body {
		if text, ok := node.(*templates.Text); ok && strings.ContainsAny(text.Text, "<>") {
			a.report(n.Span, "markup-in-capture", "a capture holds text, but this one contains markup", "move the markup to where the value is printed, or use if and else there")
		}
	}
	inside, c := a.nested(n.Body, env)
	a.context = before
	value := &shape{kind: textKind, bytes: c.bytes, origin: fromPerson, blank: true, missing: len(n.Body) == 0}
	for name := range a.reads {
		if attribute, ok := a.vocabulary.Catalogue.Attribute(name); ok {
			value.uses = append(value.uses, attribute)
		}
	}
	maps.Copy(reads, a.reads)
	a.reads = reads
	return inside.set(n.Name, value), cost{turns: c.turns}
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

// maxLoopDepth bounds how deep loops nest: a loop's body is analysed three times.
const maxLoopDepth = 4

// loop analyses the body three times: what one turn sets, the next one finds; and how a variable grows is seen from the third.
func (a *analyzer) loop(n *templates.For, env environment) (environment, cost) {
	if n.Table {
		a.report(n.Span, "tag-not-used", "{% tablerow %} is not used in mail", "write the table, and a for around its rows")
	}
	items, turns := a.iterated(n, env)
	a.notOverAttribute(n.Variable, n.Span)
	start := env
	for name := range assigned(n.Body, map[string]bool{}) {
		start.facts = start.facts.without(name)
	}
	if turns == 0 {
		return a.loopElse(n, env)
	}
	if len(a.loops) == maxLoopDepth {
		a.report(n.Span, "too-large", fmt.Sprintf("loops nest more than %d deep here", maxLoopDepth), "prepare the content in a data file, so that fewer loops are needed")
		return env, cost{}
	}
	a.loops = append(a.loops, n)
	quiet, blocks := a.quiet, maps.Clone(a.blocks)
	a.quiet = true
	first, _ := a.turn(n, start, items)
	second, _ := a.turn(n, start.merge(first), items)
	a.quiet, a.blocks = quiet, blocks
	third, c := a.turn(n, start.merge(first).merge(second), items)
	a.loops = a.loops[:len(a.loops)-1]
	third = a.grown(n, start, [3]environment{first, second, third}, turns)
	after, otherwise := a.loopElse(n, env)
	result := start.merge(third).merge(after)
	for _, name := range []string{n.Variable, "forloop", "tablerowloop"} {
		delete(result.variables, name)
		if old := env.variables[name]; old != nil {
			result.variables[name] = old
		}
	}
	return result, c.times(turns).plus(otherwise)
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
	inside := env.set(n.Variable, item)
	counter := "forloop"
	if n.Table {
		counter = "tablerowloop"
	}
	inside = inside.set(counter, loopShape(env.variables[counter], n.Table))
	end, c := a.nested(n.Body, inside)
	end.dead = false
	a.sameContext(before, n.Span, "for")
	return end, c
}

// grown bounds the variables that grow by the same amount in each turn, and refuses those that grow faster.
func (a *analyzer) grown(n *templates.For, start environment, seen [3]environment, turns int) environment {
	result := seen[2]
	for name, s := range result.variables {
		before, first, second := start.variables[name], seen[0].variables[name], seen[1].variables[name]
		if before == nil || first == nil || second == nil {
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

// iterated returns the shape of a loop's variable and how often the loop turns at most.
func (a *analyzer) iterated(n *templates.For, env environment) (*shape, int) {
	in := a.expression(n.In, env)
	limit := maxPieceTurns + 1
	for _, e := range []templates.Expression{n.Limit, n.Offset, n.Columns} {
		if e == nil {
			continue
		}
		count := a.expression(e, env)
		a.wants(e, count, "a count", intKind)
		if e == n.Limit && count.max != nil {
			limit = int(max(0, min(*count.max, maxPieceTurns+1)))
		}
	}
	switch in.kind {
	case listKind:
		item := *in.of
		item.missing = item.missing && !env.facts[n.Variable]
		return &item, min(limit, in.items)
	case rangeKind:
		if limit <= maxPieceTurns {
			return a.rangeItem(in), limit
		}
		if in.items > maxPieceTurns {
			a.report(n.In.Place(), "too-large", "this range may be very long", "give it a limit: {% for i in (1..n) limit: 10 %}")
			return a.rangeItem(in), 0
		}
		return a.rangeItem(in), in.items
	case anyKind:
		return &shape{}, 1
	}
	a.report(n.In.Place(), "type-mismatch", "a for goes over a list or a range, not "+in.kind.String(), "")
	return &shape{}, 1
}

func (a *analyzer) rangeItem(in *shape) *shape {
	item := derived(intKind, intBytes, in)
	item.min, item.max = in.min, in.max
	return item
}

// loopShape is the shape of forloop or tablerowloop.
func loopShape(parent *shape, table bool) *shape {
	count := &shape{kind: intKind, bytes: intBytes, min: number(0)}
	flag := &shape{kind: boolKind, bytes: boolBytes}
	fields := map[string]*shape{
		"index": {kind: intKind, bytes: intBytes, min: number(1)}, "index0": count, "rindex": {kind: intKind, bytes: intBytes, min: number(1)},
		"rindex0": count, "first": flag, "last": flag, "length": {kind: intKind, bytes: intBytes, min: number(1)},
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
