package track

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"germane/internal/sesfake"
	"germane/store"
)

// story is all that SES says of a mail, in order.
func story(mail int) []sesfake.Becomes {
	sent, delivered := sesfake.Becomes{Type: "Send"}, sesfake.Becomes{Type: "Delivery", After: 30 * time.Second}
	switch mail % 10 {
	case 0:
		return []sesfake.Becomes{sent, {Type: "Bounce", Bounce: "Permanent/General", Status: "5.1.1", After: 40 * time.Second}}
	case 1:
		return []sesfake.Becomes{sent, delivered, {Type: "Complaint", Feedback: "abuse", After: time.Minute}}
	case 2:
		return []sesfake.Becomes{{Type: "Reject"}}
	case 3:
		return []sesfake.Becomes{sent, {Type: "DeliveryDelay", After: 20 * time.Second}, delivered}
	case 4:
		return []sesfake.Becomes{sent, delivered, {Type: "Bounce", Bounce: "Transient/General", After: 50 * time.Second}}
	case 5:
		return []sesfake.Becomes{sent, {Type: "Bounce", Bounce: "Permanent/General", Status: "5.7.1", After: 50 * time.Second}}
	case 6:
		return []sesfake.Becomes{sent, delivered, {Type: "Complaint", Feedback: "abuse", After: time.Minute}, {Type: "Complaint", Feedback: "not-spam", After: 2 * time.Minute}}
	case 7:
		return []sesfake.Becomes{{Type: "Rendering Failure"}}
	}
	return []sesfake.Becomes{sent, delivered}
}

