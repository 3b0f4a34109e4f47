package templates

import (
	"sort"
	"strings"
)

// page is an HTML source as one string with a NUL wherever Liquid stands, so that markup can be read across Liquid.
type page struct {
	tokens []Token
	source string
	starts []int // by token: where it starts in source
}

func newPage(tokens []Token) *page {
	p := &page{tokens: tokens, starts: make([]int, len(tokens))}
	var b strings.Builder
	for i, token := range tokens {
		p.starts[i] = b.Len()
		if token.Kind == TextToken {
			b.WriteString(token.Text)
		} else {
			b.WriteByte(0)
		}
	}
	p.source = b.String()
	return p
}

// tokenAt returns the index of the token that a byte of the source belongs to.
func (p *page) tokenAt(at int) int {
	return sort.SearchInts(p.starts, at+1) - 1
}

// fileSpan returns the place in the file of a piece of the source, which is not empty.
func (p *page) fileSpan(start, end int) Span {
	first, last := p.tokenAt(start), p.tokenAt(end-1)
	span := Span{p.tokens[first].Start, p.tokens[last].End}
	if p.tokens[first].Kind == TextToken {
		span.Start += start - p.starts[first]
	}
	if p.tokens[last].Kind == TextToken {
		span.End = p.tokens[last].Start + end - p.starts[last]
	}
	return span
}

// cut returns the tokens of a piece of the source; a text is cut where the piece starts and ends.
func (p *page) cut(start, end int) []Token {
	var out []Token
	for i := max(0, p.tokenAt(start)); i < len(p.tokens) && p.starts[i] < end; i++ {
		token := p.tokens[i]
		if token.Kind == TextToken {
			from, to := max(start-p.starts[i], 0), min(end-p.starts[i], len(token.Text))
			if from >= to {
				continue
			}
			token.Span = Span{token.Start + from, token.Start + to}
			token.Text = token.Text[from:to]
		} else if p.starts[i] < start {
			continue
		}
		out = append(out, token)
	}
	return out
}

// balanced says whether the tags in a piece of the source open and close each other.
func (p *page) balanced(start, end int) bool {
	if strings.IndexByte(p.source[start:end], 0) < 0 {
		return true
	}
	_, balanced := matchUnits(cutUnits(p.cut(start, end)))
	return balanced
}

// markupKind says what a piece of HTML is.
type markupKind uint8

const (
	characters markupKind = iota // text, with its character references
	rawText                      // what stands in a style, script or the like
	startTag
	endTag
	comment
	docDeclaration // <!doctype …>, <![if …]>, <?xml …?>
)

// markup is one piece of HTML.
type markup struct {
	kind       markupKind
	start, end int // in the page's source
	name       string
	attributes []attribute
	nameEnd    int // of a start tag
}

// attribute is an attribute of a start tag.
type attribute struct {
	name       string // small letters
	at         int    // where its name starts
	start, end int    // of its value, without quotes; both 0 without one
	quote      byte   // 0: none
}

// attribute returns the first attribute of that name.
func (m *markup) attribute(name string) (attribute, bool) {
	for _, a := range m.attributes {
		if a.name == name {
			return a, true
		}
	}
	return attribute{}, false
}

// rawElements hold text that is not markup.
var rawElements = map[string]bool{
	"style": true, "script": true, "title": true, "textarea": true, "xmp": true, "iframe": true, "noembed": true, "noframes": true,
}

// scanMarkup cuts a piece of a page's source into markup, by the WHATWG tokenizer's rules (HTML Standard 13.2.5).
func scanMarkup(source string, start, end int) []markup {
	s := &markupReader{source: source[:end], at: start}
	for s.at < end {
		s.next()
	}
	return s.out
}

type markupReader struct {
	source string
	at     int
	out    []markup
}

func (s *markupReader) next() {
	rest := s.source[s.at:]
	open := tagOpening(rest)
	if open != 0 {
		if open < 0 {
			open = len(rest)
		}
		s.add(markup{kind: characters, start: s.at, end: s.at + open})
		return
	}
	switch {
	case strings.HasPrefix(rest, "<!--"):
		s.add(markup{kind: comment, start: s.at, end: s.at + commentLength(rest)})
	case rest[1] == '!' || rest[1] == '?':
		s.add(markup{kind: docDeclaration, start: s.at, end: s.at + lengthUntil(rest, ">")})
	default:
		s.tag(rest[1] == '/')
	}
}

