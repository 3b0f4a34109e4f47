package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"germane/store/engine"
)

// Expire implements [store.Retention]. Partitions in which everything is too old are dropped; elsewhere rows are deleted in steps.
func (s *Store) Expire(ctx context.Context, before time.Time) (gone int64, err error) {
	for _, expire := range []func(context.Context, int64) (int64, error){s.expireDeliveries, s.expireEvents, s.expireTouches} {
		n, err := expire(ctx, engine.Milliseconds(before))
		if gone += n; err != nil {
			return gone, fmt.Errorf("expire: %w", err)
		}
	}
	return gone, nil
}

// partition is a table with the keys that belong in it.
type partition struct {
	name      string
	low, high int64 // 0 for one that has no bounds
}

// partitions returns those of a table whose bounds are, or are not, numbers.
func (s *Store) partitions(ctx context.Context, table string) (all []partition, err error) {
	const query = `SELECT c.relname, coalesce(substring(b.text FROM 'FROM \(''(\d+)''\)')::bigint, 0), coalesce(substring(b.text FROM 'TO \(''(\d+)''\)')::bigint, 0)
		FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid CROSS JOIN LATERAL pg_get_expr(c.relpartbound, c.oid) AS b (text)
		WHERE i.inhparent = to_regclass($1) ORDER BY 2, 1`
	err = s.rows(ctx, query, []any{table}, func(rows pgx.Rows) error {
		var p partition
		err := rows.Scan(&p.name, &p.low, &p.high)
		all = append(all, p)
		return err
	})
	return all, err
}

// drop takes a partition away if it may go, which is looked at once more when nobody else uses it. Its rows are counted before that.
func (s *Store) drop(ctx context.Context, table string, p partition, mayGo string, args ...any) (gone int64, dropped bool, err error) {
	name := pgx.Identifier{p.name}.Sanitize()
	if _, err := s.row(ctx, mayGo, args, &dropped); err != nil || !dropped {
		return 0, false, err
	}
	if _, err := s.row(ctx, `SELECT count(*) FROM `+name, nil, &gone); err != nil {
		return 0, false, err
	}
	err = s.patiently(ctx, "drop "+p.name, func(t *transaction) error {
		if err := t.run(`LOCK TABLE ONLY ` + table + ` IN ACCESS EXCLUSIVE MODE`); err != nil {
			return err
		}
		if _, err := t.row(mayGo, args, &dropped); err != nil || !dropped {
			return err
		}
		return t.run(`DROP TABLE ` + name)
	})
	if err != nil || !dropped {
		return 0, false, err
	}
	return gone, true, nil
}

// expireDeliveries drops blocks of runs that are all too old, and empties old runs of other blocks.
func (s *Store) expireDeliveries(ctx context.Context, before int64) (gone int64, err error) {
	blocks, err := s.partitions(ctx, "delivery")
	if err != nil {
		return 0, err
	}
	const mayGo = `SELECT NOT EXISTS (SELECT 1 FROM run WHERE id >= $1 AND id < $2 AND (created >= $3 OR state NOT IN ('finished', 'cancelled')))`
	for _, p := range blocks {
		n, _, err := s.drop(ctx, "delivery", p, mayGo, p.low, p.high, before)
		if gone += n; err != nil {
			return gone, err
		}
	}
	var runs []int64
	const query = `SELECT id FROM run AS r WHERE created < $1 AND state IN ('finished', 'cancelled') AND EXISTS (SELECT 1 FROM delivery WHERE run = r.id) ORDER BY id`
	err = s.rows(ctx, query, []any{before}, func(rows pgx.Rows) error {
		var run int64
		err := rows.Scan(&run)
		runs = append(runs, run)
		return err
	})
	if err != nil {
		return gone, err
	}
	for _, run := range runs {
		n, err := s.deleteSteps(ctx, "delivery", "person", `run = $1`, run)
		if gone += n; err != nil {
			return gone, err
		}
	}
	return gone, nil
}

// theirs are rows that belong to a run that is not over.
const theirs = `run = ANY(ARRAY(SELECT id FROM run WHERE state NOT IN ('finished', 'cancelled')))`

// expireEvents drops months that are too old. A month in which an open run has events, and the one in which the time is, are emptied
// of what may go.
func (s *Store) expireEvents(ctx context.Context, before int64) (gone int64, err error) {
	all, err := s.partitions(ctx, "event")
	if err != nil {
		return 0, err
	}
	for _, p := range all {
		name := pgx.Identifier{p.name}.Sanitize()
		if p.high > 0 && p.high <= before {
			n, dropped, err := s.drop(ctx, "event", p, `SELECT NOT EXISTS (SELECT 1 FROM `+name+` WHERE `+theirs+`)`)
			if gone += n; err != nil {
				return gone, err
			}
			if dropped {
				continue
			}
		}
		if p.low >= before {
			continue
		}
		n, err := s.deleteSteps(ctx, name, "id", `at < $1 AND NOT `+theirs, before)
		if gone += n; err != nil {
			return gone, err
		}
	}
	_, err = s.deleteSteps(ctx, "event_key", "at", `at < $1 AND NOT `+theirs, before)
	return gone, err
}

func (s *Store) expireTouches(ctx context.Context, before int64) (gone int64, err error) {
	all, err := s.partitions(ctx, "touch")
	if err != nil {
		return 0, err
	}
	for _, p := range all {
		n, err := s.deleteSteps(ctx, pgx.Identifier{p.name}.Sanitize(), "person", `at < $1 AND NOT `+theirs, before)
		if gone += n; err != nil {
			return gone, err
		}
	}
	return gone, nil
}

// deleteSteps deletes rows of a table in the order of a key, some thousands at a time: a transaction that is short holds up nobody.
func (s *Store) deleteSteps(ctx context.Context, table, key, condition string, args ...any) (gone int64, err error) {
	const most = 5000
	slice := fmt.Sprintf(`SELECT max(key) FROM (SELECT %s AS key FROM %s WHERE %s AND %s > $2 ORDER BY %s LIMIT $3) AS s`, key, table, condition, key, key)
	remove := fmt.Sprintf(`DELETE FROM %s WHERE %s AND %s > $2 AND %s <= $3`, table, condition, key, key)
	for from := int64(-1); ; {
		var to *int64
		if _, err := s.row(ctx, slice, append(args[:1:1], from, most), &to); err != nil || to == nil {
			return gone, err
		}
		err := s.change(ctx, "delete what is too old", func(t *transaction) error {
			n, err := t.changed(remove, append(args[:1:1], from, *to)...)
			gone += n
			return err
		})
		if err != nil {
			return gone, err
		}
		from = *to
	}
}
