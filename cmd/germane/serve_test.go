package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"germane/internal/sesfake"
)

const servedTopic = "arn:aws:sns:eu-west-1:123456789012:mail"

// TestServeTakesNotices: with a topic in germane.yaml serve says where notices go, and looks at them; without one there is nothing. That
// certificates are SNS's own, track's tests show: this server asks the real one.
func TestServeTakesNotices(t *testing.T) {
	t.Parallel()
	topic, err := sesfake.NewTopic(servedTopic, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	forged := topic.Notification("x")
	forged["SigningCertURL"] = "https://evil.example/x.pem"
	for name, c := range map[string]struct {
		yaml, says string
		status     int
	}{
		"with a topic":    {"sns: {topics: [" + servedTopic + "]}\n", "notices   https://links.acme.example/mail/n/ses\n", http.StatusForbidden},
		"without a topic": {"", "", http.StatusNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers, said := served(t, "public_url: https://links.acme.example/mail\n"+c.yaml)
			if has := strings.Contains(said, "notices "); has != (c.says != "") || !strings.Contains(said, c.says) {
				t.Errorf("it says\n%s", said)
			}
			w := httptest.NewRecorder()
			servers.track.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/mail/n/ses", bytes.NewReader(forged.JSON())))
			if w.Code != c.status || c.status == http.StatusForbidden && !strings.Contains(w.Body.String(), "certificate is not at SNS's address") {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
}

// served opens what `germane serve` opens, and returns what it says.
func served(t *testing.T, yaml string) (*servers, string) {
	t.Helper()
	dir := t.TempDir()
	text := "senders: {default: {name: Acme, email: hello@acme.example}}\ntopics: {tips: Tips}\ndelivery: outbox://outbox\n" +
		"listen: {public: \"127.0.0.1:0\", private: \"127.0.0.1:0\"}\n" + yaml
	if err := os.WriteFile(filepath.Join(dir, "germane.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	_, environment := testDatabase(t, dir)
	sys := &system{stdin: strings.NewReader(""), stdout: io.Discard, stderr: &said, environment: environment, now: time.Now}
	o := &options{dir: dir}
	w, err := loadServed(sys, o, false)
	if err != nil {
		t.Fatal(err)
	}
	p, err := openPost(t.Context(), sys, o, w, slog.LevelError)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.close() })
	s, err := p.listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.track.Close(context.Background()); _ = s.close() })
	if err := p.introduce(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	return s, said.String()
}
