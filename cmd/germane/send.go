package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"germane/internal/finding"
	"germane/store"
	"germane/worker"
)

// sendCommand is one `send`.
type sendCommand struct {
	dryRun, yes bool
	limit       int64
	again       int64 // how many people are knowingly mailed once more; -1: nobody
	test        string
	viewer      viewer

	*post
	campaign string
	survey   *worker.Survey
	warming  *worker.Spread // nil: the sender does not warm up
}

func newSend(sys *system, o *options) *cobra.Command {
	s := &sendCommand{}
	c := &cobra.Command{
		Use:   "send CAMPAIGN",
		Short: "Send a campaign now, to everybody once",
		Long: `Send a campaign now, to everybody in its audience once.

First it says who gets it and which variants they see, and asks. Then it makes a run for today
and sends it. Interrupted, the run goes on with germane worker --drain, or where germane serve
works. Typed twice on a day it refuses.`,
		Example: `  germane send weekly --dry-run                    render everybody's mail, send nothing
  germane send weekly --test kim@acme.example --person ana-trial-ending
  germane send weekly --limit 100                  the first hundred
  germane send weekly --yes --json`,
		Args: arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) (err error) {
			if err := s.understood(c.Flags().Changed); err != nil {
				return err
			}
			w, err := loadSound(sys, o)
			if err != nil {
				return err
			}
			if s.post, err = openPost(c.Context(), sys, o, w, slog.LevelWarn); err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.close()) }()
			s.campaign = strings.TrimSuffix(strings.TrimPrefix(args[0], "campaigns/"), ".yaml")
			return s.run(c.Context())
		},
	}
	c.Flags().BoolVar(&s.dryRun, "dry-run", false, "make everybody's mail, and send none")
	c.Flags().BoolVarP(&s.yes, "yes", "y", false, "do not ask")
	c.Flags().Int64Var(&s.limit, "limit", 0, "end the audience after so many mails")
	c.Flags().Int64Var(&s.again, "again", -1, "send once more today; say how many mails that is, so that it is no accident")
	c.Flags().StringVar(&s.test, "test", "", "send one person's mail to this address; it is not counted")
	s.viewer.flags(c)
	return c
}

// understood refuses flags that would say nothing, because what is left of the command mails everybody:
// --test with an empty variable of a shell, --limit 0, --person without --test.
func (s *sendCommand) understood(typed func(flag string) bool) error {
	if typed("test") && s.test == "" {
		return usageError{hint(errors.New("--test names no address"), "write: --test you@acme.example")}
	}
	if typed("limit") && s.limit < 1 {
		return usageError{hint(fmt.Errorf("--limit %d is not a number of mails", s.limit), "write --limit 100; --dry-run makes every mail and sends none")}
	}
	for _, flag := range []string{"person", "at", "set"} {
		if typed(flag) && s.test == "" {
			return usageError{hint(fmt.Errorf("--%s is of no use without --test: a campaign goes to everybody in its audience, now", flag), "to get such a mail yourself: --test you@acme.example")}
		}
	}
	return nil
}

func (s *sendCommand) run(ctx context.Context) error {
	if _, ok := s.w.Campaign(s.campaign); !ok {
		var known []string
		for _, c := range s.w.Campaigns {
			known = append(known, c.Name)
		}
		return hint(fmt.Errorf("there is no campaign %s", s.campaign), finding.DidYouMean(s.campaign, known, "known campaigns: "+strings.Join(known, ", ")))
	}
	switch {
	case s.test != "":
		return s.sendTest(ctx)
	case s.dryRun:
		return s.tryAll(ctx)
	}
	if err := s.ready(ctx); err != nil {
		return err
	}
	states, err := s.store.CampaignStates(ctx)
	if err != nil {
		return err
	}
	if state := states[s.campaign]; state.Paused {
		return guardError{hint(fmt.Errorf("%s is paused: %s", s.campaign, cmp.Or(state.Note, "nobody said why")), fmt.Sprintf("`germane pause %s --resume` lets it go on", s.campaign))}
	}
	return s.send(ctx)
}

// tryAll makes everybody's mail and says what would be sent.
func (s *sendCommand) tryAll(ctx context.Context) error {
	content, err := worker.Draft(s.w, s.campaign)
	if err != nil {
		return err
	}
	if err := s.look(ctx, content, true); err != nil {
		return err
	}
	if s.o.json {
		report := surveyJSON(s.survey)
		if s.warming != nil && s.warming.Last > s.warming.Today {
			report.LastDay = s.warming.LastDate()
		}
		err = printJSON(s.sys.stdout, report)
	} else {
		err = s.describe(s.sys.stdout)
	}
	if err == nil && s.survey.Failed > 0 {
		err = fmt.Errorf("%s could not be made", mails(s.survey.Failed))
	}
	return err
}

