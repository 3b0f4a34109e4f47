package smtpfake

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"sync/atomic"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Receiver is a real server that takes everything.
type Receiver struct {
	kept
	Addr string

	user, password string // "": no authentication is asked for
	crowds         bool   // what is in the mails is not kept
	takes          time.Duration
	server         *smtp.Server
	count          atomic.Int64
}

// Receive starts a real server, with TLS from the first byte on (implicit), or else STARTTLS where there is a certificate. The caller
// closes it.
func Receive(certificate *tls.Certificate, implicit bool, user, password string) (*Receiver, error) {
	r := &Receiver{user: user, password: password}
	return r, r.serve(certificate, implicit)
}

// ReceiveCrowds starts a real server that takes its time over each mail, on any number of connections, and keeps only who got one and
// when: it is theirs as soon as all of it has arrived. The caller closes it.
func ReceiveCrowds(takes time.Duration) (*Receiver, error) {
	r := &Receiver{crowds: true, takes: takes}
	return r, r.serve(nil, false)
}

func (r *Receiver) serve(certificate *tls.Certificate, implicit bool) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	r.Addr = listener.Addr().String()
	r.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &session{receiver: r, connection: int(r.count.Add(1)), allowed: r.user == ""}, nil
	}))
	r.server.Domain, r.server.AllowInsecureAuth, r.server.ErrorLog = "localhost", true, log.New(io.Discard, "", 0)
	if certificate != nil {
		r.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12}
		if implicit {
			listener = tls.NewListener(listener, r.server.TLSConfig)
		}
	}
	go func() { _ = r.server.Serve(listener) }() // until it is closed
	return nil
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
	if s.receiver.crowds {
		return s.count(r)
	}
	data, err := io.ReadAll(r)
	if err == nil {
		s.receiver.keep(Mail{Connection: s.connection, From: s.from, To: s.to, Data: data})
	}
	return err
}

func (s *session) count(r io.Reader) error {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	s.receiver.keep(Mail{Connection: s.connection, To: s.to})
	time.Sleep(s.receiver.takes)
	return nil
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }
