package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"germane/audience"
	"germane/store"
	"germane/workspace"
)

// peopleImport is one `people import`.
type peopleImport struct {
	file, format, rejects, observedAt string
	maps, consent                     []string
	dryRun, ignoreUnknown, declares   bool

	sys      *system
	names    map[string]string // of columns that --declare named
	how      store.Importing
	byRow    []audience.TopicConsent // of rows that state none
	source   *countingReader
	size     int64 // of the file; 0: not known
	rejected *rejectsFile
	counts   importCounts
	started  time.Time
	told     time.Time
}

// importCounts is the public form of `people import --json`.
type importCounts struct {
	New       int    `json:"new"`
	Updated   int    `json:"updated"`
	Unchanged int    `json:"unchanged"`
	Rejected  int    `json:"rejected"`
	Rejects   string `json:"rejects_file,omitempty"`
	DryRun    bool   `json:"dry_run,omitempty"`

	Declared []string `json:"declared,omitempty"` // lines of attributes.yaml
}

func (c *importCounts) landed() int { return c.New + c.Updated + c.Unchanged }

func newPeopleImport(sys *system, o *options) *cobra.Command {
	im := &peopleImport{sys: sys, names: map[string]string{}}
	c := &cobra.Command{
		Use:   "import FILE",
		Short: "Import people from CSV or JSON lines",
		Long: `Import people from CSV or JSON lines; - is standard input. Whoever is known by id or address is brought
up to date: an empty cell clears, a column that is not there keeps. Rows that cannot be used go to a
file of rejects, and the others land. It can be stopped and run again.`,
		Example: `  germane people import people/sample.jsonl
  germane people import export.csv --declare --dry-run
  germane people import export.csv --consent tips="signup form" --map Stage=plan --map Notes=-`,
		Args: arguments(1, 1),
		RunE: func(c *cobra.Command, args []string) error {
			im.file = args[0]
			if err := im.checkFlags(); err != nil {
				return err
			}
			w, err := loadSound(sys, o)
			if err == nil && im.declares {
				w, err = im.declare(o, w)
			}
			if err != nil {
				return err
			}
			s, err := openDatabase(c.Context(), sys, o, w)
			if err != nil {
				return err
			}
			if err := errors.Join(im.run(c.Context(), o, w, s), s.Close()); err != nil {
				return err
			}
			return im.report(o)
		},
	}
	c.Flags().BoolVar(&im.dryRun, "dry-run", false, "say what would happen, change nothing")
	c.Flags().StringVar(&im.format, "format", "", "csv or jsonl (default: what the file looks like)")
	c.Flags().StringArrayVar(&im.maps, "map", nil, "what a column is: HEADER=ATTRIBUTE, =email, =id, or =- to leave it out")
	c.Flags().StringVar(&im.observedAt, "observed-at", "", "when it was true, such as 2027-03-01T09:00:00Z (default: what the rows say, or now)")
	c.Flags().StringArrayVar(&im.consent, "consent", nil, "subscribe those who never withdrew: TOPIC=BASIS")
	c.Flags().BoolVar(&im.ignoreUnknown, "ignore-unknown", false, "leave out columns that attributes.yaml does not declare")
	c.Flags().BoolVar(&im.declares, "declare", false, "append columns that attributes.yaml does not know to it, with guessed types")
	c.Flags().StringVar(&im.rejects, "rejects", "", "where rejected rows are listed (default: FILE.rejects.csv)")
	return c
}

func (im *peopleImport) checkFlags() error {
	if im.format != "" && im.format != "csv" && im.format != "jsonl" {
		return usageError{hint(fmt.Errorf("there is no format %q", im.format), "use --format csv or jsonl")}
	}
	if im.declares && im.ignoreUnknown {
		return usageError{hint(errors.New("--declare adds what --ignore-unknown leaves out"), "use one of them; --map HEADER=- leaves out a single column")}
	}
	return nil
}

