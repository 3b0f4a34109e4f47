package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"germane/send"
	"germane/store"
	"germane/token"
	"germane/worker"
	"germane/workspace"
)

// post is a workspace with everything that sending from it takes.
type post struct {
	sys       *system
	o         *options
	w         *workspace.Workspace
	store     store.Database
	contents  *worker.Contents
	transport send.Transport
	address   send.Address
	keys      *token.Keys
	database  string // the file
	log       *slog.Logger
}

// openPost loads a sound workspace and opens its database and its way out; close ends both. The log begins at a level: commands that
// report themselves want only warnings.
func openPost(ctx context.Context, sys *system, o *options, level slog.Level) (*post, error) {
	w, err := loadSound(sys, o)
	if err != nil {
		return nil, err
	}
	p := &post{sys: sys, o: o, w: w, log: slog.New(slog.NewTextHandler(sys.stderr, &slog.HandlerOptions{Level: level}))}
	p.database = databaseFile(o, w)
	if p.transport, p.address, err = openTransport(ctx, sys, o, w); err != nil {
		return nil, err
	}
	if p.store, err = openDatabase(ctx, sys, o, w); err != nil {
		return nil, errors.Join(err, p.transport.Close())
	}
	p.contents = worker.NewContents(p.store, sys.variables())
	if p.keys, err = tokenKeys(ctx, sys, p.store); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func (p *post) close() error {
	return errors.Join(p.transport.Close(), p.store.Close())
}

// real reports whether mails leave this machine.
func (p *post) real() bool { return !p.address.Loopback() }

// ready refuses what nobody should send: with a stopped database, to the world before arming, or without a way to withdraw.
func (p *post) ready(ctx context.Context) error {
	switches, err := p.store.Switches(ctx)
	if err != nil {
		return err
	}
	if stopped := switches[store.SwitchStopped]; stopped.On {
		return guardError{hint(errors.New("sending is stopped since "+p.local(stopped.At)), "`germane stop --resume` lets it go on")}
	}
	if p.w.Config.PublicURL == nil && p.real() {
		return guardError{hint(errors.New("without public_url nobody could unsubscribe"), "set public_url in germane.yaml to where `germane serve` is reached")}
	}
	if p.real() && !switches[store.SwitchArmed].On && len(p.w.Config.AllowRecipients) == 0 {
		return guardError{hint(fmt.Errorf("the database is not armed, and %s is a real delivery", p.address.String()), "`germane arm` allows it; allow_recipients in germane.yaml names who may be mailed before")}
	}
	return nil
}

// worker makes a worker that sends from this post.
func (p *post) worker(alone bool, tell *alerts) *worker.Worker {
	host, _ := os.Hostname()
	config := p.w.Config
	return worker.New(worker.Config{
		Store: p.store, Contents: p.contents, Transport: p.transport, Keys: p.keys, Owner: fmt.Sprintf("%s/%d", host, os.Getpid()), Alone: alone,
		Real: p.real(), Allowed: config.AllowRecipients, Concurrency: config.Concurrency, Rate: config.Rate,
		FreeDisk: func() (uint64, error) { return freeBytes(filepath.Dir(p.database)) }, Now: p.sys.now, Log: p.log, Alert: tell.tell,
	})
}

// alone makes this process the one that works on the database; it returns false when another one is.
func (p *post) alone() (release func(), alone bool, err error) {
	unlock, held, err := lockWorker(p.database)
	if err != nil || held {
		return func() {}, false, err
	}
	return func() { _ = unlock() }, true, nil // it ends with the process at the latest
}
