package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"germane/audience"
	"germane/store"
	"germane/store/engine"
)

// TakeNotices implements [store.Notices].
func (s *Store) TakeNotices(ctx context.Context, notices []store.Notice, how store.Noticing) (known []bool, err error) {
	for i := range notices {
		if err := s.holdMonth(ctx, notices[i].Event.At); err != nil {
			return nil, err
		}
	}
	err = s.change(ctx, "take notices", func(t *transaction) error {
		n := &noticer{transaction: t, store: s, notices: notices, known: make([]bool, len(notices)), tallies: engine.NewTallies(), soft: map[int64][]byte{}}
		known = n.known
		for _, step := range []func() error{n.lock, n.settle, n.events, n.spare, func() error { return n.judgeArrivals(how.Judge) }, func() error { return n.countSoft(how.Soft) }, n.count} {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
	return known, err
}

// noticer takes notices in one transaction, each step for all of them.
type noticer struct {
	*transaction
	store   *Store
	notices []store.Notice
	known   []bool
	fresh   []*store.Notice // whose event is new, or whose person was erased
	tallies *engine.Tallies
	arrived []store.Event    // deliveries that are new
	soft    map[int64][]byte // people whose soft bounces are to be looked at, with their address
}

// lock waits for who decides about the people of the notices, or records what they do, just now.
func (n *noticer) lock() error {
	numbers := make([]int64, 0, len(n.notices))
	for i := range n.notices {
		if n.notices[i].Event.Kind != "" {
			numbers = append(numbers, n.notices[i].Person)
		}
	}
	return n.people(numbers...)
}

const noticedRows = `SELECT k.at, d.state, d.chunk, d.provider, r.campaign FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::int[]) AS k (at, run, person, occasion)
	CROSS JOIN LATERAL (SELECT state, chunk, provider FROM delivery WHERE run = k.run AND person = k.person AND occasion = k.occasion LIMIT 1) AS d
	JOIN run AS r ON r.id = k.run`

// settle finds the rows, and writes what notices prove of them. A row's chunk never changes, and is to be taken before it.
func (n *noticer) settle() error {
	places, runs, people, occasions := make([]int, len(n.notices)), make([]int64, len(n.notices)), make([]int64, len(n.notices)), make([]int, len(n.notices))
	for i := range n.notices {
		x := &n.notices[i]
		places[i], runs[i], people[i], occasions[i] = i, x.Run, x.Person, x.Occasion
	}
	type place struct {
		run   int64
		chunk int
	}
	chunks, settling := map[place]bool{}, map[int64][]store.Result{}
	err := n.rows(noticedRows, []any{places, runs, people, occasions}, func(rows pgx.Rows) error {
		var at, chunk int
		var state store.DeliveryState
		var provider, campaign string
		if err := rows.Scan(&at, &state, &chunk, &provider, &campaign); err != nil {
			return err
		}
		x := &n.notices[at]
		n.known[at] = engine.Concerns(x, state, campaign, provider)
		if open := state == store.Claimed || state == store.InDoubt; n.known[at] && (open || state == store.Sent && x.State == store.Failed) {
			chunks[place{x.Run, chunk}] = true
			settling[x.Run] = append(settling[x.Run], store.Result{Person: x.Person, Occasion: x.Occasion, State: x.State, Reason: x.Reason, Provider: x.Provider, At: x.Sent})
		}
		return nil
	})
	if err != nil || len(chunks) == 0 {
		return err
	}
	var of []int64
	var numbers []int
	for p := range chunks {
		of, numbers = append(of, p.run), append(numbers, p.chunk)
	}
	const take = `SELECT 1 FROM chunk WHERE (run, no) IN (SELECT * FROM unnest($1::bigint[], $2::int[])) ORDER BY run, no FOR UPDATE`
	if err := n.transaction.run(take, of, numbers); err != nil {
		return err
	}
	order := make([]int64, 0, len(settling))
	for run := range settling {
		order = append(order, run)
	}
	slices.Sort(order)
	for _, run := range order {
		l := newLedger(n.transaction, run)
		l.rejects = true
		if err := l.settle(settling[run]); err != nil {
			return err
		}
	}
	return nil
}

// events adds those that are new.
func (n *noticer) events() error {
	var asked []*store.Notice
	var events []store.Event
	for i := range n.notices {
		if x := &n.notices[i]; n.known[i] && x.Event.Kind != "" {
			asked, events = append(asked, x), append(events, x.Event)
		}
	}
	added, err := n.addEach(events)
	if err != nil {
		return err
	}
	erased, err := n.erased(asked, added)
	for i, x := range asked {
		switch {
		case added[i]:
			n.note(x)
			n.fresh = append(n.fresh, x)
		case erased[x.Person]: // has no events, and is spared each time
			n.fresh = append(n.fresh, x)
		}
	}
	return err
}

func (n *noticer) note(x *store.Notice) {
	n.tallies.Add(x)
	kind := x.Event.Kind
	if kind == store.EventDelivery {
		n.arrived = append(n.arrived, x.Event)
	}
	if x.Address != "" && (kind == store.EventDelivery || kind == store.EventSoftBounce) {
		n.soft[x.Person] = n.store.addresses.Hash(x.Address)
	}
}

// erased returns who is not there any more of those whose event was not added.
func (n *noticer) erased(asked []*store.Notice, added []bool) (map[int64]bool, error) {
	gone := map[int64]bool{}
	var numbers []int64
	for i, x := range asked {
		if !added[i] {
			gone[x.Person], numbers = true, append(numbers, x.Person)
		}
	}
	if len(numbers) == 0 {
		return gone, nil
	}
	err := n.rows(`SELECT number FROM person WHERE number = ANY($1)`, []any{numbers}, func(rows pgx.Rows) error {
		var number int64
		err := rows.Scan(&number)
		delete(gone, number)
		return err
	})
	return gone, err
}

// spare keeps mail away from those who cannot or do not want to get it.
func (n *noticer) spare() error {
	for _, x := range n.fresh {
		if len(x.Withdraw) > 0 {
			if err := n.withdrawAll(x); err != nil {
				return err
			}
		}
		if x.Suppress.Reason == "" || x.Address == "" {
			continue
		}
		if err := n.suppressFirst(n.store.addresses.Hash(x.Address), x.Suppress); err != nil {
			return err
		}
	}
	return nil
}

// suppressFirst suppresses an address, and keeps the reason that came first of two alike.
func (n *noticer) suppressFirst(address []byte, why store.Suppression) error {
	const upsert = `INSERT INTO suppression (address, reason, detail, at, domain) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (address, reason) DO UPDATE SET detail = excluded.detail, at = excluded.at, domain = excluded.domain WHERE excluded.at < suppression.at`
	n.memory.Suppressed(address, why.Reason, why.At)
	if err := n.written(); err != nil {
		return err
	}
	return n.transaction.run(upsert, address, string(why.Reason), why.Detail, engine.Milliseconds(why.At), why.Domain)
}

func (n *noticer) withdrawAll(x *store.Notice) error {
	// An import must not give them another address meanwhile: the withdrawal is remembered by the one they have.
	var address []byte
	if found, err := n.row(`SELECT address FROM person WHERE number = $1 FOR UPDATE`, []any{x.Person}, &address); err != nil || !found {
		return err
	}
	var has []string
	err := n.rows(`SELECT topic FROM consent WHERE person = $1 ORDER BY topic`, []any{x.Person}, func(rows pgx.Rows) error {
		var topic string
		err := rows.Scan(&topic)
		has = append(has, topic)
		return err
	})
	if err != nil {
		return err
	}
	for _, topic := range engine.Union(x.Withdraw, has) {
		n.memory.Withdrew(address, topic, x.Suppress.At)
		c := audience.Consent{State: audience.ConsentUnsubscribed, Source: engine.SourceComplaint, At: x.Suppress.At}
		if _, err := n.consent(x.Person, topic, c); err != nil {
			return err
		}
	}
	return nil
}

const clickedPeople = `SELECT k.person FROM unnest($1::bigint[]) AS k (person) CROSS JOIN LATERAL (SELECT 1 FROM event WHERE person = k.person AND kind = 'click' LIMIT 1) AS e`

// judgeArrivals has clicks judged of which the mail is known to have arrived; most mails have none yet.
func (n *noticer) judgeArrivals(judge store.Judge) error {
	all := engine.Judgements(n.arrived)
	if len(all) == 0 {
		return nil
	}
	numbers := make([]int64, len(all))
	for i := range all {
		numbers[i] = all[i].Person
	}
	clicked := map[int64]bool{}
	err := n.rows(clickedPeople, []any{numbers}, func(rows pgx.Rows) error {
		var person int64
		err := rows.Scan(&person)
		clicked[person] = true
		return err
	})
	if err != nil {
		return err
	}
	for _, j := range all {
		if !clicked[j.Person] {
			continue
		}
		if err := n.judge(j, judge); err != nil {
			return err
		}
	}
	return nil
}

const softPeople = `SELECT k.person FROM unnest($1::bigint[]) AS k (person) CROSS JOIN LATERAL (SELECT 1 FROM event WHERE person = k.person AND kind = 'soft bounce' LIMIT 1) AS e ORDER BY 1`

// countSoft suppresses who bounced softly too often, and lifts that when a mail arrived after all.
func (n *noticer) countSoft(soft store.SoftBounces) error {
	if soft == nil || len(n.soft) == 0 {
		return nil
	}
	numbers := make([]int64, 0, len(n.soft))
	for person := range n.soft {
		numbers = append(numbers, person)
	}
	var people []int64
	err := n.rows(softPeople, []any{numbers}, func(rows pgx.Rows) error {
		var person int64
		err := rows.Scan(&person)
		people = append(people, person)
		return err
	})
	if err != nil {
		return err
	}
	for _, person := range people {
		if err := n.countSoftOf(person, n.soft[person], soft); err != nil {
			return err
		}
	}
	return nil
}

func (n *noticer) countSoftOf(person int64, address []byte, soft store.SoftBounces) error {
	var events []store.Event
	const query = `SELECT ` + eventColumns + ` FROM event WHERE person = $1 AND kind IN ('delivery', 'soft bounce', 'readmit') ORDER BY at DESC, kind DESC, id DESC LIMIT $2`
	err := n.rows(query, []any{person, engine.MostSoft}, func(rows pgx.Rows) error {
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
		return n.transaction.run(`DELETE FROM suppression WHERE address = $1 AND reason = $2`, address, string(store.SoftBounced))
	}
	return n.suppressFirst(address, store.Suppression{Reason: store.SoftBounced, At: since})
}

// count writes the counts, and lets those go that nobody looks at any more.
func (n *noticer) count() error {
	if n.tallies.Newest.IsZero() {
		return nil
	}
	batch := &pgx.Batch{}
	for _, c := range n.tallies.Slots() {
		batch.Queue(`INSERT INTO notice_count AS c (slot, run, kind, code, mails) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (slot, run, kind, code) DO UPDATE SET mails = c.mails + excluded.mails`,
			c.Slot, c.Run, c.Kind, text(c.Code), c.Mails)
	}
	for _, h := range n.tallies.Hours() {
		batch.Queue(`INSERT INTO domain_hour AS h (hour, domain, told, bounced) VALUES ($1, $2, $3, $4) ON CONFLICT (hour, domain) DO UPDATE SET told = h.told + excluded.told, bounced = h.bounced + excluded.bounced`,
			engine.Milliseconds(h.Hour), text(h.Domain), h.Told, h.Bounced)
	}
	old := engine.Milliseconds(n.tallies.Newest.Add(-store.CountsKept))
	batch.Queue(`DELETE FROM notice_count WHERE slot < $1`, old)
	// An hour that keeps somebody in quarantine stays for as long as that.
	batch.Queue(`DELETE FROM domain_hour AS h WHERE hour < $1 AND (bounced < 5 OR bounced * 20 <= told OR NOT EXISTS (SELECT 1 FROM suppression AS s WHERE s.domain = h.domain AND s.domain <> '' AND s.at >= h.hour AND s.at < h.hour + 3600000))`, old)
	return n.send(batch)
}

// NoticeCounts implements [store.Notices].
func (s *Store) NoticeCounts(ctx context.Context, since time.Time) ([]store.NoticeCount, error) {
	var slots []engine.SlotCount
	const query = `SELECT run, kind, code, sum(mails)::bigint FROM notice_count WHERE slot >= $1 GROUP BY run, kind, code ORDER BY run, kind, code`
	err := s.rows(ctx, query, []any{engine.Milliseconds(since)}, func(rows pgx.Rows) error {
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

const eventChoiceQuery = `SELECT d.pin, d.state, d.choices, count(*) FROM (SELECT DISTINCT person, occasion FROM event WHERE run = $1 AND kind = $2) AS e
	CROSS JOIN LATERAL (SELECT pin, state, choices FROM delivery WHERE run = $1 AND person = e.person AND occasion = e.occasion LIMIT 1) AS d GROUP BY d.pin, d.state, d.choices`

// EventChoices implements [store.Notices].
func (s *Store) EventChoices(ctx context.Context, run int64, kind string) ([]store.ChoiceCount, error) {
	counts, err := s.choiceCounts(ctx, eventChoiceQuery, run, kind)
	if err != nil {
		return nil, fmt.Errorf("count choices of events: %w", err)
	}
	return counts, nil
}
