package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"germane/audience"
	"germane/store"
	"germane/store/engine"
)

// TakeNotices implements [store.Notices].
func (s *Store) TakeNotices(ctx context.Context, notices []store.Notice, how store.Noticing) (known []bool, err error) {
	err = s.change(ctx, "take notices", func(t *transaction) error {
		known = make([]bool, len(notices))
		n := &noticer{transaction: t, store: s, ledgers: map[int64]*ledger{}, tallies: engine.NewTallies(), soft: map[int64][]byte{}}
		for i := range notices {
			if known[i], err = n.take(&notices[i]); err != nil {
				return err
			}
		}
		return n.finish(&how)
	})
	return known, err
}

// noticer takes notices in one transaction. What depends on more than one of them is done when all are in the tables.
type noticer struct {
	*transaction
	store   *Store
	ledgers map[int64]*ledger // by run
	tallies *engine.Tallies
	arrived []store.Event    // deliveries that are new
	soft    map[int64][]byte // people whose soft bounces are to be looked at, with their address
}

// take does what one notice asks for. known is false when it is of no mail of ours.
func (n *noticer) take(x *store.Notice) (known bool, err error) {
	var state store.DeliveryState
	var campaign, provider string
	const query = `SELECT d.state, d.provider, r.campaign FROM delivery AS d JOIN run AS r ON r.id = d.run WHERE d.run = ? AND d.person = ? AND d.occasion = ?`
	found, err := n.row(query, []any{x.Run, x.Person, x.Occasion}, &state, &provider, &campaign)
	if err != nil || !found || !engine.Concerns(x, state, campaign, provider) {
		return false, err
	}
	if err := n.settle(x, state); err != nil {
		return true, err
	}
	fresh, err := n.event(x)
	if err != nil || !fresh {
		return true, err
	}
	return true, n.spare(x)
}

// settle writes what a notice proves of a row. That the provider kept the mail to itself outweighs that it took it, so that it does not
// matter which came first.
func (n *noticer) settle(x *store.Notice, state store.DeliveryState) error {
	l := n.ledgers[x.Run]
	if l == nil {
		l = &ledger{transaction: n.transaction, run: x.Run}
		n.ledgers[x.Run] = l
	}
	r := &store.Result{Person: x.Person, Occasion: x.Occasion, State: x.State, Reason: x.Reason, Provider: x.Provider, At: x.Sent}
	switch {
	case state == store.Claimed || state == store.InDoubt:
		return l.result(r)
	case state == store.Sent && x.State == store.Failed:
		_, err := l.move(r, store.Sent)
		return err
	}
	return nil
}

// event adds a notice's event. fresh is false when it is known already; who was erased has none, and is spared each time.
func (n *noticer) event(x *store.Notice) (fresh bool, err error) {
	e := &x.Event
	if e.Kind == "" {
		return false, nil
	}
	added, err := n.addEvents([]store.Event{*e})
	if err != nil {
		return false, err
	}
	if added == 0 {
		var there bool
		_, err := n.row(`SELECT EXISTS (SELECT 1 FROM person WHERE number = ?)`, []any{e.Person}, &there)
		return !there, err
	}
	n.tallies.Add(x)
	if e.Kind == store.EventDelivery {
		n.arrived = append(n.arrived, *e)
	}
	if x.Address != "" && (e.Kind == store.EventDelivery || e.Kind == store.EventSoftBounce) {
		n.soft[e.Person] = n.store.addresses.Hash(x.Address)
	}
	return true, nil
}

// spare keeps mail away from who cannot or does not want to get it.
func (n *noticer) spare(x *store.Notice) error {
	if len(x.Withdraw) > 0 {
		if err := n.withdrawAll(x); err != nil {
			return err
		}
	}
	if x.Suppress.Reason == "" || x.Address == "" {
		return nil
	}
	return n.suppressFirst(n.store.addresses.Hash(x.Address), x.Suppress)
}

// suppressFirst suppresses an address, and keeps the reason that came first of two alike.
func (n *noticer) suppressFirst(address []byte, why store.Suppression) error {
	n.memory.Suppressed(address, why.Reason, why.At)
	const upsert = `INSERT INTO suppression (address, reason, detail, at, domain) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (address, reason) DO UPDATE SET detail = excluded.detail, at = excluded.at, domain = excluded.domain WHERE excluded.at < at`
	return n.run(upsert, address, string(why.Reason), why.Detail, engine.Milliseconds(why.At), why.Domain)
}

func (n *noticer) withdrawAll(x *store.Notice) error {
	var address []byte
	found, err := n.row(`SELECT address FROM person WHERE number = ?`, []any{x.Person}, &address)
	if err != nil || !found {
		return err
	}
	topics, err := n.topicsOf(x.Person, x.Withdraw)
	if err != nil {
		return err
	}
	for _, topic := range topics {
		n.memory.Withdrew(address, topic, x.Suppress.At)
		c := audience.Consent{State: audience.ConsentUnsubscribed, Source: engine.SourceComplaint, At: x.Suppress.At}
		if _, err := n.consent(x.Person, topic, c); err != nil {
			return err
		}
	}
	return nil
}

// topicsOf returns those named, and all others that a person has.
func (n *noticer) topicsOf(person int64, named []string) ([]string, error) {
	var has []string
	err := n.rows(`SELECT topic FROM consent WHERE person = ? ORDER BY topic`, []any{person}, func(rows *sql.Rows) error {
		var topic string
		err := rows.Scan(&topic)
		has = append(has, topic)
		return err
	})
	return engine.Union(named, has), err
}

