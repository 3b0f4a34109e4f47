package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"germane/store"
	"germane/store/engine"
)

var _ engine.Mover = (*Store)(nil)

// ReadAll implements [engine.Mover]. That nobody works on the file is known by its lock, which is not ours; whoever else wants to write
// waits.
func (s *Store) ReadAll(ctx context.Context, f func(engine.Reader) error) error {
	return s.change(ctx, "read everything", func(t *transaction) error { return f(&moving{t, ctx}) })
}

// FillAll implements [engine.Mover].
func (s *Store) FillAll(ctx context.Context, f func(engine.Writer) error) error {
	return s.change(ctx, "fill the database", func(t *transaction) error {
		// Triggers cannot be turned off, but they can be taken away and made again in the transaction.
		again := map[string]string{}
		err := t.rows(`SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'`, nil, func(rows *sql.Rows) error {
			var name, text string
			err := rows.Scan(&name, &text)
			again[name] = text
			return err
		})
		if err != nil {
			return err
		}
		for name := range again {
			if _, err := t.conn.ExecContext(t.ctx, `DROP TRIGGER `+quoted(name)); err != nil {
				return err
			}
		}
		if err := f(&moving{t, ctx}); err != nil {
			return err
		}
		for _, text := range again {
			if _, err := t.conn.ExecContext(t.ctx, text); err != nil {
				return err
			}
		}
		return nil
	})
}

// moving is the one transaction in which a database is read or filled as a whole.
type moving struct {
	*transaction
	interrupt context.Context // may end it between two rows
}

func quoted(names ...string) string {
	return `"` + strings.Join(names, `", "`) + `"` // no name of ours has a quotation mark
}

// Columns implements [engine.Reader].
func (m *moving) Columns(table string) ([]string, error) {
	var columns []string
	err := m.rows(`SELECT name FROM pragma_table_info(?)`, []any{table}, func(rows *sql.Rows) error {
		columns = append(columns, "")
		return rows.Scan(&columns[len(columns)-1])
	})
	return columns, err
}

// Empty implements [engine.Reader].
func (m *moving) Empty(table string) (empty bool, err error) {
	_, err = m.row(`SELECT NOT EXISTS (SELECT 1 FROM `+quoted(table)+`)`, nil, &empty)
	return empty, err
}

// Rows implements [engine.Reader].
func (m *moving) Rows(t engine.Table, columns []string) iter.Seq2[[]any, error] {
	query := fmt.Sprintf(`SELECT %s FROM %s ORDER BY %s`, quoted(columns...), quoted(t.Name), quoted(t.Key...))
	return func(yield func([]any, error) bool) {
		enough := errors.New("enough")
		err := m.rows(query, nil, func(rows *sql.Rows) error {
			row, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range row {
				into[i] = &row[i]
			}
			if err := rows.Scan(into...); err != nil {
				return err
			}
			for i, value := range row {
				if blob, ok := value.([]byte); ok && len(blob) == 0 {
					row[i] = []byte{} // the driver's is nil, and would be written as NULL
				}
			}
			if !yield(row, nil) {
				return enough
			}
			return m.interrupt.Err()
		})
		if err != nil && !errors.Is(err, enough) {
			yield(nil, err)
		}
	}
}

// Next implements [engine.Reader].
func (m *moving) Next(t engine.Table) (next int64, err error) {
	query := fmt.Sprintf(`SELECT 1 + max(coalesce((SELECT max(%s) FROM %s), 0), coalesce((SELECT seq FROM sqlite_sequence WHERE name = ?), 0))`, quoted(t.Number), quoted(t.Name))
	_, err = m.row(query, []any{t.Name}, &next)
	return next, err
}

// Stop implements [engine.Reader].
func (m *moving) Stop(note string, at time.Time) error {
	return m.run(turnSwitch, store.SwitchStopped, true, engine.Milliseconds(at), note)
}

// Write implements [engine.Writer].
func (m *moving) Write(t engine.Table, columns []string, rows iter.Seq2[[]any, error]) error {
	if err := m.run(`DELETE FROM ` + quoted(t.Name)); err != nil {
		return err
	}
	places := strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ")
	insert := fmt.Sprintf(`INSERT INTO %s (%s) VALUES (%s)`, quoted(t.Name), quoted(columns...), places)
	for row, err := range rows {
		if err == nil {
			err = m.run(insert, row...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// SetNext implements [engine.Writer].
func (m *moving) SetNext(t engine.Table, next int64) error {
	var kept bool // else SQLite goes on after the highest by itself
	const query = `SELECT sql LIKE '%AUTOINCREMENT%' FROM sqlite_schema WHERE type = 'table' AND name = ?`
	if _, err := m.row(query, []any{t.Name}, &kept); err != nil || !kept {
		return err
	}
	if err := m.run(`DELETE FROM sqlite_sequence WHERE name = ?`, t.Name); err != nil {
		return err
	}
	return m.run(`INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)`, t.Name, next-1)
}
