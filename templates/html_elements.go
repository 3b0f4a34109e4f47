package templates

import (
	"fmt"
	"html"
	"strings"
)

func (w *pageWriter) startTag(i int, piece *markup) {
	switch name := piece.name; name {
	case "br":
		w.space = false
		w.text = append(w.text, "\n"[:min(1, 2-w.breaks)]...)
		w.breaks = min(w.breaks+1, 2)
	case "hr":
		w.need(2)
		w.write(strings.Repeat("-", 24))
		w.need(2)
	case "img":
		w.image(piece)
	case "a":
		w.openLink(i, piece)
	case "table":
		w.need(2)
		w.tables = append(w.tables, pageTable{layout: piece.isLayoutTable(w.page)})
	case "tr":
		w.need(w.breaksAround(piece))
		if n := len(w.tables); n > 0 {
			w.tables[n-1].cells = 0
		}
	case "td", "th":
		w.cell()
	case "ul", "ol":
		w.list(piece)
	case "li":
		w.item(piece)
	case "blockquote":
		w.need(2)
		w.quotes++
	case "pre":
		w.need(2)
		w.pre++
	default:
		w.around(piece)
	}
}

func (w *pageWriter) endTag(i int, piece *markup) {
	switch piece.name {
	case "a":
		w.closeLink(i)
		return
	case "td", "th":
		return // what follows decides
	case "table":
		w.need(2)
		w.tables = w.tables[:max(0, len(w.tables)-1)]
	case "ul", "ol":
		w.lists = w.lists[:max(0, len(w.lists)-1)]
		w.need(2 - min(1, len(w.lists)))
	case "li":
		w.need(1)
		w.marker = ""
	case "blockquote":
		w.need(2)
		w.quotes = max(0, w.quotes-1)
	case "pre":
		w.need(2)
		w.pre = max(0, w.pre-1)
	default:
		w.around(piece)
	}
}

// around separates any other element's text from what stands around it.
func (w *pageWriter) around(piece *markup) {
	switch {
	case piece.isBlock():
		w.need(w.breaksAround(piece))
	case spaceAround[piece.name]:
		w.space = w.breaks == 0
	}
}

// cell separates a table's cells: those of a table that only arranges things are lines.
func (w *pageWriter) cell() {
	n := len(w.tables)
	if n == 0 {
		w.need(1)
		return
	}
	table := &w.tables[n-1]
	table.cells++
	switch {
	case table.cells == 1 || w.breaks > 0:
	case table.layout:
		w.need(1)
	default:
		w.space = false
		w.write(" | ")
	}
}

func (w *pageWriter) list(piece *markup) {
	w.need(2 - min(1, len(w.lists)))
	list := pageList{path: w.path(piece)}
	if piece.name == "ol" {
		list.number = 1
	}
	w.lists = append(w.lists, list)
}

// item begins a list's item. It has a number only while every item before it is always there.
func (w *pageWriter) item(piece *markup) {
	w.need(1)
	w.marker = "- "
	if len(w.lists) == 0 {
		return
	}
	list := &w.lists[len(w.lists)-1]
	if list.path != w.path(piece) {
		list.number = 0
	}
	if list.number > 0 {
		w.marker = fmt.Sprintf("%d. ", list.number)
		list.number = (list.number + 1) % 1000
	}
	list.width = len(w.marker)
}

// image writes an image's text.
func (w *pageWriter) image(piece *markup) {
	alt, _ := piece.attribute("alt")
	if strings.TrimSpace(w.page.source[alt.start:alt.end]) == "" || !w.page.balanced(alt.start, alt.end) {
		return
	}
	w.write("[")
	for _, token := range w.page.cut(alt.start, alt.end) {
		if token.Kind == TextToken {
			w.text = append(w.text, strings.Join(strings.Fields(html.UnescapeString(token.Text)), " ")...)
		} else {
			w.put(token)
		}
	}
	w.write("]")
}
