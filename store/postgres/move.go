package postgres

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"germane/store"
	"germane/store/engine"
)

var _ engine.Mover = (*Store)(nil)

// patience is how long the other side of a move may take between two statements.
const patience = `SET LOCAL idle_in_transaction_session_timeout = '4h'`

// ReadAll implements [engine.Mover].
func (s *Store) ReadAll(ctx context.Context, f func(engine.Reader) error) error {
	return s.try(ctx, func(t *transaction) error {
		if err := t.lockTables(); err != nil {
			return err
		}
		if err := s.unused(t); err != nil {
			return err
		}
		var leases int
		const query = `SELECT count(*) FROM chunk WHERE until > (extract(epoch FROM clock_timestamp()) * 1000)::bigint`
		if _, err := t.row(query, nil, &leases); err != nil {
			return err
		}
		if leases > 0 {
			return fmt.Errorf("%w: %d chunks are in workers' hands", engine.ErrInUse, leases)
		}
		return f(&moving{t})
	})
}

// FillAll implements [engine.Mover].
func (s *Store) FillAll(ctx context.Context, f func(engine.Writer) error) error {
	return s.try(ctx, func(t *transaction) error {
		// Whoever opens the database meanwhile waits, and then finds the keys that came.
		if err := t.alone(lockMaking, 0); err != nil {
			return err
		}
		if err := t.lockTables(); err != nil {
			return err
		}
		if err := s.unused(t); err != nil {
			return err
		}
		if err := t.eachTable(`ALTER TABLE %s DISABLE TRIGGER USER`); err != nil {
			return err
		}
		if err := f(&moving{t}); err != nil {
			return err
		}
		if err := t.eachTable(`ALTER TABLE %s ENABLE TRIGGER USER`); err != nil {
			return err
		}
		return t.eachTable(`ANALYZE %s`)
	})
}

func (t *transaction) eachTable(format string) error {
	for _, table := range engine.Tables() {
		if err := t.run(fmt.Sprintf(format, pgx.Identifier{table.Name}.Sanitize())); err != nil {
			return err
		}
	}
	return nil
}

// lockTables has everybody else only read, until the transaction ends.
func (t *transaction) lockTables() error {
	if err := t.run(patience); err != nil {
		return err
	}
	return t.eachTable(`LOCK TABLE %s IN EXCLUSIVE MODE`)
}

