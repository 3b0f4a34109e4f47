package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"germane/audience"
	"germane/schedule"
	"germane/store"
)

// twice prints which campaigns come due within a day of each other, and how many people are in both.
func (a *agenda) twice(ctx context.Context, out io.Writer) error {
	clashes := a.clashes()
	if len(clashes) == 0 {
		return nil
	}
	counts := make([]int64, len(clashes))
	if a.database != nil && len(a.people) > 0 {
		if err := a.countBoth(ctx, clashes, counts); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintf(out, "\nTwice within 24 hours, before caps and holdouts:\n"); err != nil {
		return err
	}
	for i, c := range clashes {
		names, people := c.a.Name+" and "+c.b.Name, "people in both audiences: not known before an import"
		if c.a == c.b {
			names, people = c.a.Name+" itself", "its audience: not known before an import"
		}
		if len(a.people) > 0 {
			people = plural(int(counts[i]), "person", "people")
		}
		var days []string
		for _, day := range c.days {
			days = append(days, day.Format(dayForm))
		}
		if _, err := fmt.Fprintf(out, "  %s: %s (%s)\n", names, someOf(days, 3), people); err != nil {
			return err
		}
	}
	return nil
}

// clash is two campaigns that come due within a day of each other somewhere, or one that does so twice.
type clash struct {
	a, b *comingDue
	days []time.Time // local days on which the earlier one is due
}

// clashes compares every two campaigns in every zone.
func (a *agenda) clashes() []clash {
	var found []clash
	for i, x := range a.campaigns {
		for _, y := range a.campaigns[i:] {
			if days := a.clashDays(x, y); len(days) > 0 {
				found = append(found, clash{x, y, days})
			}
		}
	}
	return found
}

func (a *agenda) clashDays(x, y *comingDue) []time.Time {
	var days []time.Time
	near := 0 // the first of y that may still be within a day
	for i := range x.occurrences {
		o := &x.occurrences[i]
		day := o.Local.Truncate(24 * time.Hour)
		if n := len(days); n > 0 && days[n-1].Equal(day) {
			continue
		}
		for near < len(y.occurrences) && y.occurrences[near].Latest.Before(o.Earliest.Add(-24*time.Hour)) {
			near++
		}
		for j := near; j < len(y.occurrences) && y.occurrences[j].Earliest.Before(o.Latest.Add(24*time.Hour)); j++ {
			if (x != y || i != j) && withinADay(o, &y.occurrences[j], a.zones) {
				days = append(days, day)
				break
			}
		}
	}
	return days
}

// withinADay reports whether somebody in one of the zones gets both within 24 hours.
func withinADay(o, other *schedule.Occurrence, zones []*time.Location) bool {
	return slices.ContainsFunc(zones, func(zone *time.Location) bool {
		return o.DueIn(zone).Sub(other.DueIn(zone)).Abs() < 24*time.Hour
	})
}

// countBoth counts for each clash the people whom both campaigns would mail today. It goes through everybody once.
func (a *agenda) countBoth(ctx context.Context, clashes []clash, counts []int64) error {
	selection := audience.NewSelection()
	member, in := map[*comingDue]audience.Predicate{}, map[*comingDue]bool{}
	for _, c := range clashes {
		for _, campaign := range []*comingDue{c.a, c.b} {
			if member[campaign] == nil {
				member[campaign] = campaign.Rule.Compile(selection)
			}
		}
	}
	var decoded audience.Decoded
	for p, err := range a.database.EachPerson(ctx, store.Everybody) {
		if err == nil {
			err = selection.Decode(&p.Stored, a.now.UnixMilli(), &decoded)
		}
		if err != nil {
			return fmt.Errorf("count who gets two: %w", err)
		}
		for campaign, is := range member {
			in[campaign] = !p.Suppressed && subscribed(p, campaign.Topic.S) && is(&decoded) == audience.True
		}
		for i, c := range clashes {
			if in[c.a] && in[c.b] {
				counts[i]++
			}
		}
	}
	return nil
}

func subscribed(p *store.Person, topic string) bool {
	for _, consent := range p.Topics {
		if consent.Topic == topic {
			return consent.State == audience.ConsentSubscribed
		}
	}
	return false
}
