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
