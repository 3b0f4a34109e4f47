package schedule

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// tell writes a plan as one line: keys to run, keys left out with the reason, and when to look again.
func tell(p Plan) string {
	var words []string
	for _, o := range p.Due {
		words = append(words, o.Key[8:])
	}
	for _, m := range p.Missed {
		words = append(words, m.Key[8:]+" "+m.Why)
	}
	wake := "never"
	if !p.Wake.IsZero() {
		wake = p.Wake.Format("02T15:04")
	}
	return strings.Join(append(words, "wake "+wake), ", ")
}

func TestPlans(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, cadence, zones, until, now, want string }{
		{"on time", "every: day 09:00", "UTC", "2027-03-01 09:00", "2027-03-02 09:00", "02T09:00, wake 03T09:00"},
		{"a minute early", "every: day 09:00", "UTC", "2027-03-01 09:00", "2027-03-02 08:59", "wake 02T09:00"},
		{"again at once", "every: day 09:00", "UTC", "2027-03-02 09:00", "2027-03-02 09:00", "wake 03T09:00"},
		{
			"five hours down: skip", "cron: 0 * * * *; catch_up: skip", "UTC", "2027-03-01 07:00", "2027-03-01 12:30",
			"01T08:00 missed, 01T09:00 missed, 01T10:00 missed, 01T11:00 missed, 01T12:00 missed, wake 01T13:00",
		},
		{
			"five hours down: skip, but the last is on time", "cron: 0 * * * *; catch_up: skip", "UTC", "2027-03-01 10:00", "2027-03-01 12:04",
			"01T12:00, 01T11:00 missed, wake 01T13:00",
		},
		{"five hours down: latest", "cron: 0 * * * *; catch_up: latest", "UTC", "2027-03-01 09:00", "2027-03-01 12:30", "01T12:00, 01T10:00 missed, 01T11:00 missed, wake 01T13:00"},
		{"five hours down: all", "cron: 0 * * * *; catch_up: all", "UTC", "2027-03-01 09:00", "2027-03-01 12:30", "01T10:00, 01T11:00, 01T12:00, wake 01T13:00"},
		{"all, but not too late", "cron: 0 * * * *; catch_up: all; max_late: 90min", "UTC", "2027-03-01 09:00", "2027-03-01 12:30", "01T11:00, 01T12:00, 01T10:00 late, wake 01T13:00"},
		{"the latest is too late", "every: monday 09:00; max_late: 6h", "UTC", "2027-03-01 08:00", "2027-03-01 15:01", "01T09:00 late, wake 08T09:00"},
		{"as late as may be", "every: monday 09:00; max_late: 6h", "UTC", "2027-03-01 08:00", "2027-03-01 15:00", "01T09:00, wake 08T09:00"},
		{"the first zone is due", "every: monday 09:00; time_zone: recipient", "Asia/Tokyo America/New_York", "2027-02-28 00:00", "2027-03-01 00:00", "01T09:00, wake 08T00:00"},
		{"skip, but New York is yet to come", "every: monday 09:00; time_zone: recipient; catch_up: skip", "Asia/Tokyo America/New_York", "2027-02-28 00:00", "2027-03-01 12:00", "01T09:00, wake 08T00:00"},
		{"skip, and New York is past", "every: monday 09:00; time_zone: recipient; catch_up: skip", "Asia/Tokyo America/New_York", "2027-02-28 00:00", "2027-03-01 15:00", "01T09:00 missed, wake 08T00:00"},
		// Los Angeles was to get Monday's at 17:00 UTC; Tuesday's is due in Tokyo already.
		{"the latest of each zone", "every: day 09:00; time_zone: recipient", "Asia/Tokyo America/Los_Angeles", "2027-02-28 09:00", "2027-03-02 00:30", "01T09:00, 02T09:00, wake 03T00:00"},
		{"one-off", "at: 2027-03-01 09:00", "UTC", "2027-02-20 00:00", "2027-03-01 10:00", "01T09:00, wake never"},
		{"one-off, done", "at: 2027-03-01 09:00", "UTC", "2027-03-01 09:00", "2027-03-01 10:00", "wake never"},
		{"one-off, to come", "at: 2027-03-01 09:00", "UTC", "2027-02-01 09:00", "2027-02-01 10:00", "wake 01T09:00"},
		{"one-off, too late", "at: 2027-03-01 09:00; max_late: 1h", "UTC", "2027-02-20 00:00", "2027-03-01 10:01", "01T09:00 late, wake never"},
		{"before the start", "every: day 09:00; start: 2027-04-01", "UTC", "2027-03-01 00:00", "2027-03-02 12:00", "wake 01T09:00"},
		{"behind UTC", "every: day 09:00; time_zone: America/Los_Angeles", "UTC", "2027-03-01 08:00", "2027-03-01 16:59", "wake 01T17:00"},
		{"at the start", "every: day 09:00; start: 2027-03-02 09:00", "UTC", "2027-03-01 00:00", "2027-03-02 12:00", "02T09:00, wake 03T09:00"},
		{"after the end", "every: day 09:00; end: 2027-03-01", "UTC", "2027-03-01 00:00", "2027-03-05 12:00", "01T09:00, wake never"},
		{
			"a clock change", "cron: */30 * * * *; time_zone: Europe/Berlin; catch_up: all", "UTC", "2027-03-28 01:30", "2027-03-28 01:00",
			"28T03:00, 28T02:00 clock change, 28T02:30 clock change, wake 28T01:30",
		},
		{"the database's clock is behind", "every: day 09:00", "UTC", "2027-03-05 09:00", "2027-03-02 12:00", "wake 06T09:00"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			table := cadence(t, test.cadence).Timetable(nil, zonesOf(t, strings.Fields(test.zones)...))
			p := table.Plan(at(t, test.until), at(t, test.now))
			if got := tell(p); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			again := table.Plan(p.Until, at(t, test.now))
			if len(again.Due)+len(again.Missed) > 0 || !again.Wake.Equal(p.Wake) {
				t.Errorf("a second look at once gets %s", tell(again))
			}
		})
	}
}

