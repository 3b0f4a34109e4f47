package track

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"germane/internal/sesfake"
)

// forgery changes a right notice. Those that sign do it with the right key: they change what a signature does not protect from.
type forgery struct {
	name string
	make func(f *noticed, e sesfake.Envelope)
	late bool // the certificate may be fetched to find out
}

func set(key, value string) func(*noticed, sesfake.Envelope) {
	return func(_ *noticed, e sesfake.Envelope) { e[key] = value }
}

func signed(key, value string) func(*noticed, sesfake.Envelope) {
	return func(f *noticed, e sesfake.Envelope) { e[key] = value; f.topic.Sign(e) }
}

func without(key string) func(*noticed, sesfake.Envelope) {
	return func(_ *noticed, e sesfake.Envelope) { delete(e, key) }
}

func age(d time.Duration) func(*noticed, sesfake.Envelope) {
	return func(f *noticed, e sesfake.Envelope) {
		e["Timestamp"] = f.time().Add(-d).UTC().Format("2006-01-02T15:04:05.000Z")
		f.topic.Sign(e)
	}
}

const host = "https://sns.eu-west-1.amazonaws.com/"

var forgeries = []forgery{
	{"another message", func(f *noticed, e sesfake.Envelope) {
		e["Message"] = strings.Replace(e["Message"], "5.1.1", "5.1.0", 1)
	}, true},
	{"another person", func(f *noticed, e sesfake.Envelope) {
		e["Message"] = strings.ReplaceAll(e["Message"], "p1@", "p2@")
	}, true},
	{"another MessageId", set("MessageId", "0123456789abcdef"), true},
	{"a later time", func(f *noticed, e sesfake.Envelope) { e["Timestamp"] = f.time().UTC().Format(time.RFC3339) }, true},
	{"the same time otherwise written", func(f *noticed, e sesfake.Envelope) {
		e["Timestamp"] = strings.Replace(e["Timestamp"], "Z", "+00:00", 1)
	}, true},
	{"a subject", set("Subject", "Amazon SES"), true},
	{"an empty subject", set("Subject", ""), true},
	{"another topic of ours", set("TopicArn", "arn:aws:sns:eu-west-1:123456789012:other"), true},
	{"others' topic", signed("TopicArn", "arn:aws:sns:eu-west-1:999999999999:mail"), false},
	{"a topic that begins with ours", signed("TopicArn", testTopic+"2"), false},
	{"a topic with ours in it", signed("TopicArn", testTopic+"\nType\nNotification"), false},
	{"no topic", without("TopicArn"), false},
	{"another type", signed("Type", "UnsubscribeConfirmation"), false},
	{"an unknown type", signed("Type", "Notice"), false},
	{"a type with more in it", signed("Type", "Notification\n"), false},
	{"no type", without("Type"), false},
	{"no signature", without("Signature"), false},
	{"an empty signature", set("Signature", ""), false},
	{"a signature that is none", set("Signature", "%%%"), false},
	{"a signature of zeros", set("Signature", base64.StdEncoding.EncodeToString(make([]byte, 256))), true},
	{"a signature cut short", func(f *noticed, e sesfake.Envelope) { e["Signature"] = e["Signature"][:300] }, true},
	{"a signature with one bit changed", func(f *noticed, e sesfake.Envelope) {
		raw, _ := base64.StdEncoding.DecodeString(e["Signature"])
		raw[7] ^= 1
		e["Signature"] = base64.StdEncoding.EncodeToString(raw)
	}, true},
	{"somebody's key", func(f *noticed, e sesfake.Envelope) {
		other, err := sesfake.NewTopic(testTopic, f.time())
		f.must(err)
		other.Sign(e)
	}, true},
	{"the other version", func(f *noticed, e sesfake.Envelope) {
		e["SignatureVersion"] = map[string]string{"1": "2", "2": "1"}[e["SignatureVersion"]]
	}, true},
	{"version 3", signed("SignatureVersion", "3"), false},
	{"no version", without("SignatureVersion"), false},
	{"too old", age(time.Hour + time.Second), false},
	{"from the future", age(-5*time.Minute - time.Second), false},
	{"no time", signed("Timestamp", ""), false},
	{"a time that is none", signed("Timestamp", "yesterday"), false},
	{"no MessageId", signed("MessageId", ""), false},
	{"a MessageId with a line feed", signed("MessageId", "0123456789abcdef\nSubject\nx"), false},
	{"a certificate elsewhere", set("SigningCertURL", "https://evil.example/x.pem"), false},
	{"a certificate at a longer host", set("SigningCertURL", "https://sns.eu-west-1.amazonaws.com.evil.example/x.pem"), false},
	{"a certificate at a longer name", set("SigningCertURL", "https://evilsns.eu-west-1.amazonaws.com/x.pem"), false},
	{"a certificate behind a user", set("SigningCertURL", "https://sns.eu-west-1.amazonaws.com@evil.example/x.pem"), false},
	{"a certificate at a port", set("SigningCertURL", "https://sns.eu-west-1.amazonaws.com:8443/x.pem"), false},
	{"a certificate in the clear", set("SigningCertURL", "http://sns.eu-west-1.amazonaws.com/x.pem"), false},
	{"a certificate in a query", set("SigningCertURL", host+"?x=y.pem"), false},
	{"a certificate in a fragment", set("SigningCertURL", host+"x#y.pem"), false},
	{"a certificate up a path", set("SigningCertURL", host+"../x.pem"), false},
	{"a certificate that is no pem", set("SigningCertURL", host+"x.txt"), false},
	{"a certificate with a line feed", set("SigningCertURL", host+"x.pem\n"), false},
	{"a bucket's certificate", set("SigningCertURL", "https://sns.s3.eu-west-1.amazonaws.com/x.pem"), false},
	{"a bucket's certificate, as buckets were once called", set("SigningCertURL", "https://sns.s3-eu-west-1.amazonaws.com/x.pem"), false},
	{"no certificate", without("SigningCertURL"), false},
}

