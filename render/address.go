package render

import (
	"errors"
	"strings"
)

// errAddress does not name the address: it ends up in logs.
var errAddress = errors.New("the address cannot stand in a header: it must be local@domain in ASCII")

// appendAddress appends a header with one mailbox such as From, To or Reply-To, with its CRLF (RFC 5322, 3.4). The display name is
// atoms, a quoted string or encoded words; "" leaves it out. It reads back as a value of [appendHeader] does, with one space for any
// white space, since readers do not agree on more. An address that is not
// plainly local@domain, or is longer than SMTP allows, is refused, and nothing appended.
func appendAddress(dst []byte, name, display, address string) ([]byte, error) {
	if !isAddress(address) {
		return dst, errAddress
	}
	f := startHeader(dst, name)
	f.phrase(display)
	f.angled(address)
	return f.end(), nil
}

// isAddress tells whether an address is a dot-atom and a host name in ASCII (RFC 5322, 3.4.1), no longer than RFC 5321, 4.5.3.1 allows.
func isAddress(address string) bool {
	at := strings.LastIndexByte(address, '@')
	return at > 0 && at <= 64 && len(address) <= 254 && isDotAtom(address[:at]) && isHost(address[at+1:])
}

// angled appends what stands in angle brackets: an address, a URL, an id.
func (f *folding) angled(parts ...string) {
	length := 2
	for _, part := range parts {
		length += len(part)
	}
	f.space(length)
	f.out = append(f.out, '<')
	for _, part := range parts {
		f.out = append(f.out, part...)
	}
	f.out = append(f.out, '>')
}

// phrase appends a display name (RFC 5322, 3.2.5).
func (f *folding) phrase(text string) {
	text = strings.TrimFunc(text, isHeaderSpace)
	length, form := phraseForm(text)
	switch {
	case text == "":
	case form == phraseEncoded || length > f.room():
		f.encoded(text, wordInPhrase)
	case form == phraseAtoms:
		f.space(length)
		f.out = append(f.out, text...)
	default:
		f.space(length)
		f.out = append(f.out, '"')
		for i := 0; i < len(text); i++ {
			if text[i] == '"' || text[i] == '\\' {
				f.out = append(f.out, '\\')
			}
			f.out = append(f.out, text[i])
		}
		f.out = append(f.out, '"')
	}
}

// The forms of a display name, the plainest first.
const (
	phraseAtoms   = iota // words of letters, digits and a few signs
	phraseQuoted         // printable ASCII
	phraseEncoded        // all else, what looks like an encoded word, and what has more than one space between words
)

// phraseForm is the plainest form a trimmed display name can have, and its length in that form unless it is encoded.
func phraseForm(text string) (length, form int) {
	length = len(text)
	for i := 0; i < len(text); i++ {
		switch b := text[i]; {
		case b < ' ' || b > '~', b == '?' && i > 0 && text[i-1] == '=', b == ' ' && text[i-1] == ' ':
			return 0, phraseEncoded
		case b == '"' || b == '\\':
			length++
			form = phraseQuoted
		case b != ' ' && !isAtomByte(b):
			form = phraseQuoted
		}
	}
	if form == phraseQuoted {
		length += 2
	}
	return length, form
}

// isAtomByte tells whether a byte is RFC 5322's atext (3.2.3).
func isAtomByte(b byte) bool {
	return isLetter(b) || b >= '0' && b <= '9' || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", b) >= 0
}

// isDotAtom tells whether text is RFC 5322's dot-atom (3.2.3) and does not look like an encoded word.
func isDotAtom(text string) bool {
	dot := true // a dot may not come now
	for i := 0; i < len(text); i++ {
		b := text[i]
		if b == '.' && dot || b != '.' && !isAtomByte(b) || b == '?' && i > 0 && text[i-1] == '=' {
			return false
		}
		dot = b == '.'
	}
	return !dot
}

// isHost tells whether text is a host name in ASCII: labels of letters, digits, "-" and "_".
func isHost(text string) bool {
	for i := 0; i < len(text); i++ {
		if b := text[i]; !isLetter(b) && (b < '0' || b > '9') && strings.IndexByte(".-_", b) < 0 {
			return false
		}
	}
	return len(text) <= 253 && isDotAtom(text)
}
