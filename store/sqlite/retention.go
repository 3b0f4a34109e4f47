package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"germane/store/engine"
)

// expireStep is about how many rows go at a time: whoever else writes waits a few milliseconds for them.
const expireStep = 1000

// Expire implements [store.Retention]. What is to go is looked for by readers, which hold up nobody.
func (s *Store) Expire(ctx context.Context, before time.Time) (gone int64, err error) {
	runs, err := s.expiredRuns(ctx, engine.Milliseconds(before))
	if err != nil {
		return 0, fmt.Errorf("expire: %w", err)
	}
	for _, run := range runs {
		n, err := s.expire(ctx, run, deliverySlice, `DELETE FROM delivery WHERE run = ?1 AND person > ?2 AND person <= ?3`)
		if gone += n; err != nil {
			return gone, err
		}
	}
	const old = ` AND at < ?1 AND run NOT IN (SELECT id FROM run WHERE state NOT IN ('finished', 'cancelled'))`
	for table, key := range map[string]string{"event": "id", "touch": "person"} {
		slice := `SELECT coalesce(max(key), 0) FROM (SELECT ` + key + ` AS key FROM ` + table + ` WHERE ` + key + ` > ?2` + old + ` ORDER BY ` + key + ` LIMIT ?3)`
		n, err := s.expire(ctx, engine.Milliseconds(before), slice, `DELETE FROM `+table+` WHERE `+key+` > ?2 AND `+key+` <= ?3`+old)
		if gone += n; err != nil {
			return gone, err
		}
	}
	return gone, nil
}

const deliverySlice = `SELECT coalesce(max(person), 0) FROM (SELECT person FROM delivery WHERE run = ?1 AND person > ?2 ORDER BY person LIMIT ?3)`

// expiredRuns returns the runs whose deliveries are to go.
func (s *Store) expiredRuns(ctx context.Context, before int64) (runs []int64, err error) {
	const query = `SELECT id FROM run AS r WHERE created < ? AND state IN ('finished', 'cancelled') AND EXISTS (SELECT 1 FROM delivery WHERE run = r.id) ORDER BY id`
	err = s.rows(ctx, query, []any{before}, func(rows *sql.Rows) error {
		var run int64
		err := rows.Scan(&run)
		runs = append(runs, run)
		return err
	})
	return runs, err
}

// expire deletes what an argument says, a slice of keys at a time.
func (s *Store) expire(ctx context.Context, what int64, slice, remove string) (gone int64, err error) {
	for from, to := int64(0), int64(0); ; from = to {
		if _, err := s.row(ctx, slice, []any{what, from, expireStep}, &to); err != nil || to == 0 {
			return gone, err
		}
		err := s.change(ctx, "expire", func(t *transaction) error {
			n, err := t.changed(remove, what, from, to)
			gone += n
			return err
		})
		if err != nil {
			return gone, err
		}
	}
}
