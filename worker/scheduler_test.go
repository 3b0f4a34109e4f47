package worker_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"germane/send"
	"germane/store"
)

// TestNastySchedules drives schedules that go wrong elsewhere through a real database, with three schedulers at once: every occurrence
// has one run, and everybody one mail at their hour.
func TestNastySchedules(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, cadence, zones, from, to, runs, mails string }{
		{
			"the 31st", "cron: 0 9 31 * *", "UTC", "2027-01-01 00:00", "2027-06-01 00:00",
			"01-31T09:00 03-31T09:00 05-31T09:00", "p0 31 09:00, p0 31 09:00, p0 31 09:00",
		},
		{
			"clocks put forward in three zones", "every: day 02:30, time_zone: recipient", "Europe/Berlin America/New_York Europe/London", "2027-03-27 12:00", "2027-03-29 12:00",
			"03-28T02:30 03-29T02:30", "p0 28 01:00, p0 29 00:30, p1 28 06:30, p1 29 06:30, p2 28 01:30, p2 29 01:30",
		},
		{
			"clocks put forward in New York", "every: day 02:30, time_zone: recipient", "America/New_York", "2027-03-13 12:00", "2027-03-15 12:00",
			"03-14T02:30 03-15T02:30", "p0 14 07:00, p0 15 06:30",
		},
		{
			"clocks put back in three zones", "every: day 02:30, time_zone: recipient", "Europe/Berlin America/New_York Europe/London", "2027-10-30 12:00", "2027-11-01 12:00",
			"10-31T02:30 11-01T02:30", "p0 01 01:30, p0 31 00:30, p1 01 06:30, p1 31 06:30, p2 01 02:30, p2 31 02:30",
		},
		{
			"an hour that comes twice in New York", "every: day 01:30, time_zone: recipient", "America/New_York", "2027-11-06 12:00", "2027-11-08 12:00",
			"11-07T01:30 11-08T01:30", "p0 07 05:30, p0 08 06:30",
		},
		{"leap day", "cron: 0 9 29 2 *", "UTC", "2027-01-01 00:00", "2028-12-31 00:00", "2028-02-29T09:00", "p0 29 09:00"},
		{
			"year end around the world", "cron: 59 23 31 12 *, time_zone: recipient", "Pacific/Kiritimati Europe/London Pacific/Pago_Pago", "2027-12-30 12:00", "2028-01-02 00:00",
			"12-31T23:59", "p0 31 09:59, p1 31 23:59, p2 01 10:59",
		},
		{
			"a day that was left out", "every: day 09:00, time_zone: recipient", "Pacific/Apia", "2011-12-29 12:00", "2011-12-31 12:00",
			"2011-12-29T09:00 2011-12-30T09:00 2011-12-31T09:00", "p0 29 19:00, p0 30 10:00, p0 30 19:00",
		},
		{
			"begun between two zones", "every: day 09:00, time_zone: recipient", "Asia/Tokyo Europe/London", "2027-03-01 04:00", "2027-03-02 12:00",
			"03-01T09:00 03-02T09:00", "p0 02 00:00, p1 01 09:00, p1 02 09:00",
		},
		{
			"minute 59", "cron: 59 * * * *", "UTC", "2027-01-01 22:30", "2027-01-02 01:30",
			"01-01T22:59 01-01T23:59 01-02T00:59", "p0 01 22:59, p0 01 23:59, p0 02 00:59",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, test.from, "", map[string]string{"daily": campaign("cadence: {" + test.cadence + ", catch_up: all}")})
			for i, zone := range strings.Fields(test.zones) {
				w.people([3]string{fmt.Sprint("p", i), zone, `{}`})
			}
			w.pass(clockTime(t, test.to), w.threeAtOnce)
			var runs []string
			for _, r := range w.runs("daily") {
				runs = append(runs, strings.TrimPrefix(r.Occurrence, "2027-"))
				if r.State != store.RunFinished {
					t.Errorf("%s is %s", r.Occurrence, r.State)
				}
			}
			if got := strings.Join(runs, " "); got != test.runs {
				t.Errorf("runs are %s, want %s", got, test.runs)
			}
			if got := w.mails(); got != test.mails {
				t.Errorf("mails %s, want %s", got, test.mails)
			}
		})
	}
}

