package templates

import (
	"html"
	"strings"
)

// openLink begins a link's text. Its address follows the text, unless different branches begin and end the link: then it comes
// first, since only there it is certain which link it is.
func (w *pageWriter) openLink(i int, piece *markup) {
	href, ok := piece.attribute("href")
	if !ok {
		return
	}
	link := pageLink{href: href, alone: w.breaks > 0}
	end := w.shape.partner[i]
	if end == 0 || w.path(piece) != w.path(&w.shape.pieces[end]) {
		link.written = true
		if w.hasAddress(href) {
			w.address(href)
			w.space = true
		}
	}
	link.tokens, link.start = len(w.out), len(w.text)
	w.links = append(w.links, link)
}

func (w *pageWriter) path(piece *markup) int { return w.shape.paths[w.page.tokenAt(piece.start)] }

// closeLink writes the address behind a link's text.
func (w *pageWriter) closeLink(i int) {
	n := len(w.links)
	if n == 0 {
		return
	}
	link := w.links[n-1]
	w.links = w.links[:n-1]
	if link.written || !w.hasAddress(link.href) {
		return
	}
	label, static := "", len(w.out) == link.tokens
	if static {
		label = strings.TrimSpace(string(w.text[min(link.start, len(w.text)):]))
	}
	before, behind := " (", ")"
	switch {
	case static && label == "" && w.repeats(i, link.href):
		return
	case static && label == "":
		before, behind = "", ""
	case static && label == html.UnescapeString(strings.TrimSpace(w.page.source[link.href.start:link.href.end])):
		w.text = w.text[:len(w.text)-len(label)]
		before, behind = "", ""
	case link.alone && w.breaks == 0 && w.breaksFrom(i+1, 0) > 0:
		before, behind = ": ", ""
	}
	if before != "" {
		w.space = false
		w.write(before)
	}
	w.address(link.href)
	w.text = append(w.text, behind...)
}

// repeats says whether the next link leads to the same place, as a text beside its icon does.
func (w *pageWriter) repeats(i int, href attribute) bool {
	for i++; i < len(w.shape.pieces); i++ {
		if piece := &w.shape.pieces[i]; piece.kind == startTag && piece.name == "a" {
			next, _ := piece.attribute("href")
			return w.page.source[next.start:next.end] == w.page.source[href.start:href.end] && !strings.Contains(w.page.source[href.start:href.end], "\x00")
		}
	}
	return false
}

// hasAddress says whether a link's target is worth reading.
func (w *pageWriter) hasAddress(href attribute) bool {
	value := strings.TrimSpace(w.page.source[href.start:href.end])
	return value != "" && value[0] != '#' && w.page.balanced(href.start, href.end)
}

// address writes a link's target with the characters for its references.
func (w *pageWriter) address(href attribute) {
	w.begin()
	marked := w.page.isLink(href)
	span := w.page.fileSpan(href.start, href.end)
	if marked {
		w.put(Token{Span: span, Kind: LinkStart})
	}
	for i, token := range w.page.cut(href.start, href.end) {
		if token.Kind != TextToken {
			w.put(token)
			continue
		}
		target := html.UnescapeString(token.Text)
		if i == 0 {
			target = withoutScheme(target)
		}
		w.text = append(w.text, target...)
	}
	if marked {
		w.put(Token{Span: span, Kind: LinkEnd})
	}
}

// withoutScheme takes from an address for mail or telephone what only programs need.
func withoutScheme(target string) string {
	target = strings.TrimLeft(target, " \t\r\n\f")
	for _, scheme := range []string{"mailto:", "tel:", "sms:"} {
		target = strings.TrimPrefix(target, scheme)
	}
	return target
}
