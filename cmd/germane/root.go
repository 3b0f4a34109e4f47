package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"germane/internal/finding"
)

// options are the flags of every command.
type options struct {
	dir  string // -C
	json bool   // --json
}

func newRoot(sys *system) *cobra.Command {
	o := &options{}
	root := &cobra.Command{
		Use:   "germane",
		Short: "Personalised e-mail as code",
		Long: `Germane sends e-mail whose parts are chosen by rules on what you know about a person.

Messages are Markdown with Dynamic Blocks. Germane proves before sending that everybody
gets a complete message, and says why each person gets what they get.`,
		Example: `  germane init hello            a workspace that works
  cd hello && germane check     is everything in order?
  germane why weekly            who gets what, and why`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			return unknownCommand(c, args[0])
		},
	}
	root.SetIn(sys.stdin)
	root.SetOut(sys.stdout)
	root.SetErr(sys.stderr)
	root.PersistentFlags().StringVarP(&o.dir, "directory", "C", ".", "the workspace's folder")
	root.PersistentFlags().BoolVar(&o.json, "json", false, "print data as JSON")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{hint(err, "see `"+c.CommandPath()+" --help`")}
	})
	root.AddCommand(newInit(sys, o), newCheck(sys, o), newPreview(sys, o), newRender(sys, o), newWhy(sys, o), newPeople(sys, o), newVersion(sys, o))
	root.AddCommand(newMatrix(sys, o), newTest(sys, o), newDiff(sys, o), newClients(sys, o))
	root.AddCommand(newDeploy(sys, o), newRuns(sys, o), newReport(sys, o))
	root.AddCommand(newSchedule(sys, o), newSend(sys, o), newWorker(sys, o), newServe(sys, o), newDemo(sys, o))
	root.AddCommand(newMigrate(sys, o), newDatabase(sys, o))
	root.AddCommand(newArm(sys, o), newStop(sys, o), newPause(sys, o))
	root.AddCommand(newDoctor(sys, o))
	root.SetHelpCommand(newHelp(sys))
	root.CompletionOptions.HiddenDefaultCmd = true
	return root
}

func unknownCommand(c *cobra.Command, name string) error {
	return usageError{hint(fmt.Errorf("there is no command %q", name), finding.DidYouMean(name, commandNames(c), "see `"+c.CommandPath()+" --help`"))}
}

func commandNames(c *cobra.Command) (names []string) {
	for _, command := range c.Commands() {
		names = append(names, command.Name())
	}
	return names
}

// arguments checks how many arguments a command gets; its usage line names them.
func arguments(least, most int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		usage := "write: " + strings.TrimSuffix(c.UseLine(), " [flags]")
		switch {
		case len(args) < least:
			names := strings.Fields(c.Use)[1:]
			return usageError{hint(fmt.Errorf("%s needs %s", c.Name(), strings.Join(names[len(args):least], " and ")), usage)}
		case len(args) > most:
			return usageError{hint(fmt.Errorf("%s does not take %q", c.Name(), args[most]), usage)}
		}
		return nil
	}
}
