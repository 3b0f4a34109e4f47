package render

import (
	"fmt"

	"germane/internal/finding"
	"germane/templates"
)

// compiler turns a tree into instructions, in both modes. In open mode names are looked up when the code runs; in strict mode they
// are resolved here, once.
type compiler struct {
	strict   *resolver // nil in open mode
	file     *finding.File
	partials map[string]*code
	findings []finding.Finding
}

func (c *compiler) nodes(nodes []templates.Node) code {
	compiled := make(code, 0, len(nodes))
	for _, node := range nodes {
		if i := c.node(node); i != nil {
			compiled = append(compiled, i)
		}
	}
	if c.strict != nil {
		return c.strict.finish(compiled)
	}
	return compiled
}

func (c *compiler) node(node templates.Node) instruction {
	switch n := node.(type) {
	case *templates.Text:
		return c.static(n.Text)
	case *templates.Output:
		if n.Value == nil {
			return nil
		}
		return c.output(n)
	case *templates.If:
		return c.conditional(n)
	case *templates.Case:
		return c.cases(n)
	case *templates.For:
		return c.loop(n)
	case *templates.Assign:
		value := c.value(n.Value) // before the name it is given exists
		return &assignment{target: c.target(n.Name), value: value}
	case *templates.Capture:
		body := c.plainly(n.Body)
		return &capture{target: c.target(n.Name), body: body}
	case *templates.Cycle:
		return &cycle{group: c.optional(n.Group), key: n.Key, values: c.values(n.Values), form: c.form(n)}
	case *templates.Counter:
		return &counter{name: n.Name, step: int64(n.Step), form: c.form(n)}
	case *templates.Break:
		if n.Continue {
			return &jump{continueLoop}
		}
		return &jump{breakLoop}
	case *templates.IfChanged:
		return &changed{c.nodes(n.Body)}
	case *templates.Partial:
		return &partial{
			partials: c.partials, render: n.Render, name: c.value(n.Name), with: c.optional(n.With),
			each: n.Each, as: n.As, values: c.options(n.Named),
		}
	}
	if c.strict != nil {
		return c.strict.node(c, node)
	}
	c.report(node.Place(), "unknown-tag", "this tag works only in messages and blocks", "remove it")
	return nil
}

// static is text of the template. A subject's is plain text, and escaped like its values where a layout prints it.
func (c *compiler) static(s string) instruction {
	if r := c.strict; r != nil && r.override != nil && r.analysis.piece.Place == LinePlace {
		s = string(r.override(nil, s))
	}
	return &text{text: s}
}

func (c *compiler) report(span templates.Span, code finding.Code, text, hint string) {
	c.findings = append(c.findings, c.file.At(span.Start, span.End, code, text, hint))
}

// target is where a tag that sets a name puts its value.
func (c *compiler) target(name string) target {
	if c.strict != nil {
		return target{local: c.strict.local(name)}
	}
	return target{local: -1, name: name}
}

// hide makes a name mean a loop's variable; the returned function ends that.
func (c *compiler) hide(name string) (target, func()) {
	if c.strict != nil {
		return c.strict.hide(name)
	}
	return target{local: -1, name: name}, func() {}
}

// form is how a tag or output writes a value.
func (c *compiler) form(n templates.Node) form {
	if c.strict == nil {
		return form{}
	}
	return c.strict.form(n)
}

func (c *compiler) output(n *templates.Output) instruction {
	if c.strict != nil {
		if special := c.strict.special(n); special != nil {
			return special
		}
	}
	return &output{value: c.value(n.Value), form: c.form(n)}
}

// plainly compiles a capture's body, whose output is a value and not part of the message yet.
func (c *compiler) plainly(nodes []templates.Node) code {
	if c.strict == nil {
		return c.nodes(nodes)
	}
	quoted, override := c.strict.quoted, c.strict.override
	c.strict.quoted, c.strict.override = false, nil // it is escaped where the capture is printed
	defer func() { c.strict.quoted, c.strict.override = quoted, override }()
	return c.nodes(nodes)
}

func (c *compiler) conditional(n *templates.If) instruction {
	compiled := &conditional{unless: n.Unless}
	for _, b := range n.Branches {
		var condition expression
		if b.Condition != nil {
			condition = c.condition(b.Condition)
		}
		compiled.branches = append(compiled.branches, branch{condition, c.nodes(b.Body)})
	}
	return compiled
}

func (c *compiler) cases(n *templates.Case) instruction {
	compiled := &cases{value: c.value(n.Value)}
	for _, w := range n.Whens {
		var values []expression
		for _, value := range w.Values {
			values = append(values, c.condition(value))
		}
		compiled.whens = append(compiled.whens, when{values, c.nodes(w.Body)})
	}
	return compiled
}

func (c *compiler) loop(n *templates.For) instruction {
	if c.strict != nil {
		if unrolled, ok := c.strict.unroll(c, n); ok {
			return unrolled
		}
	}
	in, limit, offset, columns := c.value(n.In), c.optional(n.Limit), c.optional(n.Offset), c.optional(n.Columns)
	otherwise := c.nodes(n.Else)
	counter := "forloop"
	if n.Table {
		counter = "tablerowloop"
	}
	counted, reveal := c.hide(counter)
	defer reveal()
	variable, reveal := c.hide(n.Variable)
	defer reveal()
	if n.Table {
		return &tableRow{in: in, limit: limit, offset: offset, columns: columns, variable: variable, tablerowloop: counted, body: c.nodes(n.Body)}
	}
	return &loop{
		in: in, limit: limit, offset: offset, resume: n.Continue, reversed: n.Reversed, name: n.Name,
		variable: variable, forloop: counted, body: c.nodes(n.Body), otherwise: otherwise, around: c.around(),
	}
}

