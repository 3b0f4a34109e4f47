package render

import (
	"bytes"
	"fmt"
	"mime"
	"net/mail"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// asRead is what a reader of a header gets for a value.
func asRead(value string) string {
	runes := []rune(value)
	for i, r := range runes {
		if r < ' ' || r >= 0x7f && r <= 0x9f || r == 0x2028 || r == 0x2029 {
			runes[i] = ' '
		}
	}
	return strings.Trim(string(runes), " ")
}

// nameAsRead is what a reader of a header gets for a display name.
func nameAsRead(name string) string {
	return strings.Join(strings.FieldsFunc(asRead(name), func(r rune) bool { return r == ' ' }), " ")
}

// hostileTexts are what could end a header, look like another, or be read as something else.
var hostileTexts = []string{
	"", " ", "Hello", "Hi Zoë", "a\r\nBcc: x@example.com", "a\nb", "a\rb", "a\r\n\r\nbody", "\r\n", "a\x00b", "a\u2028b", "a\u2029b", "a\u0085b",
	"\xed\xa0\x80 surrogate", "\xff\xfe", "end \xc3", "=?utf-8?q?x?=", "a =?utf-8?b?eA==?= b", "x=?utf-8?q?x?=y", "=?", "?=", "=?utf-8?q?", "\u202eevil",
	"👩‍👩‍👧 family", "🎉", "a  b", "a   b é  c", " a ", "a\tb", "tab\t", "é é", "é a é", "a é b", "a é", "é a", "50% off = good?", "a_b é_c",
	"Müller & Söhne GmbH, \"Die\" (Berlin) <x@y>; z:", "\"", "\\", "a\\\"b", "J. Smith", "Smith, J.", "<x@example.com>", "x@example.com", "(comment)", ".", ",", "--",
	strings.Repeat("x", 75), strings.Repeat("x", 76), strings.Repeat("x", 10_000), strings.Repeat("é", 5_000), strings.Repeat("word ", 2_000),
	strings.Repeat("日本語", 30), strings.Repeat("a é ", 100), strings.Repeat("\"", 100), strings.Repeat("🎉", 40), strings.Repeat("\r\n", 50) + "x",
	"Your receipt " + strings.Repeat("n", 60) + " é", strings.Repeat("a", 66) + " " + strings.Repeat("b", 66), "a\u00a0b", "a b\u3000c", "\ufeffx",
}

var encodedWordForm = regexp.MustCompile(`=\?utf-8\?[qb]\?[!->@-~]+\?=`)

// headerProblem says what is wrong with the lines of one header; "" when nothing is. Lines that hold one long token may be long.
func headerProblem(written []byte, name string) string {
	lines := strings.Split(string(written), "\r\n")
	if len(lines) < 2 || lines[len(lines)-1] != "" || !strings.HasPrefix(lines[0], name+":") {
		return "not a header"
	}
	for i, line := range lines[:len(lines)-1] {
		token := strings.TrimPrefix(strings.TrimPrefix(line, name+":"), " ")
		switch {
		case i > 0 && (len(line) < 2 || line[0] != ' ' || line[1] == ' '):
			return fmt.Sprintf("line %d: %q", i, line)
		case len(line) > 76 && strings.Contains(token, " ") || len(line) > 998:
			return fmt.Sprintf("line %d has %d characters: %q", i, len(line), line)
		case strings.HasSuffix(line, " "):
			return fmt.Sprintf("white space at the end of line %d", i)
		}
		for _, b := range []byte(line) {
			if b < ' ' || b > '~' {
				return fmt.Sprintf("byte %#x in line %d", b, i)
			}
		}
		for _, word := range encodedWordForm.FindAllString(line, -1) {
			text, err := new(mime.WordDecoder).Decode(word)
			if err != nil || len(word) > 75 || !utf8.ValidString(text) || len(line) > 76 {
				return fmt.Sprintf("encoded word %q", word)
			}
		}
	}
	return ""
}

// readHeader parses one header as a message of its own.
func readHeader(written []byte, name string) (string, error) {
	message, err := mail.ReadMessage(bytes.NewReader(append(bytes.Clone(written), "\r\nbody"...)))
	if err != nil {
		return "", err
	}
	if len(message.Header) != 1 || len(message.Header[name]) != 1 {
		return "", fmt.Errorf("headers: %v", message.Header)
	}
	return new(mime.WordDecoder).DecodeHeader(message.Header.Get(name))
}

func checkHeader(t *testing.T, value string) {
	t.Helper()
	written := appendHeader(nil, "Subject", value)
	if problem := headerProblem(written, "Subject"); problem != "" {
		t.Errorf("%.200q: %s", value, problem)
	}
	if got, err := readHeader(written, "Subject"); err != nil || got != asRead(value) {
		t.Errorf("%.200q is read as %.200q, %v; written as %.300q", value, got, err, written)
	}
}

func checkAddress(t *testing.T, display string) {
	t.Helper()
	written, err := appendAddress(nil, "From", display, "news@mail.example.com")
	if err != nil {
		t.Fatal(err)
	}
	if problem := headerProblem(written, "From"); problem != "" {
		t.Errorf("%.200q: %s", display, problem)
	}
	message, err := mail.ReadMessage(bytes.NewReader(append(bytes.Clone(written), "\r\n"...)))
	if err != nil || len(message.Header) != 1 {
		t.Fatalf("%.200q: %v", written, err)
	}
	got, err := message.Header.AddressList("From")
	if err != nil || len(got) != 1 || got[0].Name != nameAsRead(display) || got[0].Address != "news@mail.example.com" {
		t.Errorf("%.200q is read as %.200q, %v; written as %.300q", display, got, err, written)
	}
}

func TestHeaderHostileTexts(t *testing.T) {
	t.Parallel()
	for _, value := range hostileTexts {
		checkHeader(t, value)
		checkAddress(t, value)
	}
}

func TestHeader(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ value, want string }{
		{"", "Subject:\r\n"},
		{"Three things worth your time", "Subject: Three things worth your time\r\n"},
		{"Hi Zoë, welcome", "Subject: Hi =?utf-8?b?Wm/Dqyw=?= welcome\r\n"},
		{"Zoë", "Subject: =?utf-8?q?Zo=C3=AB?=\r\n"}, // as long in B
		{"Hi Jürgen", "Subject: Hi =?utf-8?q?J=C3=BCrgen?=\r\n"},
		{"é two words of spring ü", "Subject: =?utf-8?q?=C3=A9_two_words_of_spring_=C3=BC?=\r\n"},
		{"日本語", "Subject: =?utf-8?b?5pel5pys6Kqe?=\r\n"},
		{"a =?utf-8?q?x?= b", "Subject: a =?utf-8?b?PT91dGYtOD9xP3g/PQ==?= b\r\n"},
		{"a  b c", "Subject: =?utf-8?q?a__b?= c\r\n"},
		{"a\r\nBcc: x", "Subject: =?utf-8?q?a__Bcc:?= x\r\n"},
		{strings.Repeat("word ", 18), "Subject:" + strings.Repeat(" word", 13) + "\r\n" + strings.Repeat(" word", 5) + "\r\n"},
		{strings.Repeat("x", 68), "Subject: =?utf-8?q?" + strings.Repeat("x", 55) + "?=\r\n =?utf-8?q?" + strings.Repeat("x", 13) + "?=\r\n"},
	} {
		if got := string(appendHeader(nil, "Subject", test.value)); got != test.want {
			t.Errorf("%q:\n%q, want\n%q", test.value, got, test.want)
		}
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ display, address, want string }{
		{"", "a@example.com", "From: <a@example.com>\r\n"},
		{"Acme News", "a@example.com", "From: Acme News <a@example.com>\r\n"},
		{"J. \"X\" \\ Smith", "a@example.com", `From: "J. \"X\" \\ Smith" <a@example.com>` + "\r\n"},
		{"Zoë, Ltd", "a@example.com", "From: =?utf-8?b?Wm/DqywgTHRk?= <a@example.com>\r\n"},
		{"=?utf-8?q?x?=", "a@example.com", "From: =?utf-8?b?PT91dGYtOD9xP3g/PQ==?= <a@example.com>\r\n"},
		{"x\r\nBcc: y@example.com", "a@example.com", "From: =?utf-8?q?x_Bcc=3A_y=40example=2Ecom?= <a@example.com>\r\n"},
		{strings.Repeat("x", 60), "a@example.com", "From: " + strings.Repeat("x", 60) + "\r\n <a@example.com>\r\n"},
		{"A", "first.last+tag@xn--mller-kva.example", "From: A <first.last+tag@xn--mller-kva.example>\r\n"},
		{"A", "a@localhost", "From: A <a@localhost>\r\n"},
	} {
		got, err := appendAddress(nil, "From", test.display, test.address)
		if string(got) != test.want || err != nil {
			t.Errorf("%q: %q, %v, want\n%q", test.display, got, err, test.want)
		}
	}
	for _, address := range []string{
		"", "@", "a@", "@b", "a", "a@b\r\nBcc: c@d", "a@b\x00", "a@b>", "<a@b", "a,b@c", "a b@c", "a@b c", "a@b, c@d", "a@b\n", "ä@b", "a@ä", "a..b@c", ".a@b",
		"a@b.", "a@[127.0.0.1]", "\"a b\"@c", "a@b@c", "=?utf-8?q?x?=@b", "a(b)@c", "a@b:c", strings.Repeat("a", 65) + "@b", "a@" + strings.Repeat("b.", 130) + "c",
	} {
		if got, err := appendAddress([]byte("X: y\r\n"), "To", "A", address); err == nil || string(got) != "X: y\r\n" {
			t.Errorf("%q: %q, %v", address, got, err)
		}
	}
}

