package schedule

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/robfig/cron/v3"

	"germane/internal/document"
	"germane/internal/finding"
)

// everyHint shows the whole grammar of `every`:
//
//	every   = days time
//	days    = "day" | "weekday" | item { ("," | "and") item }
//	item    = weekday name, or its first three letters | "1st" … "28th"
//	time    = HH:MM
//
// Weekday names and days of the month do not mix. Days 29 to 31 are refused: months without them would pass in silence.
const everyHint = "write the days and a time: monday 09:00, monday and thursday 09:00, weekday 09:00, day 09:00 or 1st 09:00; anything else fits in cron"

var weekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

var (
	ordinalForm   = regexp.MustCompile(`^([0-9]{1,2})(?:st|nd|rd|th)$`)
	daySeparator  = regexp.MustCompile(`[ \t]*,[ \t]*|[ \t]+and[ \t]+`)
	cronFieldForm = regexp.MustCompile(`^[A-Za-z0-9*?/-]+(?:,[A-Za-z0-9*?/-]+)*$`)
)

// readEvery reads a cadence in words. Each form is also a cron spec, so that one piece of code finds the occurrences of both.
func readEvery(r *document.Reader, text finding.Text) (*cron.SpecSchedule, bool) {
	at := strings.LastIndexAny(text.S, " \t")
	if at < 0 {
		r.Add(cadenceFinding(text, fmt.Sprintf("%q does not say both the days and the time", text.S), everyHint))
		return nil, false
	}
	clock, clockOK := readClock(r, text.Slice(at+1, len(text.S)))
	monthDays, weekDays, daysOK := readDays(r, text.Slice(0, at).Trim())
	if !clockOK || !daysOK {
		return nil, false
	}
	spec, err := parseCron(fmt.Sprintf("%d %d %s * %s", int(clock)%60, int(clock)/60, monthDays, weekDays))
	return spec, err == nil
}

// readDays returns the days as cron fields.
func readDays(r *document.Reader, text finding.Text) (monthDays, weekDays string, ok bool) {
	switch strings.ToLower(text.S) {
	case "day":
		return "*", "*", true
	case "weekday":
		return "*", "1-5", true
	}
	var ofMonth, ofWeek []string
	ok = true
	for _, item := range splitDays(text) {
		day, month, good := readDay(r, item)
		switch ok = ok && good; {
		case !good:
		case month:
			ofMonth = append(ofMonth, day)
		default:
			ofWeek = append(ofWeek, day)
		}
	}
	switch {
	case !ok:
		return "", "", false
	case len(ofMonth) > 0 && len(ofWeek) > 0:
		r.Add(cadenceFinding(text, "days of the week and days of the month do not mix", "use one kind; cron reads both as: when either fits"))
		return "", "", false
	case len(ofMonth) > 0:
		return strings.Join(ofMonth, ","), "*", true
	}
	return "*", strings.Join(ofWeek, ","), true
}

func splitDays(text finding.Text) []finding.Text {
	var items []finding.Text
	start := 0
	for _, cut := range daySeparator.FindAllStringIndex(text.S, -1) {
		items = append(items, text.Slice(start, cut[0]))
		start = cut[1]
	}
	return append(items, text.Slice(start, len(text.S)))
}

// readDay reads one weekday or day of the month as a cron value.
func readDay(r *document.Reader, item finding.Text) (day string, ofMonth, ok bool) {
	word := strings.ToLower(item.S)
	for i, name := range weekdays {
		if word == name || word == name[:3] {
			return strconv.Itoa(i), false, true
		}
	}
	if match := ordinalForm.FindStringSubmatch(word); match != nil {
		n, _ := strconv.Atoi(match[1])
		if n >= 1 && n <= 28 {
			return strconv.Itoa(n), true, true
		}
		r.Add(cadenceFinding(item, fmt.Sprintf("not every month has a day %d", n), "use 1st to 28th, or cron: 0 9 31 * * if the months without that day may pass"))
		return "", false, false
	}
	r.Add(cadenceFinding(item, fmt.Sprintf("%q is not a day that cadences know", item.S), finding.DidYouMean(word, append([]string{"day", "weekday"}, weekdays...), everyHint)))
	return "", false, false
}

var cronFields = []struct{ name, hint string }{
	{"minute", "minutes are 0 to 59"},
	{"hour", "hours are 0 to 23"},
	{"day of the month", "days of the month are 1 to 31"},
	{"month", "months are 1 to 12 or JAN to DEC"},
	{"day of the week", "days of the week are 0 (Sunday) to 6, or SUN to SAT"},
}

// readCron reads the five fields of a crontab line.
func readCron(r *document.Reader, text finding.Text) (*cron.SpecSchedule, bool) {
	fields := cutFields(text)
	if len(fields) != len(cronFields) {
		r.Add(cadenceFinding(text, fmt.Sprintf("a cron line has five fields, this one has %d", len(fields)), "write minute, hour, day of the month, month, day of the week: 0 9 * * MON"))
		return nil, false
	}
	ok := true
	for i, field := range fields {
		alone := []string{"0", "0", "*", "*", "*"}
		alone[i] = field.S
		_, err := parseCron(strings.Join(alone, " "))
		if !cronFieldForm.MatchString(field.S) || err != nil {
			r.Add(cadenceFinding(field, fmt.Sprintf("%q cannot be the %s of a cron line", field.S, cronFields[i].name), cronFields[i].hint+"; lists 1,2, ranges 1-5 and steps */2 work"))
			ok = false
		}
	}
	if !ok {
		return nil, false
	}
	spec, err := parseCron(text.S)
	if err != nil || neverDue(spec) {
		r.Add(cadenceFinding(text, "no day of the calendar fits this cron line", "look at the day and the month: 30 2 is the 30th of February"))
		return nil, false
	}
	return spec, true
}

// parseCron is cron's parser without what it adds to the five fields (TZ=, @daily), on which it also panics.
func parseCron(text string) (*cron.SpecSchedule, error) {
	if strings.ContainsAny(text, "=@") {
		return nil, fmt.Errorf("parse cron %q: not a field", text)
	}
	parsed, err := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("parse cron %q: %w", text, err)
	}
	spec, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return nil, fmt.Errorf("parse cron %q: not a calendar schedule", text)
	}
	return spec, nil
}

// cutFields splits at white space and keeps the places.
func cutFields(text finding.Text) []finding.Text {
	var fields []finding.Text
	start := -1
	for i := 0; i <= len(text.S); i++ {
		blank := i == len(text.S) || text.S[i] == ' ' || text.S[i] == '\t'
		switch {
		case !blank && start < 0:
			start = i
		case blank && start >= 0:
			fields = append(fields, text.Slice(start, i))
			start = -1
		}
	}
	return fields
}

func cadenceFinding(text finding.Text, what, hint string) finding.Finding {
	return text.Whole("bad-cadence", what, hint)
}
