package send

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
)

const signable = "From: Acme\r\n <hello@acme.example>\r\nTo: ann@mail.example\r\nSubject: Hi\r\nMIME-Version: 1.0\r\n" +
	"List-Unsubscribe: <https://links.acme.example/u/x>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\nHello\r\n.dots\r\n\r\n\r\n"

func TestDKIM(t *testing.T) {
	t.Parallel()
	_, short, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	long, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]crypto.Signer{"ed25519": short, "rsa": long} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw, err := x509.MarshalPKCS8PrivateKey(key)
			if err != nil {
				t.Fatal(err)
			}
			signer, err := NewDKIM("s1", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))
			if err != nil {
				t.Fatal(err)
			}
			server := listen(t, true, nil)
			transport := openTest(t, smtpAddress(t, "smtp", server.Addr), Options{DKIM: signer})
			m := testMail(1)
			m.From, m.Bytes = "bounces@bounce.example", []byte(signable)
			if r := transport.Send(t.Context(), m); r.Outcome != Sent {
				t.Fatalf("%+v", r)
			}
			checkSignature(t, server.Mails()[0].Data, signer)
		})
	}
}

// checkSignature verifies a signature with the record that we would have people publish.
func checkSignature(t *testing.T, mail []byte, signer *DKIM) {
	t.Helper()
	record, err := signer.Record()
	if err != nil {
		t.Fatal(err)
	}
	look := func(name string) ([]string, error) {
		if name != "s1._domainkey.acme.example" {
			t.Errorf("the key is looked up at %s", name)
		}
		return []string{record}, nil
	}
	verify := func(mail []byte) bool {
		list, err := dkim.VerifyWithOptions(bytes.NewReader(mail), &dkim.VerifyOptions{LookupTXT: look})
		return err == nil && len(list) == 1 && list[0].Err == nil
	}
	if !verify(mail) {
		t.Errorf("the signature is wrong:\n%s", mail)
	}
	for _, change := range []string{"Hello", "One-Click", "/u/x", "Subject: Hi"} {
		if verify(bytes.Replace(mail, []byte(change), []byte(change+"!"), 1)) {
			t.Errorf("%s can be changed", change)
		}
	}
	if verify(append([]byte("From: evil@x.example\r\n"), mail...)) {
		t.Error("a From can be added")
	}
}

func TestBadDKIMKeys(t *testing.T) {
	t.Parallel()
	good := func() []byte {
		_, key, _ := ed25519.GenerateKey(rand.Reader)
		raw, _ := x509.MarshalPKCS8PrivateKey(key)
		return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})
	}()
	for name, c := range map[string]struct {
		selector string
		key      []byte
	}{
		"no PEM": {"s1", []byte("x")}, "no key": {"s1", []byte("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n")},
		"no selector": {"", good}, "an injecting selector": {"s1; d=evil", good},
	} {
		if _, err := NewDKIM(c.selector, c.key); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func FuzzAuthorDomain(f *testing.F) {
	f.Add([]byte(signable))
	f.Fuzz(func(t *testing.T, message []byte) {
		if domain, ok := authorDomain(message); ok && strings.ContainsAny(domain, "@; \r\n=") {
			t.Errorf("%q is from %q", message, domain)
		}
	})
}
