package postgres

import (
	"github.com/jackc/pgx/v5"

	"germane/audience"
	"germane/store/engine"
)

const importColumns = `person.number, person.id, email, time_zone, locale, attributes, observed, exceptions, created, updated, moved, false, address`

// Each key is looked up by itself: see the package's comment on plans.
const (
	readByID      = `SELECT ` + importColumns + ` FROM unnest($1::text[]) AS k (id) CROSS JOIN LATERAL (SELECT * FROM person WHERE id = k.id LIMIT 1) AS person`
	readByAddress = `SELECT ` + importColumns + ` FROM unnest($1::bytea[]) AS k (hash) CROSS JOIN LATERAL (SELECT * FROM person WHERE address = k.hash LIMIT 1) AS person`
	readConsents  = `SELECT c.person, c.topic, c.state FROM unnest($1::bigint[]) AS k (number) CROSS JOIN LATERAL (SELECT * FROM consent WHERE person = k.number OFFSET 0) AS c`
	readErased    = `SELECT s.address, s.at FROM unnest($1::bytea[]) AS k (hash) CROSS JOIN LATERAL (SELECT address, at FROM suppression WHERE address = k.hash AND reason = 'erased' LIMIT 1) AS s`
	readWithdrawn = `SELECT w.address, w.topic, w.at FROM unnest($1::bytea[]) AS k (hash) CROSS JOIN LATERAL (SELECT * FROM withdrawal WHERE address = k.hash OFFSET 0) AS w`
)

// read reads everything that the rows may be about.
func (im *importing) read(updates []audience.Update, addresses []string) error {
	im.byID, im.byAddress, im.byNumber = map[string]*known{}, map[string]*known{}, map[int64]*known{}
	im.erased, im.withdrawals = map[string]int64{}, map[string]map[string]int64{}
	var ids []string
	var hashes [][]byte
	for i := range updates {
		if id := updates[i].ID; id != "" && isText(id) {
			ids = append(ids, id)
		}
		if addresses[i] == "" {
			continue
		}
		hashes = append(hashes, []byte(addresses[i]))
		if updates[i].ID == "" {
			ids = append(ids, engine.InventID([]byte(addresses[i])))
		}
	}
	if err := im.readPeople(readByID, ids); err != nil {
		return err
	}
	if err := im.readPeople(readByAddress, hashes); err != nil {
		return err
	}
	if err := im.readConsents(); err != nil {
		return err
	}
	return im.readGone(hashes)
}

func (im *importing) readPeople(query string, keys any) error {
	return im.transaction.rows(query, []any{keys}, func(rows pgx.Rows) error {
		r := &personRow{}
		var address []byte
		if err := rows.Scan(append(r.columns(), &address)...); err != nil {
			return err
		}
		p := r.done()
		if im.byNumber[p.Number] == nil {
			k := &known{Person: *p, address: string(address), consents: map[string]audience.ConsentState{}}
			im.byNumber[p.Number], im.byID[p.ID], im.byAddress[k.address] = k, k, k
		}
		return nil
	})
}

func (im *importing) readConsents() error {
	numbers := make([]int64, 0, len(im.byNumber))
	for number := range im.byNumber {
		numbers = append(numbers, number)
	}
	if len(numbers) == 0 {
		return nil
	}
	return im.transaction.rows(readConsents, []any{numbers}, func(rows pgx.Rows) error {
		var number int64
		var topic string
		var state audience.ConsentState
		err := rows.Scan(&number, &topic, &state)
		if err == nil {
			im.byNumber[number].consents[topic] = state
		}
		return err
	})
}

// readGone finds out who withdrew or was erased. Most imports are into a database from which nobody has gone.
func (im *importing) readGone(hashes [][]byte) error {
	var remembers bool
	const query = `SELECT EXISTS (SELECT 1 FROM withdrawal) OR EXISTS (SELECT 1 FROM suppression)`
	if _, err := im.transaction.row(query, nil, &remembers); err != nil || !remembers {
		return err
	}
	err := im.transaction.rows(readErased, []any{hashes}, func(rows pgx.Rows) error {
		var address []byte
		var at int64
		err := rows.Scan(&address, &at)
		im.erased[string(address)] = at
		return err
	})
	if err != nil {
		return err
	}
	return im.transaction.rows(readWithdrawn, []any{hashes}, func(rows pgx.Rows) error {
		var address []byte
		var topic string
		var at int64
		err := rows.Scan(&address, &topic, &at)
		if im.withdrawals[string(address)] == nil {
			im.withdrawals[string(address)] = map[string]int64{}
		}
		im.withdrawals[string(address)][topic] = at
		return err
	})
}

// write writes the batch: first those who were there, as one of them may have given up an address that somebody new has.
func (im *importing) write() error {
	if err := im.writeUpdated(); err != nil {
		return err
	}
	if err := im.writeCreated(); err != nil {
		return err
	}
	for rest := im.changes; len(rest) > 0; {
		var err error
		if rest, err = im.writeConsents(rest); err != nil {
			return err
		}
	}
	return im.writeWithdrawn()
}

