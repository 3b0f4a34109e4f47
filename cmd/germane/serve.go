package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"germane/console"
	"germane/schedule"
	"germane/track"
	"germane/worker"
	"germane/workspace"
)

func newServe(sys *system, o *options) *cobra.Command {
	pages, probe := false, false
	c := &cobra.Command{
		Use:   "serve",
		Short: "Run it all: what is due is sent, links and unsubscribe pages answer",
		Long: `Run it all: send what is due, follow tracked links, answer unsubscribe and preferences pages.

On SQLite it deploys the workspace as it is now. Changed files count after the next deploy: run
germane deploy, or start it anew. On Postgres only germane deploy and germane send deploy, and any number
of these processes may run: each works with what was deployed, and needs no more than germane.yaml.
SIGTERM ends it when what is in flight is done.`,
		Example: `  germane serve
  GERMANE_LISTEN='{public: "0.0.0.0:8080"}' germane serve
  germane serve --pages   beside any number of germane worker
  germane serve --probe   exit code 0: the one that runs here is ready`,
		Args: arguments(0, 0),
		RunE: func(c *cobra.Command, args []string) (err error) {
			w, err := loadServed(sys, o, pages || probe)
			if err != nil {
				return err
			}
			if probe {
				return probeServe(c.Context(), w.Config.Listen.Private)
			}
			open := openPost
			if pages {
				open = openPages
			}
			p, err := open(c.Context(), sys, o, w, slog.LevelInfo)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, p.close()) }()
			return p.serve(c.Context())
		},
	}
	c.Flags().BoolVar(&pages, "pages", false, "answer only: links, pages and the provider's notices; nothing is sent from here")
	c.Flags().BoolVar(&probe, "probe", false, "ask the one that runs here whether it is ready, and end: for health checks")
	return c
}

// loadServed loads a workspace for serve: a sound one where it is deployed from here.
func loadServed(sys *system, o *options, shown bool) (*workspace.Workspace, error) {
	w, err := loadConfigured(sys, o)
	if err != nil || shown || w.Config.Database.Postgres != "" {
		return w, err
	}
	return loadSound(sys, o)
}

// sends reports whether mail leaves from here.
func (p *post) sends() bool { return p.transport != nil }

