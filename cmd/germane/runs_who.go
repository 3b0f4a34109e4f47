package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"germane/store"
)

// whoEntry is a person whom `runs RUN --who` names.
type whoEntry struct {
	Person   string     `json:"person"` // id; "" when they were erased
	Email    string     `json:"email"`
	State    string     `json:"state"`
	Reason   string     `json:"reason"`
	Delivery string     `json:"delivery"` // stands in the Message-ID and in the provider's tags
	Provider string     `json:"provider_id"`
	Decided  *time.Time `json:"decided_at"`
}

// whoStates are the words for states that --who takes; all other words are reasons.
var whoStates = map[string][]store.DeliveryState{
	"sent": {store.Sent}, "failed": {store.Failed}, "skipped": {store.Skipped}, "held-out": {store.HeldOut}, "in-doubt": {store.InDoubt},
	"waiting": {store.Claimed, store.Retry}, // who has a row already
}

// listWho names the people of a run who share a state or a reason.
func listWho(ctx context.Context, sys *system, o *options, s store.Database, number, word string) error {
	r, err := findRun(ctx, s, number)
	if err != nil {
		return err
	}
	states, isState := whoStates[strings.ReplaceAll(word, " ", "-")]
	if !isState {
		if err := knownReason(ctx, s, r, word); err != nil {
			return err
		}
	}
	within, err := peopleOf(ctx, s, r.ID)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(sys.stdout)
	write, end := whoWriter(out, o.json)
	for from := within.From; from < within.To; from += whoStep {
		rows, err := s.DeliveriesIn(ctx, r.ID, store.Range{From: from, To: min(from+whoStep, within.To)})
		if err != nil {
			return err
		}
		for _, d := range rows {
			if isState && !slices.Contains(states, d.State) || !isState && d.Reason != word {
				continue
			}
			entry, err := newWhoEntry(ctx, s, d)
			if err == nil {
				err = write(entry)
			}
			if err != nil {
				return err
			}
		}
	}
	return errors.Join(end(), out.Flush())
}

// knownReason refuses a word that neither a state nor a row of the run has.
func knownReason(ctx context.Context, s store.Runs, r *store.Run, word string) error {
	reasons, err := s.Reasons(ctx, r.ID)
	if _, ok := reasons[word]; err != nil || ok {
		return err
	}
	return usageError{hint(fmt.Errorf("nobody in run %d has the state or reason %q", r.ID, word),
		fmt.Sprintf("states: failed, held-out, in-doubt, sent, skipped, waiting; `germane runs %d` lists the reasons", r.ID))}
}

// whoStep is how many people's rows are in memory at a time.
const whoStep = 10_000

// peopleOf returns the numbers that the people of a run have. Ranges of chunks may overlap, and one may have no end.
func peopleOf(ctx context.Context, s store.Database, run int64) (store.Range, error) {
	chunks, err := s.ChunksOf(ctx, run)
	if err != nil || len(chunks) == 0 {
		return store.Range{}, err
	}
	within := chunks[0].People
	for _, c := range chunks {
		within.From, within.To = min(within.From, c.People.From), max(within.To, c.People.To)
	}
	if within.To == store.Everybody.To {
		census, err := s.Census(ctx)
		within.To = census.Within.To
		return within, err
	}
	return within, nil
}

func newWhoEntry(ctx context.Context, s store.People, d *store.Delivery) (*whoEntry, error) {
	e := &whoEntry{State: d.State.String(), Reason: d.Reason, Delivery: store.DeliveryID(d.Run, d.Person, d.Occasion), Provider: d.Provider, Decided: orNull(d.Claimed)}
	p, err := s.PersonByNumber(ctx, d.Person)
	if errors.Is(err, store.ErrNotFound) {
		return e, nil // erased since
	}
	if err == nil {
		e.Person, e.Email = p.ID, p.Email
	}
	return e, err
}

// whoWriter writes one entry after another, as there may be many.
func whoWriter(out io.Writer, asJSON bool) (write func(*whoEntry) error, end func() error) {
	if !asJSON {
		return func(e *whoEntry) error {
			who := e.Email
			if who == "" {
				who = "(erased)"
			}
			_, err := fmt.Fprintf(out, "%s  %s%s  %s\n", who, e.State, because(": ", e.Reason), e.Delivery)
			return err
		}, func() error { return nil }
	}
	before := "[\n  "
	write = func(e *whoEntry) error {
		text, err := json.Marshal(e)
		if err == nil {
			_, err = fmt.Fprintf(out, "%s%s", before, text)
		}
		before = ",\n  "
		return err
	}
	return write, func() error {
		if before[0] == '[' {
			_, err := io.WriteString(out, "[]\n")
			return err
		}
		_, err := io.WriteString(out, "\n]\n")
		return err
	}
}
