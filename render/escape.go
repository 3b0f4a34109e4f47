package render

import "strings"

// escape appends a value in the form its place needs. A value never becomes markup, a link's host, a header or a line of its own.
type escape func(dst []byte, s string) []byte

// escapeHTML is for text and for quoted attribute values: the five characters that HTML gives a meaning (HTML Standard 13.3).
// NUL and other control characters, which HTML does not allow, are dropped.
func escapeHTML(dst []byte, s string) []byte {
	from := 0
	for i := 0; i < len(s); i++ {
		what := escapedInHTML[s[i]]
		if what == "" || what == turning && !turnsText(s[i:]) {
			continue
		}
		dst = append(dst, s[from:i]...)
		switch from = i + 1; what {
		case dropped:
		case turning:
			i += turningBytes - 1
			from = i + 1
		default:
			dst = append(dst, what...)
		}
	}
	return append(dst, s[from:]...)
}

// turnsText reports whether s begins with a character that makes what follows read from the other side (Unicode Bidirectional
// Algorithm, UAX #9, 2.1 to 2.5): U+202A to U+202E and U+2066 to U+2069. In a value it would turn the sender's own words around.
// Names in right-to-left scripts do not need them.
func turnsText(s string) bool {
	if len(s) < turningBytes || s[0] != 0xe2 {
		return false
	}
	return s[1] == 0x80 && s[2] >= 0xaa && s[2] <= 0xae || s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9
}

const turningBytes = 3 // of each of them in UTF-8

// In the table of escapes, dropped stands for bytes that are left out, turning for one that may begin a character that turns text.
const (
	dropped = "\x00"
	turning = "\x01"
)

// escapedInHTML says what stands for a byte in HTML; "" for the byte itself.
var escapedInHTML = func() (table [256]string) {
	for b := range ' ' {
		if b != '\t' && b != '\n' {
			table[b] = dropped
		}
	}
	table[0x7f], table[0xe2] = dropped, turning
	table['&'], table['<'], table['>'], table['"'], table['\''] = "&amp;", "&lt;", "&gt;", "&#34;", "&#39;"
	return table
}()

// escapeURLPart is for a value inside a URL's path, query or fragment: all but RFC 3986's unreserved characters are
// percent-encoded, so that a value cannot end the part it stands in. What it writes needs no HTML escaping.
func escapeURLPart(dst []byte, s string) []byte {
	const digits = "0123456789ABCDEF"
	for i := 0; i < len(s); i++ {
		b := s[i]
		if isLetter(b) || b >= '0' && b <= '9' || strings.IndexByte("-._~", b) >= 0 {
			dst = append(dst, b)
			continue
		}
		dst = append(dst, '%', digits[b>>4], digits[b&15])
	}
	return dst
}

// escapeURL is for a whole URL from a value of type url, which is https to an allowed host by its type. Characters that may not
// stand in a URL are percent-encoded, those with a meaning in it are kept (RFC 3986, section 2).
func escapeURL(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if b := s[i]; b <= ' ' || b >= 0x7f || strings.IndexByte("<>\"'`{}|\\^", b) >= 0 {
			dst = escapeURLPart(dst, s[i:i+1])
			continue
		}
		dst = append(dst, s[i])
	}
	return dst
}

// escapeURLAttribute is for such a URL as the value of an attribute.
func escapeURLAttribute(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] == '&' {
			dst = append(dst, "&amp;"...)
			continue
		}
		dst = escapeURL(dst, s[i:i+1])
	}
	return dst
}

// escapeLine is for plain text in one line, such as a subject: control characters become spaces, so that no header can be added.
func escapeLine(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		b := s[i]
		switch {
		case b == 0xe2 && turnsText(s[i:]):
			i += turningBytes - 1
			continue
		case b < ' ' || b == 0x7f:
			b = ' '
		}
		dst = append(dst, b)
	}
	return dst
}

// growth is how many bytes an escape writes for one byte at most.
const growth = 5

// escapePlain is for plain text over several lines: control characters are dropped, and a value's line ends become spaces, so that
// it cannot look like a line of the message.
func escapePlain(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		switch b := s[i]; {
		case b == 0xe2 && turnsText(s[i:]):
			i += turningBytes - 1
		case b == '\n' || b == '\r' || b == '\t':
			dst = append(dst, ' ')
		case b >= ' ' && b != 0x7f:
			dst = append(dst, b)
		}
	}
	return dst
}
