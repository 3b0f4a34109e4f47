package schedule

import (
	"math"
	"time"
)

// WarmUp is how many mails a new sender sends a day, until those who receive them know it: so many on its first day, and twice as many
// whenever a time has passed. The steps are stairs: a day has one number, whatever the hour.
type WarmUp struct {
	Start       int64         // mails on the first day
	DoubleEvery time.Duration // at least an hour; less than a day: more than twice as many each day
}

// NoLimit is how many mails a day may have that warming up does not limit any more.
const NoLimit int64 = math.MaxInt64

// enough mails a day are more than anybody sends from one sender.
const enough = 1 << 40

// Most is how many mails may go out on a day. The first is day 0.
func (w WarmUp) Most(nth int) int64 {
	const mostDays = 100_000 // 270 years: their nanoseconds are a number
	most := w.Start
	for range time.Duration(min(max(nth, 0), mostDays)) * 24 * time.Hour / w.DoubleEvery {
		if most *= 2; most >= enough {
			return NoLimit
		}
	}
	return most
}

// Grant is how many of a day's mails a worker takes at once, when so many are taken already: a hundredth, as whoever is killed takes
// them along, or what is left.
func (w WarmUp) Grant(nth int, granted int64) int64 {
	most := w.Most(nth)
	return max(min(max(most/100, 1), most-granted), 0)
}

// Last is the day on which the last of so many mails goes out, when of those of a day so many are taken already.
func (w WarmUp) Last(mails int64, nth int, granted int64) int {
	for {
		mails -= max(w.Most(nth)-granted, 0)
		if mails <= 0 {
			return nth
		}
		nth, granted = nth+1, 0
	}
}

// Day is a date, as days since 1 January 1970. When it is depends on the zone.
type Day int64

// DayOf is the date that calendars in a zone show at a moment.
func DayOf(moment time.Time, zone *time.Location) Day {
	shown := Shown(moment, zone)
	return Day(time.Date(shown.Year(), shown.Month(), shown.Day(), 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60))
}

// Begins is the first moment of a date in a zone.
func (d Day) Begins(zone *time.Location) time.Time { return Instant(d.wall(), zone) }

func (d Day) wall() time.Time { return time.Unix(int64(d)*24*60*60, 0).UTC() }

// At is when clocks in a zone show on a date what they showed at a moment of another.
func (d Day) At(moment time.Time, zone *time.Location) time.Time {
	shown := Shown(moment, zone)
	return Instant(d.wall().Add(shown.Sub(DayOf(moment, zone).wall())), zone)
}
