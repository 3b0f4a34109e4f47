package engine

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"germane/store"
)

// Copy copies a database to an empty one, of any engine: everything that is kept, under the same numbers. In the copy nothing goes on
// by itself: it is not armed, runs that were sending are paused, and what was claimed is in doubt. All of it is read back and
// compared before it counts, so that there never is half a copy; and before it counts, the original is stopped.
type Copy struct {
	From, To         Mover
	FromName, ToName string // as notes call them: without passwords
	Mend             bool   // writes � for what is no text; else such a text ends it with a [TextError]
	Keep             bool   // does not stop the original
	DryRun           bool   // reads everything, and writes nothing
	Now              time.Time
	Progress         func(table string, rows int64) // is called for every row that is read, and every one read back; nil: nobody asks

	result Copied
	bad    TextError
}

// Copied is what there is in the copy.
type Copied struct {
	Tables  []CopiedTable
	Runs    map[int64]Sum // of the ledger's rows
	Paused  []int64       // runs that were sending
	InDoubt int64         // deliveries that were under way
	Mended  int64         // texts
}

// CopiedTable is one table.
type CopiedTable struct {
	Name string
	Sum
}

// TextError says which texts no Postgres can keep: they hold a zero byte, or are not UTF-8.
type TextError struct {
	Texts  int64
	Places []string // of the first ones
}

// Error implements error.
func (e *TextError) Error() string {
	more := ""
	if n := e.Texts - int64(len(e.Places)); n > 0 {
		more = fmt.Sprintf("\n  and %d more", n)
	}
	return "these texts hold a zero byte or are not UTF-8:\n  " + strings.Join(e.Places, "\n  ") + more
}

// MovedNote begins the note of a database whose sending was stopped because everything was copied elsewhere: the name of where follows.
const MovedNote = "moved to "

var errDryRun = errors.New("dry run")

// Run copies.
func (c *Copy) Run(ctx context.Context) (*Copied, error) {
	c.result = Copied{Runs: map[int64]Sum{}}
	stopped := false
	err := c.To.FillAll(ctx, func(w Writer) error {
		if err := checkEmpty(w); err != nil {
			return fmt.Errorf("%s: %w", c.ToName, err)
		}
		err := c.From.ReadAll(ctx, func(r Reader) error { return c.all(r, w) })
		if err == nil {
			stopped = !c.Keep
			return nil
		}
		return fmt.Errorf("copy %s: %w", c.FromName, err)
	})
	if over := ctx.Err(); err != nil && over != nil && !errors.Is(err, over) {
		err = fmt.Errorf("%w: %w", over, err) // a server that is told to end COPY says so in words of its own
	}
	switch {
	case errors.Is(err, errDryRun):
	case err != nil && stopped:
		return nil, errors.Join(err, ErrStopped)
	case err != nil:
		return nil, err
	}
	return &c.result, nil
}

func checkEmpty(w Writer) error {
	for _, t := range Tables() {
		if t.Own {
			continue
		}
		empty, err := w.Empty(t.Name)
		if err != nil {
			return err
		}
		if !empty {
			return fmt.Errorf("%w: there is something in table %s", ErrNotEmpty, t.Name)
		}
	}
	return nil
}

func (c *Copy) all(r Reader, w Writer) error {
	for _, t := range Tables() {
		if err := c.table(r, w, t); err != nil {
			return fmt.Errorf("table %s: %w", t.Name, err)
		}
	}
	switch {
	case c.bad.Texts > 0 && !c.Mend:
		return &c.bad
	case c.DryRun:
		return errDryRun
	case c.Keep:
		return nil
	}
	return r.Stop(MovedNote+c.ToName, c.Now)
}

// table copies a table and reads it back.
func (c *Copy) table(r Reader, w Writer, t Table) error {
	columns, err := r.Columns(t.Name)
	if err != nil {
		return err
	}
	slices.Sort(columns)
	there, err := w.Columns(t.Name)
	if slices.Sort(there); err != nil || !slices.Equal(columns, there) {
		return errors.Join(err, fmt.Errorf("its columns are %v, and those of the copy %v", columns, there))
	}
	sums := newSums(t, columns)
	rows := c.changed(t, columns, r.Rows(t, columns), sums)
	if c.DryRun {
		err = drain(rows)
	} else {
		err = c.write(r, w, t, columns, rows, sums)
	}
	c.result.Tables = append(c.result.Tables, CopiedTable{t.Name, sums.all})
	if t.Name == "delivery" {
		c.result.Runs = sums.byRun
	}
	return err
}

