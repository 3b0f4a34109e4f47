package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"germane/store/engine"
)

// writer is the one connection that changes something.
type writer struct {
	db         *sql.DB
	conn       *sql.Conn
	turn       chan struct{} // holds one token while somebody writes
	statements map[string]*sql.Stmt
}

// transaction is a change under way.
type transaction struct {
	*writer
	sequence int64           // of the ledger, when it was written
	memory   engine.Memory   // for the journal of withdrawals
	ctx      context.Context // is never cancelled: database/sql would watch it with a goroutine for every statement
}

// change runs f in a transaction. The context can end the wait for its turn and is looked at before committing; once COMMIT has
// begun its outcome is waited for, as nobody could say otherwise what became of it.
func (s *Store) change(ctx context.Context, what string, f func(t *transaction) error) error {
	w := s.writer
	select {
	case w.turn <- struct{}{}:
		defer func() { <-w.turn }()
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", what, ctx.Err())
	}
	t := &transaction{writer: w, ctx: context.WithoutCancel(ctx)}
	if err := t.run(`BEGIN IMMEDIATE`); err != nil {
		return fmt.Errorf("%s: begin: %w", what, err)
	}
	err := t.guarded(f)
	if err == nil && len(t.memory.Lines) > 0 && t.sequence == 0 {
		// A backup from before a withdrawal is to be noticed, too, when no mail went out since.
		_, err = t.row(`UPDATE ledger SET sequence = sequence + 1 RETURNING sequence`, nil, &t.sequence)
	}
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		// Before committing: that somebody is remembered who then did not withdraw harms nobody.
		err = s.note.Remember(t.memory.Lines)
	}
	if err == nil {
		err = t.run(`COMMIT`)
	}
	if err != nil {
		// When SQLite has already rolled back (disk full), this fails, and nothing is left to undo.
		_ = t.run(`ROLLBACK`)
		return fmt.Errorf("%s: %w", what, err)
	}
	if t.sequence > 0 {
		s.note.Write(t.sequence)
	}
	return nil
}

// guarded runs f; a panic in it must not leave the transaction open for the next one.
func (t *transaction) guarded(f func(t *transaction) error) (err error) {
	finished := false
	defer func() {
		if !finished {
			_ = t.run(`ROLLBACK`)
		}
	}()
	err = f(t)
	finished = true
	return err
}

// errDryRun ends a transaction that was only to be tried.
var errDryRun = errors.New("dry run")

// statement returns a statement, prepared once for the connection's life.
func (w *writer) statement(ctx context.Context, text string) (*sql.Stmt, error) {
	if st, ok := w.statements[text]; ok {
		return st, nil
	}
	st, err := w.conn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	w.statements[text] = st
	return st, nil
}

// run executes a statement.
func (t *transaction) run(text string, args ...any) error {
	_, err := t.execute(text, args...)
	return err
}

func (t *transaction) execute(text string, args ...any) (sql.Result, error) {
	st, err := t.statement(t.ctx, text)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(t.ctx, args...)
}

// changed executes a statement and reports how many rows it changed.
func (t *transaction) changed(text string, args ...any) (int64, error) {
	result, err := t.execute(text, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// row reads one row; found is false when there is none.
func (t *transaction) row(text string, args []any, into ...any) (found bool, err error) {
	st, err := t.statement(t.ctx, text)
	if err != nil {
		return false, err
	}
	err = st.QueryRowContext(t.ctx, args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// rows calls scan for every row.
func (t *transaction) rows(text string, args []any, scan func(*sql.Rows) error) error {
	st, err := t.statement(t.ctx, text)
	if err != nil {
		return err
	}
	return collect(st.QueryContext(t.ctx, args...))(scan)
}

// collect goes through rows and closes them.
func collect(rows *sql.Rows, err error) func(scan func(*sql.Rows) error) error {
	return func(scan func(*sql.Rows) error) error {
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := scan(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	}
}

// close finalises the statements first: one that is left open keeps its connection's memory. Whoever writes afterwards gets an error.
func (w *writer) close() error {
	w.turn <- struct{}{}
	defer func() { <-w.turn }()
	for _, st := range w.statements {
		st.Close()
	}
	if w.conn != nil {
		w.conn.Close()
	}
	return w.db.Close()
}

// readers are the connections that change nothing.
type readers struct {
	db       *sql.DB
	prepared sync.Map // text → *sql.Stmt, which database/sql prepares on each connection that runs it
}

func (r *readers) statement(ctx context.Context, text string) (*sql.Stmt, error) {
	if st, ok := r.prepared.Load(text); ok {
		return st.(*sql.Stmt), nil
	}
	st, err := r.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	if other, raced := r.prepared.LoadOrStore(text, st); raced {
		st.Close()
		return other.(*sql.Stmt), nil
	}
	return st, nil
}

// row reads one row; found is false when there is none.
func (r *readers) row(ctx context.Context, text string, args []any, into ...any) (found bool, err error) {
	st, err := r.statement(ctx, text)
	if err != nil {
		return false, err
	}
	err = st.QueryRowContext(ctx, args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// rows calls scan for every row.
func (r *readers) rows(ctx context.Context, text string, args []any, scan func(*sql.Rows) error) error {
	st, err := r.statement(ctx, text)
	if err != nil {
		return err
	}
	return collect(st.QueryContext(ctx, args...))(scan)
}

func (r *readers) close() error {
	r.prepared.Range(func(_, st any) bool {
		st.(*sql.Stmt).Close()
		return true
	})
	return r.db.Close()
}
