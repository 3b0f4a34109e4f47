package smtpfake

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"sync/atomic"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Receiver is a real server that takes everything.
type Receiver struct {
	kept
	Addr string

	user, password string // "": no authentication is asked for
	server         *smtp.Server
	count          atomic.Int64
}

// Receive starts a real server, with TLS from the first byte on (implicit), or else STARTTLS where there is a certificate. The caller
// closes it.
func Receive(certificate *tls.Certificate, implicit bool, user, password string) (*Receiver, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Receiver{Addr: listener.Addr().String(), user: user, password: password}
	r.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &session{receiver: r, connection: int(r.count.Add(1)), allowed: user == ""}, nil
	}))
	r.server.Domain, r.server.AllowInsecureAuth, r.server.ErrorLog = "localhost", true, log.New(io.Discard, "", 0)
	if certificate != nil {
		r.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12}
		if implicit {
			listener = tls.NewListener(listener, r.server.TLSConfig)
		}
	}
	go func() { _ = r.server.Serve(listener) }() // until it is closed
	return r, nil
}

// Close ends all conversations.
func (r *Receiver) Close() error { return r.server.Close() }

type session struct {
	receiver   *Receiver
	connection int
	allowed    bool
	from, to   string
}

func (s *session) AuthMechanisms() []string {
	if s.receiver.user == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.receiver.user || password != s.receiver.password {
			return smtp.ErrAuthFailed
		}
		s.allowed = true
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if !s.allowed {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return nil
}

func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err == nil {
		s.receiver.keep(Mail{s.connection, s.from, s.to, data})
	}
	return err
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }
