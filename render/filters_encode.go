package render

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// htmlEscaper escapes as Ruby's CGI.escapeHTML does.
var htmlEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")

func escapeFilter(m *machine, in Value, _ []Value) Value {
	if in.kind == NilValue {
		return in
	}
	return String(htmlEscaper.Replace(m.str(in)))
}

// escapeOnceFilter escapes, but leaves character references as they are.
func escapeOnceFilter(m *machine, in Value, _ []Value) Value {
	s := m.str(in)
	var b strings.Builder
	for {
		at := strings.IndexByte(s, '&')
		if at < 0 {
			b.WriteString(htmlEscaper.Replace(s))
			return String(b.String())
		}
		b.WriteString(htmlEscaper.Replace(s[:at]))
		size := referenceLength(s[at:])
		if size == 0 {
			b.WriteString("&amp;")
			size = 1
		} else {
			b.WriteString(s[at : at+size])
		}
		s = s[at+size:]
	}
}

// referenceLength is the length of the character reference that s starts with: &name; or &#123; (hexadecimal ones are no such
// thing to Shopify); 0 if there is none.
func referenceLength(s string) int {
	i := 1
	isPart := isLetter
	if i < len(s) && s[i] == '#' {
		i++
		isPart = func(b byte) bool { return b >= '0' && b <= '9' }
	}
	start := i
	for i < len(s) && isPart(s[i]) {
		i++
	}
	if i == start || i == len(s) || s[i] != ';' {
		return 0
	}
	return i + 1
}

const upperHex = "0123456789ABCDEF"

func urlEncodeFilter(m *machine, in Value, _ []Value) Value {
	if in.kind == NilValue {
		return in
	}
	s := m.str(in)
	encoded := make([]byte, 0, len(s)+len(s)/4)
	for i := range len(s) {
		switch c := s[i]; {
		case c == ' ':
			encoded = append(encoded, '+')
		case isLetter(c) || c >= '0' && c <= '9' || strings.IndexByte("_.-~", c) >= 0:
			encoded = append(encoded, c)
		default:
			encoded = append(encoded, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return String(string(encoded))
}

// urlDecodeFilter leaves a % that no two hexadecimal digits follow as it is.
func urlDecodeFilter(m *machine, in Value, _ []Value) Value {
	if in.kind == NilValue {
		return in
	}
	s := m.str(in)
	decoded := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '+':
			decoded = append(decoded, ' ')
		case c == '%' && i+2 < len(s) && hexDigit(s[i+1]) >= 0 && hexDigit(s[i+2]) >= 0:
			decoded = append(decoded, byte(hexDigit(s[i+1])<<4|hexDigit(s[i+2])))
			i += 2
		default:
			decoded = append(decoded, c)
		}
	}
	if !utf8.Valid(decoded) {
		return m.fail("url_decode yields no valid text")
	}
	return String(string(decoded))
}

func hexDigit(c byte) int { return strings.IndexByte(upperHex, c&^((c&0x40)>>1)) }

func base64EncodeFilter(m *machine, in Value, _ []Value) Value {
	return String(base64.StdEncoding.EncodeToString([]byte(m.str(in))))
}

func base64URLEncodeFilter(m *machine, in Value, _ []Value) Value {
	return String(base64.URLEncoding.EncodeToString([]byte(m.str(in))))
}

func base64DecodeFilter(m *machine, in Value, _ []Value) Value { return decodeBase64(m, m.str(in)) }

// base64URLDecodeFilter takes both alphabets, and padding may be left out.
func base64URLDecodeFilter(m *machine, in Value, _ []Value) Value {
	s := strings.NewReplacer("-", "+", "_", "/").Replace(m.str(in))
	if !strings.HasSuffix(s, "=") && len(s)%4 != 0 {
		s += strings.Repeat("=", 4-len(s)%4)
	}
	return decodeBase64(m, s)
}

func decodeBase64(m *machine, s string) Value {
	decoded, err := base64.StdEncoding.DecodeString(s)
	if err != nil || strings.ContainsAny(s, "\r\n") { // Go skips line breaks, Ruby's strict decoding refuses them
		return m.fail("%.40q is not base64", s)
	}
	return String(string(decoded))
}
