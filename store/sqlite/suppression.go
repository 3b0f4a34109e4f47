package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"germane/store"
	"germane/store/engine"
)

// Suppress implements [store.Suppressions].
func (s *Store) Suppress(ctx context.Context, email string, why store.Suppression) error {
	return s.change(ctx, "suppress an address", func(t *transaction) error {
		return t.suppress(s.addresses.Hash(email), why)
	})
}

func (t *transaction) suppress(address []byte, why store.Suppression) error {
	t.memory.Suppressed(address, why.Reason, why.At)
	return t.run(insertSuppression, address, string(why.Reason), why.Detail, engine.Milliseconds(why.At))
}

const insertSuppression = `INSERT OR IGNORE INTO suppression (address, reason, detail, at) VALUES (?, ?, ?, ?)`

// SuppressAll implements [store.Suppressions].
func (s *Store) SuppressAll(ctx context.Context, all []store.Suppressing) (fresh int, err error) {
	err = s.change(ctx, "suppress addresses", func(t *transaction) error {
		fresh = 0
		for i := range all {
			address, why := s.addresses.Hash(all[i].Email), &all[i].Why
			n, err := t.changed(insertSuppression, address, string(why.Reason), why.Detail, engine.Milliseconds(why.At))
			if err != nil {
				return err
			}
			if n > 0 {
				fresh++
				t.memory.Suppressed(address, why.Reason, why.At)
			}
		}
		return nil
	})
	return fresh, err
}

// SuppressionsOf implements [store.Suppressions].
func (s *Store) SuppressionsOf(ctx context.Context, email string) ([]store.Suppression, error) {
	var all []store.Suppression
	const query = `SELECT s.reason, s.detail, s.at, coalesce(h.told, 0), coalesce(h.bounced, 0) FROM suppression AS s LEFT ` + inHour + `WHERE s.address = ? ORDER BY s.at, s.reason`
	err := s.rows(ctx, query, []any{s.addresses.Hash(email)}, func(rows *sql.Rows) error {
		var why store.Suppression
		var h store.DomainHour
		var at int64
		err := rows.Scan(&why.Reason, &why.Detail, &at, &h.Told, &h.Bounced)
		if why.At = engine.Moment(at); h.Suspicious() {
			why.Reason = store.InQuarantine
		}
		all = append(all, why)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read suppressions: %w", err)
	}
	return all, nil
}

// Readmit implements [store.Suppressions].
func (s *Store) Readmit(ctx context.Context, email string, again store.Readmission) error {
	return s.change(ctx, "readmit an address", func(t *transaction) error {
		address := s.addresses.Hash(email)
		lifted, err := t.changed(`DELETE FROM suppression WHERE address = ?`, address)
		if err != nil {
			return err
		}
		if lifted > 0 {
			// What bounced before does not count any more.
			const note = `INSERT INTO event (at, kind, name, person, run, occasion, block, variant, link, agent, label, fields)
				SELECT ?, 'readmit', '', number, 0, 0, '', '', 0, '', '', '' FROM person WHERE address = ?`
			if err := t.run(note, engine.Milliseconds(again.At), address); err != nil {
				return err
			}
		}
		for _, grant := range again.Consent {
			n, err := t.resubscribe(address, grant, engine.Milliseconds(again.At))
			if err != nil {
				return err
			}
			lifted += n
		}
		if lifted == 0 {
			return store.ErrNotFound
		}
		return nil
	})
}

// resubscribe is the only way back from a withdrawal; the source says so, and the table's trigger asks for it.
func (t *transaction) resubscribe(address []byte, grant store.ConsentGrant, at int64) (changed int64, err error) {
	changed, err = t.changed(`DELETE FROM withdrawal WHERE address = ? AND topic = ?`, address, grant.Topic)
	if err != nil {
		return 0, err
	}
	const upsert = `INSERT INTO consent (person, topic, state, basis, source, at)
		SELECT number, ?, 2, ?, 'readmit', ? FROM person WHERE address = ?
		ON CONFLICT (person, topic) DO UPDATE SET state = excluded.state, basis = excluded.basis, source = excluded.source, at = excluded.at`
	n, err := t.changed(upsert, grant.Topic, grant.Basis, at, address)
	return changed + n, err
}
