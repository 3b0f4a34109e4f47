package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"time"

	"germane/store"
	"germane/store/engine"
)

// chunkWaiting is how many of a chunk's members wait: those claimed or to be tried again, and while it is not done those without a row.
const chunkWaiting = `(c.claimed + c.retry + CASE WHEN c.state = 1 THEN 0 ELSE
	max(c.members - c.claimed - c.retry - c.sent - c.failed - c.in_doubt - c.skipped - c.held_out, 0) END)`

const runQuery = `SELECT r.id, r.campaign, r.occurrence, r.manual, r.pin, v.version, r.state, r.note, r.cut, r.due, r.created, r.started, r.finished, r.held, r.held_until,
	coalesce(sum(c.sent), 0), coalesce(sum(c.failed), 0), coalesce(sum(c.skipped), 0), coalesce(sum(c.held_out), 0), coalesce(sum(c.in_doubt), 0),
	coalesce(sum(` + chunkWaiting + `), 0)
	FROM run AS r JOIN run_version AS v ON v.run = r.id AND v.pin = r.pin LEFT JOIN chunk AS c ON c.run = r.id `

func scanRun(scan func(...any) error) (*store.Run, error) {
	r := &store.Run{}
	var due, created, started, finished, held int64
	err := scan(&r.ID, &r.Campaign, &r.Occurrence, &r.Manual, &r.Pin, &r.Version, &r.State, &r.Note, &r.Cut, &due, &created, &started, &finished, &r.Held.Why, &held,
		&r.Sent, &r.Failed, &r.Skipped, &r.HeldOut, &r.InDoubt, &r.Waiting)
	r.Due, r.Created, r.Started, r.Finished, r.Held.Until = engine.Moment(due), engine.Moment(created), engine.Moment(started), engine.Moment(finished), engine.Moment(held)
	r.Planned = r.Sent + r.Failed + r.Skipped + r.HeldOut + r.InDoubt + r.Waiting
	return r, err
}

// CreateRun implements [store.Runs].
func (s *Store) CreateRun(ctx context.Context, r store.Run, chunks []store.Chunk) (id int64, err error) {
	err = s.change(ctx, "create a run", func(t *transaction) error {
		const insert = `INSERT INTO run (campaign, occurrence, manual, state, note, cut, due, created, started, finished) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (campaign, occurrence) DO NOTHING`
		result, err := t.execute(insert, r.Campaign, r.Occurrence, r.Manual, string(cmp.Or(r.State, store.RunRunning)), r.Note, r.Cut,
			engine.Milliseconds(r.Due), engine.Milliseconds(r.Created), engine.Milliseconds(r.Started), engine.Milliseconds(r.Finished))
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return cmp.Or(err, fmt.Errorf("%s, %s: %w", r.Campaign, r.Occurrence, store.ErrExists))
		}
		if id, err = result.LastInsertId(); err != nil {
			return err
		}
		t.memory.Planned(r.Campaign, id, r.Occurrence, r.Created)
		if err := t.run(`INSERT INTO run_version (run, pin, version, at) VALUES (?, 0, ?, ?)`, id, r.Version, engine.Milliseconds(r.Created)); err != nil {
			return err
		}
		return t.addChunks(id, chunks)
	})
	return id, err
}

