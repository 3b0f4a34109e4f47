package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"germane/store"
	"germane/store/engine"
	"germane/workspace"
)

// stopping is the public form of `stop --json`.
type stopping struct {
	Stopped bool      `json:"stopped"`
	At      time.Time `json:"at"`
	Note    string    `json:"note"`
}

func newStop(sys *system, o *options) *cobra.Command {
	var resume bool
	var note string
	c := &cobra.Command{
		Use:   "stop",
		Short: "Halt all sending at once",
		Long: `Halt all sending at once: every worker of this database takes nothing more within 2 seconds. Mails
that were handed over already arrive. Runs stay where they are and go on after --resume.`,
		Example: "  germane stop --note 'wrong prices'\n  germane stop --resume",
		Args:    arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			return withDatabase(c.Context(), sys, o, func(_ *workspace.Workspace, s store.Database) error {
				switches, err := s.Switches(c.Context())
				if err != nil {
					return err
				}
				x := stopping{!resume, sys.now().UTC().Truncate(time.Millisecond), cmp.Or(note, "command line")}
				if was := switches[store.SwitchStopped]; was.On && x.Stopped && note == "" {
					x.At, x.Note = was.At.UTC(), was.Note // typed twice it does not forget why
				}
				if err := s.Turn(c.Context(), store.SwitchStopped, store.Switch{On: x.Stopped, At: x.At, Note: x.Note}); err != nil {
					return err
				}
				if o.json {
					return printJSON(sys.stdout, x)
				}
				text := "Stopped: every worker halts within 2 s. `germane stop --resume` lets them go on."
				if resume {
					text = "Sending goes on."
				}
				if to := movedTo(switches[store.SwitchStopped]); resume && to != "" {
					text = "Sending goes on here, though everything was copied to " + to + ": see that only one of the two sends."
				}
				_, err = fmt.Fprintln(sys.stderr, text)
				return err
			})
		},
	}
	c.Flags().BoolVar(&resume, "resume", false, "let sending go on")
	c.Flags().StringVar(&note, "note", "", "who or why, for whoever asks later")
	return c
}

// movedTo is where everything was copied to when sending was stopped for that; "": it was stopped for something else, or is not.
func movedTo(stopped store.Switch) string {
	to, moved := strings.CutPrefix(stopped.Note, engine.MovedNote)
	if !stopped.On || !moved {
		return ""
	}
	return to
}

// goOnAfter is what lets sending go on. Who has moved is mailed from there, and would be again from here.
func goOnAfter(stopped store.Switch) string {
	if to := movedTo(stopped); to != "" {
		return "write database: " + to + " in germane.yaml: it sends from there"
	}
	return "`germane stop --resume` lets it go on"
}
