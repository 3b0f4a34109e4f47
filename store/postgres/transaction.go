package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"germane/store"
	"germane/store/engine"
)

// transaction is a change under way.
type transaction struct {
	conn     *pgxpool.Conn
	ctx      context.Context
	last     *pgx.Batch    // goes out with COMMIT; nil: nothing is left to be written then
	sequence int64         // of the ledger, when it was written
	memory   engine.Memory // for the journal
}

// maxTries is how often a change is begun that Postgres ends for others' sake. Each time one of those it collided with got through.
const maxTries = 10

// change runs f in a transaction; f may be run again from its beginning, so it keeps nothing of an earlier time. Once COMMIT has begun
// its outcome is waited for. When the connection is lost just then, the error is [store.ErrUnknown].
func (s *Store) change(ctx context.Context, what string, f func(t *transaction) error) error {
	return s.changeAtOnce(ctx, what, begun(f))
}

// changeAtOnce is change for what is done so often that it should wait for the network seldom: f sends BEGIN with its first statements,
// and leaves its last ones to go with COMMIT. What is lost from then on is lost in COMMIT.
func (s *Store) changeAtOnce(ctx context.Context, what string, f func(t *transaction) error) error {
	var err error
	for range maxTries {
		if err = s.attempt(ctx, f); err == nil {
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

const begin = "begin"

// begun has a transaction begin by itself.
func begun(f func(t *transaction) error) func(t *transaction) error {
	return func(t *transaction) error {
		if err := t.run(begin); err != nil {
			return fmt.Errorf("begin: %w", err)
		}
		return f(t)
	}
}

// try runs f in a transaction once.
func (s *Store) try(ctx context.Context, f func(t *transaction) error) error {
	return s.attempt(ctx, begun(f))
}

func (s *Store) attempt(ctx context.Context, f func(t *transaction) error) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", unreached(err))
	}
	t := &transaction{conn: conn, ctx: ctx}
	// Also when f panics: a transaction that is left open would hold its locks.
	defer t.end()
	if err := f(t); err != nil {
		return err
	}
	if err := s.beforeCommit(t); err != nil {
		return err
	}
	if err := t.commit(); err != nil {
		return err
	}
	s.noted(t.sequence)
	return nil
}

// end undoes what was not committed. When the connection is gone there is nothing to undo; the pool closes one that is not at rest.
func (t *transaction) end() {
	defer t.conn.Release()
	if t.conn.Conn().PgConn().TxStatus() == atRest {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), rollbackTime)
	defer cancel()
	_, _ = t.conn.Exec(ctx, "rollback")
}

// atRest is what Postgres says of a connection outside of transactions.
const atRest = 'I'

// commit sends COMMIT, and with it what was left to be written.
func (t *transaction) commit() error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), commitTime)
	defer cancel()
	err := t.sendCommit(ctx)
	if err != nil && !undone(err) {
		err = fmt.Errorf("%w: %w", store.ErrUnknown, err)
	}
	return err
}

func (t *transaction) sendCommit(ctx context.Context) error {
	const commit = "commit"
	if t.last == nil {
		tag, err := t.conn.Exec(ctx, commit)
		return cmp.Or(err, committed(tag))
	}
	t.last.Queue(commit).Exec(committed)
	return t.conn.SendBatch(ctx, t.last).Close()
}

// committed is an error when there was one before that f kept to itself.
func committed(tag pgconn.CommandTag) error {
	if tag.String() == "ROLLBACK" {
		return pgx.ErrTxCommitRollback
	}
	return nil
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

// undone reports whether an error of COMMIT, or of what went with it, means that nothing was changed: Postgres said so. It skips COMMIT
// after an error. When a server goes down while it waits for its replicas, it says something fatal, and has committed; and what pgx
// calls safe to try again may have been sent.
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
	_, err := t.conn.Exec(t.ctx, text, keepable(args)...)
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
	return t.conn.SendBatch(t.ctx, batch).Close()
}

// ask adds a query to a batch. When that is sent, scan is called for every row.
func ask(batch *pgx.Batch, text string, args []any, scan func(pgx.Rows) error) {
	batch.Queue(text, keepable(args)...).Query(func(rows pgx.Rows) error { return collect(rows, nil)(scan) })
}

// changed executes a statement and reports how many rows it changed.
func (t *transaction) changed(text string, args ...any) (int64, error) {
	tag, err := t.conn.Exec(t.ctx, text, keepable(args)...)
	return tag.RowsAffected(), err
}

// row reads one row; found is false when there is none.
func (t *transaction) row(text string, args []any, into ...any) (found bool, err error) {
	return foundRow(t.conn.QueryRow(t.ctx, text, keepable(args)...).Scan(into...))
}

// rows calls scan for every row.
func (t *transaction) rows(text string, args []any, scan func(pgx.Rows) error) error {
	return collect(t.conn.Query(t.ctx, text, keepable(args)...))(scan)
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
	return err == nil, unreached(err)
}

// collect goes through rows and closes them.
func collect(rows pgx.Rows, err error) func(scan func(pgx.Rows) error) error {
	return func(scan func(pgx.Rows) error) error {
		if err != nil {
			return unreached(err)
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