// TestForgedNotices: of a notice that was tampered with, nothing is believed, and nobody is asked who need not be.
func TestForgedNotices(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"1", "2"} {
		f := newNoticed(t, 4)
		f.Server.notices.sha1 = true
		f.topic.Version = version
		right := f.topic.Notification(sesfake.Event(&f.mails[1], sesfake.Becomes{Type: "Bounce", Bounce: "Permanent/General", Status: "5.1.1"}))
		before := f.states()
		for _, forged := range forgeries {
			f.pass(time.Second) // as many wrong ones as from a machine that sends one a second
			e := maps.Clone(right)
			forged.make(f, e)
			fetched, _ := f.topic.Asked()
			w := f.post(e.JSON())
			if w.Code != http.StatusForbidden {
				t.Errorf("version %s, %s: %d %s", version, forged.name, w.Code, w.Body)
			}
			if now, _ := f.topic.Asked(); now != fetched && !forged.late {
				t.Errorf("version %s, %s: the certificate was fetched", version, forged.name)
			}
		}
		if f.states() != before {
			t.Errorf("version %s: something was believed", version)
		}
		if w := f.post(right.JSON()); w.Code != http.StatusOK || f.states() == before {
			t.Errorf("version %s: the right one: %d %s", version, w.Code, w.Body)
		}
	}
	if len(forgeries) < 30 {
		t.Error("these are too few")
	}
}

// TestVersion1 is refused unless somebody asked for it.
func TestVersion1(t *testing.T) {
	t.Parallel()
	f := newNoticed(t, 4)
	f.topic.Version = "1"
	if w := f.says(1, sesfake.Becomes{Type: "Send"}); w.Code != http.StatusForbidden {
		t.Errorf("%d", w.Code)
	}
}

