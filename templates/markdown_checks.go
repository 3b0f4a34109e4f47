package templates

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
)

var blockMarks = regexp.MustCompile(`^[ \t]*(?:(?:>|[-*+](?:[ \t]|$)|[0-9]{1,9}[.)](?:[ \t]|$))[ \t]*)*`)

// withinLimits reports a source that goldmark would take too long for.
func (m *markdown) withinLimits() bool {
	if len(m.source) > maxMarkdownBytes {
		m.report(0, 0, "markdown-too-long", fmt.Sprintf("this Markdown has %d KB; the most is %d", len(m.source)>>10, maxMarkdownBytes>>10),
			"shorten it, or move parts of it into blocks: mail programs cut messages at 102 KB")
		return false
	}
	marks, offset := 0, 0
	for line := range strings.Lines(string(m.source)) {
		if strings.TrimSpace(line) == "" {
			marks = 0
		}
		marks += strings.Count(line, "*") + strings.Count(line, "_") + strings.Count(line, "~") + strings.Count(line, "[")
		lead := blockMarks.FindString(line)
		nesting := strings.Count(lead, ">") + len(strings.Fields(strings.ReplaceAll(lead, ">", " ")))
		columns := strings.Count(line, "|")
		if marks > maxMarkdownMarks || nesting > maxMarkdownNesting || columns > maxTableColumns && delimiterRow.MatchString(line) {
			m.report(offset, offset+len(line), "markdown-too-complex", "this text has more marks, quotes, lists or table columns inside each other than a message can show",
				"split it into paragraphs with blank lines between them, and take levels away")
			return false
		}
		offset += len(line)
	}
	return true
}

// checkReferences reports Liquid in a link's definition ([name]: target): it would run where the link is used, or not at all.
func (m *markdown) checkReferences(parent ast.Node) {
	for child := parent.FirstChild(); child != nil; child = child.NextSibling() {
		if child.Type() != ast.TypeBlock {
			return
		}
		if child.Kind() != ast.KindLinkReferenceDefinition {
			m.checkReferences(child)
			continue
		}
		lines := child.Lines()
		for i := range lines.Len() {
			line := lines.At(i)
			if value := line.Value(m.source); bytes.Contains(value, []byte(m.prefix)) {
				_, _, id := m.cutPlaceholder(string(value))
				m.misplaced[id] = true
				m.reportUnit(id, "liquid-misplaced", "Liquid cannot stand in a link's definition", "write the target behind the link's text: [text]({{ … }})")
				break
			}
		}
	}
}

// checkPlaces reports Liquid that Markdown drops, writes twice, or moves across something that depends on it.
func (m *markdown) checkPlaces(order []int) {
	times := make([]int, len(m.units))
	smallest := make([]int, len(order)+1) // from here on
	smallest[len(order)] = len(m.units)
	for i := len(order) - 1; i >= 0; i-- {
		smallest[i] = min(smallest[i+1], order[i])
	}
	largest := -1
	for i, id := range order {
		times[id]++
		if m.units[id].changesState() && (largest > id || smallest[i+1] < id) {
			m.misplace(id, "A link's target stands before its text in HTML, so this tag would run at another time than it seems to.",
				"write the tag before the link")
		}
		largest = max(largest, id)
	}
	for id, u := range m.units {
		switch {
		case u.kind == textUnit:
		case times[id] == 0:
			m.misplace(id, "Markdown drops what is written here, and this Liquid with it", "move it into the text; a table row may not have more cells than the head")
		case times[id] > 1 && (u.kind == tagUnit || u.changesState()):
			m.misplace(id, "A target between < and > is written twice, and this tag would run twice.", "write [text](target)")
		}
	}
}

// changesState says whether the order in which the unit is rendered matters to others.
func (u unit) changesState() bool {
	switch u.name {
	case "", "if", "unless", "case", "for", "else", "elsif", "when", "echo":
		return false
	}
	return u.role != closeRole
}

func (m *markdown) misplace(id int, text, hint string) {
	if !m.misplaced[id] {
		m.misplaced[id] = true
		m.reportUnit(id, "liquid-misplaced", text, hint)
	}
}
