package send

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-msgauth/dkim"
)

// DKIM signs mails (RFC 6376) in the name of the domain in From.
type DKIM struct {
	selector string
	key      crypto.Signer
}

// signedHeaders are those that a reader or a mailbox provider acts upon. RFC 8058 wants both of List-Unsubscribe's covered. From is
// there twice, so that nobody can add another one.
var signedHeaders = []string{
	"From", "From", "To", "Subject", "Date", "Message-ID", "Reply-To", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id",
	"Feedback-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
}

// NewDKIM takes a private key, RSA or Ed25519, as PEM; its public part stands in the DNS at SELECTOR._domainkey.DOMAIN.
func NewDKIM(selector string, text []byte) (*DKIM, error) {
	if !isOpaque(strings.ReplaceAll(selector, ".", "-")) {
		return nil, fmt.Errorf("dkim: %q is not a selector", selector)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("dkim key: this is not PEM (-----BEGIN PRIVATE KEY-----)")
	}
	var key any
	var err error
	if block.Type == "RSA PRIVATE KEY" {
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	} else {
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	}
	if err != nil {
		return nil, fmt.Errorf("dkim key: %w", err)
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return &DKIM{selector, key}, nil
	case ed25519.PrivateKey:
		return &DKIM{selector, key}, nil
	}
	return nil, fmt.Errorf("dkim key: it is a %T, and has to be RSA or Ed25519", key)
}

// Public is the key that receivers need.
func (d *DKIM) Public() crypto.PublicKey { return d.key.Public() }

// Record is what the DNS has to say at SELECTOR._domainkey.DOMAIN, as a TXT record (RFC 6376, 3.6.1; RFC 8463).
func (d *DKIM) Record() (string, error) {
	if public, ok := d.key.Public().(ed25519.PublicKey); ok {
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public), nil
	}
	der, err := x509.MarshalPKIXPublicKey(d.key.Public())
	if err != nil {
		return "", fmt.Errorf("dkim key: %w", err)
	}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der), nil
}

// sign returns the header to put before a mail.
func (d *DKIM) sign(m *Mail) (string, error) {
	domain, ok := authorDomain(m.Bytes)
	if !ok {
		return "", errors.New("the mail has no From")
	}
	signer, err := dkim.NewSigner(&dkim.SignOptions{
		Domain: domain, Selector: d.selector, Signer: d.key, HeaderKeys: signedHeaders,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
	})
	if err != nil {
		return "", err
	}
	_, err = signer.Write(m.Bytes)
	if err := errors.Join(err, signer.Close()); err != nil {
		return "", err
	}
	return signer.Signature(), nil
}

// authorDomain is the domain of a message's From, which is whose signature counts (DMARC, RFC 7489). Bounces may go elsewhere.
func authorDomain(message []byte) (string, bool) {
	header, _, _ := bytes.Cut(message, []byte("\r\n\r\n"))
	for len(header) > 0 {
		line, rest := cutField(header)
		if name, value, _ := bytes.Cut(line, []byte(":")); strings.EqualFold(string(name), "From") {
			at := bytes.LastIndexByte(value, '@')
			domain := string(bytes.TrimRight(value[at+1:], "> \t\r\n"))
			return domain, at > 0 && isOpaque(strings.ReplaceAll(domain, ".", "-"))
		}
		header = rest
	}
	return "", false
}

// cutField cuts the first field off a header, with the lines that continue it (RFC 5322, 2.2.3).
func cutField(header []byte) (field, rest []byte) {
	for i := 0; ; {
		end := bytes.IndexByte(header[i:], '\n')
		if end < 0 {
			return header, nil
		}
		if i += end + 1; i == len(header) || header[i] != ' ' && header[i] != '\t' {
			return header[:i], header[i:]
		}
	}
}
