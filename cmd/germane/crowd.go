package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"github.com/spf13/cobra"

	"germane/audience"
	"germane/store"
	"germane/workspace"
)

// crowd is whom a command counts: the people of a file, else those of the database, else the personas.
type crowd struct {
	file string // --people

	from  string // what counts are of: database, file or personas
	total int64  // how many there are; 0: not known
	bad   int    // rows of the file that cannot be used
	each  iter.Seq2[*audience.Stored, error]
	close func() error
}

func (c *crowd) flags(command *cobra.Command) {
	command.Flags().StringVar(&c.file, "people", "", "count the people of a file (JSON lines, - is standard input) instead of the database's")
}

// open finds the people. A database that is not there yet is not made; one without people is passed over.
func (c *crowd) open(ctx context.Context, sys *system, o *options, w *workspace.Workspace, now time.Time) error {
	c.close = func() error { return nil }
	if c.file != "" {
		return c.openFile(sys, w, now)
	}
	if h := homeOf(o, w); h.there() {
		if err := c.openDatabase(ctx, sys, o, w); err != nil || c.total > 0 {
			return err
		}
	}
	c.from, c.total = "personas", int64(len(w.Personas))
	c.each = func(yield func(*audience.Stored, error) bool) {
		for _, persona := range w.Personas {
			if !yield(persona.Person.Stored(now), nil) {
				return
			}
		}
	}
	return nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func (c *crowd) openDatabase(ctx context.Context, sys *system, o *options, w *workspace.Workspace) error {
	s, err := openDatabase(ctx, sys, o, w)
	if err != nil {
		return err
	}
	census, err := s.Census(ctx)
	if err != nil || census.People == 0 {
		return errors.Join(err, s.Close())
	}
	c.from, c.total, c.close = "database", census.People, s.Close
	c.each = func(yield func(*audience.Stored, error) bool) {
		for p, err := range s.EachPerson(ctx, store.Range{From: census.Within.From, To: census.Within.To}) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(&p.Stored, nil) {
				return
			}
		}
	}
	return nil
}

func (c *crowd) openFile(sys *system, w *workspace.Workspace, now time.Time) error {
	in := sys.stdin
	if c.file != "-" {
		file, err := os.Open(c.file)
		if err != nil {
			return hint(fmt.Errorf("read people: %w", err), "--people names a file with one person a line, as `germane people export` writes it")
		}
		in, c.close = file, file.Close
	}
	rows := audience.ImportJSONL(bufio.NewReader(in), audience.ImportOptions{Catalogue: w.Catalogue, Topics: w.Config.TopicNames()})
	c.from = "file"
	c.each = func(yield func(*audience.Stored, error) bool) { c.rows(sys, rows, now, yield) }
	return nil
}

// rows reads a file's people. Rows that cannot be used are counted, and the first of them is named.
func (c *crowd) rows(sys *system, rows *audience.Importer, now time.Time, yield func(*audience.Stored, error) bool) {
	for {
		var u audience.Update
		var person audience.Stored
		err := rows.Next(&u)
		if err == nil {
			person, err = u.New(now.UnixMilli())
		}
		var row *audience.RowError
		switch {
		case errors.Is(err, io.EOF):
			return
		case errors.As(err, &row):
			if c.bad++; c.bad == 1 {
				fmt.Fprintf(sys.stderr, "germane: %s: %v\n", c.named(), err)
			}
		case err != nil:
			yield(nil, fmt.Errorf("read %s: %w", c.named(), err))
			return
		default:
			person.ID = cmp.Or(person.ID, person.Email)
			if !yield(&person, nil) {
				return
			}
		}
	}
}

func (c *crowd) named() string {
	if c.file == "-" {
		return "standard input"
	}
	return c.file
}

// count calls f with everybody and shows on a terminal how far it is.
func (c *crowd) count(ctx context.Context, sys *system, f func(p *audience.Stored) error) error {
	done, told := int64(0), time.Time{}
	if sys.color {
		defer fmt.Fprint(sys.stderr, "\r\x1b[K")
	}
	for p, err := range c.each {
		if err == nil {
			err = f(p)
		}
		if err != nil {
			return err
		}
		if done++; done%1000 != 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if now := sys.now(); sys.color && now.Sub(told) > 100*time.Millisecond {
			told = now
			fmt.Fprintf(sys.stderr, "\r\x1b[Kcounting: %s%s", thousands(int(done)), c.ofAll())
		}
	}
	return nil
}

func (c *crowd) ofAll() string {
	if c.total == 0 {
		return ""
	}
	return " of " + thousands(int(c.total))
}

// who names the people that were counted.
func (c *crowd) who(n int) string {
	switch c.from {
	case "personas":
		return plural(n, "persona", "personas") + ", because there is no database with people yet"
	case "file":
		return plural(n, "person", "people") + " of " + c.named()
	}
	return plural(n, "person", "people") + " in the database"
}
