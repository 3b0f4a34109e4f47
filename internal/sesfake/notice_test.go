package sesfake

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"germane/internal/testkit"
)

const testARN = "arn:aws:sns:eu-west-1:123456789012:mail"

func testTopic(t *testing.T, version string) *Topic {
	t.Helper()
	topic, err := NewTopic(testARN, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	topic.Version = version
	return topic
}

var testMail = &Mail{ID: "0100018c-1", From: "a@x.example", To: "ann@mail.example", Tags: map[string]string{"delivery": "1-1"}, At: time.Unix(1_800_000_000, 0)}

// TestSignaturesAreSNSs: AWS's own validator (npm sns-validator) believes what a topic signs, and nothing that was changed.
func TestSignaturesAreSNSs(t *testing.T) {
	t.Parallel()
	node := testkit.Program(t, "node")
	if _, err := os.Stat("node/node_modules/sns-validator/index.js"); err != nil {
		testkit.Missing(t, "sns-validator")
	}
	for _, version := range []string{"1", "2"} {
		topic := testTopic(t, version)
		subject := topic.Notification("x\ny: Grüße <&> \u2028 \"quoted\"")
		subject["Subject"] = "Amazon SES Email Event Notification"
		right := []Envelope{topic.Notification(Event(testMail, Becomes{Type: "Bounce", Bounce: "Permanent/General", Status: "5.1.1"})), topic.Sign(subject), topic.Confirmation("SubscriptionConfirmation")}
		var wrong []Envelope
		for _, e := range right {
			for _, key := range []string{"Message", "MessageId", "Timestamp", "TopicArn", "SubscribeURL", "Token", "Subject"} {
				if _, ok := e[key]; ok {
					changed := maps.Clone(e)
					changed[key] += "x"
					wrong = append(wrong, changed)
				}
			}
		}
		for i, answer := range ask(t, node, topic, append(right, wrong...)) {
			if isRight := i < len(right); isRight != (answer == "") || !isRight && answer != "The message signature is invalid." {
				t.Errorf("version %s, notice %d of %d right ones: %q", version, i, len(right), answer)
			}
		}
	}
}

func ask(t *testing.T, node string, topic *Topic, notices []Envelope) (answers []string) {
	t.Helper()
	input, err := json.Marshal(map[string]any{"certificate": string(topic.Certificate), "notices": notices})
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), node, "validate.js")
	command.Dir, command.Stdin = "node", bytes.NewReader(input)
	var complaints bytes.Buffer
	command.Stderr = &complaints
	output, err := command.Output()
	if err == nil {
		err = json.Unmarshal(output, &answers)
	}
	if err != nil || len(answers) != len(notices) {
		t.Fatalf("%v %s %s", err, output, complaints.String())
	}
	return answers
}

// TestPosting brings every notice at least once, some twice, in another order, and again after an error.
func TestPosting(t *testing.T) {
	t.Parallel()
	topic := testTopic(t, "2")
	var mu sync.Mutex
	var order []string
	times, broken := map[string]int{}, 5
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var e Envelope
		mu.Lock()
		defer mu.Unlock()
		switch {
		case json.Unmarshal(body, &e) != nil:
			w.WriteHeader(http.StatusBadRequest)
		case broken > 0:
			broken--
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			order = append(order, e["Message"])
			times[e["Message"]]++
		}
	}))
	defer server.Close()
	var notices []Envelope
	for i := range 100 {
		notices = append(notices, topic.Notification(strings.Repeat("x", i)))
	}
	p := Posting{URL: server.URL, Duplicates: 0.3, Shuffle: true, Delay: time.Millisecond, Seed: 1, AtOnce: 4, Tries: 8}
	if err := p.Post(context.Background(), notices); err != nil {
		t.Fatal(err)
	}
	sorted := true
	for i := 1; i < len(order); i++ {
		sorted = sorted && len(order[i]) >= len(order[i-1])
	}
	if len(times) != 100 || len(order) < 115 || len(order) > 145 || sorted {
		t.Errorf("%d notices, %d posts, sorted: %v", len(times), len(order), sorted)
	}
	broken, p.Tries = 1, 1
	if err := p.Post(context.Background(), notices[:1]); err == nil && broken == 0 {
		t.Error("what was not taken is no problem")
	}
}
