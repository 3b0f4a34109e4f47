package main

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"germane/store"
	"germane/worker"
	"germane/workspace"
)

// runChange is a command that does something to one run.
type runChange struct {
	sys *system
	o   *options
	s   store.Database
	run *store.Run
}

// changeRun finds the run that the first argument names, does something to it, and prints it as JSON where that is asked for.
func changeRun(c *cobra.Command, sys *system, o *options, args []string, do func(ctx context.Context, x *runChange) error) error {
	ctx := c.Context()
	return withDatabase(ctx, sys, o, func(_ *workspace.Workspace, s store.Database) error {
		r, err := findRun(ctx, s, args[0])
		if err != nil {
			return err
		}
		if err := do(ctx, &runChange{sys, o, s, r}); err != nil || !o.json {
			return err
		}
		if r, err = s.Run(ctx, r.ID); err != nil {
			return err
		}
		return printRunsJSON(ctx, sys.stdout, s, []*store.Run{r}, sys.now())
	})
}

func (x *runChange) say(format string, args ...any) {
	fmt.Fprintf(x.sys.stderr, format+"\n", args...)
}

// letGo notes that somebody has seen how much of what was sent came back.
func (x *runChange) letGo(ctx context.Context) error {
	return worker.LetGo(ctx, x.s, worker.NewContents(x.s, x.sys.variables()), x.run, x.sys.now())
}

// refuse says that a run cannot be changed like this where it stands.
func (x *runChange) refuse(what string) error {
	r := x.run
	advice := map[store.RunState]string{
		store.RunWaitingApproval: fmt.Sprintf("`germane runs approve %d` starts it, `germane runs cancel %d` gives it up", r.ID, r.ID),
		store.RunRunning:         fmt.Sprintf("`germane runs pause %d` halts it", r.ID),
		store.RunPaused:          fmt.Sprintf("`germane runs resume %d` goes on", r.ID),
		store.RunStopped:         fmt.Sprintf("`germane runs %d` says why; `germane runs resume %d` goes on", r.ID, r.ID),
		store.RunSettling:        fmt.Sprintf("only mails in doubt are left: `germane runs settle %d`", r.ID),
		store.RunCancelled:       fmt.Sprintf("nothing of it is sent any more; `germane send %s --again COUNT` makes another run", r.Campaign),
		store.RunFinished:        fmt.Sprintf("everybody has what they get; `germane send %s --again COUNT` makes another run", r.Campaign),
	}
	return hint(fmt.Errorf("run %d cannot be %s: it %s", r.ID, what, is(r.State)), advice[r.State])
}

// is says a run's state after "it".
func is(s store.RunState) string {
	if s == store.RunWaitingApproval {
		return inWords(s)
	}
	return "is " + string(s)
}

func newRunsPause(sys *system, o *options) *cobra.Command {
	var note string
	c := &cobra.Command{
		Use:   "pause RUN",
		Short: "Halt a run; mails that are being handed over are finished",
		Example: `  germane runs pause 12
  germane runs pause 12 --note "wrong link in the footer"`,
		Args: arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return changeRun(c, sys, o, args, func(ctx context.Context, x *runChange) error {
				switch {
				case x.run.State == store.RunPaused:
					x.say("Run %d is paused already.", x.run.ID)
					return nil
				case !x.run.State.CanMove(store.RunPaused):
					return x.refuse("paused")
				}
				if err := x.s.MoveRun(ctx, x.run.ID, store.RunPaused, cmp.Or(note, "paused by hand"), sys.now()); err != nil {
					return err
				}
				x.say("Run %d is paused: %s. Go on with: germane runs resume %d", x.run.ID, plural(int(x.run.Waiting), "person waits", "people wait"), x.run.ID)
				return nil
			})
		},
	}
	c.Flags().StringVar(&note, "note", "", "why, for whoever looks at it next")
	return c
}

