package track

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"germane/internal/sesfake"
	"germane/store"
)

const (
	asWas  = "; tips subscribed; offers subscribed; news none"
	leaves = "; tips unsubscribed; offers unsubscribed; news unsubscribed"
)

// TestNotices shows what each notice leads to. Rows are claimed, in doubt, sent, and settled by hand.
func TestNotices(t *testing.T) {
	t.Parallel()
	const claimed, doubt, sent, byHand = 0, 1, 2, 3
	for name, c := range map[string]struct {
		mail  int
		event sesfake.Becomes
		want  string
	}{
		"a Send before our own commit":  {claimed, sesfake.Becomes{Type: "Send"}, `sent "" 0100018c-0 11:50:00; events ` + asWas},
		"a Send of a mail in doubt":     {doubt, sesfake.Becomes{Type: "Send"}, `sent "" 0100018c-1 11:50:00; events ` + asWas},
		"a Send of what was sent":       {sent, sesfake.Becomes{Type: "Send"}, `sent "" 0100018c-2 11:50:00; events ` + asWas},
		"a Delivery in doubt":           {doubt, sesfake.Becomes{Type: "Delivery", After: time.Minute}, `sent "" 0100018c-1 11:50:00; events delivery 11:51:00 ` + asWas},
		"a Reject in doubt":             {doubt, sesfake.Becomes{Type: "Reject"}, `failed "ses Reject" 0100018c-1 11:50:00; events reject 11:50:00 ` + asWas},
		"a Reject of what was sent":     {sent, sesfake.Becomes{Type: "Reject"}, `failed "ses Reject" 0100018c-2 11:50:00; events reject 11:50:00 ` + asWas},
		"a Rendering Failure":           {claimed, sesfake.Becomes{Type: "Rendering Failure"}, `failed "ses Rendering Failure" 0100018c-0 11:50:00; events reject 11:50:00 ` + asWas},
		"a DeliveryDelay":               {byHand, sesfake.Becomes{Type: "DeliveryDelay", After: time.Minute}, `sent ""  11:50:00; events delay 11:51:00 {"type":"TransientCommunicationFailure"}` + asWas},
		"a mailbox that is gone":        {doubt, sesfake.Becomes{Type: "Bounce", Bounce: "Permanent/General", Status: "5.1.1"}, `sent "" 0100018c-1 11:50:00; events bounce 11:50:00 {"status":"5.1.1","subtype":"General","type":"Permanent"}` + asWas + `; bounced "General 5.1.1" 11:50:00`},
		"an identity's notice":          {sent, sesfake.Becomes{Type: "Bounce", Bounce: "Permanent/NoEmail", Legacy: true}, `sent "" 0100018c-2 11:50:00; events bounce 11:50:00 {"subtype":"NoEmail","type":"Permanent"}` + asWas + `; bounced "NoEmail" 11:50:00`},
		"the account's list":            {sent, sesfake.Becomes{Type: "Bounce", Bounce: "Permanent/OnAccountSuppressionList"}, `sent "" 0100018c-2 11:50:00; events bounce 11:50:00 {"subtype":"OnAccountSuppressionList","type":"Permanent"}` + asWas + `; bounced "OnAccountSuppressionList" 11:50:00`},
		"a policy is not the person's":  {sent, sesfake.Becomes{Type: "Bounce", Bounce: "Permanent/General", Status: "5.7.26"}, `sent "" 0100018c-2 11:50:00; events bounce 11:50:00 {"status":"5.7.26","subtype":"General","type":"Permanent"}` + asWas},
		"a full mailbox is not gone":    {sent, sesfake.Becomes{Type: "Bounce", Bounce: "Permanent/General", Status: "5.2.2"}, `sent "" 0100018c-2 11:50:00; events bounce 11:50:00 {"status":"5.2.2","subtype":"General","type":"Permanent"}` + asWas},
		"content is the mail's":         {sent, sesfake.Becomes{Type: "Bounce", Bounce: "Permanent/ContentRejected"}, `sent "" 0100018c-2 11:50:00; events bounce 11:50:00 {"subtype":"ContentRejected","type":"Permanent"}` + asWas},
		"a transient bounce is soft":    {sent, sesfake.Becomes{Type: "Bounce", Bounce: "Transient/General"}, `sent "" 0100018c-2 11:50:00; events soft bounce 11:50:00 {"subtype":"General","type":"Transient"}` + asWas},
		"a complaint withdraws all":     {doubt, sesfake.Becomes{Type: "Complaint", Feedback: "abuse"}, `sent "" 0100018c-1 11:50:00; events complaint 11:50:00 {"type":"abuse"}` + leaves + `; complained "abuse" 11:50:00`},
		"a complaint without its type":  {sent, sesfake.Becomes{Type: "Complaint"}, `sent "" 0100018c-2 11:50:00; events complaint 11:50:00 ` + leaves + `; complained "" 11:50:00`},
		"not-spam is no complaint":      {sent, sesfake.Becomes{Type: "Complaint", Feedback: "not-spam"}, `sent "" 0100018c-2 11:50:00; events not spam 11:50:00 {"type":"not-spam"}` + asWas},
		"what comes later says the day": {doubt, sesfake.Becomes{Type: "Complaint", Feedback: "abuse", After: 9 * time.Minute}, `sent "" 0100018c-1 11:50:00; events complaint 11:59:00 {"type":"abuse"}` + leaves + `; complained "abuse" 11:59:00`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newNoticed(t, 4)
			others := f.states()
			body := f.topic.Notification(sesfake.Event(&f.mails[c.mail], c.event)).JSON()
			posts := [][]byte{body, body}
			if c.event.Type == "Bounce" || c.event.Type == "Complaint" { // by a second topic, or again after an hour
				posts = append(posts, f.topic.Notification(sesfake.Event(&f.mails[c.mail], c.event)).JSON())
			}
			for _, body := range posts {
				if w := f.post(body); w.Code != http.StatusOK {
					t.Fatalf("%d %s", w.Code, w.Body)
				}
				if got := f.state(c.mail); got != c.want {
					t.Errorf("got  %s\nwant %s", got, c.want)
				}
			}
			for i := range f.mails {
				if i != c.mail && !strings.Contains(others, f.state(i)) {
					t.Errorf("mail %d is now %s", i, f.state(i))
				}
			}
			if log := f.logged.String(); strings.Contains(log, "mail.example") {
				t.Errorf("an address is in the log: %s", log)
			}
			if stats := f.Stats(); stats.Notices != int64(len(posts)) || stats.UnknownNotices+stats.RefusedNotices != 0 {
				t.Errorf("%+v", stats)
			}
		})
	}
}

