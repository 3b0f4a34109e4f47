package render

import (
	"strconv"
	"strings"
	"time"
)

// dateFilter formats a time, or a text or number that is one; anything else stays as it is.
func dateFilter(m *machine, in Value, arguments []Value) Value {
	format := m.str(arguments[0])
	if format == "" {
		return in
	}
	t, ok := m.asTime(in)
	if !ok {
		return in
	}
	formatted := appendDate(nil, t, format)
	m.charge(len(formatted))
	return String(string(formatted))
}

// asTime reads a time: seconds since 1970, "now", or a date in one of the usual notations. Without a zone, it is in now's.
func (m *machine) asTime(v Value) (time.Time, bool) {
	switch v.kind {
	case TimeValue:
		return v.data.time, true
	case IntValue:
		return time.Unix(v.int(), 0).In(m.now.Location()), true
	case StringValue:
		if len(v.text) > 100 {
			return time.Time{}, false
		}
		s := strings.ToLower(strings.TrimSpace(v.text))
		switch {
		case s == "":
			return time.Time{}, false
		case s == "now" || s == "today":
			return m.now, true
		case isDigits(s): // seconds, even where it looks like a date: 20270331
			n, err := strconv.ParseInt(s, 10, 64)
			return time.Unix(n, 0).In(m.now.Location()), err == nil
		}
		return parseDate(s, m.now)
	}
	return time.Time{}, false
}

// strftime is the state of formatting one directive: its flags and width.
type strftime struct {
	t     time.Time
	pad   byte // '-' none, '0', '_' spaces; 0: the directive's own
	upper bool
	swap  bool
	width int
	colon int
}

const maxDateWidth = 100 // of one padded field

// appendDate formats a time as Ruby's strftime does.
func appendDate(dst []byte, t time.Time, format string) []byte {
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			dst = append(dst, format[i])
			continue
		}
		start := i
		f := strftime{t: t}
		i = f.flags(format, i+1)
		if i >= len(format) {
			return append(dst, format[start:]...)
		}
		field, ok := f.field(format[i])
		if !ok {
			field = format[start : i+1]
		}
		dst = append(dst, field...)
	}
	return dst
}

// flags reads flags and width and returns the directive's offset.
func (f *strftime) flags(format string, i int) int {
	for ; i < len(format); i++ {
		switch c := format[i]; {
		case c == '-' || c == '_' || c == '0' && f.width == 0:
			f.pad = c
		case c == '^':
			f.upper = true
		case c == '#':
			f.swap = true
		case c == ':':
			f.colon++
		case c >= '0' && c <= '9':
			f.width = min(maxDateWidth, f.width*10+int(c-'0'))
		default:
			return i
		}
	}
	return i
}

// number pads with zeros, or with what the flags say.
func (f *strftime) number(n, width int, pad byte) string {
	if f.pad != 0 {
		pad = f.pad
	}
	if f.width > 0 {
		width = f.width
	}
	digits := strconv.Itoa(max(n, -n))
	sign := ""
	if n < 0 {
		sign = "-"
		width--
	}
	missing := max(0, width-len(digits))
	switch pad {
	case '-':
		return sign + digits
	case '_':
		return strings.Repeat(" ", missing) + sign + digits
	}
	return sign + strings.Repeat("0", missing) + digits
}

func (f *strftime) word(s string) string {
	switch {
	case f.upper:
		s = strings.ToUpper(s)
	case f.swap && s == strings.ToUpper(s):
		s = strings.ToLower(s)
	case f.swap:
		s = strings.ToUpper(s)
	}
	pad := " "
	if f.pad == '0' {
		pad = "0"
	}
	if f.pad == '-' {
		return s
	}
	return strings.Repeat(pad, max(0, f.width-len(s))) + s
}

