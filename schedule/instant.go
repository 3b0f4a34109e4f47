package schedule

import "time"

// A wall-clock time is what clocks on a wall show. It is kept as a time in UTC, which means nothing; in each zone it is another
// instant.

// farthest is more than any clock was ever ahead of or behind UTC.
const farthest = 26 * time.Hour

// Instant returns the first moment at which the clocks of a zone show a wall-clock time or a later one. That is the moment itself
// where it exists, the first of the two where clocks are put back over it, and the end of the gap where they are put forward over it,
// or where a day was left out (Apia, 30 December 2011). It never decreases while the wall-clock time grows.
func Instant(wall time.Time, zone *time.Location) time.Time {
	shown := wall.Unix()
	for at := wall.Add(-farthest); ; {
		_, ahead := at.In(zone).Zone()
		end := sameUntil(at, zone)
		moment := max(shown-int64(ahead), at.Unix())
		if end.IsZero() || moment < end.Unix() {
			return time.Unix(moment, 0).UTC()
		}
		at = end
	}
}

// sameUntil returns until when the clocks of a zone stay as far ahead of UTC as they are at a moment, at least; zero: for ever. It is
// always after the moment: Go's ZoneBounds (1.26) ends every year after 2037 with its 365th day, so that on 31 December of a leap
// year the end it gives has passed.
func sameUntil(moment time.Time, zone *time.Location) time.Time {
	_, end := moment.In(zone).ZoneBounds()
	if !end.IsZero() && !end.After(moment) {
		return moment.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
	}
	return end
}

// Shown returns what the clocks of a zone show at a moment.
func Shown(moment time.Time, zone *time.Location) time.Time {
	_, ahead := moment.In(zone).Zone()
	return moment.UTC().Add(time.Duration(ahead) * time.Second)
}

// ClockChange says what the clocks of a zone do to a wall-clock time.
type ClockChange uint8

// Most times are there once.
const (
	ThereOnce  ClockChange = iota
	NotThere               // clocks are put forward over it
	ThereTwice             // clocks are put back over it
)

// ChangeAt reports whether a wall-clock time is there once in a zone.
func ChangeAt(wall time.Time, zone *time.Location) ClockChange {
	moment := Instant(wall, zone)
	if !Shown(moment, zone).Equal(wall) {
		return NotThere
	}
	end := sameUntil(moment, zone)
	if end.IsZero() {
		return ThereOnce
	}
	_, ahead := end.In(zone).Zone()
	if again := wall.Unix() - int64(ahead); again >= end.Unix() && end.Sub(moment) < farthest {
		return ThereTwice
	}
	return ThereOnce
}