// TestSplitNotice: what SNS signs has no marks around values, so that somebody who publishes to a topic of theirs could have a text
// signed that reads as a notice of ours, with the rest in a later field.
func TestSplitNotice(t *testing.T) {
	t.Parallel()
	f := newNoticed(t, 4)
	before := f.states()
	message := sesfake.Event(&f.mails[1], sesfake.Becomes{Type: "Send"})
	stamp := f.time().UTC().Format(time.RFC3339)
	theirs := f.topic.Copy(f.time)
	theirs.ARN = "arn:aws:sns:eu-west-1:999999999999:theirs"
	published := theirs.Notification(message + "\nMessageId\n0123456789abcdef\nTimestamp\n" + stamp + "\nTopicArn\n" + testTopic + "\nType\nNotification")
	rest := "\nMessageId\n" + published["MessageId"] + "\nTimestamp\n" + published["Timestamp"] + "\nTopicArn\n" + theirs.ARN + "\nType\nNotification"
	for name, e := range map[string]sesfake.Envelope{
		"in the type":  {"Type": "Notification" + rest, "TopicArn": testTopic},
		"in the topic": {"Type": "Notification", "TopicArn": testTopic + "\nType\nNotification" + strings.TrimSuffix(rest, "\nType\nNotification")},
	} {
		for key, value := range map[string]string{"Message": message, "MessageId": "0123456789abcdef", "Timestamp": stamp, "SignatureVersion": "2", "SigningCertURL": f.topic.CertURL, "Signature": published["Signature"]} {
			e[key] = value
		}
		var text envelope
		f.must(json.Unmarshal(e.JSON(), &text))
		if refused := f.Server.notices.verify(t.Context(), &text, f.time()); name == "in the topic" && refused != nil {
			t.Errorf("%s: this is not the text that was signed", name)
		}
		if w := f.post(e.JSON()); w.Code != http.StatusForbidden {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if f.states() != before {
		t.Error("one was believed")
	}
}

// TestWrongCertificate: what is not a certificate with a long enough key signs nothing.
func TestWrongCertificate(t *testing.T) {
	t.Parallel()
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"nothing": nil, "words": []byte("hello"), "a broken one": []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
		"a short key": selfSigned(t, short, noon), "one that ended": selfSigned(t, nil, noon.AddDate(-2, 0, 0)),
	} {
		f := newNoticed(t, 2)
		f.topic.Certificate = text
		if w := f.says(1, sesfake.Becomes{Type: "Send"}); w.Code != http.StatusServiceUnavailable {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
}

// TestWrongNoticesAreHeldBack: who sends many makes us neither write logs nor fetch certificates for ever.
func TestWrongNoticesAreHeldBack(t *testing.T) {
	t.Parallel()
	f := newNoticed(t, 2)
	last := 0
	for range 2 * wrongBurst {
		last = f.post([]byte("{}")).Code
	}
	if lines := strings.Count(f.logged.String(), "is refused"); last != http.StatusTooManyRequests || lines != wrongBurst {
		t.Errorf("%d, %d lines in the log", last, lines)
	}
	right := f.topic.Notification("x").JSON()
	w := f.post(right)
	if fetched, _ := f.topic.Asked(); fetched != 0 || w.Code != http.StatusTooManyRequests {
		t.Errorf("%d, and %d certificates were fetched for them", w.Code, fetched)
	}
	f.pass(time.Minute)
	if w := f.post(right); w.Code != http.StatusOK {
		t.Errorf("a minute later: %d", w.Code)
	}
	e := f.topic.Notification("x")
	e["SigningCertURL"] = host + "none.pem"
	before := strings.Count(f.logged.String(), "level=ERROR")
	for range 2 * wrongBurst {
		last = f.post(e.JSON()).Code
	}
	if lines := strings.Count(f.logged.String(), "level=ERROR") - before; last != http.StatusTooManyRequests || lines >= wrongBurst {
		t.Errorf("certificates that are not there: %d, %d lines in the log", last, lines)
	}
}

// selfSigned is a certificate that begins at a time and lasts a year; of a new key when there is none.
func selfSigned(t *testing.T, key *rsa.PrivateKey, from time.Time) []byte {
	t.Helper()
	var err error
	if key == nil {
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: from.AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
