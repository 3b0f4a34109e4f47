package send

import (
	"context"
	"errors"
	"sync"
	"time"
)

// smtpServer sends through one SMTP server. Connections are opened when there is none free, and used one after the other: the last
// one first, so that those which are not needed go idle.
type smtpServer struct {
	address Address
	options Options

	mu     sync.Mutex
	idle   []*connection
	closed bool
}

// stale is when an idle connection is not worth a try any more: servers hang up after five minutes or less.
const stale = time.Minute

var errClosed = errors.New("the transport is closed")

func openSMTP(a *Address, o Options) (*smtpServer, error) {
	s := &smtpServer{address: *a, options: o}
	_, err := newClient(a, o) // to see what is wrong with it now
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (s *smtpServer) Send(ctx context.Context, m *Mail) Result {
	if reason := m.fault(); reason != "" {
		return refusedHere(reason)
	}
	signature := ""
	if s.options.DKIM != nil {
		var err error
		if signature, err = s.options.DKIM.sign(m); err != nil {
			return refusedHere("sign: " + err.Error())
		}
	}
	for {
		c, err := s.take(ctx)
		if err != nil {
			return s.notConnected(ctx, err, m)
		}
		used := !c.since.IsZero()
		result := c.send(ctx, m, signature)
		s.release(c)
		if !result.hungUp || !used {
			return result.Result
		}
		// The server had ended this connection before it saw the mail. There is nothing to learn from that: take another one.
	}
}

func (s *smtpServer) notConnected(ctx context.Context, err error, m *Mail) Result {
	if ctx.Err() != nil {
		return notSent(ctx.Err())
	}
	if errors.Is(err, errClosed) {
		return notSent(err)
	}
	return byConnecting(err, m)
}

// take returns an idle connection, or a new one.
func (s *smtpServer) take(ctx context.Context) (*connection, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, errClosed
	}
	for n := len(s.idle); n > 0; n = len(s.idle) {
		c := s.idle[n-1]
		s.idle = s.idle[:n-1]
		if time.Since(c.since) < stale {
			s.mu.Unlock()
			return c, nil
		}
		c.drop()
	}
	s.mu.Unlock()
	return dial(ctx, &s.address, s.options)
}

// release keeps a connection for the next mail, if it is of use.
func (s *smtpServer) release(c *connection) {
	c.since = time.Now()
	s.mu.Lock()
	keep := !s.closed && !c.broken
	if keep {
		s.idle = append(s.idle, c)
	}
	s.mu.Unlock()
	if keep {
		return
	}
	if c.broken {
		c.drop()
	} else {
		c.quit()
	}
}

func (s *smtpServer) Check(ctx context.Context) error {
	c, err := s.take(ctx)
	if err != nil {
		return err
	}
	s.release(c)
	return nil
}

func (s *smtpServer) Close() error {
	s.mu.Lock()
	s.closed = true
	idle := s.idle
	s.idle = nil
	s.mu.Unlock()
	var goodbyes sync.WaitGroup
	for _, c := range idle {
		goodbyes.Go(c.quit)
	}
	goodbyes.Wait()
	return nil
}
