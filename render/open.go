package render

import (
	"fmt"
	"time"

	"germane/internal/finding"
	"germane/templates"
)

// OpenSource is a template to compile in open mode.
type OpenSource struct {
	File  *finding.File // where the nodes were parsed from
	Nodes []templates.Node
}

// OpenProgram is a template compiled in open mode: names are looked up when it is executed, and nothing is escaped. Any number of
// goroutines may execute it.
type OpenProgram struct{ body code }

// CompileOpen compiles a template and the partials that its include and render tags may name. A filter that does not exist, or
// gets a wrong number of arguments, is a finding.
func CompileOpen(source OpenSource, partials map[string]OpenSource) (*OpenProgram, []finding.Finding) {
	c := &openCompiler{partials: make(map[string]*code, len(partials))}
	for name := range partials {
		c.partials[name] = new(code)
	}
	for name, partial := range partials {
		c.file = partial.File
		*c.partials[name] = c.nodes(partial.Nodes)
	}
	c.file = source.File
	program := &OpenProgram{body: c.nodes(source.Nodes)}
	return program, finding.Sort(c.findings)
}

// Execute renders the program for data, a map (anything else means no data). An error is one of the template, such as a division
// by zero, or a [LimitError]; what was written before it comes back, too.
func (p *OpenProgram) Execute(data Value, now time.Time, limits Limits) (string, error) {
	var m machine
	m.start(now, limits)
	if data.kind == MapValue {
		m.scope.data = data.object()
	}
	p.body.run(&m)
	return string(m.out), m.err
}

type openCompiler struct {
	file     *finding.File
	partials map[string]*code
	findings []finding.Finding
}

func (c *openCompiler) nodes(nodes []templates.Node) code {
	compiled := make(code, 0, len(nodes))
	for _, node := range nodes {
		if i := c.node(node); i != nil {
			compiled = append(compiled, i)
		}
	}
	return compiled
}

func (c *openCompiler) node(node templates.Node) instruction {
	switch n := node.(type) {
	case *templates.Text:
		return &text{n.Text}
	case *templates.Output:
		if n.Value == nil {
			return nil
		}
		return &output{value: c.value(n.Value)}
	case *templates.If:
		return c.conditional(n)
	case *templates.Case:
		return c.cases(n)
	case *templates.For:
		return c.loop(n)
	case *templates.Assign:
		return &assignment{target: openTarget(n.Name), value: c.value(n.Value)}
	case *templates.Capture:
		return &capture{target: openTarget(n.Name), body: c.nodes(n.Body)}
	case *templates.Cycle:
		return &cycle{group: c.optional(n.Group), key: n.Key, values: c.values(n.Values)}
	case *templates.Counter:
		return &counter{name: n.Name, step: int64(n.Step)}
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
	c.report(node.Place(), "unknown-tag", "This tag works only in messages and blocks.", "remove it")
	return nil
}

func (c *openCompiler) report(span templates.Span, code finding.Code, text, hint string) {
	c.findings = append(c.findings, c.file.At(span.Start, span.End, code, text, hint))
}

func openTarget(name string) target { return target{local: -1, name: name} }

func (c *openCompiler) conditional(n *templates.If) instruction {
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

func (c *openCompiler) cases(n *templates.Case) instruction {
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

func (c *openCompiler) loop(n *templates.For) instruction {
	if n.Table {
		return &tableRow{
			in: c.value(n.In), limit: c.optional(n.Limit), offset: c.optional(n.Offset), columns: c.optional(n.Columns),
			variable: openTarget(n.Variable), tablerowloop: openTarget("tablerowloop"), body: c.nodes(n.Body),
		}
	}
	return &loop{
		in: c.value(n.In), limit: c.optional(n.Limit), offset: c.optional(n.Offset), resume: n.Continue, reversed: n.Reversed,
		name: n.Name, variable: openTarget(n.Variable), forloop: openTarget("forloop"),
		body: c.nodes(n.Body), otherwise: c.nodes(n.Else),
	}
}

func (c *openCompiler) optional(e templates.Expression) expression {
	if e == nil {
		return nil
	}
	return c.value(e)
}

func (c *openCompiler) values(list []templates.Expression) []expression {
	compiled := make([]expression, len(list))
	for i, e := range list {
		compiled[i] = c.value(e)
	}
	return compiled
}

func (c *openCompiler) options(list []templates.Named) []option {
	var compiled []option
	for _, n := range list {
		compiled = append(compiled, option{n.Name, c.value(n.Value)})
	}
	return compiled
}

// condition compiles what stands in if, unless, elsif and when. Only there, empty and blank are more than an empty text.
func (c *openCompiler) condition(e templates.Expression) expression {
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

func (c *openCompiler) value(e templates.Expression) expression {
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

func (c *openCompiler) variable(v *templates.Variable) expression {
	keys := make([]pathKey, 0, len(v.Path))
	for _, key := range v.Path {
		if name, ok := key.(*templates.Literal); ok && name.Bare {
			keys = append(keys, pathKey{name: name.String})
		} else {
			keys = append(keys, pathKey{key: c.value(key)})
		}
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

func (c *openCompiler) rangeOf(r *templates.Range) expression {
	from, isLiteral := r.From.(*templates.Literal)
	to, bothLiterals := r.To.(*templates.Literal)
	if isLiteral && bothLiterals {
		// Only here is a float taken, without its fraction; a variable's is refused when the template is executed.
		return &constant{Range(asNumber(literal(from)).clampedInt(), asNumber(literal(to)).clampedInt())}
	}
	return &rangeOf{c.value(r.From), c.value(r.To)}
}

func (c *openCompiler) filter(f *templates.Filter) filterStep {
	step := filterStep{filter: filters[f.Name], arguments: c.values(f.Arguments), options: c.options(f.Named)}
	if code, text, hint := checkFilter(f); code != "" {
		c.report(f.NameSpan, code, text, hint)
	}
	return step
}

// checkFilter tells whether a filter exists and takes that many arguments.
func checkFilter(f *templates.Filter) (code finding.Code, text, hint string) {
	known, ok := filters[f.Name]
	if !ok {
		return "unknown-filter", "There is no filter " + f.Name + ".", finding.DidYouMean(f.Name, filterNames(), "docs/filters.md lists them all")
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