func (im *peopleImport) run(ctx context.Context, o *options, w *workspace.Workspace, s store.Database) error {
	importing, err := im.options(w)
	if err != nil {
		return err
	}
	in, err := im.open()
	if err != nil {
		return err
	}
	defer in.Close()
	rows, err := im.reader(importing)
	if err != nil {
		return err
	}
	im.rejected = &rejectsFile{path: cmp.Or(im.rejects, im.besides()+".rejects.csv"), home: homeOf(o, w)}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	return errors.Join(im.land(ctx, s, im.read(ctx, rows)), im.rejected.close())
}

func (im *peopleImport) besides() string {
	if im.file == "-" {
		return "stdin"
	}
	return im.file
}

func (im *peopleImport) options(w *workspace.Workspace) (audience.ImportOptions, error) {
	topics := w.Config.TopicNames()
	o := audience.ImportOptions{Catalogue: w.Catalogue, Topics: topics, IgnoreUnknown: im.ignoreUnknown, Map: map[string]string{}}
	for _, text := range im.maps {
		at := strings.LastIndexByte(text, '=')
		if at <= 0 {
			return o, usageError{hint(fmt.Errorf("--map %s does not say what the column is", text), "write --map Stage=plan")}
		}
		o.Map[text[:at]] = text[at+1:]
	}
	maps.Copy(o.Map, im.names)
	if im.observedAt != "" {
		at, err := time.Parse(time.RFC3339, im.observedAt)
		if err != nil {
			return o, usageError{hint(fmt.Errorf("--observed-at %s is not a time", im.observedAt), "write 2027-03-01T09:00:00Z")}
		}
		o.ObservedAt = at.UnixMilli()
	}
	grants, err := readGrants(im.consent, topics)
	im.started = im.sys.now()
	im.how = store.Importing{At: im.started, Source: "import", Consent: grants, DryRun: im.dryRun}
	if c := w.Config.Consent; c.Subscribed && len(grants) == 0 {
		im.how.Basis = c.Basis
		for _, topic := range topics {
			im.byRow = append(im.byRow, audience.TopicConsent{Topic: topic, State: audience.ConsentSubscribed})
		}
	}
	return o, err
}

// countingReader knows how far reading is.
type countingReader struct {
	io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

func (im *peopleImport) open() (io.Closer, error) {
	if im.file == "-" {
		im.source = &countingReader{Reader: im.sys.stdin}
		return io.NopCloser(nil), nil
	}
	file, err := os.Open(im.file)
	if err != nil {
		return nil, hint(fmt.Errorf("read people: %w", err), "name a file of CSV or JSON lines; - reads standard input")
	}
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		im.size = info.Size()
	}
	im.source = &countingReader{Reader: file}
	return file, nil
}

func (im *peopleImport) reader(o audience.ImportOptions) (*audience.Importer, error) {
	in := bufio.NewReader(im.source)
	if im.formatOf(in) == "jsonl" {
		return audience.ImportJSONL(in, o), nil
	}
	if _, err := in.Peek(1); errors.Is(err, io.EOF) {
		return nil, hint(fmt.Errorf("%s is empty", im.file), "its first line names the columns; germane people export --format csv shows one")
	}
	rows, err := audience.ImportCSV(in, o)
	var header *audience.HeaderError
	if errors.As(err, &header) {
		return nil, badHeader(im.file, header)
	}
	return rows, err
}

// formatOf is what --format says, the file's name, or its first byte.
func (im *peopleImport) formatOf(in *bufio.Reader) string {
	format := im.format
	if format == "" {
		if format = strings.TrimPrefix(filepath.Ext(im.file), "."); format == "ndjson" {
			format = "jsonl"
		}
	}
	if format == "csv" || format == "jsonl" {
		return format
	}
	head, _ := in.Peek(64)
	head = bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\ufeff")))
	if len(head) > 0 && head[0] == '{' {
		return "jsonl"
	}
	return "csv"
}

func badHeader(file string, header *audience.HeaderError) error {
	var all strings.Builder
	for _, problem := range header.Problems {
		fmt.Fprintf(&all, "\n  %s", problem.Error())
	}
	return hint(fmt.Errorf("%s: its columns cannot be imported:%s", file, all.String()), "--declare adds them to attributes.yaml, --ignore-unknown leaves them out")
}

// batch is rows that were read together.
type batch struct {
	updates []audience.Update
	lines   []int
	bad     []*audience.RowError
	read    int64 // bytes of the file, so far
	err     error // reading ended with it
}

