package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"germane/internal/finding"
	"germane/send"
	"germane/store"
	"germane/store/postgres"
	"germane/workspace"
)

// doctor looks at everything that would keep mail from arriving.
type doctor struct {
	sys    *system
	o      *options
	net    bool   // also over the network, beyond the way out
	server string // of the DNS; "": this machine's
	w      *workspace.Workspace
	s      store.Database // nil: there is no database yet, or it cannot be opened
	found  []diagnosis

	address *send.Address // of the way out; nil: it cannot be opened
	real    bool          // mail leaves this machine
	from    []*origin
	signer  *send.DKIM // who signs here; nil: nobody does
	used    float64    // mails that SES sent in 24 hours
}

// diagnosis is the public form of a line of `doctor --json`.
type diagnosis struct {
	Name   string `json:"check"`
	Status status `json:"status"`
	Text   string `json:"text"`
	Fix    string `json:"fix,omitempty"`
}

type status int

const (
	good status = iota
	warning
	failure
)

func (s status) String() string { return [...]string{"ok", "warn", "fail"}[s] }

// MarshalJSON writes ok, warn or fail.
func (s status) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

func newDoctor(sys *system, o *options) *cobra.Command {
	d := &doctor{sys: sys, o: o}
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Say what would keep mail from arriving",
		Long: `Say what would keep mail from arriving: the workspace, the database, the way out, the public address.
Each line is ok, warn or fail, with what to do about it: a command, or a record for whoever looks after
your DNS. Nothing is sent, and nothing is changed. Exit code 1: something fails.

With Amazon SES it looks at the account, at who may send and who signs, and at who hears of bounces.
Once mail leaves this machine it also asks the DNS about the senders' domains: SPF, DKIM, DMARC, where
replies and bounces go. Otherwise it does so with --net, or --dns.`,
		Example: "  germane doctor\n  germane doctor --net --json\n  germane doctor --dns 1.1.1.1",
		Args:    arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if err := d.examine(c.Context()); err != nil {
				return err
			}
			if err := d.print(); err != nil {
				return err
			}
			failed := 0
			for _, x := range d.found {
				if x.Status == failure {
					failed++
				}
			}
			if failed > 0 {
				return hint(fmt.Errorf("%s would keep mail from arriving", plural(failed, "thing", "things")), "the lines marked fail say what to do")
			}
			return nil
		},
	}
	c.Flags().BoolVar(&d.net, "net", false, "also ask the DNS, and see whether public_url is reached from here")
	c.Flags().StringVar(&d.server, "dns", "", "ask this DNS server: ADDRESS or ADDRESS:PORT")
	return c
}

func (d *doctor) say(s status, name, text, fix string) {
	d.found = append(d.found, diagnosis{name, s, printable(text), printable(fix)})
}

// longestText is more than any record that somebody has to copy.
const longestText = 4000

// printable is a text without what a terminal would act upon: parts of it come from others.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text[:min(len(text), longestText)])
}

// fail says what an error says, with its hint.
func (d *doctor) fail(name string, err error) {
	fix := ""
	var hinted hintError
	if errors.As(err, &hinted) {
		fix = hinted.hint
	}
	d.say(failure, name, err.Error(), fix)
}

