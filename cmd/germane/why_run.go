package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"germane/audience"
	"germane/blocks"
	"germane/store"
	"germane/worker"
	"germane/workspace"
)

// pastDelivery is `why RUN EMAIL --json`: what was decided about somebody in a run, and what the same rules say today.
type pastDelivery struct {
	Run      int64         `json:"run"`
	Campaign string        `json:"campaign"`
	Version  string        `json:"version"`
	State    string        `json:"state"` // "none": there is no row
	Reason   string        `json:"reason,omitempty"`
	Decided  *time.Time    `json:"decided_at"`
	Done     *time.Time    `json:"done_at"`
	Attempts int           `json:"attempts"`
	Provider string        `json:"provider_id,omitempty"`
	Choices  []pastChoice  `json:"choices"`
	Now      *presentState `json:"now"` // null when this program cannot read the version
	Events   []eventEntry  `json:"events"`
}

// pastChoice is a block's choice, by name.
type pastChoice struct {
	Block   string `json:"block"`
	Variant string `json:"variant"`
	Reason  string `json:"reason"`
	Would   string `json:"would,omitempty"`   // of control: what they would have got
	Missing string `json:"missing,omitempty"` // the first value that was missing, where its name is known
}

// presentState is what the rules of a run's version say with today's values.
type presentState struct {
	Audience string     `json:"audience"` // true, false or unknown: whether they are in the campaign's audience
	Because  string     `json:"because"`
	Choices  []whyBlock `json:"choices"`
}

// inquiry is a question about one delivery on its way to an answer.
type inquiry struct {
	run     *store.Run
	who     string // as it was typed
	person  *store.Person
	now     time.Time
	row     *store.Delivery // nil: there is none
	answer  pastDelivery
	present []*blocks.Explanation
	unread  error // why the run's version cannot be read
}

func whyRun(ctx context.Context, sys *system, o *options, number, who string) error {
	return withDatabase(ctx, sys, o, func(_ *workspace.Workspace, s store.Database) error {
		q := &inquiry{who: who, now: sys.now()}
		var err error
		if q.run, err = findRun(ctx, s, number); err != nil {
			return err
		}
		if q.person, err = findPerson(ctx, s, who); err != nil {
			return err
		}
		q.answer = pastDelivery{Run: q.run.ID, Campaign: q.run.Campaign, Version: q.run.Version, State: store.DeliveryState(0).String(), Choices: []pastChoice{}, Events: []eventEntry{}}
		if err := q.look(ctx, s); err != nil {
			return err
		}
		q.unread = q.again(ctx, worker.NewContents(s, sys.variables()))
		if o.json {
			return printJSON(sys.stdout, q.answer)
		}
		return q.print(sys.stdout)
	})
}

// mostEvents is among how many of somebody's events those of one mail are looked for.
const mostEvents = 10_000

// look reads what the ledger says.
func (q *inquiry) look(ctx context.Context, s store.Store) error {
	row, err := s.Delivery(ctx, q.run.ID, q.person.Number, 0)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	a := &q.answer
	q.row, a.State, a.Reason, a.Attempts, a.Provider = row, row.State.String(), row.Reason, row.Attempt, row.Provider
	a.Decided, a.Done = orNull(row.Claimed), orNull(row.Done)
	versions, err := s.RunVersions(ctx, q.run.ID)
	if err != nil {
		return err
	}
	for _, v := range versions {
		if v.Pin == row.Pin {
			a.Version = v.Version
		}
	}
	variants, err := s.RunVariants(ctx, q.run.ID)
	if err != nil {
		return err
	}
	if a.Choices, err = namedChoices(variants, row); err != nil {
		return err
	}
	events, err := s.EventsOf(ctx, q.person.Number, mostEvents)
	for i := range events {
		if events[i].Run == q.run.ID {
			a.Events = append(a.Events, newEventEntry(&events[i]))
		}
	}
	return err
}

// namedChoices gives a delivery's choices their names.
func namedChoices(variants []store.Variant, row *store.Delivery) ([]pastChoice, error) {
	choices, err := blocks.Unpack(row.Choices)
	if err != nil {
		return nil, fmt.Errorf("run %d: %w", row.Run, err)
	}
	name := func(block uint16, variant uint8) (string, string) {
		for i := range variants {
			if v := &variants[i]; v.Pin == row.Pin && v.BlockNumber == int(block) && v.Number == int(variant) {
				return v.BlockName, v.VariantName
			}
		}
		return fmt.Sprintf("block %d", block+1), fmt.Sprintf("variant %d", variant+1)
	}
	named := []pastChoice{}
	for _, c := range choices {
		p := pastChoice{Reason: c.Reason.String()}
		p.Block, p.Variant = name(c.Block, c.Variant)
		if c.Reason == blocks.Control {
			_, p.Would = name(c.Block, c.Would)
		}
		named = append(named, p)
	}
	return named, nil
}

// again asks the rules of the run's version about what is known today. Where that is not possible, the ledger's answer still stands.
func (q *inquiry) again(ctx context.Context, contents *worker.Contents) error {
	content, err := contents.Campaign(ctx, q.answer.Version, q.run.Campaign)
	if err != nil {
		return err
	}
	message := content.Message
	if q.row != nil {
		q.nameMissing(message.Selection.Names())
	}
	decoded := &audience.Decoded{}
	if err := message.Selection.Decode(&q.person.Stored, q.now.UnixMilli(), decoded); err != nil {
		return err
	}
	member := content.Campaign.Rule.Explain(message.Selection, decoded)
	for _, choice := range message.Chooser.Choose(decoded, q.person.ID, nil) {
		q.present = append(q.present, message.Chooser.Explain(choice, decoded))
	}
	q.answer.Now = &presentState{Audience: member.Result.String(), Because: member.Sentence(), Choices: whyBlocks(q.present)}
	return nil
}

// nameMissing names the values that were missing: the ledger has only their slots, which mean something to this version's compiler.
func (q *inquiry) nameMissing(slots []string) {
	choices, err := blocks.Unpack(q.row.Choices)
	for i := range choices {
		if slot := choices[i].Missing; err == nil && slot != blocks.NoSlot && int(slot) < len(slots) {
			q.answer.Choices[i].Missing = slots[slot]
		}
	}
}
