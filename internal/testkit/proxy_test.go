package testkit

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// TestProxy cuts a connection in each way, and looks at what becomes of it, of one that is made meanwhile, and of one made later.
func TestProxy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		how              Cut
		during, healed   string // what comes back on a connection from before: an echo, "" for nothing, or "closed"
		made, madeHealed string // the same of one that is made meanwhile
	}{
		"stalled":   {Stalled, "", "ab", "", "ab"},
		"forgotten": {Forgotten, "", "", "", ""},
		"closed":    {Closed, "closed", "closed", "closed", "closed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := NewProxy(t, echo(t))
			before := dial(t, p)
			say(before, "x")
			expect(t, "before", before, "x")
			p.Cut(c.how)
			say(before, "a")
			expect(t, "during", before, c.during)
			meanwhile := dial(t, p)
			say(meanwhile, "a")
			expect(t, "made during", meanwhile, c.made)
			p.Heal()
			say(before, "b")
			expect(t, "healed", before, c.healed)
			say(meanwhile, "b")
			expect(t, "made during, healed", meanwhile, c.madeHealed)
			after := dial(t, p)
			say(after, "y")
			expect(t, "after", after, "y")
		})
	}
}

// echo is a server that says what it hears.
func echo(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(c, c); c.Close() }()
		}
	}()
	return listener.Addr().String()
}

func dial(t *testing.T, p *Proxy) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", p.Address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// say says something; whether anybody hears it is what the test is about.
func say(c net.Conn, words string) { _, _ = io.WriteString(c, words) }

func expect(t *testing.T, when string, c net.Conn, want string) {
	t.Helper()
	patience := 10 * time.Second
	if want == "" {
		patience = 100 * time.Millisecond
	}
	_ = c.SetReadDeadline(time.Now().Add(patience))
	got := make([]byte, max(len(want), 1))
	if want == "closed" {
		got = got[:1]
	}
	n, err := io.ReadFull(c, got)
	is := string(got[:n])
	if n == 0 && err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		is = "closed"
	}
	if is != want {
		t.Errorf("%s: %q came back (%v), want %q", when, is, err, want)
	}
}
