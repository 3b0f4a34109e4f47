package templates

import (
	"strings"
)

// inlineComment checks {% # … %}: each of its lines has to start with a #, so that nobody hides Liquid in it by accident.
func (l *lexer) inlineComment(token Token) {
	body := token.Body
	for at := strings.IndexByte(body.S, '\n'); at >= 0; {
		line := strings.TrimLeft(body.S[at:], rubySpace)
		if line != "" && line[0] != '#' {
			start := len(body.S) - len(line)
			l.add(body, start, start+1, "liquid-syntax", "every line of a {% # … %} comment has to start with #",
				"write # at the start of this line, or use {% comment %} … {% endcomment %}")
			return
		}
		next := strings.IndexByte(line, '\n')
		if next < 0 {
			return
		}
		at = len(body.S) - len(line) + next
	}
}

// comment skips to the matching endcomment. Comments nest, and a raw section inside one hides an endcomment.
func (l *lexer) comment(token Token) {
	for depth, at := 1, l.at; ; {
		next := nextOpening(l.s[at:])
		if next < 0 {
			break
		}
		start := at + next
		if l.s[start+1] == '{' {
			at, _ = l.outputEnd(start+2, false)
			continue
		}
		end := l.findTagEnd(start + 2)
		if end < 0 {
			break
		}
		at = end
		switch name, _ := l.tagName(start+2, end-2); name {
		case "comment":
			depth++
		case "raw":
			if _, at = l.findEnd("endraw", end); at < 0 {
				l.neverClosed(token)
				return
			}
		case "endcomment":
			depth--
		}
		if depth == 0 {
			l.at, l.trim = end, l.s[end-3] == '-'
			return
		}
	}
	l.neverClosed(token)
}

// raw emits everything up to endraw as one verbatim text. Dashes inside the section belong to it: only those on its outer
// sides trim.
func (l *lexer) raw(token Token) {
	l.noArguments(token)
	start, end := l.findEnd("endraw", l.at)
	if end < 0 {
		l.neverClosed(token)
		return
	}
	if l.at < start {
		l.tokens = append(l.tokens, Token{Span: l.span(l.at, start), Kind: TextToken, Text: l.s[l.at:start], Verbatim: true})
	}
	l.at, l.trim = end, l.s[end-3] == '-'
}

// doc skips everything up to enddoc.
func (l *lexer) doc(token Token) {
	l.noArguments(token)
	start, end := l.findEnd("enddoc", l.at)
	if end < 0 {
		l.neverClosed(token)
		return
	}
	if nested, _ := l.findEnd("doc", l.at); nested >= 0 && nested < start {
		l.add(l.source, nested, nested+2, "liquid-syntax", "a doc tag cannot stand inside another", "close the first one with {% enddoc %}")
	}
	l.at, l.trim = end, l.s[end-3] == '-'
}

// findEnd returns where the next tag of that name starts and ends, whatever stands before its {%; -1 if there is none. As in
// Shopify's Liquid, of several {% before a %} the last one counts.
func (l *lexer) findEnd(name string, from int) (start, end int) {
	for at := from; ; at = end {
		next := strings.Index(l.s[at:], "{%")
		if next < 0 {
			return -1, -1
		}
		if end = l.findTagEnd(at + next + 2); end < 0 {
			return -1, -1
		}
		start = l.lastTag(at+next, end)
		if word, _ := l.tagName(start+2, end-2); word == name {
			return start, end
		}
	}
}

// lastTag returns where the last {% with a name behind it starts between from, where a {% stands, and end.
func (l *lexer) lastTag(from, end int) int {
	for at := end - 2; ; { // in {%} they share the percent sign
		last := strings.LastIndex(l.s[from+2:at], "{%")
		if last < 0 {
			return from
		}
		at = from + 2 + last
		if word, _ := l.tagName(at+2, end-2); word != "" {
			return at
		}
	}
}

func (l *lexer) noArguments(token Token) {
	if strings.TrimSpace(token.Body.S) != "" {
		l.add(token.Body.Trim(), 0, len(token.Body.Trim().S), "liquid-syntax", "the "+token.Name+" tag takes nothing but its name",
			"write {% "+token.Name+" %}")
	}
}

// neverClosed reports a section without its end; the rest of the file belongs to it, so that one mistake is one finding.
func (l *lexer) neverClosed(token Token) {
	l.addAt(l.source.File, token.Span, "unclosed-tag", "this {% "+token.Name+" %} is never closed", "write {% end"+token.Name+" %} behind it")
	l.at = len(l.s)
}
