package track

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"germane/store"
	"germane/token"
)

// Store is what the server needs to be kept.
type Store interface {
	store.People
	store.Consents
	store.Topics
	store.Versions
	store.Events
	store.Links
	store.Suppressions
	Noticer
}

// Noticer keeps what providers say of mails: a part of [store.Notices].
type Noticer interface {
	TakeNotices(ctx context.Context, notices []store.Notice, how store.Noticing) (known []bool, err error)
}

// Config is what a server is made of.
type Config struct {
	Store Store
	Keys  *token.Keys
	Site  Site
	// TrustedProxies are the networks whose X-Forwarded-For is believed; none: the peer is the client.
	TrustedProxies []netip.Prefix
	Notices        Notices          // the provider's, of what became of mails
	Log            *slog.Logger     // nil: slog.Default
	Now            func() time.Time // nil: time.Now
}

// Site is the brand as people see it.
type Site struct {
	Name          string
	Accent        string  // #rgb or #rrggbb; anything else: a quiet blue
	LogoURL       string  // "": the name is written
	Language      string  // of Name and the topics' titles, as in HTML's lang; "": English, as the pages' own words are
	PostalAddress string  // "": none is shown
	Topics        []Topic // in the order in which people see them
	LinkHosts     []string
	Path          string // of the public URL, such as /mail; requests come with it, or without where a proxy takes it off
}

// Topic is something people subscribe to.
type Topic struct{ Name, Title string }

// Server answers the public. Any number of goroutines may use it.
type Server struct {
	store   Store
	keys    *token.Keys
	site    Site
	trusted []netip.Prefix
	log     *slog.Logger
	now     func() time.Time

	look     *look
	links    *links
	events   *recorder
	limiter  *limiter
	assets   *assets
	notices  *notices
	taker    *taker
	wrong    atomic.Int64
	limited  atomic.Int64
	failures atomic.Int64
}

// New returns a server. It must be closed.
func New(c Config) *Server {
	s := &Server{store: c.Store, keys: c.Keys, site: c.Site, trusted: c.TrustedProxies, log: c.Log, now: c.Now}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.look = newLook(&s.site)
	s.links = newLinks(c.Store, mostLinks)
	s.events = newRecorder(c.Store, s.log)
	s.limiter = newLimiter()
	s.assets = newAssets(c.Store)
	s.notices = newNotices(c.Notices)
	s.taker = newTaker(c.Store, store.Noticing{Judge: judge, Soft: c.Notices.SoftBounces.count})
	return s
}

// Warm reads the link tables of the latest versions, so that their links lead somewhere while the database is away.
func (s *Server) Warm(ctx context.Context) error {
	hash, err := s.store.CurrentVersion(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("warm up: %w", err)
	}
	current, err := s.store.Version(ctx, hash)
	if err == nil {
		err = s.links.warm(ctx, current.Number)
	}
	if err != nil {
		return fmt.Errorf("warm up: %w", err)
	}
	return nil
}

// Close writes the events that wait for the database. It is called after the last request.
func (s *Server) Close(ctx context.Context) {
	s.taker.close()
	s.events.close(ctx)
}

// Stats is what happened since the start.
type Stats struct {
	Clicks, Opens, Unsubscribes int64 // written
	Queued                      int64 // events that wait for the database
	Lost                        int64 // events that found the queue full
	Wrong                       int64 // requests for what there is not: forged tokens, mostly
	Limited                     int64 // of these, those answered with 429
	Failures                    int64 // answers of 500 and above

	Notices, UnknownNotices, RefusedNotices int64 // of mails of ours; of nothing we know; not believed, or to come again
}

// Stats returns the counts for metrics.
func (s *Server) Stats() Stats {
	return Stats{
		Clicks: s.events.written[store.EventClick].Load(), Opens: s.events.written[store.EventOpen].Load(), Unsubscribes: s.events.written[store.EventUnsubscribe].Load(),
		Queued: int64(s.events.length()), Lost: s.events.lost.Load(), Wrong: s.wrong.Load(), Limited: s.limited.Load(), Failures: s.failures.Load(),
		Notices: s.notices.taken.Load(), UnknownNotices: s.notices.unknown.Load(), RefusedNotices: s.notices.refused.Load(),
	}
}

