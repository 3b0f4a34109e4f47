package worker_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"germane/send"
	"germane/store"
	"germane/worker"
)

const warmConfig = `warm_up: {start: 10, double_every: 1d}`

// perDay counts a campaign's mails by the day in UTC: "01:10 02:20".
func (w *world) perDay(campaign string) string {
	days := map[string]int64{}
	for _, a := range w.mail.got {
		if a.campaign == campaign {
			days[a.at.UTC().Format("02")]++
		}
	}
	var all []string
	for _, day := range sortedKeys(days) {
		all = append(all, fmt.Sprint(day, ":", days[day]))
	}
	return strings.Join(all, " ")
}

// TestWarmUpHoldsRuns: what a day has no room for goes on at the same hour of the next one, people of each zone at theirs; a second run
// of the sender waits, too, and another sender's does not.
func TestWarmUpHoldsRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2027-03-01 08:00", warmConfig, map[string]string{
		"news":   campaign("cadence: {at: 2027-03-02 09:00, time_zone: recipient}"),
		"second": campaign("cadence: {at: 2027-03-03 12:00}"),
	})
	text := string(w.files["germane.yaml"].Data)
	w.write("germane.yaml", strings.Replace(text, "topics:", `  sales: {name: Sales, email: sales@other.example, postal_address: "1 Main St, Springfield"}`+"\ntopics:", 1))
	w.write("campaigns/other.yaml", campaign("cadence: {at: 2027-03-02 09:30}", "sender: sales"))
	w.deploy()
	w.crowd(60, "Asia/Tokyo", "America/New_York")
	w.until("2027-03-03 14:30")
	if got, want := w.perDay("news")+", "+w.perDay("second")+", "+w.perDay("other"), "02:10 03:20, , 02:10 03:20"; got != want {
		t.Errorf("mails by day: %s, want %s", got, want)
	}
	if run := w.runs("second")[0]; run.Held.Why != "warm-up: the 20 mails of 2027-03-03 are used up" || !run.Held.Until.Equal(clockTime(t, "2027-03-04 12:00")) {
		t.Errorf("the second run is held: %+v", run.Held)
	}
	w.until("2027-03-08 00:00")
	if got, want := w.perDay("news")+", "+w.perDay("second")+", "+w.perDay("other"), "02:10 03:20 05:30, 04:40 05:20, 02:10 03:20 04:30"; got != want {
		t.Errorf("mails by day: %s, want %s", got, want)
	}
	for _, a := range w.mail.got {
		if local := a.at.In(w.zonesOf()[a.person]); a.campaign == "news" && local.Hour() != 9 {
			t.Errorf("somebody got a mail at %s", local)
		}
	}
	for _, name := range []string{"news", "second", "other"} {
		if got := w.told(name); !strings.HasSuffix(got, "finished 60 sent") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// warm is a worker of the world's that warms up.
func (w *world) warm(owner string, out send.Transport) *worker.Worker {
	s := w.scheduler()
	return worker.New(worker.Config{
		Store: w.store, Contents: w.contents, Transport: out, Owner: owner, Concurrency: 4, Rate: 1000, Backoff: 60 * time.Millisecond, Now: s.Now, Log: s.Log, Alert: s.Alert,
		WarmUp: w.w.Config.WarmUp, Zone: w.w.Config.TimeZone, WayOut: "test",
	})
}

// TestWarmUpCountsWhatLeft: mails that were put back, were skipped when they were claimed or could not be made leave their place to
// others; refused ones and those in doubt do not.
func TestWarmUpCountsWhatLeft(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		outcome send.Outcome
		code    string
		sent    int
	}{
		"throttled":    {send.Throttled, "ses Throttling", 10},
		"nobody there": {send.NotSent, "connect", 10},
		"refused":      {send.Refused, "smtp 550 5.1.1", 7},
		"in doubt":     {send.InDoubt, "no answer", 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "2027-03-01 08:00", warmConfig, map[string]string{"news": campaign("cadence: {at: 2027-03-01 09:00}")})
			w.crowd(40, "UTC")
			w.plan()
			w.now = clockTime(t, "2027-03-01 09:00")
			w.plan()
			out := &scripted{answer: func(n int, _ *send.Mail) send.Result {
				if n <= 3 {
					return send.Result{Outcome: test.outcome, Code: test.code}
				}
				return send.Result{Outcome: send.Sent}
			}}
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			began, start := time.Now(), w.now
			s := w.warm("test", out)
			s.Now = func() time.Time { return start.Add(time.Since(began)) } // waits for another try are waited for
			w.must(s.Work(ctx, true))
			run := w.runs("news")[0]
			if int(run.Sent) != test.sent || run.Waiting+run.Sent+run.Failed+run.InDoubt != 40 || run.Held.Why == "" {
				t.Errorf("the run is %s: %+v, held %+v", run.State, run.Counts, run.Held)
			}
			if nth, granted, err := w.store.GrantedMails(t.Context(), "test mail.acme.example", int64(run.Due.Unix()/86400)); err != nil || nth != 0 || granted != 10 {
				t.Errorf("day %d has %d mails, %v", nth, granted, err)
			}
		})
	}
}

