package schedule

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"germane/internal/document"
	"germane/internal/finding"
)

// Clock is a time of day on somebody's wall, in minutes after midnight.
type Clock int

// String writes the clock as files do: 09:00.
func (c Clock) String() string { return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60) }

var clockForm = regexp.MustCompile(`^([01][0-9]|2[0-3]):([0-5][0-9])$`)

// ParseClock reads 09:00 or 21:30.
func ParseClock(s string) (Clock, bool) {
	match := clockForm.FindStringSubmatch(s)
	if match == nil {
		return 0, false
	}
	hour, _ := strconv.Atoi(match[1])
	minute, _ := strconv.Atoi(match[2])
	return Clock(hour*60 + minute), true
}

func readClock(r *document.Reader, text finding.Text) (Clock, bool) {
	clock, ok := ParseClock(text.S)
	if !ok {
		r.Add(text.Whole("bad-time", fmt.Sprintf("%q is not a time of day", text.S), "write hours and minutes on the 24-hour clock, such as 09:00 or 21:30"))
	}
	return clock, ok
}

// ReadZone reads the name of a time zone; nil with a finding when there is none of that name.
func ReadZone(r *document.Reader, text finding.Text) *time.Location {
	if zone := loadZone(text.S); zone != nil {
		return zone
	}
	r.Add(text.Whole("unknown-time-zone", fmt.Sprintf("there is no time zone %q", text.S), "write a name of the IANA list, such as Europe/London, America/New_York or UTC"))
	return nil
}

var rateForm = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)/(s|min|h|d)$`)

// ReadRate reads a rate such as 14/s or 200/h, in messages a second.
func ReadRate(r *document.Reader, text finding.Text) (float64, bool) {
	match := rateForm.FindStringSubmatch(text.S)
	if match != nil {
		n, err := strconv.ParseFloat(match[1], 64)
		unit, _ := document.ParseDuration("1" + match[2])
		if err == nil && n > 0 && n < 1e9 {
			return n / unit.Seconds(), true
		}
	}
	r.Add(text.Whole("bad-rate", fmt.Sprintf("%q is not a rate", text.S), "write how many messages in what time: 14/s, 600/min or 2000/h"))
	return 0, false
}

var rangeForm = regexp.MustCompile(`^([0-9]{1,12})? *\.\. *([0-9]{1,12})?$`)

// readRange reads 1000..50000, 1000.. or ..50000.
func readRange(r *document.Reader, text finding.Text) (least, most int) {
	match := rangeForm.FindStringSubmatch(text.S)
	if match == nil || match[1] == "" && match[2] == "" {
		r.Add(text.Whole("bad-range", fmt.Sprintf("%q is not a range", text.S), "write the least and the most people with two dots between: 1000..50000"))
		return 0, 0
	}
	least, _ = strconv.Atoi(match[1])
	most, _ = strconv.Atoi(match[2])
	switch {
	case match[2] != "" && most == 0:
		r.Add(text.Whole("bad-range", "a range up to 0 lets no run start", "write the most people a run may have: 1000..50000"))
	case match[2] != "" && least > most:
		r.Add(text.Whole("bad-range", fmt.Sprintf("the range starts at %d, above its end %d", least, most), fmt.Sprintf("did you mean %d..%d?", most, least)))
	}
	return least, most
}

// dayForm and minuteForm are how files write a date, and a time on that date.
const (
	dayForm    = "2006-01-02"
	minuteForm = "2006-01-02 15:04"
)

// readMoment reads a date with a time of day as a wall-clock time (its location, UTC, means nothing). A date alone is its
// midnight when dateOnly allows it.
func readMoment(r *document.Reader, text finding.Text, dateOnly bool) (moment time.Time, isDate, ok bool) {
	for _, form := range []string{minuteForm, "2006-01-02T15:04"} {
		if moment, err := time.Parse(form, text.S); err == nil {
			return moment, false, true
		}
	}
	hint := "write a date and a time, such as 2027-03-01 09:00; the zone is in time_zone"
	if dateOnly {
		if moment, err := time.Parse(dayForm, text.S); err == nil {
			return moment, true, true
		}
		hint = "write a date such as 2027-03-01, or a date and a time such as 2027-03-01 09:00"
	}
	r.Add(text.Whole("bad-date", fmt.Sprintf("%q is not a date of the calendar with a time", text.S), hint))
	return time.Time{}, false, false
}
