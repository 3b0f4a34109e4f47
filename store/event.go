package store

import (
	"context"
	"time"
)

// Event is something a person, a machine or a provider did.
type Event struct {
	At             time.Time
	Key            string // two events with one key are one; "": it is always another
	Kind           string // click, open, bounce, complaint, delivery, unsubscribe; or "goal" for what a product reports
	Name           string // of a goal
	Person, Run    int64  // 0: not known
	Occasion       int
	Block, Variant string
	Link           int
	Agent          string // family of the program
	Label          string // why it may not be a person: "scanner"; "" when nothing says so
	Fields         []byte // JSON
}

// EventCount counts alike events of a run.
type EventCount struct {
	Kind, Block, Variant, Label string
	Events, People              int64
}

// Events keeps what happened after sending.
type Events interface {
	// AddEvents returns how many were not there before.
	AddEvents(ctx context.Context, events []Event) (int, error)
	// EventsOf returns a person's events, the newest first.
	EventsOf(ctx context.Context, person int64, limit int) ([]Event, error)
	EventCounts(ctx context.Context, run int64) ([]EventCount, error)
}

// Links finds where links lead.
type Links interface {
	// RunLinks returns the links of all versions that a run had.
	RunLinks(ctx context.Context, run int64) ([]Link, error)
	// VersionLinks returns the links of a version by its number, or [ErrNotFound].
	VersionLinks(ctx context.Context, version int64) ([]Link, error)
}