func (s *sendCommand) send(ctx context.Context) error {
	version, err := worker.Deploy(ctx, s.store, s.w, s.sys.now())
	if err != nil {
		return err
	}
	content, err := s.contents.Campaign(ctx, version.Hash, s.campaign)
	if err != nil {
		return err
	}
	taken, err := s.today(ctx)
	if err != nil {
		return err
	}
	if err := s.look(ctx, content, false); err != nil {
		return err
	}
	if err := s.describe(s.sys.stderr); err != nil {
		return err
	}
	occurrence, err := s.occurrence(taken)
	if err != nil {
		return err
	}
	if err := s.sys.confirm(ctx, s.yes, fmt.Sprintf("Send %s to %s?", s.campaign, people(s.survey.Mail))); err != nil {
		return err
	}
	approval, err := s.approval(ctx, content)
	if err != nil {
		return err
	}
	return s.carryOut(ctx, worker.Order{
		Campaign: s.campaign, Occurrence: occurrence, Manual: true, Version: version.Hash, Due: s.sys.now(), Approval: approval,
	})
}

// carryOut makes the run and sees it through.
func (s *sendCommand) carryOut(ctx context.Context, order worker.Order) error {
	id, err := worker.Plan(ctx, s.store, order, s.survey, s.sys.now())
	if errors.Is(err, store.ErrExists) {
		return guardError{hint(fmt.Errorf("%s of %s was planned meanwhile", s.campaign, order.Occurrence), "`germane runs` shows it")}
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(s.sys.stderr, "run %d: ", id)
	if order.Approval != "" {
		fmt.Fprintln(s.sys.stderr, "waiting for approval")
		err := guardError{hint(errors.New(order.Approval), fmt.Sprintf("`germane runs approve %d` sends it all the same", id))}
		return errors.Join(s.report(ctx, id), err)
	}
	if s.queue != nil {
		if err := worker.OfferReady(ctx, s.store, s.queue, s.sys.now()); err != nil {
			s.log.Warn("other workers will find the run by themselves", "run", id, "err", err)
		}
	}
	if err := s.follow(ctx, id); err != nil {
		return err
	}
	return s.report(ctx, id)
}

// look goes through everybody, saying how far it is.
func (s *sendCommand) look(ctx context.Context, content *worker.Content, render bool) error {
	rules, err := s.rules(ctx)
	if err != nil {
		return err
	}
	how := worker.Surveying{Rules: rules, Limit: s.limit, Render: render, Keys: s.keys, Now: s.sys.now, Progress: s.progress("looking at people")}
	s.survey, err = worker.NewSurvey(ctx, s.store, content, how)
	s.endLine()
	if content.Workspace.Config.WarmUp != nil && err == nil {
		s.warming, err = worker.NewSpread(ctx, s.store, s.address.String(), content, s.survey.Mail, s.sys.now())
	}
	return err
}

func (s *sendCommand) rules(ctx context.Context) (worker.Rules, error) {
	switches, err := s.store.Switches(ctx)
	return worker.Rules{Unarmed: s.real() && !switches[store.SwitchArmed].On, Allowed: s.w.Config.AllowRecipients}, err
}

// today returns today's runs by their names, the first of which refuses another unless that is meant.
func (s *sendCommand) today(ctx context.Context) (map[string]*store.Run, error) {
	runs, err := s.store.Runs(ctx, store.RunFilter{Campaign: s.campaign})
	taken := map[string]*store.Run{}
	for _, r := range runs {
		taken[r.Occurrence] = r
	}
	first := taken[s.date()]
	empty := first != nil && first.State == store.RunFinished && first.Planned == 0 // one that a backup forgot is cancelled
	if first != nil && !empty && s.again < 0 {
		return nil, guardError{hint(fmt.Errorf("%s was sent today: run %d is %s, with %s sent", s.campaign, first.ID, first.State, mails(first.Sent)), s.goOn(first))}
	}
	return taken, err
}

func (s *sendCommand) date() string {
	return s.sys.now().In(s.w.Config.TimeZone).Format(time.DateOnly)
}

// occurrence is today's name, or with --again the next one's.
func (s *sendCommand) occurrence(taken map[string]*store.Run) (string, error) {
	today := s.date()
	switch {
	case taken[today] == nil:
		return today, nil
	case s.again >= 0 && s.again != s.survey.Mail:
		return "", guardError{hint(fmt.Errorf("--again %d is not how many mails this would be", s.again), fmt.Sprintf("`germane send %s --again %d` mails them all once more", s.campaign, s.survey.Mail))}
	}
	for n := 2; ; n++ {
		if name := fmt.Sprintf("%s again %d", today, n); taken[name] == nil {
			return name, nil
		}
	}
}

// goOn says what somebody wants who typed send twice.
func (s *sendCommand) goOn(r *store.Run) string {
	switch r.State {
	case store.RunRunning:
		return "`germane worker --drain` sends those who still wait"
	case store.RunPaused, store.RunStopped:
		return fmt.Sprintf("`germane runs resume %d` goes on with it", r.ID)
	case store.RunWaitingApproval:
		return fmt.Sprintf("`germane runs approve %d` starts it", r.ID)
	}
	return fmt.Sprintf("--again N mails them all once more; N is how many mails that is, as `germane send %s --dry-run` says", s.campaign)
}

// approval says why somebody else should look first: the audience is not what was expected, or not what it used to be.
func (s *sendCommand) approval(ctx context.Context, content *worker.Content) (string, error) {
	if s.limit > 0 {
		return "", nil
	}
	return worker.Approval(ctx, s.store, content, s.survey.Members, s.sys.now())
}
