package render

import (
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
	c := &compiler{partials: make(map[string]*code, len(partials))}
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
