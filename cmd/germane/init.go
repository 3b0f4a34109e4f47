package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"germane/workspace"
)

func newInit(sys *system, o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "init DIR",
		Short: "Make a workspace that works",
		Long: `Make a workspace that works: two templates, four Dynamic Blocks, a campaign, a catalogue of
attributes, six personas and 1,000 invented people. Nothing needs to be configured.`,
		Example: `  germane init hello
  cd hello && germane check`,
		Args: arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("directory") {
				return usageError{hint(errors.New("-C names a workspace that exists"), "write: germane init "+args[0])}
			}
			files, err := initWorkspace(args[0])
			if err != nil {
				return err
			}
			if o.json {
				return printJSON(sys.stdout, made{args[0], files})
			}
			_, err = fmt.Fprintf(sys.stderr, nextSteps, args[0])
			return err
		},
	}
}

// made is the public form of `init --json`.
type made struct {
	Directory string   `json:"directory"`
	Files     []string `json:"files"`
}

const nextSteps = `%[1]s is a workspace that works. Read it in this order:

  templates/weekly.md      a message: Markdown with Dynamic Blocks
  blocks/hero.md           a block: variants, first match wins
  attributes.yaml          what may be known about people
  campaigns/weekly.yaml    who gets the message, when and why

Then try:

  cd %[1]s
  germane check            is everything in order?
  germane why weekly       what a persona gets, and why
`

// initWorkspace writes the starter into a folder that is empty or not there yet, and returns the names of its files.
func initWorkspace(dir string) ([]string, error) {
	const elsewhere = "name a folder that does not exist yet: germane init hello"
	entries, err := os.ReadDir(dir)
	switch {
	case err == nil && len(entries) > 0:
		return nil, hint(fmt.Errorf("%s is not empty", dir), elsewhere)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, hint(fmt.Errorf("read %s: %w", dir, err), elsewhere)
	}
	if err := os.CopyFS(dir, workspace.Starter()); err != nil {
		return nil, fmt.Errorf("write the workspace: %w", err)
	}
	var files []string
	err = fs.WalkDir(workspace.Starter(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files = append(files, name)
		}
		return err
	})
	return files, err
}
