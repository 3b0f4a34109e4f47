package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

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
		if err := t.alone(lockRun, runLock(run)); err != nil {
			return err
		}
		n, err := t.changed(`UPDATE run SET cut = $1 WHERE id = $2 AND state NOT IN ('finished', 'cancelled', 'settling')`, cut, run)
		if err != nil || n == 0 {
			return orNotFound(err)
		}
		return t.addChunks(run, chunks)
	})
}

func (t *transaction) addChunks(run int64, chunks []store.Chunk) error {
	columns := []string{"run", "no", "step", "zone", "low", "high", "not_before", "members"}
	_, err := t.conn.CopyFrom(t.ctx, pgx.Identifier{"chunk"}, columns, pgx.CopyFromSlice(len(chunks), func(i int) ([]any, error) {
		c := &chunks[i]
		return []any{run, c.No, c.Step, c.Zone, c.People.From, c.People.To, engine.Milliseconds(c.NotBefore), c.Members}, nil
	}))
	return err
}

// ReadyChunks implements [store.Chunks].
func (s *Store) ReadyChunks(ctx context.Context, now time.Time, limit int) ([]store.Chunk, error) {
	return s.chunks(ctx, readyQuery, engine.Milliseconds(now), limit)
}

const readyQuery = chunkQuery + `JOIN run AS r ON r.id = c.run WHERE c.state = 0 AND c.not_before <= $1 AND c.until <= $1 AND r.state = 'running' ORDER BY c.not_before, c.run, c.no LIMIT $2`

// Chunk implements [store.Chunks].
func (s *Store) Chunk(ctx context.Context, run int64, no int) (*store.Chunk, error) {
	chunks, err := s.chunks(ctx, chunkQuery+`WHERE c.run = $1 AND c.no = $2`, run, no)
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
	if aside, err = s.chunks(ctx, asideQuery); err != nil || len(aside) == 0 {
		return nil, err
	}
	err = s.change(ctx, "tell of chunks", func(t *transaction) error {
		aside = nil
		// Whoever is told at the same time has taken these rows, and leaves none.
		err := t.rows(asideQuery+` FOR UPDATE`, nil, func(rows pgx.Rows) error {
			c, err := scanChunk(rows.Scan)
			aside = append(aside, c)
			return err
		})
		for i := range aside {
			if err == nil {
				err = t.run(`UPDATE chunk SET told = true WHERE run = $1 AND no = $2`, aside[i].Run, aside[i].No)
			}
		}
		return err
	})
	return aside, err
}

const asideQuery = chunkQuery + `WHERE c.state = 2 AND NOT c.told ORDER BY c.run, c.no`

// ChunksOf implements [store.Chunks].
func (s *Store) ChunksOf(ctx context.Context, run int64) ([]store.Chunk, error) {
	return s.chunks(ctx, chunkQuery+`WHERE c.run = $1 ORDER BY c.no`, run)
}

func (s *Store) chunks(ctx context.Context, query string, args ...any) ([]store.Chunk, error) {
	var chunks []store.Chunk
	err := s.rows(ctx, query, args, func(rows pgx.Rows) error {
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
		taken, refused = nil, nil
		if err := t.shared(lockRun, runLock(run)); err != nil {
			return err
		}
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
		return t.run(`UPDATE chunk SET epoch = $1, owner = $2, until = $3 WHERE run = $4 AND no = $5`, c.Epoch, owner, engine.Milliseconds(until), run, no)
	})
	return taken, errors.Join(err, refused)
}

// chunk returns a chunk that nobody else changes until the transaction ends.
func (t *transaction) chunk(run int64, no int) (*store.Chunk, error) {
	c, err := scanChunk(t.conn.QueryRow(t.ctx, chunkQuery+`WHERE c.run = $1 AND c.no = $2 FOR UPDATE`, run, no).Scan)
	if errors.Is(err, pgx.ErrNoRows) {
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
	n, err := t.changed(`UPDATE delivery SET state = 4, reason = 'the worker was lost' WHERE run = $1 AND person >= $2 AND person < $3 AND chunk = $4 AND state = 1`,
		c.Run, c.People.From, c.People.To, c.No)
	if err != nil {
		return err
	}
	c.InDoubt += n
	const update = `UPDATE chunk SET state = $1, crashes = $2, owner = '', until = 0, claimed = claimed - $3, in_doubt = in_doubt + $3 WHERE run = $4 AND no = $5`
	return t.run(update, state, c.Crashes, n, c.Run, c.No)
}

// countCrash counts takers that were lost one after another without a result: who got somewhere was not lost because of the chunk.
func (t *transaction) countCrash(c *store.Chunk) error {
	const query = `SELECT EXISTS (SELECT 1 FROM delivery WHERE run = $1 AND person >= $2 AND person < $3 AND chunk = $4 AND epoch = $5 AND state IN (2, 3))`
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
	const update = `UPDATE chunk SET owner = '', until = 0, not_before = greatest(not_before, $1) WHERE run = $2 AND no = $3`
	return s.letGo(ctx, "release a chunk", l, `claimed = 0`, update, engine.Milliseconds(notBefore), l.Run, l.Chunk)
}

// FinishChunk implements [store.Chunks].
func (s *Store) FinishChunk(ctx context.Context, l store.Lease) error {
	const update = `UPDATE chunk SET state = 1, owner = '', until = 0, members = sent + failed + in_doubt + skipped + held_out WHERE run = $1 AND no = $2`
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
		n, err := t.changed(`UPDATE chunk SET state = 0, crashes = 0, told = false WHERE run = $1 AND state = 2`, run)
		reopened = int(n)
		return err
	})
	return reopened, err
}

// Sweep implements [store.Chunks].
func (s *Store) Sweep(ctx context.Context, now time.Time, all bool) (ended int, err error) {
	err = s.change(ctx, "sweep leases", func(t *transaction) error {
		var lost []store.Chunk
		err := t.rows(chunkQuery+`WHERE c.state = 0 AND c.until > 0 AND (c.until <= $1 OR $2) ORDER BY c.run, c.no FOR UPDATE`, []any{engine.Milliseconds(now), all}, func(rows pgx.Rows) error {
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