// TestOthersNotices: what is not about our mail is taken, counted, and changes nothing.
func TestOthersNotices(t *testing.T) {
	t.Parallel()
	bounce := sesfake.Becomes{Type: "Bounce", Bounce: "Permanent/General", Status: "5.1.1"}
	for name, change := range map[string]func(m *sesfake.Mail){
		"no tag":                       func(m *sesfake.Mail) { delete(m.Tags, "delivery") },
		"a tag that is no id":          func(m *sesfake.Mail) { m.Tags["delivery"] = "x" },
		"a run that is not":            func(m *sesfake.Mail) { m.Tags["delivery"] = store.DeliveryID(99, 1, 0) },
		"an occasion that is not":      func(m *sesfake.Mail) { m.Tags["delivery"] += "-7" },
		"a negative run":               func(m *sesfake.Mail) { m.Tags["delivery"] = "-1-1" },
		"another campaign":             func(m *sesfake.Mail) { m.Tags["campaign"] = "other" },
		"another mail of the provider": func(m *sesfake.Mail) { m.ID = "0100018c-other" },
		"no id of the provider":        func(m *sesfake.Mail) { m.ID = "" },
	} {
		f := newNoticed(t, 4)
		before := f.states()
		mail := f.mails[2]
		tags := map[string]string{}
		for name, value := range mail.Tags {
			tags[name] = value
		}
		mail.Tags = tags
		change(&mail)
		w := f.post(f.topic.Notification(sesfake.Event(&mail, bounce)).JSON())
		if w.Code != http.StatusOK || f.states() != before || f.Stats().UnknownNotices != 1 {
			t.Errorf("%s: %d, %+v\n%s", name, w.Code, f.Stats(), f.states())
		}
	}
	f := newNoticed(t, 1)
	for _, message := range []string{"Successfully validated SNS topic for Amazon SES event publishing.", "", "[]", "null", `{"eventType":"Bounce"}`, `{"eventType":"Open","mail":{"messageId":"1"}}`, `{"mail":7}`} {
		if w := f.post(f.topic.Notification(message).JSON()); w.Code != http.StatusOK {
			t.Errorf("%q: %d", message, w.Code)
		}
	}
	if stats := f.Stats(); stats.UnknownNotices != 7 || stats.Notices != 0 {
		t.Errorf("%+v", stats)
	}
}

