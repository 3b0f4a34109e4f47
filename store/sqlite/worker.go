package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"germane/store"
	"germane/store/engine"
)

const workerQuery = `SELECT name, sender, share, busy, took, until, throttled, slowed, known FROM worker `

func scanWorker(workers *[]store.Worker) func(*sql.Rows) error {
	return func(rows *sql.Rows) error {
		var w store.Worker
		var until, throttled int64
		err := rows.Scan(&w.Name, &w.Sender, &w.Share, &w.Busy, &w.Took, &until, &throttled, &w.Slowed, &w.Known)
		w.Until, w.Throttled = engine.Moment(until), engine.Moment(throttled)
		*workers = append(*workers, w)
		return err
	}
}

// Share implements [store.Workers].
func (s *Store) Share(ctx context.Context, w store.Worker, now time.Time, divide func(others []store.Worker) store.Worker) (store.Worker, error) {
	err := s.change(ctx, "share the rate", func(t *transaction) error {
		if err := t.run(`DELETE FROM worker WHERE until <= ?`, engine.Milliseconds(now)); err != nil {
			return err
		}
		var others []store.Worker
		if err := t.rows(workerQuery+`WHERE sender = ? AND name <> ? ORDER BY name`, []any{w.Sender, w.Name}, scanWorker(&others)); err != nil {
			return err
		}
		w = divide(others)
		const upsert = `INSERT INTO worker (name, sender, share, busy, took, until, throttled, slowed, known) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET
			sender = excluded.sender, share = excluded.share, busy = excluded.busy, took = excluded.took, until = excluded.until,
			throttled = excluded.throttled, slowed = excluded.slowed, known = excluded.known`
		return t.run(upsert, w.Name, w.Sender, w.Share, w.Busy, w.Took, engine.Milliseconds(w.Until), engine.Milliseconds(w.Throttled), w.Slowed, w.Known)
	})
	return w, err
}

// LiveWorkers implements [store.Workers].
func (s *Store) LiveWorkers(ctx context.Context, now time.Time) ([]store.Worker, error) {
	var workers []store.Worker
	if err := s.rows(ctx, workerQuery+`WHERE until > ? ORDER BY name`, []any{engine.Milliseconds(now)}, scanWorker(&workers)); err != nil {
		return nil, fmt.Errorf("read workers: %w", err)
	}
	return workers, nil
}

// Leave implements [store.Workers].
func (s *Store) Leave(ctx context.Context, name string) error {
	return s.change(ctx, "leave", func(t *transaction) error { return t.run(`DELETE FROM worker WHERE name = ?`, name) })
}
