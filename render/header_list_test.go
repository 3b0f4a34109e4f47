package render

import (
	"bytes"
	"strings"
	"testing"
)

func TestListHeaders(t *testing.T) {
	t.Parallel()
	long := "https://mail.example.com/u/" + strings.Repeat("x", headerTokenMax-len("https://mail.example.com/u/"))
	post := "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
	unsubscribe := func(page, mailto string) func([]byte) ([]byte, error) {
		return func(dst []byte) ([]byte, error) { return appendListUnsubscribe(dst, page, mailto) }
	}
	id := func(label, id, domain string) func([]byte) ([]byte, error) {
		return func(dst []byte) ([]byte, error) { return appendListID(dst, label, id, domain) }
	}
	feedback := func(campaign, variant, stream, sender string) func([]byte) ([]byte, error) {
		return func(dst []byte) ([]byte, error) { return appendFeedbackID(dst, campaign, variant, stream, sender) }
	}
	message := func(id, domain string) func([]byte) ([]byte, error) {
		return func(dst []byte) ([]byte, error) { return appendMessageID(dst, id, domain) }
	}
	for _, test := range []struct {
		name  string
		write func([]byte) ([]byte, error)
		want  string // "" when it is refused
	}{
		{"both", unsubscribe("https://e.example/u/T", "mailto:u@e.example"), "List-Unsubscribe: <https://e.example/u/T>, <mailto:u@e.example>\r\n" + post},
		{"page", unsubscribe("https://e.example/u/T", ""), "List-Unsubscribe: <https://e.example/u/T>\r\n" + post},
		{"mailto", unsubscribe("", "mailto:u@e.example"), "List-Unsubscribe: <mailto:u@e.example>\r\n"},
		{"local", unsubscribe("http://127.0.0.1:8025/u/T", ""), "List-Unsubscribe: <http://127.0.0.1:8025/u/T>\r\n" + post},
		{"long", unsubscribe(long, "mailto:u@e.example"), "List-Unsubscribe: <" + long + ">,\r\n <mailto:u@e.example>\r\n" + post},
		{"none", unsubscribe("", ""), ""},
		{"too long", unsubscribe(long+"x", ""), ""},
		{"mailto too long", unsubscribe("", "mailto:"+strings.Repeat("x", headerTokenMax)), ""},
		{"scheme", unsubscribe("javascript:alert(1)", ""), ""},
		{"only a scheme", unsubscribe("https://", ""), ""},
		{"wrong place", unsubscribe("mailto:u@e.example", "https://e.example"), ""},
		{"new header", unsubscribe("https://e.example/\r\nBcc: x@example.com", ""), ""},
		{"new header in mailto", unsubscribe("https://e.example/", "mailto:a\nb"), ""},
		{"NUL", unsubscribe("https://e.example/\x00", ""), ""},
		{"bracket", unsubscribe("https://e.example/>,<mailto:x@example.com", ""), ""},
		{"comma", unsubscribe("https://e.example/a,b", ""), ""},
		{"encoded word", unsubscribe("https://e.example/=?utf-8?q?x?=", ""), ""},
		{"non-ASCII", unsubscribe("https://e.example/ä", ""), ""},

		{"list", id("Acme News", "news", "mail.example.com"), "List-Id: Acme News <news.mail.example.com>\r\n"},
		{"list without a label", id("", "news", "example.com"), "List-Id: <news.example.com>\r\n"},
		{"list with a hostile label", id("<x>\r\nBcc: é", "news", "example.com"), "List-Id: =?utf-8?b?PHg+IEJjYzogw6k=?= <news.example.com>\r\n"},
		{"list id", id("", "a b", "example.com"), ""},
		{"list domain", id("", "news", "example.com>\r\n"), ""},
		{"list empty", id("", "", "example.com"), ""},
		{"list too long", id("", strings.Repeat("x", 250), "example.com"), ""},

		{"feedback", feedback("spring-sale", "b", "marketing", "acme"), "Feedback-ID: spring-sale:b:marketing:acme\r\n"},
		{"feedback of the sender", feedback("", "", "", "acme"), "Feedback-ID: :::acme\r\n"},
		{"feedback without", feedback("a", "b", "c", ""), ""},
		{"feedback colon", feedback("a:b", "b", "c", "d"), ""},
		{"feedback header", feedback("a", "b", "c\r\nBcc: d", "d"), ""},
		{"feedback too long", feedback(strings.Repeat("x", headerTokenMax), "b", "c", "d"), ""},

		{"message", message("01J9Z.0", "mail.example.com"), "Message-ID: <01J9Z.0@mail.example.com>\r\n"},
		{"message header", message("a>\r\nBcc: x", "example.com"), ""},
		{"message domain", message("a", "exa mple.com"), ""},
		{"message empty", message("", "example.com"), ""},
		{"message without a domain", message("a", ""), ""},
		{"message too long", message(strings.Repeat("x", headerTokenMax), "example.com"), ""},
	} {
		got, err := test.write([]byte("X: y\r\n"))
		if rest, found := bytes.CutPrefix(got, []byte("X: y\r\n")); !found || string(rest) != test.want || (err != nil) != (test.want == "") {
			t.Errorf("%s: %q, %v, want %q", test.name, got, err, test.want)
		}
	}
}