// TestNoticesOfTheErased: who was erased meanwhile stays unknown, and the address is spared all the same.
func TestNoticesOfTheErased(t *testing.T) {
	t.Parallel()
	f := newNoticed(t, 4)
	f.must(f.db.Forget(context.Background(), f.mails[1].To, f.time()))
	if w := f.says(1, sesfake.Becomes{Type: "Complaint", Feedback: "abuse"}); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if got := f.state(1); !strings.HasPrefix(got, `sent "" 0100018c-1 11:50:00; events ; tips none; offers none; news none; `) || !strings.Contains(got, "complained") {
		t.Error(got)
	}
}

// TestNoticesJudgeClicks: a mail that arrived after a click was not read by a person.
func TestNoticesJudgeClicks(t *testing.T) {
	t.Parallel()
	f := newNoticed(t, 4)
	event := store.Event{At: f.mails[2].At.Add(20 * time.Second), Kind: store.EventClick, Person: f.person(2), Run: f.crowd, Link: 1}
	f.must(f.store.Record(context.Background(), []store.Event{event}, judge))
	if got := f.clicks(uint64(f.person(2))); got[0] != "1 " {
		t.Fatal(got)
	}
	f.says(2, sesfake.Becomes{Type: "Delivery", After: time.Minute})
	if got := f.clicks(uint64(f.person(2))); got[0] != "1 early" {
		t.Error(got)
	}
}

// TestOurTrouble: what we cannot write or check just now has to come again.
func TestOurTrouble(t *testing.T) {
	t.Parallel()
	f := newNoticed(t, 4)
	away := f.topic.CertURL
	notice := f.topic.Notification(sesfake.Event(&f.mails[1], sesfake.Becomes{Type: "Send"})).JSON()
	f.topic.CertURL = ""
	if w := f.post(notice); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("without a certificate: %d", w.Code)
	}
	f.topic.CertURL = away
	for range 3 {
		if w := f.post(notice); w.Code != http.StatusOK {
			t.Errorf("with it: %d %s", w.Code, w.Body)
		}
	}
	if fetched, _ := f.topic.Asked(); fetched != 1 {
		t.Errorf("the certificate was fetched %d times", fetched)
	}
	f.closeDatabase()
	if w := f.says(1, sesfake.Becomes{Type: "Delivery"}); w.Code != http.StatusServiceUnavailable {
		t.Errorf("without a database: %d", w.Code)
	}
}

// TestCertificateEnds: a certificate is not believed after its end, and fetched anew.
func TestCertificateEnds(t *testing.T) {
	t.Parallel()
	f := newNoticed(t, 4)
	f.says(1, sesfake.Becomes{Type: "Send"})
	f.pass(365 * 24 * time.Hour)
	if w := f.says(1, sesfake.Becomes{Type: "Delivery"}); w.Code != http.StatusServiceUnavailable {
		t.Errorf("%d", w.Code)
	}
	if fetched, _ := f.topic.Asked(); fetched != 2 {
		t.Errorf("fetched %d times", fetched)
	}
}

func TestSubscription(t *testing.T) {
	t.Parallel()
	f := newNoticed(t, 1)
	elsewhere := func(address string) []byte {
		e := f.topic.Confirmation("SubscriptionConfirmation")
		e["SubscribeURL"] = address
		return f.topic.Sign(e).JSON()
	}
	const query = "/?Action=ConfirmSubscription&TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A123456789012%3Amail&Token=x"
	for _, address := range []string{
		"https://sns.eu-west-1.amazonaws.com.evil.example" + query, "http://sns.eu-west-1.amazonaws.com" + query, "https://evil@sns.eu-west-1.amazonaws.com" + query,
		"https://sns.eu-west-1.amazonaws.com:444" + query, "https://sns.eu-west-1.amazonaws.com/?Action=DeleteTopic&TopicArn=" + testTopic,
		"https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=other", "https://127.0.0.1" + query,
		"https://sns.s3-eu-west-1.amazonaws.com" + query, "", "%",
	} {
		if w := f.post(elsewhere(address)); w.Code != http.StatusForbidden {
			t.Errorf("%s: %d", address, w.Code)
		}
	}
	f.post(f.topic.Confirmation("UnsubscribeConfirmation").JSON())
	if _, confirmed := f.topic.Asked(); confirmed != 0 {
		t.Error("something is confirmed that should not be")
	}
	if w := f.post(f.topic.Confirmation("SubscriptionConfirmation").JSON()); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if _, confirmed := f.topic.Asked(); confirmed != 1 {
		t.Error("nothing is confirmed")
	}
	if strings.Contains(f.logged.String(), "2336412f") {
		t.Error("the token is in the log")
	}
}

