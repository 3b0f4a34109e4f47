package track

import (
	"hash/maphash"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// clientOf returns the address of whoever asks. Only what a trusted proxy wrote into X-Forwarded-For is believed: the last address
// that is not itself a trusted proxy's. It is used for limiting, and forgotten.
func clientOf(r *http.Request, trusted []netip.Prefix) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{} // such as a Unix socket's
	}
	client := peer.Addr().Unmap().WithZone("")
	list := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(list) - 1; i >= 0 && isTrusted(client, trusted); i-- {
		next, ok := parseForwarded(strings.TrimSpace(list[i]))
		if !ok {
			break
		}
		client = next
	}
	return client
}

func isTrusted(address netip.Addr, trusted []netip.Prefix) bool {
	for _, prefix := range trusted {
		if prefix.Contains(address) {
			return true
		}
	}
	return false
}

// parseForwarded reads an address of X-Forwarded-For. Some proxies write a port.
func parseForwarded(s string) (netip.Addr, bool) {
	if pair, err := netip.ParseAddrPort(s); err == nil {
		return pair.Addr().Unmap().WithZone(""), true
	}
	address, err := netip.ParseAddr(s)
	return address.Unmap().WithZone(""), err == nil
}

// limiter holds back whoever sends wrong tokens: a bucket for each client, which one wrong token takes from. Its memory is bounded, and
// it keeps no addresses: only hashes that mean nothing outside of this process.
type limiter struct {
	seed maphash.Seed

	mu      sync.Mutex
	buckets map[uint64]bucket
}

type bucket struct {
	left float64
	at   time.Time // when left was right
}

const (
	wrongBurst  = 60 // wrong tokens at once
	wrongRefill = 1  // a second
	mostBuckets = 20_000
)

func newLimiter() *limiter {
	return &limiter{seed: maphash.MakeSeed(), buckets: map[uint64]bucket{}}
}

// take reports whether a client may be wrong once more, and takes from its bucket.
func (l *limiter) take(client netip.Addr, now time.Time) bool {
	return l.look(client, now, 1)
}

// empty reports whether a client has been wrong too often.
func (l *limiter) empty(client netip.Addr, now time.Time) bool {
	return !l.look(client, now, 0)
}

func (l *limiter) look(client netip.Addr, now time.Time, cost float64) bool {
	key := l.key(client)
	l.mu.Lock()
	defer l.mu.Unlock()
	b, known := l.buckets[key]
	if !known {
		b.left = wrongBurst
	} else if since := now.Sub(b.at).Seconds(); since > 0 {
		b.left = min(wrongBurst, b.left+since*wrongRefill)
	}
	b.at = now
	allowed := b.left >= 1
	if allowed {
		b.left -= cost
	}
	if cost > 0 {
		l.makeRoom(now)
		l.buckets[key] = b
	}
	return allowed
}

// key is one for all addresses that a client can choose from: a /64 in IPv6 (RFC 6177).
func (l *limiter) key(client netip.Addr) uint64 {
	if client.Is6() {
		if network, err := client.Prefix(64); err == nil {
			client = network.Addr()
		}
	}
	return maphash.Comparable(l.seed, client)
}

// makeRoom forgets buckets that are full again; when there are none, all.
func (l *limiter) makeRoom(now time.Time) {
	if len(l.buckets) < mostBuckets {
		return
	}
	for key, b := range l.buckets {
		if now.Sub(b.at).Seconds()*wrongRefill+b.left >= wrongBurst {
			delete(l.buckets, key)
		}
	}
	if len(l.buckets) >= mostBuckets {
		clear(l.buckets)
	}
}