func (n *noticer) finish(how *store.Noticing) error {
	for _, l := range n.ledgers {
		if err := l.count(); err != nil {
			return err
		}
		n.sequence = max(n.sequence, l.sequence)
	}
	if err := n.judgeArrivals(how.Judge); err != nil {
		return err
	}
	for person, address := range n.soft {
		if err := n.countSoft(person, address, how.Soft); err != nil {
			return err
		}
	}
	return n.count()
}

// judgeArrivals has clicks judged of which the mail is known to have arrived; most mails have none yet.
func (n *noticer) judgeArrivals(judge store.Judge) error {
	const query = `SELECT EXISTS (SELECT 1 FROM event WHERE person = ? AND at <= ? AND run = ? AND kind = 'click')`
	for _, j := range engine.Judgements(n.arrived) {
		var clicked bool
		if _, err := n.row(query, []any{j.Person, engine.Milliseconds(j.To), j.Run}, &clicked); err != nil {
			return err
		}
		if !clicked {
			continue
		}
		if err := n.judge(j, judge); err != nil {
			return err
		}
	}
	return nil
}

// countSoft suppresses who bounced softly too often, and lifts that when a mail arrived after all.
func (n *noticer) countSoft(person int64, address []byte, soft store.SoftBounces) error {
	if soft == nil {
		return nil
	}
	var look bool
	const worth = `SELECT EXISTS (SELECT 1 FROM event WHERE person = ? AND kind = 'soft bounce')`
	if _, err := n.row(worth, []any{person}, &look); err != nil || !look {
		return err
	}
	var events []store.Event
	const query = `SELECT ` + eventColumns + ` FROM event WHERE person = ? AND kind IN ('delivery', 'soft bounce', 'readmit') ORDER BY at DESC, kind DESC, id DESC LIMIT ?`
	err := n.rows(query, []any{person, engine.MostSoft}, func(rows *sql.Rows) error {
		e, err := scanEvent(rows)
		events = append(events, e)
		return err
	})
	if err != nil {
		return err
	}
	slices.Reverse(events)
	since, ok := soft(events)
	if !ok {
		return n.run(`DELETE FROM suppression WHERE address = ? AND reason = ?`, address, string(store.SoftBounced))
	}
	return n.suppressFirst(address, store.Suppression{Reason: store.SoftBounced, At: since})
}

// count writes the counts, and lets those go that nobody looks at any more.
func (n *noticer) count() error {
	for _, c := range n.tallies.Slots() {
		const upsert = `INSERT INTO notice_count (slot, run, kind, code, mails) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET mails = mails + excluded.mails`
		if err := n.run(upsert, c.Slot, c.Run, c.Kind, c.Code, c.Mails); err != nil {
			return err
		}
	}
	for _, h := range n.tallies.Hours() {
		const upsert = `INSERT INTO domain_hour (hour, domain, told, bounced) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET told = told + excluded.told, bounced = bounced + excluded.bounced`
		if err := n.run(upsert, engine.Milliseconds(h.Hour), h.Domain, h.Told, h.Bounced); err != nil {
			return err
		}
	}
	if n.tallies.Newest.IsZero() {
		return nil
	}
	old := engine.Milliseconds(n.tallies.Newest.Add(-store.CountsKept))
	if err := n.run(`DELETE FROM notice_count WHERE slot < ?`, old); err != nil {
		return err
	}
	// An hour that keeps somebody in quarantine stays for as long as that.
	return n.run(`DELETE FROM domain_hour AS h WHERE hour < ? AND (bounced < 5 OR bounced * 20 <= told OR NOT EXISTS (SELECT 1 FROM suppression AS s WHERE s.domain = h.domain AND s.domain <> '' AND s.at >= h.hour AND s.at < h.hour + 3600000))`, old)
}

// NoticeCounts implements [store.Notices].
func (s *Store) NoticeCounts(ctx context.Context, since time.Time) ([]store.NoticeCount, error) {
	var slots []engine.SlotCount
	const query = `SELECT run, kind, code, sum(mails) FROM notice_count WHERE slot >= ? GROUP BY run, kind, code ORDER BY run, kind, code`
	err := s.rows(ctx, query, []any{engine.Milliseconds(since)}, func(rows *sql.Rows) error {
		var c engine.SlotCount
		err := rows.Scan(&c.Run, &c.Kind, &c.Code, &c.Mails)
		slots = append(slots, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count notices: %w", err)
	}
	return engine.NoticeCounts(slots), nil
}

const eventChoiceQuery = `SELECT d.pin, d.state, d.choices, count(*) FROM (SELECT DISTINCT person, occasion FROM event WHERE run = ?1 AND kind = ?2) AS e
	CROSS JOIN delivery AS d ON d.run = ?1 AND d.person = e.person AND d.occasion = e.occasion GROUP BY d.pin, d.state, d.choices`

// EventChoices implements [store.Notices].
func (s *Store) EventChoices(ctx context.Context, run int64, kind string) ([]store.ChoiceCount, error) {
	counts, err := s.choiceCounts(ctx, eventChoiceQuery, run, kind)
	if err != nil {
		return nil, fmt.Errorf("count choices of events: %w", err)
	}
	return counts, nil
}