// TestNoticesElsewhere: the address is there for configured topics and POST only.
func TestNoticesElsewhere(t *testing.T) {
	t.Parallel()
	f := newNoticed(t, 1)
	if w := f.get("/n/ses"); w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "POST" {
		t.Errorf("GET: %d", w.Code)
	}
	right := f.topic.Notification("x").JSON()
	if w := f.do("POST", "/n/other", "", string(right)); w.Code != http.StatusNotFound {
		t.Errorf("other: %d", w.Code)
	}
	if w := f.post(right, "x-amz-sns-rawdelivery", "true"); w.Code != http.StatusBadRequest {
		t.Errorf("raw: %d", w.Code)
	}
	if w := f.post([]byte(strings.Repeat(" ", largestNotice) + string(right))); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("long: %d", w.Code)
	}
	f.Server.notices = newNotices(Notices{})
	if w := f.post(right); w.Code != http.StatusNotFound {
		t.Errorf("without a topic: %d", w.Code)
	}
}

// TestHosts: SNS is in regions of all kinds.
func TestHosts(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"sns.eu-west-1.amazonaws.com": true, "sns.us-gov-west-1.amazonaws.com": true, "sns.ap-southeast-4.amazonaws.com": true, "sns.cn-northwest-1.amazonaws.com.cn": true,
		"sns.s3-eu-west-1.amazonaws.com": false, "sns.s3.amazonaws.com": false, "sns.amazonaws.com": false, "sns.eu-west-1.amazonaws.com.": false, "sns.eu-west-1.amazonaws.co": false,
	} {
		if hostForm.MatchString(host) != want || certificateForm.MatchString("https://"+host+"/SimpleNotificationService-0.pem") != want {
			t.Errorf("%s: not %v", host, want)
		}
	}
}

func TestPublicOnly(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"52.94.5.1": true, "2600:1f00::1": true, "127.0.0.1": false, "10.0.0.1": false, "172.16.0.1": false, "192.168.0.1": false, "169.254.169.254": false,
		"0.0.0.0": false, "100.64.0.1": false, "224.0.0.1": false, "255.255.255.255": false, "::1": false, "fe80::1": false, "fd00::1": false, "::": false,
		"::ffff:127.0.0.1": false, "::ffff:169.254.169.254": false, "64:ff9b::a00:1": false, "2002:7f00:1::": false, "fd00:ec2::254": false, "ff02::1": false,
	} {
		if got := isPublic(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
	reached := false
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer server.Close()
	if _, err := fetch(t.Context(), newFetcher(nil), server.URL); err == nil || !strings.Contains(err.Error(), "not a public one") || reached {
		t.Errorf("reached: %v, %v", reached, err)
	}
}

// TestFetch: no redirect is followed, and nothing long is read.
func TestFetch(t *testing.T) {
	t.Parallel()
	followed := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, "/other", http.StatusFound)
		case "/other":
			followed = true
		case "/long":
			_, _ = w.Write(make([]byte, largestFetch+1))
		case "/right":
			_, _ = w.Write(make([]byte, largestFetch))
		}
	}))
	defer server.Close()
	client := newFetcher(http.DefaultTransport)
	for path, right := range map[string]bool{"/right": true, "/redirect": false, "/long": false} {
		if text, err := fetch(t.Context(), client, server.URL+path); right != (err == nil) || right && len(text) != largestFetch {
			t.Errorf("%s: %d bytes, %v", path, len(text), err)
		}
	}
	if followed {
		t.Error("a redirect was followed")
	}
}
