package store

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"
)

// DeliveryState is where a delivery stands. It only moves forward:
//
//	none → Claimed, Skipped, HeldOut
//	Claimed → Sent, Failed, InDoubt, Retry
//	InDoubt → Sent, Failed
//	Sent → Failed, when the provider says that it kept the mail to itself
//	Retry → Claimed, with one more attempt
type DeliveryState uint8

// The states of deliveries; the numbers are stored.
const (
	Claimed DeliveryState = iota + 1 // about to be handed over: nobody else will
	Sent
	Failed
	InDoubt // may have been handed over; never sent again by itself
	Skipped
	HeldOut
	Retry // certainly not handed over
)

// Delivery is one row of the ledger.
type Delivery struct {
	Run, Person   int64
	Occasion      int
	Campaign      string // of the run
	Chunk, Pin    int
	Epoch         int64
	Attempt       int
	State         DeliveryState
	Reason        string // why it was skipped or failed: names, never values
	Choices       []byte // packed
	Claimed, Done time.Time
	Provider      string // the provider's id
}

// Reasons that the ledger gives itself, when it looks again at the moment of claiming.
const (
	ReasonSuppressed = "suppressed"
	ReasonNoConsent  = "no consent"
	ReasonCap        = "cap"
	ReasonErased     = "erased"
)

// Cap is at most Max messages since a time.
type Cap struct {
	Topic string // "": of every topic
	Max   int
	Since time.Time
}

// Decision is what a worker decided about a person: Claimed, Skipped or HeldOut.
type Decision struct {
	Person   int64
	Occasion int
	State    DeliveryState
	Reason   string
	Choices  []byte
	Topic    string    // whose consent is looked at again, and which caps count; "": none is needed
	Caps     []Cap     // looked at for Claimed and HeldOut, which both take a place
	Due      time.Time // which is when it counts for caps; zero: at the step's time
}

// Decided is what a decision became.
type Decided struct {
	State   DeliveryState // 0: the person has a row already, which is not to be claimed
	Reason  string
	Attempt int
}

// Result is what came of a claim: Sent, Failed, InDoubt or Retry.
type Result struct {
	Person   int64
	Occasion int
	State    DeliveryState
	Reason   string
	Provider string
	At       time.Time
}

// Step moves a chunk on: what came of the last claims, and the next.
type Step struct {
	Lease
	Pin        int       // which of the run's versions the decisions were made with
	Now, Until time.Time // Until extends the lease
	Results    []Result
	Decisions  []Decision
}

// Settlement is the late truth about a claim.
type Settlement struct {
	Run, Person int64
	Occasion    int
	State       DeliveryState // Sent or Failed
	Reason      string
	Provider    string
	At          time.Time
}

// ChoiceCount is how many rows of a run have the same packed choices.
type ChoiceCount struct {
	Pin     int
	State   DeliveryState
	Choices []byte
	People  int64
}

// Deliveries keeps who got what.
type Deliveries interface {
	// Step writes results, extends the lease and makes the next claims, in one transaction that survives a power cut. Suppression, consent
	// and caps are looked at again. With [ErrLost] (the lease is gone, the run is not running or has another version by now,
	// sending is stopped) results are written and nothing is claimed. Results are those of the lease's epoch: what was never claimed in
	// it, or is settled, stays as it is, so that they may be written again, also for claims of which nobody knows whether they were
	// committed. A row that is to be tried again is claimed only by the chunk that it belongs to.
	Step(ctx context.Context, s *Step) ([]Decided, error)
	// Settle records what a provider or a person knows of a claim; a row that is settled already stays as it is.
	Settle(ctx context.Context, s Settlement) error
	// SettleRun settles all rows of a run that are in doubt.
	SettleRun(ctx context.Context, run int64, as DeliveryState, reason string, at time.Time) (int64, error)
	Delivery(ctx context.Context, run, person int64, occasion int) (*Delivery, error)
	// DeliveriesTo returns a person's rows, the newest run first.
	DeliveriesTo(ctx context.Context, person int64) ([]*Delivery, error)
	// DeliveriesIn returns the rows of a run's people in a range.
	DeliveriesIn(ctx context.Context, run int64, within Range) ([]*Delivery, error)
	// ChoiceCounts counts a run's rows by state and choices.
	ChoiceCounts(ctx context.Context, run int64) ([]ChoiceCount, error)
}

var deliveryNames = [...]string{"none", "claimed", "sent", "failed", "in doubt", "skipped", "held out", "to be tried again"}

// String returns the state as people read it.
func (s DeliveryState) String() string {
	if int(s) < len(deliveryNames) {
		return deliveryNames[s]
	}
	return "unknown"
}

// DeliveryID names a row of the ledger for a Message-ID and a provider's tag: letters, digits and -, nothing about the person.
func DeliveryID(run, person int64, occasion int) string {
	id := strconv.FormatInt(run, 36) + "-" + strconv.FormatInt(person, 36)
	if occasion != 0 {
		id += "-" + strconv.Itoa(occasion)
	}
	return id
}

// ParseDeliveryID reads what DeliveryID wrote.
func ParseDeliveryID(id string) (run, person int64, occasion int, ok bool) {
	parts := strings.Split(id, "-")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, 0, 0, false
	}
	var errs [3]error
	run, errs[0] = strconv.ParseInt(parts[0], 36, 64)
	person, errs[1] = strconv.ParseInt(parts[1], 36, 64)
	if len(parts) == 3 {
		occasion, errs[2] = strconv.Atoi(parts[2])
	}
	ok = errors.Join(errs[:]...) == nil && DeliveryID(run, person, occasion) == id
	return run, person, occasion, ok
}
