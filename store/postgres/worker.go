package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"germane/store"
	"germane/store/engine"
)

const workerQuery = `SELECT name, sender, share, busy, took, until, throttled, slowed, known FROM worker `

func scanWorker(workers *[]store.Worker) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
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
	shared := w
	err := s.change(ctx, "share the rate", func(t *transaction) error {
		if err := t.alone(lockShare, 0); err != nil {
			return err
		}
		if err := t.run(`DELETE FROM worker WHERE until <= $1`, engine.Milliseconds(now)); err != nil {
			return err
		}
		var others []store.Worker
		if err := t.rows(workerQuery+`WHERE sender = $1 AND name <> $2 ORDER BY name`, []any{w.Sender, w.Name}, scanWorker(&others)); err != nil {
			return err
		}
		shared = divide(others)
		const upsert = `INSERT INTO worker (name, sender, share, busy, took, until, throttled, slowed, known) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (name) DO UPDATE SET
			sender = excluded.sender, share = excluded.share, busy = excluded.busy, took = excluded.took, until = excluded.until,
			throttled = excluded.throttled, slowed = excluded.slowed, known = excluded.known`
		return t.run(upsert, shared.Name, shared.Sender, shared.Share, shared.Busy, shared.Took, engine.Milliseconds(shared.Until), engine.Milliseconds(shared.Throttled), shared.Slowed, shared.Known)
	})
	return shared, err
}

// LiveWorkers implements [store.Workers].
func (s *Store) LiveWorkers(ctx context.Context, now time.Time) ([]store.Worker, error) {
	var workers []store.Worker
	if err := s.rows(ctx, workerQuery+`WHERE until > $1 ORDER BY name`, []any{engine.Milliseconds(now)}, scanWorker(&workers)); err != nil {
		return nil, fmt.Errorf("read workers: %w", err)
	}
	return workers, nil
}

// Leave implements [store.Workers].
func (s *Store) Leave(ctx context.Context, name string) error {
	return s.change(ctx, "leave", func(t *transaction) error { return t.run(`DELETE FROM worker WHERE name = $1`, name) })
}