// field formats one directive; ok is false for one that does not exist.
func (f *strftime) field(directive byte) (field string, ok bool) {
	t := f.t
	switch directive {
	case 'Y':
		return f.number(t.Year(), 4, '0'), true
	case 'C':
		return f.number(t.Year()/100, 2, '0'), true
	case 'y':
		return f.number(t.Year()%100, 2, '0'), true
	case 'm':
		return f.number(int(t.Month()), 2, '0'), true
	case 'd':
		return f.number(t.Day(), 2, '0'), true
	case 'e':
		return f.number(t.Day(), 2, '_'), true
	case 'j':
		return f.number(t.YearDay(), 3, '0'), true
	case 'B':
		return f.word(t.Month().String()), true
	case 'b', 'h':
		return f.word(t.Month().String()[:3]), true
	case 'A':
		return f.word(t.Weekday().String()), true
	case 'a':
		return f.word(t.Weekday().String()[:3]), true
	case '%':
		return f.word("%"), true
	case 'n':
		return f.word("\n"), true
	case 't':
		return f.word("\t"), true
	}
	if field, ok := f.clock(directive); ok {
		return field, true
	}
	return f.rare(directive)
}

func (f *strftime) clock(directive byte) (field string, ok bool) {
	t := f.t
	switch directive {
	case 'H':
		return f.number(t.Hour(), 2, '0'), true
	case 'k':
		return f.number(t.Hour(), 2, '_'), true
	case 'I':
		return f.number((t.Hour()+11)%12+1, 2, '0'), true
	case 'l':
		return f.number((t.Hour()+11)%12+1, 2, '_'), true
	case 'M':
		return f.number(t.Minute(), 2, '0'), true
	case 'S':
		return f.number(t.Second(), 2, '0'), true
	case 'L':
		return f.fraction(3), true
	case 'N':
		return f.fraction(9), true
	case 'p':
		return f.word(t.Format("PM")), true
	case 'P':
		return f.word(strings.ToLower(t.Format("PM"))), true
	case 'Z':
		return f.word(t.Format("MST")), true
	case 'z':
		return f.offset(), true
	case 's':
		return f.number(int(t.Unix()), 1, '0'), true
	}
	return "", false
}

// fraction is the digits of the second's fraction.
func (f *strftime) fraction(places int) string {
	if f.width > 0 {
		places = f.width
	}
	digits := strconv.Itoa(1_000_000_000 + f.t.Nanosecond())[1:]
	return (digits + strings.Repeat("0", max(0, places-9)))[:places]
}

// offset is +hhmm; with colons, +hh:mm and +hh:mm:ss.
func (f *strftime) offset() string {
	layout := [...]string{"-0700", "-07:00", "-07:00:00"}
	return f.word(f.t.Format(layout[min(f.colon, 2)]))
}

// rare are weekdays and weeks as numbers, and combinations of other directives.
func (f *strftime) rare(directive byte) (field string, ok bool) {
	t := f.t
	year, week := t.ISOWeek()
	switch directive {
	case 'u':
		return f.number((int(t.Weekday())+6)%7+1, 1, '0'), true
	case 'w':
		return f.number(int(t.Weekday()), 1, '0'), true
	case 'G':
		return f.number(year, 4, '0'), true
	case 'g':
		return f.number(year%100, 2, '0'), true
	case 'V':
		return f.number(week, 2, '0'), true
	case 'U': // weeks start on Sunday
		return f.number((t.YearDay()+6-int(t.Weekday()))/7, 2, '0'), true
	case 'W': // weeks start on Monday
		return f.number((t.YearDay()+6-(int(t.Weekday())+6)%7)/7, 2, '0'), true
	}
	combined, ok := map[byte]string{
		'D': "%m/%d/%y", 'x': "%m/%d/%y", 'F': "%Y-%m-%d", 'T': "%H:%M:%S", 'X': "%H:%M:%S", 'R': "%H:%M", 'r': "%I:%M:%S %p",
		'c': "%a %b %e %H:%M:%S %Y", 'v': "%e-%^b-%Y", '+': "%a %b %e %H:%M:%S %Z %Y",
	}[directive]
	if !ok {
		return "", false
	}
	return f.word(string(appendDate(nil, t, combined))), true
}
