package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"germane/audience"
	"germane/send"
	"germane/store"
	"germane/workspace"
)

func newPeopleSuppress(sys *system, o *options) *cobra.Command {
	var reason, since string
	var fromSES bool
	im := &suppressionImport{sys: sys}
	c := &cobra.Command{
		Use:   "suppress [EMAIL]",
		Short: "Send nothing more to an address, whoever has it",
		Long: `Send nothing more to an address, whoever has it; or, with --from-ses, to all that Amazon SES keeps
on its suppression list for your account: it takes mail to them and bounces it. An address counts
even if nobody here has it yet. SES lists 1,000 a second. Whoever is suppressed already stays as
they are, so that this can be ended at any time, and be done every night.`,
		Example: `  germane people suppress ann@mail.example --reason "asked by phone"
  germane people suppress --from-ses --dry-run
  germane people suppress --from-ses --since 2026-11-20`,
		Args: arguments(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case fromSES && len(args) == 0 && reason == "":
				return im.command(c.Context(), o, since)
			case fromSES:
				return usageError{hint(errors.New("--from-ses takes neither an address nor a reason: SES has both"), "write: germane people suppress --from-ses")}
			case len(args) == 0:
				return usageError{hint(errors.New("suppress needs EMAIL"), "write: germane people suppress EMAIL, or --from-ses")}
			case since != "" || im.DryRun:
				return usageError{hint(errors.New("--since and --dry-run are for --from-ses"), "write: germane people suppress EMAIL")}
			}
			return suppressOne(c.Context(), sys, o, args[0], reason)
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "why, for whoever asks later; no names")
	c.Flags().BoolVar(&fromSES, "from-ses", false, "all addresses on SES's suppression list")
	c.Flags().StringVar(&since, "since", "", "only those that SES added on this day or later: 2026-11-20")
	c.Flags().BoolVar(&im.DryRun, "dry-run", false, "count them, and change nothing")
	return c
}

func suppressOne(ctx context.Context, sys *system, o *options, email, reason string) error {
	address, problem := audience.MailableAddress(email)
	if problem != "" {
		return usageError{hint(errors.New(problem), "write: germane people suppress ann@mail.example")}
	}
	return withDatabase(ctx, sys, o, func(_ *workspace.Workspace, s store.Database) error {
		if err := s.Suppress(ctx, address, store.Suppression{Reason: store.ByHand, Detail: reason, At: sys.now()}); err != nil {
			return err
		}
		_, err := fmt.Fprintf(sys.stderr, "%s gets no mail any more.\n", email)
		return err
	})
}

// suppressionImport takes over SES's suppression list. It is also what `--json` prints.
type suppressionImport struct {
	sys    *system
	s      store.Database
	topics []string
	told   time.Time

	New        int  `json:"new"`
	Known      int  `json:"known"`
	Unreadable int  `json:"unreadable"` // no mail could go there anyway
	Bounced    int  `json:"bounced"`    // of new and known
	Complained int  `json:"complained"`
	DryRun     bool `json:"dry_run"`
}

func (im *suppressionImport) command(ctx context.Context, o *options, day string) error {
	var since time.Time
	if day != "" {
		var err error
		if since, err = time.Parse(time.DateOnly, day); err != nil {
			return usageError{hint(fmt.Errorf("--since %s is not a day", day), "write it as --since 2026-11-20")}
		}
	}
	return withDatabase(ctx, im.sys, o, func(w *workspace.Workspace, s store.Database) error {
		address, err := deliveryAddress(w)
		if err != nil {
			return err
		}
		if address.Kind != send.SESKind {
			return hint(fmt.Errorf("%s has no suppression list", address.String()), "--from-ses is for delivery: ses://REGION")
		}
		account, err := send.OpenAccount(ctx, &address, send.Options{})
		if err != nil {
			return err
		}
		im.s, im.topics, im.told = s, w.Config.TopicNames(), im.sys.now()
		err = im.run(ctx, account, since)
		if errors.Is(err, send.ErrForbidden) {
			return hint(err, "let them do ses:ListSuppressedDestinations")
		}
		return errors.Join(err, im.report(o))
	})
}

