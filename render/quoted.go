package render

import "strings"

// quotedColumns is how many characters of a line a segment fills before its soft break: RFC 2045, 6.7 (5) allows 76 with the "=".
const quotedColumns = 75

// What quoted-printable does with a byte (RFC 2045, 6.7). The first two stand for themselves.
const (
	quotedPlain   uint8 = iota
	quotedBlank         // not at the end of a line
	quotedNewline       // a line break of the text
	quotedEncoded       // as =XX
)

var quotedClass = func() (table [256]uint8) {
	for b := range table {
		if b <= ' ' || b == '=' || b > '~' {
			table[b] = quotedEncoded
		}
	}
	table[' '], table['\t'] = quotedBlank, quotedBlank
	table['\r'], table['\n'] = quotedNewline, quotedNewline
	return table
}()

// appendQuoted appends text as a segment of quoted-printable (RFC 2045, 6.7). A segment begins and ends at the start of a line:
// its last line ends in CRLF, as the text did, or in a soft break. So segments encoded on their own can be put one behind the
// other in any order, and decode to their texts in that order. Empty text appends nothing.
//
// Each of \n, \r and \r\n is a line break, written as CRLF. Every other byte is decoded as it was, NUL and broken UTF-8 too. All
// is 7-bit; lines have at most 76 characters, no white space at their end, and none begins with "." or "From ", which
// mail servers and mailboxes change (RFC 2049, 3).
//
// What follows the last segment of a part must be CRLF, as it is before a boundary, since the segment may end in a soft break.
func appendQuoted(dst []byte, text string) []byte {
	column := 0
	for i := 0; i < len(text); {
		if column == 0 && unsafeAtLineStart(text[i:]) {
			dst = appendQuotedByte(dst, text[i])
			i, column = i+1, 3
			continue
		}
		end, limit := i, min(len(text), i+quotedColumns-column)
		for end < limit && quotedClass[text[end]] <= quotedBlank {
			end++
		}
		if end > i && end < len(text) && quotedClass[text[end-1]] == quotedBlank && quotedClass[text[end]] == quotedNewline {
			end-- // a blank at the end of a line is encoded
		}
		dst = append(dst, text[i:end]...)
		i, column = end, column+end-i
		switch {
		case i == len(text):
		case quotedClass[text[i]] == quotedNewline:
			if text[i] == '\r' && i+1 < len(text) && text[i+1] == '\n' {
				i++
			}
			dst = append(dst, '\r', '\n')
			i, column = i+1, 0
		case column > quotedColumns-3: // full, or too full for =XX
			dst = append(dst, "=\r\n"...)
			column = 0
		default:
			dst = appendQuotedByte(dst, text[i])
			i, column = i+1, column+3
		}
	}
	if column > 0 {
		dst = append(dst, "=\r\n"...)
	}
	return dst
}

// unsafeAtLineStart tells whether a line must not begin with the text: SMTP doubles a "." (RFC 5321, 4.5.2), mailboxes in mbox
// format write ">" before "From ".
func unsafeAtLineStart(text string) bool {
	return text[0] == '.' || text[0] == 'F' && strings.HasPrefix(text, "From ")
}

func appendQuotedByte(dst []byte, b byte) []byte {
	return append(dst, '=', upperHex[b>>4], upperHex[b&15])
}

// boundary is a multipart boundary made of a hash: its letters and digits, 64 at most. It cannot occur in quoted-printable, in
// which "_" never follows "=" (RFC 2045, 6.7). In Content-Type it must stand in quotes, since "=" is special (RFC 2045, 5.1).
func boundary(hash string) string {
	made := make([]byte, 0, 66) // RFC 2046, 5.1.1 allows 70
	made = append(made, "=_"...)
	for i := 0; i < len(hash) && len(made) < cap(made); i++ {
		if b := hash[i]; isLetter(b) || b >= '0' && b <= '9' {
			made = append(made, b)
		}
	}
	return string(made)
}
