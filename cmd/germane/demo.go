package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"germane/render"
)

func newDemo(sys *system, _ *options) *cobra.Command {
	once := false
	c := &cobra.Command{
		Use:   "demo",
		Short: "Show the main job in a temporary folder: import, send, click, unsubscribe, report",
		Long: `Show the main job in a temporary folder: a workspace is made, its 1,000 invented people are
imported, its campaign goes to the outbox, where mails are files. Then somebody follows a link,
somebody unsubscribes, and the report says so. Nothing leaves this machine.`,
		Example: `  germane demo         and keep serving, to follow links in the mails
  germane demo --once  and end`,
		Args: arguments(0, 0),
		RunE: func(c *cobra.Command, args []string) error {
			dir, err := os.MkdirTemp("", "germane-demo-")
			if err != nil {
				return fmt.Errorf("make a folder: %w", err)
			}
			d := &demo{sys: sys, dir: dir}
			return d.run(c.Context(), once)
		},
	}
	c.Flags().BoolVar(&once, "once", false, "end after the report")
	return c
}

// demo is one demonstration.
type demo struct {
	sys *system // with addresses of its own
	dir string
}

func (d *demo) run(ctx context.Context, once bool) error {
	if _, err := initWorkspace(d.dir); err != nil {
		return err
	}
	fmt.Fprintf(d.sys.stdout, "a workspace in %s\n", d.dir)
	if err := d.ownAddresses(ctx); err != nil {
		return err
	}
	for _, command := range [][]string{{"check"}, {"people", "import", filepath.Join(d.dir, "people", "sample.jsonl")}, {"send", "weekly", "--yes"}} {
		if err := d.command(ctx, command...); err != nil {
			return err
		}
	}
	return d.serve(ctx, once)
}

// ownAddresses gives the demo ports that nobody uses.
func (d *demo) ownAddresses(ctx context.Context) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("find a port: %w", err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		return fmt.Errorf("find a port: %w", err)
	}
	own := *d.sys
	own.environment = slices.DeleteFunc(slices.Clone(own.environment), func(variable string) bool { return strings.HasPrefix(variable, "GERMANE_") })
	own.environment = append(own.environment, "GERMANE_PUBLIC_URL=http://"+address, fmt.Sprintf("GERMANE_LISTEN={public: %q, private: '127.0.0.1:0'}", address))
	d.sys = &own
	return nil
}

// command runs a command of the program as if it had been typed.
func (d *demo) command(ctx context.Context, args ...string) error {
	shown := slices.Clone(args)
	for i := range shown {
		shown[i] = strings.TrimPrefix(shown[i], d.dir+string(filepath.Separator))
	}
	fmt.Fprintf(d.sys.stdout, "\n$ germane %s\n", strings.Join(shown, " "))
	talk := *d.sys
	talk.stderr = d.sys.stdout // one story, in order
	root := newRoot(&talk)
	root.SetArgs(append([]string{"-C", d.dir}, args...))
	return root.ExecuteContext(ctx)
}

// serve answers the links of the mails, for a click and an unsubscription of our own, and then until somebody ends it.
func (d *demo) serve(ctx context.Context, once bool) (err error) {
	o := &options{dir: d.dir}
	w, err := loadSound(d.sys, o)
	if err != nil {
		return err
	}
	p, err := openPost(ctx, d.sys, o, w, slog.LevelWarn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	ctx, end := context.WithCancel(ctx)
	defer end()
	s, err := p.listen(ctx)
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- s.run(ctx) }()
	if err := d.visit(ctx); err != nil {
		end()
		return errors.Join(err, <-served)
	}
	if err = d.command(ctx, "report", "weekly"); err != nil || once {
		end()
		fmt.Fprintf(d.sys.stdout, "\nthe workspace stays in %s, the mails in %s\n", d.dir, filepath.Join(d.dir, "outbox"))
		return errors.Join(err, <-served)
	}
	fmt.Fprintf(d.sys.stdout, "\nthe mails are in %s: open one, follow its links. Ctrl-C ends this.\n\n", filepath.Join(d.dir, "outbox"))
	if err := p.introduce(ctx, s); err != nil {
		return err
	}
	p.workAlone(ctx)
	return <-served
}

// visit follows a link as a reader would, and unsubscribes somebody else as a mail program does.
func (d *demo) visit(ctx context.Context) error {
	mails, err := filepath.Glob(filepath.Join(d.dir, "outbox", "*.eml"))
	if err != nil || len(mails) < 2 {
		return errors.Join(err, errors.New("there are no mails in the outbox"))
	}
	reader, err := readOutbox(mails[0])
	if err != nil {
		return err
	}
	link, err := trackedLink(reader.HTML)
	if err != nil {
		return err
	}
	browser := &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	to, err := ask(ctx, browser, http.MethodGet, link, "")
	if err != nil {
		return err
	}
	fmt.Fprintf(d.sys.stdout, "\nsomebody opens a mail and follows a link, which leads to\n  %s\n(so soon after sending that the click is kept, and labelled as a scanner's)\n", to)
	leaver, err := readOutbox(mails[1])
	if err != nil {
		return err
	}
	page := strings.Trim(strings.Split(leaver.Header.Get("List-Unsubscribe"), ",")[0], " <>")
	if _, err := ask(ctx, browser, http.MethodPost, page, "List-Unsubscribe=One-Click"); err != nil {
		return err
	}
	fmt.Fprintln(d.sys.stdout, "somebody else presses Unsubscribe in their mail program, which asks nothing more")
	return nil
}

func readOutbox(file string) (*render.Mail, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read a mail: %w", err)
	}
	return render.ReadMail(data)
}

// trackedLink is the first link of a mail that is counted.
func trackedLink(page string) (string, error) {
	for _, part := range strings.Split(page, `href="`)[1:] {
		address, _, _ := strings.Cut(part, `"`)
		if u, err := url.Parse(address); err == nil && strings.HasPrefix(u.Path, "/c/") {
			return address, nil
		}
	}
	return "", errors.New("the mail has no link")
}

// ask makes a request and returns where the answer leads.
func ask(ctx context.Context, browser *http.Client, method, address, form string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form))
	if err != nil {
		return "", fmt.Errorf("ask: %w", err)
	}
	request.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	if form != "" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := browser.Do(request)
	if err != nil {
		return "", fmt.Errorf("ask: %w", err)
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return "", fmt.Errorf("ask: %w", err)
	}
	if response.StatusCode >= 400 {
		return "", fmt.Errorf("%s answers %s", strings.Split(request.URL.Path, "/")[1], response.Status)
	}
	return response.Header.Get("Location"), nil
}