// atOnce is how many addresses are suppressed in one transaction.
const atOnce = 200

func (im *suppressionImport) run(ctx context.Context, account *send.Account, since time.Time) error {
	for page, err := range account.Suppressed(ctx, since) {
		if err != nil {
			return err
		}
		for some := range slices.Chunk(page, atOnce) {
			if err := im.land(ctx, some); err != nil {
				return err
			}
		}
		im.progress()
	}
	return nil
}

// land suppresses addresses, each for what SES says of it.
func (im *suppressionImport) land(ctx context.Context, entries []send.Suppressed) error {
	var all []store.Suppressing
	for i := range entries {
		if x, ok := im.read(&entries[i]); ok {
			all = append(all, x)
		}
	}
	fresh, err := im.suppress(ctx, all)
	if err != nil {
		return err
	}
	im.New += fresh
	im.Known += len(all) - fresh
	return nil
}

func (im *suppressionImport) read(entry *send.Suppressed) (store.Suppressing, bool) {
	address, problem := audience.MailableAddress(entry.Address)
	if problem != "" {
		im.Unreadable++
		return store.Suppressing{}, false
	}
	why := store.Suppression{Reason: store.Bounced, Detail: "on SES's list", At: entry.At}
	if entry.Complaint {
		im.Complained++
		why.Reason = store.Complained
	} else {
		im.Bounced++
	}
	if now := im.sys.now(); why.At.Unix() <= 0 || why.At.After(now) {
		why.At = now
	}
	return store.Suppressing{Email: address, Why: why}, true
}

// suppress returns how many were not suppressed before; a dry run only counts them.
func (im *suppressionImport) suppress(ctx context.Context, all []store.Suppressing) (fresh int, err error) {
	if !im.DryRun {
		for i := range all {
			if err := im.withdraw(ctx, &all[i]); err != nil {
				return 0, err
			}
		}
		return im.s.SuppressAll(ctx, all)
	}
	for i := range all {
		known, err := im.s.SuppressionsOf(ctx, all[i].Email)
		if err != nil {
			return 0, err
		}
		if !slices.ContainsFunc(known, func(x store.Suppression) bool { return counts(x.Reason) == all[i].Why.Reason }) {
			fresh++
		}
	}
	return fresh, nil
}

// counts is the reason that a suppression is kept for: one in quarantine is of a bounce.
func counts(reason store.SuppressionReason) store.SuppressionReason {
	if reason == store.InQuarantine {
		return store.Bounced
	}
	return reason
}

// withdraw makes of a complaint what a notice of it makes: nobody who calls our mail spam has consented to more of it. It is done once,
// before the suppression that says so: who consents afterwards, has.
func (im *suppressionImport) withdraw(ctx context.Context, x *store.Suppressing) error {
	if x.Why.Reason != store.Complained || len(im.topics) == 0 {
		return nil
	}
	p, err := im.s.PersonByEmail(ctx, x.Email)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	known, err := im.s.SuppressionsOf(ctx, x.Email)
	if err != nil || slices.ContainsFunc(known, func(y store.Suppression) bool { return y.Reason == store.Complained }) {
		return err
	}
	return im.s.Unsubscribe(ctx, p.Number, store.Withdrawal{Topics: im.topics, Source: "complaint", At: im.sys.now()})
}

func (im *suppressionImport) progress() {
	const often = 5 * time.Second
	if now := im.sys.now(); now.Sub(im.told) >= often {
		im.told = now
		fmt.Fprintf(im.sys.stderr, "%s so far, %s of them new\n", thousands(im.New+im.Known+im.Unreadable), thousands(im.New))
	}
}

func (im *suppressionImport) report(o *options) error {
	if o.json {
		return printJSON(im.sys.stdout, im)
	}
	would := ""
	if im.DryRun {
		would = " (a dry run: nothing was changed)"
	}
	_, err := fmt.Fprintf(im.sys.stderr, "%s new, %s known already, %s unreadable: %s bounced, %s complained%s\n",
		thousands(im.New), thousands(im.Known), thousands(im.Unreadable), thousands(im.Bounced), thousands(im.Complained), would)
	return err
}
