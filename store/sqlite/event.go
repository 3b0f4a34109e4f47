package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"germane/store"
)

// AddEvents implements [store.Events].
func (s *Store) AddEvents(ctx context.Context, events []store.Event) (added int, err error) {
	err = s.change(ctx, "add events", func(t *transaction) error {
		added = 0
		for i := range events {
			e := &events[i]
			// Who was erased while the event was on its way stays erased.
			const insert = `INSERT INTO event (at, key, kind, name, person, run, occasion, block, variant, link, agent, label, fields)
				SELECT ?1, nullif(?2, ''), ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13 WHERE ?5 = 0 OR EXISTS (SELECT 1 FROM person WHERE number = ?5)
				ON CONFLICT DO NOTHING`
			n, err := t.changed(insert, milliseconds(e.At), e.Key, e.Kind, e.Name, e.Person, e.Run, e.Occasion, e.Block, e.Variant, e.Link, e.Agent, e.Label, string(e.Fields))
			if err != nil {
				return err
			}
			added += int(n)
		}
		return nil
	})
	return added, err
}

// EventsOf implements [store.Events].
func (s *Store) EventsOf(ctx context.Context, person int64, limit int) ([]store.Event, error) {
	var events []store.Event
	const query = `SELECT at, coalesce(key, ''), kind, name, person, run, occasion, block, variant, link, agent, label, fields FROM event WHERE person = ? ORDER BY at DESC, id DESC LIMIT ?`
	err := s.rows(ctx, query, []any{person, limit}, func(rows *sql.Rows) error {
		var e store.Event
		var at int64
		err := rows.Scan(&at, &e.Key, &e.Kind, &e.Name, &e.Person, &e.Run, &e.Occasion, &e.Block, &e.Variant, &e.Link, &e.Agent, &e.Label, &e.Fields)
		e.At = moment(at)
		events = append(events, e)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return events, nil
}

// EventCounts implements [store.Events].
func (s *Store) EventCounts(ctx context.Context, run int64) ([]store.EventCount, error) {
	var counts []store.EventCount
	const query = `SELECT kind, block, variant, label, count(*), count(DISTINCT person) FROM event WHERE run = ? GROUP BY kind, block, variant, label ORDER BY kind, block, variant, label`
	err := s.rows(ctx, query, []any{run}, func(rows *sql.Rows) error {
		var c store.EventCount
		err := rows.Scan(&c.Kind, &c.Block, &c.Variant, &c.Label, &c.Events, &c.People)
		counts = append(counts, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count events: %w", err)
	}
	return counts, nil
}
