package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"germane/store/engine"
	"germane/workspace"
)

// databaseCopy is one `db copy`.
type databaseCopy struct {
	from, to           string
	keep, mend, dryRun bool

	sys     *system
	o       *options
	copy    engine.Copy
	rows    map[string]int64 // that were read and read back, by table
	started time.Time
	told    time.Time
}

// databaseCopied is the public form of `db copy --json`.
type databaseCopied struct {
	From    string            `json:"from"`
	To      string            `json:"to"`
	DryRun  bool              `json:"dry_run,omitempty"`
	Tables  []copiedTable     `json:"tables"`
	Runs    map[int64]runRows `json:"runs"` // rows of the ledger by run, the same on both sides
	Paused  []int64           `json:"paused"`
	InDoubt int64             `json:"in_doubt"`
	Mended  int64             `json:"mended"`
}

type copiedTable struct {
	Table string `json:"table"`
	runRows
}

type runRows struct {
	Rows     int64  `json:"rows"`
	Checksum string `json:"checksum"`
}

func newDatabaseCopy(sys *system, o *options) *cobra.Command {
	x := &databaseCopy{sys: sys, o: o, rows: map[string]int64{}}
	c := &cobra.Command{
		Use:   "copy",
		Short: "Move everything to another database, as from SQLite to Postgres",
		Long: `Move everything to another database that is still empty, as from SQLite to Postgres, or back. People,
consent, withdrawals, keys, versions, runs and the ledger go along under the same numbers, so that links
in mails that went out keep working, and nobody who has a mail gets another.

Nobody may work on either database meanwhile. The copy is read back and compared before it counts: an
interrupted one leaves nothing, and can be begun again. In the copy nothing is sent by itself: it is not
armed, and runs that were sending are paused. The original is stopped, with a note that says why.`,
		Example: `  germane db copy --to postgres://germane@db.acme.example/germane --dry-run
  germane db copy --from germane.db --to postgres://germane@db.acme.example/germane`,
		Args: arguments(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			copied, err := x.run(c.Context())
			if err != nil {
				return err
			}
			return x.report(copied)
		},
	}
	c.Flags().StringVar(&x.from, "from", "", "a file or postgres://… (default: what germane.yaml says)")
	c.Flags().StringVar(&x.to, "to", "", "a file or postgres://…, with nothing in it")
	c.Flags().BoolVar(&x.keep, "keep", false, "do not stop the original: the copy is only to be looked at")
	c.Flags().BoolVar(&x.mend, "mend", false, "write � for what no Postgres keeps: zero bytes, and what is not UTF-8")
	c.Flags().BoolVar(&x.dryRun, "dry-run", false, "read everything, copy nothing; the tables of the copy are made")
	return c
}

func (x *databaseCopy) run(ctx context.Context) (copied *engine.Copied, err error) {
	from, to, err := x.ends()
	if err != nil {
		return nil, err
	}
	source, err := from.open(ctx, x)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, source.close()) }()
	target, err := to.open(ctx, x)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, target.close()) }()
	x.started = x.sys.now()
	x.copy = engine.Copy{
		From: source, To: target, FromName: from.Name, ToName: to.Name,
		Mend: x.mend, Keep: x.keep, DryRun: x.dryRun, Now: x.started, Progress: x.progress,
	}
	if copied, err = x.copy.Run(ctx); err != nil {
		return nil, x.refusal(err)
	}
	return copied, nil
}

// ends are the two databases.
func (x *databaseCopy) ends() (from, to databaseEnd, err error) {
	if x.to == "" {
		return from, to, usageError{hint(errors.New("--to does not say where everything goes"), "write --to postgres://USER@HOST/NAME")}
	}
	if to, err = x.end(x.to); err != nil {
		return from, to, err
	}
	if x.from == "" {
		w, err := loadConfigured(x.sys, x.o)
		if err != nil {
			return from, to, err
		}
		x.from = cmp.Or(w.Config.Database.Postgres, w.Config.Database.File)
	}
	from, err = x.end(x.from)
	switch {
	case err != nil:
	case from.Name == to.Name:
		err = usageError{hint(fmt.Errorf("everything is in %s already", to.Name), "--from and --to name two databases")}
	case from.Postgres == "" && !isFile(from.Beside):
		err = hint(fmt.Errorf("there is no database %s", from.Name), "--from names it")
	}
	return from, to, err
}

// databaseEnd is a database that a copy begins or ends at. It is its workspace's only key.
type databaseEnd struct {
	home
	config workspace.Config
}

func (x *databaseCopy) end(address string) (databaseEnd, error) {
	scheme, _, isURL := strings.Cut(address, "://")
	var e databaseEnd
	if isURL {
		if _, err := url.Parse(address); err != nil || scheme != "postgres" && scheme != "postgresql" {
			return e, usageError{hint(errors.New("an address of a database cannot be read"), "write a file's name such as germane.db, or postgres://USER@HOST/NAME; a % or @ inside a name is written %25 or %40")}
		}
		e.config.Database.Postgres = address
	} else {
		file, err := filepath.Abs(below(x.o.dir, address))
		if err != nil {
			return e, err
		}
		e.config.Database.File = file
	}
	e.home = homeOf(x.o, e.workspace())
	return e, nil
}

