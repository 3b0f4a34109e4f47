package worker

import (
	"context"
	"fmt"
	"sync"
	"time"

	"germane/schedule"
	"germane/store"
)

// lastCall is how long before midnight nothing more is claimed: what is in flight then would count for the next day.
const lastCall = time.Minute

// warming knows of each sender that is still getting known what this worker may send today. A sender is the way out with the domain of
// an address that mails are from: both are what receivers know somebody by.
type warming struct {
	w       *Worker
	mu      sync.Mutex
	senders map[string]*sendersDay // by domain
}

// sendersDay is a sender's day, as far as this worker has it.
type sendersDay struct {
	w    *Worker
	name string // in the store

	mu   sync.Mutex
	day  schedule.Day
	free bool                          // the day has no limit
	left int64                         // granted, and not used
	hold store.Hold                    // nothing is claimed until then
	next func(due time.Time) time.Time // when what is due at a time goes on, while there is a hold
}

// of returns the day of whoever sends mails from a domain; nil: nothing limits them.
func (u *warming) of(domain string) *sendersDay {
	if u.w.WarmUp == nil {
		return nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	d := u.senders[domain]
	if d == nil {
		d = &sendersDay{w: u.w, name: senderName(u.w.WayOut, domain), day: -1}
		u.senders[domain] = d
	}
	return d
}

func senderName(wayOut, domain string) string { return wayOut + " " + domain }

// settle gives back what was granted and will not be used for now.
func (u *warming) settle(ctx context.Context) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, d := range u.senders {
		if err := d.settle(ctx); err != nil {
			u.w.Log.Warn("mails of the day are lost", "sender", d.name, "err", err)
		}
	}
}

// take takes one mail of the day. Without any left there is a hold.
func (d *sendersDay) take(ctx context.Context) (day schedule.Day, ok bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.w.Now()
	if d.held(now) {
		return d.day, false, nil
	}
	if today := schedule.DayOf(now, d.w.Zone); today != d.day {
		d.day, d.free, d.left = today, false, 0
	}
	midnight := (d.day + 1).Begins(d.w.Zone)
	switch {
	case d.free:
		return d.day, true, nil
	case !now.Before(midnight.Add(-lastCall)):
		d.wait(midnight, "warm-up: the day ends", func(due time.Time) time.Time { return later(due, midnight) })
		return d.day, false, nil
	case d.left == 0:
		err = d.grant(ctx, midnight)
	}
	if d.left > 0 {
		d.left--
		return d.day, true, err
	}
	return d.day, d.free, err
}

// grant takes some of the day's mails, for all workers of the sender.
func (d *sendersDay) grant(ctx context.Context, midnight time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	var most int64
	mails, err := d.w.Store.GrantMails(ctx, d.name, int64(d.day), func(nth int, granted int64) int64 {
		if most = d.w.WarmUp.Most(nth); most == schedule.NoLimit {
			return 0
		}
		return d.w.WarmUp.Grant(nth, granted)
	})
	if err != nil {
		return err
	}
	d.left, d.free = mails, most == schedule.NoLimit
	if mails == 0 && !d.free {
		why := fmt.Sprintf("warm-up: the %d mails of %s are used up", most, midnight.Add(-time.Second).In(d.w.Zone).Format(time.DateOnly))
		d.wait(midnight, why, d.tomorrow(d.day+1))
	}
	return nil
}

// tomorrow has what was due go on the next day at the same hour: who chose a morning did not mean midnight. What was due in a day's last
// minute, in which nothing is claimed, goes on at its beginning.
func (d *sendersDay) tomorrow(tomorrow schedule.Day) func(due time.Time) time.Time {
	begins, ends := tomorrow.Begins(d.w.Zone), (tomorrow + 1).Begins(d.w.Zone)
	return func(due time.Time) time.Time {
		switch at := tomorrow.At(due, d.w.Zone); {
		case !due.Before(begins):
			return due
		case at.Before(ends.Add(-lastCall)):
			return at
		}
		return begins
	}
}

func (d *sendersDay) wait(until time.Time, why string, next func(due time.Time) time.Time) {
	d.hold, d.next = store.Hold{Why: why, Until: until}, next
}

func (d *sendersDay) held(now time.Time) bool { return now.Before(d.hold.Until) }

// giveBack takes back a mail of a day that was not sent after all.
func (d *sendersDay) giveBack(day schedule.Day) {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if day == d.day && !d.free {
		d.left++
	}
}

func (d *sendersDay) settle(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	left := d.left
	if d.left = 0; left == 0 || d.free {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, stepTime)
	defer cancel()
	return d.w.Store.ReturnMails(ctx, d.name, int64(d.day), left)
}

// holds puts off a run while the sender may send nothing. It returns until when its chunk waits; zero: it does not.
func (d *sendersDay) holds(ctx context.Context, content *Content, run *store.Run, chunk *store.Chunk) (time.Time, error) {
	if d == nil {
		return time.Time{}, nil
	}
	d.mu.Lock()
	hold, next, held := d.hold, d.next, d.held(d.w.Now())
	d.mu.Unlock()
	if !held {
		return time.Time{}, nil
	}
	if hold.Until = next(run.Due); run.Held != hold {
		d.w.Log.Info("run waits: "+hold.Why, "campaign", run.Campaign, "run", run.ID, "until", hold.Until.In(d.w.Zone).Format(time.RFC3339))
	}
	until := func(c *store.Chunk) time.Time { return later(next(dueOf(content, run, c)), c.NotBefore) }
	return until(chunk), d.w.Store.HoldRun(ctx, run.ID, hold, func(c *store.Chunk) time.Time { return d.w.theirs(until(c)) })
}

// why says which sender waits; "" when none does.
func (u *warming) why(now time.Time) string {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, d := range u.senders {
		d.mu.Lock()
		hold, held := d.hold, d.held(now)
		d.mu.Unlock()
		if held {
			return fmt.Sprintf("%s, until %s", hold.Why, hold.Until.In(u.w.Zone).Format("2006-01-02 15:04 MST"))
		}
	}
	return ""
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Spread is over which days warming up spreads mails.
type Spread struct {
	Mails       int64 // of them that go today
	Today, Last schedule.Day
}

// NewSpread finds out when so many mails of a campaign would go by a way out, as far as others leave them their day.
func NewSpread(ctx context.Context, s store.Senders, wayOut string, c *Content, mails int64, now time.Time) (*Spread, error) {
	config := c.Workspace.Config
	today := schedule.DayOf(now, config.TimeZone)
	nth, granted, err := s.GrantedMails(ctx, senderName(wayOut, c.domain), int64(today))
	if err != nil {
		return nil, err
	}
	last := config.WarmUp.Last(mails, nth, granted)
	return &Spread{Mails: min(mails, max(config.WarmUp.Most(nth)-granted, 0)), Today: today, Last: today + schedule.Day(last-nth)}, nil
}

// LastDate is the last of the days.
func (s *Spread) LastDate() string { return s.Last.Begins(time.UTC).Format(time.DateOnly) }