func drain(rows iter.Seq2[[]any, error]) error {
	for _, err := range rows {
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *Copy) write(r Reader, w Writer, t Table, columns []string, rows iter.Seq2[[]any, error], sums *sums) error {
	if err := w.Write(t, columns, rows); err != nil || c.bad.Texts > 0 && !c.Mend {
		return err // texts that cannot be kept are looked for in all tables
	}
	if t.Number != "" {
		next, err := r.Next(t)
		if err == nil {
			err = w.SetNext(t, next)
		}
		if err != nil {
			return fmt.Errorf("go on with its numbers: %w", err)
		}
	}
	copied := newSums(t, columns)
	for row, err := range w.Rows(t, columns) {
		if err != nil {
			return fmt.Errorf("read it back: %w", err)
		}
		copied.add(row)
		c.tell(t)
	}
	return sums.compare(copied)
}

func (c *Copy) tell(t Table) {
	if c.Progress != nil {
		c.Progress(t.Name, 1)
	}
}

// changed goes through a table's rows as they are to be in the copy.
func (c *Copy) changed(t Table, columns []string, rows iter.Seq2[[]any, error], sums *sums) iter.Seq2[[]any, error] {
	at := make(map[string]int, len(columns))
	for i, name := range columns {
		at[name] = i
	}
	change := c.changes()[t.Name]
	return func(yield func([]any, error) bool) {
		for row, err := range rows {
			if err != nil {
				yield(nil, err)
				return
			}
			c.tell(t)
			if change != nil {
				change(row, at)
			}
			if good := c.texts(t, columns, at, row); !good && !c.Mend {
				continue // it ends in an error, which is to name others, too
			}
			sums.add(row)
			if !yield(row, nil) {
				return
			}
		}
	}
}

// texts looks for texts that cannot be kept.
func (c *Copy) texts(t Table, columns []string, at map[string]int, row []any) (good bool) {
	const told = 10
	good = true
	for i, value := range row {
		text, ok := value.(string)
		if !ok || utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 {
			continue
		}
		good = false
		if c.bad.Texts++; len(c.bad.Places) < told {
			var key []string
			for _, name := range t.Key {
				key = append(key, name+" "+keyText(row[at[name]]))
			}
			c.bad.Places = append(c.bad.Places, fmt.Sprintf("%s of table %s, %s", columns[i], t.Name, strings.Join(key, ", ")))
		}
		if c.Mend {
			row[i] = strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", "\uFFFD"), "\uFFFD")
			c.result.Mended++
		}
	}
	return good
}

func keyText(value any) string {
	switch value := value.(type) {
	case string:
		return fmt.Sprintf("%q", value)
	case []byte:
		return fmt.Sprintf("%x", value)
	}
	return fmt.Sprint(value)
}

// changes are what is other in the copy, by table.
func (c *Copy) changes() map[string]func(row []any, at map[string]int) {
	return map[string]func([]any, map[string]int){
		"switch": func(row []any, at map[string]int) {
			note, _ := row[at["note"]].(string)
			moved := row[at["name"]] == store.SwitchStopped && strings.HasPrefix(note, MovedNote) // by a copy that did not come about
			if row[at["turned"]] == int64(1) && (moved || row[at["name"]] == store.SwitchArmed) {
				row[at["turned"]], row[at["at"]], row[at["note"]] = int64(0), c.Now.UnixMilli(), "copied from "+c.FromName
			}
		},
		"run": func(row []any, at map[string]int) {
			if row[at["state"]] == string(store.RunRunning) {
				row[at["state"]], row[at["note"]] = string(store.RunPaused), "the database was copied from "+c.FromName
				c.result.Paused = append(c.result.Paused, row[at["id"]].(int64))
			}
		},
		"chunk": func(row []any, at map[string]int) {
			row[at["owner"]], row[at["until"]] = "", int64(0)
			row[at["in_doubt"]] = row[at["in_doubt"]].(int64) + row[at["claimed"]].(int64)
			row[at["claimed"]] = int64(0)
		},
		"delivery": func(row []any, at map[string]int) {
			if row[at["state"]] == int64(store.Claimed) {
				row[at["state"]], row[at["reason"]] = int64(store.InDoubt), "the worker was lost"
				c.result.InDoubt++
			}
		},
	}
}
