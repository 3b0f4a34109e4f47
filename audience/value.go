package audience

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// State says whether a value is there, and if not, why.
type State uint8

// A value is present or missing for one of four reasons.
const (
	Absent     State = iota // never known: not stored, or null
	Blank                   // a text of white space only
	Stale                   // observed longer ago than the attribute's max_age
	NotAllowed              // the catalogue does not allow it (any more)
	Present
)

// String names the state as `why --json` does.
func (s State) String() string {
	return [...]string{"absent", "blank", "stale", "not allowed", "present"}[s]
}

// Value is a typed value in a slot. A missing value has no content.
type Value struct {
	Kind     Kind
	State    State
	Default  bool    // the catalogue's default stands in for a missing value; State is Present, Was says why it was needed
	Was      State   // Default: the state of what was stored
	Text     string  // String, URL
	Int      int64   // Int; Bool: 0 or 1; Time, Date: unix milliseconds, a date's being its midnight in UTC
	Float    float64 // Float; always finite
	Items    []Value // List: the elements; Record: the fields in declared order. All of them are present.
	Observed int64   // unix milliseconds; 0: not known. Only set on attributes.
}

// Present reports whether there is a value, stored or default.
func (v *Value) Present() bool { return v.State == Present }

// Bool returns a Bool's content.
func (v *Value) Bool() bool { return v.Int != 0 }

// Time returns a Time's or Date's content, in UTC.
func (v *Value) Time() time.Time { return time.UnixMilli(v.Int).UTC() }

// TextValue, IntValue, … make present values, for literals and tests.
func TextValue(s string) Value { return Value{Kind: String, State: Present, Text: s} }

// IntValue returns a present Int.
func IntValue(n int64) Value { return Value{Kind: Int, State: Present, Int: n} }

// FloatValue returns a present Float.
func FloatValue(f float64) Value { return Value{Kind: Float, State: Present, Float: f} }

// BoolValue returns a present Bool.
func BoolValue(b bool) Value {
	v := Value{Kind: Bool, State: Present}
	if b {
		v.Int = 1
	}
	return v
}

// miss empties the value; the buffer behind Items stays with the slot that owns it.
func (v *Value) miss(s State) State {
	v.State, v.Text, v.Int, v.Float, v.Items = s, "", 0, 0, nil
	return s
}

// String shows the value to a person: texts in quotes, a missing value as "missing".
func (v *Value) String() string {
	if v.State != Present {
		return "missing"
	}
	return string(v.append(nil))
}

func (v *Value) append(b []byte) []byte {
	switch v.Kind {
	case String, URL:
		return strconv.AppendQuote(b, v.Text)
	case Int:
		return strconv.AppendInt(b, v.Int, 10)
	case Float:
		return appendFloat(b, v.Float)
	case Bool:
		return strconv.AppendBool(b, v.Int != 0)
	case Time:
		return v.Time().AppendFormat(b, "2006-01-02T15:04:05.999Z07:00")
	case Date:
		return v.Time().AppendFormat(b, time.DateOnly)
	}
	b = append(b, '[')
	for i := range v.Items {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = v.Items[i].append(b)
	}
	return append(b, ']')
}

// appendFloat keeps a point or exponent in the text, so that 5.0 does not read as the int 5.
func appendFloat(b []byte, f float64) []byte {
	start := len(b)
	b = strconv.AppendFloat(b, f, 'g', -1, 64)
	if !slices.ContainsFunc(b[start:], func(c byte) bool { return c == '.' || c == 'e' }) {
		b = append(b, ".0"...)
	}
	return b
}

// compareIntFloat orders an int and a finite float by their exact values, also where float64 cannot hold the int.
func compareIntFloat(i int64, f float64) int {
	switch {
	case f >= 1<<63:
		return -1
	case f < -1<<63:
		return 1
	}
	whole := int64(f)
	switch {
	case i < whole:
		return -1
	case i > whole:
		return 1
	case f > float64(whole):
		return -1
	case f < float64(whole):
		return 1
	}
	return 0
}

// compareNumbers orders two numbers of either kind by their exact values.
func compareNumbers(a, b scalar) int {
	switch {
	case a.kind == Int && b.kind == Int:
		return order(a.n, b.n)
	case a.kind == Float && b.kind == Float:
		return order(a.f, b.f)
	case a.kind == Int:
		return compareIntFloat(a.n, b.f)
	}
	return -compareIntFloat(b.n, a.f)
}

func order[T int64 | float64 | string](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// constrain checks a decoded scalar against its type's limits; "" means that it is allowed, anything else says why it is not.
func (t *Type) constrain(v *Value) string {
	switch t.Kind {
	case String, URL:
		return t.constrainText(v.Text)
	case Int:
		if t.Min != nil && compareIntFloat(v.Int, *t.Min) < 0 {
			return "below its min"
		}
		if t.Max != nil && compareIntFloat(v.Int, *t.Max) > 0 {
			return "above its max"
		}
	case Float:
		switch {
		case math.IsNaN(v.Float) || math.IsInf(v.Float, 0):
			return "not a finite number"
		case t.Min != nil && v.Float < *t.Min:
			return "below its min"
		case t.Max != nil && v.Float > *t.Max:
			return "above its max"
		}
	}
	return ""
}

func (t *Type) constrainText(s string) string {
	if t.Kind == URL && !ValidURL(s, t.Hosts) {
		return "not an https address"
	}
	if t.Values != nil && !slices.Contains(t.Values, s) {
		return "not one of its values"
	}
	if limit := t.maxLength(); len(s) > limit && utf8.RuneCountInString(s) > limit {
		return "longer than its max_length"
	}
	return ""
}

// ValidURL accepts https addresses of a named host without user info; hosts are those that it may be or be below, nil: any. It is written by hand because it runs for every person and
// must not allocate; it refuses more than RFC 3986 does: white space, control characters, double quotes, backticks, < > and \ anywhere, and hosts
// that are not letters, digits, dots and hyphens.
func ValidURL(s string, hosts []string) bool {
	const scheme = "https://"
	if len(s) <= len(scheme) || !strings.EqualFold(s[:len(scheme)], scheme) {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c == 0x7f || c == '"' || c == '<' || c == '>' || c == '\\' || c == '`' {
			return false
		}
	}
	host := s[len(scheme):]
	if end := strings.IndexAny(host, "/?#"); end >= 0 {
		host = host[:end]
	}
	name, port, hasPort := strings.Cut(host, ":")
	return validHost(name) && (!hasPort || validPort(port)) && (hosts == nil || slices.ContainsFunc(hosts, func(host string) bool { return below(name, host) }))
}

// below reports whether a host is another one or a subdomain of it.
func below(name, host string) bool {
	rest := len(name) - len(host)
	return rest >= 0 && strings.EqualFold(name[rest:], host) && (rest == 0 || name[rest-1] == '.')
}

func validHost(name string) bool {
	letter := false
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z':
			letter = true
		case c >= '0' && c <= '9' || c == '-':
		case c == '.' && i > 0 && name[i-1] != '.':
		default:
			return false
		}
	}
	return letter && len(name) <= 253
}

func validPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}
