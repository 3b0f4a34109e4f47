package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"germane/store"
	"germane/store/engine"
)

const chunkQuery = `SELECT c.run, c.no, c.step, c.zone, c.low, c.high, c.not_before, c.members, c.state, c.epoch, c.crashes, c.owner, c.until,
	c.sent, c.failed, c.skipped, c.held_out, c.in_doubt, ` + chunkWaiting + ` FROM chunk AS c `

func scanChunk(scan func(...any) error) (store.Chunk, error) {
	var c store.Chunk
	var notBefore, until int64
	err := scan(&c.Run, &c.No, &c.Step, &c.Zone, &c.People.From, &c.People.To, &notBefore, &c.Members, &c.State, &c.Epoch, &c.Crashes, &c.Owner, &until,
		&c.Sent, &c.Failed, &c.Skipped, &c.HeldOut, &c.InDoubt, &c.Waiting)
	c.NotBefore, c.Until = engine.Moment(notBefore), engine.Moment(until)
	c.Planned = c.Sent + c.Failed + c.Skipped + c.HeldOut + c.InDoubt + c.Waiting
	return c, err
}

// AddChunks implements [store.Chunks].
func (s *Store) AddChunks(ctx context.Context, run int64, chunks []store.Chunk, cut bool) error {
	return s.change(ctx, "add chunks", func(t *transaction) error {
		n, err := t.changed(`UPDATE run SET cut = ? WHERE id = ? AND state NOT IN ('finished', 'cancelled', 'settling')`, cut, run)
		if err != nil || n == 0 {
			return orNotFound(err)
		}
		return t.addChunks(run, chunks)
	})
}

