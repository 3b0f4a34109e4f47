package postgres

import (
	"fmt"

	"github.com/jackc/pgx/v5"

	"germane/store"
	"germane/store/engine"
)

// askAllowed looks again at what may have changed since the worker read these people.
func (l *ledger) askAllowed(batch *pgx.Batch, decisions []store.Decision, saw *seen) error {
	allowed := make([]store.Decided, len(decisions))
	var asked []int
	for i := range decisions {
		d := &decisions[i]
		allowed[i] = store.Decided{State: d.State, Reason: d.Reason, Attempt: 1}
		switch d.State {
		case store.Skipped:
			allowed[i].Attempt = 0
		case store.Claimed, store.HeldOut:
			asked = append(asked, i)
		default:
			return fmt.Errorf("a person cannot be decided to have state %d", d.State)
		}
	}
	if saw.allowed = allowed; len(asked) > 0 {
		askConsenting(batch, decisions, asked, allowed)
		l.askCapped(batch, decisions, asked, allowed)
	}
	return nil
}

func refused(reason string) store.Decided { return store.Decided{State: store.Skipped, Reason: reason} }

// Each subquery looks up one row: EXISTS may be planned as a walk through all suppressions.
const consentingQuery = `SELECT p.number IS NOT NULL, coalesce((SELECT state FROM consent WHERE person = d.person AND topic = d.topic), 0),
	(SELECT true FROM suppression AS s WHERE s.address = p.address LIMIT 1) IS NOT NULL
	FROM unnest($1::bigint[], $2::text[]) WITH ORDINALITY AS d (person, topic, nr)
	LEFT JOIN LATERAL (SELECT number, address FROM person WHERE number = d.person LIMIT 1) AS p ON true ORDER BY d.nr`

func askConsenting(batch *pgx.Batch, decisions []store.Decision, asked []int, allowed []store.Decided) {
	people, topics := make([]int64, len(asked)), make([]string, len(asked))
	for i, at := range asked {
		people[i], topics[i] = decisions[at].Person, decisions[at].Topic
	}
	next := 0
	ask(batch, consentingQuery, []any{people, topics}, func(rows pgx.Rows) error {
		var known, suppressed bool
		var consent int
		err := rows.Scan(&known, &consent, &suppressed)
		at := asked[next]
		next++
		switch {
		case err != nil:
		case !known:
			allowed[at] = refused(store.ReasonErased)
		case suppressed:
			allowed[at] = refused(store.ReasonSuppressed)
		case decisions[at].Topic != "" && consent != 2:
			allowed[at] = refused(store.ReasonNoConsent)
		}
		return err
	})
}

// A run's own row does not count: it is there when a claim is made again.
const cappedQuery = `SELECT c.nr, (SELECT count(*) FROM touch WHERE person = c.person AND at >= c.since AND run <> $1 AND (c.topic = '' OR topic = c.topic))
	FROM unnest($2::bigint[], $3::bigint[], $4::text[]) WITH ORDINALITY AS c (person, since, topic, nr)`

// askCapped counts what people had. Their buckets are locked: nobody else claims them meanwhile.
func (l *ledger) askCapped(batch *pgx.Batch, decisions []store.Decision, asked []int, allowed []store.Decided) {
	var people, since []int64
	var topics []string
	var most, of []int
	for _, at := range asked {
		for _, c := range decisions[at].Caps {
			people, since, topics = append(people, decisions[at].Person), append(since, engine.Milliseconds(c.Since)), append(topics, c.Topic)
			most, of = append(most, c.Max), append(of, at)
		}
	}
	if len(people) == 0 {
		return
	}
	ask(batch, cappedQuery, []any{l.run, people, since, topics}, func(rows pgx.Rows) error {
		var nr, n int
		err := rows.Scan(&nr, &n)
		if at := of[nr-1]; err == nil && n >= most[nr-1] && allowed[at].State != store.Skipped {
			allowed[at] = refused(store.ReasonCap)
		}
		return err
	})
}
