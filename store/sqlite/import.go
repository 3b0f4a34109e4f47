package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"germane/audience"
	"germane/store"
	"germane/store/engine"
)

// Import implements [store.People].
func (s *Store) Import(ctx context.Context, updates []audience.Update, how store.Importing) ([]store.Outcome, error) {
	outcomes := make([]store.Outcome, len(updates))
	err := s.change(ctx, "import people", func(t *transaction) error {
		im := &importing{transaction: t, Importing: how, now: engine.Milliseconds(how.At), addresses: s.addresses}
		if err := im.lookBack(); err != nil {
			return err
		}
		for i := range updates {
			if i%256 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			outcome, err := im.row(&updates[i])
			if err != nil {
				return err
			}
			outcomes[i] = outcome
		}
		if how.DryRun {
			return errDryRun
		}
		return t.run(lastImport, engine.Milliseconds(how.At))
	})
	if errors.Is(err, errDryRun) {
		err = nil
	}
	return outcomes, err
}

// lastImport remembers when people were imported, beside the switches; it never goes back.
const lastImport = `INSERT INTO switch (name, turned, at, note) VALUES ('imported', 1, ?, '') ON CONFLICT (name) DO UPDATE SET at = max(at, excluded.at)`

// LastImport implements [store.People].
func (s *Store) LastImport(ctx context.Context) (time.Time, error) {
	var at int64
	if _, err := s.row(ctx, `SELECT at FROM switch WHERE name = 'imported'`, nil, &at); err != nil {
		return time.Time{}, fmt.Errorf("last import: %w", err)
	}
	return engine.Moment(at), nil
}

// importing is the state of one batch.
type importing struct {
	*transaction
	store.Importing
	now       int64
	addresses engine.AddressKey
	remembers bool // somebody withdrew or was erased: new people may have been here before
	expectNew bool // the last row made a person: try that first
}

// lookBack finds out what can be left out: most imports are into a database from which nobody has gone, or of people all known.
func (im *importing) lookBack() error {
	const query = `SELECT EXISTS (SELECT 1 FROM withdrawal) OR EXISTS (SELECT 1 FROM suppression WHERE reason = 'erased'), NOT EXISTS (SELECT 1 FROM person)`
	_, err := im.transaction.row(query, nil, &im.remembers, &im.expectNew)
	return err
}

func rejected(format string, args ...any) store.Outcome {
	return store.Outcome{Result: store.Rejected, Reason: fmt.Sprintf(format, args...)}
}

// row brings one person up to date.
func (im *importing) row(u *audience.Update) (store.Outcome, error) {
	if u.ID == "" && u.Email == "" {
		return rejected("there is neither an id nor an address"), nil
	}
	var address []byte
	if u.Email != "" {
		address = im.addresses.Hash(u.Email)
	}
	tried := im.expectNew && address != nil
	if tried {
		if outcome, err := im.create(u, address); err != nil || outcome.Result != 0 {
			return outcome, err
		}
	}
	old, err := im.find(u.ID, address)
	if err != nil {
		return store.Outcome{}, err
	}
	im.expectNew = old == nil
	switch {
	case old != nil:
		return im.update(u, old, address)
	case address == nil:
		return rejected("there is no person with the id %s, and no address to make one", u.ID), nil
	}
	if !tried {
		if outcome, err := im.create(u, address); err != nil || outcome.Result != 0 {
			return outcome, err
		}
	}
	// Nobody has the address or the id that came, so it is the invented one that is taken.
	return rejected("the address belonged to the person with the id %s, who has another one now", engine.InventID(address)), nil
}

// known is a person who is there already.
type known struct {
	store.Person
	address []byte
}

// find finds a person by id, else by address; nil when there is none.
func (im *importing) find(id string, address []byte) (*known, error) {
	k, r := &known{}, &personRow{}
	columns := append(r.columns(), &k.address)
	found := false
	var err error
	if id != "" {
		found, err = im.transaction.row(`SELECT `+personColumns+`, address FROM person WHERE id = ?`, []any{id}, columns...)
	}
	if err == nil && !found && address != nil {
		found, err = im.transaction.row(`SELECT `+personColumns+`, address FROM person WHERE address = ?`, []any{address}, columns...)
	}
	if err != nil || !found {
		return nil, err
	}
	k.Person = *r.done()
	return k, nil
}

// create makes a person; the outcome's result is 0 when the id or address is taken.
func (im *importing) create(u *audience.Update, address []byte) (store.Outcome, error) {
	p, err := u.New(im.now)
	if err != nil {
		return rejected("%v", err), nil
	}
	if p.ID == "" {
		p.ID = engine.InventID(address)
	}
	if reason, err := im.erased(address); err != nil || reason != "" {
		return rejected("%s", reason), err
	}
	const insert = `INSERT INTO person (id, address, email, time_zone, locale, attributes, observed, exceptions, created, updated)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`
	result, err := im.execute(insert, p.ID, address, p.Email, p.TimeZone, p.Locale, string(p.Attributes), p.ObservedAt, string(p.Exceptions), im.now, im.now)
	if err != nil {
		return store.Outcome{}, err
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return store.Outcome{}, err
	}
	number, err := result.LastInsertId()
	if err != nil {
		return store.Outcome{}, err
	}
	im.expectNew = true
	if err := im.recallWithdrawals(number, address); err != nil {
		return store.Outcome{}, err
	}
	_, err = im.consents(number, u)
	return store.Outcome{Result: store.Created}, err
}