func (t *transaction) addChunks(run int64, chunks []store.Chunk) error {
	for _, c := range chunks {
		const insert = `INSERT INTO chunk (run, no, step, zone, low, high, not_before, members) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
		if err := t.run(insert, run, c.No, c.Step, c.Zone, c.People.From, c.People.To, engine.Milliseconds(c.NotBefore), c.Members); err != nil {
			return err
		}
	}
	return nil
}

// ReadyChunks implements [store.Chunks].
func (s *Store) ReadyChunks(ctx context.Context, now time.Time, limit int) ([]store.Chunk, error) {
	const where = `JOIN run AS r ON r.id = c.run WHERE c.state = 0 AND c.not_before <= ?1 AND c.until <= ?1 AND r.state = 'running' ORDER BY c.not_before, c.run, c.no LIMIT ?2`
	return s.chunks(ctx, chunkQuery+where, engine.Milliseconds(now), limit)
}

// Chunk implements [store.Chunks].
func (s *Store) Chunk(ctx context.Context, run int64, no int) (*store.Chunk, error) {
	chunks, err := s.chunks(ctx, chunkQuery+`WHERE c.run = ? AND c.no = ?`, run, no)
	if err == nil && len(chunks) == 0 {
		err = fmt.Errorf("chunk %d of run %d: %w", no, run, store.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return &chunks[0], nil
}

// TellAside implements [store.Chunks].
func (s *Store) TellAside(ctx context.Context) (aside []store.Chunk, err error) {
	const query = chunkQuery + `WHERE c.state = 2 AND c.told = 0 ORDER BY c.run, c.no`
	if aside, err = s.chunks(ctx, query); err != nil || len(aside) == 0 {
		return nil, err
	}
	err = s.change(ctx, "tell of chunks", func(t *transaction) error {
		aside = nil
		err := t.rows(query, nil, func(rows *sql.Rows) error {
			c, err := scanChunk(rows.Scan)
			aside = append(aside, c)
			return err
		})
		if err != nil {
			return err
		}
		return t.run(`UPDATE chunk SET told = 1 WHERE state = 2 AND told = 0`)
	})
	return aside, err
}

// ChunksOf implements [store.Chunks].
func (s *Store) ChunksOf(ctx context.Context, run int64) ([]store.Chunk, error) {
	return s.chunks(ctx, chunkQuery+`WHERE c.run = ? ORDER BY c.no`, run)
}

func (s *Store) chunks(ctx context.Context, query string, args ...any) ([]store.Chunk, error) {
	var chunks []store.Chunk
	err := s.rows(ctx, query, args, func(rows *sql.Rows) error {
		c, err := scanChunk(rows.Scan)
		chunks = append(chunks, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read chunks: %w", err)
	}
	return chunks, nil
}

// errSetAside is said after the transaction that set the chunk aside.
var errSetAside = fmt.Errorf("the chunk took too many workers with it: %w", store.ErrLost)

// TakeChunk implements [store.Chunks].
func (s *Store) TakeChunk(ctx context.Context, run int64, no int, owner string, now, until time.Time) (taken *store.Chunk, err error) {
	var refused error
	err = s.change(ctx, "take a chunk", func(t *transaction) error {
		c, err := t.chunk(run, no)
		if err != nil {
			return err
		}
		state, err := t.runState(run)
		if err != nil {
			return err
		}
		if c.State != store.ChunkOpen || state != store.RunRunning || now.Before(c.Until) || now.Before(c.NotBefore) {
			refused = store.ErrLost
			return nil
		}
		// Nobody gave it back: whoever had it is gone.
		if !c.Until.IsZero() {
			if err := t.loseChunk(c); err != nil {
				return err
			}
		}
		if store.SetAside(c.Crashes) {
			refused = errSetAside
			return nil
		}
		c.Epoch, c.Owner, c.Until = c.Epoch+1, owner, until
		taken = c
		return t.run(`UPDATE chunk SET epoch = ?, owner = ?, until = ? WHERE run = ? AND no = ?`, c.Epoch, owner, engine.Milliseconds(until), run, no)
	})
	return taken, errors.Join(err, refused)
}

func (t *transaction) chunk(run int64, no int) (*store.Chunk, error) {
	st, err := t.statement(t.ctx, chunkQuery+`WHERE c.run = ? AND c.no = ?`)
	if err != nil {
		return nil, err
	}
	c, err := scanChunk(st.QueryRowContext(t.ctx, run, no).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("chunk %d of run %d: %w", no, run, store.ErrNotFound)
	}
	return &c, err
}

// loseChunk ends a lease whose holder is gone: what it had claimed is in doubt from now on.
func (t *transaction) loseChunk(c *store.Chunk) error {
	if err := t.countCrash(c); err != nil {
		return err
	}
	state := store.ChunkOpen
	if store.SetAside(c.Crashes) {
		state = store.ChunkAside
	}
	n, err := t.changed(`UPDATE delivery SET state = 4, reason = 'the worker was lost' WHERE run = ? AND person >= ? AND person < ? AND chunk = ? AND state = 1`,
		c.Run, c.People.From, c.People.To, c.No)
	if err != nil {
		return err
	}
	c.InDoubt += n
	const update = `UPDATE chunk SET state = ?, crashes = ?, owner = '', until = 0, claimed = claimed - ?3, in_doubt = in_doubt + ?3 WHERE run = ? AND no = ?`
	return t.run(update, state, c.Crashes, n, c.Run, c.No)
}

// countCrash counts takers that were lost one after another without a result: who got somewhere was not lost because of the chunk.
func (t *transaction) countCrash(c *store.Chunk) error {
	const query = `SELECT EXISTS (SELECT 1 FROM delivery WHERE run = ? AND person >= ? AND person < ? AND chunk = ? AND epoch = ? AND state IN (2, 3))`
	var results bool
	_, err := t.row(query, []any{c.Run, c.People.From, c.People.To, c.No, c.Epoch}, &results)
	if results {
		c.Crashes = 0
	} else {
		c.Crashes++
	}
	return err
}

// held looks whether a lease is still its holder's.
func (t *transaction) held(l store.Lease) (c *store.Chunk, ok bool, err error) {
	if c, err = t.chunk(l.Run, l.Chunk); err != nil {
		return nil, false, err
	}
	return c, c.Epoch == l.Epoch && c.State == store.ChunkOpen && !c.Until.IsZero(), nil
}

// ReleaseChunk implements [store.Chunks].
func (s *Store) ReleaseChunk(ctx context.Context, l store.Lease, notBefore time.Time) error {
	const update = `UPDATE chunk SET owner = '', until = 0, not_before = max(not_before, ?) WHERE run = ? AND no = ?`
	return s.letGo(ctx, "release a chunk", l, `claimed = 0`, update, engine.Milliseconds(notBefore), l.Run, l.Chunk)
}

// FinishChunk implements [store.Chunks].
func (s *Store) FinishChunk(ctx context.Context, l store.Lease) error {
	const update = `UPDATE chunk SET state = 1, owner = '', until = 0, members = sent + failed + in_doubt + skipped + held_out WHERE run = ? AND no = ?`
	return s.letGo(ctx, "finish a chunk", l, `claimed = 0 AND retry = 0`, update, l.Run, l.Chunk)
}

// letGo ends a lease, if it is still held and nothing is open that must not be.
func (s *Store) letGo(ctx context.Context, what string, l store.Lease, condition, update string, args ...any) error {
	return s.change(ctx, what, func(t *transaction) error {
		_, held, err := t.held(l)
		if err != nil {
			return err
		}
		if !held {
			return store.ErrLost
		}
		n, err := t.changed(update+` AND `+condition, args...)
		if err == nil && n == 0 {
			err = fmt.Errorf("chunk %d of run %d has deliveries under way", l.Chunk, l.Run)
		}
		return err
	})
}

// ReopenChunks implements [store.Chunks].
func (s *Store) ReopenChunks(ctx context.Context, run int64) (reopened int, err error) {
	err = s.change(ctx, "reopen chunks", func(t *transaction) error {
		n, err := t.changed(`UPDATE chunk SET state = 0, crashes = 0, told = 0 WHERE run = ? AND state = 2`, run)
		reopened = int(n)
		return err
	})
	return reopened, err
}

// Sweep implements [store.Chunks].
func (s *Store) Sweep(ctx context.Context, now time.Time, all bool) (ended int, err error) {
	err = s.change(ctx, "sweep leases", func(t *transaction) error {
		var lost []store.Chunk
		err := t.rows(chunkQuery+`WHERE c.state = 0 AND c.until > 0 AND (c.until <= ? OR ?)`, []any{engine.Milliseconds(now), all}, func(rows *sql.Rows) error {
			c, err := scanChunk(rows.Scan)
			lost = append(lost, c)
			return err
		})
		if err != nil {
			return err
		}
		for i := range lost {
			if err := t.loseChunk(&lost[i]); err != nil {
				return err
			}
		}
		ended = len(lost)
		return nil
	})
	return ended, err
}
