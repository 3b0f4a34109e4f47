package worker_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"germane/internal/sesfake"
	"germane/schedule"
	"germane/store"
	"germane/worker"
)

// stormy is a rig that sends through SES some 200 mails a second, and what alerts said.
func stormy(t *testing.T, people int, fate func(m *sesfake.Mail) sesfake.Fate) (r *rig, p *provider, alerts func() string) {
	t.Helper()
	r = newRig(t, people, nil, nil)
	p = newProvider(t, r.store, time.Now)
	p.tells(t, 20*time.Millisecond, 0.2, fate)
	r.config.Transport, r.config.Rate, r.config.Breaker = p.wire, 200, schedule.DefaultBreaker
	var mu sync.Mutex
	var all []string
	r.config.Alert = func(a worker.Alert) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, fmt.Sprint(a.What, " ", a.Campaign, " ", a.Run, ": ", a.Text))
	}
	return r, p, func() string {
		mu.Lock()
		defer mu.Unlock()
		return strings.Join(all, "\n")
	}
}

// TestComplaintStorm: half of those who see one variant complain. The campaign stops while most people still wait, whoever is on call
// hears which variant it is, and the next run waits for them.
func TestComplaintStorm(t *testing.T) {
	t.Parallel()
	r, p, alerts := stormy(t, 2000, func(m *sesfake.Mail) sesfake.Fate {
		if n := number(m); n%20 <= 3 && n%2 == 0 { // their trial ends
			return sesfake.Complains
		}
		return sesfake.Arrives
	})
	run := r.plan("1")
	r.drain(t.Context())
	stopped := r.run(run)
	if stopped.State != store.RunStopped || stopped.Sent > stopped.Planned*2/3 || stopped.Waiting == 0 || stopped.InDoubt > 0 {
		t.Fatalf("the run is %s, %+v", stopped.State, stopped.Counts)
	}
	text := alerts()
	for _, want := range []string{"stopped weekly 1: run 1 of weekly is stopped: complaints: ", "above the limit of 0.08%", "hero/trial-ending was in ", "`germane runs resume 1` sends the rest all the same"} {
		if !strings.Contains(text, want) || !strings.Contains("stopped weekly 1: run 1 of weekly is stopped: "+stopped.Note, want) {
			t.Errorf("%q is not in the alert\n%s\nor the note\n%s", want, text, stopped.Note)
		}
	}
	if strings.Contains(text, "mail.example was") || strings.Count(text, "stopped weekly") != 1 {
		t.Errorf("alerts are\n%s", text)
	}
	r.must(p.Aftermath.Wait(t.Context()))

	// Later runs wait, and one that somebody makes run all the same is stopped, too.
	why, err := worker.Approval(t.Context(), r.store, r.content(), 1, time.Now())
	r.must(err)
	if !strings.HasPrefix(why, "what was sent before was stopped: complaints: ") {
		t.Errorf("the next run waits as %q", why)
	}
	next := r.plan("2")
	r.drain(t.Context())
	if got := r.run(next); got.State != store.RunStopped || got.Sent > 0 {
		t.Errorf("the next run is %s, %+v", got.State, got.Counts)
	}

	// Whoever has seen the figures lets it go on; they count no more.
	r.must(worker.LetGo(t.Context(), r.store, r.contents, stopped, time.Now()))
	r.must(r.store.MoveRun(t.Context(), run, store.RunRunning, "resumed", time.Now()))
	if why, err := worker.Approval(t.Context(), r.store, r.content(), 1, time.Now()); why != "" || err != nil {
		t.Errorf("let go, and the next run waits as %q, %v", why, err)
	}
	r.config.Rate = 0
	r.drain(t.Context())
	if got := r.run(run); got.State != store.RunFinished || got.Waiting > 0 {
		t.Errorf("resumed, it is %s (%s), %+v", got.State, got.Note, got.Counts)
	}
}

