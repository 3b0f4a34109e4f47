package templates

import (
	"fmt"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"
	extension "github.com/yuin/goldmark/extension/ast"
)

// textWriter writes the same tree as htmlWriter does as plain text. Each block ends its last line and leaves a blank line behind
// it, so that what a false condition leaves out leaves no gap. Mistakes have been reported when the HTML was written.
type textWriter struct {
	m      *markdown
	text   strings.Builder // since the last token
	span   Span
	out    []Token
	prefix string // what each line begins with: "> " in a quote, spaces in a list item
	marker string // what the next line begins with instead: "- "
	line   lineState
	space  bool              // a space is due before the next word
	saved  map[int]lineState // by construct: the line's state where its branches start
	tight  bool              // inside the item of a list without blank lines between its items
}

// lineState says what has been written of a line.
type lineState uint8

const (
	lineEmpty  lineState = iota
	linePrefix           // only what the line begins with
	lineText
)

// begin writes what the line begins with.
func (w *textWriter) begin() {
	if w.line != lineEmpty || w.marker == "" && w.prefix == "" {
		return
	}
	w.line = linePrefix
	if w.marker != "" {
		w.text.WriteString(w.marker)
		w.marker = ""
		return
	}
	w.text.WriteString(w.prefix)
}

// write writes a piece of a line. At the line's start its spaces go.
func (w *textWriter) write(s string) {
	if w.line != lineText {
		s = strings.TrimLeft(s, " ")
	}
	word := strings.TrimRight(s, " ")
	if word != "" {
		w.begin()
		w.writeSpace()
		w.text.WriteString(word)
		w.line = lineText
	}
	w.space = w.space || len(word) < len(s)
}

// writeSpace writes the space that is due. At the end of a line there is none.
func (w *textWriter) writeSpace() {
	if w.space && w.line == lineText {
		w.text.WriteByte(' ')
	}
	w.space = false
}

// breakLine ends the line, if there is one.
func (w *textWriter) breakLine() {
	w.space = false
	if w.line != lineEmpty {
		w.text.WriteByte('\n')
		w.line = lineEmpty
	}
}

// endBlock ends the line and leaves a blank one, which belongs to the quote that goes on after the block.
func (w *textWriter) endBlock(n ast.Node) {
	w.breakLine()
	if strings.Contains(w.prefix, ">") {
		w.text.WriteString(w.blank(n))
	}
	w.text.WriteByte('\n')
}

// blank is what a blank line behind a block begins with.
func (w *textWriter) blank(n ast.Node) string {
	prefix := strings.TrimRight(w.prefix, " ")
	for ; prefix != "" && !w.goesOn(n); n = n.Parent() {
		if parent := n.Parent(); parent == nil {
			return ""
		} else if parent.Kind() == ast.KindBlockquote {
			prefix = strings.TrimRight(strings.TrimSuffix(prefix, ">"), " ")
		}
	}
	return prefix
}

// goesOn reports whether another block follows beside a block, whatever conditions say.
func (w *textWriter) goesOn(n ast.Node) bool {
	depth, elsewhere := 0, false // in constructs that begin later, in another branch
	const far = 100              // a quote in which as many blocks depend on something is cut in two
	for range far {
		if n = n.NextSibling(); n == nil {
			return false
		}
		tag, ok := n.(*tagNode)
		if !ok && depth == 0 && !elsewhere {
			return true
		}
		if !ok {
			continue
		}
		for _, id := range tag.units {
			switch w.m.units[id].role {
			case openRole:
				depth++
			case branchRole:
				elsewhere = elsewhere || depth == 0
			case closeRole:
				if depth == 0 {
					elsewhere = false
				} else {
					depth--
				}
			}
		}
	}
	return false
}

// source writes a piece of goldmark's source whose entities and backslashes count.
func (w *textWriter) source(s string) {
	w.pieces(s, func(s string) { w.write(w.m.characters(s)) })
}

// plain writes a piece of goldmark's source as it stands.
func (w *textWriter) plain(s string) { w.pieces(s, w.write) }

func (w *textWriter) pieces(s string, write func(string)) {
	w.m.pieces(s, write, func(id int) { w.unit(id, false) })
}

// unit puts Liquid back. A tag that stands between blocks begins no line.
func (w *textWriter) unit(id int, between bool) {
	u := w.m.units[id]
	if u.kind == literalUnit {
		w.write(u.tokens[0].Text)
		return
	}
	if between && u.role == openRole && u.owner >= 0 {
		w.saved[u.owner] = w.line
	}
	if between && u.role == branchRole && u.owner >= 0 {
		w.line = w.saved[u.owner]
	}
	if !between || w.marker != "" && u.role == openRole {
		w.begin()
	}
	if w.writeSpace(); u.kind == inlineUnit {
		w.line = lineText
	}
	w.flush()
	w.out = append(w.out, u.tokens...)
}

