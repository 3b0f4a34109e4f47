package worker_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"germane/store"
	"germane/worker"
)

// ofOneRun is a store that shows a worker only one run's chunks, so that two workers are at two runs at once.
type ofOneRun struct {
	store.Store
	run int64
}

func (s *ofOneRun) ReadyChunks(ctx context.Context, now time.Time, limit int) ([]store.Chunk, error) {
	all, err := s.Store.ReadyChunks(ctx, now, 1000)
	all = slices.DeleteFunc(all, func(c store.Chunk) bool { return c.Run != s.run })
	return all[:min(len(all), limit)], err
}

// TestTwoCampaignsAtOnce sends two campaigns to the same people at the same time, each by a worker of its own: under a cap of one
// everybody gets exactly one mail, or is held out by exactly one, which takes the place.
func TestTwoCampaignsAtOnce(t *testing.T) {
	t.Parallel()
	people, times := 300, 20
	if os.Getenv("GERMANE_LONG") != "" {
		people = 10_000
	}
	met := 0
	for range times {
		w := newWorld(t, "2027-03-01 08:00", "caps: [{max: 1, per: 7d}]", map[string]string{
			"first": campaign("cadence: {every: day 09:00}", "holdout: 20%"), "second": campaign("cadence: {every: day 09:00}", "topic: offers", "holdout: 20%"),
		})
		w.crowd(people, "UTC", "Asia/Tokyo")
		w.plan()
		w.now = clockTime(t, "2027-03-01 09:00")
		w.plan()
		var working sync.WaitGroup
		for i := range 2 {
			working.Go(func() {
				s := w.scheduler()
				if err := worker.New(worker.Config{
					Store: &ofOneRun{w.store, int64(i + 1)}, Contents: w.contents, Transport: w.mail, Owner: fmt.Sprint("worker", i), Concurrency: 8, Now: s.Now, Log: s.Log,
				}).Work(context.WithoutCancel(t.Context()), true); err != nil {
					t.Error(err)
				}
			})
		}
		working.Wait()
		if w.checkOneEach(people) {
			met++
		}
	}
	if met == 0 {
		t.Error("one worker was always done before the other began")
	}
}

// checkOneEach reports whether both runs sent something.
func (w *world) checkOneEach(people int) (met bool) {
	w.t.Helper()
	met = true
	places, held, capped := map[int64]int{}, int64(0), int64(0)
	for _, a := range w.mail.got {
		places[a.person]++
	}
	for _, r := range w.runs("") {
		rows, err := w.store.DeliveriesIn(w.t.Context(), r.ID, store.Everybody)
		w.must(err)
		for _, d := range rows {
			switch {
			case d.State == store.HeldOut:
				places[d.Person]++
			case d.State == store.Skipped && d.Reason == store.ReasonCap:
				capped++
			}
		}
		held, met = held+r.HeldOut, met && r.Sent > 0
		if r.State != store.RunFinished || r.Planned != int64(people) {
			w.t.Errorf("run %d is %s: %+v", r.ID, r.State, r.Counts)
		}
	}
	for person, n := range places {
		if n != 1 {
			w.t.Errorf("person %d has %d places", person, n)
		}
	}
	if len(places) != people || capped != int64(people) || held == 0 {
		w.t.Errorf("%d people have a place, %d mails were capped, %d people held out", len(places), capped, held)
	}
	return met
}

