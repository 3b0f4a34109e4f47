package sqlite

import (
	"context"
	"errors"
	"time"

	"germane/store"
	"germane/store/engine"
)

// openNote compares the database with its note.
func (s *Store) openNote(ctx context.Context, path string, accept bool) (err error) {
	if s.note, err = engine.OpenNote(path); err != nil {
		return err
	}
	noted, seen, err := s.note.Seen()
	if err != nil {
		return err
	}
	var database string
	var sequence int64
	if _, err := s.row(ctx, `SELECT id, sequence FROM ledger`, nil, &database, &sequence); err != nil {
		return err
	}
	if err := s.note.Compare(database, sequence, noted, seen); err != nil && !accept {
		return err
	}
	return nil
}

// Restored implements [store.Database].
func (s *Store) Restored(ctx context.Context, since, now time.Time, journals ...string) (runs, withdrawals int64, err error) {
	if _, err := s.Sweep(ctx, now, true); err != nil {
		return 0, 0, err
	}
	err = s.change(ctx, "repair a restored database", func(t *transaction) error {
		const cancel = `UPDATE run SET state = 'cancelled', note = 'the database was restored', finished = ? WHERE state NOT IN ('finished', 'cancelled')`
		if runs, err = t.changed(cancel, engine.Milliseconds(now)); err != nil {
			return err
		}
		if err := t.run(`UPDATE switch SET turned = 0, at = ?, note = 'the database was restored' WHERE name = 'armed' AND turned`, engine.Milliseconds(now)); err != nil {
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
		if err := t.skipNumbers(); err != nil {
			return err
		}
		_, seen, err := s.note.Seen()
		if err != nil {
			return err
		}
		_, err = t.row(`UPDATE ledger SET sequence = max(sequence, ?) + 1 RETURNING sequence`, []any{seen}, &t.sequence)
		return err
	})
	return runs, withdrawals, err
}

// skipNumbers leaves out the numbers that were given after the backup. They stand in links of mails that have gone out, and must not
// come to mean somebody or something else. Where the same backup was restored before, runs with numbers of after that are known by now.
func (t *transaction) skipNumbers() error {
	const more = 1_000_000
	return t.run(`UPDATE sqlite_sequence SET seq = seq + (1 + (SELECT coalesce(max(id), 0) FROM run) / ?1) * ?1 WHERE name IN ('person', 'run', 'version', 'topic')`, more)
}

// planAgain enters a run that the backup does not know, as one that is over.
func (t *transaction) planAgain(e engine.Entry) (entered int64, err error) {
	const insert = `INSERT INTO run (id, campaign, occurrence, manual, state, note, cut, due, created, finished)
		VALUES (?1, ?2, ?3, 0, 'cancelled', 'it was made after the backup: what became of it is not known', 1, ?4, ?4, ?4) ON CONFLICT DO NOTHING`
	if entered, err = t.changed(insert, e.Run, e.Campaign, e.Occurrence, e.At); err != nil || entered == 0 {
		return entered, err
	}
	return entered, t.run(`INSERT INTO run_version (run, pin, version, at) VALUES (?, 0, '', ?)`, e.Run, e.At)
}

// repeat does again what a line of a journal says.
func (t *transaction) repeat(e engine.Entry) error {
	switch {
	case e.Topic != "":
		if err := t.run(`INSERT OR IGNORE INTO withdrawal (address, topic, at) VALUES (?, ?, ?)`, e.Address, e.Topic, e.At); err != nil {
			return err
		}
		const upsert = `INSERT INTO consent (person, topic, state, basis, source, at) SELECT number, ?, 3, '', 'before the restore', ? FROM person WHERE address = ?
			ON CONFLICT (person, topic) DO UPDATE SET state = 3, basis = '', source = excluded.source, at = excluded.at WHERE consent.state <> 3`
		return t.run(upsert, e.Topic, e.At, e.Address)
	case e.Reason == store.Erased:
		if err := t.erase(e.Address); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return t.run(`INSERT OR IGNORE INTO suppression (address, reason, detail, at) VALUES (?, ?, '', ?)`, e.Address, string(e.Reason), e.At)
}
