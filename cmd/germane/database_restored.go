package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

func newDatabase(sys *system, o *options) *cobra.Command {
	c := &cobra.Command{
		Use:   "db",
		Short: "Look after the database",
		Example: `  germane db copy --from germane.db --to postgres://germane@db.acme.example/germane
  germane db restored --since 2027-03-01T09:00:00Z`,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			return unknownCommand(c, args[0])
		},
		Args: cobra.ArbitraryArgs,
	}
	c.AddCommand(newDatabaseCopy(sys, o), newDatabaseRestored(sys, o))
	return c
}

// restored is the public form of `db restored --json`.
type restored struct {
	Runs        int64 `json:"runs_closed"`
	Withdrawals int64 `json:"withdrawals_repeated"`
}

func newDatabaseRestored(sys *system, o *options) *cobra.Command {
	var since string
	var journals []string
	c := &cobra.Command{
		Use:   "restored",
		Short: "Make a database that was restored from a backup fit to send again",
		Long: `Make a database that was restored from a backup fit to send again. What was sent after the backup
is not in it, so its open runs are closed, as are those made after it, of which it knows nothing: what
they had claimed is in doubt, and no occurrence is sent again.
Whoever withdrew, was suppressed or was erased since is so again, from the journal beside the database. What was
stopped or held since is not known: the database is not armed any more.

Where many machines use one, each keeps a journal of what it did itself, in the folder .germane: gather
them, and name the others.`,
		Example: `  germane db restored --since 2027-03-01T09:00:00Z
  germane db restored --since 2027-03-01T09:00:00Z --journal other/germane-withdrawals`,
		Args: arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			at, err := time.Parse(time.RFC3339, since)
			if err != nil {
				problem := errors.New("--since does not say when the backup was made")
				if since != "" {
					problem = fmt.Errorf("--since %q is not a time of day on a date, with its zone", since)
				}
				return usageError{hint(problem, "write --since 2027-03-01T09:00:00Z, or an earlier time when you are not sure")}
			}
			if at.After(sys.now()) {
				return usageError{hint(fmt.Errorf("--since %s is yet to come", since), "write the time of the backup")}
			}
			done, err := repair(c, sys, o, at, journals)
			if err != nil {
				return err
			}
			if o.json {
				return printJSON(sys.stdout, done)
			}
			_, err = fmt.Fprintf(sys.stderr, "%s closed, %s in force again.\nFor real delivery see what was stopped or held since the backup, then: germane arm\n",
				plural(int(done.Runs), "run is", "runs are"), plural(int(done.Withdrawals), "withdrawal or suppression is", "withdrawals and suppressions are"))
			return err
		},
	}
	c.Flags().StringVar(&since, "since", "", "when the backup was made, such as 2027-03-01T09:00:00Z; earlier does no harm")
	c.Flags().StringArrayVar(&journals, "journal", nil, "another machine's journal, a file whose name ends in -withdrawals; may be repeated")
	return c
}

func repair(c *cobra.Command, sys *system, o *options, since time.Time, journals []string) (*restored, error) {
	w, err := loadConfigured(sys, o)
	if err != nil {
		return nil, err
	}
	s, err := openDatabaseTo(c.Context(), sys, o, w, opening{restored: true})
	if err != nil {
		return nil, err
	}
	done := &restored{}
	done.Runs, done.Withdrawals, err = s.Restored(c.Context(), since, sys.now(), journals...)
	return done, errors.Join(err, s.Close())
}
