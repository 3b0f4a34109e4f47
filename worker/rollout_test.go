package worker_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"germane/store"
)

// poorBlock has a variant for three of ten people.
const poorBlock = "---\nowner: lifecycle@acme.example\ngoal: project_created within 7d\nreview_by: 2099-01-31\n---\n{% variant rich when score >= 7 %}\n\nYou have a lot.\n\n{% otherwise %}\n\nYou have something.\n"

// rolledOut is a daily campaign with a rollout, and thousand people.
func rolledOut(t *testing.T, stop string) *world {
	w := newWorld(t, "2027-03-01 08:00", "", map[string]string{"daily": campaign("cadence: {every: day 09:00}", "rollout: {steps: [10%, 40%, 100%], wait: next, stop_if: {"+stop+"}}")})
	w.crowd(1000, "UTC", "Europe/London")
	return w
}

// TestRolloutStopsOnFallback: 70% of choices fall back at the first step, above the limit of 60%. Mended, it begins at the first step again.
func TestRolloutStopsOnFallback(t *testing.T) {
	t.Parallel()
	w := rolledOut(t, "fallback: 60%")
	w.write("blocks/offer.md", poorBlock)
	w.deploy()
	w.until("2027-03-01 12:00")
	first := w.runs("daily")[0]
	if first.State != store.RunStopped || !strings.Contains(first.Note, "fallback: ") || !strings.Contains(first.Note, "above the limit of 60%") || first.Sent < 20 || first.Sent > 130 {
		t.Fatalf("the first step is %s (%s): %+v", first.State, first.Note, first.Counts)
	}
	w.until("2027-03-02 12:00")
	if got := w.runs("daily")[1]; got.State != store.RunCancelled || !strings.HasPrefix(got.Note, "missed: the rollout was stopped") {
		t.Errorf("the next occurrence is %s: %s", got.State, got.Note)
	}
	if got := w.alerted(); got != "stopped missed" {
		t.Errorf("alerts %s", got)
	}
	// However long nobody looks, it does not go on by itself.
	w.until("2027-04-20 12:00")
	if n := len(w.mail.got); int64(n) != first.Sent {
		t.Errorf("%d mails, and %d at the first step", n, first.Sent)
	}
	w.write("blocks/offer.md", worldFiles["blocks/offer.md"])
	w.deploy()
	for day, want := range []int64{100, 400, 1000, 1000} {
		w.until(fmt.Sprintf("2027-04-%d 12:00", 21+day))
		runs := w.runs("daily")
		last := runs[len(runs)-1]
		if last.State != store.RunFinished || last.Planned != 1000 || float64(last.Sent) < 0.85*float64(want) || float64(last.Sent) > 1.15*float64(want) {
			t.Errorf("on day %d the run is %s: %+v, and %d should be sent", day, last.State, last.Counts, want)
		}
	}
}

// TestRolloutStopsOnErrors: the database is damaged, and half of the people have addresses that no mail can be made for.
func TestRolloutStopsOnErrors(t *testing.T) {
	t.Parallel()
	w := rolledOut(t, "render_errors: 1%")
	w.damaged = true
	w.until("2027-03-01 12:00")
	first := w.runs("daily")[0]
	if first.State != store.RunStopped || first.Failed < 3 || first.InDoubt > 0 || !strings.Contains(first.Note, "could not be made") {
		t.Fatalf("the first step is %s (%s): %+v", first.State, first.Note, first.Counts)
	}
	w.until("2027-03-02 12:00")
	if got := w.alerted(); got != "stopped missed" {
		t.Errorf("alerts %s", got)
	}
	w.damaged = false
	w.until("2027-03-03 12:00") // and nobody says that it is mended
	if got := w.alerted(); got != "stopped missed missed" {
		t.Errorf("alerts %s", got)
	}
	w.write("blocks/offer.md", poorBlock)
	w.deploy()
	w.until("2027-03-04 12:00")
	runs := w.runs("daily")
	if last := runs[len(runs)-1]; last.State != store.RunFinished || last.Failed > 0 || last.Sent < 70 || last.Sent > 130 {
		t.Errorf("mended, the run is %s (%s): %+v", last.State, last.Note, last.Counts)
	}
}

// TestResumedRollout: whoever resumes a stopped run has seen why it was, and the rollout goes on.
func TestResumedRollout(t *testing.T) {
	t.Parallel()
	w := rolledOut(t, "fallback: 40%")
	w.until("2027-03-01 12:00")
	w.must(w.store.MoveRun(t.Context(), w.runs("daily")[0].ID, store.RunRunning, "resumed", w.now))
	w.until("2027-03-02 12:00")
	runs := w.runs("daily")
	if runs[0].State != store.RunFinished || runs[1].State != store.RunStopped || runs[1].Sent < 100 {
		t.Errorf("got %s", w.told("daily"))
	}
}

