package main

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"germane/store"
	"germane/workspace"
)

// arming is the public form of `arm --json`.
type arming struct {
	Armed    bool      `json:"armed"`
	At       time.Time `json:"at"`
	Delivery string    `json:"delivery"`
	Senders  []string  `json:"senders"`
	People   int64     `json:"people"`
	Warnings []string  `json:"warnings"`
}

func newArm(sys *system, o *options) *cobra.Command {
	var off, yes bool
	var note string
	c := &cobra.Command{
		Use:   "arm",
		Short: "Allow mail to real people",
		Long: `Allow mail to real people. Until a database is armed, only the addresses that allow_recipients in
germane.yaml names are mailed, so that a copy of a workspace mails nobody by accident. Deliveries that
stay on this machine need no arming.`,
		Example: "  germane arm\n  germane arm --yes --note 'first real campaign, Kim'\n  germane arm --off",
		Args:    arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			return withDatabase(c.Context(), sys, o, func(w *workspace.Workspace, s store.Database) error {
				a, err := newArming(c.Context(), w, s)
				if err != nil {
					return err
				}
				a.At = sys.now().UTC().Truncate(time.Millisecond)
				if a.Armed = !off; a.Armed {
					a.print(sys)
					if err := sys.confirm(c.Context(), yes, "Allow mail to all of them?"); err != nil {
						return err
					}
				}
				if err := s.Turn(c.Context(), store.SwitchArmed, store.Switch{On: a.Armed, At: a.At, Note: cmp.Or(note, "command line")}); err != nil {
					return err
				}
				if o.json {
					return printJSON(sys.stdout, a)
				}
				_, err = fmt.Fprintln(sys.stderr, a.done(w))
				return err
			})
		},
	}
	c.Flags().BoolVar(&off, "off", false, "mail only allow_recipients again")
	c.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	c.Flags().StringVar(&note, "note", "", "who or why, for whoever asks later")
	return c
}

func newArming(ctx context.Context, w *workspace.Workspace, s store.Store) (*arming, error) {
	census, err := s.Census(ctx)
	if err != nil {
		return nil, err
	}
	address, err := deliveryAddress(w)
	a := &arming{Delivery: address.String(), People: census.People, Warnings: []string{}}
	if err != nil {
		a.Delivery = "nothing"
		a.Warnings = append(a.Warnings, err.Error())
	} else if address.Loopback() {
		a.Warnings = append(a.Warnings, "this delivery stays on the machine and needs no arming; it will hold for the next one")
	}
	for _, sender := range w.Config.Senders {
		a.Senders = append(a.Senders, fmt.Sprintf("%s <%s>", sender.DisplayName, sender.Email))
	}
	switch u := w.Config.PublicURL; {
	case u == nil:
		a.Warnings = append(a.Warnings, "there is no public_url, so that nobody can unsubscribe and no link is counted: set it in germane.yaml")
	case u.Scheme != "https":
		a.Warnings = append(a.Warnings, "public_url is "+u.String()+": people need an https address that reaches this server")
	}
	return a, nil
}

func (a *arming) print(sys *system) {
	for i, sender := range a.Senders {
		label := "from"
		if i > 0 {
			label = "and"
		}
		fmt.Fprintf(sys.stderr, "%-8s  %s\n", label, sender)
	}
	fmt.Fprintf(sys.stderr, "%-8s  %s\n%-8s  %s\n", "through", a.Delivery, "people", thousands(int(a.People)))
	for _, warning := range a.Warnings {
		fmt.Fprintf(sys.stderr, "germane: warning: %s\n", warning)
	}
}

func (a *arming) done(w *workspace.Workspace) string {
	switch {
	case a.Armed:
		return "Armed: mail goes to real people. `germane stop` halts everything at once."
	case len(w.Config.AllowRecipients) == 0:
		return "Not armed: nobody is mailed, as germane.yaml names no allow_recipients."
	}
	return "Not armed: only allow_recipients of germane.yaml are mailed."
}
