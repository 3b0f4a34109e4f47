package templates

import (
	"bufio"
	"fmt"
	unescape "html"
	"slices"
	"strings"

	"github.com/yuin/goldmark/renderer/html"
)

// htmlWriter collects HTML and Liquid as tokens, and checks that they are well-nested: an element that opens inside a branch
// must close inside it.
type htmlWriter struct {
	m     *markdown
	theme *Theme          // nil: plain HTML
	cell  buttonPlace     // what the next button stands in
	text  strings.Builder // HTML since the last token
	span  Span            // the source of what is being written
	out   []Token
	open  []nesting
	order []int // units in the order in which they were written

	htmlOpened bool // HTML was reported, so its closing tags need not be
}

// nesting is an element or a construct that is open.
type nesting struct {
	element   string // "" for a construct
	construct int
}

// start opens an element; attributes includes the space before it.
func (w *htmlWriter) start(element, attributes string) {
	w.text.WriteString("<" + element + attributes + ">")
	w.enter(element)
}

// end closes the innermost element.
func (w *htmlWriter) end(element string) {
	w.leave(element)
	w.text.WriteString("</" + element + ">")
}

func (w *htmlWriter) enter(element string) { w.open = append(w.open, nesting{element: element}) }

// leave closes the innermost element, which must not have Liquid open inside.
func (w *htmlWriter) leave(element string) {
	for len(w.open) > 0 {
		top := w.open[len(w.open)-1]
		w.open = w.open[:len(w.open)-1]
		if top.element != "" {
			return
		}
		c := w.m.constructs[top.construct]
		w.crossing(c.open, fmt.Sprintf("%s stands inside %s, but its end is outside.", tagText(w.m.units[c.open].name), describe(element)))
	}
}

// attribute writes name="value"; the value is goldmark source.
func (w *htmlWriter) attribute(name, value string) {
	w.text.WriteString(" " + name + `="`)
	w.enter(name)
	w.markdownText(value)
	w.leave(name)
	w.text.WriteString(`"`)
}

// markdownText writes text of the source: entities and backslashes are resolved, HTML is escaped, Liquid put back.
func (w *htmlWriter) markdownText(s string) {
	w.pieces(s, func(s string) {
		b := bufio.NewWriter(&w.text)
		html.DefaultWriter.Write(b, []byte(s))
		_ = b.Flush() // a strings.Builder takes everything
	})
}

// characters returns text of the source with its entities and backslashes resolved.
func (m *markdown) characters(s string) string {
	var b strings.Builder
	w := bufio.NewWriter(&b)
	html.DefaultWriter.Write(w, []byte(s))
	_ = w.Flush() // a strings.Builder takes everything
	return unescape.UnescapeString(b.String())
}

// plainText writes text in which nothing but HTML's own characters needs care: code, and raw sections.
func (w *htmlWriter) plainText(s string) {
	w.pieces(s, func(s string) { w.text.WriteString(escapeHTML.Replace(s)) })
}

var escapeHTML = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\x00", "\uFFFD")

func (w *htmlWriter) pieces(s string, write func(string)) { w.m.pieces(s, write, w.unit) }

// pieces writes text, and the units whose placeholders stand in it.
func (m *markdown) pieces(s string, write func(string), unit func(id int)) {
	for {
		at, end, id := m.cutPlaceholder(s)
		if at < 0 {
			write(s)
			return
		}
		write(s[:at])
		unit(id)
		s = s[end:]
	}
}

// unit puts back what a placeholder stands for.
func (w *htmlWriter) unit(id int) {
	w.order = append(w.order, id)
	u := w.m.units[id]
	if u.kind == literalUnit {
		w.text.WriteString(escapeHTML.Replace(u.tokens[0].Text))
		return
	}
	w.flush()
	w.out = append(w.out, u.tokens...)
	if u.name == "block" && u.kind == tagUnit {
		w.checkBlock(id)
	}
	switch {
	case u.name == "break" || u.name == "continue" || u.name == "liquid" && leavesLoop(u.tokens[0].Body.S):
		w.leaveLoop(id)
	case u.owner < 0:
	case u.role == openRole:
		w.open = append(w.open, nesting{construct: u.owner})
	case u.role == branchRole:
		if i := w.find(u.owner); i >= 0 && i < len(w.open)-1 {
			w.crossing(id, w.unclosed(id))
		}
	case u.role == closeRole:
		w.closeConstruct(id)
	}
}

