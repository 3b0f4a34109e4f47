package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"time"

	"germane/audience"
	"germane/store"
	"germane/store/engine"
)

const personColumns = `number, id, email, time_zone, locale, attributes, observed, exceptions, created, updated, moved,
	EXISTS (SELECT 1 FROM suppression AS s WHERE s.address = person.address)`

// personRow is where a person's columns are read to.
type personRow struct {
	person                  store.Person
	created, updated, moved int64
}

func (r *personRow) columns() []any {
	p := &r.person
	return []any{&p.Number, &p.ID, &p.Email, &p.TimeZone, &p.Locale, &p.Attributes, &p.ObservedAt, &p.Exceptions, &r.created, &r.updated, &r.moved, &p.Suppressed}
}

func (r *personRow) done() *store.Person {
	r.person.Created, r.person.Updated, r.person.Moved = engine.Moment(r.created), engine.Moment(r.updated), engine.Moment(r.moved)
	return &r.person
}

// PersonByID implements [store.People].
func (s *Store) PersonByID(ctx context.Context, id string) (*store.Person, error) {
	return s.person(ctx, `SELECT `+personColumns+` FROM person WHERE id = ?`, id)
}

// PersonByEmail implements [store.People].
func (s *Store) PersonByEmail(ctx context.Context, email string) (*store.Person, error) {
	return s.person(ctx, `SELECT `+personColumns+` FROM person WHERE address = ?`, s.addresses.Hash(email))
}

// PersonByNumber implements [store.People].
func (s *Store) PersonByNumber(ctx context.Context, number int64) (*store.Person, error) {
	return s.person(ctx, `SELECT `+personColumns+` FROM person WHERE number = ?`, number)
}

func (s *Store) person(ctx context.Context, query string, key any) (*store.Person, error) {
	r := &personRow{}
	found, err := s.row(ctx, query, []any{key}, r.columns()...)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read a person: %w", err)
	case !found:
		return nil, fmt.Errorf("person: %w", store.ErrNotFound)
	}
	p := r.done()
	return p, s.addTopics(ctx, []*store.Person{p})
}

// pageSize is how many people are read at a time: more gains nothing, and a page is short enough to hold up nobody.
const pageSize = 1000

// EachPerson implements [store.People].
func (s *Store) EachPerson(ctx context.Context, within store.Range) iter.Seq2[*store.Person, error] {
	return func(yield func(*store.Person, error) bool) {
		for {
			page, err := s.page(ctx, within)
			if err != nil {
				yield(nil, fmt.Errorf("read people: %w", err))
				return
			}
			for _, p := range page {
				if !yield(p, nil) {
					return
				}
			}
			if len(page) < pageSize {
				return
			}
			within.From = page[len(page)-1].Number + 1
		}
	}
}

func (s *Store) page(ctx context.Context, within store.Range) ([]*store.Person, error) {
	const query = `SELECT ` + personColumns + ` FROM person WHERE number >= ? AND number < ? ORDER BY number LIMIT ?`
	page := make([]*store.Person, 0, 64)
	err := s.rows(ctx, query, []any{within.From, within.To, pageSize}, func(rows *sql.Rows) error {
		r := &personRow{}
		if err := rows.Scan(r.columns()...); err != nil {
			return err
		}
		page = append(page, r.done())
		return nil
	})
	if err != nil {
		return nil, err
	}
	return page, s.addTopics(ctx, page)
}

// addTopics gives people their consents. Both they and the consents are in the order of numbers.
func (s *Store) addTopics(ctx context.Context, people []*store.Person) error {
	if len(people) == 0 {
		return nil
	}
	const query = `SELECT person, topic, state FROM consent WHERE person >= ? AND person <= ? ORDER BY person, topic`
	at, names := 0, map[string]string{}
	return s.rows(ctx, query, []any{people[0].Number, people[len(people)-1].Number}, func(rows *sql.Rows) error {
		var number int64
		var topic sql.RawBytes
		var state audience.ConsentState
		if err := rows.Scan(&number, &topic, &state); err != nil {
			return err
		}
		for at < len(people) && people[at].Number < number {
			at++
		}
		if at < len(people) && people[at].Number == number {
			people[at].Topics = append(people[at].Topics, audience.TopicConsent{Topic: intern(names, topic), State: state})
		}
		return nil
	})
}

// intern returns one string for all equal ones: a million people share a few topics.
func intern(names map[string]string, raw []byte) string {
	if name, ok := names[string(raw)]; ok {
		return name
	}
	name := string(raw)
	names[name] = name
	return name
}

// Census implements [store.People].
func (s *Store) Census(ctx context.Context) (store.Census, error) {
	var c store.Census
	const query = `SELECT count(*), coalesce(min(number), 1), coalesce(max(number), 0) + 1 FROM person`
	if _, err := s.row(ctx, query, nil, &c.People, &c.Within.From, &c.Within.To); err != nil {
		return c, fmt.Errorf("count people: %w", err)
	}
	return c, nil
}

// maxZoneNames bounds what ZoneCounts returns. There are about 600 zones; imports can hold any number of names that are none.
const maxZoneNames = 10_000

// ZoneCounts implements [store.People].
func (s *Store) ZoneCounts(ctx context.Context) (map[string]int64, error) {
	counts := map[string]int64{}
	const query = `SELECT time_zone, count(*) AS people FROM person GROUP BY time_zone ORDER BY people DESC, time_zone LIMIT ?`
	err := s.rows(ctx, query, []any{maxZoneNames}, func(rows *sql.Rows) error {
		var zone string
		var people int64
		err := rows.Scan(&zone, &people)
		counts[zone] = people
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count people by time zone: %w", err)
	}
	return counts, nil
}

// Forget implements [store.People].
func (s *Store) Forget(ctx context.Context, email string, at time.Time) error {
	return s.change(ctx, "forget a person", func(t *transaction) error {
		address := s.addresses.Hash(email)
		if err := t.erase(address); err != nil {
			return err
		}
		return t.suppress(address, store.Suppression{Reason: store.Erased, At: at})
	})
}

func (t *transaction) erase(address []byte) error {
	var number int64
	found, err := t.row(`DELETE FROM person WHERE address = ? RETURNING number`, []any{address}, &number)
	if err != nil || !found {
		return orNotFound(err)
	}
	// Of who is gone nothing but the hash stays, not even a domain.
	if err := t.run(`UPDATE suppression SET domain = '' WHERE address = ?`, address); err != nil {
		return err
	}
	// What they withdrew from is remembered by address already; the triggers let go of the rest now that there is no person.
	for _, table := range []string{
		`DELETE FROM consent WHERE person = ?`, `DELETE FROM consent_log WHERE person = ?`, `DELETE FROM event WHERE person = ?`, `DELETE FROM touch WHERE person = ?`,
	} {
		if err := t.run(table, number); err != nil {
			return err
		}
	}
	return nil
}
