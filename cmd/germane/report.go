package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"germane/audience"
	"germane/internal/finding"
	"germane/measure"
	"germane/store"
	"germane/worker"
	"germane/workspace"
)

func newReport(sys *system, o *options) *cobra.Command {
	var run string
	c := &cobra.Command{
		Use:   "report CAMPAIGN",
		Short: "Say what a campaign brought about: for each variant who saw it, clicked, reached the goal",
		Long: `Say what became of the members of a campaign's audience, and for each variant of each block how many
were shown it, followed its links and reached the goal, beside those who would have got it and were
kept from it at random (control:), and beside those who got no mail (holdout:).

The goals are those of the files as they are now; they are counted from the moment of each mail on.`,
		Example: `  germane report weekly
  germane report weekly --run 12
  germane report weekly --json`,
		Args: arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return withDatabase(c.Context(), sys, o, func(w *workspace.Workspace, s store.Database) error {
				return report(c.Context(), sys, o, w, s, args[0], run)
			})
		},
	}
	c.Flags().StringVar(&run, "run", "", "only this run")
	return c
}

// mostRuns is how many runs a report is of: the newest.
const mostRuns = 1000

func report(ctx context.Context, sys *system, o *options, w *workspace.Workspace, s store.Database, campaign, number string) error {
	runs, err := reportedRuns(ctx, w, s, campaign, number)
	if err != nil {
		return err
	}
	goals := goalsOf(ctx, sys, w, s, campaign, runs)
	r, err := measure.NewReport(ctx, s, runs, goals, sys.now())
	if err != nil {
		return err
	}
	if o.json {
		return printJSON(sys.stdout, reportJSON(campaign, runs, r))
	}
	if len(runs) == 0 {
		_, err := fmt.Fprintf(sys.stderr, "%s was not sent yet.\n", campaign)
		return err
	}
	return printReport(sys.stdout, campaign, runs, r)
}

// reportedRuns returns the runs of a campaign, the newest first, or the one of it that is asked for.
func reportedRuns(ctx context.Context, w *workspace.Workspace, s store.Database, campaign, number string) ([]*store.Run, error) {
	if number != "" {
		r, err := findRun(ctx, s, number)
		if err == nil && r.Campaign != campaign {
			err = hint(fmt.Errorf("run %d is not of %s", r.ID, campaign), "germane report "+r.Campaign+" --run "+number)
		}
		return []*store.Run{r}, err
	}
	runs, err := s.Runs(ctx, store.RunFilter{Campaign: campaign, Limit: mostRuns})
	if _, known := w.Campaign(campaign); err == nil && len(runs) == 0 && !known {
		var names []string
		for _, c := range w.Campaigns {
			names = append(names, c.Name)
		}
		err = hint(fmt.Errorf("there is no campaign %s", campaign), finding.DidYouMean(campaign, names, "known campaigns: "+cmp.Or(strings.Join(names, ", "), "none")))
	}
	return runs, err
}

// goalsOf returns the goals that the files state, or for a campaign that was deleted those of its last version.
func goalsOf(ctx context.Context, sys *system, w *workspace.Workspace, s store.Database, campaign string, runs []*store.Run) measure.Goals {
	if _, known := w.Campaign(campaign); !known && len(runs) > 0 {
		if content, err := worker.NewContents(s, sys.variables()).Campaign(ctx, runs[0].Version, campaign); err == nil {
			w = content.Workspace
		}
	}
	goals := measure.Goals{Blocks: map[string]measure.Goal{}}
	if c, ok := w.Campaign(campaign); ok {
		goals.Campaign = measureGoal(c.Wanted)
	}
	for _, b := range w.Blocks {
		goals.Blocks[b.Name] = measureGoal(b.Wanted)
	}
	return goals
}

func measureGoal(g audience.Goal) measure.Goal { return measure.Goal{Event: g.Event, Within: g.Within} }

