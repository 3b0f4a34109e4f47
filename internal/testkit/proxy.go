package testkit

import (
	"io"
	"net"
	"sync"
	"testing"
)

// Cut is what a network does to connections.
type Cut uint8

// The cuts.
const (
	// Stalled holds back everything, and lets it go on when the network is healed: packets are lost, and sent again.
	Stalled Cut = iota + 1
	// Forgotten connections never bring anything again, and are never closed, not even when the network is healed: so does whoever
	// keeps a table of connections and starts anew. Those made meanwhile are forgotten, too.
	Forgotten
	// Closed ends the connections, and those that are made meanwhile.
	Closed
)

// Proxy is a network between somebody and a server: it can be cut, and healed.
type Proxy struct {
	Address string

	to       string
	listener net.Listener
	open     sync.WaitGroup

	mu      sync.Mutex
	cut     Cut           // 0: none
	changed chan struct{} // closed when it is another one
	lines   map[*line]bool
}

// line is a connection through the proxy.
type line struct {
	proxy     *Proxy
	ends      [2]net.Conn   // the client's and the server's; the latter is nil until it is reached
	forgotten chan struct{} // closed when it is
	once      sync.Once
}

// NewProxy leads to a server until the test ends.
func NewProxy(t testing.TB, to string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{Address: listener.Addr().String(), to: to, listener: listener, lines: map[*line]bool{}, changed: make(chan struct{})}
	p.open.Go(p.accept)
	t.Cleanup(func() {
		listener.Close()
		p.Cut(Closed)
		p.open.Wait()
	})
	return p
}

// Cut begins a cut.
func (p *Proxy) Cut(how Cut) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = how
	close(p.changed)
	p.changed = make(chan struct{})
	for l := range p.lines {
		l.suffer(how)
	}
}

// Heal ends a cut.
func (p *Proxy) Heal() { p.Cut(0) }

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.open.Go(func() { p.lead(client) })
	}
}

// lead carries what a client and the server say, until one of them closes the connection and the other one knows.
func (p *Proxy) lead(client net.Conn) {
	l := &line{proxy: p, forgotten: make(chan struct{})}
	l.ends[0] = client
	p.mu.Lock()
	p.lines[l] = true
	l.suffer(p.cut)
	p.mu.Unlock()
	defer l.leave()
	if !l.passes() {
		_, _ = io.Copy(io.Discard, client) // until it has had enough
		return
	}
	server, err := net.Dial("tcp", p.to)
	if err != nil {
		return
	}
	p.mu.Lock()
	l.ends[1] = server
	l.suffer(p.cut)
	p.mu.Unlock()
	var back sync.WaitGroup
	back.Go(func() { l.carry(server, client) })
	l.carry(client, server)
	back.Wait()
}

// suffer does to a line what a cut does at once.
func (l *line) suffer(how Cut) {
	switch how {
	case Forgotten:
		l.once.Do(func() { close(l.forgotten) })
	case Closed:
		for _, end := range l.ends {
			if end != nil {
				end.Close()
			}
		}
	}
}

// passes reports whether something may go on: after a cut, or never.
func (l *line) passes() bool {
	for {
		l.proxy.mu.Lock()
		cut, changed := l.proxy.cut, l.proxy.changed
		l.proxy.mu.Unlock()
		select {
		case <-l.forgotten:
			return false
		default:
		}
		if cut != Stalled {
			return true
		}
		select {
		case <-changed:
		case <-l.forgotten:
			return false
		}
	}
}

// carry carries what one end says to the other one, and that it closes.
func (l *line) carry(from, to net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if !l.passes() {
			_, _ = io.Copy(io.Discard, from)
			return
		}
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				from.Close()
				return
			}
		}
		if err != nil {
			to.Close()
			return
		}
	}
}

func (l *line) leave() {
	l.proxy.mu.Lock()
	defer l.proxy.mu.Unlock()
	delete(l.proxy.lines, l)
	l.suffer(Closed)
}