func (e *databaseEnd) workspace() *workspace.Workspace {
	return &workspace.Workspace{Config: &e.config}
}

// openEnd is a database that nobody else works on.
type openEnd struct {
	engine.Mover
	close func() error
}

func (e *databaseEnd) open(ctx context.Context, x *databaseCopy) (*openEnd, error) {
	release := func() error { return nil }
	if e.Postgres == "" {
		unlock, held, err := lockWorker(e.Beside)
		if err == nil && held {
			err = engine.ErrInUse
		}
		if err != nil {
			return nil, x.refusal(fmt.Errorf("%s: %w", e.Name, err))
		}
		release = unlock
	}
	s, err := openDatabaseTo(ctx, x.sys, x.o, e.workspace(), opening{migrate: true})
	if err != nil {
		return nil, errors.Join(err, release())
	}
	return &openEnd{s.(engine.Mover), func() error { return errors.Join(s.Close(), release()) }}, nil
}

// refusal says what to do when a copy does not come about.
func (x *databaseCopy) refusal(err error) error {
	var texts *engine.TextError
	switch {
	case errors.Is(err, engine.ErrStopped):
		return hint(err, "begin again; or go on with the original: germane stop --resume")
	case errors.Is(err, engine.ErrInUse):
		return guardError{hint(err, "end all that work on it: serve, worker, send; then begin again")}
	case errors.Is(err, engine.ErrNotEmpty):
		return guardError{hint(err, "name a database with nothing in it; createdb makes one")}
	case errors.As(err, &texts):
		return hint(err, "correct them there, as with people import; or write � instead: --mend")
	}
	return err
}

// progress says every few seconds how far it is. A row counts twice: when it is copied and when it is read back.
func (x *databaseCopy) progress(table string, rows int64) {
	const often, looks = 2 * time.Second, 4096
	x.rows[table] += rows
	if x.rows[table]%looks != 0 {
		return
	}
	now := x.sys.now()
	if now.Sub(x.started) < often || now.Sub(x.told) < often {
		return
	}
	x.told = now
	all := int64(0)
	for _, n := range x.rows {
		all += n
	}
	fmt.Fprintf(x.sys.stderr, "%s: %s rows copied and read back, %s a second\n", table, thousands(int(x.rows[table])), thousands(int(float64(all)/now.Sub(x.started).Seconds())))
}

func (x *databaseCopy) report(copied *engine.Copied) error {
	if x.o.json {
		return printJSON(x.sys.stdout, x.public(copied))
	}
	say := func(format string, args ...any) { fmt.Fprintf(x.sys.stderr, format+"\n", args...) }
	ledger := int64(0)
	for _, t := range copied.Tables {
		if t.Rows > 0 {
			say("%-14s %12s", t.Name, thousands(int(t.Rows)))
		}
		if t.Name == "delivery" {
			ledger = t.Rows
		}
	}
	if x.dryRun {
		say("A dry run: nothing was copied.")
		return nil
	}
	say("The ledgers of %s, with %s, are the same on both sides.", plural(len(copied.Runs), "run", "runs"), plural(int(ledger), "row", "rows"))
	if copied.Mended > 0 {
		say("%s other than they were.", plural(int(copied.Mended), "text is", "texts are"))
	}
	if copied.InDoubt > 0 {
		say("%s in doubt: what became of them when they were sent is not known.", plural(int(copied.InDoubt), "mail is", "mails are"))
	}
	for _, run := range copied.Paused {
		say("Run %d is paused. Go on with: germane runs resume %d", run, run)
	}
	if x.keep {
		say("%s is as it was: see that only one of them sends.", x.copy.FromName)
	} else {
		say("%s is stopped: nothing is sent from it any more.", x.copy.FromName)
	}
	say("Write in germane.yaml: database: %s; then germane arm.", x.copy.ToName)
	return nil
}

func (x *databaseCopy) public(copied *engine.Copied) *databaseCopied {
	d := &databaseCopied{
		From: x.copy.FromName, To: x.copy.ToName, DryRun: x.dryRun, Runs: map[int64]runRows{}, Paused: copied.Paused, InDoubt: copied.InDoubt, Mended: copied.Mended,
	}
	if d.Paused == nil {
		d.Paused = []int64{} // a list for programs, also of none
	}
	for _, t := range copied.Tables {
		d.Tables = append(d.Tables, copiedTable{t.Name, publicRows(t.Sum)})
	}
	for run, sum := range copied.Runs {
		d.Runs[run] = publicRows(sum)
	}
	return d
}

func publicRows(s engine.Sum) runRows { return runRows{s.Rows, fmt.Sprintf("%016x", s.Checksum)} }
