package audience

import (
	"fmt"
	"strings"

	"golang.org/x/net/idna"
)

// MailableAddress returns an address as it is mailed: without space around it and with its domain in ASCII (RFC 5891). problem says
// why nobody can be mailed there; "" when somebody can. A name with other letters than ASCII before the @ is refused: Amazon SES
// and most servers do not speak SMTPUTF8 (RFC 6531).
func MailableAddress(text string) (address, problem string) {
	text = strings.TrimSpace(text)
	if plainAddress(text) {
		return text, ""
	}
	if problem := CheckEmail(text); problem != "" {
		return "", problem
	}
	at := strings.LastIndexByte(text, '@')
	if !ascii(text[:at]) {
		return "", fmt.Sprintf("%s has letters before the @ that mail servers do not take; only the domain may have them", quoted(text))
	}
	domain, err := idna.Lookup.ToASCII(text[at+1:])
	if err != nil || !plainDomain(domain) {
		return "", fmt.Sprintf("%s does not end in a domain that mail can be sent to", quoted(text))
	}
	if len(text[:at])+1+len(domain) > 254 {
		return "", "is longer than an address can be"
	}
	return text[:at+1] + domain, ""
}

// AddressKey returns what two ways to write one address have in common: small letters, the domain in ASCII. Servers may tell
// capitals in a name apart, but none that people use does.
func AddressKey(address string) string {
	address = strings.TrimSpace(address)
	if at := strings.LastIndexByte(address, '@'); !ascii(address) && at >= 0 {
		if domain, err := idna.Lookup.ToASCII(address[at+1:]); err == nil {
			address = address[:at+1] + domain
		}
	}
	return strings.ToLower(address)
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// plainAddress knows the addresses that nearly everybody has: a million of them are read in an import.
func plainAddress(s string) bool {
	at := strings.IndexByte(s, '@')
	if at < 1 || at > 64 || len(s) > 254 || s[0] == '.' || s[at-1] == '.' || strings.Contains(s[:at], "..") {
		return false
	}
	for i := range at {
		if c := s[i]; !alphanumeric(c) && strings.IndexByte("._-+", c) < 0 {
			return false
		}
	}
	return plainDomain(s[at+1:])
}

// plainDomain reports whether s is a host name with a dot in it (RFC 1035, 2.3.1).
func plainDomain(s string) bool {
	if len(s) > 253 || strings.IndexByte(s, '.') < 0 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if c := label[i]; !alphanumeric(c) && c != '-' {
				return false
			}
		}
	}
	return true
}

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
