package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"germane/audience"
	"germane/store"
	"germane/store/engine"
)

// Import implements [store.People]. What a batch is about is read at once, worked through row by row in memory, and written at once: a
// statement a row would wait for the network a million times.
func (s *Store) Import(ctx context.Context, updates []audience.Update, how store.Importing) ([]store.Outcome, error) {
	outcomes := make([]store.Outcome, len(updates))
	err := s.change(ctx, "import people", func(t *transaction) error {
		if err := t.alone(lockImport, 0); err != nil {
			return err
		}
		im := &importing{transaction: t, Importing: how, now: engine.Milliseconds(how.At)}
		addresses := s.hashAll(updates)
		if err := im.read(updates, addresses); err != nil {
			return err
		}
		for i := range updates {
			outcomes[i] = im.row(&updates[i], addresses[i])
		}
		if how.DryRun {
			return errDryRun
		}
		if err := im.write(); err != nil {
			return err
		}
		return t.run(lastImport, engine.Milliseconds(how.At))
	})
	if errors.Is(err, errDryRun) {
		err = nil
	}
	return outcomes, err
}

// hashAll returns what stands for each row's address; "" where it has none.
func (s *Store) hashAll(updates []audience.Update) []string {
	addresses := make([]string, len(updates))
	for i := range updates {
		if updates[i].Email != "" {
			addresses[i] = string(s.addresses.Hash(updates[i].Email))
		}
	}
	return addresses
}

// lastImport remembers when people were imported, beside the switches; it never goes back.
const lastImport = `INSERT INTO switch (name, turned, at, note) VALUES ('imported', true, $1, '') ON CONFLICT (name) DO UPDATE SET at = greatest(switch.at, excluded.at)`

// LastImport implements [store.People].
func (s *Store) LastImport(ctx context.Context) (time.Time, error) {
	var at int64
	if _, err := s.row(ctx, `SELECT at FROM switch WHERE name = 'imported'`, nil, &at); err != nil {
		return time.Time{}, fmt.Errorf("last import: %w", err)
	}
	return engine.Moment(at), nil
}

// importing is the state of one batch: the people that it is about, as they are after the rows so far.
type importing struct {
	*transaction
	store.Importing
	now         int64
	byID        map[string]*known
	byAddress   map[string]*known
	byNumber    map[int64]*known            // those who were there before
	erased      map[string]int64            // when, by address
	withdrawals map[string]map[string]int64 // when, by address and topic

	created, updated []*known
	changes          []consentChange
	withdrawn        []withdrawal // during this batch
}

// known is somebody who is there.
type known struct {
	store.Person
	address  string
	consents map[string]audience.ConsentState
	writing  bool // they are in created or updated
}

type consentChange struct {
	of    *known
	topic string
	audience.Consent
}

type withdrawal struct {
	address, topic string
	at             int64
}

func rejected(format string, args ...any) store.Outcome {
	return store.Outcome{Result: store.Rejected, Reason: fmt.Sprintf(format, args...)}
}

// row brings one person up to date.
func (im *importing) row(u *audience.Update, address string) store.Outcome {
	if u.ID == "" && u.Email == "" {
		return rejected("there is neither an id nor an address")
	}
	for _, part := range []string{u.ID, u.Email, u.TimeZone, u.Locale, string(u.Attributes), string(u.Exceptions)} {
		if !isText(part) {
			return rejected("it is not text in UTF-8")
		}
	}
	old := im.byID[u.ID]
	if old == nil && address != "" {
		old = im.byAddress[address]
	}
	switch {
	case old != nil:
		return im.update(u, old, address)
	case address == "":
		return rejected("there is no person with the id %s, and no address to make one", u.ID)
	}
	return im.create(u, address)
}

func (im *importing) create(u *audience.Update, address string) store.Outcome {
	stored, err := u.New(im.now)
	if err != nil {
		return rejected("%v", err)
	}
	if stored.ID == "" {
		stored.ID = engine.InventID([]byte(address))
	}
	if reason := im.refusal(address); reason != "" {
		return rejected("%s", reason)
	}
	if im.byID[stored.ID] != nil {
		return rejected("the address belonged to the person with the id %s, who has another one now", stored.ID)
	}
	k := &known{Person: store.Person{Stored: stored}, address: address, consents: map[string]audience.ConsentState{}, writing: true}
	im.created = append(im.created, k)
	im.byID[k.ID], im.byAddress[address] = k, k
	im.recallWithdrawals(k)
	im.consents(k, u)
	return store.Outcome{Result: store.Created}
}

