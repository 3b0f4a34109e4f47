package schedule

import (
	"strconv"
	"testing"
	"time"

	"germane/internal/document"
	"germane/internal/finding"
)

func itoa(n int) string { return strconv.Itoa(n) }

func TestDueTimes(t *testing.T) {
	t.Parallel()
	const form = "Mon 2006-01-02 15:04"
	from := time.Date(2027, 3, 3, 12, 0, 0, 0, time.UTC) // a Wednesday
	for _, test := range []struct{ key, text, first, second string }{
		{"every", "monday 09:00", "Mon 2027-03-08 09:00", "Mon 2027-03-15 09:00"},
		{"every", "mon 09:05", "Mon 2027-03-08 09:05", "Mon 2027-03-15 09:05"},
		{"every", "Monday and Thursday 09:00", "Thu 2027-03-04 09:00", "Mon 2027-03-08 09:00"},
		{"every", "monday, thursday and sunday 00:00", "Thu 2027-03-04 00:00", "Sun 2027-03-07 00:00"},
		{"every", "day 23:59", "Wed 2027-03-03 23:59", "Thu 2027-03-04 23:59"},
		{"every", "weekday 08:00", "Thu 2027-03-04 08:00", "Fri 2027-03-05 08:00"},
		{"every", "1st 09:00", "Thu 2027-04-01 09:00", "Sat 2027-05-01 09:00"},
		{"every", "1st and 15th 09:00", "Mon 2027-03-15 09:00", "Thu 2027-04-01 09:00"},
		{"cron", "0 9 * * MON", "Mon 2027-03-08 09:00", "Mon 2027-03-15 09:00"},
		{"cron", "*/30 9-10 1,15 JAN-JUN *", "Mon 2027-03-15 09:00", "Mon 2027-03-15 09:30"},
		{"cron", "0 9 29 2 *", "Tue 2028-02-29 09:00", "Sun 2032-02-29 09:00"},
		{"cron", "0  9 \t* * 0  # Sundays", "Sun 2027-03-07 09:00", "Sun 2027-03-14 09:00"},
	} {
		t.Run(test.text, func(t *testing.T) {
			t.Parallel()
			c, findings := cadenceOf("cadence:\n  " + test.key + ": " + test.text + "\n")
			if len(findings) > 0 || c == nil {
				t.Fatalf("got %+v", findings)
			}
			first := c.Spec.Next(from)
			if second := c.Spec.Next(first); first.Format(form) != test.first || second.Format(form) != test.second {
				t.Errorf("got %s, %s", first.Format(form), second.Format(form))
			}
		})
	}
}

func TestDueTimesNotUnderstood(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ key, text, want string }{
		{"every", "monday", "2:10 bad-cadence"},
		{"every", "monday 9am", "2:17 bad-time"},
		{"every", "monday 24:00", "2:17 bad-time"},
		{"every", "mondya 09:00", "2:10 bad-cadence"},
		{"every", "mondya 9", "2:10 bad-cadence, 2:17 bad-time"},
		{"every", "2d", "2:10 bad-cadence"},
		{"every", "31st 09:00", "2:10 bad-cadence"},
		{"every", "0th 09:00", "2:10 bad-cadence"},
		{"every", "monday and 1st 09:00", "2:10 bad-cadence"},
		{"every", "monday and 09:00", "2:10 bad-cadence"},
		{"every", "monday,, friday 09:00", "2:17 bad-cadence"},
		{"every", "day, monday 09:00", "2:10 bad-cadence"},
		{"cron", "0 9 * *", "2:9 bad-cadence"},
		{"cron", "0 0 9 * * MON", "2:9 bad-cadence"},
		{"cron", "60 9 * * MON", "2:9 bad-cadence"},
		{"cron", "0 24 32 13 7", "2:11 bad-cadence, 2:14 bad-cadence, 2:17 bad-cadence, 2:20 bad-cadence"},
		{"cron", "0 9 * * MONDAY", "2:17 bad-cadence"},
		{"cron", "0 9 30 2 *", "2:9 bad-cadence"},
		{"cron", ", , , , ,", "2:9 bad-cadence, 2:11 bad-cadence, 2:13 bad-cadence, 2:15 bad-cadence, 2:17 bad-cadence"},
		{"cron", "@daily", "2:9 bad-cadence"},
		{"cron", "TZ=", "2:9 bad-cadence"},
		{"cron", "TZ=UTC 0 9 * *", "2:9 bad-cadence"},
		{"cron", "*/0 9 * * *", "2:9 bad-cadence"},
	} {
		t.Run(test.text, func(t *testing.T) {
			t.Parallel()
			c, findings := cadenceOf("cadence:\n  " + test.key + ": " + test.text + "\n")
			if got := places(findings); got != test.want || c != nil {
				t.Errorf("got %s, want %s\n%+v", got, test.want, findings)
			}
		})
	}
}

