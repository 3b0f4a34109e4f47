package render

import (
	"strings"

	"germane/templates"
)

// openPicture writes the picture that counts opens, for deliveries that have one.
type openPicture struct{}

func (openPicture) run(m *machine) flow {
	if m.envelope.Open == "" {
		return proceed
	}
	m.scratch = append(m.scratch[:0], `<img src="`...)
	m.scratch = escapeHTML(m.scratch, m.envelope.Open)
	m.scratch = append(m.scratch, `" width="1" height="1" alt="" style="display:block;border:0">`...)
	m.out = appendQuoted(m.out, alias(m.scratch))
	return m.written()
}

// splitAtEnd cuts a page where its body ends; a piece without </body> is cut behind its last node.
func splitAtEnd(nodes []templates.Node) (before, after []templates.Node) {
	for i := len(nodes) - 1; i >= 0; i-- {
		text, ok := nodes[i].(*templates.Text)
		if !ok {
			continue
		}
		if at := strings.LastIndex(strings.ToLower(text.Text), "</body"); at >= 0 {
			first, second := *text, *text
			first.Text, second.Text = text.Text[:at], text.Text[at:]
			before = append(append(before, nodes[:i]...), &first)
			return before, append([]templates.Node{&second}, nodes[i+1:]...)
		}
	}
	return nodes, nil
}
