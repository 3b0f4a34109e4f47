package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"germane/store"
	"germane/store/engine"
)

const deliveryQuery = `SELECT d.run, r.campaign, d.person, d.occasion, d.chunk, d.pin, d.epoch, d.attempt, d.state, d.reason, d.choices, d.claimed, d.done, d.provider
	FROM run AS r JOIN delivery AS d ON d.run = r.id `

func (s *Store) deliveries(ctx context.Context, query string, args ...any) ([]*store.Delivery, error) {
	var all []*store.Delivery
	err := s.rows(ctx, query, args, func(rows pgx.Rows) error {
		d := &store.Delivery{}
		var claimed, done int64
		err := rows.Scan(&d.Run, &d.Campaign, &d.Person, &d.Occasion, &d.Chunk, &d.Pin, &d.Epoch, &d.Attempt, &d.State, &d.Reason, &d.Choices, &claimed, &done, &d.Provider)
		d.Claimed, d.Done = engine.Moment(claimed), engine.Moment(done)
		all = append(all, d)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read deliveries: %w", err)
	}
	return all, nil
}

// Delivery implements [store.Deliveries].
func (s *Store) Delivery(ctx context.Context, run, person int64, occasion int) (*store.Delivery, error) {
	all, err := s.deliveries(ctx, deliveryQuery+`WHERE d.run = $1 AND d.person = $2 AND d.occasion = $3`, run, person, occasion)
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("delivery: %w", store.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// DeliveriesTo implements [store.Deliveries]. It looks once into each run, of which there are few; OFFSET 0 keeps the planner from
// turning that into a walk through all deliveries.
func (s *Store) DeliveriesTo(ctx context.Context, person int64) ([]*store.Delivery, error) {
	return s.deliveries(ctx, deliveriesToQuery, person)
}

const deliveriesToQuery = `SELECT d.run, r.campaign, d.person, d.occasion, d.chunk, d.pin, d.epoch, d.attempt, d.state, d.reason, d.choices, d.claimed, d.done, d.provider
	FROM run AS r CROSS JOIN LATERAL (SELECT * FROM delivery WHERE run = r.id AND person = $1 OFFSET 0) AS d ORDER BY d.run DESC, d.occasion DESC`

// DeliveriesIn implements [store.Deliveries].
func (s *Store) DeliveriesIn(ctx context.Context, run int64, within store.Range) ([]*store.Delivery, error) {
	return s.deliveries(ctx, deliveryQuery+`WHERE d.run = $1 AND d.person >= $2 AND d.person < $3 ORDER BY d.person, d.occasion`, run, within.From, within.To)
}

// ChoiceCounts implements [store.Deliveries].
func (s *Store) ChoiceCounts(ctx context.Context, run int64) ([]store.ChoiceCount, error) {
	counts, err := s.choiceCounts(ctx, `SELECT pin, state, choices, count(*) FROM delivery WHERE run = $1 GROUP BY pin, state, choices`, run)
	if err != nil {
		return nil, fmt.Errorf("count choices: %w", err)
	}
	return counts, nil
}

func (s *Store) choiceCounts(ctx context.Context, query string, args ...any) ([]store.ChoiceCount, error) {
	var counts []store.ChoiceCount
	err := s.rows(ctx, query, args, func(rows pgx.Rows) error {
		var c store.ChoiceCount
		err := rows.Scan(&c.Pin, &c.State, &c.Choices, &c.People)
		counts = append(counts, c)
		return err
	})
	return counts, err
}