func TestZonesAreLeftOutOneByOne(t *testing.T) {
	t.Parallel()
	table := cadence(t, "every: day 09:00; time_zone: recipient").Timetable(nil, zonesOf(t, "Asia/Tokyo", "America/Los_Angeles"))
	p := table.Plan(at(t, "2027-02-28 09:00"), at(t, "2027-03-02 00:30"))
	planned := at(t, "2027-03-02 00:30")
	for i, want := range []struct{ tokyo, angeles string }{{ReasonMissed, ""}, {"", ""}} {
		o := p.Due[i]
		if got := o.LeftOut(zone(t, "Asia/Tokyo"), planned, planned.Add(time.Hour)); got != want.tokyo {
			t.Errorf("%s in Tokyo: %q", o.Key, got)
		}
		if got := o.LeftOut(zone(t, "America/Los_Angeles"), planned, planned.Add(time.Hour)); got != want.angeles {
			t.Errorf("%s in Los Angeles: %q", o.Key, got)
		}
	}
}

func TestOccurrencesOfRuns(t *testing.T) {
	t.Parallel()
	tokyo := zone(t, "Asia/Tokyo")
	c := cadence(t, "every: monday 09:00; max_late: 2h; catch_up: all")
	table := c.Timetable(tokyo, zonesOf(t, "Europe/London"))
	o, err := table.Occurrence("2027-03-01T09:00")
	due := at(t, "2027-03-01 00:00")
	if err != nil || !o.DueIn(zone(t, "Europe/London")).Equal(due) || !o.Earliest.Equal(due) || !o.Latest.Equal(due) {
		t.Errorf("everybody gets it at once, on the workspace's clock: %+v, %v", o, err)
	}
	for late, want := range map[time.Duration]string{0: "", 2 * time.Hour: "", 2*time.Hour + time.Second: ReasonLate} {
		if got := o.LeftOut(tokyo, due, due.Add(late)); got != want {
			t.Errorf("%s late: %q", late, got)
		}
	}
	for _, key := range []string{"2027-03-01", "2027-03-01T9:00", "again", ""} {
		if _, err := table.Occurrence(key); err == nil {
			t.Errorf("%q is taken for the key of an occurrence", key)
		}
	}
}

