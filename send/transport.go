package send

import "context"

// Transport delivers mails. Any number of goroutines may use it, each of which has at most one mail on its way.
type Transport interface {
	// Send offers one mail. Ending the context keeps a mail from being sent; once its last byte may be on its way, Send waits for the
	// answer in spite of it, because a mail that nobody waited for is in doubt.
	Send(ctx context.Context, m *Mail) Result
	// Check finds out whether mails could be sent now, without sending any.
	Check(ctx context.Context) error
	// Close says goodbye on idle connections.
	Close() error
}

// Limited is a transport that knows its account's limits.
type Limited interface {
	Limits(ctx context.Context) (Limits, error)
}

// Limits are what a provider allows an account.
type Limits struct {
	PerSecond float64 // mails
	PerDay    float64 // mails in 24 hours; negative: no limit
	Used      float64 // of these
	Stopped   string  // why nothing can be sent; "": it can
}

// Mail is a finished message on its way to one person.
type Mail struct {
	ID    string // the delivery, opaque, the same at each try: A-Z a-z 0-9 _ - and at most 128 of them
	From  string // the envelope's sender, where bounces go
	To    string // the only recipient, its domain in ASCII
	Bytes []byte // the complete MIME message with CRLF, 7 bit; it is not kept
	Tags  []Tag  // what SES shall repeat in its notices
}

// Tag is a name and a value, both opaque: A-Z a-z 0-9 _ - and at most 256 of them, never anything about a person.
type Tag struct{ Name, Value string }

// Outcome is what is certain about a mail after it was offered.
type Outcome uint8

// The outcomes. Only the last two are about this mail alone.
const (
	InDoubt   Outcome = iota // it may have been sent: never send it again by itself
	Sent                     // the provider has taken it
	NotSent                  // certainly not sent, and nothing speaks against another try
	Throttled                // refused because of the speed: slow down, try again in seconds
	Quota                    // refused because the day's mails are used up: wait until GetAccount says otherwise
	Stopped                  // the sender can send nothing until somebody has done something about it
	Refused                  // this mail is refused for good
)

var outcomes = [...]string{"in doubt", "sent", "not sent", "throttled", "quota", "stopped", "refused"}

func (o Outcome) String() string {
	return outcomes[o]
}

// Result is what became of a mail.
type Result struct {
	Outcome Outcome
	ID      string // the provider's, of a mail that was sent; "": it said none
	Code    string // what the ledger keeps: "smtp 550 5.1.1", "ses MessageRejected", "connect"; "" when sent
	Text    string // the provider's words without the recipient's address, for logs and people
	// PushedBack: the recipient's domain wants fewer mails for a while. Where the outcome is Throttled, that is why.
	PushedBack bool
}