// threeAtOnce plans in three places at the same time.
func (w *world) threeAtOnce() {
	var racing sync.WaitGroup
	errs := make([]error, 3)
	for i := range errs {
		racing.Go(func() { errs[i] = w.scheduler().Once(w.t.Context()) })
	}
	racing.Wait()
	for _, err := range errs {
		w.must(err)
	}
}

// TestDownFiveHours: nothing runs from 08:30 to 13:30, when five occurrences are due.
func TestDownFiveHours(t *testing.T) {
	t.Parallel()
	for policy, want := range map[string]struct{ told, mails, alerts string }{
		"catch_up: skip":                    {"03-01T09:00 missed: missed; 03-01T10:00 missed: missed; 03-01T11:00 missed: missed; 03-01T12:00 missed: missed; 03-01T13:00 missed: missed; 03-01T14:00 finished 1 sent", "p0 01 14:00", "missed"},
		"catch_up: latest":                  {"03-01T13:00 finished 1 sent; 03-01T09:00 missed: missed; 03-01T10:00 missed: missed; 03-01T11:00 missed: missed; 03-01T12:00 missed: missed; 03-01T14:00 finished 1 sent", "p0 01 13:30, p0 01 14:00", "missed"},
		"catch_up: all":                     {"03-01T09:00 finished 1 sent; 03-01T10:00 finished 1 sent; 03-01T11:00 finished 1 sent; 03-01T12:00 finished 1 sent; 03-01T13:00 finished 1 sent; 03-01T14:00 finished 1 sent", "p0 01 13:30, p0 01 13:30, p0 01 13:30, p0 01 13:30, p0 01 13:30, p0 01 14:00", ""},
		"catch_up: all, max_late: 2h":       {"03-01T12:00 finished 1 sent; 03-01T13:00 finished 1 sent; 03-01T09:00 missed: late; 03-01T10:00 missed: late; 03-01T11:00 missed: late; 03-01T14:00 finished 1 sent", "p0 01 13:30, p0 01 13:30, p0 01 14:00", "missed"},
		"catch_up: latest, max_late: 20min": {"03-01T09:00 missed: missed; 03-01T10:00 missed: missed; 03-01T11:00 missed: missed; 03-01T12:00 missed: missed; 03-01T13:00 missed: late; 03-01T14:00 finished 1 sent", "p0 01 14:00", "missed"},
	} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "2027-03-01 08:00", "", map[string]string{"hourly": campaign("cadence: {cron: 0 * * * *, " + policy + "}")})
			w.people([3]string{"p0", "UTC", `{}`})
			w.plan()
			w.now = clockTime(t, "2027-03-01 13:30")
			w.until("2027-03-01 14:30")
			if got := w.told("hourly"); got != want.told {
				t.Errorf("runs are\n%s, want\n%s", got, want.told)
			}
			if got := w.mails(); got != want.mails {
				t.Errorf("mails %s, want %s", got, want.mails)
			}
			if got := w.alerted(); got != want.alerts {
				t.Errorf("alerts %s, want %s", got, want.alerts)
			}
		})
	}
}

// TestHalfSent: a run whose worker ends in the middle goes on when there is one again, and not when that is too late.
func TestHalfSent(t *testing.T) {
	t.Parallel()
	for back, want := range map[string]string{
		"2027-03-01 11:00": "03-01T09:00 finished 400 sent",
		"2027-03-01 15:00": "03-01T09:00 finished %d sent %d late",
	} {
		t.Run(back, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "2027-03-01 08:00", "", map[string]string{"daily": campaign("cadence: {every: day 09:00, max_late: 4h}")})
			w.crowd(400, "UTC", "Europe/London")
			w.plan()
			w.now = clockTime(t, "2027-03-01 09:00")
			w.plan()
			ctx, stop := context.WithCancel(t.Context())
			w.mail.fail = func(n int) send.Outcome {
				if n == 150 {
					stop()
				}
				return send.Sent
			}
			w.work(ctx)
			run := w.runs("daily")[0]
			if run.State != store.RunRunning || run.Sent < 150 || run.Waiting == 0 || run.InDoubt != 0 {
				t.Fatalf("stopped half-way, the run is %s: %+v", run.State, run.Counts)
			}
			w.now = clockTime(t, back)
			w.plan()
			w.work(t.Context())
			if strings.Contains(want, "%d") {
				want = fmt.Sprintf(want, run.Sent, 400-run.Sent)
				if got := w.alerted(); got != "late" {
					t.Errorf("alerts %q", got)
				}
			}
			if got := w.told("daily"); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}
