package render

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// dateParts collects what a text says of a date and a time; -1 is unknown.
type dateParts struct {
	year, month, day           int
	hour, minute, second, nano int
	zone                       *time.Location
}

var (
	clockTime = regexp.MustCompile(`(?:^|[^\d:])(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9})\d*)?)?\s*(am|pm|a\.m\.|p\.m\.)?(?:\s*(z|utc|gmt|[a-z]{3,4}t)?\s*([+-]\d{2}:?\d{2}|[+-]\d{1,2})?)?(?:\b|$)`)
	hourOnly  = regexp.MustCompile(`\b(\d{1,2})\s*(am|pm)\b`)
	isoDate   = regexp.MustCompile(`(?:^|\D)(\d{4})-(\d{1,2})(?:-(\d{1,2}))?(?:t|\D|$)`)
	slashDate = regexp.MustCompile(`(?:^|\D)(\d{4})/(\d{1,2})/(\d{1,2})(?:\D|$)`)
	dayFirst  = regexp.MustCompile(`(?:^|\D)(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?:\D|$)`)
	packed    = regexp.MustCompile(`^(\d{4})(\d{2})(\d{2})(?:t?(\d{2})(\d{2})(\d{2})?)?(z)?$`)
	monthName = regexp.MustCompile(`(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*`)
	dayNumber = regexp.MustCompile(`(?:^|[^\d:.])(\d{1,2})(?:st|nd|rd|th)?(?:[^\d:]|$)`)
	yearDigit = regexp.MustCompile(`(?:^|\D)(\d{4})(?:\D|$)`)
)

const monthNames = "janfebmaraprmayjunjulaugsepoctnovdec"

// parseDate reads a date in lower case leniently, as Ruby's Time.parse does. What the text does not say is taken from now, or
// is the smallest.
func parseDate(s string, now time.Time) (time.Time, bool) {
	p := dateParts{year: -1, month: -1, day: -1, hour: -1, zone: now.Location()}
	if m := packed.FindStringSubmatch(s); m != nil {
		p.year, p.month, p.day = digits(m[1]), digits(m[2]), digits(m[3])
		p.hour, p.minute, p.second = digits(m[4]), digits(m[5]), digits(m[6])
		if m[7] != "" {
			p.zone = time.UTC
		}
		return p.time(now)
	}
	s, ok := p.readClock(s)
	if !ok {
		return time.Time{}, false
	}
	p.readDate(s)
	return p.time(now)
}

// digits is a number in a text that holds nothing else; 0 for an empty one.
func digits(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// readClock takes the time of day out of the text.
func (p *dateParts) readClock(s string) (rest string, ok bool) {
	if at := clockTime.FindStringSubmatchIndex(s); at != nil {
		m := clockTime.FindStringSubmatch(s)
		p.hour, p.minute, p.second = digits(m[1]), digits(m[2]), digits(m[3])
		p.nano = digits((m[4] + "000000000")[:9])
		if p.afternoon(m[5]); m[6] != "" || m[7] != "" {
			p.zone = zone(m[6], m[7])
		}
		before := strings.TrimSuffix(s[:at[2]], "t")
		return before + " " + s[at[1]:], true
	}
	if at := hourOnly.FindStringSubmatchIndex(s); at != nil {
		p.hour = digits(s[at[2]:at[3]])
		p.afternoon(s[at[4]:at[5]])
		return s[:at[0]] + s[at[1]:], true
	}
	return s, true
}

func (p *dateParts) afternoon(half string) {
	switch {
	case strings.HasPrefix(half, "p") && p.hour < 12:
		p.hour += 12
	case strings.HasPrefix(half, "a") && p.hour == 12:
		p.hour = 0
	}
}

// zone is an offset such as +02:00; a name alone counts as UTC, whatever it is, unless it is one of the United States'.
func zone(name, offset string) *time.Location {
	if offset == "" {
		hours := map[string]int{"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7}[name]
		if hours == 0 {
			return time.UTC
		}
		return time.FixedZone(strings.ToUpper(name), hours*3600)
	}
	figures := strings.ReplaceAll(offset[1:], ":", "")
	hours, minutes := digits(figures[:min(2, len(figures))]), digits(figures[min(2, len(figures)):])
	seconds := hours*3600 + minutes*60
	if offset[0] == '-' {
		seconds = -seconds
	}
	if seconds == 0 {
		return time.UTC
	}
	return time.FixedZone("", seconds)
}

// readDate reads year, month and day.
func (p *dateParts) readDate(s string) {
	for _, form := range []*regexp.Regexp{isoDate, slashDate} {
		if m := form.FindStringSubmatch(s); m != nil {
			p.year, p.month, p.day = digits(m[1]), digits(m[2]), max(1, digits(m[3]))
			return
		}
	}
	if m := dayFirst.FindStringSubmatch(s); m != nil {
		p.day, p.month, p.year = digits(m[1]), digits(m[2]), digits(m[3])
		return
	}
	at := monthName.FindStringIndex(s)
	if at == nil {
		return
	}
	p.month = strings.Index(monthNames, s[at[0]:at[0]+3])/3 + 1
	rest := s[:at[0]] + " " + s[at[1]:]
	if m := yearDigit.FindStringSubmatchIndex(rest); m != nil {
		p.year = digits(rest[m[2]:m[3]])
		rest = rest[:m[2]] + " " + rest[m[3]:]
	}
	if m := dayNumber.FindStringSubmatch(rest); m != nil {
		p.day = digits(m[1])
	}
}

// time puts the parts together; ok is false where they are none, or no date.
func (p *dateParts) time(now time.Time) (time.Time, bool) {
	if p.year < 0 && p.month < 0 && p.day < 0 && p.hour < 0 {
		return time.Time{}, false
	}
	now = now.In(p.zone)
	switch {
	case p.year < 0 && p.month < 0 && p.day < 0:
		p.year, p.month, p.day = now.Year(), int(now.Month()), now.Day()
	case p.year < 0:
		p.year = now.Year()
	}
	p.month, p.day, p.hour = max(1, p.month), max(1, p.day), max(0, p.hour)
	if p.month > 12 || p.day > 31 || p.hour > 24 || p.minute > 59 || p.second > 60 {
		return time.Time{}, false
	}
	t := time.Date(p.year, time.Month(p.month), p.day, p.hour, p.minute, p.second, p.nano, p.zone)
	return t, t.Day() == p.day || p.hour == 24
}
