package templates

import (
	"strings"

	"github.com/yuin/goldmark/ast"
)

// paragraph writes running text, or links that stand for themselves: each of these is a line of its own.
func (w *textWriter) paragraph(n ast.Node) {
	links, _, only := w.m.linksIn(n)
	alone := only && links > 0
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		link, ok := child.(*ast.Link)
		_, button := w.m.mark(child, "class")
		if !ok || !alone && !button {
			w.inline(child)
			continue
		}
		if w.line == lineText {
			w.breakLine()
		}
		w.link(link, string(link.Destination), true)
		w.breakLine()
	}
}

func (w *textWriter) inline(n ast.Node) {
	switch n := n.(type) {
	case *ast.Text:
		w.textNode(n)
	case *ast.String:
		w.source(string(n.Value))
	case *ast.CodeSpan:
		for child := n.FirstChild(); child != nil; child = child.NextSibling() {
			if text, ok := child.(*ast.Text); ok {
				w.plain(strings.ReplaceAll(string(text.Segment.Value(w.m.source)), "\n", " "))
			}
		}
	case *ast.Link:
		w.link(n, string(n.Destination), false)
	case *ast.Image:
		w.image(n)
	case *ast.AutoLink:
		w.address(n, string(n.Label(w.m.source)))
	case *linkNode:
		w.address(n, n.target)
	case *ast.RawHTML:
		for i := range n.Segments.Len() {
			segment := n.Segments.At(i)
			w.plain(string(segment.Value(w.m.source)))
		}
	default:
		w.children(n)
	}
}

func (w *textWriter) textNode(n *ast.Text) {
	value := string(n.Segment.Value(w.m.source))
	if n.IsRaw() {
		w.plain(value)
	} else {
		w.source(value)
	}
	switch {
	case n.HardLineBreak():
		w.breakLine()
	case n.SoftLineBreak():
		w.write(" ")
	}
}

func (w *textWriter) image(n *ast.Image) {
	w.dropped(string(n.Destination))
	w.dropped(string(n.Title))
	if !n.HasChildren() {
		return
	}
	w.write("[")
	w.label(n)
	w.write("]")
}

// label writes a node's text without its links, which an image's text has none of.
func (w *textWriter) label(n ast.Node) {
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		switch child := child.(type) {
		case *ast.Link:
			w.label(child)
		case *ast.AutoLink:
			w.plain(string(child.Label(w.m.source)))
		case *linkNode:
		default:
			w.inline(child)
		}
	}
}

// link writes a link as label: address, or as label (address) in running text.
func (w *textWriter) link(n ast.Node, destination string, alone bool) {
	if title := n.(*ast.Link).Title; len(title) > 0 {
		w.dropped(string(title))
	}
	if n.ChildCount() == 0 || w.labelled(n, destination) {
		w.address(n, destination)
		return
	}
	w.children(n)
	if strings.HasPrefix(destination, "#") {
		return
	}
	before, behind := " (", ")"
	if alone {
		before, behind = ": ", ""
	}
	w.write(before)
	w.address(n, destination)
	w.write(behind)
}

// labelled says whether a link's text is its target.
func (w *textWriter) labelled(n ast.Node, destination string) bool {
	text, ok := n.FirstChild().(*ast.Text)
	return ok && n.ChildCount() == 1 && w.m.characters(string(text.Segment.Value(w.m.source))) == w.m.characters(destination)
}

// address writes a link's target.
func (w *textWriter) address(n ast.Node, target string) {
	w.begin()
	w.writeSpace()
	w.line = lineText
	write := w.source
	if _, ok := n.(*ast.Link); !ok {
		write = w.plain
	}
	if n.Kind() == ast.KindAutoLink && n.(*ast.AutoLink).AutoLinkType == ast.AutoLinkEmail || !w.m.isTracked(target) {
		address, query, _ := strings.Cut(withoutScheme(target), "?") // what a letter begins with is for the mail program
		write(address)
		w.dropped(query)
		return
	}
	span := w.m.linkSpan(n)
	w.flush()
	w.out = append(w.out, Token{Span: span, Kind: LinkStart})
	write(target)
	w.flush()
	w.out = append(w.out, Token{Span: span, Kind: LinkEnd})
}
