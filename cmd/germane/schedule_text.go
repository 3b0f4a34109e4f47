package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"germane/schedule"
)

const dayForm, timeForm = "Mon 2006-01-02", "Mon 2006-01-02 15:04"

// text prints the agenda for people.
func (a *agenda) text(ctx context.Context, sys *system) error {
	zone := a.workspace.Config.TimeZone
	var out strings.Builder
	fmt.Fprintf(&out, "From %s to %s (%s)\n", a.from.In(zone).Format(timeForm), a.to.In(zone).Format(timeForm), zone)
	for _, c := range a.campaigns {
		fmt.Fprintf(&out, "\n%s: %s\n", c.Name, a.when(c.Campaign))
		a.occurrences(&out, c)
	}
	out.WriteString(a.silent())
	if _, err := io.WriteString(sys.stdout, out.String()); err != nil {
		return err
	}
	if err := a.twice(ctx, sys.stdout); err != nil {
		return err
	}
	if len(a.campaigns) == 0 {
		fmt.Fprintln(sys.stderr, "No campaign comes due: write state: live in a file of campaigns/.")
	}
	return nil
}

// when says on whose clock a campaign comes due.
func (a *agenda) when(c *schedule.Campaign) string {
	d := c.Cadence
	switch {
	case d.Recipient && len(a.people) == 0:
		return d.Text + " on each person's own clock; nobody is imported yet, so this is " + a.zones[0].String()
	case d.Recipient:
		return d.Text + " on each person's own clock"
	case d.Zone != nil:
		return d.Text + " in " + d.Zone.String()
	}
	return d.Text + " in " + a.workspace.Config.TimeZone.String()
}

// occurrences prints one line each, with the zones it goes through and what clocks do to it.
func (a *agenda) occurrences(out io.Writer, c *comingDue) {
	if len(c.occurrences) == 0 {
		fmt.Fprintln(out, "  not due in this time")
	}
	moments := c.moments
	for i := range c.occurrences {
		o := &c.occurrences[i]
		n := 0
		for n < len(moments) && moments[n].occurrence.Key == o.Key {
			n++
		}
		fmt.Fprintf(out, "  %s  %s\n", o.Local.Format(timeForm), throughZones(moments[:n]))
		for _, note := range clockNotes(o, moments[:n]) {
			fmt.Fprintf(out, "    %s\n", note)
		}
		moments = moments[n:]
	}
}

// throughZones says when an occurrence is due: "09:00 UTC", or from the first zone to the last.
func throughZones(moments []dueMoment) string {
	first, last := moments[0], moments[0]
	for _, m := range moments {
		if m.due.Before(first.due) {
			first = m
		}
		if m.due.After(last.due) {
			last = m
		}
	}
	if len(moments) == 1 {
		return fmt.Sprintf("%s (%s UTC)", first.zone, first.due.UTC().Format(timeForm))
	}
	return fmt.Sprintf("%d zones, from %s (%s UTC) to %s (%s UTC)", len(moments), first.zone, first.due.UTC().Format(timeForm), last.zone, last.due.UTC().Format(timeForm))
}

// clockNotes says in which zones clocks are put forward or back over an occurrence.
func clockNotes(o *schedule.Occurrence, moments []dueMoment) []string {
	var notes []string
	zones := map[string][]string{}
	for _, m := range moments {
		clock, note := o.Local.Format("15:04"), ""
		switch schedule.ChangeAt(o.Local, m.zone) {
		case schedule.NotThere:
			note = fmt.Sprintf("%s does not exist on %s in %%s: sent at %s", clock, o.Local.Format(dayForm), m.due.In(m.zone).Format("15:04"))
			if sent := m.due.In(m.zone); sent.Day() != o.Local.Day() {
				note = fmt.Sprintf("%s does not exist on %s in %%s: sent on %s", clock, o.Local.Format(dayForm), sent.Format(timeForm))
			}
		case schedule.ThereTwice:
			note = fmt.Sprintf("%s comes twice on %s in %%s: sent the first time", clock, o.Local.Format(dayForm))
		default:
			continue
		}
		if !slices.Contains(notes, note) {
			notes = append(notes, note)
		}
		zones[note] = append(zones[note], m.zone.String())
	}
	for i, note := range notes {
		notes[i] = fmt.Sprintf(note, someOf(zones[note], 3))
	}
	return notes
}

// someOf lists the first names and counts the others: "a, b, c and 4 more".
func someOf(names []string, most int) string {
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// silent lists campaigns that do not come due.
func (a *agenda) silent() string {
	var out strings.Builder
	for _, c := range a.workspace.Campaigns {
		switch {
		case a.comesDue(c):
			continue
		case c.State == schedule.Live:
			fmt.Fprintf(&out, "\n%s: paused%s; `germane pause %s --resume` lets it go on\n", c.Name, because(", ", a.states[c.Name].Note), c.Name)
		default:
			fmt.Fprintf(&out, "\n%s: a draft, never due until it says state: live\n", c.Name)
		}
	}
	return out.String()
}
