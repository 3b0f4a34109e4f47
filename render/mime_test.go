package render

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"net/mail"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	gomail "github.com/wneessen/go-mail"

	"germane/internal/testkit"
)

// meant is a message as it should be read back.
type meant struct {
	subject, from, to, label string
	text, html               string
	at                       time.Time
	id                       string
}

const (
	meantPage   = "https://mail.example.com/u/0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9-_?list=news&x=1"
	meantMailto = "mailto:unsubscribe@mail.example.com?subject=0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5"
)

// message writes it with what this package has; bodies are cut into segments at random.
func (m *meant) message(t *testing.T, random *rand.Rand) []byte {
	t.Helper()
	must := func(dst []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return dst
	}
	dst := must(appendAddress(nil, "From", m.from, "news@mail.example.com"))
	dst = must(appendAddress(dst, "To", m.to, "zoe+x@example.com"))
	dst = appendHeader(dst, "Subject", m.subject)
	dst = appendDateHeader(dst, m.at)
	dst = must(appendMessageID(dst, m.id, "mail.example.com"))
	dst = must(appendListID(dst, m.label, "news", "mail.example.com"))
	dst = must(appendListUnsubscribe(dst, meantPage, meantMailto))
	dst = must(appendFeedbackID(dst, "spring", "b", "marketing", "acme"))
	mark := boundary(m.id)
	dst = append(dst, "MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=\""+mark+"\"\r\n"...)
	for _, part := range [][2]string{{"text/plain", m.text}, {"text/html", m.html}} {
		dst = append(dst, "\r\n--"+mark+"\r\nContent-Type: "+part[0]+"; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"...)
		for rest := part[1]; rest != ""; {
			n := 1 + random.IntN(len(rest))
			if rest[n-1] == '\r' {
				n = len(rest) // \r\n is one line break
			}
			dst, rest = appendQuoted(dst, rest[:n]), rest[n:]
		}
	}
	return append(dst, "\r\n--"+mark+"--\r\n"...)
}

func randomText(random *rand.Rand, words int) string {
	pieces := []string{
		"a", "Hello", "there", " ", " ", " ", "  ", "é", "Zoë", "日本語", "🎉", ",", ".", "\"", "\\", "<", ">", "@", "(", ":", ";", "=", "?", "_", "=?utf-8?q?x?=",
		"=?", "?=", "\t", "\r\n", "\n", "Bcc: x@example.com", "From ", "\x00", "\u2028", "\u202e", "\u0085", "\u00a0", "👩‍👩‍👧", "internationalisation", "\x1f", "%", "'", "-",
	}
	var text strings.Builder
	for range random.IntN(words) {
		text.WriteString(pieces[random.IntN(len(pieces))])
	}
	return text.String()
}

// meantMessages are the hostile texts in every place, and random ones.
func meantMessages(n int) (list []meant) {
	random := rand.New(rand.NewPCG(3, 4))
	for i := range n {
		m := meant{id: fmt.Sprintf("%dabcdef.%d", i, random.Uint64()), at: testNow.Add(time.Duration(random.Int64N(1e17))).Truncate(time.Second)}
		if i < len(hostileTexts) {
			text := hostileTexts[i]
			m.subject, m.from, m.to, m.label = text, text, text, text
			m.text, m.html = strings.ToValidUTF8(text, "?"), "<p>"+strings.ToValidUTF8(text, "?")
		} else {
			m.subject, m.from, m.to, m.label = randomText(random, 40), randomText(random, 12), randomText(random, 25), randomText(random, 8)
			m.text, m.html = randomText(random, 80), randomText(random, 80)
		}
		list = append(list, m)
	}
	return list
}

func TestMessagesReadByGo(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 6))
	for _, m := range meantMessages(1500) {
		written := m.message(t, random)
		message, err := mail.ReadMessage(bytes.NewReader(written))
		if err != nil {
			t.Fatalf("%q: %v", written, err)
		}
		checkGoHeader(t, message.Header, &m)
		_, parameters, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
		if err != nil {
			t.Fatal(err)
		}
		parts := multipart.NewReader(message.Body, parameters["boundary"])
		for _, want := range []string{m.text, m.html} {
			part, err := parts.NextPart()
			if err != nil {
				t.Fatalf("%q: %v", written, err)
			}
			body, err := io.ReadAll(part)
			if err != nil || string(body) != canonical(want) {
				t.Errorf("body %q, %v, want %q", body, err, canonical(want))
			}
		}
		if _, err := parts.NextPart(); err != io.EOF {
			t.Errorf("after the parts: %v", err)
		}
	}
}

func checkGoHeader(t *testing.T, header mail.Header, m *meant) {
	t.Helper()
	if len(header) != 11 {
		t.Errorf("headers %v", header)
	}
	for name, want := range map[string]string{
		"Subject": asRead(m.subject), "Message-Id": "<" + m.id + "@mail.example.com>", "Feedback-Id": "spring:b:marketing:acme",
		"List-Unsubscribe": "<" + meantPage + ">, <" + meantMailto + ">", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
	} {
		got, err := new(mime.WordDecoder).DecodeHeader(header.Get(name))
		if err != nil || got != want || len(header[name]) != 1 {
			t.Errorf("%s is read as %q, %v, want %q", name, got, err, want)
		}
	}
	for name, want := range map[string]mail.Address{
		"From": {Name: nameAsRead(m.from), Address: "news@mail.example.com"}, "To": {Name: nameAsRead(m.to), Address: "zoe+x@example.com"},
	} {
		got, err := header.AddressList(name)
		if err != nil || len(got) != 1 || *got[0] != want {
			t.Errorf("%s is read as %v, %v, want %v; it is %q", name, got, err, want, header.Get(name))
		}
	}
	if date, err := header.Date(); err != nil || !date.Equal(m.at) {
		t.Errorf("date %v, %v, want %v", date, err, m.at)
	}
}

