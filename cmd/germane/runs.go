package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"germane/internal/document"
	"germane/store"
	"germane/workspace"
)

func newRuns(sys *system, o *options) *cobra.Command {
	var l runList
	var who string
	c := &cobra.Command{
		Use:   "runs [RUN]",
		Short: "Say what happened to each sending of a campaign, and steer it",
		Long: `List runs, the newest first: what became of everybody they were for. With a number, say all about
one run: why somebody got nothing, what can be done about it, and what is not finished.

--since is for whoever is on call: it lists the runs of that time and those that are still open, and
occurrences that were missed, and exits with 1 when one of them needs a person.`,
		Example: `  germane runs
  germane runs 12
  germane runs 12 --who in-doubt
  germane runs --since 24h
  germane runs resume 12`,
		Args: arguments(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 0 && !isNumber(args[0]) {
				return unknownCommand(c, args[0])
			}
			return withDatabase(c.Context(), sys, o, func(_ *workspace.Workspace, s store.Database) error {
				switch {
				case len(args) == 0 && who != "":
					return usageError{hint(errors.New("--who needs RUN"), "write: germane runs 12 --who "+who)}
				case who != "":
					return listWho(c.Context(), sys, o, s, args[0], who)
				case len(args) > 0:
					return showRun(c.Context(), sys, o, s, args[0])
				}
				return l.list(c.Context(), sys, o, s)
			})
		},
	}
	c.Flags().StringVar(&l.since, "since", "", "the runs of this time, such as 24h or 7d; exit with 1 when one needs a person")
	c.Flags().StringVar(&l.campaign, "campaign", "", "only runs of this campaign")
	c.Flags().StringVar(&who, "who", "", "name the people of a run: failed, held-out, in-doubt, sent, skipped, waiting, or a reason")
	c.Flags().IntVar(&l.limit, "limit", 20, "how many at most")
	c.AddCommand(newRunsPause(sys, o), newRunsResume(sys, o), newRunsCancel(sys, o), newRunsApprove(sys, o), newRunsRepin(sys, o), newRunsSettle(sys, o))
	return c
}

func isNumber(text string) bool {
	_, err := strconv.ParseUint(text, 10, 63)
	return err == nil
}

// findRun finds a run by its number as it was typed.
func findRun(ctx context.Context, s store.Runs, number string) (*store.Run, error) {
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return nil, usageError{hint(fmt.Errorf("%q is not the number of a run", number), "`germane runs` lists them")}
	}
	r, err := s.Run(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, hint(fmt.Errorf("there is no run %d", id), "`germane runs` lists them")
	}
	return r, err
}

// runReport is a run in the form that programs rely on.
type runReport struct {
	Run        int64            `json:"run"`
	Campaign   string           `json:"campaign"`
	State      store.RunState   `json:"state"`
	Planned    int64            `json:"planned"` // the sum of the next six
	Sent       int64            `json:"sent"`
	Failed     int64            `json:"failed"`
	Skipped    int64            `json:"skipped"`
	HeldOut    int64            `json:"held_out"`
	InDoubt    int64            `json:"in_doubt"`
	Waiting    int64            `json:"waiting"`
	Reasons    map[string]int64 `json:"reasons"`
	StartedAt  *time.Time       `json:"started_at"`  // null until then
	FinishedAt *time.Time       `json:"finished_at"` // null until then
	Bounced    int64            `json:"bounced"`     // people, as far as the provider told
	Complained int64            `json:"complained"`  // likewise
	Occurrence string           `json:"occurrence"`  // the day or hour it is for
	WaitsUntil *time.Time       `json:"waits_until"` // null: it does not
	WaitsFor   string           `json:"waits_for"`   // why it waits until then
	Note       string           `json:"note"`        // why it was paused, stopped or missed
}

// runJSON returns the public form of a run; `send --json` prints the same.
func runJSON(r *store.Run, reasons map[string]int64, now time.Time) runReport {
	if reasons == nil {
		reasons = map[string]int64{}
	}
	_, note := standing(r)
	report := runReport{
		Run: r.ID, Campaign: r.Campaign, Occurrence: r.Occurrence, State: r.State, Planned: r.Planned, Sent: r.Sent, Failed: r.Failed, Skipped: r.Skipped, HeldOut: r.HeldOut,
		InDoubt: r.InDoubt, Waiting: r.Waiting, Reasons: reasons, StartedAt: orNull(r.Started), FinishedAt: orNull(r.Finished), Note: note,
	}
	if heldBack(r, now) != "" {
		report.WaitsUntil, report.WaitsFor = orNull(r.Held.Until), r.Held.Why
	}
	return report
}

// orNull is a time in JSON, null for none.
func orNull(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}

func printRunsJSON(ctx context.Context, out io.Writer, s store.Database, runs []*store.Run, now time.Time) error {
	reports := make([]runReport, 0, len(runs))
	for _, r := range runs {
		reasons, err := s.Reasons(ctx, r.ID)
		if err != nil {
			return err
		}
		back, err := cameBack(ctx, s, r.ID)
		if err != nil {
			return err
		}
		report := runJSON(r, reasons, now)
		report.Bounced, report.Complained = back.bounced, back.complained
		reports = append(reports, report)
	}
	return printJSON(out, reports)
}

