package worker_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"germane/send"
	"germane/store"
)

// TestAlertsAtTheEnd: a run of which many mails failed, or of some of which nobody knows, is told about once.
func TestAlertsAtTheEnd(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		failed, doubtful int // every so many
		want             string
	}{
		"all is well":  {1000, 1000, ""},
		"a few failed": {50, 1000, ""},
		"many failed":  {10, 1000, "failed: run 1 of daily: 10 of 100 mails failed; `germane runs 1` says why"},
		"in doubt":     {1000, 50, "in_doubt: run 1 of daily: nobody knows of 2 mails whether they arrived; `germane runs settle 1` decides it"},
		"both": {10, 33, "failed: run 1 of daily: 10 of 97 mails failed; `germane runs 1` says why" +
			"in_doubt: run 1 of daily: nobody knows of 3 mails whether they arrived; `germane runs settle 1` decides it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "2027-03-01 08:00", "", map[string]string{"daily": campaign("cadence: {at: 2027-03-01 09:00}")})
			w.crowd(100, "UTC")
			w.mail.fail = func(n int) send.Outcome {
				switch {
				case n%test.failed == 0:
					return send.Refused
				case n%test.doubtful == 0:
					return send.InDoubt
				}
				return send.Sent
			}
			w.until("2027-03-03 00:00")
			w.work(t.Context()) // what settles is closed a day later
			got := ""
			for _, a := range w.alerts {
				got += a.What + ": " + a.Text
			}
			if got != test.want {
				t.Errorf("told %q, want %q", got, test.want)
			}
		})
	}
}

// CreateRun fails for one campaign, as a full disk would make it.
func (s *timed) CreateRun(ctx context.Context, r store.Run, chunks []store.Chunk) (int64, error) {
	if r.Campaign == s.world.broken {
		return 0, context.DeadlineExceeded
	}
	return s.Database.CreateRun(ctx, r, chunks)
}

// TestABrokenCampaignHarmsNoOther: what cannot be planned is planned when it can, and the others are on time.
func TestABrokenCampaignHarmsNoOther(t *testing.T) {
	t.Parallel()
	daily := campaign("cadence: {every: day 09:00}")
	w := newWorld(t, "2027-03-01 08:00", "", map[string]string{"a": daily, "b": daily, "c": daily})
	w.crowd(10, "UTC")
	w.plan()
	w.now, w.broken = clockTime(t, "2027-03-01 09:00"), "b"
	if err := w.scheduler().Once(t.Context()); err == nil || !strings.Contains(err.Error(), "campaign b: ") {
		t.Errorf("planned: %v", err)
	}
	if a, b, c := len(w.runs("a")), len(w.runs("b")), len(w.runs("c")); a != 1 || b != 0 || c != 1 {
		t.Errorf("runs: %d, %d, %d", a, b, c)
	}
	w.broken = ""
	w.plan()
	w.plan()
	if a, b, c := len(w.runs("a")), len(w.runs("b")), len(w.runs("c")); a != 1 || b != 1 || c != 1 {
		t.Errorf("runs: %d, %d, %d", a, b, c)
	}
}

// TestSchedulerWakesWorkers: left to itself, it looks at once and tells of a run.
func TestSchedulerWakesWorkers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2027-03-01 08:00", "", map[string]string{"daily": campaign("cadence: {every: day 09:00}")})
	w.crowd(10, "UTC")
	w.plan()
	w.now = clockTime(t, "2027-03-01 09:00")
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	s := w.scheduler()
	s.Wake = stop
	s.Run(ctx)
	if got := w.told("daily"); ctx.Err() != context.Canceled || got != "03-01T09:00 running 10 waiting" {
		t.Errorf("ended with %v: %s", ctx.Err(), got)
	}
}
