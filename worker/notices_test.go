package worker_test

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"germane/internal/sesfake"
	"germane/store"
	"germane/track"
)

// TestNoticesSettle: a provider that takes mails and hangs up leaves them in doubt; what it then says of them settles each, and
// nothing is sent again.
func TestNoticesSettle(t *testing.T) {
	t.Parallel()
	const topicARN = "arn:aws:sns:eu-west-1:123456789012:mail"
	topic, err := sesfake.NewTopic(topicARN, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	fake, dropped := sesfake.New(sesfake.Account{}), 0
	turn := make(chan struct{}, 1)
	fake.Fault = func(*sesfake.Mail) sesfake.Fault {
		turn <- struct{}{}
		defer func() { <-turn }()
		if dropped++; dropped%20 == 0 {
			return sesfake.DropAfter
		}
		return sesfake.None
	}
	ses := fake.Start()
	t.Cleanup(ses.Close)
	r := newRig(t, 1000, nil, nil)
	r.config.Transport = openWire(t, "ses://eu-west-1?endpoint="+ses.URL)
	public := track.New(track.Config{Store: r.store, Keys: r.keys, Notices: track.Notices{Topics: []string{topicARN}, Transport: topic}})
	t.Cleanup(func() { public.Close(context.Background()) })
	server := httptest.NewServer(public.Handler())
	t.Cleanup(server.Close)
	run := r.plan("1")
	r.drain(t.Context())
	before, mails := r.run(run), fake.Mails()
	if before.State != store.RunSettling || before.InDoubt < int64(len(mails)/20) {
		t.Fatalf("%s, %+v", before.State, before.Counts)
	}
	var notices []sesfake.Envelope
	for i := range mails {
		notices = append(notices, topic.Notification(sesfake.Event(&mails[i], sesfake.Becomes{Type: "Send"})), topic.Notification(sesfake.Event(&mails[i], sesfake.Becomes{Type: "Delivery", After: time.Second})))
	}
	r.must(sesfake.Posting{URL: server.URL + "/n/ses", Duplicates: 0.3, Shuffle: true, Seed: 3, AtOnce: 4}.Post(t.Context(), notices))
	r.drain(t.Context())
	after := r.run(run)
	if after.State != store.RunFinished || after.InDoubt != 0 || after.Sent != int64(len(mails)) || len(fake.Mails()) != len(mails) {
		t.Errorf("%s, %+v; %d mails before, %d after", after.State, after.Counts, len(mails), len(fake.Mails()))
	}
	if stats := public.Stats(); stats.UnknownNotices+stats.RefusedNotices != 0 {
		t.Errorf("%+v", stats)
	}
	for _, d := range r.rows(run) {
		if d.State == store.Sent && d.Provider == "" {
			t.Errorf("person %d: the ledger lacks the provider's id", d.Person)
		}
	}
}
