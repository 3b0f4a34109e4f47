package schedule

import (
	"fmt"
	"math"
	"time"
)

// Breaker stops a campaign, or a sender, of whose mail too much comes back. Its limits are shares of the mails; 0: there is none.
type Breaker struct {
	Bounces    float64 // for good
	Complaints float64
	Refused    float64 // for whom the mail is from, or what it is
}

// DefaultBreaker stops long before Amazon does, which looks into an account from 5% bounces or 0.1% complaints on.
var DefaultBreaker = Breaker{Bounces: 0.03, Complaints: 0.0008, Refused: 0.01}

// BreakerWindow is the time of which a breaker looks at what came back.
const BreakerWindow = 24 * time.Hour

// Told is what providers said of mails.
type Told struct {
	Mails                        int64 // handed over, or told of
	Bounced, Complained, Refused int64
	Code                         string // with which most of those were refused
}

// Add adds what was said of other mails.
func (t *Told) Add(other Told) {
	if other.Refused > t.Refused {
		t.Code = other.Code
	}
	t.Mails, t.Bounced, t.Complained, t.Refused = t.Mails+other.Mails, t.Bounced+other.Bounced, t.Complained+other.Complained, t.Refused+other.Refused
}

// Trip is a limit that was passed.
type Trip struct {
	Signal Signal
	Text   string // a sentence's beginning, with the figures
}

// Refused is what a sender alone is stopped for.
const Refused Signal = "refused"

const (
	// FewestMails is from how many on a share is believed.
	FewestMails = 50
	// fewestBounces and fewestComplaints keep chance from stopping what is well below a limit: where ten bounces are too many and five
	// are expected, ten come in 3% of cases; where five complaints are too many and the usual quarter of that is expected, in 1%.
	fewestBounces    = 10
	fewestComplaints = 5
)

// Campaign says whether a campaign's mails passed a limit.
func (b Breaker) Campaign(t Told) (trip Trip, tripped bool) {
	if exceeds(t.Complained, t.Mails, b.Complaints, fewestComplaints) {
		return Trip{Complaints, figures("complaints", t.Complained, t.Mails, b.Complaints)}, true
	}
	if exceeds(t.Bounced, t.Mails, b.Bounces, fewestBounces) {
		return Trip{Bounces, figures("bounces", t.Bounced, t.Mails, b.Bounces)}, true
	}
	return trip, false
}

// Sender says whether a sender's mails were refused too often.
func (b Breaker) Sender(t Told) (trip Trip, tripped bool) {
	if !exceeds(t.Refused, t.Mails, b.Refused, fewestBounces) {
		return trip, false
	}
	return Trip{Refused, figures("refused with "+t.Code, t.Refused, t.Mails, b.Refused)}, true
}

// Worth reports whether there is so much that a limit may have been passed; when it is not, nobody need count further.
func (b Breaker) Worth(t Told) bool {
	return b.Complaints > 0 && t.Complained >= fewestComplaints || b.Bounces > 0 && t.Bounced >= fewestBounces || b.Refused > 0 && t.Refused >= fewestBounces
}

func exceeds(events, of int64, limit float64, fewest int64) bool {
	return limit > 0 && events >= fewest && of >= FewestMails && float64(events) > limit*float64(of)
}

func figures(what string, events, of int64, limit float64) string {
	return fmt.Sprintf("%s: %d of %d mails (%s) within %d hours, above the limit of %s", what, events, of, percent(float64(events)/float64(of)), BreakerWindow/time.Hour, percent(limit))
}

// Since is from when on a breaker counts: what somebody has seen and decided about counts no more. Counts are of slots of time, and the
// one in which they decided has what they saw in it.
func Since(now, decided time.Time, slot time.Duration) time.Time {
	since := now.Add(-BreakerWindow)
	if from := decided.Truncate(slot); !decided.IsZero() && !from.Before(since) {
		since = from.Add(slot)
	}
	return since
}

// Seen is a variant, and how many saw it of all who were mailed and of those whose mail came back.
type Seen struct {
	Name        string // block/variant
	Mails, Back int64
}

// StandsOut names the variant that goes most with what came back, beside how many were mailed it; "" when chance explains all.
func StandsOut(variants []Seen, mails, back int64, what string) string {
	var worst *Seen
	most := 0.0
	for i := range variants {
		v := &variants[i]
		expected := float64(back) * float64(v.Mails) / float64(max(mails, 1))
		// Two standard deviations of a count.
		if excess := float64(v.Back) - expected; excess > most && excess > 2*math.Sqrt(max(expected, 1)) {
			worst, most = v, excess
		}
	}
	if worst == nil {
		return ""
	}
	return fmt.Sprintf("%s was in %d of the %d mails with %s (%s), and in %s of all", worst.Name, worst.Back, back, what, percent(float64(worst.Back)/float64(back)), percent(float64(worst.Mails)/float64(mails)))
}
