package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"germane/audience"
	"germane/store"
	"germane/workspace"
)

// dossier is all that is known about somebody, as `people show --json` prints it.
type dossier struct {
	Person       *audience.Person   `json:"person"`
	Consent      []consentEntry     `json:"consent_log"`
	Suppressions []suppressionEntry `json:"suppressions"`
	Deliveries   []deliveryEntry    `json:"deliveries"`
	Events       []eventEntry       `json:"events"`
}

type consentEntry struct {
	Topic  string    `json:"topic"`
	State  string    `json:"state"`
	Basis  string    `json:"basis,omitempty"`
	Source string    `json:"source,omitempty"`
	At     time.Time `json:"at"`
}

type suppressionEntry struct {
	Reason string    `json:"reason"`
	Detail string    `json:"detail,omitempty"`
	At     time.Time `json:"at"`
}

type deliveryEntry struct {
	Run      int64        `json:"run"`
	Campaign string       `json:"campaign"`
	State    string       `json:"state"`
	Reason   string       `json:"reason,omitempty"`
	At       time.Time    `json:"at"`
	Provider string       `json:"provider_id,omitempty"`
	Choices  []pastChoice `json:"choices"`
}

type eventEntry struct {
	Kind    string    `json:"kind"`
	Name    string    `json:"name,omitempty"`
	Block   string    `json:"block,omitempty"`
	Variant string    `json:"variant,omitempty"`
	Run     int64     `json:"run,omitempty"`
	Label   string    `json:"label,omitempty"` // why it may be a machine's doing
	At      time.Time `json:"at"`
}

func newEventEntry(e *store.Event) eventEntry {
	return eventEntry{e.Kind, e.Name, e.Block, e.Variant, e.Run, e.Label, e.At}
}

// sentence is an event on one line.
func (e *eventEntry) sentence() string {
	machine := ""
	if e.Label != "" {
		machine = " (perhaps a machine: " + e.Label + ")"
	}
	return minute(e.At) + "  " + e.Kind + because(" ", e.Name) + because(" ", e.Block) + because("/", e.Variant) + machine
}

func newPeopleShow(sys *system, o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "show EMAIL",
		Short: "Say all that is known about a person: consent and its basis, what they got and did",
		Example: `  germane people show ann@mail.example
  germane people show u17 --json`,
		Args: arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return withDatabase(c.Context(), sys, o, func(_ *workspace.Workspace, s store.Database) error {
				p, err := findPerson(c.Context(), s, args[0])
				if err != nil {
					return err
				}
				d, err := newDossier(c.Context(), s, p)
				if err != nil {
					return err
				}
				if o.json {
					return printJSON(sys.stdout, d)
				}
				return d.print(sys.stdout)
			})
		},
	}
}

// recentEvents is how many events are shown.
const recentEvents = 100

func newDossier(ctx context.Context, s store.Store, p *store.Person) (*dossier, error) {
	public, err := p.Person()
	if err != nil {
		return nil, err
	}
	d := &dossier{Person: public, Consent: []consentEntry{}, Suppressions: []suppressionEntry{}, Deliveries: []deliveryEntry{}, Events: []eventEntry{}}
	log, err := s.ConsentLog(ctx, p.Number)
	if err != nil {
		return nil, err
	}
	for _, l := range log {
		d.Consent = append(d.Consent, consentEntry{l.Topic, l.State.String(), l.Basis, l.Source, l.At})
	}
	suppressions, err := s.SuppressionsOf(ctx, p.Email)
	if err != nil {
		return nil, err
	}
	for _, x := range suppressions {
		d.Suppressions = append(d.Suppressions, suppressionEntry{string(x.Reason), x.Detail, x.At})
	}
	deliveries, err := s.DeliveriesTo(ctx, p.Number)
	if err != nil {
		return nil, err
	}
	for _, x := range deliveries {
		variants, err := s.RunVariants(ctx, x.Run)
		if err != nil {
			return nil, err
		}
		choices, err := namedChoices(variants, x)
		if err != nil {
			return nil, err
		}
		d.Deliveries = append(d.Deliveries, deliveryEntry{x.Run, x.Campaign, x.State.String(), x.Reason, x.Claimed, x.Provider, choices})
	}
	events, err := s.EventsOf(ctx, p.Number, recentEvents)
	for _, x := range events {
		d.Events = append(d.Events, newEventEntry(&x))
	}
	return d, err
}

func (d *dossier) print(out io.Writer) error {
	if err := printJSON(out, d.Person); err != nil {
		return err
	}
	heading := func(text string, n int) {
		if n > 0 {
			fmt.Fprintf(out, "\n%s\n", text)
		}
	}
	heading("Consent, oldest first:", len(d.Consent))
	for _, c := range d.Consent {
		fmt.Fprintf(out, "  %s  %s: %s%s%s\n", minute(c.At), c.Topic, c.State, because(", because: ", c.Basis), because(", through: ", c.Source))
	}
	heading("Gets no mail:", len(d.Suppressions))
	for _, x := range d.Suppressions {
		fmt.Fprintf(out, "  %s  %s%s\n", minute(x.At), x.Reason, because(": ", x.Detail))
	}
	heading("Deliveries, newest first (`germane why RUN EMAIL` says more):", len(d.Deliveries))
	for _, x := range d.Deliveries {
		fmt.Fprintf(out, "  %s  %s, run %d: %s%s\n", minute(x.At), x.Campaign, x.Run, x.State, because(": ", x.Reason))
		for _, c := range x.Choices {
			fmt.Fprintf(out, "      %s: %s, because %s\n", c.Block, c.Variant, c.because())
		}
	}
	heading("What they did, newest first:", len(d.Events))
	for _, x := range d.Events {
		fmt.Fprintf(out, "  %s\n", x.sentence())
	}
	return nil
}

// because writes what stands before a text only if there is one.
func because(before, text string) string {
	if text == "" {
		return ""
	}
	return before + text
}

func minute(at time.Time) string { return at.UTC().Format("2006-01-02 15:04") }