// batchSize is a second's work: a transaction that is longer would hold up claims.
const batchSize = 20_000

// read reads batches while the one before is stored.
func (im *peopleImport) read(ctx context.Context, rows *audience.Importer) <-chan *batch {
	batches := make(chan *batch)
	go func() {
		defer close(batches)
		for {
			b := im.readBatch(rows)
			select {
			case batches <- b:
			case <-ctx.Done():
				return
			}
			if b.err != nil {
				return
			}
		}
	}()
	return batches
}

func (im *peopleImport) readBatch(rows *audience.Importer) *batch {
	b := &batch{}
	for len(b.updates)+len(b.bad) < batchSize {
		var u audience.Update
		err := rows.Next(&u)
		var bad *audience.RowError
		switch {
		case errors.As(err, &bad):
			b.bad = append(b.bad, bad)
		case err != nil:
			b.err, b.read = err, im.source.n
			return b
		default:
			if len(u.Topics) == 0 {
				u.Topics = im.byRow
			}
			b.updates, b.lines = append(b.updates, u), append(b.lines, rows.Line())
		}
	}
	b.read = im.source.n
	return b
}

// land stores batches and counts.
func (im *peopleImport) land(ctx context.Context, s store.People, batches <-chan *batch) error {
	for b := range batches {
		for _, bad := range b.bad {
			im.counts.Rejected++
			for _, problem := range bad.Problems {
				if err := im.rejected.add(bad.Line, problem.Place, problem.Problem); err != nil {
					return err
				}
			}
		}
		outcomes, err := s.Import(ctx, b.updates, im.how)
		if err != nil {
			return err
		}
		for i, outcome := range outcomes {
			if err := im.count(outcome, b.lines[i]); err != nil {
				return err
			}
		}
		im.progress(b.read)
		if b.err != nil && !errors.Is(b.err, io.EOF) {
			return fmt.Errorf("read %s: %w", im.file, b.err)
		}
	}
	return ctx.Err()
}

func (im *peopleImport) count(outcome store.Outcome, line int) error {
	switch outcome.Result {
	case store.Created:
		im.counts.New++
	case store.Updated:
		im.counts.Updated++
	case store.Unchanged:
		im.counts.Unchanged++
	default:
		im.counts.Rejected++
		return im.rejected.add(line, "", outcome.Reason)
	}
	return nil
}

// progress says every few seconds how far it is, and how long it takes.
func (im *peopleImport) progress(read int64) {
	const often = 2 * time.Second
	now := im.sys.now()
	if now.Sub(im.started) < often || now.Sub(im.told) < often {
		return
	}
	im.told = now
	taken := now.Sub(im.started)
	rows := im.counts.landed() + im.counts.Rejected
	fmt.Fprintf(im.sys.stderr, "%s rows, %s a second", thousands(rows), thousands(int(float64(rows)/taken.Seconds())))
	if im.size > 0 && read > 0 && read < im.size {
		fmt.Fprintf(im.sys.stderr, ", %s left", time.Duration(float64(taken)*float64(im.size-read)/float64(read)).Round(time.Second))
	}
	fmt.Fprintln(im.sys.stderr)
}

func (im *peopleImport) report(o *options) error {
	c := &im.counts
	if c.DryRun = im.dryRun; c.Rejected > 0 {
		c.Rejects = im.rejected.path
	}
	if o.json {
		if err := printJSON(im.sys.stdout, c); err != nil {
			return err
		}
	} else {
		would := ""
		if im.dryRun {
			would = " (a dry run: nothing was changed)"
		}
		fmt.Fprintf(im.sys.stderr, "%s new, %s updated, %s unchanged, %s rejected%s\n", thousands(c.New), thousands(c.Updated), thousands(c.Unchanged), thousands(c.Rejected), would)
	}
	switch {
	case c.Rejected > 0 && c.landed() == 0:
		return hint(errors.New("every row was rejected"), c.Rejects+" says why")
	case c.Rejected > 0 && !o.json:
		fmt.Fprintf(im.sys.stderr, "%s says why rows were rejected.\n", c.Rejects)
	}
	return nil
}

func thousands(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
