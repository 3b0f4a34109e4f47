package store

import (
	"context"
	"time"
)

// Notice is what a provider said of one mail.
type Notice struct {
	Run, Person int64
	Occasion    int
	// The row must be of this campaign, and of this mail of the provider's if it knows of one: another database may send through the same
	// account, and its rows have the same names.
	Campaign, Provider string

	State   DeliveryState // what it proves: Sent, or Failed where the provider kept the mail to itself
	Reason  string        // why it failed
	Sent    time.Time     // when it was handed over
	Event   Event         // Kind "": the ledger says it all
	Address string        // whom the mail went to; "": not known
	Domain  string        // of the address
	// Suppress is why the address gets no mail any more; Reason "": it does. Withdraw ends, for a complaint, consent to these topics and
	// all others that the person has.
	Suppress Suppression
	Withdraw []string
	// Refused is the code with which a receiver refused the mail for what it is or whom it is from; "": it did not.
	Refused string
}

// SoftBounces says since when a mailbox has refused so much mail that there is no point in more; ok is false when it has not. The events
// are a person's deliveries, soft bounces and readmissions, oldest first; nothing but them counts.
type SoftBounces func(events []Event) (since time.Time, ok bool)

// Noticing is how notices are taken.
type Noticing struct {
	Judge Judge
	Soft  SoftBounces // nil: nobody is suppressed for soft bounces
}

// Notices keeps what providers say of mails.
type Notices interface {
	// TakeNotices does all that notices ask for, in one transaction, and says which are of mails of this database. What they leave does
	// not depend on their order, nor on how often they come.
	TakeNotices(ctx context.Context, notices []Notice, how Noticing) (known []bool, err error)
	// NoticeCounts counts what providers said of each run's mails, by when it happened.
	NoticeCounts(ctx context.Context, since time.Time) ([]NoticeCount, error)
	// EventChoices counts rows like ChoiceCounts, but only those of people with an event of a kind in the run.
	EventChoices(ctx context.Context, run int64, kind string) ([]ChoiceCount, error)
	// UntoldQuarantines returns suspicious hours of domains that nobody was told of, once.
	UntoldQuarantines(ctx context.Context) ([]DomainHour, error)
	// Quarantined returns who is kept back because of a domain, or "" of any, by domain and time.
	Quarantined(ctx context.Context, domain string) ([]Quarantine, error)
	// EndQuarantine decides about everybody who is kept back because of a domain: they are released, or stay suppressed as bounced.
	EndQuarantine(ctx context.Context, domain string, release bool) (people int64, err error)
}

// NoticeCount is how many mails of a run providers told the same of.
type NoticeCount struct {
	Run                                     int64
	Delivered, Bounced, Complained, Refused int64
	Code                                    string // with which most of those were refused
}

// NoticeSlot is how long what happened is counted together, and CountsKept how long counts are kept.
const (
	NoticeSlot = 5 * time.Minute
	CountsKept = 7 * 24 * time.Hour
)

// CountRefused is what counts call refusals; the others have their events' kinds.
const CountRefused = "refused"

// DomainHour is what became of the mails to one domain that were delivered or bounced in an hour.
type DomainHour struct {
	Domain        string
	Hour          time.Time
	Told, Bounced int64
}

const (
	quarantineTold    = 20   // of fewer mails nothing is concluded
	quarantineBounced = 5    // nor of fewer bounces; the engines' index of hours that nobody was told of has the number, too
	quarantineShare   = 0.05 // above it the domain is in trouble, not the mailboxes; the engines forget old hours by these, too
)

// Suspicious reports whether so many mails bounced that it says more of the domain than of each mailbox.
func (d *DomainHour) Suspicious() bool {
	return d.Told >= quarantineTold && d.Bounced >= quarantineBounced && float64(d.Bounced) > quarantineShare*float64(d.Told)
}

// Quarantine is somebody whose mail bounced in a suspicious hour. They get no mail until somebody decides.
type Quarantine struct {
	Person int64 // 0: there is nobody with this address any more
	Domain string
	Detail string
	At     time.Time
}