func cadenceOf(text string) (*Cadence, []finding.Finding) {
	doc, findings := document.Parse(finding.NewFile("c.yaml", text).All(), Format)
	r := &document.Reader{Findings: findings}
	return readCadence(r, doc.Get("cadence")), r.Findings
}

func TestBounds(t *testing.T) {
	t.Parallel()
	c, findings := cadenceOf("cadence: {every: day 09:00, start: 2027-03-01 08:00, end: 2027-03-31, time_zone: Asia/Kathmandu}")
	if len(findings) > 0 || c.Start.Format(minuteForm) != "2027-03-01 08:00" || c.End.Format(minuteForm) != "2027-04-01 00:00" || c.Zone.String() != "Asia/Kathmandu" {
		t.Errorf("got %+v, %+v", c, findings)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, yaml, want string }{
		{"caps", "caps: [{max: 2, per: 7d}, {max: 1, per: 1d, topic: offers, window: calendar}]", ""},
		{"one cap", "caps: [{max: 0, per: 7d}]", "1:14 out-of-range"},
		{"no time", "caps: [{max: 2}]", "1:8 missing-key"},
		{"a share", "caps: [{max: 2%, per: 7}]", "1:14 bad-number, 1:23 bad-duration"},
		{"a calendar of hours", "caps: [{max: 2, per: 36h, window: calendar}]", "1:22 out-of-range"},
		{"a minute", "caps: [{max: 2, per: 1min}]", "1:22 out-of-range"},
		{"an unknown window", "caps: [{max: 2, per: 7d, window: fixed}]", "1:34 bad-value"},
		{"not a mapping", "caps: [2]", "1:8 wrong-shape"},
		{"quiet hours", `quiet_hours: {from: "21:00", to: 08:00, on: skip, jitter: 15min}`, ""},
		{"quiet for ever", "quiet_hours: {from: 21:00, to: 21:00}", "1:32 out-of-range"},
		{"quiet from nine", "quiet_hours: {from: 9pm, to: 8}", "1:21 bad-time, 1:30 bad-time"},
		{"quiet without an end", "quiet_hours: {from: 21:00}", "1:14 missing-key"},
		{"quiet and jitter", "quiet_hours: {from: 21:00, to: 08:00, jitter: 2d}", "1:47 out-of-range"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			doc, findings := document.Parse(finding.NewFile("germane.yaml", test.yaml).All(), Format)
			r := &document.Reader{Findings: findings}
			fields := r.Map(doc, "x")
			caps := ReadCaps(r, fields.List("caps"))
			quiet := ReadQuietHours(r, fields.Get("quiet_hours"))
			if got := places(r.Findings); got != test.want {
				t.Errorf("got %s, want %s: %+v", got, test.want, r.Findings)
			}
			if test.want == "" && len(caps) != 2 && (quiet.From != 21*60 || quiet.To != 8*60 || !quiet.Skip || quiet.Jitter != 15*time.Minute) {
				t.Errorf("got %+v %+v", caps, quiet)
			}
		})
	}
}

func TestRates(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{"14/s": 14, "60/min": 1, "0.5/s": 0.5, "3600/h": 1, "14": -1, "0/s": -1, "14/w": -1, "-1/s": -1, "1e3/s": -1, "/s": -1} {
		r := &document.Reader{}
		got, ok := ReadRate(r, finding.NewFile("x", text).All())
		if ok != (want > 0) || ok && got != want || ok == (len(r.Findings) > 0) {
			t.Errorf("%s: got %v %v %+v", text, got, ok, r.Findings)
		}
	}
}
