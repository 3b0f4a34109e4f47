package templates

import (
	"strings"

	"germane/internal/finding"
)

// rubySpace is what Ruby's strip and \s take for white space; Shopify's white space control is defined by it.
const rubySpace = " \t\n\v\f\r\x00"

// Lex cuts source into tokens, applying white space control and resolving raw, comment, doc and inline comments. Mistakes do
// not stop it: behind an opening delimiter that is never closed it goes on at the next one, at the latest on the next line.
//
// As in Shopify's Liquid, a delimiter inside a quoted string counts: {{ "}}" }} ends at the first }}.
func Lex(source finding.Text) ([]Token, []finding.Finding) {
	l := &lexer{source: source, s: source.S}
	for l.at < len(l.s) {
		switch rest := l.s[l.at:]; {
		case strings.HasPrefix(rest, "{%"):
			l.tag()
		case strings.HasPrefix(rest, "{{"):
			l.output()
		default:
			l.text()
		}
	}
	return l.tokens, l.findings
}

type lexer struct {
	report
	source finding.Text
	s      string
	at     int // the next byte to read
	tokens []Token

	trim     bool // what came before ended in -: white space at the start of the next text goes
	textLast bool // the last token is a text that ends where the next piece starts

	// These keep hostile input linear: what was searched for once in vain is not searched for again.
	tagFrom, tagEnd int // where the last search for %} started and ended; -1: there are no more
	failedAt        int // outputs that start before this offset have no end
}

func (l *lexer) text() {
	end := len(l.s)
	if next := nextOpening(l.s[l.at+1:]); next >= 0 {
		end = l.at + 1 + next
	}
	start := l.at
	l.at = end
	if l.trim {
		start += len(l.s[start:end]) - len(strings.TrimLeft(l.s[start:end], rubySpace))
	}
	l.trim = false
	if start < end {
		l.tokens = append(l.tokens, Token{Span: l.span(start, end), Kind: TextToken, Text: l.s[start:end]})
		l.textLast = true
	}
}

// nextOpening returns where the next {{ or {% starts, or -1.
func nextOpening(s string) int {
	for i := 0; ; i++ {
		next := strings.IndexByte(s[i:], '{')
		if next < 0 {
			return -1
		}
		i += next
		if i+1 < len(s) && (s[i+1] == '{' || s[i+1] == '%') {
			return i
		}
	}
}

func (l *lexer) span(start, end int) Span {
	return Span{Start: l.source.Start + start, End: l.source.Start + end}
}

// trimBefore removes white space at the end of the text directly before an opening delimiter with a dash.
func (l *lexer) trimBefore() {
	if last := len(l.tokens) - 1; l.textLast {
		t := &l.tokens[last]
		t.Text = strings.TrimRight(t.Text, rubySpace)
		t.End = t.Start + len(t.Text)
		if t.Text == "" {
			l.tokens = l.tokens[:last]
		}
	}
}

// inside strips the dashes of a whole {{…}} or {%…%}, applies white space control, and returns where its content starts and ends.
func (l *lexer) inside(start, end int) (from, to int) {
	from, to = start+2, end-2
	dashBefore := from < len(l.s) && l.s[from] == '-'
	dashBehind := to > start+1 && l.s[to-1] == '-'
	if dashBefore {
		l.trimBefore()
		from++
	}
	if dashBehind {
		to--
	}
	l.trim, l.textLast = dashBehind, false
	return from, max(from, to)
}

func (l *lexer) output() {
	start := l.at
	if end := l.brazeEnd(start + 2); end > 0 {
		l.tokens = append(l.tokens, Token{Span: l.span(start, end), Kind: OutputToken, Body: l.source.Slice(start+2, end-2)})
		l.at, l.trim, l.textLast = end, false, false
		return
	}
	end, closed := l.outputEnd(start+2, true)
	if !closed {
		l.unclosed(start, "}}")
		return
	}
	from, to := l.inside(start, end)
	l.tokens = append(l.tokens, Token{Span: l.span(start, end), Kind: OutputToken, Body: l.source.Slice(from, to)})
	l.at = end
}

// brazeEnd returns where an output ends that holds a ${name} as Braze writes it, {{${first_name}}} or {{${name} | upcase}}, so
// that its braces are one finding and no more; 0 if this is none.
func (l *lexer) brazeEnd(from int) int {
	brace := strings.IndexAny(l.s[from:min(len(l.s), from+64)], "{}\n")
	if brace < 1 || l.s[from+brace] != '{' || l.s[from+brace-1] != '$' {
		return 0
	}
	line := l.s[from:min(len(l.s), from+1024)]
	end := strings.Index(line, "}}")
	if lineEnd := strings.IndexByte(line, '\n'); end < 0 || lineEnd >= 0 && lineEnd < end {
		return 0
	}
	if end += from + 2; end < len(l.s) && l.s[end] == '}' {
		end++
	}
	return end
}

