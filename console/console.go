// Package console holds the two HTTP servers that readers of mail never see.
//
// [Server] is the private one, for operators and machines that watch. It answers whether the process lives (/healthz), whether it can
// work (/readyz), and what it counts (/metrics, in Prometheus's text format). [Preview] (preview*.go) shows whoever writes mail what
// everybody gets, and why, while the files change; its pages are in ui/.
//
// The private server leaves counting to others: whoever has numbers gives [Config] a [Collector]. It never changes anything.
//
// Nobody beyond this machine reaches it without a token: [New] refuses an address that is not loopback when there is none. On loopback
// without a token, a request must also name this machine as its host, because a page in somebody's browser can reach loopback, too,
// under a name of its own (DNS rebinding).
//
// In order: [New], [Server.Handler]; [NewPreview], [Preview.Watch], [Preview.Handler].
package console

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"germane/store"
)

// ErrTokenNeeded is returned for an address that others can reach, without a token to tell them apart.
var ErrTokenNeeded = errors.New("the private server may listen beyond this machine only with a token")

// Store is what the server looks at.
type Store interface {
	store.Switches
	store.Runs
	// Now is how it notices that the database answers.
	Now(ctx context.Context) (time.Time, error)
}

// Config is what a server is made of.
type Config struct {
	Listen     string // host:port that it will listen on
	Token      string // asked for as "Authorization: Bearer TOKEN"; "": none, on loopback only
	Store      Store
	Version    string // of the program
	Collectors []Collector
	Log        *slog.Logger // nil: slog.Default
}

// Server answers operators.
type Server struct {
	Config
	token [sha256.Size]byte
}

// New returns a server, or [ErrTokenNeeded].
func New(c Config) (*Server, error) {
	if c.Token == "" && !isLoopback(c.Listen) {
		return nil, fmt.Errorf("listen on %s: %w", c.Listen, ErrTokenNeeded)
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	return &Server{c, sha256.Sum256([]byte(c.Token))}, nil
}

// isLoopback reports whether host:port, or a host alone, is this machine and nobody else's.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.Trim(address, "[]")
	}
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}

// Handler answers requests.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("GET /metrics", s.metrics)
	return s.guard(mux)
}

// open are the paths that need no token: a machine that restarts processes has none, and they say nothing about anybody.
var open = map[string]bool{"/healthz": true, "/readyz": true}

func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		switch {
		case s.Token == "" && !isLoopback(r.Host):
			http.Error(w, "this server answers only to 127.0.0.1, ::1 and localhost", http.StatusMisdirectedRequest)
		case s.Token != "" && !open[r.URL.Path] && !s.knows(r):
			h.Set("WWW-Authenticate", `Bearer realm="germane"`)
			http.Error(w, "send the token: Authorization: Bearer …", http.StatusUnauthorized)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// knows compares hashes, so that the time it takes tells nothing, not even the token's length.
func (s *Server) knows(r *http.Request) bool {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	sum := sha256.Sum256([]byte(token))
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(sum[:], s.token[:]) == 1
}

func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintln(w, "ok")
}

// readyWithin is how long the database may take: whoever asks asks again.
const readyWithin = 2 * time.Second

// state is the answer of /readyz.
type state struct {
	Database string `json:"database"` // ok or away
	Sending  string `json:"sending"`  // on, stopped, or unknown
}

// ready says whether this process can work. That sending is stopped does not make it unready: readers' links and withdrawals must still
// be answered, and a balancer that takes the process away would end that.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
	defer cancel()
	is, status := state{"ok", "on"}, http.StatusOK
	_, err := s.Store.Now(ctx)
	var switches map[string]store.Switch
	if err == nil {
		switches, err = s.Store.Switches(ctx)
	}
	switch {
	case err != nil:
		s.Log.Error("the database does not answer", "err", err)
		is, status = state{"away", "unknown"}, http.StatusServiceUnavailable
	case switches[store.SwitchStopped].On:
		is.Sending = "stopped"
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(is) // whoever left does not need it
}
