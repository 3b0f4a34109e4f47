package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"germane/store"
	"germane/workspace"
)

// quarantineEntry is somebody who is kept back because of a domain.
type quarantineEntry struct {
	Person string    `json:"person"` // id; "" when there is nobody with the address any more
	Email  string    `json:"email"`
	Domain string    `json:"domain"`
	Detail string    `json:"detail"`
	At     time.Time `json:"at"`
}

func newPeopleQuarantine(sys *system, o *options) *cobra.Command {
	var release, suppress bool
	c := &cobra.Command{
		Use:   "quarantine [DOMAIN]",
		Short: "Decide about bounces that may be a domain's fault",
		Long: `List the people whose mail bounced for good while more than 5% of their domain's mail did, within an
hour: that says more of the domain than of their mailboxes. They get no mail until somebody decides.

--release   the domain was in trouble: they get mail again
--suppress  the mailboxes are gone: they stay suppressed as bounced`,
		Example: `  germane people quarantine
  germane people quarantine mail.example
  germane people quarantine mail.example --release`,
		Args: arguments(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			domain := ""
			if len(args) > 0 {
				domain = args[0]
			}
			switch {
			case release && suppress:
				return usageError{hint(errors.New("--release and --suppress are opposites"), "write one of them")}
			case (release || suppress) && domain == "":
				return usageError{hint(errors.New("it does not say which domain is meant"), "`germane people quarantine` lists them")}
			}
			return withDatabase(c.Context(), sys, o, func(_ *workspace.Workspace, s store.Database) error {
				if release || suppress {
					return endQuarantine(c.Context(), sys, s, domain, release)
				}
				return listQuarantine(c.Context(), sys, o, s, domain)
			})
		},
	}
	c.Flags().BoolVar(&release, "release", false, "let them get mail again")
	c.Flags().BoolVar(&suppress, "suppress", false, "keep them suppressed for good")
	return c
}

func endQuarantine(ctx context.Context, sys *system, s store.Database, domain string, release bool) error {
	n, err := s.EndQuarantine(ctx, domain, release)
	if err != nil {
		return err
	}
	if n == 0 {
		return hint(fmt.Errorf("nobody is kept back because of %s", domain), "`germane people quarantine` lists the domains")
	}
	if release {
		_, err = fmt.Fprintf(sys.stderr, "%s at %s may get mail again.\n", plural(int(n), "person", "people"), domain)
	} else {
		_, err = fmt.Fprintf(sys.stderr, "%s suppressed.\n", plural(int(n), "person at "+domain+" stays", "people at "+domain+" stay"))
	}
	return err
}

func listQuarantine(ctx context.Context, sys *system, o *options, s store.Database, domain string) error {
	kept, err := s.Quarantined(ctx, domain)
	if err != nil {
		return err
	}
	if domain == "" && !o.json {
		return listDomains(sys, kept)
	}
	entries := make([]quarantineEntry, 0, len(kept))
	for i := range kept {
		q := &kept[i]
		e := quarantineEntry{Domain: q.Domain, Detail: q.Detail, At: q.At.UTC()}
		p, err := s.PersonByNumber(ctx, q.Person)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err == nil {
			e.Person, e.Email = p.ID, p.Email
		}
		entries = append(entries, e)
	}
	if o.json {
		return printJSON(sys.stdout, entries)
	}
	table := tabwriter.NewWriter(sys.stdout, 0, 0, 2, ' ', 0)
	for i := range entries {
		e := &entries[i]
		fmt.Fprintf(table, "%s UTC\t%s\t%s\t%s\n", minute(e.At), e.Person, e.Email, e.Detail)
	}
	if len(entries) == 0 {
		fmt.Fprintf(sys.stderr, "Nobody is kept back because of %s.\n", domain)
	}
	return table.Flush()
}

// listDomains says how many people are kept back because of each domain, and since when.
func listDomains(sys *system, kept []store.Quarantine) error {
	if len(kept) == 0 {
		_, err := fmt.Fprintln(sys.stderr, "Nobody is kept back.")
		return err
	}
	table := tabwriter.NewWriter(sys.stdout, 0, 0, 2, ' ', 0)
	for from, to := 0, 0; from < len(kept); from = to {
		for to = from; to < len(kept) && kept[to].Domain == kept[from].Domain; to++ {
		}
		fmt.Fprintf(table, "%s\t%s\tsince %s UTC\n", kept[from].Domain, plural(to-from, "person", "people"), minute(kept[from].At))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(sys.stderr, "germane people quarantine DOMAIN names them; --release lets them get mail again, --suppress keeps them suppressed.")
	return err
}
