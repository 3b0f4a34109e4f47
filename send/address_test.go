package send

import (
	"errors"
	"strings"
	"testing"
)

func TestParseURL(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Address{
		"outbox://outbox":                      {Dir: "outbox"},
		"outbox:///var/mail/out":               {Dir: "/var/mail/out"},
		"outbox://50% off?":                    {Dir: "50% off?"},
		"smtp://127.0.0.1:1025":                {Kind: SMTPKind, Host: "127.0.0.1", Port: 1025},
		"smtp://joe@localhost":                 {Kind: SMTPKind, Host: "localhost", Port: 25, User: "joe"},
		"smtp://[::1]:1025":                    {Kind: SMTPKind, Host: "::1", Port: 1025},
		"smtp+starttls://joe%40x@mail.example": {Kind: SMTPKind, Host: "mail.example", Port: 587, Security: StartTLS, User: "joe@x"},
		"smtp+tls://mail.example/":             {Kind: SMTPKind, Host: "mail.example", Port: 465, Security: TLS},
		"ses://eu-west-1":                      {Kind: SESKind, Region: "eu-west-1"},
		"ses://eu-west-1?configuration_set=main&tenant=a&endpoint=http://127.0.0.1:9000": {
			Kind: SESKind, Region: "eu-west-1", ConfigurationSet: "main", Tenant: "a", Endpoint: "http://127.0.0.1:9000",
		},
	} {
		if got, err := ParseURL(text); err != nil || got != want {
			t.Errorf("%s: got %+v %v", text, got, err)
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "outbox", "outbox://", "/dev/null", "file:///x", "smtp://", "smtp:mail", "smtp://mail.example:0", "smtp://mail.example:99999", "smtp://mail.example/x",
		"smtp://mail.example?dkim=a", "smtp://mail.example#x", "smtp://joe@mail.example", "ses://", "ses://eu-west-1:80", "ses://key@eu-west-1",
		"ses://eu-west-1?configset=x", "ses://eu-west-1?tenant=a&tenant=b", "ses://eu-west-1?tenant=", "ses://eu-west-1?tenant=a%0Ab",
		"ses://eu-west-1?endpoint=http://mail.example", "ses://eu-west-1?endpoint=x", "ses://eu-west-1?endpoint=https://a:b@x.example", "smtp://%zz",
	} {
		if a, err := ParseURL(text); err == nil {
			t.Errorf("%s is taken for %+v", text, a)
		}
	}
	_, err := ParseURL("smtp+tls://joe:hunter2@mail.example")
	if !errors.Is(err, ErrPassword) {
		t.Errorf("a password: %v", err)
	}
	if _, err = ParseURL("smtp+tls://joe:hunter2%@mail.example"); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("an unreadable password: %v", err)
	}
}

func TestLoopback(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"outbox://x": true, "smtp://localhost": true, "smtp://LOCALHOST:25": true, "smtp://127.9.9.9": true, "smtp://[::1]": true, "smtp://[::ffff:127.0.0.1]": true,
		"smtp://mail.example": false, "smtp://127.0.0.1.example": false, "smtp://10.0.0.1": false, "ses://eu-west-1": false,
		"ses://eu-west-1?endpoint=http://127.0.0.1:1": true, "ses://eu-west-1?endpoint=https://localhost.example": false,
	} {
		a, err := ParseURL(text)
		if err != nil || a.Loopback() != want {
			t.Errorf("%s: %v %v", text, a.Loopback(), err)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	f.Add("smtp+starttls://joe@mail.example:587")
	f.Add("ses://eu-west-1?endpoint=http://127.0.0.1:9000")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParseURL(text)
		if err == nil && a.Kind == SMTPKind && a.Security == Plain && a.User != "" && !a.Loopback() {
			t.Errorf("%q sends a password unprotected", text)
		}
		_ = a.String()
	})
}
