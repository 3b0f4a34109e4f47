package main

import (
	"context"
	"errors"

	"germane/send"
	"germane/workspace"
)

// openTransport opens a workspace's way out. Nothing is connected before the first mail.
func openTransport(ctx context.Context, sys *system, o *options, w *workspace.Workspace) (send.Transport, send.Address, error) {
	address := deliveryAddress(&w.Config.Delivery)
	if w.Config.Delivery.Scheme == "" {
		return nil, address, hint(errors.New("germane.yaml does not say how mail leaves"), "write delivery: outbox://outbox, which only makes files, or ses://REGION or smtp+starttls://USER@HOST")
	}
	options := send.Options{Root: o.dir, Concurrency: w.Config.Concurrency}
	var err error
	if options.Password, err = sys.secret("GERMANE_SMTP_PASSWORD"); err != nil {
		return nil, address, err
	}
	t, err := address.Open(ctx, options)
	return t, address, err
}

// deliveryAddress is what germane.yaml's delivery says, as send takes it.
func deliveryAddress(d *workspace.Delivery) send.Address {
	a := send.Address{
		Dir: d.Folder, Host: d.Host, Port: d.Port, User: d.User,
		Region: d.Region, ConfigurationSet: d.ConfigurationSet, Tenant: d.Tenant, Endpoint: d.Endpoint,
	}
	switch d.Scheme {
	case "ses":
		a.Kind = send.SESKind
	case "smtp":
		a.Kind = send.SMTPKind
	case "smtp+starttls":
		a.Kind, a.Security = send.SMTPKind, send.StartTLS
	case "smtp+tls":
		a.Kind, a.Security = send.SMTPKind, send.TLS
	}
	return a
}