func (s *markupReader) add(m markup) {
	s.out = append(s.out, m)
	s.at = m.end
}

// tagOpening returns where the next < is that begins markup, or -1.
func tagOpening(s string) int {
	for at := 0; ; at++ {
		next := strings.IndexByte(s[at:], '<')
		if next < 0 || at+next+1 >= len(s) {
			return -1
		}
		at += next
		following := s[at+1]
		if following == '/' && at+2 < len(s) {
			following = s[at+2]
		}
		if following|0x20 >= 'a' && following|0x20 <= 'z' || s[at+1] == '!' || s[at+1] == '?' {
			return at
		}
	}
}

func commentLength(s string) int {
	for _, empty := range []string{"<!-->", "<!--->"} {
		if strings.HasPrefix(s, empty) {
			return len(empty)
		}
	}
	return 4 + lengthUntil(s[4:], "-->")
}

// lengthUntil returns the length of s up to and with an end, or all of it.
func lengthUntil(s, end string) int {
	if i := strings.Index(s, end); i >= 0 {
		return i + len(end)
	}
	return len(s)
}

// tag reads a start or end tag, and the raw text behind a start tag that has some.
func (s *markupReader) tag(closing bool) {
	t := markup{kind: startTag, start: s.at}
	s.at++
	if closing {
		t.kind = endTag
		s.at++
	}
	nameStart := s.at
	for s.at < len(s.source) && !isTagSpace(s.source[s.at]) && s.source[s.at] != '>' && s.source[s.at] != '/' {
		s.at++
	}
	t.name, t.nameEnd = strings.ToLower(s.source[nameStart:s.at]), s.at
	for s.attribute(&t) {
	}
	t.end = s.at
	s.out = append(s.out, t)
	if t.kind == startTag && rawElements[t.name] {
		if end := rawEnd(s.source[s.at:], t.name); end > 0 {
			s.add(markup{kind: rawText, start: s.at, end: s.at + end, name: t.name})
		}
	}
}

// attribute reads the next attribute; false at the tag's end.
func (s *markupReader) attribute(t *markup) bool {
	for s.at < len(s.source) && (isTagSpace(s.source[s.at]) || s.source[s.at] == '/') {
		s.at++
	}
	if s.at >= len(s.source) {
		return false
	}
	if s.source[s.at] == '>' {
		s.at++
		return false
	}
	a := attribute{at: s.at}
	for s.at++; s.at < len(s.source) && !isTagSpace(s.source[s.at]) && strings.IndexByte("=>/", s.source[s.at]) < 0; {
		s.at++
	}
	a.name = strings.ToLower(s.source[a.at:s.at])
	if equals := s.skipSpace(s.at); equals < len(s.source) && s.source[equals] == '=' {
		s.at = s.skipSpace(equals + 1)
		s.value(&a)
	}
	t.attributes = append(t.attributes, a)
	return true
}

func (s *markupReader) value(a *attribute) {
	if s.at >= len(s.source) {
		return
	}
	quote := s.source[s.at]
	if quote != '"' && quote != '\'' {
		a.start = s.at
		for s.at < len(s.source) && !isTagSpace(s.source[s.at]) && s.source[s.at] != '>' {
			s.at++
		}
		a.end = s.at
		return
	}
	a.quote, a.start = quote, s.at+1
	if end := strings.IndexByte(s.source[a.start:], quote); end >= 0 {
		a.end = a.start + end
		s.at = a.end + 1
		return
	}
	a.end, s.at = len(s.source), len(s.source)
}

func (s *markupReader) skipSpace(at int) int {
	for at < len(s.source) && isTagSpace(s.source[at]) {
		at++
	}
	return at
}

// rawEnd returns where the end tag of a raw element starts, or the length of s.
func rawEnd(s, name string) int {
	for at := 0; ; at += 2 {
		next := strings.Index(s[at:], "</")
		if next < 0 {
			return len(s)
		}
		at += next
		if rest := s[at+2:]; len(rest) >= len(name) && strings.EqualFold(rest[:len(name)], name) {
			if rest = rest[len(name):]; rest == "" || isTagSpace(rest[0]) || rest[0] == '>' || rest[0] == '/' {
				return at
			}
		}
	}
}

func isTagSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' }
