package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"germane/blocks"
	"germane/store"
	"germane/worker"
)

// print answers as one would answer a colleague: what was decided then, and after each decision what it would be now.
func (q *inquiry) print(out io.Writer) error {
	b := bufio.NewWriter(out)
	a := &q.answer
	fmt.Fprintf(b, "%s in run %d of %s, %s: %s\n", q.who, a.Run, a.Campaign, q.run.Occurrence, q.outcome())
	if q.row != nil {
		q.printRow(b)
	}
	if a.Now != nil {
		fmt.Fprintf(b, "  now: %s, because %s\n", membership[a.Now.Audience], a.Now.Because)
	}
	q.printChoices(b)
	if len(a.Events) > 0 {
		fmt.Fprintln(b, "\nWhat they did with it, newest first:")
	}
	for i := range a.Events {
		fmt.Fprintf(b, "  %s\n", a.Events[i].sentence())
	}
	if q.unread != nil {
		fmt.Fprintf(b, "\n%s\n", q.cannotRead())
	}
	return b.Flush()
}

// outcome says what came of the delivery, in a few words.
func (q *inquiry) outcome() string {
	if q.row != nil {
		return q.answer.State + because(": ", q.answer.Reason)
	}
	switch q.run.State {
	case store.RunFinished, store.RunSettling:
		return "no delivery: they were not in the audience"
	case store.RunCancelled:
		return "no delivery: the run was cancelled before it came to them, or they were not in the audience"
	}
	return "no delivery yet: they wait, or are not in the audience"
}

var membership = map[string]string{
	"true":    "in the campaign's audience",
	"false":   "not in the campaign's audience",
	"unknown": "not in the campaign's audience, as that cannot be decided",
}

func (q *inquiry) printRow(b io.Writer) {
	a := &q.answer
	if advice := adviceFor(a.Reason); advice != "" {
		fmt.Fprintf(b, "  %s\n", advice)
	}
	fmt.Fprintf(b, "  decided %s UTC", minute(q.row.Claimed))
	if q.row.State == store.Sent || q.row.State == store.Failed {
		fmt.Fprintf(b, ", %s %s UTC", a.State, minute(q.row.Done))
	}
	if a.Attempts > 1 {
		fmt.Fprintf(b, ", attempt %d", a.Attempts)
	}
	fmt.Fprintf(b, "%s\n  version %.12s\n", because(", the provider calls it ", a.Provider), a.Version)
}

// printChoices goes through the blocks as they were then. When there is no row, there is only what they would get now.
func (q *inquiry) printChoices(b io.Writer) {
	if q.row == nil {
		for _, e := range q.present {
			fmt.Fprintf(b, "\n%s: now it would be %s\n  %s\n", e.Block, e.Variant, e.Sentence())
		}
		return
	}
	if len(q.answer.Choices) > 0 && !mailed(q.row.State) {
		fmt.Fprintln(b, "\nThey got no mail. It would have been:")
	}
	for i := range q.answer.Choices {
		c := &q.answer.Choices[i]
		fmt.Fprintf(b, "\n%s: %s, because %s\n", c.Block, c.Variant, c.because())
		for _, e := range q.present {
			if e.Block == c.Block {
				fmt.Fprintf(b, "  now: %s, %s\n", present(e, c), e.Sentence())
			}
		}
	}
}

func mailed(s store.DeliveryState) bool { return s == store.Sent || s == store.InDoubt }

// because says why a variant was chosen, as far as the ledger knows: names, never values.
func (c *pastChoice) because() string {
	switch c.Reason {
	case blocks.RuleTrue.String():
		return "its rule was true"
	case blocks.Control.String():
		return "they are in the control group, which measures " + c.Would
	case blocks.NothingMatched.String():
		return "no variant's rule was true"
	}
	if c.Missing == "" {
		return "no variant's rule was certainly true: a value was missing"
	}
	return "no variant's rule was certainly true: " + c.Missing + " was missing"
}

// present says what a block would show today, compared with then.
func present(e *blocks.Explanation, then *pastChoice) string {
	if e.Variant == then.Variant {
		return "the same"
	}
	return e.Variant
}

func (q *inquiry) cannotRead() string {
	if errors.Is(q.unread, worker.ErrFormat) {
		return "Today's values are left out: the run's version was deployed by another germane."
	}
	return fmt.Sprintf("Today's values are left out: %v.", q.unread)
}
