package sqlite

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"germane/store"
	"germane/store/engine"
)

const deliveryQuery = `SELECT d.run, r.campaign, d.person, d.occasion, d.chunk, d.pin, d.epoch, d.attempt, d.state, d.reason, d.choices, d.claimed, d.done, d.provider
	FROM run AS r CROSS JOIN delivery AS d ON d.run = r.id `

func (s *Store) deliveries(ctx context.Context, query string, args ...any) ([]*store.Delivery, error) {
	var all []*store.Delivery
	err := s.rows(ctx, query, args, func(rows *sql.Rows) error {
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
	all, err := s.deliveries(ctx, deliveryQuery+`WHERE d.run = ? AND d.person = ? AND d.occasion = ?`, run, person, occasion)
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("delivery: %w", store.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// DeliveriesTo implements [store.Deliveries]. The join's order is fixed: it looks once into each run, of which there are few.
func (s *Store) DeliveriesTo(ctx context.Context, person int64) ([]*store.Delivery, error) {
	return s.deliveries(ctx, deliveryQuery+`WHERE d.person = ? ORDER BY d.run DESC, d.occasion DESC`, person)
}

// DeliveriesIn implements [store.Deliveries].
func (s *Store) DeliveriesIn(ctx context.Context, run int64, within store.Range) ([]*store.Delivery, error) {
	return s.deliveries(ctx, deliveryQuery+`WHERE d.run = ? AND d.person >= ? AND d.person < ? ORDER BY d.person, d.occasion`, run, within.From, within.To)
}

// ChoiceCounts implements [store.Deliveries]. SQLite would sort a million rows in memory to group them; here they only pass by.
func (s *Store) ChoiceCounts(ctx context.Context, run int64) ([]store.ChoiceCount, error) {
	counts, err := s.choiceCounts(ctx, `SELECT pin, state, choices, 1 FROM delivery WHERE run = ?`, run)
	if err != nil {
		return nil, fmt.Errorf("count choices: %w", err)
	}
	return counts, nil
}

// choiceCounts adds up what is alike.
func (s *Store) choiceCounts(ctx context.Context, query string, args ...any) ([]store.ChoiceCount, error) {
	type alike struct {
		pin     int
		state   store.DeliveryState
		choices string
	}
	people := map[alike]int64{}
	err := s.rows(ctx, query, args, func(rows *sql.Rows) error {
		var a alike
		var choices sql.RawBytes
		var n int64
		err := rows.Scan(&a.pin, &a.state, &choices, &n)
		a.choices = string(choices)
		people[a] += n
		return err
	})
	var counts []store.ChoiceCount
	for a, n := range people {
		counts = append(counts, store.ChoiceCount{Pin: a.pin, State: a.state, Choices: []byte(a.choices), People: n})
	}
	slices.SortFunc(counts, func(a, b store.ChoiceCount) int {
		return cmp.Or(cmp.Compare(a.Pin, b.Pin), cmp.Compare(a.State, b.State), bytes.Compare(a.Choices, b.Choices))
	})
	return counts, err
}
