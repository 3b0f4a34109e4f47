package main

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"germane/internal/smtpfake"
	"germane/send"
	"germane/workspace"
)

func configured(t *testing.T, yaml string) *workspace.Workspace {
	t.Helper()
	w, findings := workspace.Load(fstest.MapFS{"germane.yaml": {Data: []byte("senders: {default: {name: Acme, email: hello@acme.example}}\n" + yaml)}}, nil)
	if w == nil || configBroken(findings) {
		t.Fatal(findings)
	}
	return w
}

func pemKey(t *testing.T) string {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// TestTransportSigns sends a mail through a real SMTP server; send holds the signature itself to its promise.
func TestTransportSigns(t *testing.T) {
	t.Parallel()
	text := pemKey(t)
	file := filepath.Join(t.TempDir(), "dkim.pem")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	server, err := smtpfake.Receive(nil, false, "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	w := configured(t, "delivery: smtp://"+server.Addr+"\ndkim: {domain: acme.example, selector: s1}\n")
	transport, address, err := openTransport(t.Context(), &system{environment: []string{dkimKeyVariable + "_FILE=" + file}}, &options{dir: t.TempDir()}, w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { transport.Close() })
	if !address.Loopback() {
		t.Error("an address of this machine is real")
	}
	mail := &send.Mail{ID: "1-1", From: "hello@acme.example", To: "ann@mail.example", Bytes: []byte("From: <hello@acme.example>\r\nTo: <ann@mail.example>\r\nSubject: hi\r\n\r\nhi\r\n")}
	if r := transport.Send(t.Context(), mail); r.Outcome != send.Sent {
		t.Fatalf("%+v", r)
	}
	got := server.Mails()
	if len(got) != 1 {
		t.Fatalf("%d mails arrived", len(got))
	}
	for _, part := range []string{"DKIM-Signature: ", " d=acme.example;", " s=s1;"} {
		if !strings.Contains(string(got[0].Data), part) {
			t.Errorf("no %q in\n%s", part, got[0].Data)
		}
	}
}

func TestTransportsThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	key := pemKey(t)
	const signs = "delivery: smtp://127.0.0.1:25\ndkim: {domain: acme.example, selector: s1}\n"
	for name, test := range map[string]struct {
		yaml        string
		environment []string
		want        string
	}{
		"no delivery":    {want: "does not say how mail leaves"},
		"open password":  {yaml: "delivery: smtp://user@mail.acme.example\n", want: "unprotected"},
		"no password":    {yaml: "delivery: smtp+tls://user@mail.acme.example\n", want: "no password for user"},
		"no key":         {yaml: signs, want: "there is no key"},
		"no domain":      {yaml: "delivery: smtp://127.0.0.1:25\n", environment: []string{dkimKeyVariable + "=" + key}, want: "for which domain"},
		"a bad key":      {yaml: signs, environment: []string{dkimKeyVariable + "=hunter2"}, want: "this is not PEM"},
		"a key not read": {yaml: signs, environment: []string{dkimKeyVariable + "_FILE=/nothing"}, want: dkimKeyVariable + "_FILE"},
	} {
		_, _, err := openTransport(t.Context(), &system{environment: test.environment}, &options{dir: t.TempDir()}, configured(t, test.yaml))
		var hinted hintError
		if err == nil || !strings.Contains(err.Error(), test.want) || !errors.As(err, &hinted) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