// TestNoticesInAnyOrder: late, twice, all at once and in any order, notices leave what they leave in order.
func TestNoticesInAnyOrder(t *testing.T) {
	t.Parallel()
	const mails = 440
	ordered, shuffled := newNoticed(t, mails), newNoticed(t, mails)
	var notices []sesfake.Envelope
	for i := range ordered.mails {
		for _, becomes := range story(i) {
			notices = append(notices, ordered.topic.Notification(sesfake.Event(&ordered.mails[i], becomes)))
		}
		for _, f := range []*noticed{ordered, shuffled} { // a click before the Delivery that comes to be known later, and one after
			f.must(f.store.Record(context.Background(), []store.Event{
				{At: f.mails[i].At.Add(20 * time.Second), Kind: store.EventClick, Person: f.person(i), Run: f.crowd, Link: 1},
				{At: f.mails[i].At.Add(5 * time.Minute), Kind: store.EventClick, Person: f.person(i), Run: f.crowd, Link: 1},
			}, judge))
		}
	}
	before := ordered.states()
	if len(notices) < 1000 || before != shuffled.states() {
		t.Fatalf("%d notices", len(notices))
	}
	for _, e := range notices {
		if w := ordered.post(e.JSON()); w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	server := httptest.NewServer(shuffled.handler)
	defer server.Close()
	post := sesfake.Posting{URL: server.URL + "/n/ses", Duplicates: 0.5, Shuffle: true, Delay: 2 * time.Millisecond, Seed: 8, AtOnce: 8, Tries: 3}
	shuffled.must(post.Post(t.Context(), notices))
	want, got := ordered.states(), shuffled.states()
	if want != got || want == before {
		for i := range ordered.mails {
			if a, b := ordered.state(i), shuffled.state(i); a != b {
				t.Errorf("mail %d\nin order:  %s\notherwise: %s", i, a, b)
			}
		}
	}
	f := shuffled
	run, err := f.db.Run(t.Context(), f.crowd)
	f.must(err)
	if counts := fmt.Sprint(run.Sent, run.Failed, run.InDoubt); counts != "352 88 0" {
		t.Errorf("sent, failed and in doubt are %s", counts)
	}
}

// FuzzNotice: whatever is posted, nothing panics, and nothing changes without a signature. What SES says, signed, may be anything, too.
func FuzzNotice(f *testing.F) {
	n := newNoticed(f, 4)
	right := n.topic.Notification("x").JSON()
	f.Add(string(right), false)
	f.Add(string(n.topic.Confirmation("UnsubscribeConfirmation").JSON()), false)
	f.Add("{}", false)
	for _, kind := range []string{"Send", "Delivery", "Bounce", "Complaint", "Reject", "Rendering Failure", "DeliveryDelay"} {
		f.Add(sesfake.Event(&n.mails[1], sesfake.Becomes{Type: kind, Bounce: "Permanent/General", Status: "5.1.1"}), true)
	}
	f.Add(`{"eventType":"Bounce","mail":{"messageId":"1","timestamp":"0000-01-01T00:00:00Z","destination":["<a@b"]},"bounce":{"feedbackId":null}}`, true)
	f.Fuzz(func(t *testing.T, text string, signed bool) {
		n.Server.limiter = newLimiter()
		if signed {
			e := &envelope{Type: typeNotification, MessageID: "0123456789abcdef", Message: text}
			if refused := n.accept(context.Background(), e, n.time()); refused != nil {
				t.Fatal(refused)
			}
			return
		}
		before := n.Stats().Notices
		w := n.post([]byte(text))
		if w.Code != 200 && (w.Code < 400 || w.Code >= 500) && w.Body.String() != "get SNS's certificate\n" {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		if n.Stats().Notices != before {
			t.Fatal("it is believed")
		}
	})
}

// FuzzAbout: whatever SES says, signed, what is stored of it is short, says nothing of anybody's address, and counts for one domain.
func FuzzAbout(f *testing.F) {
	mail := sesfake.Mail{ID: "0100018c-1", From: "hello@mail.acme.example", To: "ann@mail.example", At: noon, Tags: map[string]string{"delivery": store.DeliveryID(7, 9, 0), "campaign": "weekly"}}
	for _, kind := range []string{"Send", "Delivery", "Bounce", "Complaint", "Reject", "Rendering Failure", "DeliveryDelay"} {
		f.Add(sesfake.Event(&mail, sesfake.Becomes{Type: kind, Bounce: "Permanent/General", Status: "5.7.1", Feedback: "abuse"}))
	}
	f.Add(`{"eventType":"Bounce","mail":{"messageId":"1","destination":["<a@b"],"tags":{"delivery":["7-9"],"campaign":["x"]}},"bounce":{"bounceType":"Permanent","bounceSubType":"General","bouncedRecipients":[{"emailAddress":"a@b@c..","status":"5.7.1 a@b"}]}}`)
	s := &Server{site: Site{Topics: []Topic{{"tips", "Tips"}}}}
	f.Fuzz(func(t *testing.T, text string) {
		e, ok := parseSES(text)
		if !ok {
			return
		}
		n, ok := s.about(e, "0123456789abcdef", noon)
		if !ok {
			return
		}
		for _, kept := range []string{n.Suppress.Detail, string(n.Event.Fields), n.Refused, n.Domain, n.Reason} {
			if strings.ContainsAny(kept, "@\x00\r\n") || len(kept) > 300 {
				t.Errorf("%q is kept", kept)
			}
		}
		switch {
		case n.Run <= 0 || n.Person <= 0 || n.Event.Run != n.Run || n.Event.Person != n.Person:
			t.Errorf("of nobody: %+v", n)
		case n.State != store.Sent && n.State != store.Failed || n.Sent.Year() < 2000 || n.Sent.After(noon.Add(clocksDiffer)):
			t.Errorf("settled as %s at %s", n.State, n.Sent)
		case n.Event.Kind != "" && (n.Event.At.Year() < 2000 || n.Event.At.After(noon.Add(clocksDiffer))):
			t.Errorf("%s happened at %s", n.Event.Kind, n.Event.At)
		case n.Suppress.Reason == store.Bounced && n.Event.Kind != store.EventBounce || n.Suppress.Reason == store.Complained && n.Event.Kind != store.EventComplaint:
			t.Errorf("suppressed as %s for a %s", n.Suppress.Reason, n.Event.Kind)
		case n.Suppress.Reason == store.Bounced && n.Refused != "":
			t.Errorf("suppressed, and refused with %s", n.Refused)
		case len(n.Withdraw) > 0 && n.Suppress.Reason != store.Complained:
			t.Error("withdrawn without a complaint")
		}
	})
}
