package schedule

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	found := loadZone(name)
	if found == nil {
		t.Fatalf("there is no zone %s", name)
	}
	return found
}

func zonesOf(t testing.TB, names ...string) []*time.Location {
	t.Helper()
	var found []*time.Location
	for _, name := range names {
		found = append(found, zone(t, name))
	}
	return found
}

// thirty zones: the farthest clocks, odd offsets, both hemispheres, changes at midnight, half an hour and none.
var thirty = []string{
	"Pacific/Kiritimati", "Pacific/Apia", "Pacific/Chatham", "Pacific/Auckland", "Australia/Lord_Howe", "Australia/Adelaide", "Asia/Tokyo",
	"Asia/Shanghai", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Tehran", "Asia/Gaza", "Africa/Cairo", "Africa/Casablanca", "Europe/Kyiv", "Europe/Berlin",
	"Europe/London", "Europe/Dublin", "Atlantic/Azores", "America/Sao_Paulo", "America/St_Johns", "America/Santiago", "America/Asuncion", "America/Havana",
	"America/New_York", "America/Los_Angeles", "America/Nuuk", "Antarctica/Troll", "Etc/GMT+12", "UTC",
}

func at(t testing.TB, text string) time.Time {
	t.Helper()
	moment, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

func cadence(t testing.TB, yaml string) *Cadence {
	t.Helper()
	c, findings := cadenceOf("cadence:\n  " + strings.ReplaceAll(yaml, "; ", "\n  ") + "\n")
	if len(findings) > 0 {
		t.Fatalf("%s: %+v", yaml, findings)
	}
	return c
}

// TestNastySchedules lists the occurrences of schedules that go wrong elsewhere: local due time, and the instant in UTC.
func TestNastySchedules(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, cadence, zone, from, to, want string }{
		{"gap in Berlin", "every: day 02:30", "Europe/Berlin", "2027-03-27 00:00", "2027-03-30 00:00", "27T02:30=27 01:30, 28T02:30=28 01:00, 29T02:30=29 00:30"},
		{"gap in London is an hour earlier", "every: day 01:30", "Europe/London", "2027-03-27 00:00", "2027-03-30 00:00", "27T01:30=27 01:30, 28T01:30=28 01:00, 29T01:30=29 00:30"},
		{"02:30 is no gap in London", "every: day 02:30", "Europe/London", "2027-03-28 00:00", "2027-03-29 00:00", "28T02:30=28 01:30"},
		{"gap in New York", "every: day 02:30", "America/New_York", "2027-03-13 00:00", "2027-03-15 10:00", "13T02:30=13 07:30, 14T02:30=14 07:00, 15T02:30=15 06:30"},
		{"overlap in Berlin", "every: day 02:30", "Europe/Berlin", "2027-10-30 00:00", "2027-11-01 00:00", "30T02:30=30 00:30, 31T02:30=31 00:30"},
		{"overlap in New York", "every: day 01:30", "America/New_York", "2027-11-06 00:00", "2027-11-08 12:00", "06T01:30=06 05:30, 07T01:30=07 05:30, 08T01:30=08 06:30"},
		{"every hour over the overlap", "cron: 0 * * * *", "Europe/Berlin", "2027-10-31 00:00", "2027-10-31 03:00", "31T02:00=31 00:00, 31T03:00=31 02:00"},
		{
			"every half hour over the gap", "cron: */30 * * * *", "Europe/Berlin", "2027-03-28 00:00", "2027-03-28 02:00",
			"28T01:00=28 00:00, 28T01:30=28 00:30, 28T02:00 clock change, 28T02:30 clock change, 28T03:00=28 01:00, 28T03:30=28 01:30",
		},
		{"the 31st", "cron: 0 9 31 * *", "UTC", "2027-01-01 00:00", "2027-06-01 00:00", "31T09:00=31 09:00, 31T09:00=31 09:00, 31T09:00=31 09:00"},
		{"leap day", "cron: 0 9 29 2 *", "UTC", "2095-01-01 00:00", "2105-01-01 00:00", "2096-02-29T09:00=29 09:00, 2104-02-29T09:00=29 09:00"},
		{"year end", "cron: 59 23 31 12 *", "Asia/Kathmandu", "2026-12-01 00:00", "2028-01-01 00:00", "31T23:59=31 18:14, 31T23:59=31 18:14"},
		{"minute 59", "cron: 59 0 * * *", "Pacific/Chatham", "2027-01-01 00:00", "2027-01-02 11:00", "02T00:59=01 11:14"},
		{"the day that Apia left out", "every: day 09:00", "Pacific/Apia", "2011-12-28 20:00", "2011-12-31 12:00", "29T09:00=29 19:00, 30T09:00=30 10:00, 31T09:00=30 19:00"},
		{"half an hour's gap", "every: day 02:15", "Australia/Lord_Howe", "2027-10-02 00:00", "2027-10-04 00:00", "03T02:15=02 15:30, 04T02:15=03 15:15"},
		{"half an hour's overlap", "every: day 01:45", "Australia/Lord_Howe", "2027-04-03 00:00", "2027-04-04 20:00", "04T01:45=03 14:45, 05T01:45=04 15:15"},
		{"a change at midnight", "every: day 00:00", "America/Havana", "2027-03-13 00:00", "2027-03-15 12:00", "13T00:00=13 05:00, 14T00:00=14 05:00, 15T00:00=15 04:00"},
		{"both days: either fits", "cron: 0 9 13 * FRI", "UTC", "2027-08-06 00:00", "2027-08-21 00:00", "06T09:00=06 09:00, 13T09:00=13 09:00, 20T09:00=20 09:00"},
		{"one-off", "at: 2027-03-28 02:30", "Europe/Berlin", "2027-01-01 00:00", "2028-01-01 00:00", "28T02:30=28 01:00"},
		{"start and end", "every: day 09:00; start: 2027-03-02; end: 2027-03-04", "UTC", "2027-01-01 00:00", "2028-01-01 00:00", "02T09:00=02 09:00, 03T09:00=03 09:00, 04T09:00=04 09:00"},
		{"the window's ends", "every: day 09:00", "UTC", "2027-03-01 09:00", "2027-03-02 09:00", "01T09:00=01 09:00"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			table := cadence(t, test.cadence).Timetable(zone(t, test.zone), nil)
			var got []string
			for o := range table.Between(at(t, test.from), at(t, test.to)) {
				key := strings.TrimPrefix(o.Key, o.Key[:8])
				if o.Local.Year() > 2090 {
					key = o.Key
				}
				if why := o.LeftOut(nil, o.Earliest, o.Earliest); why != "" {
					got = append(got, key+" "+why)
				} else {
					got = append(got, key+"="+o.Earliest.Format("02 15:04"))
				}
			}
			if got := strings.Join(got, ", "); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// TestLeapYearsEnd shows that 31 December of a leap year after 2037 has an end.
func TestLeapYearsEnd(t *testing.T) {
	t.Parallel()
	table := cadence(t, "every: day 23:30; time_zone: recipient").Timetable(nil, zonesOf(t, thirty...))
	n := 0
	for o := range table.Between(at(t, "2040-12-29 00:00"), at(t, "2041-01-03 00:00")) {
		n++
		for _, z := range table.Zones() {
			if shown := Shown(o.DueIn(z), z); !shown.Equal(o.Local) {
				t.Errorf("%s in %s: clocks show %s", o.Key, z, shown)
			}
			night := QuietHours{From: 23 * 60, To: 1 * 60}
			if held := night.At(o.DueIn(z), o.DueIn(z), time.Time{}, z, 0); held.Hold.Sub(o.DueIn(z)) != 90*time.Minute {
				t.Errorf("%s in %s: held until %s", o.Key, z, held.Hold)
			}
		}
	}
	if n < 5 {
		t.Errorf("%d occurrences", n)
	}
}

func TestRecipientsSpanTheEarth(t *testing.T) {
	t.Parallel()
	table := cadence(t, "every: monday 09:00; time_zone: recipient").Timetable(nil, zonesOf(t, "Europe/London", "Pacific/Kiritimati", "Etc/GMT+12"))
	var got []string
	for o := range table.Between(at(t, "2027-03-01 20:00"), at(t, "2027-03-08 00:00")) {
		got = append(got, fmt.Sprintf("%s %s %s %s", o.Key, o.Earliest.Format("02 15:04"), o.DueIn(zone(t, "Europe/London")).Format("02 15:04"), o.Latest.Format("02 15:04")))
	}
	// The first began on Sunday and its last zone is due within the window.
	if want := "2027-03-01T09:00 28 19:00 01 09:00 01 21:00, 2027-03-08T09:00 07 19:00 08 09:00 08 21:00"; strings.Join(got, ", ") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, ", "), want)
	}
}