// around is the forloop of an unrolled loop that a loop stands in.
func (c *compiler) around() Value {
	if c.strict == nil {
		return Value{}
	}
	return c.strict.around()
}

func (c *compiler) optional(e templates.Expression) expression {
	if e == nil {
		return nil
	}
	return c.value(e)
}

func (c *compiler) values(list []templates.Expression) []expression {
	compiled := make([]expression, len(list))
	for i, e := range list {
		compiled[i] = c.value(e)
	}
	return compiled
}

func (c *compiler) options(list []templates.Named) []option {
	var compiled []option
	for _, n := range list {
		compiled = append(compiled, option{n.Name, c.value(n.Value)})
	}
	return compiled
}

// condition compiles what stands in if, unless, elsif and when. Only there, empty and blank are more than an empty text.
func (c *compiler) condition(e templates.Expression) expression {
	switch e := e.(type) {
	case *templates.Literal:
		return &constant{literal(e)}
	case *templates.Binary:
		left, right := c.condition(e.Left), c.condition(e.Right)
		switch e.Operator {
		case "and":
			return &both{left, right}
		case "or":
			return &either{left, right}
		}
		return &comparison{e.Operator, left, right}
	}
	return c.value(e)
}

func (c *compiler) value(e templates.Expression) expression {
	switch e := e.(type) {
	case *templates.Literal:
		v := literal(e)
		if v.kind == EmptyValue || v.kind == BlankValue {
			v = String("")
		}
		return &constant{v}
	case *templates.Variable:
		return c.variable(e)
	case *templates.Range:
		return c.rangeOf(e)
	case *templates.Filtered:
		compiled := &filtered{value: c.value(e.Value)}
		for i := range e.Filters {
			compiled.steps = append(compiled.steps, c.filter(&e.Filters[i]))
		}
		return compiled
	}
	return &constant{}
}

func literal(l *templates.Literal) Value {
	switch l.Kind {
	case templates.BoolLiteral:
		return Bool(l.Bool)
	case templates.IntLiteral:
		return Int(l.Int)
	case templates.FloatLiteral:
		return Float(l.Float)
	case templates.StringLiteral:
		return String(l.String)
	case templates.EmptyLiteral:
		return Value{kind: EmptyValue}
	case templates.BlankLiteral:
		return Value{kind: BlankValue}
	}
	return Value{}
}

func (c *compiler) variable(v *templates.Variable) expression {
	keys := make([]pathKey, 0, len(v.Path))
	for _, key := range v.Path {
		if name, ok := key.(*templates.Literal); ok && name.Bare {
			keys = append(keys, pathKey{name: name.String})
		} else {
			keys = append(keys, pathKey{key: c.value(key)})
		}
	}
	if c.strict != nil {
		return c.strict.variable(v, keys)
	}
	var base expression
	switch name, ok := v.Name.(*templates.Literal); {
	case ok && name.Kind == templates.StringLiteral && name.Bare && name.String == "self" && len(keys) > 0:
		base, keys = &selfField{keys[0]}, keys[1:]
	case ok && name.Kind == templates.StringLiteral:
		base = &named{name.String}
	default:
		base = &computed{c.value(v.Name)}
	}
	if len(keys) == 0 {
		return base
	}
	return &path{base, keys}
}

func (c *compiler) rangeOf(r *templates.Range) expression {
	from, isLiteral := r.From.(*templates.Literal)
	to, bothLiterals := r.To.(*templates.Literal)
	if isLiteral && bothLiterals {
		// Only here is a float taken, without its fraction; a variable's is refused when the template is executed.
		return &constant{Range(asNumber(literal(from)).clampedInt(), asNumber(literal(to)).clampedInt())}
	}
	return &rangeOf{c.value(r.From), c.value(r.To)}
}

func (c *compiler) filter(f *templates.Filter) filterStep {
	step := filterStep{filter: c.filterOf(f.Name), arguments: c.values(f.Arguments), options: c.options(f.Named)}
	if code, text, hint := checkFilter(f); code != "" {
		c.report(f.NameSpan, code, text, hint)
	}
	return step
}

// filterOf is a filter by its name. In mail, what is only spaces is as good as nothing to default.
func (c *compiler) filterOf(name string) *filter {
	if c.strict != nil && name == "default" {
		return strictDefault
	}
	return filters[name]
}

// checkFilter tells whether a filter exists and takes that many arguments.
func checkFilter(f *templates.Filter) (code finding.Code, text, hint string) {
	known, ok := filters[f.Name]
	if !ok {
		return "unknown-filter", "there is no filter " + f.Name, finding.DidYouMean(f.Name, filterNames(), "`germane help filters` lists them all")
	}
	given := len(f.Arguments) + min(1, len(f.Named))
	if given >= known.min && given <= known.max {
		return "", "", ""
	}
	wanted := fmt.Sprintf("%d to %d values", known.min, known.max)
	switch {
	case known.max == 0:
		wanted = "no values"
	case known.min == known.max:
		wanted = fmt.Sprintf("%d values", known.min)
	}
	return "filter-arguments", fmt.Sprintf("%s takes %s behind its colon, here are %d.", f.Name, wanted, given), ""
}
