package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"germane/worker"
)

func newWorker(sys *system, o *options) *cobra.Command {
	drain := false
	c := &cobra.Command{
		Use:   "worker",
		Short: "Send what is due, until told to stop",
		Long: `Send what is due, until told to stop. It finishes what is in flight then, so that nothing is in
doubt; killed, at most the mails in flight are, and they are never sent again by themselves.

One process works on an SQLite database at a time. germane serve works, too.`,
		Example: `  germane worker --drain     until nothing is due: after an interrupted send, or from cron
  germane worker             for ever`,
		Args: arguments(0, 0),
		RunE: func(c *cobra.Command, args []string) (err error) {
			p, err := openPost(c.Context(), sys, o, slog.LevelInfo)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, p.close()) }()
			if err := p.ready(c.Context()); err != nil {
				return err
			}
			release, alone, err := p.alone()
			if err != nil {
				return err
			}
			defer release()
			if !alone {
				return guardError{hint(fmt.Errorf("another germane works on %s", p.database), "it sends what is due; `germane runs` shows how far it is")}
			}
			return p.drain(c.Context(), drain)
		},
	}
	c.Flags().BoolVar(&drain, "drain", false, "end when nothing is due any more")
	return c
}

// drain works until nothing is due, or for ever. It makes runs of what comes due, too.
func (p *post) drain(ctx context.Context, drain bool) error {
	if !drain {
		p.work(ctx)
		return nil
	}
	tell := &alerts{post: p}
	defer tell.wait()
	scheduler := &worker.Scheduler{Store: p.store, Contents: p.contents, Now: p.sys.now, Log: p.log, Alert: tell.tell}
	if err := scheduler.Once(ctx); err != nil {
		return err
	}
	return p.worker(true, tell).Work(ctx, true)
}
