package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"germane/store/engine"
)

// months are those whose events have a partition, as far as this process knows.
type months struct {
	mutex sync.Mutex
	held  map[time.Time]bool
	again time.Time // when making one is tried again
}

// Events of stranger times than these have no partition of their own.
var earliestMonth = time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)

const latestMonth = 62 * 24 * time.Hour // from now

// holdMonth makes a partition for the month of an event, and for the month after it, so that each is there before it begins. An event
// whose month has none is kept elsewhere: when one cannot be made just now, that may wait.
func (s *Store) holdMonth(ctx context.Context, at time.Time) error {
	at = at.UTC()
	month := time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC)
	s.months.mutex.Lock()
	defer s.months.mutex.Unlock()
	if err := s.makeMonth(ctx, month); err != nil {
		return err
	}
	return s.makeMonth(ctx, month.AddDate(0, 1, 0))
}

func (s *Store) makeMonth(ctx context.Context, month time.Time) error {
	m, now := &s.months, time.Now()
	if m.held[month] || month.Before(earliestMonth) || month.After(now.Add(latestMonth)) || now.Before(m.again) {
		return nil
	}
	err := s.change(ctx, "make a month's table", func(t *transaction) error {
		if err := t.aloneBriefly(); err != nil {
			return err
		}
		return t.run(`SELECT germane_hold_month($1)`, engine.Milliseconds(month))
	})
	switch {
	case inUse(err):
		m.again = now.Add(time.Minute)
		return nil
	case err != nil:
		return err
	}
	if m.held == nil {
		m.held = map[time.Time]bool{}
	}
	m.held[month] = true
	return nil
}

// aloneBriefly bounds how long a transaction waits for a table that others use, as those who come after them wait behind it.
func (t *transaction) aloneBriefly() error {
	if err := t.run(`SET LOCAL lock_timeout = '300ms'`); err != nil {
		return err
	}
	return t.alone(lockMaking, 0)
}

// inUse reports whether a table was not to be had for now.
func inUse(err error) bool {
	var problem *pgconn.PgError
	return errors.As(err, &problem) && problem.Code == "55P03" // lock_not_available
}

// patiently does what needs a table for itself, between what others do with it.
func (s *Store) patiently(ctx context.Context, what string, f func(t *transaction) error) error {
	const tries, pause = 60, 500 * time.Millisecond
	var err error
	for range tries {
		err = s.change(ctx, what, func(t *transaction) error {
			if err := t.aloneBriefly(); err != nil {
				return err
			}
			return f(t)
		})
		if !inUse(err) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, ctx.Err())
		}
	}
	return err
}