func (im *importing) update(u *audience.Update, old *known, address []byte) (store.Outcome, error) {
	if u.ID != "" && old.ID != u.ID {
		return rejected("the address belongs to the person with the id %s", old.ID), nil
	}
	moves := address != nil && string(address) != string(old.address)
	if moves {
		if reason, err := im.taken(address); err != nil || reason != "" {
			return rejected("%s", reason), err
		}
	} else {
		address = old.address
	}
	merged, changed, err := u.Merge(&old.Stored, im.now)
	if err != nil {
		return rejected("%v", err), nil
	}
	if changed {
		const update = `UPDATE person SET address = ?, email = ?, time_zone = ?, locale = ?, attributes = ?, observed = ?, exceptions = ?, updated = ?, moved = ? WHERE number = ?`
		moved := engine.Milliseconds(old.Moved)
		if merged.TimeZone != old.TimeZone {
			moved = im.now
		}
		err := im.run(update, address, merged.Email, merged.TimeZone, merged.Locale, string(merged.Attributes), merged.ObservedAt, string(merged.Exceptions), im.now, moved, old.Number)
		if err != nil {
			return store.Outcome{}, err
		}
	}
	if moves {
		if err := im.recallWithdrawals(old.Number, address); err != nil {
			return store.Outcome{}, err
		}
	}
	agreed, err := im.consents(old.Number, u)
	if err != nil || !changed && !agreed {
		return store.Outcome{Result: store.Unchanged}, err
	}
	return store.Outcome{Result: store.Updated}, nil
}

// taken says why a person cannot move to an address.
func (im *importing) taken(address []byte) (reason string, err error) {
	var id string
	found, err := im.transaction.row(`SELECT id FROM person WHERE address = ?`, []any{address}, &id)
	if found {
		return "the address belongs to the person with the id " + id, err
	}
	if err != nil {
		return "", err
	}
	return im.erased(address)
}

// erased says that somebody with the address was erased.
func (im *importing) erased(address []byte) (reason string, err error) {
	if !im.remembers {
		return "", nil
	}
	var at int64
	found, err := im.transaction.row(`SELECT at FROM suppression WHERE address = ? AND reason = 'erased'`, []any{address}, &at)
	if !found {
		return "", err
	}
	return "the person was erased on " + engine.Moment(at).Format("2006-01-02") + "; `germane people readmit` allows the address again", err
}

// recallWithdrawals makes what was withdrawn from an address true of the person who has it now.
func (im *importing) recallWithdrawals(number int64, address []byte) error {
	if !im.remembers {
		return nil
	}
	type withdrawal struct {
		topic string
		at    int64
	}
	var all []withdrawal
	err := im.transaction.rows(`SELECT topic, at FROM withdrawal WHERE address = ?`, []any{address}, func(rows *sql.Rows) error {
		var w withdrawal
		err := rows.Scan(&w.topic, &w.at)
		all = append(all, w)
		return err
	})
	if err != nil {
		return err
	}
	for _, w := range all {
		if _, err := im.consent(number, w.topic, audience.Consent{State: audience.ConsentUnsubscribed, Source: "earlier withdrawal", At: engine.Moment(w.at)}); err != nil {
			return err
		}
	}
	return nil
}

// rememberWithdrawal notes for whoever restores a backup that a row withdrew.
func (im *importing) rememberWithdrawal(number int64, topic string) error {
	var address []byte
	_, err := im.transaction.row(`SELECT address FROM person WHERE number = ?`, []any{number}, &address)
	im.memory.Withdrew(address, topic, im.At)
	return err
}

// consents writes what the row states and what the import grants to everybody.
func (im *importing) consents(number int64, u *audience.Update) (changed bool, err error) {
	write := func(topic string, state audience.ConsentState, basis string) {
		if err != nil {
			return
		}
		var n bool
		n, err = im.consent(number, topic, audience.Consent{State: state, Basis: basis, Source: im.Source, At: im.At})
		if n && err == nil && state == audience.ConsentUnsubscribed {
			err = im.rememberWithdrawal(number, topic)
		}
		changed = changed || n
		im.remembers = im.remembers || state == audience.ConsentUnsubscribed
	}
	for _, topic := range u.Topics {
		if topic.State != audience.ConsentNone {
			write(topic.Topic, topic.State, im.Basis)
		}
	}
	for _, grant := range im.Consent {
		write(grant.Topic, audience.ConsentSubscribed, grant.Basis)
	}
	return changed, err
}
