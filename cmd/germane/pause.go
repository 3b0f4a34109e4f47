package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"germane/internal/finding"
	"germane/store"
	"germane/worker"
	"germane/workspace"
)

// pausing is the public form of `pause --json`.
type pausing struct {
	Campaign string `json:"campaign"`
	Paused   bool   `json:"paused"`
	Note     string `json:"note"`
}

func newPause(sys *system, o *options) *cobra.Command {
	var resume bool
	var note string
	c := &cobra.Command{
		Use:   "pause CAMPAIGN",
		Short: "Let no new run of a campaign begin",
		Long: `Let no new run of a campaign begin. Runs under way go on: germane runs pause halts one of them, and
germane stop all.

A campaign of which too much came back is held, too: its next run waits for germane runs approve, or
germane pause CAMPAIGN --resume says beforehand that somebody has seen it.`,
		Example: "  germane pause weekly --note 'until the new prices are out'\n  germane pause weekly --resume",
		Args:    arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return withDatabase(c.Context(), sys, o, func(w *workspace.Workspace, s store.Database) error {
				states, err := s.CampaignStates(c.Context())
				if err != nil {
					return err
				}
				x := pausing{strings.TrimSuffix(strings.TrimPrefix(args[0], "campaigns/"), ".yaml"), !resume, note}
				if err := knownCampaign(w, states, x.Campaign); err != nil {
					return err
				}
				if x.Paused {
					if was := states[x.Campaign]; was.Paused && note == "" {
						x.Note = was.Note // typed twice it does not forget why
					}
					x.Note = cmp.Or(x.Note, "command line")
				}
				if err := s.PauseCampaign(c.Context(), x.Campaign, x.Paused, x.Note); err != nil {
					return err
				}
				if resume {
					err = worker.LetCampaignGo(c.Context(), s, x.Campaign, w.CampaignSender(x.Campaign).Email, "germane pause --resume", sys.now())
					if err != nil {
						return err
					}
				}
				if o.json {
					return printJSON(sys.stdout, x)
				}
				text := "%s is paused: no run of it begins. `germane pause %[1]s --resume` lets it go on.\n"
				if resume {
					text = "%s goes on with its next occurrence.\n"
				}
				_, err = fmt.Fprintf(sys.stderr, text, x.Campaign)
				return err
			})
		},
	}
	c.Flags().BoolVar(&resume, "resume", false, "let runs begin again")
	c.Flags().StringVar(&note, "note", "", "who or why, for whoever asks later")
	return c
}

// knownCampaign takes campaigns of the workspace, and those that the database remembers.
func knownCampaign(w *workspace.Workspace, states map[string]store.CampaignState, name string) error {
	if _, ok := w.Campaign(name); ok {
		return nil
	}
	if _, ok := states[name]; ok {
		return nil
	}
	var names []string
	for _, campaign := range w.Campaigns {
		names = append(names, campaign.Name)
	}
	return hint(fmt.Errorf("there is no campaign %s", name), finding.DidYouMean(name, names, "known campaigns: "+cmp.Or(strings.Join(names, ", "), "none")))
}
