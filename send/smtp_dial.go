package send

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"

	"github.com/wneessen/go-mail"
)

// newClient makes what opens a connection: TLS, STARTTLS and authentication are go-mail's.
func newClient(a *Address, o Options) (*mail.Client, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.TLS != nil {
		config = o.TLS.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = a.Host
	}
	policy := mail.NoTLS
	switch a.Security {
	case StartTLS:
		policy = mail.TLSMandatory
	case TLS:
		policy = mail.TLSOpportunistic // the connection is protected already, which go-mail finds out with any policy but NoTLS
	}
	list := []mail.Option{
		mail.WithPort(a.Port), mail.WithTimeout(o.Timeout), mail.WithTLSPolicy(policy), mail.WithTLSConfig(config),
		mail.WithDialContextFunc(dialFunc(a.Security, config)),
	}
	if o.Hello != "" {
		list = append(list, mail.WithHELO(o.Hello))
	}
	if a.User != "" {
		list = append(list, mail.WithOpportunisticSMTPAuth(mechanisms(a)...), mail.WithUsername(a.User), mail.WithPassword(o.Password))
	}
	client, err := mail.NewClient(a.Host, list...)
	if err != nil {
		return nil, fmt.Errorf("smtp server %s: %w", a.Host, err)
	}
	return client, nil
}

// mechanisms are ways to authenticate, the best first. Without TLS a server is on this machine: [ParseURL] sees to it.
func mechanisms(a *Address) []mail.SMTPAuthType {
	if a.Security == Plain {
		return []mail.SMTPAuthType{mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthCramMD5, mail.SMTPAuthPlainNoEnc, mail.SMTPAuthLoginNoEnc}
	}
	return []mail.SMTPAuthType{mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlain, mail.SMTPAuthLogin, mail.SMTPAuthCramMD5}
}

// dialed is a connection on its way to its first use: go-mail hands out none when something goes wrong, but leaves it open; and it
// looks at a context only while it connects.
type dialed struct {
	ctx  context.Context // the caller's
	net  net.Conn        // nil: there is none yet
	stop func() bool     // keeps the end of the context from closing it
}

// dialedKey is where dialFunc finds the [dialed] in go-mail's context.
type dialedKey struct{}

func dialFunc(security Security, config *tls.Config) mail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		var plain net.Dialer
		c, err := plain.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		d := ctx.Value(dialedKey{}).(*dialed)
		d.net, d.stop = c, context.AfterFunc(d.ctx, func() { _ = c.Close() })
		if security != TLS {
			return c, nil
		}
		protected := tls.Client(c, config)
		return protected, protected.HandshakeContext(ctx)
	}
}

// dial opens a connection, greets and authenticates.
func dial(ctx context.Context, a *Address, o Options) (*connection, error) {
	dialer, err := newClient(a, o) // one a connection: it remembers how it authenticates
	if err != nil {
		return nil, err
	}
	d := &dialed{ctx: ctx}
	client, err := dialer.DialToSMTPClientWithContext(context.WithValue(ctx, dialedKey{}, d))
	if err == nil && !d.stop() {
		err = ctx.Err()
	}
	if err != nil {
		if d.net != nil {
			_ = d.net.Close()
		}
		return nil, err
	}
	c := &connection{options: o, net: d.net, reader: client.Text.R, writer: client.Text.W}
	c.pipelining, _ = client.Extension("PIPELINING")
	c.size, _ = client.Extension("SIZE")
	return c, nil
}
