package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"germane/store"
	"germane/store/engine"
)

// AddEvents implements [store.Events].
func (s *Store) AddEvents(ctx context.Context, events []store.Event) (added int, err error) {
	for i := range events {
		if err := s.holdMonth(ctx, events[i].At); err != nil {
			return 0, err
		}
	}
	err = s.change(ctx, "add events", func(t *transaction) (err error) {
		added, err = t.addEvents(events)
		return err
	})
	return added, err
}

// Who was erased while the event was on its way stays erased: whoever is erased just now is waited for. The first one with a key is kept.
const addEvent = `WITH them AS MATERIALIZED (SELECT number FROM person WHERE number = $5 FOR KEY SHARE),
	fresh AS (INSERT INTO event_key (key, at, run) SELECT $2, $1, $6 WHERE $2 <> '' AND ($5 = 0 OR EXISTS (SELECT 1 FROM them)) ON CONFLICT DO NOTHING RETURNING key)
	INSERT INTO event (at, key, kind, name, person, run, occasion, block, variant, link, agent, label, fields)
	SELECT $1::bigint, nullif($2::text, ''), $3::text, $4::text, $5::bigint, $6::bigint, $7::int, $8::text, $9::text, $10::int, $11::text, $12::text, $13::text
	WHERE ($5 = 0 OR EXISTS (SELECT 1 FROM them)) AND ($2 = '' OR EXISTS (SELECT 1 FROM fresh))`

func (t *transaction) addEvents(events []store.Event) (added int, err error) {
	each, err := t.addEach(events)
	for _, fresh := range each {
		if fresh {
			added++
		}
	}
	return added, err
}

// addEach says of each event whether it was not there before.
func (t *transaction) addEach(events []store.Event) (added []bool, err error) {
	batch := &pgx.Batch{}
	for i := range events {
		e := &events[i]
		batch.Queue(addEvent, engine.Milliseconds(e.At), text(e.Key), e.Kind, text(e.Name), e.Person, e.Run, e.Occasion, text(e.Block), text(e.Variant), e.Link, text(e.Agent), e.Label, text(string(e.Fields)))
	}
	added = make([]bool, len(events))
	results := t.conn.SendBatch(t.ctx, batch)
	for i := range events {
		tag, err := results.Exec()
		if err != nil {
			results.Close()
			return nil, err
		}
		added[i] = tag.RowsAffected() > 0
	}
	return added, results.Close()
}

// Record implements [store.Events].
func (s *Store) Record(ctx context.Context, events []store.Event, judge store.Judge) error {
	for i := range events {
		if err := s.holdMonth(ctx, events[i].At); err != nil {
			return err
		}
	}
	return s.change(ctx, "record events", func(t *transaction) error {
		// Two clicks that come at once by two servers are judged together by the second.
		all := engine.Judgements(events)
		numbers := make([]int64, len(all))
		for i := range all {
			numbers[i] = all[i].Person
		}
		if err := t.people(numbers...); err != nil {
			return err
		}
		if _, err := t.addEvents(events); err != nil {
			return err
		}
		for _, at := range all {
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
	const mailed = `SELECT coalesce((SELECT CASE WHEN done > 0 THEN done ELSE claimed END FROM delivery WHERE run = $1 AND person = $2 AND occasion = $3), 0),
		coalesce((SELECT min(at) FROM event WHERE person = $2 AND run = $1 AND occasion = $3 AND kind = 'delivery'), 0)`
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
		if err := t.run(`UPDATE event SET label = $1 WHERE id = $2 AND at = $3`, clicks[i].Label, ids[i], engine.Milliseconds(clicks[i].At)); err != nil {
			return err
		}
	}
	return nil
}

// clicks returns the newest clicks that are to be judged, oldest first.
func (t *transaction) clicks(j engine.Judgement) (ids []int64, clicks []store.Event, err error) {
	const query = `SELECT * FROM (SELECT id, ` + eventColumns + ` FROM event
		WHERE person = $1 AND at >= $2 AND at <= $3 AND run = $4 AND occasion = $5 AND kind = 'click' ORDER BY at DESC, id DESC LIMIT $6) AS newest ORDER BY 2, 1`
	err = t.rows(query, []any{j.Person, engine.Milliseconds(j.From), engine.Milliseconds(j.To), j.Run, j.Occasion, mostJudged}, func(rows pgx.Rows) error {
		var id int64
		e, err := scanEvent(rows, &id)
		ids, clicks = append(ids, id), append(clicks, e)
		return err
	})
	return ids, clicks, err
}

const eventColumns = `at, coalesce(key, ''), kind, name, person, run, occasion, block, variant, link, agent, label, fields`

// scanEvent reads eventColumns, and what stands before them.
func scanEvent(rows pgx.Rows, before ...any) (e store.Event, err error) {
	var at int64
	err = rows.Scan(append(before, &at, &e.Key, &e.Kind, &e.Name, &e.Person, &e.Run, &e.Occasion, &e.Block, &e.Variant, &e.Link, &e.Agent, &e.Label, &e.Fields)...)
	e.At = engine.Moment(at)
	return e, err
}

// EventsOf implements [store.Events].
func (s *Store) EventsOf(ctx context.Context, person int64, limit int) ([]store.Event, error) {
	var events []store.Event
	err := s.rows(ctx, `SELECT `+eventColumns+` FROM event WHERE person = $1 ORDER BY at DESC, id DESC LIMIT $2`, []any{person, limit}, func(rows pgx.Rows) error {
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
	const query = `SELECT kind, block, variant, label, count(*), count(DISTINCT person) FROM event WHERE run = $1 GROUP BY kind, block, variant, label ORDER BY kind, block, variant, label`
	err := s.rows(ctx, query, []any{run}, func(rows pgx.Rows) error {
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
		FROM event WHERE run = $1 AND kind = 'click' GROUP BY block, variant ORDER BY block, variant`
	err := s.rows(ctx, query, []any{run}, func(rows pgx.Rows) error {
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