// route is one kind of address.
type route struct {
	name  string // in logs
	post  bool   // POST is answered, too
	serve func(s *Server, w http.ResponseWriter, r *http.Request, rest string)
}

var routes = map[string]route{
	"c": {"click", false, (*Server).click},
	"o": {"open", false, (*Server).open},
	"u": {"unsubscribe", true, (*Server).unsubscribe},
	"p": {"preferences", true, (*Server).preferences},
	"a": {"asset", false, (*Server).asset},
	"n": {"notice", true, (*Server).notice},
}

// longestAddress leaves room for links whose targets are full of values.
const longestAddress = 8 << 10

// Handler answers requests. Addresses are taken apart here, not by a mux: that would redirect //evil to /evil.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := s.now()
		a := &answer{ResponseWriter: w}
		name, rest, route := s.find(r)
		defer func() {
			s.recovered(a, r, name, recover())
			if a.status >= 500 {
				s.failures.Add(1)
			}
			s.log.Debug("request", "route", name, "status", a.status, "ms", s.now().Sub(began).Milliseconds())
		}()
		h := a.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Robots-Tag", "noindex")
		switch {
		case len(r.RequestURI) > longestAddress:
			s.message(a, r, http.StatusRequestURITooLong)
		case route == nil:
			s.notFound(a, r)
		case !route.allows(r.Method):
			h.Set("Allow", route.methods())
			s.message(a, r, http.StatusMethodNotAllowed)
		default:
			route.serve(s, a, r, rest)
		}
	})
}

// find returns the route of an address and what follows it.
func (s *Server) find(r *http.Request) (name, rest string, found *route) {
	path := r.URL.Path
	if rest, ok := strings.CutPrefix(path, s.site.Path); ok && strings.HasPrefix(rest, "/") {
		path = rest
	}
	path, ok := strings.CutPrefix(path, "/")
	if !ok {
		return "none", "", nil
	}
	key, rest, _ := strings.Cut(path, "/")
	if known, ok := routes[key]; ok {
		return known.name, rest, &known
	}
	return "none", "", nil
}

func (r *route) allows(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodPost && r.post
}

func (r *route) methods() string {
	if r.post {
		return "GET, HEAD, POST"
	}
	return "GET, HEAD"
}

// answer remembers what was answered.
type answer struct {
	http.ResponseWriter
	status int // 0: nothing yet
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(data []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(data)
}

// recovered answers a panic: the log gets the stack, the client a page without any of it.
func (s *Server) recovered(a *answer, r *http.Request, route string, problem any) {
	if problem == nil {
		return
	}
	s.log.Error("panic", "route", route, "err", problem, "stack", string(debug.Stack()))
	if a.status != 0 { // half an answer is out: the connection must break
		panic(http.ErrAbortHandler)
	}
	s.message(a, r, http.StatusInternalServerError)
}

// notFound answers what does not exist and what was forged, alike. Who asks for many such things is held back.
func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	s.wrong.Add(1)
	if !s.limiter.take(clientOf(r, s.trusted), s.now()) {
		s.tooMany(w, r)
		return
	}
	s.message(w, r, http.StatusNotFound)
}

func (s *Server) tooMany(w http.ResponseWriter, r *http.Request) {
	s.limited.Add(1)
	w.Header().Set("Retry-After", "60")
	s.message(w, r, http.StatusTooManyRequests)
}

// unavailable answers when the database does not.
func (s *Server) unavailable(w http.ResponseWriter, r *http.Request, what string, err error) {
	s.log.Error(what, "err", err)
	w.Header().Set("Retry-After", "60")
	s.message(w, r, http.StatusServiceUnavailable)
}