// TestRolloutOfAOneOff goes through its steps within one run, each looked at before the next begins.
func TestRolloutOfAOneOff(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		zone, stop string
		down       time.Duration // after the first step
		want       string        // sent by 12:00, 14:00, 18:00 and the next day, in tenths of everybody
		state      store.RunState
	}{
		"in time":             {"", "fallback: 60%", 0, "1 1 4 10", store.RunFinished},
		"of each zone":        {", time_zone: recipient", "fallback: 60%", 0, "1 1 4 10", store.RunFinished},
		"stopped":             {"", "fallback: 40%", 0, "1 1 1 1", store.RunStopped},
		"nobody was there":    {"", "fallback: 60%", 24 * time.Hour, "1 1 1 4", store.RunRunning},
		"without any notices": {"", "complaints: 1%", 0, "1 1 1 1", store.RunRunning},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "2027-03-01 08:00", "", map[string]string{"once": campaign("cadence: {at: 2027-03-01 11:30"+test.zone+"}", "rollout: {steps: [10%, 40%, 100%], wait: 4h, stop_if: {"+test.stop+"}}")})
			w.crowd(1000, "UTC", "Europe/London")
			var got []string
			for _, until := range []string{"2027-03-01 12:00", "2027-03-01 14:00", "2027-03-01 18:00", "2027-03-02 17:00"} {
				if at := clockTime(t, until); test.down > 0 && len(got) == 1 {
					got = append(got, got[0], got[0])
					w.now = at.Add(test.down)
				} else if w.now.Before(at) {
					w.until(until)
					got = append(got, fmt.Sprintf("%.0f", float64(len(w.mail.got))/100))
				}
			}
			runs := w.runs("once")
			if tenths := strings.Join(got, " "); tenths != test.want || len(runs) != 1 || runs[0].State != test.state || runs[0].Planned != 1000 {
				t.Errorf("sent %s, want %s; %s", tenths, test.want, w.told("once"))
			}
		})
	}
}

// TestStepsAreDueLater: whether a later step is too late after quiet hours is reckoned from when that step was due.
func TestStepsAreDueLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2027-03-01 08:00", "quiet_hours: {from: \"21:00\", to: \"08:00\", on: hold}", map[string]string{
		"once": campaign("cadence: {at: 2027-03-01 19:00, max_late: 10h}", "rollout: {steps: [50%, 100%], wait: 4h, stop_if: {fallback: 90%}}"),
	})
	w.crowd(100, "UTC")
	w.until("2027-03-02 12:00")
	if got, want := w.told("once"), "03-01T19:00 finished 100 sent"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if last := w.mail.got[99].at; !last.Equal(clockTime(t, "2027-03-02 08:00")) {
		t.Errorf("the last mail was at %s", last)
	}
}

// TestStepsOfAnApprovedRun: it waited for a day, and its steps still last as long as they should.
func TestStepsOfAnApprovedRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2027-03-01 08:00", "", map[string]string{
		"once": campaign("cadence: {at: 2027-03-01 09:00}", "rollout: {steps: [50%, 100%], wait: 4h}", "expect: {audience: 1000..2000}"),
	})
	w.crowd(100, "UTC")
	w.until("2027-03-02 09:00")
	if got, want := w.told("once"), "03-01T09:00 waiting_approval 100 waitingthe audience is 100 people, and at least 1000 are expected"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	w.must(w.store.MoveRun(t.Context(), w.runs("once")[0].ID, store.RunRunning, "", w.now))
	w.until("2027-03-02 12:59")
	if n := len(w.mail.got); n < 30 || n > 70 {
		t.Errorf("%d mails at the first step", n)
	}
	w.until("2027-03-02 13:10")
	if got, want := w.told("once"), "03-01T09:00 finished 100 sent"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestContentOfARollout: what it is of changes with everything that people see or are chosen by, and with nothing else.
func TestContentOfARollout(t *testing.T) {
	t.Parallel()
	segments := "active: score >= 3\nricher: segment(\"rich\") and score < 9\nrich: score >= 7\nother: score >= 1\n"
	files := map[string]string{
		"segments.yaml": segments, "campaigns/daily.yaml": campaign("cadence: {every: day 09:00}", `audience: segment("active")`),
		"blocks/offer.md": strings.Replace(poorBlock, "score >= 7", `segment("richer")`, 1),
	}
	content := func(name, old, new string) string {
		w := newWorld(t, "2027-03-01 08:00", "", nil)
		for file, text := range files {
			w.write(file, text)
		}
		if name != "" {
			w.write(name, strings.Replace(string(w.files[name].Data), old, new, 1))
		}
		w.deploy()
		return w.w.CampaignContent("daily")
	}
	is := content("", "", "")
	for _, test := range []struct {
		name, old, new string
		changes        bool
	}{
		{"segments.yaml", "active: score >= 3", "active: score >= 4", true},
		{"segments.yaml", "rich: score >= 7", "rich: score >= 8", true},
		{"segments.yaml", "other: score >= 1", "other: score >= 2", false},
		{"blocks/offer.md", "You have something", "You have nothing", true},
		{"templates/note.md", "# Hello", "# Good morning", true},
		{"layouts/base.html", "<body", "<body lang=\"en\"", true},
		{"campaigns/daily.yaml", `segment("active")`, `segment("active") and plan == "pro"`, true},
		{"campaigns/daily.yaml", "day 09:00", "day 10:00", false},
		{"events.yaml", "Demo", "Other", false},
	} {
		if changed := content(test.name, test.old, test.new) != is; changed != test.changes {
			t.Errorf("%s: %s: changed is %v", test.name, test.new, changed)
		}
	}
}
