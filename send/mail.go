package send

import (
	"bytes"
	"strings"
)

// fault is what keeps a mail from being offered to anybody, or "".
func (m *Mail) fault() string {
	switch {
	case !isOpaque(m.ID) || len(m.ID) > 128:
		return "the delivery's id is not one"
	case !isEnvelopeAddress(m.From):
		return "the sender's address cannot stand in an envelope"
	case !isEnvelopeAddress(m.To):
		return "the recipient's address cannot stand in an envelope"
	case len(m.Bytes) == 0:
		return "the mail is empty"
	}
	for _, tag := range m.Tags {
		if !isOpaque(tag.Name) || !isOpaque(tag.Value) {
			return "a tag is neither a name nor an opaque value"
		}
	}
	return ""
}

// isEnvelopeAddress reports whether an address can be written into an SMTP command without saying anything else (RFC 5321, 4.1.2;
// no quoted local parts, which nobody has and many servers get wrong).
func isEnvelopeAddress(address string) bool {
	at := strings.LastIndexByte(address, '@')
	if at < 1 || at == len(address)-1 || len(address) > 254 {
		return false
	}
	for i := range len(address) {
		if b := address[i]; b <= ' ' || b >= 0x7f || strings.IndexByte(`<>"\,;:()[]`, b) >= 0 || b == '@' && i != at {
			return false
		}
	}
	return true
}

// appendWire appends a message as SMTP carries it after DATA (RFC 5321, 4.5.2), its end included. Its answer is false when there is a
// line that some servers would take for an end: one that ends with CR or LF alone (RFC 5321, 2.3.8).
//
// It looks at lines, not at bytes: a message of ours has none that begins with a dot, and is copied as it is.
func appendWire(dst, message []byte) ([]byte, bool) {
	if bytes.Count(message, []byte("\r")) != bytes.Count(message, []byte("\n")) {
		return dst, false
	}
	start := 0 // of what is not copied yet
	for line := 0; line < len(message); {
		if message[line] == '.' {
			dst = append(append(dst, message[start:line]...), '.')
			start = line
		}
		end := bytes.IndexByte(message[line:], '\n')
		if end < 0 {
			break
		}
		if end == 0 || message[line+end-1] != '\r' {
			return dst, false
		}
		line += end + 1
	}
	dst = append(dst, message[start:]...)
	if !bytes.HasSuffix(message, []byte("\r\n")) {
		dst = append(dst, "\r\n"...)
	}
	return append(dst, ".\r\n"...), true
}
