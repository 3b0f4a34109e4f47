package templates

import (
	"strings"
	"unicode/utf8"

	"germane/internal/finding"
)

type symbolKind uint8

const (
	endSymbol symbolKind = iota
	nameSymbol
	numberSymbol
	stringSymbol
	compareSymbol // == != <> < <= > >= contains
	markSymbol    // . .. | : , [ ] ( ) = - ?
)

// symbol is a piece of an expression; its offsets count from the start of the expression's text.
type symbol struct {
	kind       symbolKind
	text       string // of a string: without its quotes
	start, end int
}

// scanner cuts an expression's text into symbols. The first mistake ends it, but for curly quotes, which it reads as straight
// ones to find the next mistake.
type scanner struct {
	report  *report
	body    finding.Text
	symbols []symbol
	failed  bool
}

func scan(r *report, body finding.Text) ([]symbol, bool) {
	s := scanner{report: r, body: body}
	text := body.S
	for at := 0; at < len(text) && !s.failed; {
		if strings.IndexByte(rubySpace, text[at]) >= 0 && text[at] != 0 {
			at++
			continue
		}
		at = s.symbol(at)
	}
	s.symbols = append(s.symbols, symbol{kind: endSymbol, start: len(text), end: len(text)})
	return s.symbols, !s.failed
}

// symbol reads the symbol at an offset and returns the offset behind it.
func (s *scanner) symbol(at int) int {
	text := s.body.S
	switch c := text[at]; {
	case c == '"' || c == '\'':
		return s.quoted(at)
	case isDigit(c) || c == '-' && at+1 < len(text) && isDigit(text[at+1]):
		return s.emit(numberSymbol, at, at+numberLength(text[at:]))
	case isWord(c):
		return s.name(at)
	default:
		return s.mark(at)
	}
}

func (s *scanner) emit(kind symbolKind, start, end int) int {
	s.symbols = append(s.symbols, symbol{kind: kind, text: s.body.S[start:end], start: start, end: end})
	return end
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func numberLength(text string) int {
	end := 1
	for end < len(text) && isDigit(text[end]) {
		end++
	}
	if end+1 < len(text) && text[end] == '.' && isDigit(text[end+1]) {
		for end++; end < len(text) && isDigit(text[end]); {
			end++
		}
	}
	return end
}

func nameLength(text string) int {
	end := 0
	for end < len(text) && (isWord(text[end]) || text[end] == '-') {
		end++
	}
	if end < len(text) && text[end] == '?' {
		end++
	}
	return end
}

func (s *scanner) name(at int) int {
	end := at + nameLength(s.body.S[at:])
	afterDot := len(s.symbols) > 0 && s.symbols[len(s.symbols)-1].text == "."
	if s.body.S[at:end] == "contains" && !afterDot {
		return s.emit(compareSymbol, at, end)
	}
	return s.emit(nameSymbol, at, end)
}

func (s *scanner) quoted(at int) int {
	text := s.body.S
	size := strings.IndexByte(text[at+1:], text[at])
	if size < 0 {
		quote := text[at : at+1]
		s.fail(at, len(strings.TrimRight(text, rubySpace)), "liquid-syntax", "this text has no closing "+quote, "write "+quote+" at its end")
		return len(text)
	}
	end := at + 1 + size
	s.symbols = append(s.symbols, symbol{kind: stringSymbol, text: text[at+1 : end], start: at, end: end + 1})
	return end + 1
}

func (s *scanner) mark(at int) int {
	text := s.body.S
	if at+1 < len(text) {
		switch pair := text[at : at+2]; pair {
		case "==", "!=", "<>", "<=", ">=":
			return s.emit(compareSymbol, at, at+2)
		case "..":
			return s.emit(markSymbol, at, at+2)
		case "${":
			return s.foreign(at)
		}
	}
	switch text[at] {
	case '<', '>':
		return s.emit(compareSymbol, at, at+1)
	case '.', '|', ':', ',', '[', ']', '(', ')', '=', '-', '?':
		return s.emit(markSymbol, at, at+1)
	}
	return s.unexpected(at)
}

func (s *scanner) unexpected(at int) int {
	r, size := utf8.DecodeRuneInString(s.body.S[at:])
	switch r {
	case '“', '”', '„', '‘', '’', '«', '»':
		return s.curly(at, size)
	}
	hint := "remove it"
	switch r {
	case '&':
		hint = "write and"
	case '+', '*', '/', '%':
		hint = "Liquid calculates with filters: {{ price | plus: 1 }}, also minus, times, divided_by, modulo"
	case '!':
		hint = "write != to compare, or unless to negate"
	case '{':
		hint = "write names inside {{ }} and {% %} without braces of their own"
	}
	s.fail(at, at+size, "liquid-syntax", "Liquid does not know the character "+string(r)+" here", hint)
	return at + size
}

// curly reports a curly quote and reads on behind the one that closes it, as if both were straight.
func (s *scanner) curly(at, size int) int {
	text := s.body.S
	inside, end := text[at+size:], len(text)
	if close := strings.IndexAny(inside, "“”‘’„«»\"'"); close >= 0 {
		_, width := utf8.DecodeRuneInString(inside[close:])
		inside, end = inside[:close], at+size+close+width
	}
	s.report.add(s.body, at, end, "curly-quote", "Liquid reads only straight quotes, these are curly", `write "`+strings.TrimSpace(inside)+`"`)
	s.symbols = append(s.symbols, symbol{kind: stringSymbol, text: inside, start: at, end: end})
	return end
}

// foreign reports Braze's ${name}.
func (s *scanner) foreign(at int) int {
	text := s.body.S
	name, _, _ := strings.Cut(text[at+2:], "}")
	name = strings.TrimSpace(name)
	end := min(len(text), at+2+len(name)+1)
	hint := "write {{ " + name + " }}"
	if strings.HasSuffix(strings.TrimRight(text[:at], " "), "content_blocks.") {
		hint = "write {% block " + strings.ReplaceAll(strings.ToLower(name), "_", "-") + " %} and put its content into blocks/"
	}
	s.fail(at, end, "merge-tag", "${"+name+"} is another mail tool's way to name a value; here a name stands by itself.", hint)
	return end
}

func (s *scanner) fail(start, end int, code finding.Code, text, hint string) {
	s.report.add(s.body, start, end, code, text, hint)
	s.failed = true
}
