package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"germane/store"
	"germane/store/engine"
)

// Step implements [store.Deliveries].
func (s *Store) Step(ctx context.Context, step *store.Step) ([]store.Decided, error) {
	var decided []store.Decided
	lost := false
	err := s.change(ctx, "step a chunk", func(t *transaction) error {
		l := &ledger{transaction: t, run: step.Run, epoch: step.Epoch}
		for i := range step.Results {
			if err := l.result(&step.Results[i]); err != nil {
				return err
			}
		}
		going, pin, err := t.going(step)
		if err != nil {
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

// going reports whether a lease holds, its run is running and nothing is stopped; it extends the lease.
func (t *transaction) going(step *store.Step) (going bool, pin int, err error) {
	const query = `SELECT r.pin, c.epoch = ? AND c.state = 0 AND c.until > 0 AND r.state = 'running' AND NOT EXISTS (SELECT 1 FROM switch WHERE name = 'stopped' AND turned)
		FROM chunk AS c JOIN run AS r ON r.id = c.run WHERE c.run = ? AND c.no = ?`
	found, err := t.row(query, []any{step.Epoch, step.Run, step.Chunk}, &pin, &going)
	if err != nil || !found {
		return false, 0, orNotFound(err)
	}
	// What another version decided means nothing to the run's. Who has nothing to claim may still wait for what is under way.
	going = going && (pin == step.Pin || len(step.Decisions) == 0)
	if going {
		err = t.run(`UPDATE chunk SET until = ? WHERE run = ? AND no = ?`, engine.Milliseconds(step.Until), step.Run, step.Chunk)
	}
	return going, pin, err
}

// ledger writes rows of one run and keeps their chunks' counts beside them.
type ledger struct {
	*transaction
	run    int64
	epoch  int64         // only claims of it have results; 0: whose they are is not asked
	counts []chunkCounts // of one or two chunks, nearly always
}

// chunkCounts is by how much a chunk's counts change, by state.
type chunkCounts struct {
	chunk int
	by    [store.Retry + 1]int64
}

// counted notes a row that went from one state to another; 0 is none.
func (l *ledger) counted(chunk int, from, to store.DeliveryState) {
	for i := range l.counts {
		if l.counts[i].chunk == chunk {
			l.counts[i].by[from]--
			l.counts[i].by[to]++
			return
		}
	}
	l.counts = append(l.counts, chunkCounts{chunk: chunk})
	l.counted(chunk, from, to)
}

// count writes what changed.
func (l *ledger) count() error {
	const update = `UPDATE chunk SET claimed = claimed + ?, sent = sent + ?, failed = failed + ?, in_doubt = in_doubt + ?, skipped = skipped + ?, held_out = held_out + ?, retry = retry + ?
		WHERE run = ? AND no = ?`
	for _, c := range l.counts {
		by := &c.by
		err := l.transaction.run(update, by[store.Claimed], by[store.Sent], by[store.Failed], by[store.InDoubt], by[store.Skipped], by[store.HeldOut], by[store.Retry], l.run, c.chunk)
		if err != nil {
			return err
		}
	}
	_, err := l.row(`UPDATE ledger SET sequence = sequence + 1 RETURNING sequence`, nil, &l.sequence)
	return err
}

// result writes what came of a claim. A row that a notice settled first stays as it is; one that a sweep put in doubt is settled.
func (l *ledger) result(r *store.Result) error {
	was := []store.DeliveryState{store.Claimed}
	switch r.State {
	case store.Sent, store.Failed:
		was = append(was, store.InDoubt)
	case store.InDoubt, store.Retry:
	default:
		return fmt.Errorf("a claim cannot become state %d", r.State)
	}
	for _, state := range was {
		if moved, err := l.move(r, state); err != nil || moved {
			return err
		}
	}
	return nil
}

// move takes a row from one state to a result's.
func (l *ledger) move(r *store.Result, from store.DeliveryState) (moved bool, err error) {
	const update = `UPDATE delivery SET state = ?, reason = ?, provider = ?, done = ? WHERE run = ? AND person = ? AND occasion = ? AND state = ? AND (?9 = 0 OR epoch = ?9) RETURNING chunk`
	var chunk int
	moved, err = l.row(update, []any{r.State, r.Reason, r.Provider, engine.Milliseconds(r.At), l.run, r.Person, r.Occasion, from, l.epoch}, &chunk)
	if err != nil || !moved {
		return false, err
	}
	l.counted(chunk, from, r.State)
	if r.State == store.Failed {
		// Who got nothing has the place under the caps back.
		err = l.transaction.run(`DELETE FROM touch WHERE person = ? AND run = ?`, r.Person, l.run)
	}
	return true, err
}

func (l *ledger) state(person int64, occasion int) (was store.DeliveryState, err error) {
	_, err = l.row(`SELECT state FROM delivery WHERE run = ? AND person = ? AND occasion = ?`, []any{l.run, person, occasion}, &was)
	return was, err
}

func (l *ledger) decide(step *store.Step, pin int) ([]store.Decided, error) {
	decided := make([]store.Decided, len(step.Decisions))
	for i := range step.Decisions {
		d := &step.Decisions[i]
		allowed, err := l.allow(d)
		if err == nil {
			decided[i], err = l.insert(step, d, allowed, pin)
		}
		if err == nil && decided[i].State == 0 && d.State == store.Claimed {
			decided[i], err = l.again(step, d, allowed, pin)
		}
		if err != nil {
			return nil, err
		}
	}
	return decided, nil
}

// allow looks again at what may have changed since the worker read the person.
func (l *ledger) allow(d *store.Decision) (store.Decided, error) {
	asked := store.Decided{State: d.State, Reason: d.Reason, Attempt: 1}
	refuse := func(reason string) (store.Decided, error) {
		return store.Decided{State: store.Skipped, Reason: reason}, nil
	}
	switch d.State {
	case store.Skipped:
		asked.Attempt = 0
		return asked, nil
	case store.Claimed, store.HeldOut:
	default:
		return asked, fmt.Errorf("a person cannot be decided to have state %d", d.State)
	}
	var consent, suppressed int
	const query = `SELECT coalesce((SELECT state FROM consent WHERE person = p.number AND topic = ?), 0), EXISTS (SELECT 1 FROM suppression AS s WHERE s.address = p.address)
		FROM person AS p WHERE p.number = ?`
	found, err := l.row(query, []any{d.Topic, d.Person}, &consent, &suppressed)
	switch {
	case err != nil:
		return asked, err
	case !found:
		return refuse(store.ReasonErased)
	case suppressed != 0:
		return refuse(store.ReasonSuppressed)
	case d.Topic != "" && consent != 2:
		return refuse(store.ReasonNoConsent)
	}
	for _, c := range d.Caps {
		// A run's own row does not count: it is there when a claim is made again.
		const count = `SELECT count(*) FROM touch WHERE person = ?1 AND at >= ?2 AND run <> ?3 AND (?4 = '' OR topic = ?4)`
		var n int
		if _, err := l.row(count, []any{d.Person, engine.Milliseconds(c.Since), l.run, c.Topic}, &n); err != nil {
			return asked, err
		}
		if n >= c.Max {
			return refuse(store.ReasonCap)
		}
	}
	return asked, nil
}

// insert writes the row of somebody who has none; the result's state is 0 when there is one.
func (l *ledger) insert(step *store.Step, d *store.Decision, as store.Decided, pin int) (store.Decided, error) {
	const insert = `INSERT INTO delivery (run, person, occasion, chunk, pin, epoch, attempt, state, reason, choices, claimed, done, provider)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '') ON CONFLICT DO NOTHING`
	now := engine.Milliseconds(step.Now)
	done := now
	if as.State == store.Claimed {
		done = 0
	}
	n, err := l.changed(insert, l.run, d.Person, d.Occasion, step.Chunk, pin, step.Epoch, as.Attempt, as.State, as.Reason, d.Choices, now, done)
	if err != nil || n == 0 {
		return store.Decided{}, err
	}
	l.counted(step.Chunk, 0, as.State)
	if as.State == store.Skipped {
		return as, nil
	}
	return as, l.touch(d, step.Now)
}

// touch takes a place under the caps.
func (l *ledger) touch(d *store.Decision, now time.Time) error {
	at := engine.Milliseconds(d.Due)
	if d.Due.IsZero() {
		at = engine.Milliseconds(now)
	}
	return l.transaction.run(`INSERT OR IGNORE INTO touch (person, at, run, topic) VALUES (?, ?, ?, ?)`, d.Person, at, l.run, d.Topic)
}

// again claims a row that is to be tried again. Somebody who may not be mailed any more is claimed and failed in one go: a row that
// was once claimed is never a skipped one.
func (l *ledger) again(step *store.Step, d *store.Decision, as store.Decided, pin int) (store.Decided, error) {
	const update = `UPDATE delivery SET state = 1, attempt = attempt + 1, epoch = ?, pin = ?, choices = ?, done = 0, reason = ''
		WHERE run = ? AND person = ? AND occasion = ? AND state = 7 AND chunk = ? RETURNING attempt, chunk`
	var attempt, chunk int
	found, err := l.row(update, []any{step.Epoch, pin, d.Choices, l.run, d.Person, d.Occasion, step.Chunk}, &attempt, &chunk)
	if err != nil || !found {
		return store.Decided{}, err
	}
	l.counted(chunk, store.Retry, store.Claimed)
	if as.State == store.Claimed {
		return store.Decided{State: store.Claimed, Attempt: attempt}, nil
	}
	r := store.Result{Person: d.Person, Occasion: d.Occasion, State: store.Failed, Reason: as.Reason, At: step.Now}
	return store.Decided{State: store.Failed, Reason: as.Reason, Attempt: attempt}, l.result(&r)
}

// Settle implements [store.Deliveries].
func (s *Store) Settle(ctx context.Context, n store.Settlement) error {
	return s.change(ctx, "settle a delivery", func(t *transaction) error {
		if n.State != store.Sent && n.State != store.Failed {
			return fmt.Errorf("a claim cannot be settled as state %d", n.State)
		}
		l := &ledger{transaction: t, run: n.Run}
		was, err := l.state(n.Person, n.Occasion)
		if err != nil || was == 0 {
			return orNotFound(err)
		}
		if err := l.result(&store.Result{Person: n.Person, Occasion: n.Occasion, State: n.State, Reason: n.Reason, Provider: n.Provider, At: n.At}); err != nil {
			return err
		}
		return l.count()
	})
}

// SettleRun implements [store.Deliveries].
func (s *Store) SettleRun(ctx context.Context, run int64, as store.DeliveryState, reason string, at time.Time) (settled int64, err error) {
	err = s.change(ctx, "settle a run", func(t *transaction) error {
		l := &ledger{transaction: t, run: run}
		var results []store.Result
		// Chunks that count no row in doubt need no look.
		const query = `SELECT d.person, d.occasion FROM chunk AS c JOIN delivery AS d ON d.run = c.run AND d.person >= c.low AND d.person < c.high AND d.chunk = c.no
			WHERE c.run = ? AND c.in_doubt > 0 AND d.state = 4`
		err := t.rows(query, []any{run}, func(rows *sql.Rows) error {
			r := store.Result{State: as, Reason: reason, At: at}
			err := rows.Scan(&r.Person, &r.Occasion)
			results = append(results, r)
			return err
		})
		if err != nil {
			return err
		}
		for i := range results {
			if err := l.result(&results[i]); err != nil {
				return err
			}
		}
		settled = int64(len(results))
		return l.count()
	})
	return settled, err
}
