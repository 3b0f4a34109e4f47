package main

import (
	"log/slog"
	"testing"
	"time"

	"germane/audience"
	"germane/internal/engines"
	"germane/store"
	"germane/workspace"
)

func TestKeptSince(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ now, want string }{
		{"2027-03-31T10:00:00Z", "2026-03-01T00:00:00Z"}, // 395 days ago it was the first of March
		{"2027-03-30T10:00:00Z", "2026-02-01T00:00:00Z"},
		{"2027-01-01T01:00:00+02:00", "2025-12-01T00:00:00Z"},
	} {
		now, err := time.Parse(time.RFC3339, test.now)
		if err != nil {
			t.Fatal(err)
		}
		if got := keptSince(now, 395*24*time.Hour).Format(time.RFC3339); got != test.want {
			t.Errorf("%s: got %s, want %s", test.now, got, test.want)
		}
	}
}

// TestExpire: a click of long ago goes, one of yesterday stays.
func TestExpire(t *testing.T) {
	t.Parallel()
	s := engines.Open(t)
	now := time.Date(2027, 3, 31, 10, 0, 0, 0, time.UTC)
	_, err := s.Import(t.Context(), []audience.Update{{ID: "ann", Email: "ann@acme.example"}}, store.Importing{At: now})
	if err != nil {
		t.Fatal(err)
	}
	ann, err := s.PersonByID(t.Context(), "ann")
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Time{now.AddDate(-2, 0, 0), now.AddDate(0, 0, -1)} {
		if _, err := s.AddEvents(t.Context(), []store.Event{{At: at, Person: ann.Number, Kind: store.EventClick}}); err != nil {
			t.Fatal(err)
		}
	}
	p := &post{
		sys: &system{now: func() time.Time { return now }}, store: s, log: slog.New(slog.DiscardHandler),
		w: &workspace.Workspace{Config: &workspace.Config{Retention: 395 * 24 * time.Hour}},
	}
	if err := p.expireOnce(t.Context()); err != nil {
		t.Fatal(err)
	}
	events, err := s.EventsOf(t.Context(), ann.Number, 10)
	if err != nil || len(events) != 1 || !events[0].At.Equal(now.AddDate(0, 0, -1)) {
		t.Errorf("left are %v, %v", events, err)
	}
}
