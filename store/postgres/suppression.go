package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"germane/store"
	"germane/store/engine"
)

// Suppress implements [store.Suppressions].
func (s *Store) Suppress(ctx context.Context, email string, why store.Suppression) error {
	return s.change(ctx, "suppress an address", func(t *transaction) error {
		address := s.addresses.Hash(email)
		var number int64
		if found, err := t.row(`SELECT number FROM person WHERE address = $1`, []any{address}, &number); err != nil {
			return err
		} else if found {
			// Who is being claimed just now is either claimed before, or not at all.
			if err := t.people(number); err != nil {
				return err
			}
		}
		return t.suppress(address, why)
	})
}

func (t *transaction) suppress(address []byte, why store.Suppression) error {
	t.memory.Suppressed(address, why.Reason, why.At)
	if err := t.written(); err != nil {
		return err
	}
	return t.run(`INSERT INTO suppression (address, reason, detail, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, address, string(why.Reason), why.Detail, engine.Milliseconds(why.At))
}

// SuppressAll implements [store.Suppressions].
func (s *Store) SuppressAll(ctx context.Context, all []store.Suppressing) (fresh int, err error) {
	addresses, reasons, details, times := make([][]byte, len(all)), make([]string, len(all)), make([]string, len(all)), make([]int64, len(all))
	for i := range all {
		why := &all[i].Why
		addresses[i], reasons[i], details[i], times[i] = s.addresses.Hash(all[i].Email), string(why.Reason), why.Detail, engine.Milliseconds(why.At)
	}
	err = s.change(ctx, "suppress addresses", func(t *transaction) error {
		var numbers []int64
		err := t.rows(`SELECT number FROM person WHERE address = ANY($1) ORDER BY number`, []any{addresses}, func(rows pgx.Rows) error {
			var number int64
			err := rows.Scan(&number)
			numbers = append(numbers, number)
			return err
		})
		if err != nil {
			return err
		}
		if err := t.people(numbers...); err != nil {
			return err
		}
		if err := t.written(); err != nil {
			return err
		}
		fresh = 0
		// In one order, so that no two wait for each other.
		const insert = `INSERT INTO suppression (address, reason, detail, at)
			SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[], $4::bigint[]) ORDER BY 1, 2 ON CONFLICT DO NOTHING RETURNING address, reason, at`
		return t.rows(insert, []any{addresses, reasons, details, times}, func(rows pgx.Rows) error {
			var address []byte
			var why store.Suppression
			var at int64
			err := rows.Scan(&address, &why.Reason, &at)
			t.memory.Suppressed(address, why.Reason, engine.Moment(at))
			fresh++
			return err
		})
	})
	return fresh, err
}

// SuppressionsOf implements [store.Suppressions].
func (s *Store) SuppressionsOf(ctx context.Context, email string) ([]store.Suppression, error) {
	var all []store.Suppression
	const query = `SELECT s.reason, s.detail, s.at, coalesce(h.told, 0), coalesce(h.bounced, 0) FROM suppression AS s LEFT ` + inHour + `WHERE s.address = $1 ORDER BY s.at, s.reason`
	err := s.rows(ctx, query, []any{s.addresses.Hash(email)}, func(rows pgx.Rows) error {
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
		if err := t.alone(lockImport, 0); err != nil {
			return err
		}
		address := s.addresses.Hash(email)
		lifted, err := t.changed(`DELETE FROM suppression WHERE address = $1`, address)
		if err != nil {
			return err
		}
		if lifted > 0 {
			// What bounced before does not count any more.
			const note = `INSERT INTO event (at, kind, name, person, run, occasion, block, variant, link, agent, label, fields)
				SELECT $1, 'readmit', '', number, 0, 0, '', '', 0, '', '', '' FROM person WHERE address = $2`
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
	changed, err = t.changed(`DELETE FROM withdrawal WHERE address = $1 AND topic = $2`, address, grant.Topic)
	if err != nil {
		return 0, err
	}
	const upsert = `INSERT INTO consent (person, topic, state, basis, source, at)
		SELECT number, $1, 2, $2, 'readmit', $3 FROM person WHERE address = $4
		ON CONFLICT (person, topic) DO UPDATE SET state = excluded.state, basis = excluded.basis, source = excluded.source, at = excluded.at`
	n, err := t.changed(upsert, grant.Topic, grant.Basis, at, address)
	return changed + n, err
}
