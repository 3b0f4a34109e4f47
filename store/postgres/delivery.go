package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"germane/store"
	"germane/store/engine"
)

// Step implements [store.Deliveries].
func (s *Store) Step(ctx context.Context, step *store.Step) ([]store.Decided, error) {
	var decided []store.Decided
	lost := false
	err := s.changeAtOnce(ctx, "step a chunk", func(t *transaction) error {
		decided, lost = nil, false
		l := newLedger(t, step.Run)
		l.epoch = step.Epoch
		batch := &pgx.Batch{}
		batch.Queue(begin)
		saw, err := l.look(batch, step)
		if err != nil {
			return err
		}
		if err := l.results(step.Results); err != nil {
			return err
		}
		if lost = !saw.going; saw.going {
			l.of(step.Chunk).until = engine.Milliseconds(step.Until)
			if decided, err = l.decide(step, saw); err != nil {
				return err
			}
		}
		l.count()
		t.last = &l.writes
		return nil
	})
	if err == nil && lost {
		err = store.ErrLost
	}
	return decided, err
}

// seen is how things are with a step's chunk and people, and stay until it ends.
type seen struct {
	found   bool // there is such a chunk
	going   bool // the lease holds, its run is running and nothing is stopped
	pin     int
	allowed []store.Decided
}

// look locks what a step needs as it is, and looks at it. All of that goes out together; Postgres does one after the other, and each
// query sees what was committed by whoever had to be waited for before.
func (l *ledger) look(batch *pgx.Batch, step *store.Step) (*seen, error) {
	saw := &seen{}
	queueLocks(batch, step)
	saw.askGoing(batch, step)
	l.askRows(batch, stepKeys(step))
	err := l.askAllowed(batch, step.Decisions, saw)
	if err == nil {
		err = l.send(batch)
	}
	if err == nil && !saw.found {
		err = store.ErrNotFound
	}
	return saw, err
}

// queueLocks waits for whoever stops, moves or withdraws what the step needs as it is.
func queueLocks(batch *pgx.Batch, step *store.Step) {
	batch.Queue(lockShared, lockStop, 0)
	batch.Queue(lockShared, lockRun, runLock(step.Run))
	numbers := make([]int64, len(step.Decisions))
	for i := range step.Decisions {
		numbers[i] = step.Decisions[i].Person
	}
	queuePeople(batch, numbers)
}

// askGoing also keeps the chunk to itself.
func (saw *seen) askGoing(batch *pgx.Batch, step *store.Step) {
	const query = `SELECT r.pin, c.epoch = $1 AND c.state = 0 AND c.until > 0 AND r.state = 'running' AND NOT EXISTS (SELECT 1 FROM switch WHERE name = 'stopped' AND turned)
		FROM chunk AS c JOIN run AS r ON r.id = c.run WHERE c.run = $2 AND c.no = $3 FOR UPDATE OF c`
	ask(batch, query, []any{step.Epoch, step.Run, step.Chunk}, func(rows pgx.Rows) error {
		saw.found = true
		err := rows.Scan(&saw.pin, &saw.going)
		// What another version decided means nothing to the run's. Who has nothing to claim may still wait for what is under way.
		saw.going = saw.going && (saw.pin == step.Pin || len(step.Decisions) == 0)
		return err
	})
}

func stepKeys(step *store.Step) []key {
	keys := make([]key, 0, len(step.Results)+len(step.Decisions))
	for i := range step.Results {
		keys = append(keys, key{step.Results[i].Person, step.Results[i].Occasion})
	}
	for i := range step.Decisions {
		keys = append(keys, key{step.Decisions[i].Person, step.Decisions[i].Occasion})
	}
	return keys
}

// decide makes the rows of those who have none, and claims those again that are to be tried again.
func (l *ledger) decide(step *store.Step, saw *seen) ([]store.Decided, error) {
	decided := make([]store.Decided, len(step.Decisions))
	var fresh, again []int
	for i := range step.Decisions {
		d := &step.Decisions[i]
		k := key{d.Person, d.Occasion}
		switch r := l.rows[k]; {
		case r == nil:
			fresh = append(fresh, i)
			decided[i] = saw.allowed[i]
			l.rows[k] = &row{state: decided[i].State, chunk: step.Chunk, epoch: step.Epoch, attempt: decided[i].Attempt}
			l.counted(step.Chunk, 0, decided[i].State)
		case r.state == store.Retry && d.State == store.Claimed && r.chunk == step.Chunk:
			again = append(again, i)
		}
	}
	l.insert(step, fresh, saw)
	return decided, l.again(step, again, decided, saw)
}

// Settle implements [store.Deliveries].
func (s *Store) Settle(ctx context.Context, n store.Settlement) error {
	return s.change(ctx, "settle a delivery", func(t *transaction) error {
		if n.State != store.Sent && n.State != store.Failed {
			return fmt.Errorf("a claim cannot be settled as state %d", n.State)
		}
		// The row's chunk never changes, and is to be taken before the row.
		var chunk int
		found, err := t.row(`SELECT chunk FROM delivery WHERE run = $1 AND person = $2 AND occasion = $3`, []any{n.Run, n.Person, n.Occasion}, &chunk)
		if err != nil || !found {
			return orNotFound(err)
		}
		if _, err := t.chunk(n.Run, chunk); err != nil {
			return err
		}
		return t.settle(n.Run, []store.Result{{Person: n.Person, Occasion: n.Occasion, State: n.State, Reason: n.Reason, Provider: n.Provider, At: n.At}})
	})
}

// settle writes results of rows whose chunks are taken.
func (t *transaction) settle(run int64, results []store.Result) error {
	return newLedger(t, run).settle(results)
}

func (l *ledger) settle(results []store.Result) error {
	batch := &pgx.Batch{}
	l.askRows(batch, stepKeys(&store.Step{Results: results}))
	if err := l.send(batch); err != nil {
		return err
	}
	if err := l.results(results); err != nil {
		return err
	}
	l.count()
	return l.send(&l.writes)
}

// SettleRun implements [store.Deliveries].
func (s *Store) SettleRun(ctx context.Context, run int64, as store.DeliveryState, reason string, at time.Time) (settled int64, err error) {
	err = s.change(ctx, "settle a run", func(t *transaction) error {
		// Chunks that count no row in doubt need no look.
		if err := t.run(`SELECT 1 FROM chunk WHERE run = $1 AND in_doubt > 0 ORDER BY no FOR UPDATE`, run); err != nil {
			return err
		}
		var results []store.Result
		err := t.rows(inDoubtQuery, []any{run}, func(rows pgx.Rows) error {
			r := store.Result{State: as, Reason: reason, At: at}
			err := rows.Scan(&r.Person, &r.Occasion)
			results = append(results, r)
			return err
		})
		if err != nil {
			return err
		}
		settled = int64(len(results))
		return t.settle(run, results)
	})
	return settled, err
}

const inDoubtQuery = `SELECT d.person, d.occasion FROM chunk AS c CROSS JOIN LATERAL
	(SELECT person, occasion FROM delivery WHERE run = c.run AND person >= c.low AND person < c.high AND chunk = c.no AND state = 4 OFFSET 0) AS d
	WHERE c.run = $1 AND c.in_doubt > 0`
