package store

import (
	"context"
	"time"
)

// Event is something a person, a machine or a provider did.
type Event struct {
	At             time.Time
	Key            string // two events with one key are one; "": it is always another
	Kind           string // EventClick and so on
	Name           string // of a goal; the topic of an unsubscribe
	Person, Run    int64  // 0: not known
	Occasion       int
	Block, Variant string
	Link           int
	Agent          string // family of the program
	Label          string // why it may not be a person: LabelAgent and so on; "" when nothing says so
	Fields         []byte // JSON
}

// The kinds of events; the words are stored.
const (
	EventClick       = "click"
	EventOpen        = "open"
	EventUnsubscribe = "unsubscribe"
	EventDelivery    = "delivery"    // the receiving server took the mail
	EventBounce      = "bounce"      // it came back, for good
	EventSoftBounce  = "soft bounce" // it came back, and another may not: a full mailbox, or somebody's absence
	EventComplaint   = "complaint"
	EventNotSpam     = "not spam" // somebody took a complaint back
	EventReject      = "reject"   // the provider took the mail and kept it to itself
	EventDelay       = "delay"    // the receiving server said "not yet"
	EventGoal        = "goal"     // what a product reports
	EventReadmit     = "readmit"  // somebody lifted a suppression
)

// Labels say why an event may not be a person's doing. They are stored, and reports count apart what has one; nothing is ever dropped
// for it. Of several reasons the first of this list is kept. What makes each of them is decided in track.
const (
	LabelAgent    = "agent"    // the program calls itself a scanner, a library or a robot
	LabelProxy    = "proxy"    // an open: a provider's machine, which loads pictures whether or not somebody reads
	LabelPrefetch = "prefetch" // the browser said that nobody had asked for it yet
	LabelEarly    = "early"    // a click before the mail arrived, or sooner after it than anybody reads
	LabelBurst    = "burst"    // one of more links of a mail at once than anybody follows
)

// EventCount counts alike events of a run.
type EventCount struct {
	Kind, Block, Variant, Label string
	Events, People              int64
}

// ClickCount says how often links of a variant were followed, and by how many people. Human are those without a label.
type ClickCount struct {
	Block, Variant      string
	Clicks, HumanClicks int64
	People, HumanPeople int64
}

// Judge labels the clicks of one delivery, oldest first: those that are new and those within [JudgedTogether] of a new one. It depends
// on nothing but its arguments, and may be called again for the same clicks.
type Judge func(mailed Mailed, clicks []Event)

// Mailed is when a delivery was made.
type Mailed struct {
	Sent    time.Time // handed over; zero: the ledger has no such row
	Arrived time.Time // at the receiving server; zero: nobody said
}

// JudgedTogether is how far apart clicks may be to be judged together.
const JudgedTogether = 10 * time.Second

// Events keeps what happened after sending.
type Events interface {
	// AddEvents returns how many were not there before.
	AddEvents(ctx context.Context, events []Event) (int, error)
	// Record adds events and has the clicks of their deliveries judged, in one transaction: a click that makes a burst of earlier
	// ones changes their labels, too, and so does a late notice of a delivery.
	Record(ctx context.Context, events []Event, judge Judge) error
	// EventsOf returns a person's events, the newest first.
	EventsOf(ctx context.Context, person int64, limit int) ([]Event, error)
	EventCounts(ctx context.Context, run int64) ([]EventCount, error)
	// ClickCounts counts a run's clicks by variant. Who clicked twice is one of its people once.
	ClickCounts(ctx context.Context, run int64) ([]ClickCount, error)
}

// Links finds where links lead.
type Links interface {
	// RunLinks returns the links of all versions that a run had.
	RunLinks(ctx context.Context, run int64) ([]Link, error)
	// VersionLinks returns the links of a version by its number, or [ErrNotFound].
	VersionLinks(ctx context.Context, version int64) ([]Link, error)
}