// goalText writes a goal as files do: "project_created within 7d".
func goalText(g measure.Goal) string {
	if g.Event == "" {
		return ""
	}
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "min"}} {
		if g.Within%unit.of == 0 {
			return fmt.Sprintf("%s within %d%s", g.Event, g.Within/unit.of, unit.name)
		}
	}
	return fmt.Sprintf("%s within %ds", g.Event, g.Within/time.Second)
}

// The public form of `report --json`.
type (
	campaignReport struct {
		Campaign     string        `json:"campaign"`
		Runs         []int64       `json:"runs"`
		Goal         string        `json:"goal"`
		Members      int64         `json:"members"` // the sum of the next six
		Sent         int64         `json:"sent"`
		Failed       int64         `json:"failed"`
		Skipped      int64         `json:"skipped"`
		HeldOut      int64         `json:"held_out"`
		InDoubt      int64         `json:"in_doubt"`
		Waiting      int64         `json:"waiting"`
		Clicked      int64         `json:"clicked"`
		ClickedHuman int64         `json:"clicked_human"`
		Page         pageClicks    `json:"page"` // of links that are in no block
		Unsubscribed int64         `json:"unsubscribed"`
		Complained   int64         `json:"complained"`
		Bounced      int64         `json:"bounced"`
		Mailed       armReport     `json:"mailed"`
		Holdouts     []armReport   `json:"holdouts"`
		Counting     int           `json:"runs_still_counting"` // somebody may still reach a goal
		Blocks       []blockReport `json:"blocks"`
	}
	pageClicks struct {
		Clicked      int64 `json:"clicked"`
		ClickedHuman int64 `json:"clicked_human"`
	}
	armReport struct {
		Reason string `json:"reason,omitempty"`
		People int64  `json:"people"`
		Goal   int64  `json:"goal"`
	}
	blockReport struct {
		Block    string          `json:"block"`
		Goal     string          `json:"goal"`
		Variants []variantReport `json:"variants"`
	}
	variantReport struct {
		Variant      string `json:"variant"`
		Shown        int64  `json:"shown"`
		Clicked      int64  `json:"clicked"`
		ClickedHuman int64  `json:"clicked_human"`
		Goal         int64  `json:"goal"`
		Control      int64  `json:"control"`
		ControlGoal  int64  `json:"control_goal"`
	}
)

func reportJSON(campaign string, runs []*store.Run, r *measure.Report) campaignReport {
	c := r.Counts
	report := campaignReport{
		Campaign: campaign, Runs: []int64{}, Goal: goalText(r.Goal),
		Members: c.Planned, Sent: c.Sent, Failed: c.Failed, Skipped: c.Skipped, HeldOut: c.HeldOut, InDoubt: c.InDoubt, Waiting: c.Waiting,
		Clicked: r.Clicked.People, ClickedHuman: r.Clicked.Human, Page: pageClicks{r.Page.People, r.Page.Human},
		Unsubscribed: r.Unsubscribed, Complained: r.Complained, Bounced: r.Bounced,
		Mailed: armReport{"", r.Mailed.People, r.Mailed.Reached}, Holdouts: []armReport{}, Counting: r.Counting, Blocks: []blockReport{},
	}
	for _, run := range runs {
		report.Runs = append(report.Runs, run.ID)
	}
	for _, h := range r.HeldOut {
		report.Holdouts = append(report.Holdouts, armReport{h.Reason, h.People, h.Reached})
	}
	for _, b := range r.Blocks {
		block := blockReport{Block: b.Name, Goal: goalText(b.Goal), Variants: []variantReport{}}
		for _, v := range b.Variants {
			block.Variants = append(block.Variants, variantReport{v.Name, v.Shown.People, v.Clicked.People, v.Clicked.Human, v.Shown.Reached, v.Control.People, v.Control.Reached})
		}
		report.Blocks = append(report.Blocks, block)
	}
	return report
}
