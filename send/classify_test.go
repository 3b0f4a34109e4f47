package send

import (
	"strings"
	"testing"
)

func TestClassifySES(t *testing.T) {
	t.Parallel()
	m := &Mail{From: "hello@acme.example", To: "ann@mail.example"}
	const unverified = "Email address is not verified. The following identities failed the check in region EU-WEST-1: "
	for _, c := range []struct {
		status        int
		code, message string
		want          Outcome
	}{
		{400, "ThrottlingException", "Maximum sending rate exceeded.", Throttled},
		{400, "ThrottlingException", "Daily message quota exceeded.", Quota},
		{429, "TooManyRequestsException", "Daily message quota exceeded", Quota},
		{429, "", "", Throttled},
		{400, "LimitExceededException", "", Quota},
		{400, "AccountSuspendedException", "", Stopped},
		{400, "MailFromDomainNotVerifiedException", "", Stopped},
		{403, "InvalidSignatureException", "Signature expired", Stopped},
		{403, "SomethingNew", "", Stopped},
		{404, "NotFoundException", "", Stopped},
		{400, "MessageRejected", unverified + "hello@acme.example", Stopped},
		{400, "MessageRejected", unverified + "ann@mail.example", Refused},
		{400, "MessageRejected", unverified + "ann@mail.example, hello@acme.example", Stopped},
		{400, "BadRequestException", "", Refused},
		{413, "", "", Refused},
		{408, "RequestTimeout", "", InDoubt},
		{500, "InternalFailure", "", InDoubt},
		{503, "ThrottlingException", "Maximum sending rate exceeded.", InDoubt},
		{200, "", "", InDoubt},
		{302, "", "", Stopped},
	} {
		r := bySES(c.status, c.code, c.message, m)
		if r.Outcome != c.want || strings.Contains(r.Text, "ann@") {
			t.Errorf("%d %s %s: %+v, want %s", c.status, c.code, c.message, r, c.want)
		}
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"no <Ann@mail.example> here": "no <(recipient)> here",
		"for ann@mail.example":       "for (recipient)",
		"a\r\nb\x00\x1b[31m\u0085":   "a  b  [31m ",
		"\xff\xfe":                   "?",
		strings.Repeat("é", 400):     strings.Repeat("é", 150) + "…",
	} {
		if got := clean(text, "Ann@mail.example"); got != want {
			t.Errorf("%q: got %q", text, got)
		}
	}
}

func TestQueueID(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Ok 0102018f-abc-000000":           "0102018f-abc-000000",
		"2.0.0 Ok: queued as 4F1A2":        "4F1A2",
		"2.0.0 OK  1700000 x-y.7 - gsmtp":  "OK  1700000 x-y.7 - gsmtp",
		"":                                 "",
		"2.6.0 <id@host> Queued mail":      "<id@host> Queued mail",
		"OK id=1abcde-000000-00":           "OK id=1abcde-000000-00",
		"1.2.3 versions are no status":     "1.2.3 versions are no status",
		"2.0.0 Ok: queued as 4F1A2\x00bad": "4F1A2\x00bad",
	} {
		if got := queueID(text); got != want {
			t.Errorf("%q: got %q", text, got)
		}
	}
}

// TestAForgottenResultIsInDoubt: what nobody has said anything about must not be sent again.
func TestAForgottenResultIsInDoubt(t *testing.T) {
	t.Parallel()
	var r Result
	if r.Outcome != InDoubt || r.Outcome.String() != "in doubt" {
		t.Errorf("it is %s", r.Outcome)
	}
}

// TestClassifyPushingBack: what a mailbox provider says of its own domain is told apart from what is about the sender.
func TestClassifyPushingBack(t *testing.T) {
	t.Parallel()
	m := &Mail{From: "hello@acme.example", To: "ann@mail.example"}
	for _, c := range []struct {
		at      stage
		code    int
		text    string
		outcome Outcome
		pushed  bool
	}{
		{atEnd, 421, "4.7.28 Gmail has detected an unusual rate of unsolicited mail", Throttled, true},
		{atRecipient, 421, "4.7.0 [TSS04] Messages temporarily deferred due to unexpected volume", Throttled, true},
		{atData, 451, "4.7.500 Server busy. Please try again later", NotSent, true},
		{atEnd, 451, "4.7.650 The mail server has been temporarily rate limited due to IP reputation", Throttled, true},
		{atRecipient, 450, "4.7.1 Too many connections from you", Throttled, true},
		{atRecipient, 421, "RP-001 try later", NotSent, true},
		{atRecipient, 421, "4.2.1 mailbox over its rate", NotSent, true},
		{atRecipient, 451, "4.7.1 Greylisted for 300 seconds", NotSent, false},
		{atRecipient, 450, "4.2.1 mailbox busy", NotSent, false},
		{atRecipient, 421, "4.3.2 shutting down", Throttled, false},
		{atEnd, 421, "4.4.2 timeout", NotSent, false},
		{atSender, 421, "4.7.28 unusual rate", Throttled, false},
		{atGreeting, 421, "4.7.0 too many connections", Throttled, false},
		{atRecipient, 550, "5.7.1 no", Refused, false},
		{atEnd, 554, "4.7.0 a permanent error with a code of another", Refused, false},
	} {
		r := bySMTP(c.at, c.code, c.text, m)
		if r.Outcome != c.outcome || r.PushedBack != c.pushed {
			t.Errorf("%d %s at %d: %s, pushed back %v", c.code, c.text, c.at, r.Outcome, r.PushedBack)
		}
	}
}