func (im *importing) update(u *audience.Update, old *known, address string) store.Outcome {
	if u.ID != "" && old.ID != u.ID {
		return rejected("the address belongs to the person with the id %s", old.ID)
	}
	moves := address != "" && address != old.address
	if moves {
		if other := im.byAddress[address]; other != nil {
			return rejected("the address belongs to the person with the id %s", other.ID)
		}
		if reason := im.refusal(address); reason != "" {
			return rejected("%s", reason)
		}
	}
	merged, changed, err := u.Merge(&old.Stored, im.now)
	if err != nil {
		return rejected("%v", err)
	}
	if changed {
		if merged.TimeZone != old.TimeZone {
			old.Moved = im.At
		}
		old.Stored = merged
		if !old.writing {
			old.writing = true
			im.updated = append(im.updated, old)
		}
	}
	if moves {
		im.move(old, address)
	}
	if agreed := im.consents(old, u); !changed && !agreed {
		return store.Outcome{Result: store.Unchanged}
	}
	return store.Outcome{Result: store.Updated}
}

// move gives a person another address: what they withdrew from goes with them, and what was withdrawn from it is theirs now.
func (im *importing) move(k *known, address string) {
	delete(im.byAddress, k.address)
	k.address, im.byAddress[address] = address, k
	for topic, state := range k.consents {
		if state == audience.ConsentUnsubscribed {
			im.withdraw(address, topic, im.now)
		}
	}
	im.recallWithdrawals(k)
}

// refusal says that somebody with the address was erased.
func (im *importing) refusal(address string) string {
	at, erased := im.erased[address]
	if !erased {
		return ""
	}
	return "the person was erased on " + engine.Moment(at).Format("2006-01-02") + "; `germane people readmit` allows the address again"
}

// recallWithdrawals makes what was withdrawn from an address true of the person who has it now.
func (im *importing) recallWithdrawals(k *known) {
	for topic, at := range im.withdrawals[k.address] {
		im.consent(k, topic, audience.Consent{State: audience.ConsentUnsubscribed, Source: "earlier withdrawal", At: engine.Moment(at)})
	}
}

// consents notes what the row states and what the import grants to everybody.
func (im *importing) consents(k *known, u *audience.Update) (changed bool) {
	for _, topic := range u.Topics {
		if topic.State != audience.ConsentNone {
			if im.consent(k, topic.Topic, audience.Consent{State: topic.State, Basis: im.Basis, Source: im.Source, At: im.At}) {
				changed = true
				if topic.State == audience.ConsentUnsubscribed {
					im.memory.Withdrew([]byte(k.address), topic.Topic, im.At)
				}
			}
		}
	}
	for _, grant := range im.Consent {
		changed = im.consent(k, grant.Topic, audience.Consent{State: audience.ConsentSubscribed, Basis: grant.Basis, Source: im.Source, At: im.At}) || changed
	}
	return changed
}

// consent moves a person's consent to a topic on, as the method of that name of transaction will.
func (im *importing) consent(k *known, topic string, c audience.Consent) (changed bool) {
	if is, has := k.consents[topic]; has && c.State <= is {
		return false
	}
	if c.State == audience.ConsentUnsubscribed {
		im.withdraw(k.address, topic, engine.Milliseconds(c.At))
	} else if _, withdrew := im.withdrawals[k.address][topic]; withdrew {
		return false
	}
	k.consents[topic] = c.State
	im.changes = append(im.changes, consentChange{k, topic, c})
	return true
}

func (im *importing) withdraw(address, topic string, at int64) {
	topics := im.withdrawals[address]
	if topics == nil {
		topics = map[string]int64{}
		im.withdrawals[address] = topics
	}
	if _, known := topics[topic]; !known {
		topics[topic] = at
		im.withdrawn = append(im.withdrawn, withdrawal{address, topic, at})
	}
}
