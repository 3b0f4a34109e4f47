package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"germane/workspace"
)

func newInit(sys *system) *cobra.Command {
	return &cobra.Command{
		Use:   "init DIR",
		Short: "Make a workspace that works",
		Long: `Make a workspace that works: two templates, four Dynamic Blocks, a campaign, a catalogue of
attributes, six personas and 1,000 invented people. Nothing needs to be configured.`,
		Example: "  germane init hello",
		Args:    arguments(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			return initWorkspace(sys, args[0])
		},
	}
}

func initWorkspace(sys *system, dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case err == nil && len(entries) > 0:
		return hint(fmt.Errorf("%s is not empty", dir), "name a folder that does not exist yet: germane init hello")
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("read %s: %w", dir, err)
	}
	if err := os.CopyFS(dir, workspace.Starter()); err != nil {
		return fmt.Errorf("write the workspace: %w", err)
	}
	fmt.Fprintf(sys.stderr, `%s is a workspace that works. Read it in this order:

  templates/weekly.md      a message: Markdown with Dynamic Blocks
  blocks/hero.md           a block: variants, first match wins
  attributes.yaml          what may be known about people
  campaigns/weekly.yaml    who gets the message, when and why

Then try:

  cd %s
  germane check            is everything in order?
  germane why weekly       what a persona gets, and why
`, dir, dir)
	return nil
}
