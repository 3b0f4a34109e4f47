package sesfake

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"time"
)

// Topic is an SNS topic that tells what became of mails. It signs as SNS does, with a key of its own.
type Topic struct {
	ARN     string
	Version string           // of signatures: "2", or "1"
	Now     func() time.Time // nil: time.Now
	CertURL string           // where its certificate is, in notices

	// Certificate is in PEM.
	Certificate []byte

	key *rsa.PrivateKey

	mu        sync.Mutex
	number    int
	fetched   int // certificates
	confirmed int // subscriptions
}

// NewTopic makes a topic. Its certificate is valid for a year around now.
func NewTopic(arn string, now time.Time) (*Topic, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sns.amazonaws.com"}, DNSNames: []string{"sns.amazonaws.com"},
		NotBefore: now.AddDate(0, -6, 0), NotAfter: now.AddDate(0, 6, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	return &Topic{
		ARN: arn, Version: "2", key: key, Certificate: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		CertURL: snsHost + "/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem",
	}, nil
}

// Copy returns a topic with the same key that has posted nothing yet.
func (t *Topic) Copy(now func() time.Time) *Topic {
	return &Topic{ARN: t.ARN, Version: t.Version, Now: now, CertURL: t.CertURL, Certificate: t.Certificate, key: t.key}
}

const snsHost = "https://sns.eu-west-1.amazonaws.com"

// Envelope is what SNS posts, by its keys.
type Envelope map[string]string

// JSON is the body of the POST.
func (e Envelope) JSON() []byte {
	text, err := json.Marshal(e)
	if err != nil {
		panic(err) // strings only
	}
	return text
}

// Notification carries a message, signed.
func (t *Topic) Notification(message string) Envelope {
	e := t.envelope("Notification", message)
	e["UnsubscribeURL"] = snsHost + "/?Action=Unsubscribe&SubscriptionArn=" + url.QueryEscape(t.ARN+":1")
	return t.Sign(e)
}

// Confirmation asks, signed, whether notices may come; kind is SubscriptionConfirmation or UnsubscribeConfirmation.
func (t *Topic) Confirmation(kind string) Envelope {
	e := t.envelope(kind, "You have chosen to subscribe to the topic "+t.ARN+".\nTo confirm the subscription, visit the SubscribeURL included in this message.")
	e["Token"] = "2336412f37fb687f5d51e6e2425f004a"
	e["SubscribeURL"] = snsHost + "/?Action=ConfirmSubscription&TopicArn=" + url.QueryEscape(t.ARN) + "&Token=" + e["Token"]
	return t.Sign(e)
}

func (t *Topic) envelope(kind, message string) Envelope {
	t.mu.Lock()
	t.number++
	id := sha256.Sum256(fmt.Append(nil, t.ARN, t.number))
	t.mu.Unlock()
	return Envelope{
		"Type": kind, "MessageId": hex.EncodeToString(id[:16]), "TopicArn": t.ARN, "Message": message,
		"Timestamp": t.now().UTC().Format("2006-01-02T15:04:05.000Z"), "SignatureVersion": t.Version, "SigningCertURL": t.CertURL,
	}
}

func (t *Topic) now() time.Time {
	if t.Now != nil {
		return t.Now()
	}
	return time.Now()
}

// signed are the keys that are signed, in their order.
var signed = map[string][]string{
	"Notification":             {"Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"},
	"SubscriptionConfirmation": {"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"},
	"UnsubscribeConfirmation":  {"Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"},
}

// Sign signs an envelope anew, as what it says to be.
func (t *Topic) Sign(e Envelope) Envelope {
	text := ""
	for _, key := range signed[e["Type"]] {
		if value, ok := e[key]; ok {
			text += key + "\n" + value + "\n"
		}
	}
	hash, sum := crypto.SHA256, sha256.Sum256([]byte(text))
	digest := sum[:]
	if e["SignatureVersion"] == "1" {
		old := sha1.Sum([]byte(text))
		hash, digest = crypto.SHA1, old[:]
	}
	signature, err := rsa.SignPKCS1v15(nil, t.key, hash, digest)
	if err != nil {
		panic(err) // the key is long enough
	}
	e["Signature"] = base64.StdEncoding.EncodeToString(signature)
	return e
}

// RoundTrip is SNS's own side: it serves the certificate, and takes confirmations. It makes a Topic a transport for tests.
func (t *Topic) RoundTrip(r *http.Request) (*http.Response, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := httptest.NewRecorder()
	switch {
	case r.URL.String() == t.CertURL:
		t.fetched++
		_, _ = w.Write(t.Certificate)
	case r.URL.Query().Get("Action") == "ConfirmSubscription" && r.URL.Query().Get("TopicArn") == t.ARN:
		t.confirmed++
	default:
		w.WriteHeader(http.StatusNotFound)
	}
	response := w.Result()
	response.Request = r
	return response, nil
}

// Asked is how often somebody fetched the certificate, and confirmed a subscription.
func (t *Topic) Asked() (fetched, confirmed int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.fetched, t.confirmed
}
