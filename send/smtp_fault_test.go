package send

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"germane/internal/smtpfake"
)

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
