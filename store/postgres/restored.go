package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"germane/store"
	"germane/store/engine"
)

// origin is what changes when a database comes from a backup. It is kept in the table `ledger`, as of when it was accepted.
type origin struct {
	server   string // the cluster's system identifier; "": it may not be read
	database string // the database's number in it: one that is made anew has another
	timeline string // of the write-ahead log: a recovery, or a replica that takes over, begins another
}

// changed says what is not as it was accepted; "": nothing.
func (o origin) changed(accepted origin) string {
	differ := func(is, was string) bool { return is != "" && was != "" && is != was }
	switch {
	case differ(o.server, accepted.server):
		return "it is in another cluster"
	case differ(o.database, accepted.database):
		return "it was made anew or copied"
	case differ(o.timeline, accepted.timeline):
		return "a backup was recovered, or a replica took over"
	}
	return ""
}

// asker asks a database, in or outside of a transaction.
type asker interface {
	QueryRow(ctx context.Context, query string, args ...any) pgx.Row
}

// readOrigin also returns how often the ledger was written. Where a provider keeps the system identifier to itself, the rest has to do.
func readOrigin(ctx context.Context, db asker) (o origin, sequence int64, err error) {
	const query = `SELECT (SELECT oid FROM pg_database WHERE datname = current_database())::text, left(pg_walfile_name(pg_current_wal_lsn()), 8), (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM ledger_sequence)`
	if err := db.QueryRow(ctx, query).Scan(&o.database, &o.timeline, &sequence); err != nil {
		return o, 0, fmt.Errorf("ask which database it is: %w", err)
	}
	var may bool
	if err := db.QueryRow(ctx, `SELECT has_function_privilege('pg_control_system()', 'EXECUTE')`).Scan(&may); err != nil || !may {
		return o, sequence, err
	}
	err = db.QueryRow(ctx, `SELECT system_identifier::text FROM pg_control_system()`).Scan(&o.server)
	return o, sequence, err
}

// openNote compares the database with what is noted of it, in itself and on this machine.
func (s *Store) openNote(ctx context.Context, o Options) (err error) {
	var noted string
	if o.Note != "" {
		if s.note, err = engine.OpenNote(o.Note); err != nil {
			return err
		}
		if noted, s.seen, err = s.note.Seen(); err != nil {
			return err
		}
	}
	return s.change(ctx, "look where the database comes from", func(t *transaction) error {
		if err := t.alone(lockMaking, 0); err != nil {
			return err
		}
		is, sequence, err := readOrigin(ctx, t.conn)
		if err != nil {
			return err
		}
		var id string
		var accepted origin
		if _, err := t.row(`SELECT id, server, database, timeline FROM ledger`, nil, &id, &accepted.server, &accepted.database, &accepted.timeline); err != nil {
			return err
		}
		problem := s.note.Compare(id, sequence, noted, s.seen)
		if why := is.changed(accepted); why != "" {
			problem = fmt.Errorf("%w: %s", store.ErrWentBack, why)
		}
		switch {
		case o.AcceptRestored:
			return nil
		case problem != nil:
			return problem
		}
		s.origin.Store(&is)
		if accepted == is || is.server == "" && accepted.server != "" {
			return nil
		}
		return t.accept(is)
	})
}

func (t *transaction) accept(o origin) error {
	return t.run(`UPDATE ledger SET server = $1, database = $2, timeline = $3`, o.server, o.database, o.timeline)
}

// stillThere returns [store.ErrWentBack] when the database that a connection leads to is not the one that was opened. Every new
// connection is asked: what goes back in time has ended all that were there before, but for those that a pooler keeps open.
func (s *Store) stillThere(ctx context.Context, db asker) error {
	opened := s.origin.Load()
	if opened == nil {
		return nil // it is being opened, or repaired
	}
	written := s.written.Load() // before the database is asked: others may write meanwhile
	is, sequence, err := readOrigin(ctx, db)
	if err != nil {
		return err
	}
	if why := is.changed(*opened); why != "" {
		return fmt.Errorf("%w: %s", store.ErrWentBack, why)
	}
	if sequence < written {
		return fmt.Errorf("%w: its ledger was written %d times, and once %d: a backup was restored", store.ErrWentBack, sequence, written)
	}
	return nil
}

// noted remembers how often the ledger was written. Only what was committed counts: of a change that was not, Postgres may know nothing
// after a crash.
func (s *Store) noted(sequence int64) {
	for {
		was := s.written.Load()
		if sequence <= was {
			return
		}
		if s.written.CompareAndSwap(was, sequence) {
			s.note.Write(sequence)
			return
		}
	}
}

