package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"germane/store"
	"germane/store/engine"
)

// CampaignStates implements [store.Campaigns].
func (s *Store) CampaignStates(ctx context.Context) (map[string]store.CampaignState, error) {
	states := map[string]store.CampaignState{}
	err := s.rows(ctx, `SELECT name, paused, note, step, content, step_at, planned_until, cadence FROM campaign`, nil, func(rows *sql.Rows) error {
		var c store.CampaignState
		var stepAt, until int64
		err := rows.Scan(&c.Campaign, &c.Paused, &c.Note, &c.Step, &c.Content, &stepAt, &until, &c.Cadence)
		c.StepAt, c.PlannedUntil = engine.Moment(stepAt), engine.Moment(until)
		states[c.Campaign] = c
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read campaigns: %w", err)
	}
	return states, nil
}

// PauseCampaign implements [store.Campaigns].
func (s *Store) PauseCampaign(ctx context.Context, campaign string, paused bool, note string) error {
	return s.change(ctx, "pause a campaign", func(t *transaction) error {
		const upsert = `INSERT INTO campaign (name, paused, note) VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET paused = excluded.paused, note = excluded.note`
		return t.run(upsert, campaign, paused, note)
	})
}

// TakeStep implements [store.Campaigns].
func (s *Store) TakeStep(ctx context.Context, campaign, content string, step int, at time.Time) error {
	return s.change(ctx, "take a rollout step", func(t *transaction) error {
		const upsert = `INSERT INTO campaign (name, content, step, step_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (name) DO UPDATE SET content = excluded.content, step = excluded.step, step_at = excluded.step_at`
		return t.run(upsert, campaign, content, step, engine.Milliseconds(at))
	})
}

// PlannedUntil implements [store.Campaigns].
func (s *Store) PlannedUntil(ctx context.Context, campaign, cadence string, until time.Time) error {
	return s.change(ctx, "remember what was planned", func(t *transaction) error {
		const upsert = `INSERT INTO campaign (name, planned_until, cadence) VALUES (?, ?, ?)
			ON CONFLICT (name) DO UPDATE SET planned_until = CASE cadence WHEN excluded.cadence THEN max(planned_until, excluded.planned_until) ELSE excluded.planned_until END,
			cadence = excluded.cadence`
		return t.run(upsert, campaign, engine.Milliseconds(until), cadence)
	})
}
