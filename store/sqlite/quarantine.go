package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"germane/store"
	"germane/store/engine"
)

// UntoldQuarantines implements [store.Notices].
func (s *Store) UntoldQuarantines(ctx context.Context) (untold []store.DomainHour, err error) {
	const query = `SELECT hour, domain, told, bounced FROM domain_hour WHERE said = 0 AND bounced >= 5 ORDER BY hour, domain`
	seen, err := s.domainHours(ctx, query)
	if err != nil || len(seen) == 0 {
		return nil, err
	}
	err = s.change(ctx, "tell of quarantines", func(t *transaction) error {
		for i := range seen {
			n, err := t.changed(`UPDATE domain_hour SET said = 1 WHERE hour = ? AND domain = ? AND said = 0`, engine.Milliseconds(seen[i].Hour), seen[i].Domain)
			if err != nil {
				return err
			}
			if n > 0 {
				untold = append(untold, seen[i])
			}
		}
		return nil
	})
	return untold, err
}

// domainHours returns those that are suspicious.
func (s *Store) domainHours(ctx context.Context, query string, args ...any) ([]store.DomainHour, error) {
	var all []store.DomainHour
	err := s.rows(ctx, query, args, func(rows *sql.Rows) error {
		h, err := scanDomainHour(rows)
		if h.Suspicious() {
			all = append(all, h)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read domains: %w", err)
	}
	return all, nil
}

func scanDomainHour(rows *sql.Rows, more ...any) (h store.DomainHour, err error) {
	var hour int64
	err = rows.Scan(append([]any{&hour, &h.Domain, &h.Told, &h.Bounced}, more...)...)
	h.Hour = engine.Moment(hour)
	return h, err
}

const (
	inHour          = `JOIN domain_hour AS h ON h.domain = s.domain AND h.hour = s.at - s.at % 3600000 `
	quarantineQuery = `SELECT h.hour, h.domain, h.told, h.bounced, coalesce(p.number, 0), s.detail, s.at, s.address FROM suppression AS s ` + inHour +
		`LEFT JOIN person AS p ON p.address = s.address WHERE s.domain <> '' AND (?1 = '' OR s.domain = ?1) ORDER BY s.domain, s.at, p.number`
)

// Quarantined implements [store.Notices].
func (s *Store) Quarantined(ctx context.Context, domain string) ([]store.Quarantine, error) {
	var all []store.Quarantine
	err := s.rows(ctx, quarantineQuery, []any{domain}, func(rows *sql.Rows) error {
		q, _, err := scanQuarantine(rows)
		if q != nil {
			all = append(all, *q)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the quarantine: %w", err)
	}
	return all, nil
}

// scanQuarantine returns nil for who is not in one: the hour of that bounce is like any.
func scanQuarantine(rows *sql.Rows) (*store.Quarantine, []byte, error) {
	q := &store.Quarantine{}
	var at int64
	var address []byte
	h, err := scanDomainHour(rows, &q.Person, &q.Detail, &at, &address)
	if q.Domain, q.At = h.Domain, engine.Moment(at); !h.Suspicious() {
		return nil, nil, err
	}
	return q, address, err
}

// EndQuarantine implements [store.Notices].
func (s *Store) EndQuarantine(ctx context.Context, domain string, release bool) (people int64, err error) {
	err = s.change(ctx, "end a quarantine", func(t *transaction) error {
		people = 0
		var addresses [][]byte
		err := t.rows(quarantineQuery, []any{domain}, func(rows *sql.Rows) error {
			q, address, err := scanQuarantine(rows)
			if q != nil {
				addresses = append(addresses, address)
			}
			return err
		})
		if err != nil {
			return err
		}
		decide := `UPDATE suppression SET domain = '' WHERE address = ? AND reason = 'bounced'`
		if release {
			decide = `DELETE FROM suppression WHERE address = ? AND reason = 'bounced'`
		}
		for _, address := range addresses {
			n, err := t.changed(decide, address)
			if people += n; err != nil {
				return err
			}
		}
		return nil
	})
	return people, err
}
