package store

import (
	"context"
	"iter"
	"math"
	"time"

	"germane/audience"
)

// Person is someone as the store keeps them.
type Person struct {
	Number int64 // the store's own; never used again, also not after erasing
	audience.Stored
	Suppressed       bool // the address gets no mail at all
	Created, Updated time.Time
	Moved            time.Time // from another time zone; zero: never
}

// Range is the people whose numbers are from From up to, not including, To.
type Range struct{ From, To int64 }

// Everybody is the range of all numbers.
var Everybody = Range{From: 1, To: math.MaxInt64}

// People keeps who can be mailed.
type People interface {
	// Import applies updates in order, in one transaction, and says for each what came of it. It writes consent and its log, too.
	Import(ctx context.Context, updates []audience.Update, how Importing) ([]Outcome, error)
	// EachPerson goes through the people of a range in the order of their numbers, with their topics. It reads in small steps: what is
	// changed meanwhile may or may not be seen, and memory does not grow.
	EachPerson(ctx context.Context, within Range) iter.Seq2[*Person, error]
	// PersonByID, PersonByEmail and PersonByNumber find one person, or [ErrNotFound].
	PersonByID(ctx context.Context, id string) (*Person, error)
	PersonByEmail(ctx context.Context, email string) (*Person, error)
	PersonByNumber(ctx context.Context, number int64) (*Person, error)
	// Census counts people and says which numbers they have.
	Census(ctx context.Context) (Census, error)
	// ZoneCounts counts people by the time zone they have, as imported: "" is none, and any other name may be no zone. Of very many
	// names it returns the most frequent ones.
	ZoneCounts(ctx context.Context) (map[string]int64, error)
	// LastImport is when people were imported last, whether or not anything changed; zero: never.
	LastImport(ctx context.Context) (time.Time, error)
	// Forget erases a person: attributes, consent and events go; a keyed hash of the address stays, with what they withdrew from, so
	// that no import brings them back. Deliveries keep the number, which leads nowhere.
	Forget(ctx context.Context, email string, at time.Time) error
}

// Census is how many people there are.
type Census struct {
	People int64
	Within Range // smallest range that holds them all
}

// Importing is what is true of all rows of an import.
type Importing struct {
	At      time.Time      // of attributes that carry no time, and of consent
	Source  string         // where it comes from, for the consent log: "import"
	Basis   string         // of consent that the rows themselves state; "" when not known
	Consent []ConsentGrant // for everybody in it who never withdrew
	DryRun  bool           // say what would happen, change nothing
}

// ConsentGrant subscribes to a topic.
type ConsentGrant struct{ Topic, Basis string }

// Outcome is what came of one row of an import.
type Outcome struct {
	Result ImportResult
	Reason string // why it was rejected
}

// ImportResult is what an import did with a row.
type ImportResult uint8

// The results of a row.
const (
	Created ImportResult = iota + 1
	Updated
	Unchanged
	Rejected
)

// Consents keeps who may be mailed about what, and how that came about. Nothing turns a withdrawal back but Readmit.
type Consents interface {
	// ConsentsOf returns a person's consents by topic.
	ConsentsOf(ctx context.Context, person int64) (map[string]audience.Consent, error)
	// ConsentLog returns every change of a person's consents, oldest first.
	ConsentLog(ctx context.Context, person int64) ([]ConsentChange, error)
	// Unsubscribe withdraws a person from topics; none: from all that the person has, and those named. It may be called again.
	Unsubscribe(ctx context.Context, person int64, withdrawal Withdrawal) error
}

// ConsentChange is one line of the log.
type ConsentChange struct {
	Topic string
	audience.Consent
}

// Withdrawal is who withdrew how.
type Withdrawal struct {
	Topics []string
	Source string // "unsubscribe link", "preferences page", "command line"
	At     time.Time
}

// Suppression is a reason why an address gets no mail at all.
type Suppression struct {
	Reason SuppressionReason
	Detail string // such as the provider's words; never an address
	At     time.Time
	Domain string // of the address, of a bounce that may yet turn out to be the domain's fault; "" of all others, and when it is read
}

// Suppressing is an address that is to get no mail, and why.
type Suppressing struct {
	Email string
	Why   Suppression
}

// SuppressionReason is a word in reports.
type SuppressionReason string

// The reasons for suppression.
const (
	Bounced    SuppressionReason = "bounced"
	Complained SuppressionReason = "complained"
	ByHand     SuppressionReason = "by hand"
	Erased     SuppressionReason = "erased"
	// SoftBounced: one mail after another could not be delivered, for reasons that should have passed.
	SoftBounced SuppressionReason = "soft bounces"
	// InQuarantine is what a bounce is read as while its domain's hour is suspicious ([DomainHour]): it keeps mail away until somebody
	// decides.
	InQuarantine SuppressionReason = "quarantined"
)

// Suppressions keeps which addresses get no mail, by keyed hash: it knows them when asked, and cannot tell who they are.
type Suppressions interface {
	Suppress(ctx context.Context, email string, s Suppression) error
	// SuppressAll suppresses addresses, in one transaction, and returns how many were not suppressed for that reason before.
	SuppressAll(ctx context.Context, all []Suppressing) (fresh int, err error)
	// SuppressionsOf returns why an address gets no mail, oldest first.
	SuppressionsOf(ctx context.Context, email string) ([]Suppression, error)
	// Readmit lifts every suppression of an address, and subscribes the person again to the topics granted, even when they withdrew:
	// somebody must have asked for that. It returns [ErrNotFound] when there is nothing to lift.
	Readmit(ctx context.Context, email string, again Readmission) error
}

// Readmission is what somebody asked for.
type Readmission struct {
	Consent []ConsentGrant
	At      time.Time
}

// Key is a secret that signs or hashes.
type Key struct {
	ID      int
	Secret  []byte
	Created time.Time
}

// Keys keeps the secrets that making the database made. The one that hashes addresses is the engine's own and never changes.
type Keys interface {
	// SigningKeys returns the keys of a purpose, the newest first: it signs, all verify. The first call for a purpose makes one.
	SigningKeys(ctx context.Context, purpose string) ([]Key, error)
	// RotateKey makes a new key for a purpose; old ones still verify.
	RotateKey(ctx context.Context, purpose string, at time.Time) error
}

// Switch is on or off for every worker of the database.
type Switch struct {
	On   bool
	At   time.Time // when it was last turned; zero: never
	Note string    // who turned it, or why
}

// Topics numbers the topics that people subscribe to, because tokens name them for ever.
type Topics interface {
	// TopicNumber returns a topic's number, which is new when the topic is.
	TopicNumber(ctx context.Context, name string) (uint32, error)
	// TopicName returns the name of a number, or [ErrNotFound].
	TopicName(ctx context.Context, number uint32) (string, error)
}

// The names of switches.
const (
	SwitchArmed   = "armed"   // real delivery is allowed
	SwitchStopped = "stopped" // nothing is claimed
)

// Switches keeps what halts or allows sending.
type Switches interface {
	// Switches returns all that were ever turned, by name.
	Switches(ctx context.Context) (map[string]Switch, error)
	Turn(ctx context.Context, name string, to Switch) error
}