// Restored implements [store.Database].
func (s *Store) Restored(ctx context.Context, since, now time.Time, journals ...string) (runs, withdrawals int64, err error) {
	if _, err := s.Sweep(ctx, now, true); err != nil {
		return 0, 0, err
	}
	var is origin
	err = s.change(ctx, "repair a restored database", func(t *transaction) error {
		runs, withdrawals = 0, 0
		for _, lock := range []int64{lockMaking, lockImport} {
			if err := t.alone(lock, 0); err != nil {
				return err
			}
		}
		const cancel = `UPDATE run SET state = 'cancelled', note = 'the database was restored', finished = $1 WHERE state NOT IN ('finished', 'cancelled')`
		if runs, err = t.changed(cancel, engine.Milliseconds(now)); err != nil {
			return err
		}
		if err := t.run(`UPDATE switch SET turned = false, at = $1, note = 'the database was restored' WHERE name = 'armed' AND turned`, engine.Milliseconds(now)); err != nil {
			return err
		}
		err := engine.EachEntry(append(journals, s.note.Journal()), engine.Milliseconds(since), func(e engine.Entry) error {
			if e.Run > 0 {
				n, err := t.planAgain(e)
				runs += n
				return err
			}
			withdrawals++
			return t.repeat(e)
		})
		if err != nil {
			return err
		}
		if is, err = t.goOn(s.seen); err != nil {
			return err
		}
		return t.accept(is)
	})
	if err == nil {
		s.origin.Store(&is)
	}
	return runs, withdrawals, err
}

// goOn leaves out the numbers that were given after the backup. They stand in links of mails that have gone out, and must not come to mean
// somebody or something else. Where the same backup was restored before, runs with numbers of after that are known by now. The ledger's own
// goes on beyond what any machine can have seen of it: their notes are right from then on.
func (t *transaction) goOn(seen int64) (is origin, err error) {
	for _, table := range []string{"person.number", "run.id", "version.number", "topic.number"} {
		const skip = `SELECT setval(s, coalesce(pg_sequence_last_value(s::regclass), 0) + (1 + (SELECT coalesce(max(id), 0) FROM run) / 1000000) * 1000000)
			FROM pg_get_serial_sequence(split_part($1, '.', 1), split_part($1, '.', 2)) AS s`
		if err := t.run(skip, table); err != nil {
			return is, err
		}
	}
	is, sequence, err := readOrigin(t.ctx, t.conn)
	if err != nil {
		return is, err
	}
	t.sequence = max(sequence, seen) + 1<<40
	return is, t.run(`SELECT setval('ledger_sequence', $1)`, t.sequence)
}

// planAgain enters a run that the backup does not know, as one that is over.
func (t *transaction) planAgain(e engine.Entry) (entered int64, err error) {
	const insert = `INSERT INTO run (id, campaign, occurrence, manual, state, note, cut, due, created, finished)
		VALUES ($1, $2, $3, false, 'cancelled', 'it was made after the backup: what became of it is not known', true, $4, $4, $4) ON CONFLICT DO NOTHING`
	if entered, err = t.changed(insert, e.Run, e.Campaign, e.Occurrence, e.At); err != nil || entered == 0 {
		return entered, err
	}
	return entered, t.run(`INSERT INTO run_version (run, pin, version, at) VALUES ($1, 0, '', $2)`, e.Run, e.At)
}

// repeat does again what a line of a journal says.
func (t *transaction) repeat(e engine.Entry) error {
	switch {
	case e.Topic != "":
		if err := t.run(`INSERT INTO withdrawal (address, topic, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, e.Address, e.Topic, e.At); err != nil {
			return err
		}
		const upsert = `INSERT INTO consent (person, topic, state, basis, source, at) SELECT number, $1, 3, '', 'before the restore', $2 FROM person WHERE address = $3
			ON CONFLICT (person, topic) DO UPDATE SET state = 3, basis = '', source = excluded.source, at = excluded.at WHERE consent.state <> 3`
		return t.run(upsert, e.Topic, e.At, e.Address)
	case e.Reason == store.Erased:
		if err := t.erase(e.Address); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return t.run(`INSERT INTO suppression (address, reason, detail, at) VALUES ($1, $2, '', $3) ON CONFLICT DO NOTHING`, e.Address, string(e.Reason), e.At)
}

// Now implements [store.Store]: the clock of the machine that Postgres runs on. Workers ask for it every now and then, so it is also asked
// whether the database is still the one that was opened, and of the form that it had.
func (s *Store) Now(ctx context.Context) (now time.Time, err error) {
	err = s.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		var at, form int64
		const query = `SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint, (SELECT max(version_id) FROM goose_db_version)`
		if err := conn.QueryRow(ctx, query).Scan(&at, &form); err != nil {
			return err
		}
		if form > s.forms.Is { // it was not seen, as it had no lease just then
			return fmt.Errorf("%w: its tables have form %d by now, this one knows %d", store.ErrNewerSchema, form, s.forms.Is)
		}
		now = engine.Moment(at)
		return s.stillThere(ctx, conn)
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("read the database's clock: %w", err)
	}
	return now, nil
}
