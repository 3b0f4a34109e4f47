package worker_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"germane/internal/sesfake"
	"germane/send"
	"germane/store"
	"germane/token"
	"germane/track"
)

// size is how much a test does: so much where GERMANE_LONG is set, else a part of it, as signing a notice takes a millisecond.
func size(long, short int) int {
	if os.Getenv("GERMANE_LONG") != "" {
		return long
	}
	return short
}

// provider is Amazon SES beside a public server that its notices come to.
type provider struct {
	*sesfake.Server
	topic  *sesfake.Topic
	public *track.Server
	url    string // of notices
	wire   send.Transport

	mu     sync.Mutex
	bodies map[string][]byte // of notices, by what names them
}

// newProvider starts one for a database. Nothing is told by itself before [provider.tells].
func newProvider(t *testing.T, s store.Database, now func() time.Time) *provider {
	t.Helper()
	const arn = "arn:aws:sns:eu-west-1:123456789012:mail"
	topic, err := sesfake.NewTopic(arn, now())
	if err != nil {
		t.Fatal(err)
	}
	topic.Now = now
	keys, err := token.NewKeys(token.Key{ID: 1, Master: bytes.Repeat([]byte{7}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{Server: sesfake.New(sesfake.Account{}), topic: topic, bodies: map[string][]byte{}}
	p.Now = now
	ses := p.Start()
	t.Cleanup(ses.Close)
	p.wire = openWire(t, "ses://eu-west-1?endpoint="+ses.URL)
	p.public = track.New(track.Config{
		Store: s, Keys: keys, Now: now, Site: track.Site{Topics: []track.Topic{{Name: "tips", Title: "Tips"}, {Name: "offers", Title: "Offers"}}},
		Notices: track.Notices{Topics: []string{arn}, Transport: topic, SoftBounces: track.SoftBounces{Most: 5, Within: 30 * 24 * time.Hour}},
	})
	t.Cleanup(func() { p.public.Close(context.Background()) })
	handler := p.public.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		p.keep(body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	p.url = server.URL + "/n/ses"
	return p
}

func (p *provider) keep(body []byte) {
	var e struct{ MessageID string }
	if json.Unmarshal(body, &e) == nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.bodies[e.MessageID] = body
	}
}

// tells has the provider tell what becomes of mails, until the test ends.
func (p *provider) tells(t *testing.T, late time.Duration, duplicates float64, fate func(m *sesfake.Mail) sesfake.Fate) {
	p.Aftermath = &sesfake.Aftermath{
		Topic: p.topic, Fate: fate,
		Posting: sesfake.Posting{URL: p.url, Duplicates: duplicates, Delay: late, Seed: 8, AtOnce: 4, Tries: 100, Between: 10 * time.Millisecond},
	}
	ctx, end := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { p.Aftermath.Run(ctx) })
	t.Cleanup(func() { end(); running.Wait() })
}

// number is which of a test's people a mail went to.
func number(m *sesfake.Mail) (n int) {
	_, _ = fmt.Sscanf(strings.TrimLeft(m.To, "up"), "%d", &n)
	return n
}

// TestNoticesSettle: a provider that takes mails and hangs up leaves them in doubt; what it then says of them settles each, and nothing is
// sent again. Without that, they stay in doubt, and the run says so.
func TestNoticesSettle(t *testing.T) {
	t.Parallel()
	people := size(14_000, 1400) // some 72% are mailed, by each of two runs, and every twentieth mail is in doubt
	r := newRig(t, people, nil, nil)
	p := newProvider(t, r.store, time.Now)
	mails, dropped := 0, map[string]bool{}
	turn := make(chan struct{}, 1)
	p.Fault = func(m *sesfake.Mail) sesfake.Fault {
		turn <- struct{}{}
		defer func() { <-turn }()
		if mails++; mails%20 == 0 {
			dropped[m.Tags["delivery"]] = true
			return sesfake.DropAfter
		}
		return sesfake.None
	}
	r.config.Transport = p.wire
	told, silent := r.plan("1"), r.plan("2")
	r.drain(t.Context())
	all := p.Mails()
	sent := func(run int64) int64 { got := r.run(run); return got.Sent + got.InDoubt }
	mailed := sent(told)
	for _, run := range []int64{told, silent} {
		if got := r.run(run); got.State != store.RunSettling || got.InDoubt < mailed/40 || sent(run) != mailed {
			t.Fatalf("run %d is %s, %+v", run, got.State, got.Counts)
		}
	}
	if a, b := r.run(told), r.run(silent); int(a.InDoubt+b.InDoubt) != len(dropped) || len(all) != int(2*mailed) || len(dropped) != len(all)/20 {
		t.Fatalf("in doubt are %d and %d of %d mails", a.InDoubt, b.InDoubt, len(all))
	}
	var notices []sesfake.Envelope
	for i := range all {
		if m := &all[i]; dropped[m.Tags["delivery"]] && strings.HasPrefix(m.Tags["delivery"], "1-") {
			notices = append(notices, p.topic.Notification(sesfake.Event(m, sesfake.Becomes{Type: "Send"})), p.topic.Notification(sesfake.Event(m, sesfake.Becomes{Type: "Delivery", After: time.Second})))
		}
	}
	silently := r.run(silent).InDoubt
	r.must(sesfake.Posting{URL: p.url, Duplicates: 0.3, Shuffle: true, Seed: 3, AtOnce: 4}.Post(t.Context(), notices))
	r.drain(t.Context())
	if got := r.run(told); got.State != store.RunFinished || got.InDoubt != 0 || got.Sent != mailed {
		t.Errorf("told of all, it is %s, %+v", got.State, got.Counts)
	}
	if got := r.run(silent); got.State != store.RunSettling || got.InDoubt != silently {
		t.Errorf("told of nothing, it is %s, %+v", got.State, got.Counts)
	}
	for _, d := range r.rows(told) {
		if d.State == store.Sent && d.Provider == "" {
			t.Errorf("person %d: the ledger lacks the provider's id", d.Person)
		}
	}
	// A day later it is over, and still says of how many nobody knows.
	r.config.Store, r.config.Now = &ahead{r.store, 25 * time.Hour}, func() time.Time { return time.Now().Add(25 * time.Hour) }
	r.drain(t.Context())
	if got := r.run(silent); got.State != store.RunFinished || got.InDoubt != silently {
		t.Errorf("after a day it is %s, %+v", got.State, got.Counts)
	}
	if len(p.Mails()) != len(all) {
		t.Errorf("%d mails were sent, and %d again", len(all), len(p.Mails())-len(all))
	}
	if stats := p.public.Stats(); stats.UnknownNotices+stats.RefusedNotices != 0 || stats.Notices < int64(len(notices)) {
		t.Errorf("%+v", stats)
	}
}

// ahead is a store whose clock goes ahead.
type ahead struct {
	store.Database
	by time.Duration
}

func (s *ahead) Now(ctx context.Context) (time.Time, error) {
	now, err := s.Database.Now(ctx)
	return now.Add(s.by), err
}

// TestNoticesWhileSending: notices that come while a campaign is sent, late, twice and in any order, leave what the same notices leave
// that come one after another when all is sent.
func TestNoticesWhileSending(t *testing.T) {
	t.Parallel()
	people := size(5000, 1000)
	r := newRig(t, people, nil, nil)
	p := newProvider(t, r.store, time.Now)
	p.tells(t, 300*time.Millisecond, 0.5, func(m *sesfake.Mail) sesfake.Fate {
		switch n := number(m) % 40; {
		case n < 4: // some 10%: the domain is in quarantine
			return sesfake.Bounces
		case n < 6:
			return sesfake.Complains
		case n < 8:
			return sesfake.IsRejected
		case n < 10:
			return sesfake.BouncesByPolicy
		case n < 12:
			return sesfake.BouncesSoftly
		case n == 12:
			return sesfake.SaysNotSpam
		case n == 13:
			return sesfake.IsOnOwnList
		case n < 20:
			return sesfake.IsLate
		}
		return sesfake.Arrives
	})
	p.Fault = func(m *sesfake.Mail) sesfake.Fault {
		if number(m)%50 == 7 {
			return sesfake.DropAfter
		}
		return sesfake.None
	}
	r.config.Transport = p.wire
	run := r.plan("1")
	r.drain(t.Context())
	r.must(p.Aftermath.Wait(t.Context()))
	r.drain(t.Context())
	notices := p.inOrder(t)
	if len(notices) < 2*len(p.Mails()) {
		t.Fatalf("only %d notices of %d mails", len(notices), len(p.Mails()))
	}

	// The same mails with the same names, all of them sent before anything is said.
	names := map[string]string{}
	for _, m := range p.Mails() {
		names[m.Tags["delivery"]] = m.ID
	}
	again := newRig(t, people, &scripted{answer: func(_ int, m *send.Mail) send.Result { return send.Result{Outcome: send.Sent, ID: names[m.ID]} }}, nil)
	public := track.New(track.Config{Store: again.store, Notices: track.Notices{Topics: []string{p.topic.ARN}, Transport: p.topic, SoftBounces: track.SoftBounces{Most: 5, Within: time.Hour}}, Site: track.Site{Topics: []track.Topic{{Name: "tips"}, {Name: "offers"}}}})
	defer public.Close(context.Background())
	handler := public.Handler()
	if got := again.plan("1"); got != run {
		t.Fatalf("the run is %d, not %d", got, run)
	}
	again.drain(t.Context())
	for _, body := range notices {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/n/ses", bytes.NewReader(body)))
		if w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	got, want := r.left(run), again.left(run)
	for person, line := range want {
		if got[person] != line {
			t.Errorf("of %s there is\n%s\nand in order\n%s", person, got[person], line)
		}
	}
	if len(got) != len(want) || !strings.Contains(got["all"], "complaint") || strings.Contains(want["all"], "Refused:0") {
		t.Errorf("%d and %d lines; %s", len(got), len(want), got["all"])
	}
}

// inOrder are the bodies of all notices, each once, as things happened to each mail, mail after mail.
func (p *provider) inOrder(t *testing.T) [][]byte {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	type notice struct {
		mail string
		rank int
		body []byte
	}
	var all []notice
	for _, body := range p.bodies {
		var e struct{ Message string }
		var said struct {
			EventType string
			Mail      struct{ MessageID string }
			Complaint struct{ ComplaintFeedbackType string }
		}
		if err := cmp.Or(json.Unmarshal(body, &e), json.Unmarshal([]byte(e.Message), &said)); err != nil {
			t.Fatal(err)
		}
		rank := slices.Index([]string{"Send", "Reject", "DeliveryDelay", "Delivery", "Bounce", "Complaint"}, said.EventType)
		all = append(all, notice{said.Mail.MessageID, rank, body})
	}
	slices.SortFunc(all, func(a, b notice) int { return cmp.Or(cmp.Compare(a.mail, b.mail), cmp.Compare(a.rank, b.rank)) })
	bodies := make([][]byte, len(all))
	for i := range all {
		bodies[i] = all[i].body
	}
	return bodies
}

// left is all that notices can change, by person, and for all.
func (r *rig) left(run int64) map[string]string {
	r.t.Helper()
	ctx, lines := r.t.Context(), map[string]string{}
	for _, d := range r.rows(run) {
		person, err := r.store.PersonByNumber(ctx, d.Person)
		r.must(err)
		var b strings.Builder
		fmt.Fprintf(&b, "%s %q %s attempt %d, %x", d.State, d.Reason, d.Provider, d.Attempt, d.Choices)
		events, err := r.store.EventsOf(ctx, d.Person, 100)
		r.must(err)
		slices.SortFunc(events, func(a, b store.Event) int { return cmp.Compare(a.Key, b.Key) })
		for _, e := range events {
			fmt.Fprintf(&b, "; %s %s %q %s %s", e.Kind, e.At, e.Label, e.Key, e.Fields)
		}
		suppressions, err := r.store.SuppressionsOf(ctx, person.Email)
		r.must(err)
		for _, s := range suppressions {
			fmt.Fprintf(&b, "; %s %s %s", s.Reason, s.Detail, s.At)
		}
		consents, err := r.store.ConsentsOf(ctx, d.Person)
		r.must(err)
		for _, topic := range []string{"tips", "offers"} {
			fmt.Fprintf(&b, "; %s %s %s", topic, consents[topic].State, consents[topic].Source)
		}
		lines[person.ID] = b.String()
	}
	counts, err := r.store.NoticeCounts(ctx, time.Now().Add(-time.Hour))
	r.must(err)
	kept, err := r.store.Quarantined(ctx, "")
	r.must(err)
	kinds, err := r.store.EventCounts(ctx, run)
	r.must(err)
	is := r.run(run)
	lines["all"] = fmt.Sprintf("%s %+v; %+v; kept %+v; %+v", is.State, is.Counts, counts, kept, kinds)
	return lines
}
