package send

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"germane/internal/smtpfake"
)

const testMessage = "From: Acme <hello@acme.example>\r\nTo: ann@mail.example\r\nSubject: Hi\r\n\r\nHello\r\n"

func testMail(n int) *Mail {
	return &Mail{ID: fmt.Sprintf("d%d", n), From: "hello@acme.example", To: fmt.Sprintf("p%d@mail.example", n), Bytes: []byte(testMessage)}
}

// patience makes faults show soon.
var patience = Options{Timeout: 300 * time.Millisecond, Answer: 300 * time.Millisecond, Hello: "test.example"}

func smtpAddress(tb testing.TB, scheme, address string) *Address {
	tb.Helper()
	a, err := ParseURL(scheme + "://" + address)
	if err != nil {
		tb.Fatal(err)
	}
	return &a
}

func openTest(tb testing.TB, a *Address, o Options) Transport {
	tb.Helper()
	transport, err := a.Open(context.Background(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = transport.Close() })
	return transport
}

func listen(tb testing.TB, pipelining bool, script func(smtpfake.Moment) smtpfake.Act) *smtpfake.Server {
	tb.Helper()
	server, err := smtpfake.Listen(pipelining, script)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = server.Close() })
	return server
}

// freeAddress is an address where nobody listens.
func freeAddress(tb testing.TB) string {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func TestSMTPToARealServer(t *testing.T) {
	t.Parallel()
	certificate, trusting, err := smtpfake.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	patient := Options{Timeout: 10 * time.Second, Answer: 10 * time.Second}
	for _, c := range []struct {
		scheme, user string
		tls          bool
	}{{"smtp", "", false}, {"smtp", "joe@", false}, {"smtp+starttls", "", true}, {"smtp+starttls", "joe@", true}, {"smtp+tls", "joe@", true}} {
		t.Run(c.scheme+" "+c.user, func(t *testing.T) {
			t.Parallel()
			cert, o := &certificate, patient
			if !c.tls {
				cert = nil
			}
			o.TLS, o.Password = trusting, "secret"
			receiver, err := smtpfake.Receive(cert, c.scheme == "smtp+tls", strings.TrimSuffix(c.user, "@"), "secret")
			if err != nil {
				t.Fatal(err)
			}
			defer receiver.Close()
			transport := openTest(t, smtpAddress(t, c.scheme, c.user+receiver.Addr), o)
			if err := transport.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			for n := range 5 {
				if r := transport.Send(t.Context(), testMail(n)); r.Outcome != Sent {
					t.Fatalf("mail %d: %+v", n, r)
				}
			}
			mails := receiver.Mails()
			for n, got := range mails {
				if want := testMail(n); got.From != want.From || got.To != want.To || !bytes.Equal(got.Data, want.Bytes) || got.Connection != mails[0].Connection {
					t.Errorf("mail %d came as %+v", n, got)
				}
			}
		})
	}
}

func TestSMTPSenderThatCannotConnect(t *testing.T) {
	t.Parallel()
	certificate, trusting, err := smtpfake.Certificate()
	if err != nil {
		t.Fatal(err)
	}
	protected, err := smtpfake.Receive(&certificate, false, "joe", "secret")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = protected.Close() })
	plain, err := smtpfake.Receive(nil, false, "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if n := len(protected.Mails()) + len(plain.Mails()); n != 0 {
			t.Errorf("%d mails came", n)
		}
		_ = plain.Close()
	})
	for name, c := range map[string]struct {
		scheme, address, password string
		trust                     bool
		outcome                   Outcome
		code                      string
	}{
		"wrong password":         {"smtp+starttls", "joe@" + protected.Addr, "wrong", true, Stopped, "smtp 535 5.7.8"},
		"no user":                {"smtp+starttls", protected.Addr, "", true, Stopped, "smtp 502 5.7.0"},
		"unknown certificate":    {"smtp+starttls", "joe@" + protected.Addr, "secret", false, Stopped, "certificate"},
		"no STARTTLS":            {"smtp+starttls", plain.Addr, "", true, Stopped, "starttls"},
		"no AUTH":                {"smtp", "joe@" + plain.Addr, "secret", true, Stopped, "auth"},
		"nobody listens":         {"smtp", freeAddress(t), "", true, NotSent, "connect"},
		"TLS where there is not": {"smtp+tls", plain.Addr, "", true, NotSent, "connect"},
		"no such host":           {"smtp", "nowhere.invalid:25", "", true, NotSent, "connect"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := Options{Password: c.password, Timeout: 5 * time.Second}
			if c.trust {
				o.TLS = trusting
			}
			r := openTest(t, smtpAddress(t, c.scheme, c.address), o).Send(t.Context(), testMail(1))
			if r.Outcome != c.outcome || r.Code != c.code {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestSMTPKeepsConnections(t *testing.T) {
	t.Parallel()
	server := listen(t, true, nil)
	transport := openTest(t, smtpAddress(t, "smtp", server.Addr), patience)
	for n := range 20 {
		if r := transport.Send(t.Context(), testMail(n)); r.Outcome != Sent || r.ID != "Q1" {
			t.Fatalf("%+v", r)
		}
	}
	if err := transport.Close(); err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, m := range server.Moments() {
		said = append(said, string(m.Stage))
	}
	want := "greeting EHLO" + strings.Repeat(" MAIL RCPT DATA part message", 20) + " QUIT"
	if got := strings.Join(said, " "); got != want {
		t.Errorf("the conversation was %s", got)
	}
	if r := transport.Send(t.Context(), testMail(1)); r.Outcome != NotSent {
		t.Errorf("after closing: %+v", r)
	}
}

// TestSMTPRefusedRecipientKeepsTheConnection: lists have many dead addresses, and dialling for each would be slow.
func TestSMTPRefusedRecipientKeepsTheConnection(t *testing.T) {
	t.Parallel()
	for _, pipelining := range []bool{true, false} {
		server := listen(t, pipelining, func(m smtpfake.Moment) smtpfake.Act {
			if n, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(m.To, "p"), "@mail.example")); m.Stage == smtpfake.To && n%2 == 1 {
				return smtpfake.Act{Reply: "550 5.1.1 nobody"}
			}
			return smtpfake.Act{}
		})
		transport := openTest(t, smtpAddress(t, "smtp", server.Addr), patience)
		for n := range 10 {
			want := []Outcome{Sent, Refused}[n%2]
			if r := transport.Send(t.Context(), testMail(n)); r.Outcome != want {
				t.Errorf("mail %d: %+v", n, r)
			}
		}
		if n := server.Connections(); n != 1 || len(server.Mails()) != 5 {
			t.Errorf("%d connections, %d mails", n, len(server.Mails()))
		}
	}
}

// TestSMTPReplacesAnIdleConnection: servers hang up on those who say nothing, whether or not they have said something before.
func TestSMTPReplacesAnIdleConnection(t *testing.T) {
	t.Parallel()
	server := listen(t, true, func(m smtpfake.Moment) smtpfake.Act {
		return smtpfake.Act{Drop: m.Stage == smtpfake.Sender && m.Connection == 1}
	})
	transport := openTest(t, smtpAddress(t, "smtp", server.Addr), patience)
	if err := transport.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := transport.Send(t.Context(), testMail(1)); r.Outcome != Sent || len(server.Mails()) != 1 || server.Connections() != 2 {
		t.Errorf("%+v, %d mails, %d connections", r, len(server.Mails()), server.Connections())
	}
}

// TestSMTPWaitsForTheAnswer: a worker that is told to stop must not leave mails in doubt.
func TestSMTPWaitsForTheAnswer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	release := make(chan struct{})
	server := listen(t, true, func(m smtpfake.Moment) smtpfake.Act {
		if m.Stage != smtpfake.Message {
			return smtpfake.Act{}
		}
		cancel()
		context.AfterFunc(ctx, func() { close(release) })
		return smtpfake.Act{Until: release}
	})
	transport := openTest(t, smtpAddress(t, "smtp", server.Addr), Options{})
	if r := transport.Send(ctx, testMail(1)); r.Outcome != Sent {
		t.Errorf("%+v", r)
	}
	if r := transport.Send(ctx, testMail(2)); r.Outcome != NotSent || r.Code != "cancelled" || len(server.Mails()) != 1 {
		t.Errorf("the mail after it: %+v", r)
	}
}

