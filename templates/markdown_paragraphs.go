package templates

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
)

// liftTags moves tags from the edges of a paragraph to its outside: a condition around all of its text (an empty <p> would
// leave a gap), and tags whose partner is in another paragraph.
func (m *markdown) liftTags(n ast.Node) {
	paragraph, ok := n.(*ast.Paragraph)
	if !ok {
		return
	}
	first, last, ok := m.unitRange(paragraph)
	if !ok {
		return
	}
	for {
		lead, leads := m.edgeTag(paragraph.FirstChild(), false)
		trail, trails := m.edgeTag(paragraph.LastChild(), true)
		switch {
		case leads && trails && m.wraps(lead, trail):
			m.cutEdge(paragraph.FirstChild(), false)
			m.cutEdge(paragraph.LastChild(), true)
			putTag(paragraph, lead, false)
			putTag(paragraph, trail, true)
		case leads && m.reachesOut(lead, first, last):
			m.cutEdge(paragraph.FirstChild(), false)
			putTag(paragraph, lead, false)
		case trails && m.reachesOut(trail, first, last):
			m.cutEdge(paragraph.LastChild(), true)
			putTag(paragraph, trail, true)
		default:
			if isEmpty(paragraph) {
				paragraph.Parent().RemoveChild(paragraph.Parent(), paragraph)
			}
			return
		}
	}
}

// unitRange returns the first and the last unit in a paragraph's source.
func (m *markdown) unitRange(n ast.Node) (first, last int, ok bool) {
	lines := n.Lines()
	if lines.Len() == 0 {
		return 0, 0, false
	}
	source := string(m.source[lines.At(0).Start:lines.At(lines.Len()-1).Stop])
	for {
		at, end, id := m.cutPlaceholder(source)
		if at < 0 {
			return first, last, ok
		}
		if !ok {
			first, ok = id, true
		}
		last = id
		source = source[end:]
	}
}

// edgeTag returns the tag that a text starts or ends with.
func (m *markdown) edgeTag(n ast.Node, atEnd bool) (id int, ok bool) {
	start, stop, id := m.edge(n, atEnd)
	return id, stop > start && m.units[id].kind == tagUnit
}

// edge returns the source range of the placeholder at a text's edge; it is empty when there is none.
func (m *markdown) edge(n ast.Node, atEnd bool) (start, stop, id int) {
	text, ok := n.(*ast.Text)
	if !ok || text.IsRaw() {
		return 0, 0, 0
	}
	value := text.Segment.Value(m.source)
	from := 0
	if atEnd {
		from = max(0, bytes.LastIndex(value, []byte(m.prefix)))
	}
	at, end, id := m.cutPlaceholder(string(value[from:]))
	switch {
	case at < 0, atEnd && len(bytes.TrimSpace(value[from+end:])) > 0, !atEnd && len(bytes.TrimSpace(value[:at])) > 0:
		return 0, 0, 0
	}
	return text.Segment.Start + from + at, text.Segment.Start + from + end, id
}

func (m *markdown) cutEdge(n ast.Node, atEnd bool) {
	start, stop, _ := m.edge(n, atEnd)
	text := n.(*ast.Text)
	if atEnd {
		text.Segment.Stop = start
		text.Segment = text.Segment.TrimRightSpace(m.source)
		return
	}
	text.Segment.Start = stop
	text.Segment = text.Segment.TrimLeftSpace(m.source)
	if parent := n.Parent(); text.Segment.IsEmpty() && n != parent.LastChild() {
		parent.RemoveChild(parent, n) // with its line break
	}
}

// wraps says whether two tags are a condition's only ones.
func (m *markdown) wraps(lead, trail int) bool {
	u := m.units[lead]
	if u.owner < 0 || u.role != openRole || u.name != "if" && u.name != "unless" {
		return false
	}
	c := m.constructs[u.owner]
	return c.close == trail && len(c.branches) == 0
}

// reachesOut says whether a tag's construct begins before or ends behind the paragraph with the units first to last.
func (m *markdown) reachesOut(id, first, last int) bool {
	u := m.units[id]
	if u.owner < 0 {
		return false
	}
	c := m.constructs[u.owner]
	return c.open < first || c.close > last
}

// putTag puts a tag before or behind a paragraph, nearest to it.
func putTag(paragraph ast.Node, id int, behind bool) {
	parent, tag := paragraph.Parent(), &tagNode{units: []int{id}}
	if behind {
		parent.InsertAfter(parent, paragraph, tag)
		return
	}
	tag.SetBlankPreviousLines(paragraph.HasBlankPreviousLines())
	parent.InsertBefore(parent, paragraph, tag)
}

func isEmpty(paragraph ast.Node) bool {
	for child := paragraph.FirstChild(); child != nil; child = child.NextSibling() {
		if text, ok := child.(*ast.Text); !ok || !text.Segment.IsEmpty() {
			return false
		}
	}
	return true
}
