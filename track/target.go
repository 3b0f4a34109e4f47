package track

import (
	"strings"

	"germane/audience"
	"germane/store"
)

// link is where a link leads, made ready for redirecting.
type link struct {
	block, variant string
	parts          []string
	target         string // all of it, when no value stands in it
	fixed          bool   // scheme and host are constant
}

// newLink checks and escapes the constant parts of a link. ok is false for one that leads nowhere we would send anybody.
func newLink(l *store.Link) (made *link, ok bool) {
	made = &link{block: l.Block, variant: l.Variant}
	for _, part := range l.Parts {
		part, ok := appendConstant(nil, part)
		if !ok {
			return nil, false
		}
		made.parts = append(made.parts, string(part))
	}
	switch {
	case len(made.parts) == 0:
		return nil, false
	case len(made.parts) == 1:
		made.target = made.parts[0]
		return made, hasHost(made.target, true) || isOpaque(made.target)
	}
	made.fixed = hasHost(made.parts[0], false)
	return made, true
}

// to is the target for somebody with these values. Where they decide the host, it must be one of hosts or below one: the MAC says
// that we wrote the address, not that the data of that day was right.
func (l *link) to(values, hosts []string) (target string, ok bool) {
	if len(values) != len(l.parts)-1 {
		return "", false
	}
	if len(values) == 0 {
		return l.target, true
	}
	var b strings.Builder
	for i, part := range l.parts {
		b.WriteString(part)
		if i < len(values) {
			if !isURLText(values[i]) {
				return "", false
			}
			b.WriteString(values[i])
		}
	}
	target = b.String()
	return target, l.fixed || audience.ValidURL(target, append([]string{}, hosts...))
}

// appendConstant percent-encodes what a template's author may write in an address and a header may not hold. Control characters, which
// browsers skip (URL Standard 4.4), and backslashes, which they take for slashes, are refused.
func appendConstant(dst []byte, s string) ([]byte, bool) {
	const digits = "0123456789ABCDEF"
	for i := range len(s) {
		b := s[i]
		switch {
		case b < ' ' || b == 0x7f || b == '\\':
			return nil, false
		case b == ' ' || b > 0x7f || strings.IndexByte("<>\"`{}|^", b) >= 0:
			dst = append(dst, '%', digits[b>>4], digits[b&15])
		default:
			dst = append(dst, b)
		}
	}
	return dst, true
}

// isURLText reports whether a value is what render writes into a URL: characters that RFC 3986 allows in one, all else
// percent-encoded.
func isURLText(s string) bool {
	for i := range len(s) {
		if b := s[i]; b <= ' ' || b >= 0x7f || strings.IndexByte("<>\"'`{}|\\^", b) >= 0 {
			return false
		}
	}
	return true
}

// hasHost reports whether an address begins with http or https and a host; where more follows, the host must have ended.
func hasHost(s string, whole bool) bool {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok || !strings.EqualFold(scheme, "https") && !strings.EqualFold(scheme, "http") {
		return false
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
		if !whole {
			return false
		}
	}
	return end > 0 && !strings.Contains(rest[:end], "@")
}

// isOpaque reports an address that a program other than a browser opens.
func isOpaque(s string) bool {
	scheme, rest, _ := strings.Cut(s, ":")
	switch strings.ToLower(scheme) {
	case "mailto", "tel", "sms":
		return rest != ""
	}
	return false
}
