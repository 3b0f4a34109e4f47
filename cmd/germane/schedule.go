package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"germane/schedule"
	"germane/store"
	"germane/workspace"
)

func newSchedule(sys *system, o *options) *cobra.Command {
	var from, to string
	c := &cobra.Command{
		Use:   "schedule",
		Short: "Show when campaigns come due",
		Long: `Show when campaigns come due in the next two weeks, or between two times, in every time zone that
people live in, and on which days somebody may get two messages within 24 hours. Only live campaigns
come due; those that are drafts or paused are named, and left out of --json.`,
		Example: `  germane schedule
  germane schedule --from 2027-03-01 --to 2027-04-01
  germane schedule --json`,
		Args: arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			w, err := loadSound(sys, o)
			if err != nil {
				return err
			}
			a := &agenda{workspace: w, now: sys.now()}
			if err := a.window(from, to); err != nil {
				return err
			}
			return a.withPeople(c.Context(), sys, o, func() error { return a.print(c.Context(), sys, o) })
		},
	}
	c.Flags().StringVar(&from, "from", "", "from when on, such as 2027-03-01 or 2027-03-01T09:00:00Z (default: now)")
	c.Flags().StringVar(&to, "to", "", "until when, that moment not included (default: two weeks later)")
	return c
}

// agenda is what comes due between two moments.
type agenda struct {
	workspace *workspace.Workspace
	now       time.Time
	from, to  time.Time
	database  store.Database                 // nil: there is none yet
	people    map[*time.Location]int64       // who lives where; empty: nobody is known
	zones     []*time.Location               // of the people, by name; the workspace's when there are none
	states    map[string]store.CampaignState // of campaigns
	campaigns []*comingDue                   // those that come due
}

// comingDue is a campaign with its occurrences.
type comingDue struct {
	*schedule.Campaign
	occurrences []schedule.Occurrence
	moments     []dueMoment
}

// dueMoment is an occurrence in one zone.
type dueMoment struct {
	occurrence *schedule.Occurrence
	zone       *time.Location
	due        time.Time
}

// window reads the two times. Dates are the workspace's.
func (a *agenda) window(from, to string) error {
	var err error
	a.from = a.now
	if from != "" {
		if a.from, err = readTime("--from", from, a.workspace.Config.TimeZone); err != nil {
			return err
		}
	}
	a.to = a.from.AddDate(0, 0, 14)
	if to != "" {
		if a.to, err = readTime("--to", to, a.workspace.Config.TimeZone); err != nil {
			return err
		}
	}
	if !a.to.After(a.from) {
		return usageError{hint(errors.New("--to is not after --from"), "write two times such as --from 2027-03-01 --to 2027-04-01")}
	}
	return nil
}

func readTime(flag, text string, zone *time.Location) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02 15:04", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return schedule.Instant(t, zone), nil
		}
	}
	return time.Time{}, usageError{hint(fmt.Errorf("%s %q is not a time", flag, text), "write 2027-03-01T09:00:00Z, 2027-03-01 09:00 or 2027-03-01")}
}

// withPeople asks the database, if there is one, where people live and which campaigns are paused, and calls f while it is open.
func (a *agenda) withPeople(ctx context.Context, sys *system, o *options, f func() error) error {
	zones := schedule.NewZones(a.workspace.Config.TimeZone)
	a.zones = []*time.Location{a.workspace.Config.TimeZone}
	if h := homeOf(o, a.workspace); !h.there() {
		if err := a.collect(); err != nil {
			return err
		}
		return f()
	}
	s, err := openDatabase(ctx, sys, o, a.workspace)
	if err != nil {
		return err
	}
	defer s.Close()
	a.database = s
	if a.states, err = s.CampaignStates(ctx); err != nil {
		return err
	}
	names, err := s.ZoneCounts(ctx)
	if err != nil {
		return err
	}
	if a.people = zones.InUse(names); len(a.people) > 0 {
		a.zones = a.zones[:0]
		for zone := range a.people {
			a.zones = append(a.zones, zone)
		}
		slices.SortFunc(a.zones, func(x, y *time.Location) int { return cmp.Compare(x.String(), y.String()) })
	}
	if err := a.collect(); err != nil {
		return err
	}
	return f()
}

// maxMoments bounds the output: a campaign of every minute in every zone of the Earth has them in an hour and a half.
const maxMoments = 50_000

// collect finds what comes due.
func (a *agenda) collect() error {
	total := 0
	for _, campaign := range a.workspace.Campaigns {
		if !a.comesDue(campaign) {
			continue
		}
		c := &comingDue{Campaign: campaign}
		a.campaigns = append(a.campaigns, c)
		table := campaign.Cadence.Timetable(a.workspace.Config.TimeZone, a.zones)
		for occurrence := range table.Between(a.from, a.to) {
			if n := c.add(&occurrence, table.Zones(), a.from, a.to); n > 0 {
				c.occurrences = append(c.occurrences, occurrence)
				total += n
			}
			if total > maxMoments {
				return usageError{hint(fmt.Errorf("there are more than %s due times", thousands(maxMoments)), "show a shorter time with --to")}
			}
		}
	}
	return nil
}

func (a *agenda) comesDue(c *schedule.Campaign) bool {
	return c.State == schedule.Live && c.Cadence != nil && !a.states[c.Name].Paused
}

// add notes the zones in which an occurrence is due in the window, and returns how many there are.
func (c *comingDue) add(o *schedule.Occurrence, zones []*time.Location, from, to time.Time) int {
	n := 0
	for _, zone := range zones {
		due := o.DueIn(zone)
		if due.Before(from) || !due.Before(to) || o.LeftOut(zone, due, due) != "" {
			continue
		}
		c.moments = append(c.moments, dueMoment{o, zone, due})
		n++
	}
	return n
}

// dueRow is the public form of `schedule --json`.
type dueRow struct {
	Campaign string `json:"campaign"`
	Zone     string `json:"zone"`
	DueLocal string `json:"due_local"` // RFC 3339, with what clocks there are ahead of UTC
	DueUTC   string `json:"due_utc"`
}

func (a *agenda) print(ctx context.Context, sys *system, o *options) error {
	if !o.json {
		return a.text(ctx, sys)
	}
	rows := []dueRow{}
	for _, c := range a.campaigns {
		for _, m := range c.moments {
			rows = append(rows, dueRow{c.Name, m.zone.String(), m.due.In(m.zone).Format(time.RFC3339), m.due.UTC().Format(time.RFC3339)})
		}
	}
	slices.SortStableFunc(rows, func(x, y dueRow) int {
		return cmp.Or(cmp.Compare(x.DueUTC, y.DueUTC), cmp.Compare(x.Campaign, y.Campaign), cmp.Compare(x.Zone, y.Zone))
	})
	return printJSON(sys.stdout, rows)
}