// outputEnd returns where an output ends whose content starts at from, by the rules of Shopify's tokenizer: a single } ends it
// unfinished, and so does a {%, with all of its tag. With recover, a {{ on a later line does, too: the first one was forgotten.
func (l *lexer) outputEnd(from int, recover bool) (end int, closed bool) {
	if from < l.failedAt {
		return l.failedAt, false
	}
	newLine := false
	for i := from; ; i++ {
		next := strings.IndexAny(l.s[i:], "{}")
		if next < 0 || i+next+1 >= len(l.s) {
			return l.fails(len(l.s))
		}
		newLine = newLine || strings.IndexByte(l.s[i:i+next], '\n') >= 0
		i += next
		switch pair := l.s[i : i+2]; {
		case pair == "}}":
			return i + 2, true
		case pair[0] == '}':
			return l.fails(i + 1)
		case pair == "{%":
			if end := l.findTagEnd(i + 2); end >= 0 {
				return l.fails(end)
			}
			return l.fails(len(l.s))
		case recover && pair == "{{" && newLine:
			return i, false
		}
	}
}

func (l *lexer) fails(at int) (end int, closed bool) {
	l.failedAt = at
	return at, false
}

// findTagEnd returns the offset behind the next %} at or after from, or -1.
func (l *lexer) findTagEnd(from int) int {
	if from >= l.tagFrom && (l.tagEnd < 0 || l.tagEnd >= from+2) {
		return l.tagEnd
	}
	l.tagFrom = from
	next := strings.Index(l.s[from:], "%}")
	if next < 0 {
		l.tagEnd = -1
		return -1
	}
	l.tagEnd = from + next + 2
	return l.tagEnd
}

// unclosed reports an opening delimiter without its end and goes on at the next one on its line, or on the next line.
func (l *lexer) unclosed(start int, closing string) {
	line := l.s[start+2:]
	if next := nextOpening(line); next >= 0 {
		line = line[:next]
	}
	if end := strings.IndexByte(line, '\n'); end >= 0 {
		line = line[:end+1]
	}
	l.at = start + 2 + len(line)
	l.trim, l.textLast = false, false
	written := strings.TrimSpace(strings.TrimRight(line, "\r\n"))
	l.add(l.source, start, start+2+len(strings.TrimRight(line, " \r\n")), "unclosed-delimiter",
		"This "+l.s[start:start+2]+" is never closed with "+closing+".", closingHint(l.s[start:start+2], written, closing))
}

func closingHint(opening, written, closing string) string {
	written = strings.TrimRight(strings.Trim(written, "- "), "}% ")
	if written == "" || len(written) > 40 {
		return "close it with " + closing + " on the same line"
	}
	return "write " + opening + " " + written + " " + closing
}

func (l *lexer) tag() {
	start := l.at
	end := l.findTagEnd(start + 2)
	if end < 0 || l.swallowsTag(start, end) {
		l.unclosed(start, "%}")
		return
	}
	from, to := l.inside(start, end)
	l.at = end
	name, body := l.tagName(from, to)
	token := Token{Span: l.span(start, end), Kind: TagToken, Name: name, Body: body}
	switch name {
	case "#":
		l.inlineComment(token)
	case "comment":
		l.comment(token)
	case "raw":
		l.raw(token)
	case "doc":
		l.doc(token)
	default:
		l.tokens = append(l.tokens, token)
	}
}

// swallowsTag reports whether a tag that ends at end has another tag's start on a later line: its own end was forgotten.
// The liquid tag and inline comments may hold anything.
func (l *lexer) swallowsTag(start, end int) bool {
	next := strings.Index(l.s[start+2:end], "{%")
	if next < 0 || !strings.Contains(l.s[start:start+2+next], "\n") {
		return false
	}
	name, _ := l.tagName(start+2, end)
	return name != "liquid" && name != "#"
}

// tagName splits a tag's content into its name (word characters, or #) and the rest.
func (l *lexer) tagName(from, to int) (string, finding.Text) {
	content := strings.TrimPrefix(l.s[from:to], "-")
	from = to - len(strings.TrimLeft(content, rubySpace))
	size := wordLength(l.s[from:to])
	if size == 0 && from < to && l.s[from] == '#' {
		size = 1
	}
	return l.s[from : from+size], l.source.Slice(from+size, to)
}

// wordLength returns how many bytes of [A-Za-z0-9_] s starts with.
func wordLength(s string) int {
	for i := range len(s) {
		if !isWord(s[i]) {
			return i
		}
	}
	return len(s)
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}