// serve answers, and sends if it does that, until the context ends.
func (p *post) serve(ctx context.Context) error {
	if p.sends() && !p.shared() {
		if _, err := worker.Deploy(ctx, p.store, p.w, p.sys.now()); err != nil {
			return err
		}
	}
	servers, err := p.listen(ctx)
	if err != nil {
		return err
	}
	if err := p.introduce(ctx, servers); err != nil {
		return errors.Join(err, servers.close())
	}
	if !p.sends() {
		return servers.run(ctx)
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	var working sync.WaitGroup
	working.Go(func() { p.workAlone(ctx) })
	err = servers.run(ctx)
	end()
	working.Wait()
	return err
}

// introduce says what this process does, where, and what comes next.
func (p *post) introduce(ctx context.Context, s *servers) error {
	out := p.sys.stderr
	fmt.Fprintf(out, "public    http://%s\n", s.public.Addr())
	fmt.Fprintf(out, "private   http://%s\n", s.private.Addr())
	if p.sends() {
		fmt.Fprintf(out, "delivery  %s\n", p.address.String())
	}
	if config := p.w.Config; len(config.SNSTopics) > 0 && config.PublicURL != nil {
		fmt.Fprintf(out, "notices   %s\n", config.PublicURL.JoinPath("n", "ses"))
	}
	if !p.sends() {
		fmt.Fprintln(out, "sending   not from here: `germane worker` does that")
		return nil
	}
	if err := p.ready(ctx); err != nil {
		fmt.Fprintf(out, "sending   not now: %v\n", err)
	}
	if deployed, err := p.deployed(ctx); err != nil || !deployed {
		return err
	}
	w, err := p.shown(ctx)
	if err != nil {
		return err
	}
	zones, err := p.zones(ctx)
	if err != nil {
		return err
	}
	now := p.sys.now()
	for _, c := range w.Campaigns {
		if c.State == schedule.Live && c.Cadence != nil {
			next := "never again"
			if due := nextDue(c.Cadence.Timetable(w.Config.TimeZone, zones), now); !due.IsZero() {
				next = "next due " + p.local(due)
			}
			fmt.Fprintf(out, "campaign  %s: %s\n", c.Name, next)
		}
	}
	return nil
}

// nextDue is when somebody is mailed next; zero: not within five years.
func nextDue(t *schedule.Timetable, now time.Time) (next time.Time) {
	for o := range t.Between(now, now.AddDate(5, 0, 0)) {
		if !next.IsZero() && !o.Earliest.Before(next) {
			break
		}
		for _, zone := range t.Zones() {
			if due := o.DueIn(zone); !due.Before(now) && (next.IsZero() || due.Before(next)) {
				next = due
			}
		}
	}
	return next
}

// zones are those that people live in.
func (p *post) zones(ctx context.Context) ([]*time.Location, error) {
	counts, err := p.store.ZoneCounts(ctx)
	var zones []*time.Location
	for zone := range schedule.NewZones(p.w.Config.TimeZone).InUse(counts) {
		zones = append(zones, zone)
	}
	return zones, err
}

// workAlone plans and sends for as long as nobody else works on the database: a `germane send` may be at it just now.
func (p *post) workAlone(ctx context.Context) {
	for told := false; ctx.Err() == nil; {
		release, mine, err := p.turn()
		switch {
		case err != nil:
			p.log.Error("lock the database", "err", err)
		case mine:
			p.work(ctx)
			release()
		case !told:
			p.log.Info("another germane works on this database; this one waits")
			told = true
		}
		select {
		case <-ctx.Done():
		case <-time.After(patience):
		}
	}
}

// work plans what comes due, and sends it.
func (p *post) work(ctx context.Context) {
	tell := &alerts{post: p}
	defer tell.wait()
	w := p.worker(tell)
	scheduler := &worker.Scheduler{Store: p.store, Contents: p.contents, Now: p.sys.now, Log: p.log, Wake: w.Wake, Carrier: p.carrier(), Alert: tell.tell}
	ctx, end := context.WithCancel(ctx)
	defer end()
	var planning sync.WaitGroup
	planning.Go(func() { scheduler.Run(ctx) })
	planning.Go(func() { p.expire(ctx) })
	if err := w.Work(ctx, false); err != nil {
		p.log.Error("work", "err", err)
	}
	end()
	planning.Wait()
}

// servers are the public one and the private one.
type servers struct {
	public, private net.Listener
	track           *track.Server
	handlers        map[net.Listener]http.Handler
}

// site is the brand as pages show it.
func (p *post) site(w *workspace.Workspace) track.Site {
	config := w.Config
	sender, _ := config.Sender("default")
	s := track.Site{Name: sender.DisplayName, PostalAddress: sender.PostalAddress, LinkHosts: config.LinkHosts}
	for _, topic := range config.Topics {
		s.Topics = append(s.Topics, track.Topic{Name: topic.Name, Title: topic.Title})
	}
	if p.w.Config.PublicURL != nil {
		s.Path = p.w.Config.PublicURL.Path
	}
	s.Accent, s.LogoURL, s.Language = w.Brand("accent"), w.Brand("logo"), w.Brand("language")
	return s
}

// private makes the server for operators.
func (p *post) private(s *servers) (http.Handler, error) {
	secret, err := p.sys.secret("GERMANE_PRIVATE_TOKEN")
	if err != nil {
		return nil, err
	}
	config := console.Config{Listen: p.w.Config.Listen.Private, Token: secret, Store: p.store, Version: readVersion().Version, Log: p.log, Collectors: []console.Collector{s.clicks}}
	server, err := console.New(config)
	if errors.Is(err, console.ErrTokenNeeded) {
		return nil, hint(err, "set GERMANE_PRIVATE_TOKEN, or let listen.private be 127.0.0.1:8081")
	}
	if err != nil {
		return nil, err
	}
	return server.Handler(), nil
}

// clicks says what the public server counted.
func (s *servers) clicks(context.Context) ([]console.Metric, error) {
	stats := s.track.Stats()
	return []console.Metric{
		console.One("germane_clicks_total", "Clicks recorded since the start, scanners' too.", true, float64(stats.Clicks)),
		console.One("germane_opens_total", "Opens recorded since the start.", true, float64(stats.Opens)),
		console.One("germane_unsubscribes_total", "Withdrawals on the public pages since the start.", true, float64(stats.Unsubscribes)),
		console.One("germane_events_queued", "Events that wait for the database.", false, float64(stats.Queued)),
		console.One("germane_events_lost_total", "Events that found the queue full.", true, float64(stats.Lost)),
		console.One("germane_wrong_requests_total", "Requests for what there is not: forged tokens, mostly.", true, float64(stats.Wrong)),
		console.One("germane_limited_requests_total", "Wrong requests that were answered with 429.", true, float64(stats.Limited)),
		console.One("germane_failed_requests_total", "Answers of 500 and above.", true, float64(stats.Failures)),
		console.One("germane_notices_total", "The provider's notices of mails of ours.", true, float64(stats.Notices)),
		console.One("germane_unknown_notices_total", "Notices of no mail in this database.", true, float64(stats.UnknownNotices)),
		console.One("germane_refused_notices_total", "Notices that were not believed, or have to come again.", true, float64(stats.RefusedNotices)),
	}, nil
}

// listen opens both servers.
func (p *post) listen(ctx context.Context) (*servers, error) {
	config := p.w.Config
	w, err := p.shown(ctx)
	if err != nil {
		return nil, err
	}
	s := &servers{track: track.New(track.Config{
		Store: p.store, Keys: p.keys, Site: p.site(w), TrustedProxies: config.TrustedProxies, Notices: track.Notices{Topics: config.SNSTopics, SoftBounces: track.SoftBounces(config.Bounces)}, Log: p.log, Now: p.sys.now,
	})}
	if err := s.track.Warm(ctx); err != nil {
		return nil, err
	}
	private, err := p.private(s)
	if err != nil {
		return nil, err
	}
	if s.public, err = listenOn(ctx, config.Listen.Public, "public"); err != nil {
		return nil, err
	}
	if s.private, err = listenOn(ctx, config.Listen.Private, "private"); err != nil {
		return nil, errors.Join(err, s.public.Close())
	}
	s.handlers = map[net.Listener]http.Handler{s.public: s.track.Handler(), s.private: private}
	return s, nil
}

func listenOn(ctx context.Context, address, which string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, hint(fmt.Errorf("the %s server: %w", which, err), "is another germane running? listen in germane.yaml names other addresses")
	}
	return l, nil
}

func (s *servers) close() error { return errors.Join(s.public.Close(), s.private.Close()) }

// run answers until the context ends, and then finishes what was asked before.
func (s *servers) run(ctx context.Context) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	var running sync.WaitGroup
	failures := make(chan error, len(s.handlers))
	for listener, handler := range s.handlers {
		server := newHTTPServer(handler)
		running.Go(func() {
			if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
				failures <- fmt.Errorf("serve %s: %w", listener.Addr(), err)
				end()
			}
		})
		running.Go(func() {
			<-ctx.Done()
			shutDown(server)
		})
	}
	<-ctx.Done()
	running.Wait()
	last, done := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer done()
	s.track.Close(last)
	close(failures)
	return <-failures
}

const shutdownTime = 10 * time.Second

func shutDown(server *http.Server) {
	ctx, done := context.WithTimeout(context.Background(), shutdownTime)
	defer done()
	if err := server.Shutdown(ctx); err != nil {
		_ = server.Close() // somebody does not read their answer
	}
}

// newHTTPServer bounds how long a request may take: everything here is short. What net/http itself would log has readers' addresses in
// it; handlers log for themselves.
func newHTTPServer(handler http.Handler) *http.Server {
	return &http.Server{Handler: handler, ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
}
