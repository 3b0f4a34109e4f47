package templates

import (
	"germane/internal/finding"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// Limits that keep hostile Markdown from taking more than a moment. Real messages stay far below: Gmail cuts a message at 102 KB.
const (
	maxMarkdownBytes   = 256 << 10
	maxMarkdownNesting = 50   // quotes and lists opened on one line, and elements inside each other
	maxMarkdownMarks   = 5000 // emphasis marks and brackets between two blank lines
	maxTableColumns    = 50
)

// Markdown turns the tokens of a Markdown source into tokens whose text is HTML, and into tokens of plain text, with Liquid in
// the right places in both and with link targets marked. file is the file that the tokens' spans point into. With a theme, each
// element brings the styles that mail programs need; without, it is plain HTML.
//
// A placeholder that does not occur in the source stands for each piece of Liquid while goldmark reads the Markdown; the tree
// is then mended where Liquid and Markdown overlap (a loop around list items or table rows) and written out as tokens. What
// Liquid opens inside an HTML element must close inside it, so that the HTML is well-nested whichever branch is taken.
func Markdown(tokens []Token, file *finding.File, theme *Theme) (html, plain []Token, findings []finding.Finding) {
	m := newMarkdown(tokens, file)
	if !m.withinLimits() {
		return tokens, tokens, m.found.findings
	}
	root := m.parse()
	m.divide(root)
	m.mend(root)
	w := &htmlWriter{m: m, theme: theme}
	w.children(root)
	html = w.finish()
	m.checkReferences(root)
	m.checkPlaces(w.order)
	t := &textWriter{m: m, saved: map[int]lineState{}}
	t.children(root)
	return html, t.finish(html), m.found.findings
}

// markdown is one source on its way to HTML.
type markdown struct {
	file       *finding.File
	units      []unit
	constructs []construct
	balanced   bool // every construct is closed; the parser reports it when not

	prefix  string // every placeholder's first characters
	source  []byte // what goldmark reads
	origins []origin
	spots   []int // by unit: where its placeholder stands in source

	open   []*containerNode    // containers whose end has not been read
	tables tableState          // which tag lines are rows of a table
	marks  map[ast.Node][]mark // {.button} and {width=300} by link or image

	found     report
	misplaced map[int]bool // units reported as such
}

// newMarkdown prepares the source that goldmark reads.
func newMarkdown(tokens []Token, file *finding.File) *markdown {
	m := &markdown{file: file, units: cutUnits(tokens), marks: map[ast.Node][]mark{}, misplaced: map[int]bool{}}
	m.constructs, m.balanced = matchUnits(m.units)
	m.prefix = freePrefix(m.units)
	m.assemble(m.arrangeLines(m.splitLines()))
	return m
}

// parse reads the source with goldmark.
func (m *markdown) parse() ast.Node {
	return m.parser().Parse(text.NewReader(m.source))
}

// mend moves Liquid tags in the tree to where they are well-nested: between list items and outside of paragraphs.
func (m *markdown) mend(parent ast.Node) {
	for child := parent.FirstChild(); child != nil; {
		next := child.NextSibling()
		if child.Type() == ast.TypeBlock {
			m.mend(child)
			m.liftTags(child)
		}
		child = next
	}
	m.joinLists(parent)
}

// report adds a finding about a piece of the source that goldmark read.
func (m *markdown) report(start, end int, code finding.Code, text, hint string) {
	m.found.addAt(m.file, Span{m.fileOffset(start), m.fileOffset(end)}, code, text, hint)
}

// reportUnit adds a finding about a piece of Liquid.
func (m *markdown) reportUnit(id int, code finding.Code, text, hint string) {
	m.found.addAt(m.file, m.units[id].tokens[0].Span, code, text, hint)
}