// TestWarmUpAmongWorkers: two workers share a day; one that is killed takes what it held along, and nobody sends more than there is. Who
// has nothing to do gives back what it has.
func TestWarmUpAmongWorkers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2027-03-01 08:00", `warm_up: {start: 500, double_every: 1d}`, map[string]string{"news": campaign("cadence: {at: 2027-03-01 09:00}")})
	w.crowd(1700, "UTC")
	w.plan()
	w.now = clockTime(t, "2027-03-01 09:00")
	w.plan()
	var working sync.WaitGroup
	for i := range 2 {
		working.Go(func() {
			if err := w.warm(fmt.Sprint("worker ", i), w.mail).Work(context.WithoutCancel(t.Context()), true); err != nil {
				t.Error(err)
			}
		})
	}
	working.Wait()
	if got := w.perDay("news"); got != "01:500" {
		t.Errorf("two workers sent %s", got)
	}
	w.now = clockTime(t, "2027-03-02 09:00")
	if taken, err := w.store.GrantMails(t.Context(), "test mail.acme.example", w.now.Unix()/86400, func(int, int64) int64 { return 10 }); err != nil || taken != 10 { // by somebody who is killed then
		t.Fatal(taken, err)
	}
	w.must(w.warm("another", w.mail).Work(t.Context(), true))
	w.now = clockTime(t, "2027-03-03 09:00")
	w.must(w.warm("another", w.mail).Work(t.Context(), true))
	if got := w.perDay("news"); got != "01:500 02:990 03:210" {
		t.Errorf("the mails of days are %s", got)
	}
	if _, granted, err := w.store.GrantedMails(t.Context(), "test mail.acme.example", w.now.Unix()/86400); err != nil || granted != 210 {
		t.Errorf("the last day has %d mails granted, %v", granted, err)
	}
}

// TestWarmUpAtMidnight: in the last minute of a day nothing is claimed, as it might arrive on the next one, which has a count of its own.
func TestWarmUpAtMidnight(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "2027-03-01 08:00", warmConfig, map[string]string{"late": campaign("cadence: {at: 2027-03-01 23:59}")})
	w.crowd(25, "UTC")
	w.plan()
	w.now = clockTime(t, "2027-03-01 23:59")
	w.plan()
	s := w.warm("test", w.mail)
	w.must(s.Work(t.Context(), true))
	if why := s.Trouble(); len(w.mail.got) != 0 || why != "warm-up: the day ends, until 2027-03-02 00:00 UTC" {
		t.Errorf("%d mails left, %q", len(w.mail.got), why)
	}
	w.until("2027-03-04 12:00")
	if got := w.perDay("late"); got != "02:10 03:15" { // the first day is that of the first mail
		t.Errorf("the mails of days are %s", got)
	}
	if runs := w.runs("late"); runs[0].Waiting+runs[0].Failed > 0 || runs[0].State != store.RunFinished {
		t.Errorf("the run is %s: %+v", runs[0].State, runs[0].Counts)
	}
}