// TestRefusedSender: receivers that refuse mail for whom it is from stop all of it, and nobody is suppressed for that.
func TestRefusedSender(t *testing.T) {
	t.Parallel()
	r, p, alerts := stormy(t, 1200, func(m *sesfake.Mail) sesfake.Fate {
		if number(m)%5 == 0 {
			return sesfake.BouncesByPolicy
		}
		return sesfake.Arrives
	})
	run := r.plan("1")
	r.drain(t.Context())
	r.must(p.Aftermath.Wait(t.Context()))
	got := r.run(run)
	if got.State != store.RunStopped || got.Waiting == 0 || !strings.HasPrefix(got.Note, "refused with 5.7.1: ") || !strings.Contains(alerts(), "refused with 5.7.1: ") {
		t.Errorf("the run is %s (%s), %+v; %s", got.State, got.Note, got.Counts, alerts())
	}
	switches, err := r.store.Switches(t.Context())
	r.must(err)
	if !switches[worker.HeldSender+"hello@mail.acme.example"].On || switches[worker.Held+"weekly"].On {
		t.Errorf("held are %+v", switches)
	}
	for person := range r.store.EachPerson(t.Context(), store.Everybody) {
		if person.Suppressed {
			t.Fatalf("person %d is suppressed", person.Number)
		}
	}
	if kept, err := r.store.Quarantined(t.Context(), ""); err != nil || len(kept) > 0 {
		t.Errorf("kept are %d, %v", len(kept), err)
	}
}

// TestBouncesAfterwards: a campaign that bounces when it is sent already holds its next run, and somebody hears of it, and of the domain.
func TestBouncesAfterwards(t *testing.T) {
	t.Parallel()
	r, p, alerts := stormy(t, 400, func(m *sesfake.Mail) sesfake.Fate {
		if number(m)%10 == 0 {
			return sesfake.Bounces
		}
		return sesfake.Arrives
	})
	breaker := r.config.Breaker
	r.config.Rate, r.config.Breaker = 0, schedule.Breaker{}
	run := r.plan("1")
	r.drain(t.Context())
	r.must(p.Aftermath.Wait(t.Context()))
	if alerts() != "" {
		t.Errorf("without limits there are alerts: %s", alerts())
	}
	r.config.Breaker = breaker
	for range 2 { // workers
		r.drain(t.Context())
	}
	got := strings.Split(alerts(), "\n")
	if len(got) != 2 || !strings.Contains(got[0], " mails to mail.example bounced for good in the hour from ") || !strings.Contains(got[0], "`germane people quarantine mail.example`") ||
		!strings.HasPrefix(got[1], "stopped weekly 1: campaign weekly is stopped: bounces: ") || !strings.HasSuffix(got[1], "its next run waits for somebody's approval") {
		t.Errorf("alerts are %q", got)
	}
	if is := r.run(run); is.State != store.RunFinished {
		t.Errorf("the run is %s", is.State)
	}
	why, err := worker.Approval(t.Context(), r.store, r.content(), 1, time.Now())
	if err != nil || !strings.Contains(why, "above the limit of 3%") {
		t.Errorf("the next run waits as %q, %v", why, err)
	}
}