// checkBlock reports a block inside running text: its paragraphs cannot stand inside another.
func (w *htmlWriter) checkBlock(id int) {
	for _, n := range slices.Backward(w.open) {
		switch n.element {
		case "":
			continue
		case "div", "blockquote", "li":
			return
		}
		w.m.reportUnit(id, "block-in-text", "a block cannot stand inside "+describe(n.element), "put {% block … %} on a line of its own, with a blank line above and below")
		return
	}
}

func (w *htmlWriter) closeConstruct(id int) {
	i := w.find(w.m.units[id].owner)
	if i < 0 {
		return // its opening tag was reported
	}
	if i < len(w.open)-1 {
		w.crossing(id, w.unclosed(id))
	}
	w.open = slices.Delete(w.open, i, i+1)
}

// find returns where a construct is in the stack of what is open, or -1.
func (w *htmlWriter) find(construct int) int {
	for i := len(w.open) - 1; i >= 0; i-- {
		if w.open[i].element == "" && w.open[i].construct == construct {
			return i
		}
	}
	return -1
}

func (w *htmlWriter) unclosed(id int) string {
	element := ""
	for _, n := range slices.Backward(w.open) {
		if n.element != "" {
			element = n.element
			break
		}
	}
	u := w.m.units[id]
	return fmt.Sprintf("%s stands inside %s, but its %s is outside.", tagText(u.name), describe(element), tagText(w.m.constructs[u.owner].name))
}

// leaveLoop checks a break or continue: what follows it in the round is not rendered, so nothing may be open there.
func (w *htmlWriter) leaveLoop(id int) {
	for _, n := range slices.Backward(w.open) {
		if n.element != "" {
			w.crossing(id, fmt.Sprintf("%s leaves %s open.", tagText(w.m.units[id].name), describe(n.element)))
			return
		}
		if w.m.constructs[n.construct].loops() {
			return
		}
	}
}

// leavesLoop says whether the lines of a liquid tag break out of a loop around it.
func leavesLoop(body string) bool {
	depth := 0
	for line := range strings.Lines(body) {
		switch word, _, _ := strings.Cut(strings.TrimSpace(line), " "); word {
		case "for", "tablerow":
			depth++
		case "endfor", "endtablerow":
			depth--
		case "break", "continue":
			if depth <= 0 {
				return true
			}
		}
	}
	return false
}

func (w *htmlWriter) crossing(id int, text string) {
	w.m.reportUnit(id, "markup-across-tags", text,
		"begin and end bold text, links, list items and paragraphs in the same branch, or put the tag on a line of its own between whole ones")
}

func tagText(name string) string { return "{% " + name + " %}" }

// describe names an element, or an attribute, as a writer of Markdown knows it.
func describe(element string) string {
	names := map[string]string{
		"p": "a paragraph", "strong": "bold text", "em": "italic text", "del": "struck-out text", "a": "a link", "li": "a list item",
		"ul": "a list", "ol": "a list", "blockquote": "a quote", "code": "code", "pre": "code", "div": "a ::: container",
		"table": "a table", "thead": "a table's head", "tbody": "a table's rows", "tr": "a table row", "td": "a table cell", "th": "a table cell",
		"href": "a link's target", "src": "an image's address", "alt": "an image's text", "title": "a title",
	}
	if name, ok := names[element]; ok {
		return name
	}
	return "a heading"
}

func (w *htmlWriter) flush() {
	if w.text.Len() == 0 {
		return
	}
	w.out = append(w.out, Token{Span: w.span, Kind: TextToken, Text: w.text.String()})
	w.text.Reset()
}

// finish returns the tokens.
func (w *htmlWriter) finish() []Token {
	w.flush()
	return w.out
}
