package schedule

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestQuietHours(t *testing.T) {
	t.Parallel()
	night := QuietHours{From: 21 * 60, To: 8 * 60}
	jitter := QuietHours{From: 21 * 60, To: 8 * 60, Jitter: 20 * time.Minute}
	noon := QuietHours{From: 12 * 60, To: 13 * 60, Skip: true}
	early := QuietHours{From: 21 * 60, To: 1*60 + 30}
	rarely := QuietHours{From: 3 * 60, To: 2 * 60, Jitter: 12 * time.Hour}
	for _, test := range []struct {
		name           string
		quiet          *QuietHours
		zone, due, now string
		deadline       string
		draw           float64
		want           string
	}{
		{"no quiet hours", nil, "UTC", "2027-03-01 23:00", "2027-03-01 23:00", "", 0.5, "send"},
		{"by day", &night, "UTC", "2027-03-01 09:00", "2027-03-01 20:59", "", 0.5, "send"},
		{"in the evening", &night, "UTC", "2027-03-01 09:00", "2027-03-01 21:00", "", 0.5, "hold 02 08:00"},
		{"after midnight", &night, "UTC", "2027-03-01 21:00", "2027-03-02 07:59", "", 0.5, "hold 02 08:00"},
		{"at the end", &night, "UTC", "2027-03-01 21:00", "2027-03-02 08:00", "", 0.5, "send"},
		{"on the person's clock", &night, "Asia/Tokyo", "2027-03-01 12:00", "2027-03-01 12:00", "", 0.5, "hold 01 23:00"},
		{"the jitter", &jitter, "UTC", "2027-03-01 21:00", "2027-03-01 22:00", "", 0.5, "hold 02 08:10"},
		{"the jitter, asked again in between", &jitter, "UTC", "2027-03-01 21:00", "2027-03-02 08:05", "", 0.5, "hold 02 08:10"},
		{"the jitter of one who waited since before the quiet hours", &jitter, "UTC", "2027-03-01 20:00", "2027-03-02 08:05", "", 0.5, "hold 02 08:10"},
		{"the jitter is over", &jitter, "UTC", "2027-03-01 21:00", "2027-03-02 08:10", "", 0.5, "send"},
		{"due after the quiet hours", &jitter, "UTC", "2027-03-02 08:01", "2027-03-02 08:05", "", 0.5, "send"},
		{"due at their end", &jitter, "UTC", "2027-03-02 08:00", "2027-03-02 08:05", "", 0.5, "send"},
		{"too late by then", &night, "UTC", "2027-03-01 22:00", "2027-03-01 22:00", "2027-03-02 07:59", 0.5, "drop late"},
		{"just in time", &night, "UTC", "2027-03-01 22:00", "2027-03-01 22:00", "2027-03-02 08:00", 0.5, "hold 02 08:00"},
		{"the jitter makes it late", &jitter, "UTC", "2027-03-01 22:00", "2027-03-01 22:00", "2027-03-02 08:05", 0.5, "drop late"},
		{"dropped", &noon, "UTC", "2027-03-01 12:00", "2027-03-01 12:30", "", 0.5, "drop quiet hours"},
		{"not dropped", &noon, "UTC", "2027-03-01 12:00", "2027-03-01 13:00", "", 0.5, "send"},
		// The clock is put back from 02:00 BST to 01:00 GMT: 01:30 comes twice, and after the first it is quiet again.
		{"quiet before the clock is put back", &early, "Europe/London", "2027-10-30 23:00", "2027-10-31 00:10", "", 0, "hold 31 00:30"},
		{"awake for half an hour", &early, "Europe/London", "2027-10-30 23:00", "2027-10-31 00:45", "", 0, "send"},
		{"quiet again", &early, "Europe/London", "2027-10-30 23:00", "2027-10-31 01:10", "", 0, "hold 31 01:30"},
		// Awake only from 02:00 to 03:00, an hour that is left out in Berlin; the jitter never leads into the quiet hours.
		{"an hour that is left out", &rarely, "Europe/Berlin", "2027-03-27 10:00", "2027-03-27 10:00", "", 0.5, "hold 29 00:30"},
		{"a day that is left out", &night, "Pacific/Apia", "2011-12-30 08:00", "2011-12-30 08:00", "", 0, "hold 30 18:00"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			deadline := time.Time{}
			if test.deadline != "" {
				deadline = at(t, test.deadline)
			}
			q := test.quiet.At(at(t, test.due), at(t, test.now), deadline, zone(t, test.zone), test.draw)
			got := "send"
			switch {
			case q.Reason != "":
				got = "drop " + q.Reason
			case !q.Hold.IsZero():
				got = "hold " + q.Hold.Format("02 15:04")
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// TestNothingIsSentInQuietHours asks at random moments of two years in thirty zones, and follows what is held until it is sent.
func TestNothingIsSentInQuietHours(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 6))
	start := at(t, "2026-11-22 00:00")
	for _, z := range zonesOf(t, thirty...) {
		for range 2000 {
			q := QuietHours{From: Clock(random.IntN(24 * 60)), To: Clock(random.IntN(24 * 60)), Jitter: time.Duration(random.IntN(13)) * time.Hour}
			if q.From == q.To {
				continue
			}
			due := start.Add(time.Duration(random.Int64N(int64(2 * 365 * 24 * time.Hour))))
			now, draw := due.Add(time.Duration(random.Int64N(int64(4*time.Hour)))), random.Float64()
			for asked := 0; ; asked++ {
				decided := q.At(due, now, time.Time{}, z, draw)
				if decided.Hold.IsZero() {
					break
				}
				if !decided.Hold.After(now) || asked > 3 {
					t.Fatalf("%+v in %s: due %s, held at %s until %s", q, z, due, now, decided.Hold)
				}
				between := now.Add(time.Duration(random.Int64N(int64(decided.Hold.Sub(now)))))
				if again := q.At(due, between, time.Time{}, z, draw); !again.Hold.Equal(decided.Hold) && sameNight(&q, z, now, between) {
					t.Fatalf("%+v in %s: due %s, held at %s until %s, at %s until %s", q, z, due, now, decided.Hold, between, again.Hold)
				}
				now = decided.Hold
			}
			if shown := now.In(z); q.quiet(now, z) || inside(shown.Hour()*60+shown.Minute(), int(q.From), int(q.To)) {
				t.Fatalf("%+v in %s: due %s, sent at %s", q, z, due, shown)
			}
		}
	}
}

// sameNight reports that quiet hours ended at most once between two moments.
func sameNight(q *QuietHours, z *time.Location, from, to time.Time) bool {
	flips := 0
	for at := q.flip(from, z); !at.After(to); at = q.flip(at, z) {
		flips++
	}
	return flips <= 1
}

// inside is written another way than the code.
func inside(minute, from, to int) bool {
	return (minute-from+24*60)%(24*60) < (to-from+24*60)%(24*60)
}

func TestSwallowedCadences(t *testing.T) {
	t.Parallel()
	night := QuietHours{From: 21 * 60, To: 8 * 60}
	dropping := QuietHours{From: 21 * 60, To: 8 * 60, Skip: true}
	for _, test := range []struct {
		quiet   *QuietHours
		cadence string
		want    bool
	}{
		{nil, "every: day 07:00; time_zone: recipient", false},
		{&night, "every: day 07:00; time_zone: recipient", false}, // held
		{&night, "every: day 07:00; time_zone: recipient; max_late: 1h", false},
		{&night, "every: day 07:00; time_zone: recipient; max_late: 59min", true},
		{&night, "every: day 22:00; time_zone: recipient; max_late: 6h", true},
		{&night, "every: day 08:00; time_zone: recipient; max_late: 1h", false},
		{&dropping, "every: day 07:59; time_zone: recipient", true},
		{&dropping, "every: day 07:59", false},
		{&dropping, "every: day 08:00; time_zone: recipient", false},
		{&dropping, "cron: 0 7,20 * * *; time_zone: recipient", false},
		{&dropping, "cron: 0,30 21-23 * * *; time_zone: recipient", true},
		{&dropping, "at: 2027-03-01 23:00; time_zone: recipient", true},
		{&dropping, "at: 2027-03-01 12:00; time_zone: recipient", false},
	} {
		if got := test.quiet.Swallow(cadence(t, test.cadence)); (got != "") != test.want {
			t.Errorf("%s: got %q", test.cadence, got)
		}
	}
}

func BenchmarkQuietHours(b *testing.B) {
	q := QuietHours{From: 21 * 60, To: 8 * 60, Jitter: 20 * time.Minute}
	z, due := zone(b, "Europe/London"), at(b, "2027-03-28 07:30")
	for b.Loop() {
		q.At(due, due.Add(time.Hour), time.Time{}, z, 0.5)
	}
}