func TestClockChanges(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		wall, zone string
		want       ClockChange
	}{
		{"2027-03-28 02:30", "Europe/Berlin", NotThere},
		{"2027-03-28 03:00", "Europe/Berlin", ThereOnce},
		{"2027-03-28 01:59", "Europe/Berlin", ThereOnce},
		{"2027-10-31 02:00", "Europe/Berlin", ThereTwice},
		{"2027-10-31 02:59", "Europe/Berlin", ThereTwice},
		{"2027-10-31 03:00", "Europe/Berlin", ThereOnce},
		{"2027-10-31 01:59", "Europe/Berlin", ThereOnce},
		{"2011-12-30 09:00", "Pacific/Apia", NotThere},
		{"2027-10-31 02:30", "UTC", ThereOnce},
	} {
		if got := ChangeAt(at(t, test.wall), zone(t, test.zone)); got != test.want {
			t.Errorf("%s in %s: got %d, want %d", test.wall, test.zone, got, test.want)
		}
	}
}

// TestInstantIsTheFirst compares with the definition: no earlier minute shows the time or a later one.
func TestInstantIsTheFirst(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	start := time.Date(2011, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, z := range append(zonesOf(t, thirty...), time.UTC) {
		walls := []time.Time{at(t, "2011-12-30 09:00")}
		for range 300 {
			walls = append(walls, start.Add(time.Duration(random.Int64N(30*365*24*60))*time.Minute))
		}
		for moment := start; moment.Year() < 2030; { // around each change of the clocks
			_, end := moment.In(z).ZoneBounds()
			if end.IsZero() {
				break
			}
			for minutes := -90; minutes <= 90; minutes += 15 {
				walls = append(walls, Shown(end, z).Add(time.Duration(minutes)*time.Minute))
			}
			moment = end
		}
		for _, wall := range walls {
			got := Instant(wall, z)
			if Shown(got, z).Before(wall) {
				t.Fatalf("%s in %s: at %s clocks show %s", wall, z, got, Shown(got, z))
			}
			for back := time.Minute; back < 27*time.Hour; back += 7 * time.Minute {
				if earlier := got.Add(-back); !Shown(earlier, z).Before(wall) {
					t.Fatalf("%s in %s: got %s, but at %s clocks show %s", wall, z, got, earlier, Shown(earlier, z))
				}
			}
			if again := Instant(wall, z); !again.Equal(got) {
				t.Fatalf("%s in %s: two instants", wall, z)
			}
		}
	}
}

// TestOccurrencesIncrease checks over four years that each zone's instants strictly increase, that keys are unique, and that a person
// gets one instant of each.
func TestOccurrencesIncrease(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"cron: 0 * * * *", "every: day 02:30", "every: day 00:00", "cron: 15,45 1-3 * * *", "cron: 0 9 31 * *", "cron: 59 23 * * SUN"} {
		table := cadence(t, text+"; time_zone: recipient").Timetable(nil, zonesOf(t, thirty...))
		last, keys := map[string]time.Time{}, map[string]bool{}
		for o := range table.Between(at(t, "2027-01-01 00:00"), at(t, "2029-01-01 00:00")) {
			if keys[o.Key] {
				t.Fatalf("%s: %s twice", text, o.Key)
			}
			keys[o.Key] = true
			if local, ok := ParseKey(o.Key); !ok || !local.Equal(o.Local) {
				t.Fatalf("%s: the key %s leads to %s", text, o.Key, local)
			}
			for _, z := range table.Zones() {
				due := o.DueIn(z)
				if o.LeftOut(z, due, due) != "" {
					continue
				}
				if !due.After(last[z.String()]) {
					t.Fatalf("%s in %s: %s at %s is not after %s", text, z, o.Key, due, last[z.String()])
				}
				if due.Before(o.Earliest) || due.After(o.Latest) {
					t.Fatalf("%s in %s: %s is not between %s and %s", text, z, due, o.Earliest, o.Latest)
				}
				last[z.String()] = due
			}
		}
		if len(keys) < 10 {
			t.Errorf("%s: only %d occurrences", text, len(keys))
		}
	}
}