// dropped keeps the Liquid of a piece of source that is not written, as far as others depend on it.
func (w *textWriter) dropped(s string) {
	for {
		at, end, id := w.m.cutPlaceholder(s)
		if at < 0 {
			return
		}
		if u := w.m.units[id]; u.kind == tagUnit && u.role == loneRole && u.changesState() {
			w.flush()
			w.out = append(w.out, u.tokens...)
		}
		s = s[end:]
	}
}

func (w *textWriter) flush() {
	if w.text.Len() == 0 {
		return
	}
	w.out = append(w.out, Token{Span: w.span, Kind: TextToken, Text: w.text.String()})
	w.text.Reset()
}

// finish returns the tokens. A picture that only decorates still leaves a mark, so that no message is empty.
func (w *textWriter) finish(html []Token) []Token {
	w.flush()
	if !prints(w.out) && prints(html) {
		w.out = append(w.out, Token{Kind: TextToken, Text: ornament})
	}
	return w.out
}

// ornament stands for what has no words.
const ornament = "* * *\n\n"

// prints says whether tokens may write anything but white space.
func prints(tokens []Token) bool {
	return slices.ContainsFunc(tokens, func(t Token) bool {
		switch t.Kind {
		case TextToken:
			return strings.TrimSpace(t.Text) != ""
		case OutputToken:
			return true
		}
		return t.Name == "block" || printsInline(t.Name)
	})
}

func (w *textWriter) children(n ast.Node) {
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		if child.Type() == ast.TypeBlock {
			if lines := child.Lines(); lines != nil && lines.Len() > 0 {
				w.span = Span{w.m.fileOffset(lines.At(0).Start), w.m.fileOffset(lines.At(lines.Len() - 1).Stop)}
			}
			w.block(child)
		} else {
			w.inline(child)
		}
	}
}

func (w *textWriter) block(n ast.Node) {
	switch n := n.(type) {
	case *tagNode:
		for _, id := range n.units {
			w.unit(id, true)
		}
	case *ast.Heading, *ast.Paragraph:
		tokens, size := len(w.out), w.text.Len()
		if w.paragraph(n); len(w.out) > tokens || w.text.Len() > size {
			w.endBlock(n)
		}
	case *ast.TextBlock:
		w.paragraph(n)
		w.breakLine()
	case *ast.Blockquote:
		w.inside("> ", "", func() { w.children(n) })
	case *ast.ThematicBreak:
		w.write(strings.Repeat("-", 24))
		w.endBlock(n)
	case *ast.List:
		w.list(n)
	case *ast.CodeBlock, *ast.FencedCodeBlock:
		w.code(n)
	case *extension.Table:
		for row := n.FirstChild(); row != nil; row = row.NextSibling() {
			w.row(row)
		}
		w.endBlock(n)
	default:
		w.children(n)
	}
}

// inside writes lines that begin with a prefix, the first of them with a marker.
func (w *textWriter) inside(prefix, marker string, write func()) {
	outer, tight := w.prefix, w.tight
	switch {
	case w.marker == "" && marker != "":
		w.marker = w.prefix + marker
	case w.marker != "" && marker != "":
		w.marker += marker
	case w.marker != "":
		w.marker += prefix // a quote is the first thing in a list's item
	}
	w.prefix += prefix
	write()
	w.prefix, w.marker, w.tight = outer, "", tight
}

func (w *textWriter) list(n *ast.List) {
	outer := w.tight
	number := n.Start
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		if child.Kind() != ast.KindListItem {
			w.block(child)
			continue
		}
		marker := "- "
		if n.IsOrdered() && countable(n) {
			marker = fmt.Sprintf("%d. ", number)
		}
		number++
		w.inside(strings.Repeat(" ", len(marker)), marker, func() {
			w.tight = n.IsTight
			w.children(child)
			w.breakLine()
		})
	}
	if w.tight = outer; n.IsTight && !outer {
		w.endBlock(n)
	}
}

// countable says whether a list's items can be numbered here: not when conditions or loops decide how many there are.
func countable(list ast.Node) bool {
	for child := list.FirstChild(); child != nil; child = child.NextSibling() {
		if child.Kind() != ast.KindListItem {
			return false
		}
	}
	return true
}

func (w *textWriter) code(n ast.Node) {
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		w.begin()
		w.line = lineText // its spaces count
		w.plain(strings.TrimRight(string(line.Value(w.m.source)), "\r\n"))
		w.breakLine()
	}
	w.endBlock(n)
}

func (w *textWriter) row(row ast.Node) {
	if tags := w.m.rowTags(row); tags != nil {
		for _, id := range tags {
			w.unit(id, true)
		}
		return
	}
	for cell := row.FirstChild(); cell != nil; cell = cell.NextSibling() {
		w.children(cell)
		if cell.NextSibling() != nil {
			w.begin()
			w.line = lineText
			w.write(" | ")
		}
	}
	w.breakLine()
}
