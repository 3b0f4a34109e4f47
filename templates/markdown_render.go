package templates

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/yuin/goldmark/ast"
	extension "github.com/yuin/goldmark/extension/ast"
)

// children writes what stands in a node.
func (w *htmlWriter) children(n ast.Node) {
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		if child.Type() == ast.TypeBlock {
			w.at(child)
			w.block(child)
		} else {
			w.inline(child)
		}
	}
}

// at notes where in the file the next text comes from.
func (w *htmlWriter) at(n ast.Node) {
	if lines := n.Lines(); lines != nil && lines.Len() > 0 {
		w.span = Span{w.m.fileOffset(lines.At(0).Start), w.m.fileOffset(lines.At(lines.Len() - 1).Stop)}
	}
}

func (w *htmlWriter) block(n ast.Node) {
	switch n := n.(type) {
	case *tagNode:
		for _, id := range n.units {
			w.unit(id)
		}
	case *containerNode:
		w.container(n)
	case *columnNode:
		w.column(n)
	case *ast.Heading:
		w.element(n, fmt.Sprintf("h%d", n.Level), "\n")
	case *ast.Paragraph:
		if _, buttons, only := w.m.linksIn(n); w.theme != nil && only && buttons > 0 {
			w.buttons(n)
		} else {
			w.element(n, "p", "\n")
		}
	case *ast.TextBlock:
		w.children(n)
		if n.NextSibling() != nil && n.FirstChild() != nil {
			w.text.WriteByte('\n')
		}
	case *ast.Blockquote:
		w.wrap(n, "blockquote", "")
	case *ast.ThematicBreak:
		w.rule()
	case *ast.List:
		w.list(n)
	case *ast.ListItem:
		w.item(n)
	case *ast.CodeBlock:
		w.checkIndented(n)
		w.code(n)
	case *ast.FencedCodeBlock:
		w.code(n)
	case *ast.HTMLBlock:
		w.htmlBlock(n)
	case *extension.Table:
		w.table(n)
	}
}

// element writes an element whose content follows at once.
func (w *htmlWriter) element(n ast.Node, name, after string) {
	w.start(name, w.look(name, n))
	w.children(n)
	w.end(name)
	w.text.WriteString(after)
}

// wrap writes an element around blocks.
func (w *htmlWriter) wrap(n ast.Node, name, attributes string) {
	w.start(name, attributes+w.look(name, n))
	w.text.WriteByte('\n')
	w.children(n)
	w.end(name)
	w.text.WriteByte('\n')
}

func (w *htmlWriter) container(n *containerNode) {
	switch {
	case n.name == "":
		w.children(n)
		return
	case w.theme != nil && n.name == "box":
		w.box(n)
		return
	case w.theme != nil && n.name == "columns":
		w.columns(n)
		return
	}
	w.wrap(n, "div", ` class="`+n.name+`"`)
}

func (w *htmlWriter) list(n *ast.List) {
	switch {
	case !n.IsOrdered():
		w.wrap(n, "ul", "")
	case n.Start != 1:
		w.wrap(n, "ol", fmt.Sprintf(` start="%d"`, n.Start))
	default:
		w.wrap(n, "ol", "")
	}
}

func (w *htmlWriter) item(n ast.Node) {
	w.start("li", w.look("li", n))
	if first := n.FirstChild(); first != nil && first.Kind() != ast.KindTextBlock && first.Kind() != kindTag {
		w.text.WriteByte('\n')
	}
	w.children(n)
	w.end("li")
	w.text.WriteByte('\n')
}

func (w *htmlWriter) code(n ast.Node) {
	w.start("pre", w.look("pre", n))
	w.start("code", w.codeInPre())
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		w.plainText(string(line.Value(w.m.source)))
	}
	w.end("code")
	w.end("pre")
	w.text.WriteByte('\n')
}

// checkIndented reports text that became code because somebody indented the content of a tag.
func (w *htmlWriter) checkIndented(n *ast.CodeBlock) {
	if before := n.PreviousSibling(); before != nil && before.Kind() == kindTag && n.Lines().Len() > 0 {
		first := n.Lines().At(0)
		w.m.report(first.Start, first.Stop, "indented-code", "four spaces before a text make it code", "indent it by less, or write ``` above and below it")
	}
}

func (w *htmlWriter) htmlBlock(n *ast.HTMLBlock) {
	lines := n.Lines()
	for i := range lines.Len() {
		line := lines.At(i)
		w.plainText(string(line.Value(w.m.source)))
	}
	if n.HasClosure() {
		w.plainText(string(n.ClosureLine.Value(w.m.source)))
	}
	if lines.Len() > 0 {
		w.refuseHTML(lines.At(0).Start, lines.At(0).Stop)
	}
}

// refuseHTML reports HTML; it has been written as text, so that its Liquid is checked all the same.
func (w *htmlWriter) refuseHTML(start, stop int) {
	text := string(bytes.TrimSpace(w.m.source[start:stop]))
	start += strings.Index(string(w.m.source[start:stop]), text)
	what, hint := "HTML", "write Markdown, or put the HTML into a template or block whose name ends in .html, or into the layout"
	if strings.HasPrefix(text, "<!--") {
		what, hint = "An HTML comment", "write {% comment %}…{% endcomment %}, which nobody receives"
	}
	w.m.report(start, start+len(text), "html-in-markdown", what+" cannot stand in a Markdown file.", hint)
}

func (w *htmlWriter) table(n *extension.Table) {
	w.start("table", w.look("table", n))
	w.text.WriteByte('\n')
	for row := n.FirstChild(); row != nil; row = row.NextSibling() {
		if row.Kind() == extension.KindTableHeader {
			w.start("thead", "")
			w.text.WriteByte('\n')
			w.row(row, "th")
			w.end("thead")
			w.text.WriteByte('\n')
			continue
		}
		if row == n.FirstChild().NextSibling() {
			w.start("tbody", "")
			w.text.WriteByte('\n')
		}
		w.row(row, "td")
		if row == n.LastChild() {
			w.end("tbody")
			w.text.WriteByte('\n')
		}
	}
	w.end("table")
	w.text.WriteByte('\n')
}

func (w *htmlWriter) row(row ast.Node, cell string) {
	if tags := w.m.rowTags(row); tags != nil {
		for _, id := range tags {
			w.unit(id)
		}
		return
	}
	w.start("tr", "")
	w.text.WriteByte('\n')
	for child := row.FirstChild(); child != nil; child = child.NextSibling() {
		attributes := ""
		if c, ok := child.(*extension.TableCell); ok && c.Alignment != extension.AlignNone {
			attributes = ` align="` + c.Alignment.String() + `"`
		}
		w.at(child)
		w.start(cell, attributes+w.look(cell, child))
		w.children(child)
		w.end(cell)
		w.text.WriteByte('\n')
	}
	w.end("tr")
	w.text.WriteByte('\n')
}
