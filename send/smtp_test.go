package send

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
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
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
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
		"nobody listens":         {"smtp", gone.Addr().String(), "", true, NotSent, "connect"},
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

// fault is a row of the fault table.
type fault struct {
	name    string
	stage   smtpfake.Stage
	act     smtpfake.Act
	outcome Outcome // of the mail that meets the fault
	code    string
	taken   int // how many copies the server has taken by then
}

var faults = []fault{
	{"greeting 421", smtpfake.Greeting, smtpfake.Act{Reply: "421 4.3.0 later", Drop: true}, NotSent, "smtp 421 4.3.0", 0},
	{"greeting 554", smtpfake.Greeting, smtpfake.Act{Reply: "554 5.7.1 not you", Drop: true}, Stopped, "smtp 554 5.7.1", 0},
	{"greeting too many", smtpfake.Greeting, smtpfake.Act{Reply: "421 too many connections", Drop: true}, Throttled, "smtp 421", 0},
	{"greeting drop", smtpfake.Greeting, smtpfake.Act{Drop: true}, NotSent, "connect", 0},
	{"greeting half-open", smtpfake.Greeting, smtpfake.Act{Hang: true}, NotSent, "connect", 0},
	{"greeting of something else", smtpfake.Greeting, smtpfake.Act{Reply: "HTTP/1.1 400 Bad Request"}, NotSent, "connect", 0},
	{"MAIL 421", smtpfake.Sender, smtpfake.Act{Reply: "421 4.4.2 bye", Drop: true}, NotSent, "smtp 421 4.4.2", 0},
	{"MAIL 421 slow down", smtpfake.Sender, smtpfake.Act{Reply: "421 4.7.28 unusual rate", Drop: true}, Throttled, "smtp 421 4.7.28", 0},
	{"MAIL 451", smtpfake.Sender, smtpfake.Act{Reply: "451 4.3.0 local error"}, NotSent, "smtp 451 4.3.0", 0},
	{"MAIL 454 rate", smtpfake.Sender, smtpfake.Act{Reply: "454 Throttling failure: Maximum sending rate exceeded."}, Throttled, "smtp 454", 0},
	{"MAIL 454 quota", smtpfake.Sender, smtpfake.Act{Reply: "454 Throttling failure: Daily message quota exceeded."}, Quota, "smtp 454", 0},
	{"MAIL 530", smtpfake.Sender, smtpfake.Act{Reply: "530 5.7.0 authenticate"}, Stopped, "smtp 530 5.7.0", 0},
	{"MAIL 550", smtpfake.Sender, smtpfake.Act{Reply: "550 5.7.1 sender refused"}, Stopped, "smtp 550 5.7.1", 0},
	{"MAIL 552", smtpfake.Sender, smtpfake.Act{Reply: "552 5.3.4 too large"}, Refused, "smtp 552 5.3.4", 0},
	{"MAIL drop", smtpfake.Sender, smtpfake.Act{Drop: true}, NotSent, "connection", 0},
	{"MAIL half-open", smtpfake.Sender, smtpfake.Act{Hang: true}, NotSent, "connection", 0},
	{"MAIL nonsense", smtpfake.Sender, smtpfake.Act{Reply: "hello?"}, NotSent, "connection", 0},
	{"RCPT 450", smtpfake.To, smtpfake.Act{Reply: "450 4.2.1 mailbox busy"}, NotSent, "smtp 450 4.2.1", 0},
	{"RCPT greylisted", smtpfake.To, smtpfake.Act{Reply: "451 4.7.1 Greylisted, too many strangers"}, NotSent, "smtp 451 4.7.1", 0},
	{"RCPT 452 too many", smtpfake.To, smtpfake.Act{Reply: "452 4.5.3 enough for now"}, Throttled, "smtp 452 4.5.3", 0},
	{"RCPT 550", smtpfake.To, smtpfake.Act{Reply: "550-5.1.1 there is\r\n550 5.1.1 nobody called <p1@mail.example>"}, Refused, "smtp 550 5.1.1", 0},
	{"RCPT relaying", smtpfake.To, smtpfake.Act{Reply: "554 5.7.1 <p1@mail.example>: Relay access denied"}, Stopped, "smtp 554 5.7.1", 0},
	{"RCPT 421", smtpfake.To, smtpfake.Act{Reply: "421 4.3.2 shutting down", Drop: true}, Throttled, "smtp 421 4.3.2", 0},
	{"RCPT drop", smtpfake.To, smtpfake.Act{Drop: true}, NotSent, "connection", 0},
	{"DATA 451", smtpfake.Data, smtpfake.Act{Reply: "451 4.3.0 no disk"}, NotSent, "smtp 451 4.3.0", 0},
	{"DATA 554", smtpfake.Data, smtpfake.Act{Reply: "554 5.5.1 no"}, Refused, "smtp 554 5.5.1", 0},
	{"DATA 250", smtpfake.Data, smtpfake.Act{Reply: "250 fine"}, NotSent, "smtp 250", 0},
	{"DATA drop", smtpfake.Data, smtpfake.Act{Drop: true}, NotSent, "connection", 0},
	{"DATA half-open", smtpfake.Data, smtpfake.Act{Hang: true}, NotSent, "connection", 0},
	{"DATA two answers", smtpfake.Data, smtpfake.Act{Reply: "354 go on\r\n250 2.0.0 Ok"}, NotSent, "connection", 0},
	{"message 421", smtpfake.Message, smtpfake.Act{Reply: "421 4.3.0 bye", Drop: true}, NotSent, "smtp 421 4.3.0", 0},
	{"message 451", smtpfake.Message, smtpfake.Act{Reply: "451 4.3.0 again, please"}, NotSent, "smtp 451 4.3.0", 0},
	{"message 552", smtpfake.Message, smtpfake.Act{Reply: "552 5.3.4 too large"}, Refused, "smtp 552 5.3.4", 0},
	{"message 554", smtpfake.Message, smtpfake.Act{Reply: "554 5.7.1 looks like spam"}, Refused, "smtp 554 5.7.1", 0},
	{"message unauthenticated", smtpfake.Message, smtpfake.Act{Reply: "550 5.7.26 no SPF, no DKIM"}, Stopped, "smtp 550 5.7.26", 0},
	{"message paused", smtpfake.Message, smtpfake.Act{Reply: "554 Sending paused for this account."}, Stopped, "smtp 554", 0},
	{"message arrives half", smtpfake.Part, smtpfake.Act{Drop: true}, InDoubt, "no answer", 0},
	{"message taken, drop", smtpfake.Message, smtpfake.Act{Drop: true}, InDoubt, "no answer", 1},
	{"message taken, half-open", smtpfake.Message, smtpfake.Act{Hang: true}, InDoubt, "no answer", 1},
	{"message taken, nonsense", smtpfake.Message, smtpfake.Act{Reply: "2"}, InDoubt, "no answer", 1},
	{"message taken, 354", smtpfake.Message, smtpfake.Act{Reply: "354 more"}, InDoubt, "smtp 354", 0},
	{"message taken, then drop", smtpfake.Message, smtpfake.Act{Reply: "250 2.0.0 Ok: queued as Q2", Drop: true}, Sent, "", 1},
	{"message taken, two answers", smtpfake.Message, smtpfake.Act{Reply: "250 2.0.0 Ok\r\n250 2.0.0 Ok"}, Sent, "", 1},
}