// TestComplaintsADayLater: most complaints come when most deliveries were told of more than a day ago. They are a share of all mails, not
// of those that were told of in the same hours.
func TestComplaintsADayLater(t *testing.T) {
	t.Parallel()
	r := newRig(t, 400, &scripted{}, nil)
	r.config.Breaker = schedule.Breaker{Complaints: 0.05}
	var alerts []string
	r.config.Alert = func(a worker.Alert) { alerts = append(alerts, a.Text) }
	survey, err := worker.NewSurvey(t.Context(), r.store, r.content(), worker.Surveying{Now: time.Now})
	r.must(err)
	now, yesterday := time.Now(), time.Now().Add(-25*time.Hour)
	run, err := worker.Plan(t.Context(), r.store, worker.Order{Campaign: "weekly", Occurrence: "1", Manual: true, Version: r.version.Hash, Due: yesterday}, survey, yesterday)
	r.must(err)
	r.drain(t.Context())
	rows, err := r.store.DeliveriesIn(t.Context(), run, store.Everybody)
	r.must(err)
	mails := 0
	tell := func(d *store.Delivery, kind string, at time.Time) {
		n := store.Notice{Run: run, Person: d.Person, Campaign: "weekly", Provider: d.Provider, State: store.Sent, Sent: yesterday}
		n.Event = store.Event{Key: fmt.Sprint(kind, d.Person), Kind: kind, Person: d.Person, Run: run, At: at}
		_, err := r.store.TakeNotices(t.Context(), []store.Notice{n}, store.Noticing{Judge: func(store.Mailed, []store.Event) {}})
		r.must(err)
	}
	for _, d := range rows {
		if d.State != store.Sent {
			continue
		}
		mails++
		at := yesterday
		if mails <= 60 {
			at = now.Add(-23 * time.Hour)
		}
		tell(d, store.EventDelivery, at)
		if mails <= 10 {
			tell(d, store.EventComplaint, now.Add(-time.Hour))
		}
	}
	r.drain(t.Context())
	if is := r.run(run); len(alerts) > 0 || is.State != store.RunFinished || mails < 250 {
		t.Errorf("with 10 complaints of %d mails: %s, %q", mails, is.State, alerts)
	}
	for i, d := range rows {
		if d.State == store.Sent && i%10 == 0 {
			tell(d, store.EventComplaint, now.Add(-time.Minute))
		}
	}
	if r.drain(t.Context()); len(alerts) != 1 {
		t.Errorf("with more than 5%% complaints: %q", alerts)
	}
}

// bouncing is a world whose mails go through SES, where every n-th bounces as soon as it was sent.
func bouncing(t *testing.T, n int, campaigns map[string]string) (w *world, p *provider) {
	t.Helper()
	w = newWorld(t, "2027-03-01 08:00", "", campaigns)
	w.crowd(1000, "UTC")
	p = newProvider(t, w.store.(*timed).Database, func() time.Time { return w.now })
	p.tells(t, 0, 0, func(m *sesfake.Mail) sesfake.Fate {
		if number(m)%n == 0 {
			return sesfake.Bounces
		}
		return sesfake.Arrives
	})
	w.wire, w.settle = p.wire, func() { w.must(p.Aftermath.Wait(t.Context())) }
	return w, p
}

// TestRolloutStopsOnBounces: 5% of the mails of the first step bounce, above the limit of 3%. With 2% the rollout goes on.
func TestRolloutStopsOnBounces(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		campaign string
		every    int
		days     []string
		want     string
		mails    func(n int) bool
	}{
		"a one-off": {
			campaign("cadence: {at: 2027-03-01 09:00}", "rollout: {steps: [40%, 100%], wait: 4h, stop_if: {bounces: 3%}}"), 20,
			[]string{"2027-03-01 12:00", "2027-03-01 15:00", "2027-03-02 12:00"},
			"bounces: ", func(n int) bool { return n < 500 },
		},
		"a daily one": {
			campaign("cadence: {every: day 09:00}", "rollout: {steps: [40%, 100%], wait: next, stop_if: {bounces: 3%}}"), 20,
			[]string{"2027-03-01 12:00", "2027-03-02 12:00"},
			"missed: the rollout's last step passed a limit: bounces: ", func(n int) bool { return n < 500 },
		},
		"few bounces": {
			campaign("cadence: {at: 2027-03-01 09:00}", "rollout: {steps: [40%, 100%], wait: 4h, stop_if: {bounces: 3%}}"), 100,
			[]string{"2027-03-01 12:00", "2027-03-01 15:00"},
			"", func(n int) bool { return n == 1000 },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, p := bouncing(t, test.every, map[string]string{"out": test.campaign})
			for _, day := range test.days {
				w.until(day)
			}
			runs := w.runs("out")
			last := runs[len(runs)-1]
			if n := len(p.Mails()); !test.mails(n) || !strings.HasPrefix(last.Note, test.want) || test.want != "" && !strings.Contains(last.Note, "above the limit of 3%") {
				t.Errorf("%d mails; %s", n, w.told("out"))
			}
		})
	}
}
