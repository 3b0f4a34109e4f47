package schedule

import (
	"fmt"
	"testing"
	"time"

	"germane/internal/finding"
)

func TestCapsSince(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	topic := func(name string) finding.Text { return finding.NewFile("germane.yaml", name).All() }
	for _, test := range []struct {
		name, zone, now string
		caps            []Cap
		want            string
	}{
		{"none", "UTC", "2027-03-10 12:00", nil, ""},
		{"rolling", "UTC", "2027-03-10 12:00", []Cap{{Max: 2, Per: 7 * day}}, "2 since 03 12:00:00.001"},
		{
			"of the topic, of all, of another", "UTC", "2027-03-10 12:00",
			[]Cap{{Max: 1, Per: day, Topic: topic("tips")}, {Max: 2, Per: 7 * day}, {Max: 1, Per: day, Topic: topic("offers")}},
			"tips: 1 since 09 12:00:00.001, 2 since 03 12:00:00.001",
		},
		{"the strictest", "UTC", "2027-03-10 12:00", []Cap{{Max: 2, Per: 7 * day}, {Max: 1, Per: 7 * day}, {Max: 1, Per: day}, {Max: 1, Per: 7 * day}}, "1 since 03 12:00:00.001"},
		{"neither is stricter", "UTC", "2027-03-10 12:00", []Cap{{Max: 2, Per: 7 * day}, {Max: 1, Per: day}}, "2 since 03 12:00:00.001, 1 since 09 12:00:00.001"},
		{"a week over a clock change, on the person's clock", "Europe/London", "2027-03-29 08:00", []Cap{{Max: 1, Per: 7 * day}}, "1 since 22 09:00:00.001"},
		{"hours over a clock change", "Europe/London", "2027-03-28 08:00", []Cap{{Max: 1, Per: 12 * time.Hour}}, "1 since 27 20:00:00.001"},
		{"today in Tokyo", "Asia/Tokyo", "2027-03-10 16:00", []Cap{{Max: 1, Per: day, Calendar: true}}, "1 since 10 15:00:00.000"},
		{"this and the six days before, over a clock change", "Europe/London", "2027-03-29 12:00", []Cap{{Max: 1, Per: 7 * day, Calendar: true}}, "1 since 23 00:00:00.000"},
		{"since a midnight that is left out", "America/Havana", "2027-03-14 12:00", []Cap{{Max: 1, Per: day, Calendar: true}}, "1 since 14 05:00:00.000"},
		{"since the first of two midnights", "America/Havana", "2027-11-07 18:00", []Cap{{Max: 1, Per: day, Calendar: true}}, "1 since 07 04:00:00.000"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := ""
			for _, c := range CapsSince(test.caps, "tips", at(t, test.now), zone(t, test.zone)) {
				if got != "" {
					got += ", "
				}
				if c.Topic != "" {
					got += c.Topic + ": "
				}
				got += fmt.Sprint(c.Max) + " since " + c.Since.Format("02 15:04:05.000")
				if memory := CapMemory(test.caps); at(t, test.now).Sub(c.Since) > memory {
					t.Errorf("remembered for %s only", memory)
				}
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestCapsOnEdge(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	tips, offers := finding.NewFile("germane.yaml", "tips").All(), finding.NewFile("germane.yaml", "offers").All()
	for _, test := range []struct {
		cap     Cap
		cadence string
		want    bool
	}{
		{Cap{Max: 1, Per: 7 * day}, "every: monday 09:00", false},
		{Cap{Max: 1, Per: 12 * time.Hour}, "cron: 0 9,21 * * *", true},
		{Cap{Max: 1, Per: 12 * time.Hour, Topic: tips}, "cron: 0 9,21 * * *", true},
		{Cap{Max: 1, Per: 12 * time.Hour, Topic: offers}, "cron: 0 9,21 * * *", false},
		{Cap{Max: 2, Per: 12 * time.Hour}, "cron: 0 9,21 * * *", false},
		{Cap{Max: 1, Per: 11 * time.Hour}, "cron: 0 9,21 * * *", false},
		{Cap{Max: 3, Per: 36 * time.Hour}, "cron: 0 9,21 * * *", true},
		{Cap{Max: 1, Per: time.Hour}, "cron: 0 * * * *", false},
		{Cap{Max: 2, Per: 2 * time.Hour}, "cron: 0 * * * *", true},
		{Cap{Max: 1, Per: 12 * time.Hour}, "at: 2027-03-01 09:00", false},
		{Cap{Max: 1_000_000, Per: 12 * time.Hour}, "cron: 0 9 29 2 *; end: 2040-01-01", false},
	} {
		if got := test.cap.OnEdge("tips", cadence(t, test.cadence)); got != test.want {
			t.Errorf("%d per %s, %s: got %v", test.cap.Max, test.cap.Per, test.cadence, got)
		}
	}
}