func TestPlanningBegins(t *testing.T) {
	t.Parallel()
	now := at(t, "2027-03-01 10:00")
	c := cadence(t, "every: day 09:00; time_zone: recipient")
	london := c.Timetable(nil, zonesOf(t, "Europe/London"))
	p := london.Plan(time.Time{}, now)
	if tell(p) != "wake 02T09:00" || !p.Until.Equal(now) {
		t.Errorf("got %s, until %s", tell(p), p.Until)
	}
	// Somebody in the farthest East comes: their next is due, nothing of London's is lost or planned twice.
	east := c.Timetable(nil, zonesOf(t, "Europe/London", "Pacific/Kiritimati"))
	p = east.Plan(p.Until, at(t, "2027-03-01 19:30"))
	if tell(p) != "02T09:00, wake 02T19:00" {
		t.Errorf("got %s", tell(p))
	}
	if p = london.Plan(p.Until, at(t, "2027-03-02 09:00")); tell(p) != "wake 03T09:00" {
		t.Errorf("they leave: got %s", tell(p))
	}
	// The East had theirs before planning began: it is for those who live further west.
	p = east.Plan(time.Time{}, at(t, "2027-03-01 20:00"))
	if tell(p) != "02T09:00, wake 02T19:00" || !p.Begins {
		t.Errorf("begun at night: got %s", tell(p))
	}
	if p = east.Plan(p.Until, at(t, "2027-03-01 20:01")); tell(p) != "wake 02T19:00" || p.Begins {
		t.Errorf("a minute later: got %s", tell(p))
	}
	// Where clocks were just put back, what was due before that is past.
	berlin := cadence(t, "every: day 02:45; time_zone: Europe/Berlin").Timetable(nil, nil)
	if p = berlin.Plan(time.Time{}, at(t, "2027-10-31 01:10")); tell(p) != "wake 01T01:45" {
		t.Errorf("got %s", tell(p))
	}
	if c.Times() == cadence(t, "every: day 09:00").Times() || c.Times() != cadence(t, "every: day 09:00; time_zone: recipient; max_late: 2h").Times() {
		t.Error("cadences are the same when their due times are")
	}
}

func TestLongDowntimeIsBounded(t *testing.T) {
	t.Parallel()
	table := cadence(t, "cron: '* * * * *'; catch_up: all; time_zone: recipient").Timetable(nil, zonesOf(t, thirty...))
	p := table.Plan(at(t, "2020-01-01 00:00"), at(t, "2027-03-01 12:00"))
	if len(p.Due)+len(p.Missed) != maxBehind || p.Older < 500_000 || p.Older > 530_000 {
		t.Errorf("%d due, %d missed, %d older", len(p.Due), len(p.Missed), p.Older)
	}
}

// TestEveryOccurrenceIsPlannedOnce looks at random moments, also twice, over two years.
func TestEveryOccurrenceIsPlannedOnce(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	for _, catchUp := range []string{"skip", "latest", "all"} {
		c := cadence(t, "cron: 30 2 * * *; time_zone: recipient; catch_up: "+catchUp)
		table := c.Timetable(nil, zonesOf(t, thirty...))
		begin := at(t, "2027-01-01 00:00")
		now, until := begin, time.Time{}
		planned, due := map[string]int{}, 0
		for now.Before(at(t, "2029-01-01 00:00")) {
			p := table.Plan(until, now)
			until = p.Until
			for _, o := range p.Due {
				planned[o.Key]++
				due++
				if o.Earliest.After(now) {
					t.Fatalf("%s: %s is planned at %s, before it is due", catchUp, o.Key, now)
				}
			}
			for _, m := range p.Missed {
				planned[m.Key]++
			}
			switch random.IntN(5) {
			case 0: // look again at once
			case 1:
				now = now.Add(time.Duration(random.Int64N(int64(100 * time.Hour))))
			default:
				now = p.Wake
			}
		}
		for o := range table.Between(begin.Add(time.Hour*24), at(t, "2028-12-28 00:00")) {
			if planned[o.Key] != 1 {
				t.Errorf("%s: %s was planned or left out %d times", catchUp, o.Key, planned[o.Key])
			}
		}
		if due < 300 {
			t.Errorf("%s: only %d were planned", catchUp, due)
		}
	}
}