func TestZones(t *testing.T) {
	t.Parallel()
	london := zone(t, "Europe/London")
	z := NewZones(london)
	for name, want := range map[string]string{
		"": "Europe/London", "Asia/Tokyo": "Asia/Tokyo", "Mars/Olympus": "Europe/London", "Local": "Europe/London", "../../etc/passwd": "Europe/London", "UTC": "UTC",
	} {
		for range 2 {
			if got := z.Of(name).String(); got != want {
				t.Errorf("%q: got %s, want %s", name, got, want)
			}
		}
	}
	for i := range maxUnknown + 100 {
		z.Of(fmt.Sprint("No/", i))
	}
	if len(z.known) > maxUnknown+10 {
		t.Errorf("%d names are remembered", len(z.known))
	}
	used := z.InUse(map[string]int64{"": 1, "Europe/London": 2, "No/Where": 3, "Asia/Tokyo": 4, "UTC": 0})
	if len(used) != 2 || used[london] != 6 {
		t.Errorf("got %v", used)
	}
}

func FuzzParseKey(f *testing.F) {
	for _, key := range []string{"2027-03-28T02:30", "2027-03-28T2:30", "2027-02-30T00:00", "0000-01-01T00:00", "2027-03-28", "2027-03-28T02:30Z", ""} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		local, ok := ParseKey(key)
		if ok && (local.Format(keyForm) != key || local.Second() != 0 || local.Location() != time.UTC) {
			t.Errorf("%q leads to %s", key, local)
		}
	})
}

func BenchmarkInstant(b *testing.B) {
	z := zone(b, "Europe/London")
	for b.Loop() {
		Instant(time.Date(2027, 3, 28, 1, 30, 0, 0, time.UTC), z)
	}
}

func BenchmarkZones(b *testing.B) {
	z := NewZones(time.UTC)
	names := []string{"Europe/London", "Asia/Tokyo"}
	for i := 0; b.Loop(); i++ {
		z.Of(names[i%2])
	}
}
