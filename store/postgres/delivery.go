package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"germane/store"
)

// Step implements [store.Deliveries].
func (s *Store) Step(ctx context.Context, step *store.Step) ([]store.Decided, error) {
	var decided []store.Decided
	lost := false
	err := s.change(ctx, "step a chunk", func(t *transaction) error {
		decided, lost = nil, false
		if err := t.lockStep(step); err != nil {
			return err
		}
		going, pin, err := t.going(step)
		if err != nil {
			return err
		}
		l := newLedger(t, step.Run)
		l.epoch = step.Epoch
		if err := l.read(stepKeys(step)); err != nil {
			return err
		}
		for i := range step.Results {
			if err := l.result(&step.Results[i]); err != nil {
				return err
			}
		}
		if err := l.flush(); err != nil {
			return err
		}
		if lost = !going; going {
			if decided, err = l.decide(step, pin); err != nil {
				return err
			}
		}
		return l.count()
	})
	if err == nil && lost {
		err = store.ErrLost
	}
	return decided, err
}

// lockStep waits for whoever stops, moves or withdraws what the step needs as it is.
func (t *transaction) lockStep(step *store.Step) error {
	batch := &pgx.Batch{}
	batch.Queue(lockShared, lockStop, 0)
	batch.Queue(lockShared, lockRun, runLock(step.Run))
	numbers := make([]int64, len(step.Decisions))
	for i := range step.Decisions {
		numbers[i] = step.Decisions[i].Person
	}
	queuePeople(batch, numbers)
	return t.send(batch)
}

// going reports whether a lease holds, its run is running and nothing is stopped; it extends the lease, and keeps the chunk to itself.
func (t *transaction) going(step *store.Step) (going bool, pin int, err error) {
	const query = `SELECT r.pin, c.epoch = $1 AND c.state = 0 AND c.until > 0 AND r.state = 'running' AND NOT EXISTS (SELECT 1 FROM switch WHERE name = 'stopped' AND turned)
		FROM chunk AS c JOIN run AS r ON r.id = c.run WHERE c.run = $2 AND c.no = $3 FOR UPDATE OF c`
	found, err := t.row(query, []any{step.Epoch, step.Run, step.Chunk}, &pin, &going)
	if err != nil || !found {
		return false, 0, orNotFound(err)
	}
	// What another version decided means nothing to the run's. Who has nothing to claim may still wait for what is under way.
	going = going && (pin == step.Pin || len(step.Decisions) == 0)
	if going {
		err = t.run(`UPDATE chunk SET until = $1 WHERE run = $2 AND no = $3`, milliseconds(step.Until), step.Run, step.Chunk)
	}
	return going, pin, err
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

func (l *ledger) decide(step *store.Step, pin int) ([]store.Decided, error) {
	allowed, err := l.allow(step.Decisions)
	if err != nil {
		return nil, err
	}
	var fresh, again []int
	for i := range step.Decisions {
		d := &step.Decisions[i]
		switch r := l.rows[key{d.Person, d.Occasion}]; {
		case r == nil:
			fresh = append(fresh, i)
		case r.state == store.Retry && d.State == store.Claimed && r.chunk == step.Chunk:
			again = append(again, i)
		}
	}
	decided := make([]store.Decided, len(step.Decisions))
	if err := l.insert(step, fresh, allowed, decided, pin); err != nil {
		return nil, err
	}
	return decided, l.again(step, again, allowed, decided, pin)
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
	if err := l.read(stepKeys(&store.Step{Results: results})); err != nil {
		return err
	}
	for i := range results {
		if err := l.result(&results[i]); err != nil {
			return err
		}
	}
	if err := l.flush(); err != nil {
		return err
	}
	return l.count()
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
