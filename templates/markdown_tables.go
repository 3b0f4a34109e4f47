package templates

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	gold "github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// tableState says which lines of tags are rows of a table. goldmark turns a paragraph into a table when it ends, so while it
// grows each line of tags must be told apart from one that ends it.
type tableState struct {
	paragraph ast.Node     // the last paragraph known to become a table
	until     int          // source offset up to which tags belong to the table
	rows      map[int]bool // source offsets of tag lines that are rows
}

var delimiterRow = regexp.MustCompile(`^[ \t>]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*\n?$`)

// headDelimiter is a delimiter row that cannot be meant as a row of dashes, for "nothing".
var headDelimiter = regexp.MustCompile(`^[ \t>]*\|?[ \t]*:?-{3,}:?[ \t]*(?:\||$)`)

// isTableRow says whether a line of tags continues the table above it: a construct around rows only, or a tag inside one.
func (m *markdown) isTableRow(units []int, parent ast.Node, segment text.Segment, pc gold.Context) bool {
	last := pc.LastOpenedBlock().Node
	if last == nil || !ast.IsParagraph(last) || last.Parent() != parent || !m.becomesTable(last) {
		return false
	}
	for _, id := range units {
		if !m.units[id].neutral() || m.spots[id] >= m.tables.until && !m.startsRows(id, segment) {
			return false
		}
	}
	if m.tables.rows == nil {
		m.tables.rows = map[int]bool{}
	}
	m.tables.rows[segment.Start] = true
	return true
}

func (m *markdown) becomesTable(paragraph ast.Node) bool {
	if m.tables.paragraph == paragraph {
		return true
	}
	lines := paragraph.Lines()
	for i := 1; i < lines.Len(); i++ {
		at := lines.At(i)
		if value := at.Value(m.source); bytes.IndexByte(value, '|') >= 0 && delimiterRow.Match(value) {
			m.tables = tableState{paragraph: paragraph, rows: m.tables.rows}
			return true
		}
	}
	return false
}

// startsRows says whether a tag in a table opens a construct with nothing but rows in it, or stands before a row.
func (m *markdown) startsRows(id int, segment text.Segment) bool {
	u := m.units[id]
	if !u.neutral() || u.role == branchRole || u.role == closeRole {
		return false
	}
	if u.role == loneRole {
		next, _, _ := bytes.Cut(m.source[segment.Stop:], []byte("\n"))
		return bytes.IndexByte(next, '|') >= 0
	}
	end := m.spots[m.constructs[u.owner].close]
	rows := 0 // since the last line of tags
	for rest := m.source[segment.Stop:max(end, segment.Stop)]; len(rest) > 0; {
		line, after, found := bytes.Cut(rest, []byte("\n"))
		switch {
		case bytes.IndexByte(line, '|') >= 0:
			if rows++; rows == 2 && headDelimiter.Match(line) {
				return false // the branch has a table of its own
			}
		case m.printsNothing(line):
			rows = 0
		case found || len(bytes.TrimLeft(line, "> \t")) > 0:
			return false
		}
		rest = after
	}
	m.tables.until = max(m.tables.until, end+1)
	return true
}

// printsNothing says whether a line holds tags only, and none that print.
func (m *markdown) printsNothing(line []byte) bool {
	units := m.tagsOnly(strings.TrimLeft(string(line), "> \t"))
	return len(units) > 0 && !slices.ContainsFunc(units, func(id int) bool { return !m.units[id].neutral() })
}

// rowTags returns the tags of a table row that is a line of tags, or nil.
func (m *markdown) rowTags(row ast.Node) []int {
	if !m.tables.rows[row.Pos()] || row.FirstChild() == nil {
		return nil
	}
	lines := row.FirstChild().Lines()
	if lines == nil || lines.Len() == 0 {
		return nil
	}
	segment := lines.At(0)
	return m.tagsOnly(string(segment.Value(m.source)))
}