// TestSMTPStopsBeforeTheMessage: what is not on its way yet does not have to wait.
func TestSMTPStopsBeforeTheMessage(t *testing.T) {
	t.Parallel()
	for _, stage := range []smtpfake.Stage{smtpfake.Greeting, smtpfake.Hello, smtpfake.Sender, smtpfake.Data} {
		t.Run(string(stage), func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			server := listen(t, true, func(m smtpfake.Moment) smtpfake.Act {
				if m.Stage != stage {
					return smtpfake.Act{}
				}
				cancel()
				return smtpfake.Act{Hang: true}
			})
			r := openTest(t, smtpAddress(t, "smtp", server.Addr), Options{}).Send(ctx, testMail(1))
			if r.Outcome != NotSent || r.Code != "cancelled" || len(server.Mails()) != 0 {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestSMTPDots(t *testing.T) {
	t.Parallel()
	server := listen(t, true, nil)
	transport := openTest(t, smtpAddress(t, "smtp", server.Addr), patience)
	for _, message := range []string{
		"A: b\r\n\r\n.\r\n..\r\n.x\r\nQUIT\r\n.\r\n", ".", ".\r\n", "\r\n.\r\n", "A: b\r\n\r\nno end", strings.Repeat(strings.Repeat("x", 76)+"\r\n", 2000) + ".\r\n",
	} {
		m := testMail(1)
		m.Bytes = []byte(message)
		if r := transport.Send(t.Context(), m); r.Outcome != Sent {
			t.Errorf("%.40q: %+v", message, r)
		}
		mails := server.Mails()
		if got := string(mails[len(mails)-1].Data); strings.TrimSuffix(got, "\r\n") != strings.TrimSuffix(message, "\r\n") {
			t.Errorf("%.40q came as %.40q", message, got)
		}
	}
	for _, message := range []string{"a\n.\nb\r\n", "a\r.\rb\r\n", "a\r\n.\n", "\n", "\r", "a\n\r.\r\n", "a\r\r\n.\n\r\n"} {
		m := testMail(1)
		m.Bytes = []byte(message)
		if r := transport.Send(t.Context(), m); r.Outcome != Refused {
			t.Errorf("%q: %+v", message, r)
		}
	}
	if n := server.Connections(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

func TestSMTPAddressesSayNothingElse(t *testing.T) {
	t.Parallel()
	server := listen(t, true, nil)
	transport := openTest(t, smtpAddress(t, "smtp", server.Addr), patience)
	for _, address := range []string{
		"", "ann", "@x", "ann@", "ann@x>\r\nRCPT TO:<bob@x", "ann@x> NOTIFY=NEVER", "a b@x", "ann@x\x00", "ann@münchen.example", "a@b@c", `"ann"@x`,
		strings.Repeat("a", 250) + "@xyz.example",
	} {
		for _, m := range []*Mail{{ID: "d", From: "a@x.example", To: address, Bytes: []byte("x")}, {ID: "d", From: address, To: "a@x.example", Bytes: []byte("x")}} {
			if r := transport.Send(t.Context(), m); r.Outcome != Refused || r.Code != "germane" {
				t.Errorf("%q: %+v", address, r)
			}
		}
	}
	if n := server.Connections(); n != 0 {
		t.Errorf("%d connections", n)
	}
}

func TestSMTPManyAtOnce(t *testing.T) {
	t.Parallel()
	server := listen(t, true, nil)
	transport := openTest(t, smtpAddress(t, "smtp", server.Addr), Options{})
	results := make(chan Result)
	const workers, each = 8, 25
	for w := range workers {
		go func() {
			for n := range each {
				results <- transport.Send(context.Background(), testMail(w*each+n))
			}
		}()
	}
	for range workers * each {
		if r := <-results; r.Outcome != Sent {
			t.Errorf("%+v", r)
		}
	}
	for n := range workers * each {
		if got := copies(server, testMail(n).To); got != 1 {
			t.Errorf("mail %d: %d copies", n, got)
		}
	}
	if n := server.Connections(); n > workers {
		t.Errorf("%d connections", n)
	}
}

func FuzzReply(f *testing.F) {
	f.Add([]byte("250-a\r\n250 b\r\n"))
	f.Add([]byte("250"))
	f.Add([]byte("99999 \n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := readReply(bufio.NewReader(bytes.NewReader(raw)))
		if err == nil && (r.code < 200 || r.code > 599) {
			t.Errorf("%q is %+v", raw, r)
		}
		bySMTP(atRecipient, r.code, r.text, testMail(1))
	})
}

func FuzzWire(f *testing.F) {
	f.Add([]byte("a\r\n.\r\n.."))
	f.Fuzz(func(t *testing.T, message []byte) {
		wire, ok := appendWire(nil, message)
		if !ok {
			return
		}
		body, rest, found := bytes.Cut(append([]byte("\r\n"), wire...), []byte("\r\n.\r\n"))
		if !found || len(rest) != 0 {
			t.Fatalf("%q ends early as %q", message, wire)
		}
		if got := bytes.ReplaceAll(body, []byte("\r\n."), []byte("\r\n"))[2:]; string(got) != strings.TrimSuffix(string(message), "\r\n") {
			t.Errorf("%q is read as %q", message, got)
		}
	})
}

// TestSMTPHalfAMessageIsNotSent: where the connection breaks before the end of a message was handed over, the server cannot have it.
func TestSMTPHalfAMessageIsNotSent(t *testing.T) {
	t.Parallel()
	server := listen(t, true, func(m smtpfake.Moment) smtpfake.Act {
		return smtpfake.Act{Drop: m.Stage == smtpfake.Part}
	})
	m := testMail(1)
	m.Bytes = []byte(testMessage + strings.Repeat(strings.Repeat("x", 76)+"\r\n", 400_000)) // more than lies between two programs
	r := openTest(t, smtpAddress(t, "smtp", server.Addr), Options{}).Send(t.Context(), m)
	if r.Outcome != NotSent || len(server.Mails()) != 0 || server.Connections() != 1 {
		t.Errorf("%+v, %d mails, %d connections", r, len(server.Mails()), server.Connections())
	}
}