func TestDateHeader(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("x", 2*3600)
	for _, test := range []struct {
		at   time.Time
		want string
	}{
		{testNow, "Date: Wed, 31 Mar 2027 09:05:07 +0000\r\n"},
		{time.Date(2027, 1, 1, 1, 0, 0, 0, zone), "Date: Thu, 31 Dec 2026 23:00:00 +0000\r\n"},
	} {
		got := appendDateHeader(nil, test.at)
		if string(got) != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
		read, err := mail.ParseDate(strings.TrimSpace(string(got[len("Date: "):])))
		if err != nil || read.Unix() != test.at.Unix() {
			t.Errorf("%q is read as %v, %v", got, read, err)
		}
	}
}

// Headers are written for every person, so they must not allocate.
func TestHeadersDoNotAllocate(t *testing.T) {
	dst := make([]byte, 0, 4096)
	subject := "Zoë, your picks are here — 🎉 and " + strings.Repeat("more ", 30)
	for name, write := range map[string]func(){
		"subject":     func() { dst = appendHeader(dst[:0], "Subject", subject) },
		"subject B":   func() { dst = appendHeader(dst[:0], "Subject", "日本語のニュース") },
		"address":     func() { dst, _ = appendAddress(dst[:0], "To", "Zoë", "zoe@example.com") },
		"date":        func() { dst = appendDateHeader(dst[:0], testNow) },
		"message id":  func() { dst, _ = appendMessageID(dst[:0], "01J9Z", "example.com") },
		"unsubscribe": func() { dst, _ = appendListUnsubscribe(dst[:0], "https://e.example/u/T", "mailto:u@e.example") },
		"list":        func() { dst, _ = appendListID(dst[:0], "Acme News", "news", "example.com") },
		"feedback":    func() { dst, _ = appendFeedbackID(dst[:0], "c", "v", "s", "sender") },
		"quoted":      func() { dst = appendQuoted(dst[:0], subject) },
	} {
		if n := testing.AllocsPerRun(100, write); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func FuzzHeader(f *testing.F) {
	for _, text := range hostileTexts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		checkHeader(t, text)
		checkAddress(t, text)
		if written, err := appendAddress(nil, "To", "", text); err == nil {
			if got, err := readHeader(written, "To"); err != nil || got != "<"+text+">" {
				t.Errorf("%q is read as %q, %v", text, got, err)
			}
		}
		if written, err := appendListUnsubscribe(nil, text, ""); err == nil && bytes.Count(written, []byte("\n")) != 2 {
			t.Errorf("%q", written)
		}
	})
}

func BenchmarkSubject(b *testing.B) {
	for name, value := range map[string]string{
		"ascii": "Your weekly picks are here, Zoe", "q": "Zoë, your weekly picks are here", "b": "Zoë — 🎉 日本語のニュース", "long": strings.Repeat("Zoë und Jürgen ", 12),
	} {
		b.Run(name, func(b *testing.B) {
			var dst []byte
			b.ReportAllocs()
			for b.Loop() {
				dst = appendHeader(dst[:0], "Subject", value)
			}
		})
	}
}