func newRunsResume(sys *system, o *options) *cobra.Command {
	return &cobra.Command{
		Use:   "resume RUN",
		Short: "Go on with a run that was paused or stopped, or whose chunks were set aside",
		Long: `Go on with a run that was paused, by a person or by a guard. Chunks that were set aside, because
three workers were lost on them, are tried again; who may have got a mail does not get another.`,
		Example: "  germane runs resume 12",
		Args:    arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return changeRun(c, sys, o, args, resume)
		},
	}
}

func resume(ctx context.Context, x *runChange) error {
	r := x.run
	halted := r.State == store.RunPaused || r.State == store.RunStopped
	if !halted && r.State != store.RunRunning {
		return x.refuse("resumed")
	}
	reopened, err := x.s.ReopenChunks(ctx, r.ID)
	if err != nil {
		return err
	}
	if !halted && reopened == 0 {
		x.say("Run %d is running; nothing was set aside.", r.ID)
		return nil
	}
	note := ""
	if r.State == store.RunStopped {
		note = "resumed" // the guard that stopped it does not look at it again
		if err := x.letGo(ctx); err != nil {
			return err
		}
	}
	if err := x.s.MoveRun(ctx, r.ID, store.RunRunning, note, x.sys.now()); err != nil {
		return err
	}
	again := ""
	if reopened > 0 {
		again = ", " + plural(reopened, "chunk is", "chunks are") + " tried again"
	}
	x.say("Run %d goes on: %s%s.", r.ID, plural(int(r.Waiting), "person waits", "people wait"), again)
	running := *r
	running.State = store.RunRunning
	if held := heldBack(&running, x.sys.now()); held != "" {
		x.say("It %s; `germane serve` or `germane worker` goes on then.", held)
		return nil
	}
	x.say("`germane serve` takes it up where it is running; `germane worker --drain` does it now.")
	return nil
}

func newRunsCancel(sys *system, o *options) *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use:     "cancel RUN",
		Short:   "End a run for good: whoever waits gets nothing from it",
		Example: "  germane runs cancel 12\n  germane runs cancel 12 --yes",
		Args:    arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return changeRun(c, sys, o, args, func(ctx context.Context, x *runChange) error {
				if !x.run.State.CanMove(store.RunCancelled) {
					return x.refuse("cancelled")
				}
				stay := plural(int(x.run.Waiting), "person stays", "people stay") + " unmailed"
				if err := sys.confirm(ctx, yes, fmt.Sprintf("Cancel run %d of %s for good? %s.", x.run.ID, x.run.Campaign, stay)); err != nil {
					return err
				}
				if err := x.s.MoveRun(ctx, x.run.ID, store.RunCancelled, "cancelled by hand", sys.now()); err != nil {
					return err
				}
				x.say("Run %d is cancelled: %s, %s were sent.", x.run.ID, stay, thousands(int(x.run.Sent)))
				return nil
			})
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}

func newRunsApprove(sys *system, o *options) *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use:   "approve RUN",
		Short: "Start a run that waits for a person, as its audience is not what was expected",
		Long: `Start a run that waits for a person: its audience has another size than the campaign's expect allows,
or is less than half or more than twice what its last runs had, or too much came back of what the
campaign sent before. What came back until now counts no more then.`,
		Example: "  germane runs approve 12\n  germane runs approve 12 --yes",
		Args:    arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			return changeRun(c, sys, o, args, func(ctx context.Context, x *runChange) error {
				if x.run.State != store.RunWaitingApproval {
					return x.refuse("approved")
				}
				x.say("Run %d of %s, %s, is for %s%s.", x.run.ID, x.run.Campaign, x.run.Occurrence, plural(int(x.run.Planned), "person", "people"), because(": ", x.run.Note))
				if err := sys.confirm(ctx, yes, "Send it?"); err != nil {
					return err
				}
				if err := x.letGo(ctx); err != nil {
					return err
				}
				if err := x.s.MoveRun(ctx, x.run.ID, store.RunRunning, "", sys.now()); err != nil {
					return err
				}
				x.say("Run %d is approved.", x.run.ID)
				x.say("`germane serve` takes it up where it is running; `germane worker --drain` does it now.")
				return nil
			})
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}

// settlingGrace is how long a run stays open for news about mails in doubt.
const settlingGrace = 24 * time.Hour
