package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"germane/docs"
	"germane/internal/finding"
)

// newHelp is cobra's help command with the documentation's pages beside the commands; names that are neither are mistakes here.
func newHelp(sys *system) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND | PAGE]",
		Short: "Say what a command does, or print a page of the documentation",
		Long:  "Say what a command does, or print a page of the documentation.\n\nThe pages: " + strings.Join(pages(), ", ") + ".",
		Example: `  germane help why
  germane help filters`,
		Args: arguments(0, 1),
		RunE: func(c *cobra.Command, args []string) error {
			target, rest, err := c.Root().Find(args)
			if err == nil && len(rest) == 0 {
				target.InitDefaultHelpFlag()
				return target.Help()
			}
			page, err := docs.Pages.ReadFile(args[0] + ".md")
			switch {
			case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrInvalid):
				return unknownPage(c.Root(), args[0])
			case err != nil:
				return fmt.Errorf("read a page: %w", err)
			}
			_, err = sys.stdout.Write(page)
			return err
		},
	}
}

func unknownPage(root *cobra.Command, name string) error {
	known := append(commandNames(root), pages()...)
	return usageError{hint(fmt.Errorf("there is no command and no page %q", name), finding.DidYouMean(name, known, "see `germane help help`"))}
}

// pages are the names of the documentation's pages.
func pages() []string {
	files, _ := fs.Glob(docs.Pages, "*.md") // the pattern is sound
	for i, file := range files {
		files[i] = strings.TrimSuffix(file, ".md")
	}
	return files
}