// TestSMTPFaults is the fault table: the first mail of a new connection, or a later one of a connection that worked, meets a fault. A
// worker goes on as the outcome allows; nobody gets a mail twice, and the mails after it are not disturbed.
func TestSMTPFaults(t *testing.T) {
	t.Parallel()
	for _, f := range faults {
		for _, pipelining := range []bool{true, false} {
			for _, used := range []bool{false, true} {
				if used && f.stage == smtpfake.Greeting {
					continue
				}
				t.Run(fmt.Sprintf("%s pipelining=%v used=%v", f.name, pipelining, used), func(t *testing.T) {
					t.Parallel()
					checkFault(t, f, pipelining, used)
				})
			}
		}
	}
}

func checkFault(t *testing.T, f fault, pipelining, used bool) {
	var over atomic.Bool
	server := listen(t, pipelining, func(m smtpfake.Moment) smtpfake.Act {
		if m.Stage != f.stage || used && m.Mail == 1 || over.Swap(true) {
			return smtpfake.Act{}
		}
		return f.act
	})
	transport := openTest(t, smtpAddress(t, "smtp", server.Addr), patience)
	if used {
		if r := transport.Send(t.Context(), testMail(0)); r.Outcome != Sent {
			t.Fatalf("the mail before: %+v", r)
		}
	}
	r := transport.Send(t.Context(), testMail(1))
	// A connection that worked before and is ended before any answer is replaced at once.
	replaced := used && f.stage == smtpfake.Sender && f.act.Drop
	want := f
	if replaced {
		want.outcome, want.code, want.taken = Sent, "", 1
	}
	if r.Outcome != want.outcome || r.Code != want.code || strings.Contains(r.Text, "p1@") {
		t.Errorf("%+v, want %s %s", r, want.outcome, want.code)
	}
	if n := copies(server, "p1@mail.example"); n != want.taken {
		t.Errorf("the server took %d copies, want %d", n, want.taken)
	}
	if r.Outcome == NotSent || r.Outcome == Throttled || r.Outcome == Quota { // a worker tries again
		if r = transport.Send(t.Context(), testMail(1)); r.Outcome != Sent || copies(server, "p1@mail.example") != 1 {
			t.Errorf("again: %+v, %d copies", r, copies(server, "p1@mail.example"))
		}
	}
	for n := 2; n < 5; n++ {
		r := transport.Send(t.Context(), testMail(n))
		if to := testMail(n).To; r.Outcome != Sent || copies(server, to) != 1 {
			t.Errorf("mail %d after the fault: %+v, %d copies", n, r, copies(server, to))
		}
	}
	for _, m := range server.Mails() {
		if string(m.Data) != testMessage {
			t.Errorf("%s got %q", m.To, m.Data)
		}
	}
}

func copies(server *smtpfake.Server, to string) (n int) {
	for _, m := range server.Mails() {
		if m.To == to {
			n++
		}
	}
	return n
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