// runList is `germane runs` without a run.
type runList struct {
	since, campaign string
	limit           int
}

func (l *runList) list(ctx context.Context, sys *system, o *options, s store.Database) error {
	runs, err := l.read(ctx, s, sys.now())
	if err != nil {
		return err
	}
	var needs []string
	troubles := make([][]trouble, len(runs))
	for i, r := range runs {
		if troubles[i], err = troublesOf(ctx, s, r); err != nil {
			return err
		}
		if len(troubles[i]) > 0 {
			needs = append(needs, fmt.Sprintf("%d (%s)", r.ID, troubles[i][0].text))
		}
	}
	if o.json {
		err = printRunsJSON(ctx, sys.stdout, s, runs, sys.now())
	} else if err = l.print(ctx, sys, s, runs, troubles); err == nil {
		err = tellHolds(ctx, sys.stderr, s)
	}
	if err == nil && l.since != "" && len(needs) > 0 {
		number, _, _ := strings.Cut(needs[0], " ")
		err = hint(fmt.Errorf("%s a person: %s", plural(len(needs), "run needs", "runs need"), strings.Join(needs, ", ")), "`germane runs "+number+"` says more")
	}
	return err
}

// mostOnCall is how many runs are looked at for whoever is on call: the one that needs them may not be among the last.
const mostOnCall = 1000

// read returns the runs that are asked for. An old run that is still open, or has mails in doubt, belongs to every time since it was made.
func (l *runList) read(ctx context.Context, s store.Runs, now time.Time) ([]*store.Run, error) {
	which := store.RunFilter{Campaign: l.campaign, Limit: l.limit}
	if l.limit < 1 {
		return nil, usageError{hint(fmt.Errorf("--limit %d is nothing", l.limit), "write --limit 20")}
	}
	if l.since == "" {
		return s.Runs(ctx, which)
	}
	back, ok := document.ParseDuration(l.since)
	if !ok {
		return nil, usageError{hint(fmt.Errorf("--since %q is not a length of time", l.since), "write --since 24h, 30min or 7d")}
	}
	l.limit = max(l.limit, mostOnCall)
	which.Since, which.Limit = now.Add(-back), l.limit
	runs, err := s.Runs(ctx, which)
	if err != nil {
		return nil, err
	}
	open, err := s.Runs(ctx, store.RunFilter{Campaign: l.campaign, Limit: l.limit, Open: true})
	if err != nil {
		return nil, err
	}
	// A run is finished after a day of settling, and its mails in doubt are still somebody's to look at.
	all, err := s.Runs(ctx, store.RunFilter{Campaign: l.campaign, Limit: l.limit})
	for _, r := range append(open, all...) {
		belongs := r.State != store.RunFinished && r.State != store.RunCancelled || r.InDoubt > 0
		if belongs && !slices.ContainsFunc(runs, func(other *store.Run) bool { return other.ID == r.ID }) {
			runs = append(runs, r)
		}
	}
	slices.SortFunc(runs, func(a, b *store.Run) int { return cmp.Compare(b.ID, a.ID) })
	return runs, err
}

func (l *runList) print(ctx context.Context, sys *system, s store.Chunks, runs []*store.Run, troubles [][]trouble) error {
	if len(runs) == 0 {
		_, err := fmt.Fprintln(sys.stderr, "There is no run"+because(" of ", l.campaign)+because(" in the last ", l.since)+".")
		return err
	}
	for i, r := range runs {
		state, note := standing(r)
		fmt.Fprintf(sys.stdout, "%d  %s, %s: %s\n", r.ID, r.Campaign, r.Occurrence, state)
		if missedWhy(r) == "" {
			fmt.Fprintf(sys.stdout, "    %s\n", addingUp(r.Counts))
		}
		if when := lasting(r, sys.now()); when != "" {
			fmt.Fprintf(sys.stdout, "    %s\n", when)
		}
		if held := heldBack(r, sys.now()); held != "" {
			fmt.Fprintf(sys.stdout, "    %s\n", held)
		}
		if r.State == store.RunRunning && r.Waiting > 0 {
			chunks, err := s.ChunksOf(ctx, r.ID)
			if err != nil {
				return err
			}
			if due := comesDue(r, chunks, sys.now()); due != "" {
				fmt.Fprintf(sys.stdout, "    %s\n", due)
			}
		}
		if note != "" {
			fmt.Fprintf(sys.stdout, "    note: %s\n", note)
		}
		for _, t := range troubles[i] {
			fmt.Fprintf(sys.stdout, "    ! %s: %s\n", t.text, t.cure)
		}
	}
	if len(runs) == l.limit {
		fmt.Fprintf(sys.stderr, "There may be more: germane runs --limit %d\n", l.limit*5)
	}
	return nil
}