func TestMessagesReadByGoMail(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 8))
	for _, m := range meantMessages(1500) {
		m.to = strings.ReplaceAll(m.to, "\\", "/") // go-mail loses names with "\" and non-ASCII, as net/mail's Address.String writes them wrongly
		message, err := gomail.EMLToMsgFromString(string(m.message(t, random)))
		if err != nil {
			t.Fatalf("%q: %v", m.message(t, random), err)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(strings.Join(message.GetGenHeader(gomail.HeaderSubject), " "))
		if err != nil || subject != asRead(m.subject) {
			t.Errorf("subject %q, %v, want %q", subject, err, asRead(m.subject))
		}
		from, to := message.GetFrom(), message.GetTo()
		if len(from) != 1 || from[0].Name != nameAsRead(m.from) || len(to) != 1 || to[0].Name != nameAsRead(m.to) || to[0].Address != "zoe+x@example.com" {
			t.Errorf("from %v, to %v, want %q and %q", from, to, m.from, m.to)
		}
		parts := message.GetParts()
		if len(parts) != 2 {
			t.Fatalf("%d parts", len(parts))
		}
		for i, want := range []string{m.text, m.html} {
			if got, err := parts[i].GetContent(); err != nil || string(got) != canonical(want) {
				t.Errorf("part %d is %q, %v, want %q", i, got, err, canonical(want))
			}
		}
	}
}

// pythonMessage is what testdata/read_messages.py says of a message.
type pythonMessage struct {
	Headers  [][2]string
	From, To [][2]string
	Date     float64
	Text     string
	HTML     string
	Defects  []string
}

func (p *pythonMessage) header(name string) (values []string) {
	for _, header := range p.Headers {
		if header[0] == name {
			values = append(values, header[1])
		}
	}
	return values
}

func TestMessagesReadByPython(t *testing.T) {
	t.Parallel()
	list := meantMessages(500)
	random := rand.New(rand.NewPCG(9, 10))
	var raw [][]byte
	for i := range list {
		raw = append(raw, list[i].message(t, random))
	}
	for i, got := range readByPython(t, raw) {
		m := &list[i]
		if len(got.Defects) > 0 || len(got.Headers) != 11 {
			t.Errorf("%q: defects %v, %d headers", raw[i], got.Defects, len(got.Headers))
		}
		for name, want := range map[string]string{
			"Subject": asRead(m.subject), "Message-ID": "<" + m.id + "@mail.example.com>", "Feedback-ID": "spring:b:marketing:acme",
			"List-Unsubscribe": "<" + meantPage + ">, <" + meantMailto + ">", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
		} {
			if values := got.header(name); !slices.Equal(values, []string{want}) {
				t.Errorf("%s is read as %q, want %q", name, values, want)
			}
		}
		checkPythonMailbox(t, raw[i], "From", got.From, nameAsRead(m.from), "news@mail.example.com")
		checkPythonMailbox(t, raw[i], "To", got.To, nameAsRead(m.to), "zoe+x@example.com")
		if got.Text != canonical(m.text) || got.HTML != canonical(m.html) || int64(got.Date) != m.at.Unix() {
			t.Errorf("read as %q, %q, %v, want %q, %q, %v", got.Text, got.HTML, got.Date, m.text, m.html, m.at)
		}
	}
}

// checkPythonMailbox compares a mailbox. In display names Python puts a space between encoded words, against RFC 2047, 6.2
// (github.com/python/cpython/issues/128110), and drops a no-break space beside a space; that is not held against us.
func checkPythonMailbox(t *testing.T, raw []byte, header string, got [][2]string, name, address string) {
	t.Helper()
	if len(got) != 1 || got[0][1] != address {
		t.Errorf("%s is read as %q in %q", header, got, raw)
		return
	}
	read := got[0][0]
	_, line, _ := strings.Cut(string(raw), "\r\n"+header+":")
	line, _, _ = strings.Cut(line, "<"+address)
	if header == "From" {
		line, _, _ = strings.Cut(string(raw), "<"+address)
	}
	if strings.Count(line, "=?utf-8?") > 1 {
		read, name = strings.Join(strings.Fields(read), ""), strings.Join(strings.Fields(name), "")
	}
	if strings.Join(strings.Fields(read), " ") != strings.Join(strings.Fields(name), " ") {
		t.Errorf("%s is read as %.200q, want %.200q in %q", header, read, name, raw)
	}
}

// readByPython has Python's email package read messages, in one process.
func readByPython(t *testing.T, raw [][]byte) []pythonMessage {
	t.Helper()
	python := testkit.Program(t, "python3")
	var input, failure bytes.Buffer
	encoder := json.NewEncoder(&input)
	for _, message := range raw {
		if err := encoder.Encode(map[string][]byte{"raw": message}); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), python, "-I", "testdata/read_messages.py")
	command.Stdin, command.Stderr = &input, &failure
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, failure.String())
	}
	var read []pythonMessage
	for lines := bufio.NewReader(bytes.NewReader(output)); ; {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		var message pythonMessage
		if err := json.Unmarshal(line, &message); err != nil {
			t.Fatal(err)
		}
		read = append(read, message)
	}
	if len(read) != len(raw) {
		t.Fatalf("%d of %d messages were read", len(read), len(raw))
	}
	return read
}
