package postgres

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"germane/store"
	"germane/store/engine"
)

// ledger writes rows of one run and keeps their chunks' counts beside them. It reads the rows that it is about first, and keeps them
// from changing. What it writes is known by then, and is sent at the end, as one.
type ledger struct {
	*transaction
	run    int64
	epoch  int64 // only claims of it have results; 0: whose they are is not asked
	rows   map[key]*row
	moves  []move        // to be written
	counts []chunkCounts // of one or two chunks, nearly always
	writes pgx.Batch     // to be sent
	// rejects lets a mail fail that was sent: its provider says that it kept it to itself.
	rejects bool
}

// key names a row of a run.
type key struct {
	person   int64
	occasion int
}

// row is what is known of a row.
type row struct {
	state   store.DeliveryState
	chunk   int
	epoch   int64 // in which it was claimed
	attempt int
	moving  bool // it is in moves
}

// move is a row's new state.
type move struct {
	*row
	*store.Result
}

// chunkCounts is by how much a chunk's counts change, by state.
type chunkCounts struct {
	chunk int
	by    [store.Retry + 1]int64
	until int64 // of its lease; 0: it stays
}

func newLedger(t *transaction, run int64) *ledger {
	return &ledger{transaction: t, run: run, rows: map[key]*row{}}
}

const readRowsQuery = `SELECT k.person, k.occasion, d.state, d.chunk, d.epoch, d.attempt FROM unnest($2::bigint[], $3::int[]) AS k (person, occasion)
	CROSS JOIN LATERAL (SELECT state, chunk, epoch, attempt FROM delivery WHERE run = $1 AND person = k.person AND occasion = k.occasion LIMIT 1 FOR UPDATE) AS d`

// askRows reads the rows that there are.
func (l *ledger) askRows(batch *pgx.Batch, keys []key) {
	people, occasions := make([]int64, len(keys)), make([]int, len(keys))
	for i, k := range keys {
		people[i], occasions[i] = k.person, k.occasion
	}
	ask(batch, readRowsQuery, []any{l.run, people, occasions}, func(rows pgx.Rows) error {
		var k key
		r := &row{}
		err := rows.Scan(&k.person, &k.occasion, &r.state, &r.chunk, &r.epoch, &r.attempt)
		if l.rows[k] == nil {
			l.rows[k] = r
		}
		return err
	})
}

// counted notes a row that went from one state to another; 0 is none.
func (l *ledger) counted(chunk int, from, to store.DeliveryState) {
	c := l.of(chunk)
	c.by[from]--
	c.by[to]++
}

func (l *ledger) of(chunk int) *chunkCounts {
	for i := range l.counts {
		if l.counts[i].chunk == chunk {
			return &l.counts[i]
		}
	}
	l.counts = append(l.counts, chunkCounts{chunk: chunk})
	return &l.counts[len(l.counts)-1]
}

// count writes what changed of chunks.
func (l *ledger) count() {
	const update = `UPDATE chunk SET claimed = claimed + $1, sent = sent + $2, failed = failed + $3, in_doubt = in_doubt + $4, skipped = skipped + $5, held_out = held_out + $6, retry = retry + $7,
		until = coalesce(nullif($8::bigint, 0), until) WHERE run = $9 AND no = $10`
	for _, c := range l.counts {
		by := &c.by
		l.write(update, by[store.Claimed], by[store.Sent], by[store.Failed], by[store.InDoubt], by[store.Skipped], by[store.HeldOut], by[store.Retry], c.until, l.run, c.chunk)
	}
	l.writes.Queue(nextSequence).QueryRow(func(row pgx.Row) error { return row.Scan(&l.sequence) })
}

func (l *ledger) write(text string, args ...any) { l.writes.Queue(text, keepable(args)...) }

// results writes what came of claims.
func (l *ledger) results(results []store.Result) error {
	for i := range results {
		if err := l.result(&results[i]); err != nil {
			return err
		}
	}
	l.flush()
	return nil
}

// result notes what came of a claim. A row that a notice settled first stays as it is; one that a sweep put in doubt is settled.
func (l *ledger) result(r *store.Result) error {
	switch r.State {
	case store.Sent, store.Failed, store.InDoubt, store.Retry:
	default:
		return fmt.Errorf("a claim cannot become state %d", r.State)
	}
	is := l.rows[key{r.Person, r.Occasion}]
	if is == nil || l.epoch != 0 && is.epoch != l.epoch {
		return nil
	}
	late := is.state == store.InDoubt && (r.State == store.Sent || r.State == store.Failed)
	late = late || l.rejects && is.state == store.Sent && r.State == store.Failed
	if is.state != store.Claimed && !late {
		return nil
	}
	if is.moving { // one statement moves a row once
		l.flush()
	}
	l.counted(is.chunk, is.state, r.State)
	is.state, is.moving = r.State, true
	l.moves = append(l.moves, move{is, r})
	return nil
}

