package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/spf13/cobra"

	"germane/console"
	"germane/internal/finding"
	"germane/send"
	"germane/worker"
	"germane/workspace"
)

// previewCommand is one `preview`.
type previewCommand struct {
	sys    *system
	o      *options
	listen string
	people bool
}

const previewAddress = "127.0.0.1:4173"

func newPreview(sys *system, o *options) *cobra.Command {
	p := &previewCommand{sys: sys, o: o}
	c := &cobra.Command{
		Use:   "preview",
		Short: "See every message as every kind of person, and why, in your browser",
		Long: `See every message as every kind of person gets it, and why, in your browser.

The page follows your files: save one, and it shows what became of it. It answers to this
machine only, and fetches nothing from elsewhere.`,
		Example: `  germane preview
  germane preview --listen 127.0.0.1:5000
  germane preview --people             also as people of the database`,
		Args: arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error { return p.run(c.Context(), c.Flags().Changed("listen")) },
	}
	c.Flags().StringVar(&p.listen, "listen", previewAddress, "an address of this machine; without it, the next free port")
	c.Flags().BoolVar(&p.people, "people", false, "also show mail as people of the database get it")
	return c
}

func (p *previewCommand) run(ctx context.Context, fixed bool) (err error) {
	w, findings, err := load(p.sys, p.o)
	if err != nil {
		return err
	}
	if w == nil {
		return hint(errors.New(findings[0].Text), findings[0].Hint)
	}
	config := p.config(w)
	if p.people {
		s, err := openDatabase(ctx, p.sys, p.o, w)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		config.People = s
	}
	server, err := console.NewPreview(config)
	if errors.Is(err, console.ErrLoopbackOnly) {
		return usageError{hint(err, "leave --listen out, or write --listen "+previewAddress)}
	}
	if err != nil {
		return err
	}
	listener, err := p.open(ctx, fixed)
	if err != nil {
		return err
	}
	return p.serve(ctx, server, listener)
}

func (p *previewCommand) config(w *workspace.Workspace) console.PreviewConfig {
	name := p.o.dir
	if absolute, err := filepath.Abs(p.o.dir); err == nil {
		name = filepath.Base(absolute)
	}
	c := console.PreviewConfig{
		Listen: p.listen, Dir: p.o.dir, Name: name, Post: p.post, Now: p.sys.now,
		Log: slog.New(slog.NewTextHandler(p.sys.stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	c.Load = func() (*workspace.Workspace, []finding.Finding) {
		w, findings, err := load(p.sys, p.o)
		if err != nil { // the folder is gone for a moment: git changes branches so
			c.Log.Warn("read the workspace", "err", err)
			return nil, []finding.Finding{{File: "germane.yaml", Line: 1, Column: 1, Code: "no-workspace", Severity: finding.Error, Text: err.Error()}}
		}
		return w, findings
	}
	if d := w.Config.Delivery; d.Scheme == "outbox" {
		if c.Outbox = d.Folder; !filepath.IsAbs(c.Outbox) {
			c.Outbox = filepath.Join(p.o.dir, c.Outbox)
		}
	}
	return c
}

// ports is how many are tried when the usual one is taken: by the preview of another workspace, mostly.
const ports = 10

func (p *previewCommand) open(ctx context.Context, fixed bool) (net.Listener, error) {
	listener, err := listenOn(ctx, p.listen, "preview")
	if err == nil || fixed {
		return listener, err
	}
	host, text, _ := net.SplitHostPort(previewAddress)
	first, _ := strconv.Atoi(text)
	for port := first + 1; port < first+ports; port++ {
		if l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port))); err == nil {
			return l, nil
		}
	}
	return nil, err
}

// serve answers until the context ends. Pages that follow the files are let go then.
func (p *previewCommand) serve(ctx context.Context, preview *console.Preview, listener net.Listener) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	url := "http://" + listener.Addr().String()
	if p.o.json {
		if err := printJSON(p.sys.stdout, map[string]string{"url": url}); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(p.sys.stdout, "%s\n", url)
		fmt.Fprintln(p.sys.stderr, "open it in your browser; it follows your files. Ctrl-C ends it.")
	}
	server := newHTTPServer(preview.Handler())
	server.BaseContext = func(net.Listener) context.Context { return ctx }
	failures := make(chan error, 2)
	var running sync.WaitGroup
	running.Go(func() {
		if err := preview.Watch(ctx); err != nil {
			failures <- err
			end()
		}
	})
	running.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failures <- fmt.Errorf("serve %s: %w", url, err)
			end()
		}
	})
	<-ctx.Done()
	shutDown(server)
	running.Wait()
	close(failures)
	return <-failures
}

// post sends a colleague somebody's mail, as the first campaign would that sends the template. A delivery that leaves this machine
// reaches only who may be mailed before a database is armed.
func (p *previewCommand) post(ctx context.Context, m *console.TestMail) (_ string, err error) {
	campaign := ""
	for _, c := range m.Workspace.Campaigns {
		if c.Template.S == m.Template {
			campaign = c.Name
			break
		}
	}
	if campaign == "" {
		return "", fmt.Errorf("no campaign sends %s; campaigns/NAME.yaml names a template", m.Template)
	}
	transport, address, err := openTransport(ctx, p.sys, p.o, m.Workspace)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, transport.Close()) }()
	if !address.Loopback() && !worker.Allowed(m.Workspace.Config.AllowRecipients, m.To) {
		return "", errors.New("allow_recipients in germane.yaml does not name this address")
	}
	content, err := worker.Draft(m.Workspace, campaign)
	if err != nil {
		return "", err
	}
	result, err := worker.TestMail(ctx, content, transport, nil, m.Person.Stored(m.Now), m.To, m.Now)
	switch {
	case err != nil:
		return "", err
	case result.Outcome != send.Sent:
		return "", fmt.Errorf("the mail is %s: %s %s", result.Outcome, result.Code, result.Text)
	case address.Kind == send.OutboxKind:
		return "Written to the outbox for " + m.To + ". Nothing left this machine.", nil
	}
	return "Sent to " + m.To + ".", nil
}
