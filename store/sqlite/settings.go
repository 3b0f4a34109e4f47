package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"germane/store"
)

// SigningKeys implements [store.Keys].
func (s *Store) SigningKeys(ctx context.Context, purpose string) ([]store.Key, error) {
	keys, err := s.signingKeys(ctx, purpose)
	if err != nil || len(keys) > 0 {
		return keys, err
	}
	err = s.change(ctx, "make a key", func(t *transaction) error {
		return t.run(`INSERT OR IGNORE INTO secret (purpose, id, secret, created) VALUES (?, 1, ?, ?)`, purpose, randomKey(), time.Now().UnixMilli())
	})
	if err != nil {
		return nil, err
	}
	return s.signingKeys(ctx, purpose)
}

func (s *Store) signingKeys(ctx context.Context, purpose string) ([]store.Key, error) {
	var keys []store.Key
	err := s.rows(ctx, `SELECT id, secret, created FROM secret WHERE purpose = ? ORDER BY id DESC`, []any{purpose}, func(rows *sql.Rows) error {
		var k store.Key
		var created int64
		err := rows.Scan(&k.ID, &k.Secret, &created)
		k.Created = moment(created)
		keys = append(keys, k)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	return keys, nil
}

// RotateKey implements [store.Keys].
func (s *Store) RotateKey(ctx context.Context, purpose string, at time.Time) error {
	return s.change(ctx, "rotate a key", func(t *transaction) error {
		const insert = `INSERT INTO secret (purpose, id, secret, created) SELECT ?1, coalesce(max(id), 0) + 1, ?2, ?3 FROM secret WHERE purpose = ?1`
		return t.run(insert, purpose, randomKey(), milliseconds(at))
	})
}

// Switches implements [store.Switches].
func (s *Store) Switches(ctx context.Context) (map[string]store.Switch, error) {
	switches := map[string]store.Switch{}
	err := s.rows(ctx, `SELECT name, turned, at, note FROM switch`, nil, func(rows *sql.Rows) error {
		var name string
		var w store.Switch
		var at int64
		err := rows.Scan(&name, &w.On, &at, &w.Note)
		w.At = moment(at)
		switches[name] = w
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read switches: %w", err)
	}
	return switches, nil
}

// Turn implements [store.Switches].
func (s *Store) Turn(ctx context.Context, name string, to store.Switch) error {
	return s.change(ctx, "turn a switch", func(t *transaction) error {
		const upsert = `INSERT INTO switch (name, turned, at, note) VALUES (?, ?, ?, ?)
			ON CONFLICT (name) DO UPDATE SET turned = excluded.turned, at = excluded.at, note = excluded.note`
		return t.run(upsert, name, to.On, milliseconds(to.At), to.Note)
	})
}
