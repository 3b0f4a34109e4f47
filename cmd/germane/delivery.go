package main

import (
	"context"
	"errors"
	"fmt"

	"germane/send"
	"germane/workspace"
)

// The variables that hold what a way out needs beside its address; NAME_FILE names a file instead.
const (
	passwordVariable = "GERMANE_SMTP_PASSWORD"
	dkimKeyVariable  = "GERMANE_DKIM_KEY"
)

// openTransport opens a workspace's way out. Nothing is connected before the first mail.
func openTransport(ctx context.Context, sys *system, o *options, w *workspace.Workspace) (send.Transport, send.Address, error) {
	address, err := deliveryAddress(w)
	if err != nil {
		return nil, address, err
	}
	options := send.Options{Root: o.dir, Concurrency: w.Config.Concurrency}
	if address.Kind == send.SMTPKind {
		if options.Password, err = smtpPassword(sys, &address); err != nil {
			return nil, address, err
		}
		if options.DKIM, err = dkim(sys, w); err != nil {
			return nil, address, err
		}
	}
	t, err := address.Open(ctx, options)
	return t, address, err
}

// deliveryAddress is what germane.yaml's delivery says.
func deliveryAddress(w *workspace.Workspace) (send.Address, error) {
	const write = "write delivery: outbox://outbox, which only makes files, or ses://REGION or smtp+starttls://USER@HOST"
	if w.Config.Delivery.Scheme == "" {
		return send.Address{}, hint(errors.New("germane.yaml does not say how mail leaves"), write)
	}
	address, err := send.ParseURL(w.Config.Delivery.Text)
	if err != nil {
		return address, hint(fmt.Errorf("delivery: %w", err), write)
	}
	return address, nil
}

func smtpPassword(sys *system, a *send.Address) (string, error) {
	password, err := sys.secret(passwordVariable)
	if err == nil && password == "" && a.User != "" {
		err = hint(fmt.Errorf("there is no password for %s at %s", a.User, a.Host), "set "+passwordVariable+", or the name of its file as "+passwordVariable+"_FILE")
	}
	return password, err
}

// dkim returns who signs mail that leaves by SMTP; nil: nobody does here.
func dkim(sys *system, w *workspace.Workspace) (*send.DKIM, error) {
	key, err := sys.secret(dkimKeyVariable)
	config := w.Config.DKIM
	switch {
	case err != nil:
		return nil, err
	case key == "" && config == nil:
		return nil, nil
	case config == nil:
		return nil, hint(fmt.Errorf("there is a key in %s, and germane.yaml does not say for which domain", dkimKeyVariable), "write dkim: {domain: mail.acme.example, selector: s1}")
	case key == "":
		return nil, hint(fmt.Errorf("germane.yaml wants mail signed for %s, and there is no key", config.Domain), "set "+dkimKeyVariable+", or the name of its file as "+dkimKeyVariable+"_FILE")
	}
	signer, err := send.NewDKIM(config.Selector, []byte(key))
	if err != nil {
		return nil, hint(err, dkimKeyVariable+" holds the private key as PEM; `openssl genrsa 2048` makes one")
	}
	return signer, nil
}
