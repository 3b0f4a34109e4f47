package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/spf13/cobra"

	"germane/store"
	"germane/worker"
)

func newWorker(sys *system, o *options) *cobra.Command {
	drain := false
	c := &cobra.Command{
		Use:   "worker",
		Short: "Send what is due, until told to stop",
		Long: `Send what is due, until told to stop. It finishes what is in flight then, so that nothing is in
doubt; killed, at most the mails in flight are, and they are never sent again by themselves.

One process works on an SQLite database at a time; on Postgres any number do, on any machines, each with
a folder that has germane.yaml: what is sent was deployed to the database. germane serve works, too.`,
		Example: `  germane worker --drain     until nothing is due: after an interrupted send, or from cron
  germane worker             for ever`,
		Args: arguments(0, 0),
		RunE: func(c *cobra.Command, args []string) (err error) {
			w, err := loadConfigured(sys, o)
			if err != nil {
				return err
			}
			p, err := openPost(c.Context(), sys, o, w, slog.LevelInfo)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, p.close()) }()
			if err := p.ready(c.Context()); err != nil {
				return err
			}
			release, mine, err := p.turn()
			if err != nil {
				return err
			}
			defer release()
			if !mine {
				return guardError{hint(fmt.Errorf("another germane works on %s", p.home.Name), "it sends what is due; `germane runs` shows how far it is")}
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
		p.log.Info("begun: what comes due is sent until this is told to stop", "database", p.home.Name, "delivery", p.address.String())
		if _, err := p.deployed(ctx); err != nil {
			return err
		}
		p.work(ctx)
		p.log.Info("ended")
		return nil
	}
	if deployed, err := p.deployed(ctx); err != nil || !deployed {
		return err
	}
	tell := &alerts{post: p}
	defer tell.wait()
	scheduler := &worker.Scheduler{Store: p.store, Contents: p.contents, Now: p.sys.now, Log: p.log, Carrier: p.carrier(), Alert: tell.tell}
	if err := scheduler.Once(ctx); err != nil {
		return err
	}
	for told := false; ; told = true {
		if err := p.worker(tell).Work(ctx, true); err != nil || ctx.Err() != nil {
			return err
		}
		others, err := p.others(ctx)
		if err != nil {
			return err
		}
		if others == "" {
			return errors.Join(p.tellHeld(ctx), p.expireOnce(ctx))
		}
		if !told {
			p.log.Info("others have the rest; this one takes what they leave", "worker", others)
		}
		select {
		case <-ctx.Done():
		case <-time.After(patience):
		}
	}
}

// patience is how long it is waited before it is looked again what others do.
const patience = 2 * time.Second

// others names a worker that holds a chunk of a run that goes on: should it be lost, its people are this one's to mail. "": there is none.
func (p *post) others(ctx context.Context) (string, error) {
	if !p.shared() {
		return "", nil
	}
	runs, err := p.store.Runs(ctx, store.RunFilter{Open: true, Limit: math.MaxInt32})
	if err != nil {
		return "", err
	}
	for _, run := range runs {
		if run.State != store.RunRunning {
			continue
		}
		chunks, err := p.store.ChunksOf(ctx, run.ID)
		if err != nil {
			return "", err
		}
		for i := range chunks {
			if c := &chunks[i]; c.State == store.ChunkOpen && c.Owner != "" && c.Until.After(p.sys.now()) {
				return c.Owner, nil
			}
		}
	}
	return "", nil
}

// deployed reports whether there is anything that could be sent, and says so when there is not.
func (p *post) deployed(ctx context.Context) (bool, error) {
	_, err := p.store.CurrentVersion(ctx)
	if errors.Is(err, store.ErrNotFound) {
		p.log.Warn("nothing is deployed yet, so nothing is sent; `germane deploy` does that, from a workspace's folder")
		return false, nil
	}
	return err == nil, err
}
