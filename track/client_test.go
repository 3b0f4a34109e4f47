package track

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestClientOf(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, c := range []struct {
		peer, forwarded, want string
	}{
		{"203.0.113.7:80", "", "203.0.113.7"},
		{"203.0.113.7:80", "198.51.100.1", "203.0.113.7"}, // not a proxy of ours: it may say what it likes
		{"10.0.0.1:80", "198.51.100.1", "198.51.100.1"},
		{"10.0.0.1:80", "1.1.1.1, 198.51.100.1", "198.51.100.1"}, // the left ones are the client's own words
		{"10.0.0.1:80", "1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1"},
		{"10.0.0.1:80", "198.51.100.1|1.1.1.1", "1.1.1.1"}, // two header lines
		{"10.0.0.1:80", "198.51.100.1:4711", "198.51.100.1"},
		{"10.0.0.1:80", "[2001:db8::1]:4711", "2001:db8::1"},
		{"[fd00::1]:80", "2001:db8::1", "2001:db8::1"},
		{"[::ffff:10.0.0.1]:80", "::ffff:198.51.100.1", "198.51.100.1"},
		{"10.0.0.1:80", "unknown", "10.0.0.1"},
		{"10.0.0.1:80", "198.51.100.1, nonsense", "10.0.0.1"},
		{"10.0.0.1:80", "", "10.0.0.1"},
		{"10.0.0.1:80", "10.0.0.2", "10.0.0.2"},
		{"@", "198.51.100.1", "invalid IP"},
	} {
		r := &http.Request{RemoteAddr: c.peer, Header: http.Header{}}
		if c.forwarded != "" {
			r.Header["X-Forwarded-For"] = strings.Split(c.forwarded, "|")
		}
		if got := clientOf(r, trusted).String(); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// TestWrongTokensAreLimited, and nothing else is: whoever shares a network with an attacker still unsubscribes.
func TestWrongTokensAreLimited(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.Server.trusted = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
	from := func(client string) []string { return []string{"X-Forwarded-For", client} }
	for i := range wrongBurst {
		if w := f.get(fmt.Sprintf("/c/wrong%d/1", i), from("2001:db8:1:2::1")...); w.Code != 404 {
			t.Fatalf("wrong token %d: %d", i, w.Code)
		}
	}
	w := f.get("/u/wrong", from("2001:db8:1:2:ffff::9")...) // the same /64
	if w.Code != 429 || w.Header().Get("Retry-After") != "60" {
		t.Errorf("one too many: %d", w.Code)
	}
	if w := f.get("/u/wrong", from("2001:db8:1:3::1")...); w.Code != 404 {
		t.Errorf("a neighbour: %d", w.Code)
	}
	if w := f.get(f.clickPath(f.ann, 1), from("2001:db8:1:2::1")...); w.Code != 302 {
		t.Errorf("a right token: %d", w.Code)
	}
	if w := f.get("/a/0123456789abcdef/logo.png", from("2001:db8:1:2::1")...); w.Code != 429 {
		t.Errorf("an asset that the database would be asked for: %d", w.Code)
	}
	f.get("/a/0123456789abcdef/logo.png")
	if w := f.get("/a/0123456789abcdef/logo.png", from("2001:db8:1:2::1")...); w.Code != 200 {
		t.Errorf("an asset in memory: %d", w.Code)
	}
	f.pass(2 * time.Second)
	for i, want := range []int{404, 404, 429} {
		if w := f.get("/u/wrong", from("2001:db8:1:2::1")...); w.Code != want {
			t.Errorf("request %d after two seconds: %d, want %d", i, w.Code, want)
		}
	}
	if s := f.Stats(); s.Limited != 3 || s.Wrong != wrongBurst+5 {
		t.Errorf("stats are %+v", s)
	}
}

func TestLimiterIsBounded(t *testing.T) {
	t.Parallel()
	l := newLimiter()
	for i := range 3 * mostBuckets {
		l.take(netip.AddrFrom4([4]byte{1, byte(i >> 16), byte(i >> 8), byte(i)}), noon)
		if len(l.buckets) > mostBuckets {
			t.Fatalf("%d buckets", len(l.buckets))
		}
	}
}
