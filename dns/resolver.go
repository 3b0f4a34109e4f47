package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Resolver asks the DNS. Any number of goroutines may use it.
type Resolver struct {
	net      *net.Resolver
	within   time.Duration // for one question
	answered atomic.Bool
}

// Errors of questions: the answer is that there is no such record, or there is no answer.
var (
	ErrNone   = errors.New("there is none")
	ErrSilent = errors.New("the DNS does not say")
)

// lookupTime is for one question. Nobody who waits for mail to be taken waits longer.
const lookupTime = 2 * time.Second

// NewResolver makes a resolver that asks a server, ADDRESS or ADDRESS:PORT; "": those that this machine asks.
func NewResolver(server string) (*Resolver, error) {
	r := &Resolver{net: &net.Resolver{}, within: lookupTime}
	if server == "" {
		return r, nil
	}
	to, err := netip.ParseAddrPort(server)
	if err != nil {
		var address netip.Addr
		if address, err = netip.ParseAddr(server); err != nil {
			return nil, fmt.Errorf("%q is not the address of a DNS server", server)
		}
		to = netip.AddrPortFrom(address, 53)
	}
	r.net.PreferGo = true
	r.net.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, to.String())
	}
	return r, nil
}

// Answered reports whether any question has been answered, be it with no.
func (r *Resolver) Answered() bool { return r.answered.Load() }

// What is more than this is not looked at.
const (
	mostRecords   = 50
	longestRecord = 8 << 10 // a key of 16,384 bits has 2,800 characters
)

// TXT returns the texts at a name.
func (r *Resolver) TXT(ctx context.Context, name string) ([]string, error) {
	texts, err := ask(ctx, r, name, r.net.LookupTXT)
	return slices.DeleteFunc(texts, func(text string) bool { return len(text) > longestRecord }), err
}

// MX returns the servers that take a domain's mail, without the dot at their end, the best first. One that is "" says that there are
// none (RFC 7505).
func (r *Resolver) MX(ctx context.Context, name string) ([]string, error) {
	records, err := ask(ctx, r, name, r.net.LookupMX)
	var hosts []string
	for _, record := range records {
		hosts = append(hosts, plain(record.Host))
	}
	return hosts, err
}

// Addresses returns the addresses of a host.
func (r *Resolver) Addresses(ctx context.Context, name string) ([]netip.Addr, error) {
	all, err := ask(ctx, r, name, func(ctx context.Context, name string) ([]netip.Addr, error) {
		return r.net.LookupNetIP(ctx, "ip", name)
	})
	for i := range all {
		all[i] = all[i].Unmap()
	}
	return all, err
}

// Names returns the names that an address is said to have.
func (r *Resolver) Names(ctx context.Context, address netip.Addr) ([]string, error) {
	all, err := ask(ctx, r, address.String(), func(ctx context.Context, name string) ([]string, error) {
		return r.net.LookupAddr(ctx, strings.TrimSuffix(name, "."))
	})
	for i := range all {
		all[i] = plain(all[i])
	}
	return all, err
}

// plain is a name as people write it.
func plain(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// ask asks one question. The error is an [ErrNone] when the answer is that there is nothing.
func ask[T any](ctx context.Context, r *Resolver, name string, lookup func(context.Context, string) ([]T, error)) ([]T, error) {
	ctx, cancel := context.WithTimeout(ctx, r.within)
	defer cancel()
	all, err := lookup(ctx, plain(name)+".") // with its dot, so that no domain of this machine's is tried behind it
	var said *net.DNSError
	switch {
	case len(all) > 0: // some names of MX and PTR may have been impossible ones, and are left out
		r.answered.Store(true)
		return all[:min(len(all), mostRecords)], nil
	case err == nil || errors.As(err, &said) && said.IsNotFound:
		r.answered.Store(true)
		return nil, ErrNone
	case errors.As(err, &said):
		return nil, fmt.Errorf("%w: %s", ErrSilent, said.Err) // and not its server's address
	}
	return nil, fmt.Errorf("%w: %w", ErrSilent, err)
}
