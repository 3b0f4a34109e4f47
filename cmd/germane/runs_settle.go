package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"germane/store"
)

func newRunsSettle(sys *system, o *options) *cobra.Command {
	var as, person string
	c := &cobra.Command{
		Use:   "settle RUN",
		Short: "Say what became of mails in doubt",
		Long: `Say what became of mails in doubt: the provider was asked, and no answer came, or the machine was
lost meanwhile. Nobody is mailed by this. Look them up at the provider first: the last column of
germane runs RUN --who in-doubt stands in the Message-ID of each mail.

as sent    they count as mailed, for caps and in reports
as failed  their place under the caps is free again, and reports leave them out; this run does not
           try them again`,
		Example: `  germane runs 12 --who in-doubt
  germane runs settle 12 --as sent
  germane runs settle 12 --as failed --person ann@mail.example`,
		Args: arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			state, ok := map[string]store.DeliveryState{"sent": store.Sent, "failed": store.Failed}[as]
			if !ok {
				return usageError{hint(fmt.Errorf("--as %q is neither sent nor failed", as), "write --as sent, or --as failed")}
			}
			return changeRun(c, sys, o, args, func(ctx context.Context, x *runChange) error {
				if person != "" {
					return settleOne(ctx, x, state, person)
				}
				return settleAll(ctx, x, state)
			})
		},
	}
	c.Flags().StringVar(&as, "as", "", "sent or failed")
	c.Flags().StringVar(&person, "person", "", "only the mail to this address or id")
	return c
}

func settleAll(ctx context.Context, x *runChange, as store.DeliveryState) error {
	if x.run.InDoubt == 0 {
		x.say("Nothing in run %d is in doubt.", x.run.ID)
		return nil
	}
	n, err := x.s.SettleRun(ctx, x.run.ID, as, reasonSettled, x.sys.now())
	if err != nil {
		return err
	}
	return settled(ctx, x, as, int(n))
}

func settleOne(ctx context.Context, x *runChange, as store.DeliveryState, who string) error {
	p, err := findPerson(ctx, x.s, who)
	if err != nil {
		return err
	}
	d, err := x.s.Delivery(ctx, x.run.ID, p.Number, 0)
	if errors.Is(err, store.ErrNotFound) {
		return hint(fmt.Errorf("%s has no delivery in run %d", who, x.run.ID), "`germane people show "+who+"` lists those they have")
	}
	if err != nil {
		return err
	}
	if d.State != store.InDoubt {
		return hint(fmt.Errorf("the mail to %s is not in doubt: it is %s", who, d.State), "nothing is to be done")
	}
	settlement := store.Settlement{Run: x.run.ID, Person: p.Number, State: as, Reason: reasonSettled, At: x.sys.now()}
	if err := x.s.Settle(ctx, settlement); err != nil {
		return err
	}
	return settled(ctx, x, as, 1)
}

// settled says what that means, and finishes the run when nothing else is open.
func settled(ctx context.Context, x *runChange, as store.DeliveryState, n int) error {
	state, err := x.s.CloseRun(ctx, x.run.ID, x.sys.now(), settlingGrace)
	if err != nil {
		return err
	}
	meaning := "That counts as mailed, for caps and in reports."
	if as == store.Failed {
		meaning = "That takes no place under the caps any more, and reports leave it out; the run does not try again."
	}
	x.say("Run %d: %s settled as %s. %s", x.run.ID, plural(n, "mail is", "mails are"), as, meaning)
	if state == store.RunFinished && x.run.State != store.RunFinished {
		x.say("Run %d is finished.", x.run.ID)
	}
	return nil
}