// All of them are there: nothing is inserted. An UPDATE joined with arrays may be planned as a walk through the table.
const updatePeople = `INSERT INTO person (number, id, address, email, time_zone, locale, attributes, observed, exceptions, created, updated, moved)
	SELECT number, id, address, email, time_zone, locale, attributes, observed, exceptions, $1, $1, moved
	FROM unnest($2::bigint[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[], $10::text[], $11::bigint[])
		AS u (number, id, address, email, time_zone, locale, attributes, observed, exceptions, moved)
	ON CONFLICT (number) DO UPDATE SET address = excluded.address, email = excluded.email, time_zone = excluded.time_zone, locale = excluded.locale,
		attributes = excluded.attributes, observed = excluded.observed, exceptions = excluded.exceptions, updated = excluded.updated, moved = excluded.moved`

func (im *importing) writeUpdated() error {
	n := len(im.updated)
	if n == 0 {
		return nil
	}
	numbers, observed, moved, addresses := make([]int64, n), make([]int64, n), make([]int64, n), make([][]byte, n)
	ids, emails, zones, locales, attributes, exceptions := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	for i, k := range im.updated {
		numbers[i], ids[i], addresses[i], emails[i], zones[i], locales[i] = k.Number, k.ID, []byte(k.address), k.Email, k.TimeZone, k.Locale
		attributes[i], observed[i], exceptions[i], moved[i] = string(k.Attributes), k.ObservedAt, string(k.Exceptions), engine.Milliseconds(k.Moved)
	}
	return im.transaction.run(updatePeople, im.now, numbers, ids, addresses, emails, zones, locales, attributes, observed, exceptions, moved)
}

func (im *importing) writeCreated() error {
	if len(im.created) == 0 {
		return nil
	}
	next := 0
	err := im.transaction.rows(`SELECT nextval('person_number_seq') FROM generate_series(1, $1::int)`, []any{len(im.created)}, func(rows pgx.Rows) error {
		next++
		return rows.Scan(&im.created[next-1].Number)
	})
	if err != nil {
		return err
	}
	columns := []string{"number", "id", "address", "email", "time_zone", "locale", "attributes", "observed", "exceptions", "created", "updated", "moved"}
	_, err = im.conn.CopyFrom(im.ctx, pgx.Identifier{"person"}, columns, pgx.CopyFromSlice(len(im.created), func(i int) ([]any, error) {
		k := im.created[i]
		return []any{k.Number, k.ID, []byte(k.address), k.Email, k.TimeZone, k.Locale, string(k.Attributes), k.ObservedAt, string(k.Exceptions), im.now, im.now, engine.Milliseconds(k.Moved)}, nil
	}))
	return err
}

const upsertConsents = `INSERT INTO consent (person, topic, state, basis, source, at)
	SELECT * FROM unnest($1::bigint[], $2::text[], $3::smallint[], $4::text[], $5::text[], $6::bigint[])
	ON CONFLICT (person, topic) DO UPDATE SET state = excluded.state, basis = excluded.basis, source = excluded.source, at = excluded.at
	WHERE excluded.state > consent.state`

// writeConsents writes changes and returns those that come after one of the same consent: one statement changes a row once.
func (im *importing) writeConsents(changes []consentChange) (rest []consentChange, err error) {
	type consent struct {
		of    *known
		topic string
	}
	written := make(map[consent]bool, len(changes))
	var numbers, at []int64
	var topics, bases, sources []string
	var states []int16
	for _, c := range changes {
		if written[consent{c.of, c.topic}] {
			rest = append(rest, c)
			continue
		}
		written[consent{c.of, c.topic}] = true
		numbers, topics, states = append(numbers, c.of.Number), append(topics, c.topic), append(states, int16(c.State))
		bases, sources, at = append(bases, c.Basis), append(sources, c.Source), append(at, engine.Milliseconds(c.At))
	}
	return rest, im.transaction.run(upsertConsents, numbers, topics, states, bases, sources, at)
}

// writeWithdrawn remembers withdrawals also by addresses that people had only in the middle of the batch.
func (im *importing) writeWithdrawn() error {
	n := len(im.withdrawn)
	if n == 0 {
		return nil
	}
	addresses, topics, at := make([][]byte, n), make([]string, n), make([]int64, n)
	for i, w := range im.withdrawn {
		addresses[i], topics[i], at[i] = []byte(w.address), w.topic, w.at
	}
	const insert = `INSERT INTO withdrawal (address, topic, at) SELECT * FROM unnest($1::bytea[], $2::text[], $3::bigint[]) ON CONFLICT DO NOTHING`
	return im.transaction.run(insert, addresses, topics, at)
}
