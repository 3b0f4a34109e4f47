package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"germane/store"
	"germane/store/engine"
)

// SigningKeys implements [store.Keys].
func (s *Store) SigningKeys(ctx context.Context, purpose string) ([]store.Key, error) {
	keys, err := s.signingKeys(ctx, purpose)
	if err != nil || len(keys) > 0 {
		return keys, err
	}
	err = s.change(ctx, "make a key", func(t *transaction) error {
		return t.run(`INSERT INTO secret (purpose, id, secret, created) VALUES ($1, 1, $2, $3) ON CONFLICT DO NOTHING`, purpose, engine.RandomKey(), time.Now().UnixMilli())
	})
	if err != nil {
		return nil, err
	}
	return s.signingKeys(ctx, purpose)
}

func (s *Store) signingKeys(ctx context.Context, purpose string) ([]store.Key, error) {
	var keys []store.Key
	err := s.rows(ctx, `SELECT id, secret, created FROM secret WHERE purpose = $1 ORDER BY id DESC`, []any{purpose}, func(rows pgx.Rows) error {
		var k store.Key
		var created int64
		err := rows.Scan(&k.ID, &k.Secret, &created)
		k.Created = engine.Moment(created)
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
		if err := t.alone(lockMaking, 0); err != nil {
			return err
		}
		const insert = `INSERT INTO secret (purpose, id, secret, created) SELECT $1, coalesce(max(id), 0) + 1, $2, $3 FROM secret WHERE purpose = $1`
		return t.run(insert, purpose, engine.RandomKey(), engine.Milliseconds(at))
	})
}

// Switches implements [store.Switches].
func (s *Store) Switches(ctx context.Context) (map[string]store.Switch, error) {
	switches := map[string]store.Switch{}
	err := s.rows(ctx, `SELECT name, turned, at, note FROM switch WHERE name <> 'imported'`, nil, func(rows pgx.Rows) error {
		var name string
		var w store.Switch
		var at int64
		err := rows.Scan(&name, &w.On, &at, &w.Note)
		w.At = engine.Moment(at)
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
		if err := t.alone(lockStop, 0); err != nil {
			return err
		}
		return t.run(turnSwitch, name, to.On, engine.Milliseconds(to.At), to.Note)
	})
}

const turnSwitch = `INSERT INTO switch (name, turned, at, note) VALUES ($1, $2, $3, $4)
	ON CONFLICT (name) DO UPDATE SET turned = excluded.turned, at = excluded.at, note = excluded.note`

// TopicNumber implements [store.Topics].
func (s *Store) TopicNumber(ctx context.Context, name string) (number uint32, err error) {
	const query = `SELECT number FROM topic WHERE name = $1`
	found, err := s.row(ctx, query, []any{name}, &number)
	if err != nil {
		return 0, fmt.Errorf("number a topic: %w", err)
	}
	if found {
		return number, nil
	}
	err = s.change(ctx, "number a topic", func(t *transaction) error {
		if err := t.alone(lockMaking, 0); err != nil {
			return err
		}
		if err := t.run(`INSERT INTO topic (name) VALUES ($1) ON CONFLICT DO NOTHING`, name); err != nil {
			return err
		}
		_, err := t.row(query, []any{name}, &number)
		return err
	})
	return number, err
}

// TopicName implements [store.Topics].
func (s *Store) TopicName(ctx context.Context, number uint32) (string, error) {
	var name string
	found, err := s.row(ctx, `SELECT name FROM topic WHERE number = $1`, []any{number}, &name)
	if err == nil && !found {
		err = store.ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("topic %d: %w", number, err)
	}
	return name, nil
}
