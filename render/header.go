package render

import (
	"strings"
	"unicode/utf8"
)

// foldColumn is how many characters a line of a header has at most, where its words allow it. RFC 5322, 2.1.1 says 78, RFC 2047, 2
// says 76 for lines with encoded words.
const foldColumn = 76

// appendHeader appends an unstructured header such as Subject, with its CRLF (RFC 5322, 3.2.5). What cannot stand in it as it is,
// becomes encoded words (RFC 2047): from the first word that needs it to the last. Words that look like encoded words need it, too,
// so that they read back as themselves, and words too long for a line.
//
// A reader gets the value back but for three things: control characters and line separators are spaces, white space around the
// value is dropped, and each byte of broken UTF-8 is U+FFFD. The name must be a header's name.
func appendHeader(dst []byte, name, value string) []byte {
	f := startHeader(dst, name)
	value = strings.TrimFunc(value, isHeaderSpace)
	from, to := encodedSpan(value, f.room())
	f.words(value[:from])
	f.encoded(value[from:to], wordInText)
	f.words(value[to:])
	return f.end()
}

// folding appends a header token by token, with a fold before one that does not fit in the line.
type folding struct {
	out   []byte
	line  int  // where the line begins in out
	first bool // no token yet
}

func startHeader(dst []byte, name string) folding {
	line := len(dst)
	return folding{out: append(append(dst, name...), ':'), line: line, first: true}
}

func (f *folding) end() []byte { return append(f.out, '\r', '\n') }

// room is the length of the longest token that fits in the line, behind a space.
func (f *folding) room() int { return foldColumn - 1 - (len(f.out) - f.line) }

// space goes before a token of the length. The first token is never folded: some readers take a name with nothing behind it for
// an empty header.
func (f *folding) space(length int) {
	if !f.first && length > f.room() {
		f.out = append(f.out, '\r', '\n')
		f.line = len(f.out)
	}
	f.first = false
	f.out = append(f.out, ' ')
}

// words appends words that may stand as they are. Single spaces separate them: at those readers agree on what a fold means.
func (f *folding) words(text string) {
	for text = strings.Trim(text, " "); text != ""; {
		end := len(text)
		if end > f.room() {
			if space := strings.IndexByte(text, ' '); space >= 0 {
				end = space
			}
		}
		f.space(end)
		f.out = append(f.out, text[:end]...)
		text = text[min(end+1, len(text)):]
	}
}

// encodedSpan is the part of a trimmed value that has to be encoded; an empty one at its end when nothing has to. Neighbours of more
// than one space are in it, since a fold there would lose spaces. room is the length of the longest first word.
func encodedSpan(value string, room int) (from, to int) {
	from, to = len(value), len(value)
	afterGap := false
	for start, previous := 0, 0; start < len(value); {
		length, plain := plainWord(value[start:], room)
		switch {
		case length == 0:
			from, afterGap = min(from, previous), true
		case !plain || afterGap:
			from, to, afterGap = min(from, start), start+length, false
		}
		previous, start = start, start+length+1
		room = foldColumn - 1
	}
	return from, to
}

// plainWord is the length of the word that text begins with, and whether it may stand in an unstructured header as it is.
func plainWord(text string, room int) (length int, plain bool) {
	plain = true
	for ; length < len(text) && text[length] != ' '; length++ {
		b := text[length]
		if b < ' ' || b > '~' || b == '?' && length > 0 && text[length-1] == '=' {
			plain = false
		}
	}
	return length, plain && length <= room
}

// isHeaderSpace tells whether a rune is white space or a control character in a header. U+2028 and U+2029 are among them: Python's
// readers, for one, take them for ends of lines.
func isHeaderSpace(r rune) bool {
	return r <= ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029'
}

// headerRune is the rune that text begins with, as a header carries it. In a display name white space is one space.
func headerRune(text string, place uint8) (r rune, size int) {
	if b := text[0]; b > ' ' && b < 0x7f {
		return rune(b), 1
	}
	if r, size = utf8.DecodeRuneInString(text); !isHeaderSpace(r) {
		return r, size
	}
	if place == wordInPhrase {
		size = len(text) - len(strings.TrimLeftFunc(text, isHeaderSpace))
	}
	return ' ', size
}
