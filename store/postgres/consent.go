package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"germane/audience"
	"germane/store"
	"germane/store/engine"
)

// consent moves a person's consent to a topic on. The states are in the order in which one outweighs another, so that nothing but a
// withdrawal ends a subscription and nothing ends a withdrawal; the table's triggers hold to the latter and write the log.
func (t *transaction) consent(person int64, topic string, c audience.Consent) (changed bool, err error) {
	const upsert = `INSERT INTO consent (person, topic, state, basis, source, at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (person, topic) DO UPDATE SET state = excluded.state, basis = excluded.basis, source = excluded.source, at = excluded.at
		WHERE excluded.state > consent.state`
	n, err := t.changed(upsert, person, topic, c.State, c.Basis, c.Source, engine.Milliseconds(c.At))
	return n > 0, err
}

// ConsentsOf implements [store.Consents].
func (s *Store) ConsentsOf(ctx context.Context, person int64) (map[string]audience.Consent, error) {
	consents := map[string]audience.Consent{}
	err := s.rows(ctx, `SELECT topic, state, basis, source, at FROM consent WHERE person = $1`, []any{person}, func(rows pgx.Rows) error {
		topic, c, err := scanConsent(rows)
		consents[topic] = c
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read consents: %w", err)
	}
	return consents, nil
}

// ConsentLog implements [store.Consents].
func (s *Store) ConsentLog(ctx context.Context, person int64) ([]store.ConsentChange, error) {
	var changes []store.ConsentChange
	err := s.rows(ctx, `SELECT topic, state, basis, source, at FROM consent_log WHERE person = $1 ORDER BY entry`, []any{person}, func(rows pgx.Rows) error {
		topic, c, err := scanConsent(rows)
		changes = append(changes, store.ConsentChange{Topic: topic, Consent: c})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the consent log: %w", err)
	}
	return changes, nil
}

func scanConsent(rows pgx.Rows) (topic string, c audience.Consent, err error) {
	var at int64
	err = rows.Scan(&topic, &c.State, &c.Basis, &c.Source, &at)
	c.At = engine.Moment(at)
	return topic, c, err
}

// Unsubscribe implements [store.Consents].
func (s *Store) Unsubscribe(ctx context.Context, person int64, w store.Withdrawal) error {
	return s.change(ctx, "unsubscribe", func(t *transaction) error { return t.unsubscribe(person, w) })
}

func (t *transaction) unsubscribe(person int64, w store.Withdrawal) error {
	if err := t.people(person); err != nil {
		return err
	}
	// An import must not give them another address meanwhile: the withdrawal is remembered by the one they have.
	var address []byte
	if found, err := t.row(`SELECT address FROM person WHERE number = $1 FOR UPDATE`, []any{person}, &address); err != nil || !found {
		return orNotFound(err)
	}
	topics := w.Topics
	if len(topics) == 0 {
		err := t.rows(`SELECT topic FROM consent WHERE person = $1`, []any{person}, func(rows pgx.Rows) error {
			var topic string
			err := rows.Scan(&topic)
			topics = append(topics, topic)
			return err
		})
		if err != nil {
			return err
		}
	}
	for _, topic := range topics {
		t.memory.Withdrew(address, topic, w.At)
		if _, err := t.consent(person, topic, audience.Consent{State: audience.ConsentUnsubscribed, Source: w.Source, At: w.At}); err != nil {
			return err
		}
	}
	return t.written()
}

// orNotFound makes an empty answer an error.
func orNotFound(err error) error {
	if err != nil {
		return err
	}
	return store.ErrNotFound
}
