package document

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"time"

	"germane/internal/finding"
)

var units = map[string]time.Duration{
	"s": time.Second, "min": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour,
}

var durationForm = regexp.MustCompile(`^([0-9]+)(s|min|h|d|w)$`)

// ParseDuration reads 30s, 5min, 2h, 7d or 2w: one whole number and one unit. A day is 24 hours, whatever the clocks do.
func ParseDuration(s string) (time.Duration, bool) {
	match := durationForm.FindStringSubmatch(s)
	if match == nil {
		return 0, false
	}
	n, err := strconv.ParseInt(match[1], 10, 64)
	unit := units[match[2]]
	if err != nil || n > math.MaxInt64/int64(unit) {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// Duration reads a duration and reports a text that is none.
func (r *Reader) Duration(text finding.Text) (time.Duration, bool) {
	d, ok := ParseDuration(text.S)
	if !ok {
		hint := "write a whole number and one of s, min, h, d, w: 30s, 5min, 2h, 7d, 2w"
		if bare := regexp.MustCompile(`^([0-9]+) ?m$`).FindStringSubmatch(text.S); bare != nil {
			hint = fmt.Sprintf("m could mean minutes or months: write %smin, or days such as 30d", bare[1])
		}
		r.Add(text.Whole("bad-duration", fmt.Sprintf("%q is not a duration", text.S), hint))
	}
	return d, ok
}

var shareForm = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)%$`)

// ParseShare reads a share such as 10% or 0.1% as a fraction of 1.
func ParseShare(s string) (float64, bool) {
	match := shareForm.FindStringSubmatch(s)
	if match == nil {
		return 0, false
	}
	// "e-2" instead of dividing by 100 gives the nearest float64 to what was written.
	share, err := strconv.ParseFloat(match[1]+"e-2", 64)
	return share, err == nil && share <= 1
}

// Share reads a share and reports a text that is none.
func (r *Reader) Share(text finding.Text) (float64, bool) {
	share, ok := ParseShare(text.S)
	if !ok {
		hint := "write a number from 0 to 100 with a percent sign, such as 10% or 0.5%"
		if _, err := strconv.ParseFloat(text.S, 64); err == nil {
			hint = fmt.Sprintf("a share needs its percent sign: did you mean %s%%?", text.S)
		}
		r.Add(text.Whole("bad-share", fmt.Sprintf("%q is not a share", text.S), hint))
	}
	return share, ok
}

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

// ValidName reports whether s can name a block, variant, template, campaign, segment or topic.
func ValidName(s string) bool { return nameForm.MatchString(s) }

// Name reports a text that cannot be a name; what says of what ("a block").
func (r *Reader) Name(text finding.Text, what string) bool {
	if ValidName(text.S) {
		return true
	}
	r.Add(text.Whole("bad-name", fmt.Sprintf("%q cannot be the name of %s", text.S, what), "use small letters, digits and -, at most 64, starting with a letter or digit: trial-ending"))
	return false
}