// unused returns [engine.ErrInUse] when other processes of ours are connected: they have the keys that were there before, and would
// write to a database that was left. Who has just ended may still be seen.
func (s *Store) unused(t *transaction) error {
	const query = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1`
	var others int
	for range 20 {
		if _, err := t.row(query, []any{settings["application_name"]}, &others); err != nil {
			return err
		}
		if others -= int(s.pool.Stat().TotalConns()); others <= 0 {
			return nil
		}
		if err := t.run(`SELECT pg_stat_clear_snapshot()`); err != nil {
			return err
		}
		if err := t.run(`SELECT pg_sleep(0.1)`); err != nil {
			return err
		}
	}
	return fmt.Errorf("%w: germane has %d more connections to it", engine.ErrInUse, others)
}

// moving is the one transaction in which a database is read or filled as a whole.
type moving struct{ *transaction }

// Columns implements [engine.Reader].
func (m *moving) Columns(table string) ([]string, error) {
	types, err := m.types(table)
	var columns []string
	for name := range types {
		columns = append(columns, name)
	}
	return columns, err
}

// types returns a table's columns with their types.
func (m *moving) types(table string) (map[string]string, error) {
	types := map[string]string{}
	const query = `SELECT attname, format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`
	err := m.rows(query, []any{table}, func(rows pgx.Rows) error {
		var name, kind string
		err := rows.Scan(&name, &kind)
		types[name] = kind
		return err
	})
	return types, err
}

// Empty implements [engine.Reader].
func (m *moving) Empty(table string) (empty bool, err error) {
	_, err = m.row(`SELECT NOT EXISTS (SELECT 1 FROM `+pgx.Identifier{table}.Sanitize()+`)`, nil, &empty)
	return empty, err
}

func quoted(names []string) string {
	text := ""
	for i, name := range names {
		if i > 0 {
			text += ", "
		}
		text += pgx.Identifier{name}.Sanitize()
	}
	return text
}

// Rows implements [engine.Reader]. Postgres sends rows as fast as they are taken.
func (m *moving) Rows(t engine.Table, columns []string) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		enough := errors.New("enough")
		err := m.rows(fmt.Sprintf(`SELECT %s FROM %s`, quoted(columns), quoted([]string{t.Name})), nil, func(rows pgx.Rows) error {
			row, err := rows.Values()
			for i, value := range row {
				row[i] = neutral(value)
			}
			if err == nil && !yield(row, nil) {
				err = enough
			}
			return err
		})
		if err != nil && !errors.Is(err, enough) {
			yield(nil, err)
		}
	}
}

// neutral is a value as engines give it to each other.
func neutral(value any) any {
	switch value := value.(type) {
	case int16:
		return int64(value)
	case int32:
		return int64(value)
	case bool:
		if value {
			return int64(1)
		}
		return int64(0)
	}
	return value
}

// Next implements [engine.Reader].
func (m *moving) Next(t engine.Table) (next int64, err error) {
	sequence, err := m.sequence(t)
	if err == nil {
		_, err = m.row(`SELECT last_value + is_called::int FROM `+sequence, nil, &next)
	}
	return next, err
}

func (m *moving) sequence(t engine.Table) (name string, err error) {
	_, err = m.row(`SELECT pg_get_serial_sequence($1, $2)`, []any{t.Name, t.Number}, &name)
	return name, err
}

// Stop implements [engine.Reader].
func (m *moving) Stop(note string, at time.Time) error {
	return m.run(turnSwitch, store.SwitchStopped, true, engine.Milliseconds(at), note)
}

// Write implements [engine.Writer].
func (m *moving) Write(t engine.Table, columns []string, rows iter.Seq2[[]any, error]) error {
	if err := m.run(`DELETE FROM ` + pgx.Identifier{t.Name}.Sanitize()); err != nil {
		return err
	}
	types, err := m.types(t.Name)
	if err == nil {
		err = m.makeRoom(t.Name)
	}
	if err != nil {
		return err
	}
	source := &copying{}
	for i, name := range columns {
		if types[name] == "boolean" {
			source.booleans = append(source.booleans, i)
		}
	}
	var stop func()
	source.next, stop = iter.Pull2(rows)
	defer stop()
	if _, err = m.conn.CopyFrom(m.ctx, pgx.Identifier{t.Name}, columns, source); err != nil || t.Name != "event" {
		return err
	}
	return m.run(`INSERT INTO event_key (key, at, run) SELECT DISTINCT ON (key) key, at, run FROM event WHERE key IS NOT NULL ORDER BY key, at DESC`)
}

// makeRoom makes the partitions that rows go into. Events that are older than is usual are kept without one of their own.
func (m *moving) makeRoom(table string) error {
	switch table {
	case "delivery":
		return m.run(`SELECT germane_hold_run(thousand * 1000) FROM (SELECT DISTINCT id / 1000 AS thousand FROM run) AS r`)
	case "event":
		return m.run(`SELECT germane_hold_month((extract(epoch FROM now() - make_interval(months => ago)) * 1000)::bigint) FROM generate_series(-1, 14) AS ago`)
	}
	return nil
}

// copying is rows as COPY takes them.
type copying struct {
	next     func() ([]any, error, bool)
	booleans []int
	row      []any
	err      error
}

// Next implements [pgx.CopyFromSource].
func (c *copying) Next() bool {
	var ok bool
	if c.row, c.err, ok = c.next(); !ok || c.err != nil {
		return false
	}
	for _, i := range c.booleans {
		c.row[i] = c.row[i] != int64(0)
	}
	return true
}

// Values implements [pgx.CopyFromSource].
func (c *copying) Values() ([]any, error) { return slices.Clone(c.row), nil }

// Err implements [pgx.CopyFromSource].
func (c *copying) Err() error { return c.err }

// SetNext implements [engine.Writer].
func (m *moving) SetNext(t engine.Table, next int64) error {
	sequence, err := m.sequence(t)
	if err != nil {
		return err
	}
	return m.run(`SELECT setval($1::text::regclass, $2, false)`, sequence, next)
}