// All of these rows are there: nothing is inserted. An UPDATE joined with arrays may be planned as a walk through the table.
const moveRows = `INSERT INTO delivery (run, person, occasion, chunk, pin, epoch, attempt, state, reason, claimed, done, provider)
	SELECT $1, person, occasion, 0, 0, 0, 0, state, reason, 0, done, provider
	FROM unnest($2::bigint[], $3::int[], $4::smallint[], $5::text[], $6::text[], $7::bigint[]) AS m (person, occasion, state, reason, provider, done)
	ON CONFLICT (run, person, occasion) DO UPDATE SET state = excluded.state, reason = excluded.reason, provider = excluded.provider, done = excluded.done`

// flush writes the moves that were noted.
func (l *ledger) flush() {
	n := len(l.moves)
	if n == 0 {
		return
	}
	people, occasions, states := make([]int64, n), make([]int, n), make([]int16, n)
	reasons, providers, done := make([]string, n), make([]string, n), make([]int64, n)
	var failed []int64
	for i, m := range l.moves {
		people[i], occasions[i], states[i] = m.Person, m.Occasion, int16(m.State)
		reasons[i], providers[i], done[i] = m.Reason, m.Provider, engine.Milliseconds(m.At)
		if m.State == store.Failed {
			failed = append(failed, m.Person)
		}
		m.moving = false
	}
	l.moves = l.moves[:0]
	l.write(moveRows, l.run, people, occasions, states, reasons, providers, done)
	if len(failed) > 0 { // who got nothing has the place under the caps back
		l.write(`DELETE FROM touch WHERE person = ANY($1) AND run = $2`, failed, l.run)
	}
}

const insertRows = `INSERT INTO delivery (run, person, occasion, chunk, pin, epoch, attempt, state, reason, choices, claimed, done, provider)
	SELECT $1, person, occasion, $2, $3, $4, CASE state WHEN 5 THEN 0 ELSE 1 END, state, reason, choices, $5::bigint, CASE state WHEN 1 THEN 0 ELSE $5::bigint END, ''
	FROM unnest($6::bigint[], $7::int[], $8::smallint[], $9::text[], $10::bytea[]) AS d (person, occasion, state, reason, choices)`

// insert writes the rows of those who have none: their buckets were locked before that was seen. Should there be one after all, the key
// refuses all of the step.
func (l *ledger) insert(step *store.Step, which []int, saw *seen) {
	n := len(which)
	if n == 0 {
		return
	}
	people, occasions, states := make([]int64, n), make([]int, n), make([]int16, n)
	reasons, choices := make([]string, n), make([][]byte, n)
	var touching []*store.Decision
	for i, at := range which {
		d := &step.Decisions[at]
		people[i], occasions[i], states[i], reasons[i], choices[i] = d.Person, d.Occasion, int16(saw.allowed[at].State), saw.allowed[at].Reason, d.Choices
		if saw.allowed[at].State != store.Skipped {
			touching = append(touching, d)
		}
	}
	l.write(insertRows, l.run, step.Chunk, saw.pin, step.Epoch, engine.Milliseconds(step.Now), people, occasions, states, reasons, choices)
	l.touch(touching, step.Now)
}

// touch takes places under the caps.
func (l *ledger) touch(decisions []*store.Decision, now time.Time) {
	n := len(decisions)
	if n == 0 {
		return
	}
	people, at, topics := make([]int64, n), make([]int64, n), make([]string, n)
	for i, d := range decisions {
		people[i], at[i], topics[i] = d.Person, engine.Milliseconds(d.Due), d.Topic
		if d.Due.IsZero() {
			at[i] = engine.Milliseconds(now)
		}
	}
	const insert = `INSERT INTO touch (person, at, run, topic) SELECT person, at, $1, topic FROM unnest($2::bigint[], $3::bigint[], $4::text[]) AS d (person, at, topic) ON CONFLICT DO NOTHING`
	l.write(insert, l.run, people, at, topics)
}

// again claims rows that are to be tried again. Somebody who may not be mailed any more is claimed and failed in one go: a row that
// was once claimed is never a skipped one.
func (l *ledger) again(step *store.Step, which []int, decided []store.Decided, saw *seen) error {
	const update = `UPDATE delivery SET state = 1, attempt = attempt + 1, epoch = $1, pin = $2, choices = $3, done = 0, reason = ''
		WHERE run = $4 AND person = $5 AND occasion = $6 AND state = 7`
	for _, at := range which {
		d := &step.Decisions[at]
		r := l.rows[key{d.Person, d.Occasion}]
		if r.state != store.Retry { // decided twice in one step
			continue
		}
		l.write(update, step.Epoch, saw.pin, d.Choices, l.run, d.Person, d.Occasion)
		l.counted(r.chunk, store.Retry, store.Claimed)
		r.state, r.epoch, r.attempt = store.Claimed, step.Epoch, r.attempt+1
		decided[at] = store.Decided{State: store.Claimed, Attempt: r.attempt}
		allowed := &saw.allowed[at]
		if allowed.State == store.Claimed {
			continue
		}
		decided[at] = store.Decided{State: store.Failed, Reason: allowed.Reason, Attempt: r.attempt}
		if err := l.result(&store.Result{Person: d.Person, Occasion: d.Occasion, State: store.Failed, Reason: allowed.Reason, At: step.Now}); err != nil {
			return err
		}
	}
	l.flush()
	return nil
}
