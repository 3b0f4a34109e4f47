package worker_test

import (
	"os"
	"slices"
	"testing"
	"time"

	"germane/schedule"
	"germane/store"
)

// fourteen time zones: hours, half hours and quarters, with clock changes in both halves of the Earth and without.
var fourteen = []string{
	"Pacific/Kiritimati", "Pacific/Chatham", "Australia/Sydney", "Asia/Tokyo", "Asia/Kathmandu", "Asia/Kolkata", "Africa/Cairo",
	"Europe/Berlin", "Europe/London", "America/St_Johns", "America/New_York", "America/Los_Angeles", "Pacific/Honolulu", "Pacific/Pago_Pago",
}

const quietFrom, quietTo = 21, 8

// TestAYear lets three campaigns run for eight weeks, in which clocks change, or with GERMANE_LONG for a year over ten times the people.
func TestAYear(t *testing.T) {
	t.Parallel()
	people, end := 500, "2027-04-28 00:00"
	if os.Getenv("GERMANE_LONG") != "" {
		people, end = 5000, "2028-03-02 12:00"
	}
	w := newWorld(t, "2027-02-28 00:00", "caps: [{max: 2, per: 7d}]\nholdout: 5%\nquiet_hours: {from: \"21:00\", to: \"08:00\", on: hold}", map[string]string{
		"weekly": campaign("cadence: {every: monday 09:00, time_zone: recipient, max_late: 6h}", "holdout: 10%"),
		"offers": campaign("cadence: {every: 1st and 15th 17:00, time_zone: recipient, max_late: 1h}", "topic: offers", "holdout: 20%"),
		"news":   campaign("cadence: {every: wednesday 10:00}"),
	})
	w.crowd(people, fourteen...)
	began := time.Now()
	w.pass(clockTime(t, end), w.plan)
	t.Logf("%d runs and %d mails in %s", len(w.runs("")), len(w.mail.got), time.Since(began).Round(time.Millisecond))

	zones := w.zonesOf()
	w.checkWindows(zones)
	w.checkCaps(zones, 2, 7)
	w.checkHoldouts()
	for _, r := range w.runs("") {
		if r.State != store.RunFinished || r.Planned != int64(people) || r.Waiting+r.InDoubt+r.Failed > 0 {
			t.Errorf("%s %s is %s: %+v", r.Campaign, r.Occurrence, r.State, r.Counts)
		}
		reasons, err := w.store.Reasons(t.Context(), r.ID)
		w.must(err)
		if reasons[store.ReasonCap] != r.Skipped {
			t.Errorf("%s %s: %v", r.Campaign, r.Occurrence, reasons)
		}
	}
	want := 0
	for _, c := range w.w.Campaigns {
		for range c.Cadence.Timetable(time.UTC, zonesNamed(t, fourteen)).Between(clockTime(t, "2027-02-28 00:01"), clockTime(t, end)) {
			want++
		}
	}
	if got := len(w.runs("")); got != want {
		t.Errorf("%d runs, and %d occurrences", got, want)
	}
}

func zonesNamed(t *testing.T, names []string) (zones []*time.Location) {
	t.Helper()
	for _, name := range names {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		zones = append(zones, zone)
	}
	return zones
}

// zonesOf says where everybody lives.
func (w *world) zonesOf() map[int64]*time.Location {
	w.t.Helper()
	zones := map[int64]*time.Location{}
	for p, err := range w.store.EachPerson(w.t.Context(), store.Everybody) {
		w.must(err)
		zone, err := time.LoadLocation(p.TimeZone)
		w.must(err)
		zones[p.Number] = zone
	}
	return zones
}

// checkWindows: everybody got their mail at the campaign's hour on their own clock, or that of UTC but for the quiet hours.
func (w *world) checkWindows(zones map[int64]*time.Location) {
	w.t.Helper()
	wrong := 0
	for _, a := range w.mail.got {
		local := a.at.In(zones[a.person])
		ok := false
		switch a.campaign {
		case "weekly":
			ok = local.Weekday() == time.Monday && local.Format("15:04:05") == "09:00:00"
		case "offers":
			ok = (local.Day() == 1 || local.Day() == 15) && local.Format("15:04:05") == "17:00:00"
		case "news":
			ok = a.at.Weekday() == time.Wednesday && a.at.Format("15:04:05") == "10:00:00" && local.Hour() >= quietTo && local.Hour() < quietFrom ||
				local.Format("15:04:05") == "08:00:00" && quietBefore(a.at, zones[a.person])
		}
		if !ok {
			if wrong++; wrong < 10 {
				w.t.Errorf("person %d got %s at %s", a.person, a.campaign, local)
			}
		}
	}
}

// quietBefore reports that the last Wednesday's 10:00 was in the quiet hours which end at a moment.
func quietBefore(end time.Time, zone *time.Location) bool {
	due := end.Truncate(time.Hour)
	for due.Weekday() != time.Wednesday || due.Hour() != 10 {
		due = due.Add(-time.Hour)
	}
	hour := due.In(zone).Hour()
	return end.Sub(due) <= 12*time.Hour && (hour >= quietFrom || hour < quietTo)
}

// checkCaps: of the mails that were due within so many days on somebody's clock there are never more.
func (w *world) checkCaps(zones map[int64]*time.Location, most, days int) {
	w.t.Helper()
	due := map[int64][]time.Time{}
	occurrences := map[int64]time.Time{}
	for _, r := range w.runs("") {
		occurrences[r.ID], _ = schedule.ParseKey(r.Occurrence)
	}
	for _, a := range w.mail.got {
		local := occurrences[a.run]
		if a.campaign == "news" {
			local = schedule.Shown(local, zones[a.person])
		}
		due[a.person] = append(due[a.person], local)
	}
	capped := 0
	for person, all := range due {
		slices.SortFunc(all, time.Time.Compare)
		for i := most; i < len(all); i++ {
			if all[i].Sub(all[i-most]) < time.Duration(days)*24*time.Hour {
				w.t.Errorf("person %d got mails that were due at %v", person, all[i-most:i+1])
			}
		}
		capped += len(all)
	}
	if capped == 0 {
		w.t.Error("nobody got anything")
	}
}

// checkHoldouts: whom a campaign's first run holds out gets none of its mails, ever, and nobody else is held out.
func (w *world) checkHoldouts() {
	w.t.Helper()
	held := map[string]map[int64]string{}
	for _, r := range w.runs("") {
		rows, err := w.store.DeliveriesIn(w.t.Context(), r.ID, store.Everybody)
		w.must(err)
		for _, d := range rows {
			if held[r.Campaign] == nil {
				held[r.Campaign] = map[int64]string{}
			}
			before, known := held[r.Campaign][d.Person]
			now := ""
			if d.State == store.HeldOut {
				now = d.Reason
			}
			switch {
			case d.State == store.Skipped: // by a cap, before it is drawn
			case !known:
				held[r.Campaign][d.Person] = now
			case before != now:
				w.t.Fatalf("person %d was %q of %s, and is %q in run %d", d.Person, before, r.Campaign, now, r.ID)
			}
		}
	}
	for person, why := range held["weekly"] {
		if other, ok := held["offers"][person]; ok && (why == "global holdout") != (other == "global holdout") {
			w.t.Errorf("person %d is %q of weekly and %q of offers", person, why, other)
		}
	}
}
