package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"germane/audience"
	"germane/send"
	"germane/store"
	"germane/workspace"
)

// forgotten is the public form of `people forget --json`.
type forgotten struct {
	Person  bool `json:"person"`        // attributes, consent and events
	Mails   int  `json:"outbox_mails"`  // .eml files
	Rejects int  `json:"rejects_lines"` // lines of files of rejected rows
}

func newPeopleForget(sys *system, o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "forget EMAIL",
		Short: "Erase a person",
		Long: `Erase a person: attributes, consent, events, mails to them in the outbox, and lines about them in
files of rejected rows. A keyed hash of the address stays, so that no import brings them back; deliveries
stay, without anything that says whose they were. Files that you imported from are yours to clean.`,
		Example: "  germane people forget ann@mail.example",
		Args:    arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return withDatabase(c.Context(), sys, o, func(w *workspace.Workspace, s store.Database) error {
				var done forgotten
				if err := done.forget(c.Context(), sys, o, w, s, args[0]); err != nil {
					return err
				}
				if o.json {
					return printJSON(sys.stdout, done)
				}
				_, err := fmt.Fprintf(sys.stderr, "%s is erased: %s.\n", args[0], done.String())
				return err
			})
		},
	}
}

// forget erases the person and what lies about in files. Files are cleaned even when the person is not there any more, so that the
// command can be run again.
func (f *forgotten) forget(ctx context.Context, sys *system, o *options, w *workspace.Workspace, s store.Database, who string) error {
	p, missing := findPerson(ctx, s, who)
	if missing != nil && !errors.Is(missing, store.ErrNotFound) {
		return missing
	}
	email, id := who, ""
	if p != nil {
		email, id, f.Person = p.Email, p.ID, true
		if err := s.Forget(ctx, p.Email, sys.now()); err != nil {
			return err
		}
	} else if mailed, problem := audience.MailableAddress(who); problem == "" {
		email = mailed
	}
	err := f.clean(o, w, email, id)
	switch {
	case err != nil:
		return hint(err, "correct that, and run the command again")
	case *f == forgotten{}:
		return missing
	}
	return nil
}

func (f *forgotten) clean(o *options, w *workspace.Workspace, email, id string) (err error) {
	if strings.Contains(email, "@") {
		folder := "outbox" // what a new workspace delivers to
		if w.Config.Delivery.Scheme == "outbox" {
			folder = w.Config.Delivery.Folder
		}
		f.Mails, err = send.ForgetOutbox(below(o.dir, folder), email)
	}
	lines, problem := forgetRejects(rejectsIndex(homeOf(o, w).Beside), email, id)
	f.Rejects = lines
	return errors.Join(err, problem)
}

func (f *forgotten) String() string {
	var parts []string
	if f.Person {
		parts = append(parts, "attributes, consent and events")
	}
	if f.Mails > 0 {
		parts = append(parts, plural(f.Mails, "mail", "mails")+" in the outbox")
	}
	if f.Rejects > 0 {
		parts = append(parts, plural(f.Rejects, "line", "lines")+" about rejected rows")
	}
	return strings.Join(parts, "; ")
}
