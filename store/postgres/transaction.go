package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"germane/store"
	"germane/store/engine"
)

// transaction is a change under way.
type transaction struct {
	tx       pgx.Tx
	ctx      context.Context
	sequence int64         // of the ledger, when it was written
	memory   engine.Memory // for the journal
}

// maxTries is how often a change is begun that Postgres ends for others' sake. Each time one of those it collided with got through.
const maxTries = 10

// change runs f in a transaction; f may be run again from its beginning, so it keeps nothing of an earlier time. Once COMMIT has begun
// its outcome is waited for. When the connection is lost just then, the error is [store.ErrUnknown].
func (s *Store) change(ctx context.Context, what string, f func(t *transaction) error) error {
	var err error
	for range maxTries {
		if err = s.try(ctx, f); err == nil {
			return nil
		}
		if !collided(err) {
			break
		}
	}
	return fmt.Errorf("%s: %w", what, err)
}

// collided reports whether Postgres ended a transaction because of another one: also one that made the partition in which a row belongs
// that was already on its way to another.
func collided(err error) bool {
	var problem *pgconn.PgError
	if !errors.As(err, &problem) {
		return false
	}
	switch problem.Code {
	case "40001", "40P01": // serialization_failure, deadlock_detected
		return true
	}
	return problem.Code == "23514" && problem.ConstraintName == "" // check_violation, of a partition's bounds
}

// How long the end of a transaction is waited for.
const (
	commitTime   = 30 * time.Second
	rollbackTime = 5 * time.Second
)

func (s *Store) try(ctx context.Context, f func(t *transaction) error) (err error) {
	tx, err := s.pool.Begin(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	// Also when f panics: a transaction that is left open would hold its locks.
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTime)
		defer cancel()
		_ = tx.Rollback(ctx) // does nothing after COMMIT, and when the connection is gone there is nothing to undo
	}()
	t := &transaction{tx: tx, ctx: ctx}
	if err := f(t); err != nil {
		return err
	}
	if err := s.beforeCommit(t); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTime)
	defer cancel()
	err = tx.Commit(ctx)
	switch {
	case err == nil:
		s.noted(t.sequence)
	case !undone(err):
		err = fmt.Errorf("%w: %w", store.ErrUnknown, err)
	}
	return err
}

// beforeCommit writes the journal: that somebody is remembered who then did not withdraw harms nobody.
func (s *Store) beforeCommit(t *transaction) error {
	if len(t.memory.Lines) > 0 && t.sequence == 0 {
		// A backup from before a withdrawal is to be noticed, too, when no mail went out since.
		if err := t.written(); err != nil {
			return err
		}
	}
	if err := t.ctx.Err(); err != nil {
		return err
	}
	return s.note.Remember(t.memory.Lines)
}

// undone reports whether an error of COMMIT means that nothing was changed: Postgres said so. When a server goes down while it waits for
// its replicas, it says something fatal, and has committed; and what pgx calls safe to try again may have been sent.
func undone(err error) bool {
	var problem *pgconn.PgError
	if errors.As(err, &problem) {
		return problem.SeverityUnlocalized == "ERROR"
	}
	return errors.Is(err, pgx.ErrTxCommitRollback)
}

// errDryRun ends a transaction that was only to be tried.
var errDryRun = errors.New("dry run")

// run executes a statement.
func (t *transaction) run(text string, args ...any) error {
	_, err := t.tx.Exec(t.ctx, text, keepable(args)...)
	return err
}

// written counts that the ledger was written: a backup from before is behind.
func (t *transaction) written() error {
	_, err := t.row(nextSequence, nil, &t.sequence)
	return err
}

const nextSequence = `SELECT nextval('ledger_sequence')`

// send executes statements in their order, and waits for the network once.
func (t *transaction) send(batch *pgx.Batch) error {
	if batch.Len() == 0 {
		return nil
	}
	return t.tx.SendBatch(t.ctx, batch).Close()
}

// changed executes a statement and reports how many rows it changed.
func (t *transaction) changed(text string, args ...any) (int64, error) {
	tag, err := t.tx.Exec(t.ctx, text, keepable(args)...)
	return tag.RowsAffected(), err
}

// row reads one row; found is false when there is none.
func (t *transaction) row(text string, args []any, into ...any) (found bool, err error) {
	return foundRow(t.tx.QueryRow(t.ctx, text, keepable(args)...).Scan(into...))
}

// rows calls scan for every row.
func (t *transaction) rows(text string, args []any, scan func(pgx.Rows) error) error {
	return collect(t.tx.Query(t.ctx, text, keepable(args)...))(scan)
}

// row reads one row outside of a change; found is false when there is none.
func (s *Store) row(ctx context.Context, text string, args []any, into ...any) (found bool, err error) {
	return foundRow(s.pool.QueryRow(ctx, text, keepable(args)...).Scan(into...))
}

// rows calls scan for every row, outside of a change. A connection is taken until the last.
func (s *Store) rows(ctx context.Context, text string, args []any, scan func(pgx.Rows) error) error {
	return collect(s.pool.Query(ctx, text, keepable(args)...))(scan)
}

func foundRow(err error) (bool, error) {
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// collect goes through rows and closes them.
func collect(rows pgx.Rows, err error) func(scan func(pgx.Rows) error) error {
	return func(scan func(pgx.Rows) error) error {
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
