package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"germane/send"
	"germane/store"
	"germane/token"
	"germane/worker"
	"germane/worker/river"
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
	home      home
	queue     *river.Carrier // nil: nobody else works
	log       *slog.Logger
}

// openPost opens a workspace's database and its way out; close ends both. The log begins at a level: commands that report themselves
// want only warnings.
func openPost(ctx context.Context, sys *system, o *options, w *workspace.Workspace, level slog.Level) (*post, error) {
	transport, address, err := openTransport(ctx, sys, o, w)
	if err != nil {
		return nil, err
	}
	p, err := openPages(ctx, sys, o, w, level)
	if err != nil {
		return nil, errors.Join(err, transport.Close())
	}
	p.transport, p.address = transport, address
	if p.shared() {
		if p.queue, err = openQueue(ctx, sys, &p.home, p.log); err != nil {
			return nil, errors.Join(err, p.close())
		}
	}
	return p, nil
}

// openPages opens what answering people takes: nothing is sent from there, so it needs no way out and none of its secrets.
func openPages(ctx context.Context, sys *system, o *options, w *workspace.Workspace, level slog.Level) (*post, error) {
	p := &post{sys: sys, o: o, w: w, home: homeOf(o, w), log: slog.New(slog.NewTextHandler(sys.stderr, &slog.HandlerOptions{Level: level}))}
	var err error
	if p.store, err = openDatabase(ctx, sys, o, w); err != nil {
		return nil, err
	}
	p.contents = worker.NewContents(p.store, sys.variables())
	if p.keys, err = tokenKeys(ctx, sys, p.store); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func (p *post) close() error {
	var err error
	if p.queue != nil {
		err = p.queue.Close()
	}
	err = errors.Join(err, p.store.Close())
	if p.transport != nil {
		err = errors.Join(p.transport.Close(), err)
	}
	return err
}

// shared reports whether other processes may work on the database, too. Then what is sent is what was deployed, by whoever did.
func (p *post) shared() bool { return p.home.Postgres != "" }

// shown is the workspace whose looks and campaigns this process shows: the deployed one where others deploy, as the folder may have no
// more than germane.yaml.
func (p *post) shown(ctx context.Context) (*workspace.Workspace, error) {
	if !p.shared() {
		return p.w, nil
	}
	hash, err := p.store.CurrentVersion(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return p.w, nil
	}
	if err != nil {
		return nil, err
	}
	w, err := p.contents.Workspace(ctx, hash)
	if err != nil {
		p.log.Warn("what was deployed cannot be shown", "err", err)
		return p.w, nil
	}
	return w, nil
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
		return guardError{hint(errors.New("sending is stopped since "+p.local(stopped.At)+because(": ", stopped.Note)), goOnAfter(stopped))}
	}
	if p.w.Config.PublicURL == nil && p.real() {
		return guardError{hint(errors.New("without public_url nobody could unsubscribe"), "set public_url in germane.yaml to where `germane serve` is reached")}
	}
	if p.real() && !switches[store.SwitchArmed].On && len(p.w.Config.AllowRecipients) == 0 {
		return guardError{hint(fmt.Errorf("the database is not armed, and %s is a real delivery", p.address.String()), "`germane arm` allows it; allow_recipients in germane.yaml names who may be mailed before")}
	}
	return nil
}

// carrier brings chunks to workers; nil: they look for them.
func (p *post) carrier() worker.Carrier {
	if p.queue == nil {
		return nil // not a nil pointer in an interface
	}
	return p.queue
}

// worker makes a worker that sends from this post.
func (p *post) worker(tell *alerts) *worker.Worker {
	config, sender := p.w.Config, ""
	if p.shared() {
		sender = p.address.String()
	}
	return worker.New(worker.Config{
		Store: p.store, Contents: p.contents, Transport: p.transport, Keys: p.keys, Owner: ownName(), Sender: sender, Carrier: p.carrier(), Alone: !p.shared(),
		Real: p.real(), Allowed: config.AllowRecipients, Concurrency: config.Concurrency, Rate: config.Rate,
		WayOut: p.address.String(), WarmUp: config.WarmUp, Zone: config.TimeZone, DomainRates: domainRates(config),
		FreeDisk: func() (uint64, error) { return freeBytes(p.home.disk(p.o, p.w)) }, Now: p.sys.now, Log: p.log, Alert: tell.tell,
		Breaker: config.StopIf,
	})
}

// ownName is no other worker's: containers are all process 1 of hosts that may be called alike.
func ownName() string {
	host, _ := os.Hostname()
	return fmt.Sprintf("%s/%d/%s", host, os.Getpid(), rand.Text()[:8])
}

// turn gives this process leave to work on the database; it returns false when another one is at work that is to be alone.
func (p *post) turn() (release func(), mine bool, err error) {
	if p.shared() {
		return func() {}, true, nil
	}
	unlock, held, err := lockWorker(p.home.Beside)
	if err != nil || held {
		return func() {}, false, err
	}
	return func() { _ = unlock() }, true, nil // it ends with the process at the latest
}
