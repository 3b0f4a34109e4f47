package sesfake

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// heard is what somebody who takes notices hears.
type heard struct {
	mu      sync.Mutex
	busy    map[string]int            // how often a notice has been answered with 503
	notices map[string]map[string]int // by recipient: what SES says of their mail, and how often
	order   []string
	ids     map[string]string // of what was said, by SNS's MessageId
}

func (h *heard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var e Envelope
	var event struct {
		EventType string
		Bounce    struct{ BounceType, BounceSubType string }
		Mail      struct{ Destination []string }
	}
	if json.Unmarshal(body, &e) != nil || json.Unmarshal([]byte(e["Message"]), &event) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.busy[e["MessageId"]]++; h.busy[e["MessageId"]] == 1 && strings.HasPrefix(e["MessageId"], "0") {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	to, said := event.Mail.Destination[0], event.EventType
	if said == "Bounce" {
		said += " " + event.Bounce.BounceType + "/" + event.Bounce.BounceSubType
	}
	if h.notices[to] == nil {
		h.notices[to] = map[string]int{}
	}
	h.notices[to][said]++
	h.order = append(h.order, to+" "+said)
	h.ids[e["MessageId"]] = to + " " + said
}

// aftermath sends mails to these recipients, and returns what is said of them.
func aftermath(t *testing.T, a *Aftermath, s *Server, recipients []string) *heard {
	t.Helper()
	topic, err := testTopicOnce()
	if err != nil {
		t.Fatal(err)
	}
	h := &heard{busy: map[string]int{}, notices: map[string]map[string]int{}, ids: map[string]string{}}
	server := httptest.NewServer(h)
	defer server.Close()
	a.Topic, a.Posting.URL, s.Aftermath = topic.Copy(nil), server.URL, a
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { a.Run(ctx) })
	for _, to := range recipients {
		if w := post(s, body(map[string]any{"Destination": map[string]any{"ToAddresses": []string{to}}, "EmailTags": []map[string]string{{"Name": "delivery", "Value": "1-1"}}})); w.Code != http.StatusOK {
			t.Fatal(w.Body)
		}
	}
	if err := a.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	cancel()
	running.Wait()
	return h
}

var testTopicOnce = sync.OnceValues(func() (*Topic, error) { return NewTopic(testARN, time.Now()) })

// TestSimulator: SES's own test mailboxes do what SES's guide says of them.
func TestSimulator(t *testing.T) {
	t.Parallel()
	want := map[string]map[string]int{
		"success@simulator.amazonses.com":         {"Send": 1, "Delivery": 1},
		"bounce+x@simulator.amazonses.com":        {"Send": 1, "Bounce Permanent/General": 1},
		"ooto@simulator.amazonses.com":            {"Send": 1, "Delivery": 1},
		"Complaint@simulator.amazonses.com":       {"Send": 1, "Delivery": 1, "Complaint": 1},
		"suppressionlist@simulator.amazonses.com": {"Send": 1, "Bounce Permanent/Suppressed": 1},
		"ann@mail.example":                        {"Send": 1, "Delivery": 1},
		"bounce@mail.example":                     {"Send": 1, "Delivery": 1},
		"Listed@mail.example":                     {"Send": 1, "Bounce Permanent/OnAccountSuppressionList": 1},
	}
	s := New(Account{})
	s.Suppress(Suppressed{"listed@mail.example", "BOUNCE", time.Now()})
	a := &Aftermath{Posting: Posting{Tries: 2, AtOnce: 2}}
	h := aftermath(t, a, s, slices.Sorted(maps.Keys(want)))
	if !maps.EqualFunc(h.notices, want, maps.Equal) {
		t.Errorf("%v", h.notices)
	}
	if got := fmt.Sprint(a.Said()); got != "map[Bounce:3 Complaint:1 Delivery:5 Send:8]" {
		t.Error(got)
	}
	if len(s.suppressed) != 1 {
		t.Errorf("the simulator's mailboxes are on the list: %v", s.suppressed)
	}
}

// TestAftermath: shares are kept, each notice comes at least once and not in order, and the seed alone decides what becomes of whom.
func TestAftermath(t *testing.T) {
	t.Parallel()
	var people, reversed []string
	for i := range 400 {
		people = append(people, fmt.Sprintf("p%d@mail.example", i))
	}
	reversed = slices.Clone(people)
	slices.Reverse(reversed)
	run := func(seed uint64, people []string) (*heard, *Aftermath, *Server) {
		a := &Aftermath{
			Shares:  Shares{Bounces: 0.1, BouncesSoftly: 0.05, BouncesByPolicy: 0.05, Complains: 0.05, SaysNotSpam: 0.05, IsLate: 0.1, IsRejected: 0.05},
			Posting: Posting{Duplicates: 0.2, Delay: 20 * time.Millisecond, Seed: seed, AtOnce: 4, Tries: 3, Between: time.Millisecond},
		}
		s := New(Account{})
		return aftermath(t, a, s, people), a, s
	}
	one, a, s := run(1, people)
	again, _, _ := run(1, reversed)
	other, _, _ := run(2, people)
	same := func(h *heard) bool {
		return maps.EqualFunc(one.notices, h.notices, func(x, y map[string]int) bool {
			return slices.Equal(slices.Sorted(maps.Keys(x)), slices.Sorted(maps.Keys(y)))
		})
	}
	if !same(again) || same(other) {
		t.Errorf("the seed does not decide: again %t, another seed %t", same(again), same(other))
	}
	said, posts := a.Said(), len(one.order)
	notices := 0
	for _, n := range said {
		notices += n
	}
	if said["Send"] != 400 || said["Bounce"] < 50 || said["Bounce"] > 110 || said["Complaint"] < 20 || said["DeliveryDelay"] < 20 || said["Reject"] < 5 {
		t.Errorf("%v", said)
	}
	if posts < notices*11/10 || posts > notices*13/10 || len(one.ids) != notices {
		t.Errorf("%d notices came as %d, with %d ids", notices, posts, len(one.ids))
	}
	late := 0
	seen := map[string]bool{}
	for _, line := range one.order {
		if to, what, _ := strings.Cut(line, " "); what == "Send" && seen[to] {
			late++
		} else {
			seen[to] = true
		}
	}
	if late < 40 {
		t.Errorf("only %d mails' Send came after something else", late)
	}
	if bounced := said["Bounce"]; len(s.suppressed) == 0 || len(s.suppressed) > bounced+said["Complaint"] {
		t.Errorf("%d are on the account's list after %d bounces", len(s.suppressed), bounced)
	}
}

// TestAftermathSaysWhatWasNeverTaken: who is answered with 5xx for ever, or with 4xx once, has a problem.
func TestAftermathSaysWhatWasNeverTaken(t *testing.T) {
	t.Parallel()
	topic, err := testTopicOnce()
	if err != nil {
		t.Fatal(err)
	}
	for _, status := range []int{http.StatusServiceUnavailable, http.StatusForbidden} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status) }))
		defer server.Close()
		s := New(Account{})
		s.Aftermath = &Aftermath{Topic: topic.Copy(nil), Posting: Posting{URL: server.URL, Tries: 2}}
		go s.Aftermath.Run(t.Context())
		post(s, body(nil))
		if err := s.Aftermath.Wait(t.Context()); err == nil || !strings.Contains(err.Error(), fmt.Sprint(status)) {
			t.Errorf("%d: %v", status, err)
		}
	}
}
