package templates

import (
	"html"
	"regexp"
	"slices"
	"strings"
)

// addressScheme is what an absolute address begins with (RFC 3986, section 3.1).
var addressScheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)

// isTracked says whether a target is a link that a person follows to a web page: not an address for mail or telephone, not an
// anchor, and none of the message's own {{ links.… }}. target has characters for its references; it ends where Liquid begins.
func isTracked(target string, first *Token) bool {
	target = strings.TrimLeft(target, " \t\r\n\f")
	if target == "" {
		return first != nil && !strings.HasPrefix(strings.TrimSpace(first.Body.S), "links.")
	}
	scheme := strings.ToLower(addressScheme.FindString(target))
	return target[0] != '#' && (scheme == "" || scheme == "http:" || scheme == "https:")
}

// linkMark is a target in a page's source.
type linkMark struct {
	start, end int
	span       Span
}

// markLinks finds the targets of a page's links, also of those that only Outlook reads, in conditional comments.
func (p *page) markLinks() []linkMark {
	return p.marksIn(scanMarkup(p.source, 0, len(p.source)))
}

func (p *page) marksIn(pieces []markup) []linkMark {
	var marks []linkMark
	for i := range pieces {
		piece := &pieces[i]
		switch {
		case piece.kind == comment:
			if start, end, ok := p.conditional(piece); ok {
				marks = append(marks, p.marksIn(scanMarkup(p.source, start, end))...)
			}
		case piece.kind == startTag && (piece.name == "a" || piece.name == "area" || strings.HasPrefix(piece.name, "v:")):
			if href, ok := piece.attribute("href"); ok && p.isLink(href) {
				marks = append(marks, linkMark{href.start, href.end, p.fileSpan(href.start, href.end)})
			}
		}
	}
	return marks
}

// conditional returns the markup in <!--[if …]> … <![endif]-->. Comments inside it are not read again.
func (p *page) conditional(piece *markup) (start, end int, ok bool) {
	text := p.source[piece.start:piece.end]
	if !strings.HasPrefix(text, "<!--[if") || !strings.HasSuffix(text, "<![endif]-->") {
		return 0, 0, false
	}
	head := strings.Index(text, "]>")
	if head < 0 || strings.Contains(text[4:], "<!--") {
		return 0, 0, false
	}
	return piece.start + head + len("]>"), piece.end - len("<![endif]-->"), true
}

// isLink says whether an href is marked. One whose Liquid begins or ends outside of it is left alone, and so is Liquid in a value
// without quotes: analysis refuses both.
func (p *page) isLink(href attribute) bool {
	value := p.source[href.start:href.end]
	if value == "" || !p.balanced(href.start, href.end) {
		return false
	}
	tokens := p.cut(href.start, href.end)
	liquid := slices.IndexFunc(tokens, func(t Token) bool { return t.Kind != TextToken })
	if liquid < 0 {
		return isTracked(html.UnescapeString(value), nil)
	}
	return href.quote != 0 && isTracked(html.UnescapeString(joinText(tokens[:liquid])), &tokens[liquid])
}

func joinText(tokens []Token) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteString(t.Text)
	}
	return b.String()
}

// withLinks returns the page's tokens with the targets of its links marked; all else stays byte for byte.
func (p *page) withLinks() []Token {
	var out []Token
	at := 0
	for _, mark := range p.markLinks() {
		out = append(out, p.cut(at, mark.start)...)
		out = append(out, Token{Span: mark.span, Kind: LinkStart})
		out = append(out, p.cut(mark.start, mark.end)...)
		out = append(out, Token{Span: mark.span, Kind: LinkEnd})
		at = mark.end
	}
	return append(out, p.cut(at, len(p.source))...)
}
