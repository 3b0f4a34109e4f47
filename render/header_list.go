package render

import (
	"errors"
	"strings"
	"time"
)

// headerTokenMax bounds a token that cannot be folded, so that its line stays below the 998 characters of RFC 5322, 2.1.1.
const headerTokenMax = 900

var (
	errMessageID   = errors.New("a message id needs an id of letters, digits and dots, and a domain")
	errListID      = errors.New("a list id needs an id of letters, digits and dots, and a domain; both have at most 255 characters")
	errListURL     = errors.New("an unsubscribe address begins with https:// or mailto:, is ASCII without spaces or commas, and has at most 900 characters")
	errFeedbackID  = errors.New("a feedback id's parts are letters, digits and any of . _ -, and its sender is not empty")
	errNoListEntry = errors.New("an unsubscribe header needs an address")
)

// appendDateHeader appends Date (RFC 5322, 3.3), in UTC, so that a moment's bytes are the same wherever they are made.
func appendDateHeader(dst []byte, t time.Time) []byte {
	dst = append(dst, "Date: "...)
	dst = t.UTC().AppendFormat(dst, "Mon, 02 Jan 2006 15:04:05 -0700")
	return append(dst, '\r', '\n')
}

// appendMessageID appends Message-ID (RFC 5322, 3.6.4). It is never folded, since threads are kept by comparing it.
func appendMessageID(dst []byte, id, domain string) ([]byte, error) {
	if !isDotAtom(id) || !isHost(domain) || len(id)+len(domain) > headerTokenMax {
		return dst, errMessageID
	}
	f := startHeader(dst, "Message-ID")
	f.angled(id, "@", domain)
	return f.end(), nil
}

// appendListUnsubscribe appends List-Unsubscribe (RFC 2369, 3.2) with the page's URL before the mailto address, and then
// List-Unsubscribe-Post (RFC 8058, 3.1), which means the page: without a page it is left out. Either may be "", not both. RFC 8058
// asks for https; plain http is written, too, for a console that runs on the marketer's own machine. URLs are never broken.
func appendListUnsubscribe(dst []byte, page, mailto string) ([]byte, error) {
	if page == "" && mailto == "" {
		return dst, errNoListEntry
	}
	if page != "" && !isListURL(page, "https://", "http://") || mailto != "" && !isListURL(mailto, "mailto:") {
		return dst, errListURL
	}
	f := startHeader(dst, "List-Unsubscribe")
	if page != "" {
		f.angled(page)
		if mailto != "" {
			f.out = append(f.out, ',')
		}
	}
	if mailto != "" {
		f.angled(mailto)
	}
	dst = f.end()
	if page != "" {
		dst = append(dst, "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"...)
	}
	return dst, nil
}

// isListURL tells whether a URL has one of the schemes and can stand in angle brackets in one piece. Commas are refused: RFC 2369, 2
// lets readers cut the header at them.
func isListURL(url string, schemes ...string) bool {
	for i := 0; i < len(url); i++ {
		if b := url[i]; b <= ' ' || b > '~' || strings.IndexByte("<>\"\\,", b) >= 0 {
			return false
		}
	}
	for _, scheme := range schemes {
		if len(url) > len(scheme) && strings.HasPrefix(url, scheme) {
			return len(url) <= headerTokenMax && !strings.Contains(url, "=?")
		}
	}
	return false
}

// appendListID appends List-Id (RFC 2919, 3): the label people read, if any, and <id.domain>, which must stay the same for ever.
func appendListID(dst []byte, label, id, domain string) ([]byte, error) {
	if !isDotAtom(id) || !isHost(domain) || len(id)+1+len(domain) > 255 {
		return dst, errListID
	}
	f := startHeader(dst, "List-Id")
	f.phrase(label)
	f.angled(id, ".", domain)
	return f.end(), nil
}

// appendFeedbackID appends Feedback-ID as Gmail's postmaster tools read it: three names of the sender's choice and the sender, who is
// the same in all mail. The names may be empty.
func appendFeedbackID(dst []byte, campaign, variant, stream, sender string) ([]byte, error) {
	size := 0
	for _, part := range [...]string{campaign, variant, stream, sender} {
		size += len(part)
		for i := 0; i < len(part); i++ {
			if b := part[i]; !isLetter(b) && (b < '0' || b > '9') && strings.IndexByte("._-", b) < 0 {
				return dst, errFeedbackID
			}
		}
	}
	if sender == "" || size > headerTokenMax {
		return dst, errFeedbackID
	}
	dst = append(append(dst, "Feedback-ID: "...), campaign...)
	dst = append(append(dst, ':'), variant...)
	dst = append(append(dst, ':'), stream...)
	dst = append(append(dst, ':'), sender...)
	return append(dst, '\r', '\n'), nil
}