func (d *doctor) examine(ctx context.Context) (err error) {
	d.timeZones()
	if !d.workspace() {
		return nil
	}
	d.openDatabase(ctx)
	if d.s != nil {
		defer func() { err = errors.Join(err, d.s.Close()) }()
	}
	d.disk()
	d.retention()
	d.delivery(ctx)
	d.senders()
	d.publicURL(ctx)
	d.lookUp(ctx)
	if d.s == nil {
		return nil
	}
	for _, look := range []func(context.Context) error{d.clock, d.keys, d.switches, d.people, d.notices} {
		if err := look(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (d *doctor) print() error {
	if d.o.json {
		return printJSON(d.sys.stdout, d.found)
	}
	for _, x := range d.found {
		if _, err := fmt.Fprintf(d.sys.stdout, "%-4s  %-10s  %s\n", x.Status, x.Name, x.Text); err != nil {
			return err
		}
		if x.Fix != "" {
			fmt.Fprintf(d.sys.stdout, "                  → %s\n", x.Fix)
		}
	}
	return nil
}

func (d *doctor) timeZones() {
	for _, zone := range []string{"America/New_York", "Asia/Kolkata", "Pacific/Auckland"} {
		if _, err := time.LoadLocation(zone); err != nil {
			d.say(failure, "zones", "the time zone "+zone+" is not known here", "set ZONEINFO to a folder of time zones, or use a germane that has them inside")
			return
		}
	}
	d.say(good, "zones", "time zones are known", "")
}

// workspace reports findings. It is false when nothing else can be looked at.
func (d *doctor) workspace() bool {
	w, findings, err := load(d.sys, d.o)
	if err != nil {
		d.fail("workspace", err)
		return false
	}
	errs, warnings := 0, 0
	for _, f := range findings {
		if finding.HasErrors([]finding.Finding{f}) {
			errs++
		} else {
			warnings++
		}
	}
	const fix = "`germane check` shows them"
	switch {
	case errs > 0:
		d.say(failure, "workspace", plural(errs, "mistake", "mistakes")+", so that nothing is sent", fix)
	case warnings > 0:
		d.say(warning, "workspace", plural(warnings, "warning", "warnings"), fix)
	default:
		d.say(good, "workspace", fmt.Sprintf("%s, %s", plural(len(w.Templates), "template", "templates"), plural(len(w.Campaigns), "campaign", "campaigns")), "")
	}
	d.w = w
	return w != nil && w.Config != nil && !configBroken(findings)
}

// openDatabase opens a database that is there; looking makes none.
func (d *doctor) openDatabase(ctx context.Context) {
	const name = "database"
	h := homeOf(d.o, d.w)
	path := h.Name
	info, err := os.Stat(h.Beside)
	if errors.Is(err, fs.ErrNotExist) && h.Postgres == "" {
		d.say(warning, name, path+" is not there yet", "`germane migrate` makes it; so does importing people")
		return
	}
	s, err := openDatabaseTo(ctx, d.sys, d.o, d.w, opening{made: true})
	if errors.Is(err, postgres.ErrNotMade) {
		d.say(warning, name, path+" has no tables yet", "`germane migrate` makes them; so does importing people")
		return
	}
	if err != nil {
		d.fail(name, err)
		return
	}
	d.s = s
	if info != nil && h.Postgres == "" && filepath.Separator == '/' && info.Mode().Perm()&0o077 != 0 {
		d.say(warning, name, fmt.Sprintf("%s can be read by other users of this machine (%s): people and keys are in it", path, info.Mode().Perm()), "chmod 600 "+path)
		return
	}
	d.say(good, name, fmt.Sprintf("%s, form %d", path, s.Forms().Is), "")
}

// leastDisk is below which nothing is claimed any more, and littleDisk is below which somebody should know.
const (
	leastDisk  = 1 << 30
	littleDisk = 5 << 30
)

func (d *doctor) disk() {
	const name = "disk"
	h := homeOf(d.o, d.w)
	folder := h.disk(d.o, d.w)
	free, err := freeBytes(folder)
	text := fmt.Sprintf("%.1f GB are free", float64(free)/(1<<30))
	switch {
	case err != nil:
		d.fail(name, err)
	case free < leastDisk:
		d.say(failure, name, text+": below 1 GB nothing is sent", "make room in "+folder)
	case free < littleDisk:
		d.say(warning, name, text+": below 1 GB nothing is sent", "make room in "+folder)
	default:
		d.say(good, name, text, "")
	}
}

// retention says how long it is known who got what.
func (d *doctor) retention() {
	days := int(d.w.Config.Retention.Hours() / 24)
	d.say(good, "retention", fmt.Sprintf("deliveries, clicks and other events are kept for %d days", days), "")
}

// reach asks for any answer from an address.
func reach(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, address, nil)
	if err != nil {
		return err
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}