// TestCapsCountWhenDue: a weekly campaign under one mail a week goes out every week, however late in it somebody's turn comes, and in
// the weeks in which clocks change. One that is due a little sooner does not.
func TestCapsCountWhenDue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2027-03-08 08:00", "caps: [{max: 1, per: 7d}]", map[string]string{"weekly": campaign("cadence: {every: monday 09:00, time_zone: recipient}")})
	w.people([3]string{"p0", "Europe/London", `{}`})
	w.until("2027-03-15 08:30")
	w.now = clockTime(t, "2027-03-15 11:00") // two hours late
	w.until("2027-04-06 00:00")
	if got, want := w.mails(), "p0 05 08:00, p0 08 09:00, p0 15 11:00, p0 22 09:00, p0 29 08:00"; got != want {
		t.Errorf("mails %s, want %s", got, want)
	}
	w.write("campaigns/weekly.yaml", campaign("cadence: {every: monday 08:59, time_zone: recipient}"))
	w.deploy()
	w.until("2027-04-12 07:30")
	w.now = clockTime(t, "2027-04-12 11:00") // being late does not help
	w.until("2027-04-13 00:00")
	if got, want := w.told("weekly")[len("03-08T09:00 finished 1 sent; 03-15T09:00 finished 1 sent; 03-22T09:00 finished 1 sent; 03-29T09:00 finished 1 sent; 04-05T09:00 finished 1 sent; "):], "04-12T08:59 finished 1 cap"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestQuietHours: mail that is due at night is held until the morning, spread over the jitter and never out of the window; or dropped,
// or too late by then.
func TestQuietHours(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ quiet, late, told string }{
		"held":         {`on: hold, jitter: 30min`, "", "03-01T02:00 finished 200 sent"},
		"dropped":      {`on: skip`, "", "03-01T02:00 finished 200 quiet hours"},
		"too late":     {`on: hold`, ", max_late: 5h", "03-01T02:00 finished 200 late"},
		"just in time": {`on: hold`, ", max_late: 6h", "03-01T02:00 finished 200 sent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "2027-03-01 00:00", `quiet_hours: {from: "21:00", to: "08:00", `+test.quiet+"}", map[string]string{"early": campaign("cadence: {at: 2027-03-01 02:00" + test.late + "}")})
			w.crowd(200, "UTC")
			w.until("2027-03-01 12:00")
			if got := w.told("early"); got != test.told {
				t.Errorf("got %s, want %s", got, test.told)
			}
			begin, first, second, times := clockTime(t, "2027-03-01 08:00"), 0, 0, map[time.Time]bool{}
			for _, a := range w.mail.got {
				times[a.at] = true
				switch after := a.at.Sub(begin).Minutes(); {
				case after < 0 || after > 31:
					t.Errorf("somebody got a mail at %s", a.at)
				case after < 15:
					first++
				default:
					second++
				}
			}
			if name == "held" && (first < 70 || second < 70 || len(times) > 62) { // every look reads everybody again
				t.Errorf("%d in the first quarter of an hour, %d in the second, at %d times", first, second, len(times))
			}
		})
	}
}

// TestQuietHoursOfSendsByHand: they and caps hold for these, too; the rollout and being late do not.
func TestQuietHoursOfSendsByHand(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2027-03-01 23:00", "caps: [{max: 1, per: 1d}]\nquiet_hours: {from: \"21:00\", to: \"08:00\", on: hold}", map[string]string{
		"weekly": campaign("cadence: {every: monday 09:00, max_late: 1h}", "rollout: {steps: [5%, 100%]}"),
	})
	w.crowd(60, "UTC", "America/New_York")
	var got []string
	for i := range 2 {
		content, err := w.contents.Campaign(t.Context(), w.w.VersionHash(), "weekly")
		w.must(err)
		survey, err := worker.NewSurvey(t.Context(), w.store, content, worker.Surveying{Now: w.scheduler().Now})
		w.must(err)
		if survey.Mail != 60 {
			t.Errorf("a survey of %d mails", survey.Mail)
		}
		_, err = worker.Plan(t.Context(), w.store, worker.Order{Campaign: "weekly", Occurrence: fmt.Sprint("by hand ", i), Manual: true, Version: w.w.VersionHash(), Due: w.now}, survey, w.now)
		w.must(err)
		w.work(t.Context())
		got = append(got, w.told("weekly"))
		w.now = w.now.Add(12 * time.Hour)
		w.work(t.Context())
	}
	got = append(got, w.told("weekly"))
	want := []string{
		"by hand 0 running 30 sent 30 waiting",                            // in New York it is 18:00
		"by hand 0 finished 60 sent; by hand 1 running 30 waiting 30 cap", // and there it is 06:00
		"by hand 0 finished 60 sent; by hand 1 finished 60 cap",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