// Run implements [store.Runs].
func (s *Store) Run(ctx context.Context, id int64) (*store.Run, error) {
	runs, err := s.runs(ctx, runQuery+`WHERE r.id = ? GROUP BY r.id`, id)
	if err == nil && len(runs) == 0 {
		err = fmt.Errorf("run %d: %w", id, store.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return runs[0], nil
}

// Runs implements [store.Runs].
func (s *Store) Runs(ctx context.Context, which store.RunFilter) ([]*store.Run, error) {
	const where = `WHERE (?1 = '' OR r.campaign = ?1) AND r.created >= ?2 AND (?3 = 0 OR r.state NOT IN ('finished', 'cancelled'))
		GROUP BY r.id ORDER BY r.id DESC LIMIT ?4`
	return s.runs(ctx, runQuery+where, which.Campaign, engine.Milliseconds(which.Since), which.Open, cmp.Or(which.Limit, 100))
}

func (s *Store) runs(ctx context.Context, query string, args ...any) ([]*store.Run, error) {
	var runs []*store.Run
	err := s.rows(ctx, query, args, func(rows *sql.Rows) error {
		r, err := scanRun(rows.Scan)
		runs = append(runs, r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read runs: %w", err)
	}
	return runs, nil
}

// MoveRun implements [store.Runs].
func (s *Store) MoveRun(ctx context.Context, id int64, to store.RunState, note string, at time.Time) error {
	return s.change(ctx, "move a run", func(t *transaction) error {
		is, err := t.runState(id)
		if err != nil || is == to {
			return err
		}
		if !is.CanMove(to) {
			return fmt.Errorf("a run that is %s cannot become %s", is, to)
		}
		return t.moveRun(id, to, note, at)
	})
}

func (t *transaction) runState(id int64) (store.RunState, error) {
	var state store.RunState
	found, err := t.row(`SELECT state FROM run WHERE id = ?`, []any{id}, &state)
	if err == nil && !found {
		err = fmt.Errorf("run %d: %w", id, store.ErrNotFound)
	}
	return state, err
}

func (t *transaction) moveRun(id int64, to store.RunState, note string, at time.Time) error {
	const update = `UPDATE run SET state = ?1, note = ?2,
		started  = CASE WHEN ?1 = 'running' AND started = 0 THEN ?3 ELSE started END,
		settling = CASE WHEN ?1 = 'settling' THEN ?3 ELSE settling END,
		finished = CASE WHEN ?1 IN ('finished', 'cancelled') THEN ?3 ELSE finished END WHERE id = ?4`
	return t.run(update, string(to), note, engine.Milliseconds(at), id)
}

// HoldRun implements [store.Runs].
func (s *Store) HoldRun(ctx context.Context, id int64, hold store.Hold, next func(c *store.Chunk) time.Time) error {
	return s.change(ctx, "hold a run", func(t *transaction) error {
		n, err := t.changed(`UPDATE run SET held = ?, held_until = ? WHERE id = ? AND state = 'running'`, hold.Why, engine.Milliseconds(hold.Until), id)
		if err != nil || n == 0 {
			return err
		}
		var alike []store.Chunk
		err = t.rows(`SELECT DISTINCT zone, step, not_before FROM chunk WHERE run = ? AND state = 0 AND until = 0`, []any{id}, func(rows *sql.Rows) error {
			var c store.Chunk
			var at int64
			err := rows.Scan(&c.Zone, &c.Step, &at)
			c.NotBefore = engine.Moment(at)
			alike = append(alike, c)
			return err
		})
		if err != nil {
			return err
		}
		const update = `UPDATE chunk SET not_before = ? WHERE run = ? AND zone = ? AND step = ? AND not_before = ? AND state = 0 AND until = 0`
		for i := range alike {
			c := &alike[i]
			if later := next(c); later.After(c.NotBefore) {
				if err := t.run(update, engine.Milliseconds(later), id, c.Zone, c.Step, engine.Milliseconds(c.NotBefore)); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// Repin implements [store.Runs].
func (s *Store) Repin(ctx context.Context, id int64, version string, at time.Time) error {
	return s.change(ctx, "repin a run", func(t *transaction) error {
		var pin int
		found, err := t.row(`UPDATE run SET pin = pin + 1 WHERE id = ? AND state NOT IN ('finished', 'cancelled', 'settling') RETURNING pin`, []any{id}, &pin)
		if err != nil || !found {
			return orNotFound(err)
		}
		n, err := t.changed(`INSERT INTO run_version (run, pin, version, at) SELECT ?, ?, hash, ? FROM version WHERE hash = ?`, id, pin, engine.Milliseconds(at), version)
		if err == nil && n == 0 {
			err = fmt.Errorf("version %s: %w", version, store.ErrNotFound)
		}
		return err
	})
}

// RunVersions implements [store.Runs].
func (s *Store) RunVersions(ctx context.Context, id int64) ([]store.RunVersion, error) {
	var versions []store.RunVersion
	err := s.rows(ctx, `SELECT pin, version, at FROM run_version WHERE run = ? ORDER BY pin`, []any{id}, func(rows *sql.Rows) error {
		var v store.RunVersion
		var at int64
		err := rows.Scan(&v.Pin, &v.Version, &at)
		v.At = engine.Moment(at)
		versions = append(versions, v)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read a run's versions: %w", err)
	}
	return versions, nil
}

// CloseRun implements [store.Runs].
func (s *Store) CloseRun(ctx context.Context, id int64, at time.Time, grace time.Duration) (is store.RunState, err error) {
	err = s.change(ctx, "close a run", func(t *transaction) error {
		if is, err = t.runState(id); err != nil || is != store.RunRunning && is != store.RunSettling {
			return err
		}
		var open, doubtful, settling int64
		const query = `SELECT (1 - r.cut) + coalesce(sum(c.state <> 1) + sum(c.claimed + c.retry), 0), coalesce(sum(c.in_doubt), 0), r.settling
			FROM run AS r LEFT JOIN chunk AS c ON c.run = r.id WHERE r.id = ?`
		if _, err := t.row(query, []any{id}, &open, &doubtful, &settling); err != nil || open > 0 {
			return err
		}
		to := store.RunFinished
		if doubtful > 0 && (is == store.RunRunning || engine.Milliseconds(at) < settling+grace.Milliseconds()) {
			to = store.RunSettling
		}
		if to == is {
			return nil
		}
		is = to
		return t.moveRun(id, to, "", at)
	})
	return is, err
}

// Reasons implements [store.Runs].
func (s *Store) Reasons(ctx context.Context, id int64) (map[string]int64, error) {
	reasons := map[string]int64{}
	err := s.rows(ctx, `SELECT reason, count(*) FROM delivery WHERE run = ? AND reason <> '' GROUP BY reason`, []any{id}, func(rows *sql.Rows) error {
		var reason string
		var n int64
		err := rows.Scan(&reason, &n)
		reasons[reason] = n
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count reasons: %w", err)
	}
	return reasons, nil
}
