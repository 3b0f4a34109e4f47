package main

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"germane/audience"
	"germane/send"
	"germane/store"
	"germane/store/sqlite"
)

// TestDoctorHearsNotices: a topic's subscription shows only in what came through it.
func TestDoctorHearsNotices(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		ago  time.Duration // since a notice; 0: there was none
		used float64       // mails that SES sent in a day
		want string
	}{
		"they come":         {time.Hour, 5, "ok in the last 24 hours SES told of 1 mail"},
		"they ended":        {50 * time.Hour, 5, "warn none came in the last 24 hours, in which SES sent 5 mails"},
		"nothing was sent":  {50 * time.Hour, 0, "ok none in the last 24 hours, in which SES sent nothing"},
		"none has ever":     {0, 0, "warn none has come yet"},
		"none, after mails": {0, 5, "warn none came in the last 24 hours, in which SES sent 5 mails"},
	} {
		s := noticedStore(t, now, c.ago)
		d := &doctor{
			s: s, used: c.used, address: &send.Address{Kind: send.SESKind}, sys: &system{now: func() time.Time { return now }},
			w: configured(t, "sns: {topics: ['arn:aws:sns:eu-west-1:123456789012:mail']}\npublic_url: https://links.acme.example\n"),
		}
		if err := d.notices(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := d.found[0]; got.Status.String()+" "+got.Text != c.want || strings.Contains(got.Fix, "sns subscribe") != (got.Status == warning) {
			t.Errorf("%s: %+v", name, d.found)
		}
	}
}

// noticedStore has one mail, which was delivered some time ago, as SES said.
func noticedStore(t *testing.T, now time.Time, ago time.Duration) store.Database {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "germane.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if ago == 0 {
		return s
	}
	ctx, at := context.Background(), now.Add(-ago)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err = s.Import(ctx, []audience.Update{{ID: "ann", Email: "ann@mail.example"}}, store.Importing{At: at, Consent: []store.ConsentGrant{{Topic: "tips"}}})
	must(err)
	p, err := s.PersonByID(ctx, "ann")
	must(err)
	run, err := s.CreateRun(ctx, store.Run{Campaign: "weekly", Occurrence: "1", Version: "v1", Cut: true, Due: at, Created: at, Started: at}, []store.Chunk{{People: store.Everybody, Members: 1}})
	must(err)
	chunk, err := s.TakeChunk(ctx, run, 0, "test", at, at.Add(time.Hour))
	must(err)
	_, err = s.Step(ctx, &store.Step{Lease: store.Lease{Run: run, Epoch: chunk.Epoch}, Now: at, Until: at.Add(time.Hour), Decisions: []store.Decision{{Person: p.Number, State: store.Claimed, Topic: "tips"}}})
	must(err)
	known, err := s.TakeNotices(ctx, []store.Notice{{
		Run: run, Person: p.Number, Campaign: "weekly", Provider: "m1", State: store.Sent, Sent: at,
		Event: store.Event{At: at, Key: "k1", Kind: store.EventDelivery, Person: p.Number, Run: run},
	}}, store.Noticing{Judge: func(store.Mailed, []store.Event) {}})
	must(err)
	if !known[0] {
		t.Fatal("the mail is not known")
	}
	return s
}
