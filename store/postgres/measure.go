package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"germane/store"
)

const kindCountQuery = `SELECT kind, count(DISTINCT person), count(DISTINCT person) FILTER (WHERE label = '')
	FROM event WHERE run = $1 AND person > 0 GROUP BY kind ORDER BY kind`

// KindCounts implements [store.Measures].
func (s *Store) KindCounts(ctx context.Context, run int64) ([]store.KindCount, error) {
	var counts []store.KindCount
	err := s.rows(ctx, kindCountQuery, []any{run}, func(rows pgx.Rows) error {
		var c store.KindCount
		err := rows.Scan(&c.Kind, &c.People, &c.HumanPeople)
		counts = append(counts, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count people by what they did: %w", err)
	}
	return counts, nil
}

// reached looks once at a row's person: reports are of few runs, and a person has few events. It starts at `claimed`, which every row
// has from its first decision on: when it was done is later for whoever was in doubt or tried again.
const reached = `EXISTS (SELECT 1 FROM event AS e WHERE e.person = d.person AND e.at >= d.claimed AND e.at < d.claimed + $3 AND e.kind = 'goal' AND e.name = $2)`

const armCountQuery = `SELECT state, CASE state WHEN 6 THEN reason ELSE '' END AS why, count(*), count(*) FILTER (WHERE ` + reached + `)
	FROM delivery AS d WHERE run = $1 GROUP BY state, why ORDER BY state, why`

// ArmCounts implements [store.Measures].
func (s *Store) ArmCounts(ctx context.Context, run int64, goal string, within time.Duration) ([]store.ArmCount, error) {
	var counts []store.ArmCount
	err := s.rows(ctx, armCountQuery, []any{run, goal, within.Milliseconds()}, func(rows pgx.Rows) error {
		var c store.ArmCount
		err := rows.Scan(&c.State, &c.Reason, &c.People, &c.Reached)
		counts = append(counts, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count arms: %w", err)
	}
	return counts, nil
}

const goalCountQuery = `SELECT pin, state, choices, count(*) FROM delivery AS d WHERE run = $1 AND ` + reached + ` GROUP BY pin, state, choices`

// GoalCounts implements [store.Measures].
func (s *Store) GoalCounts(ctx context.Context, run int64, goal string, within time.Duration) ([]store.ChoiceCount, error) {
	counts, err := s.choiceCounts(ctx, goalCountQuery, run, goal, within.Milliseconds())
	if err != nil {
		return nil, fmt.Errorf("count goals: %w", err)
	}
	return counts, nil
}

// RunVariants implements [store.Measures].
func (s *Store) RunVariants(ctx context.Context, run int64) ([]store.Variant, error) {
	var variants []store.Variant
	err := s.rows(ctx, runVariantQuery, []any{run}, func(rows pgx.Rows) error {
		var x store.Variant
		err := rows.Scan(&x.Campaign, &x.Pin, &x.BlockNumber, &x.Number, &x.BlockName, &x.VariantName)
		variants = append(variants, x)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read variants: %w", err)
	}
	return variants, nil
}

const runVariantQuery = `SELECT x.campaign, p.pin, x.block_number, x.number, x.block, x.variant FROM run AS r JOIN run_version AS p ON p.run = r.id
	JOIN variant AS x ON x.version = p.version AND x.campaign = r.campaign WHERE r.id = $1 ORDER BY p.pin, x.block_number, x.number`
