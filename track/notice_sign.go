package track

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1" // SNS's SignatureVersion 1, behind a switch
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

// snsHost is a region's SNS. Nothing but a region may stand in it: sns.s3-eu-west-1.amazonaws.com is somebody's bucket.
const snsHost = `sns\.[a-z]{2,}(-[a-z]+){1,2}-[0-9]{1,2}\.amazonaws\.com(\.cn)?`

var (
	hostForm = regexp.MustCompile(`^` + snsHost + `$`)
	// certificateForm is where SNS keeps the certificates it signs with: a path without anything that could be read otherwise.
	certificateForm = regexp.MustCompile(`^https://` + snsHost + `/[A-Za-z0-9_-]{1,128}\.pem$`)
)

// verify reports whether SNS signed an envelope.
func (n *notices) verify(ctx context.Context, e *envelope, now time.Time) *refusal {
	signature, err := base64.StdEncoding.DecodeString(e.Signature)
	if err != nil || len(signature) == 0 {
		return wrong("the notice's signature cannot be read")
	}
	key, err := n.certificates.key(ctx, e.SigningCertURL, now)
	if err != nil {
		return &refusal{status: http.StatusServiceUnavailable, reason: "get SNS's certificate", err: err}
	}
	text := []byte(e.signed())
	if e.SignatureVersion == "2" {
		sum := sha256.Sum256(text)
		err = rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature)
	} else {
		sum := sha1.Sum(text)
		err = rsa.VerifyPKCS1v15(key, crypto.SHA1, sum[:], signature)
	}
	if err != nil {
		return wrong("the notice's signature is wrong")
	}
	return nil
}

// signed is what SNS signs: names and values in the order of the names (SNS developer guide, "Verifying the signatures"). A value may
// hold line feeds, and so seem to be several: that TopicArn and Type, which come last, are compared as a whole keeps others' topics out.
func (e *envelope) signed() string {
	var b strings.Builder
	add := func(name string, value *string) {
		if value != nil {
			b.WriteString(name + "\n" + *value + "\n")
		}
	}
	add("Message", &e.Message)
	add("MessageId", &e.MessageID)
	if e.Type == typeNotification {
		add("Subject", e.Subject)
	} else {
		add("SubscribeURL", e.SubscribeURL)
	}
	add("Timestamp", &e.Timestamp)
	if e.Type != typeNotification {
		add("Token", e.Token)
	}
	add("TopicArn", &e.TopicArn)
	add("Type", &e.Type)
	return b.String()
}

// certificates keeps the keys that SNS signs with, by the address of their certificate. It changes them about once a year.
type certificates struct {
	client   *http.Client
	fetching chan struct{} // holds a token for each fetch under way

	mu    sync.Mutex
	known map[string]certificate
}

type certificate struct {
	key         *rsa.PublicKey
	from, until time.Time
}

const (
	mostCertificates = 64
	mostFetches      = 4
)

func newCertificates(client *http.Client) *certificates {
	return &certificates{client: client, fetching: make(chan struct{}, mostFetches), known: map[string]certificate{}}
}

// has reports whether a certificate is there and valid.
func (c *certificates) has(address string, now time.Time) bool {
	_, ok := c.get(address, now)
	return ok
}

func (c *certificates) get(address string, now time.Time) (*rsa.PublicKey, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, ok := c.known[address]
	return known.key, ok && known.valid(now)
}

func (c *certificate) valid(now time.Time) bool {
	return !now.Before(c.from) && !now.After(c.until)
}

// key returns the key of a certificate, which it fetches when it has none that is valid.
func (c *certificates) key(ctx context.Context, address string, now time.Time) (*rsa.PublicKey, error) {
	if key, ok := c.get(address, now); ok {
		return key, nil
	}
	select {
	case c.fetching <- struct{}{}:
		defer func() { <-c.fetching }()
	default:
		return nil, errors.New("other certificates are being fetched")
	}
	text, err := fetch(ctx, c.client, address)
	if err != nil {
		return nil, err
	}
	fresh, err := parseCertificate(text)
	if err != nil {
		return nil, err
	}
	if !fresh.valid(now) {
		return nil, errors.New("the certificate is not valid now")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= mostCertificates {
		clear(c.known)
	}
	c.known[address] = fresh
	return fresh.key, nil
}

func parseCertificate(text []byte) (c certificate, err error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return c, errors.New("there is no certificate")
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return c, errors.New("the certificate cannot be read")
	}
	key, ok := parsed.PublicKey.(*rsa.PublicKey)
	if !ok || key.N.BitLen() < 2048 {
		return c, errors.New("the certificate has no RSA key of 2048 bits or more")
	}
	return certificate{key, parsed.NotBefore, parsed.NotAfter}, nil
}
