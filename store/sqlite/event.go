package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"germane/store"
	"germane/store/engine"
)

// AddEvents implements [store.Events].
func (s *Store) AddEvents(ctx context.Context, events []store.Event) (added int, err error) {
	err = s.change(ctx, "add events", func(t *transaction) (err error) {
		added, err = t.addEvents(events)
		return err
	})
	return added, err
}

func (t *transaction) addEvents(events []store.Event) (added int, err error) {
	// Who was erased while the event was on its way stays erased.
	const insert = `INSERT INTO event (at, key, kind, name, person, run, occasion, block, variant, link, agent, label, fields)
		SELECT ?1, nullif(?2, ''), ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13 WHERE ?5 = 0 OR EXISTS (SELECT 1 FROM person WHERE number = ?5)
		ON CONFLICT DO NOTHING`
	for i := range events {
		e := &events[i]
		n, err := t.changed(insert, engine.Milliseconds(e.At), e.Key, e.Kind, e.Name, e.Person, e.Run, e.Occasion, e.Block, e.Variant, e.Link, e.Agent, e.Label, string(e.Fields))
		if err != nil {
			return 0, err
		}
		added += int(n)
	}
	return added, nil
}

// Record implements [store.Events].
func (s *Store) Record(ctx context.Context, events []store.Event, judge store.Judge) error {
	return s.change(ctx, "record events", func(t *transaction) error {
		if _, err := t.addEvents(events); err != nil {
			return err
		}
		for _, at := range engine.Judgements(events) {
			if err := t.judge(at, judge); err != nil {
				return err
			}
		}
		return nil
	})
}

// mostJudged bounds what somebody costs who follows one link over and over.
const mostJudged = 200

// judge has clicks labelled that are already in the table.
func (t *transaction) judge(j engine.Judgement, judge store.Judge) error {
	var sent, arrived int64
	const mailed = `SELECT coalesce((SELECT iif(done > 0, done, claimed) FROM delivery WHERE run = ?1 AND person = ?2 AND occasion = ?3), 0),
		coalesce((SELECT min(at) FROM event WHERE person = ?2 AND run = ?1 AND occasion = ?3 AND kind = 'delivery'), 0)`
	if _, err := t.row(mailed, []any{j.Run, j.Person, j.Occasion}, &sent, &arrived); err != nil {
		return err
	}
	ids, clicks, err := t.clicks(j)
	if err != nil {
		return err
	}
	before := make([]string, len(clicks))
	for i := range clicks {
		before[i] = clicks[i].Label
	}
	judge(store.Mailed{Sent: engine.Moment(sent), Arrived: engine.Moment(arrived)}, clicks)
	for i := range clicks {
		if clicks[i].Label == before[i] {
			continue
		}
		if err := t.run(`UPDATE event SET label = ? WHERE id = ?`, clicks[i].Label, ids[i]); err != nil {
			return err
		}
	}
	return nil
}

// clicks returns the newest clicks that are to be judged, oldest first.
func (t *transaction) clicks(j engine.Judgement) (ids []int64, clicks []store.Event, err error) {
	const query = `SELECT * FROM (SELECT id, ` + eventColumns + ` FROM event
		WHERE person = ? AND at >= ? AND at <= ? AND run = ? AND occasion = ? AND kind = 'click' ORDER BY at DESC, id DESC LIMIT ?) ORDER BY 2, 1`
	err = t.rows(query, []any{j.Person, engine.Milliseconds(j.From), engine.Milliseconds(j.To), j.Run, j.Occasion, mostJudged}, func(rows *sql.Rows) error {
		var id int64
		e, err := scanEvent(rows, &id)
		ids, clicks = append(ids, id), append(clicks, e)
		return err
	})
	return ids, clicks, err
}

const eventColumns = `at, coalesce(key, ''), kind, name, person, run, occasion, block, variant, link, agent, label, fields`

// scanEvent reads eventColumns, and what stands before them.
func scanEvent(rows *sql.Rows, before ...any) (e store.Event, err error) {
	var at int64
	err = rows.Scan(append(before, &at, &e.Key, &e.Kind, &e.Name, &e.Person, &e.Run, &e.Occasion, &e.Block, &e.Variant, &e.Link, &e.Agent, &e.Label, &e.Fields)...)
	e.At = engine.Moment(at)
	return e, err
}

// EventsOf implements [store.Events].
func (s *Store) EventsOf(ctx context.Context, person int64, limit int) ([]store.Event, error) {
	var events []store.Event
	err := s.rows(ctx, `SELECT `+eventColumns+` FROM event WHERE person = ? ORDER BY at DESC, id DESC LIMIT ?`, []any{person, limit}, func(rows *sql.Rows) error {
		e, err := scanEvent(rows)
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

// ClickCounts implements [store.Events].
func (s *Store) ClickCounts(ctx context.Context, run int64) ([]store.ClickCount, error) {
	var counts []store.ClickCount
	const query = `SELECT block, variant, count(*), count(DISTINCT person), count(*) FILTER (WHERE label = ''), count(DISTINCT person) FILTER (WHERE label = '')
		FROM event WHERE run = ? AND kind = 'click' GROUP BY block, variant ORDER BY block, variant`
	err := s.rows(ctx, query, []any{run}, func(rows *sql.Rows) error {
		var c store.ClickCount
		err := rows.Scan(&c.Block, &c.Variant, &c.Clicks, &c.People, &c.HumanClicks, &c.HumanPeople)
		counts = append(counts, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count clicks: %w", err)
	}
	return counts, nil
}
