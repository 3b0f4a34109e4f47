package sesfake

import (
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"time"
)

// Fate is what becomes of a mail that SES has taken, from the first notice to the last.
type Fate uint8

// The fates. SES says Send first, of each of them.
const (
	ByChance        Fate = iota // by the recipient, if it is one of SES's mailbox simulator, or else as the shares say
	Arrives                     // Delivery
	Bounces                     // Bounce, permanent: there is no such mailbox; SES puts the address on the account's suppression list
	BouncesSoftly               // Bounce, transient: the mailbox is full
	BouncesByPolicy             // Bounce, permanent, 5.7.1: the receiver has something against the sender
	Complains                   // Delivery, then Complaint of type abuse; SES puts the address on the account's suppression list
	SaysNotSpam                 // Delivery, then Complaint of type not-spam
	IsLate                      // DeliveryDelay, then Delivery
	IsRejected                  // Reject: a virus
	IsOnOwnList                 // Bounce, permanent: the address is on the account's suppression list
	IsOnEverybodys              // Bounce, permanent: the address is on the list that SES keeps for all accounts
)

// Shares are the fractions of mails that do not just arrive.
type Shares struct {
	Bounces, BouncesSoftly, BouncesByPolicy, Complains, SaysNotSpam, IsLate, IsRejected float64
}

const simulator = "simulator.amazonses.com"

// simulated are the mailboxes of SES's simulator (its developer guide, "Using the mailbox simulator"). ooto answers that nobody is in,
// by mail: to SES it is a delivery.
var simulated = map[string]Fate{"success": Arrives, "bounce": Bounces, "ooto": Arrives, "complaint": Complains, "suppressionlist": IsOnEverybodys}

// byChance decides for a mail. The same mail has the same fate, whenever it comes.
func (s *Shares) byChance(m *Mail, seed uint64) Fate {
	local, domain, _ := strings.Cut(strings.ToLower(m.To), "@")
	if local, _, _ = strings.Cut(local, "+"); domain == simulator {
		if fate, ok := simulated[local]; ok {
			return fate
		}
	}
	drawn := chance(m, seed).Float64()
	for _, x := range []struct {
		share float64
		fate  Fate
	}{
		{s.Bounces, Bounces},
		{s.BouncesSoftly, BouncesSoftly},
		{s.BouncesByPolicy, BouncesByPolicy},
		{s.Complains, Complains},
		{s.SaysNotSpam, SaysNotSpam},
		{s.IsLate, IsLate},
		{s.IsRejected, IsRejected},
	} {
		if drawn -= x.share; drawn < 0 {
			return x.fate
		}
	}
	return Arrives
}

// chance is a mail's own: others, and their order, change nothing of it.
func chance(m *Mail, seed uint64) *rand.Rand {
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(m.Tags["delivery"] + "\n" + m.To))
	return rand.New(rand.NewPCG(seed, sum.Sum64()))
}

// becomes is what SES says of a fate, in order.
func (f Fate) becomes() []Becomes {
	sent, delivered := Becomes{Type: "Send"}, Becomes{Type: "Delivery", After: time.Second}
	switch f {
	case Bounces:
		return []Becomes{sent, {Type: "Bounce", Bounce: "Permanent/General", Status: "5.1.1", After: time.Second}}
	case BouncesSoftly:
		return []Becomes{sent, {Type: "Bounce", Bounce: "Transient/MailboxFull", Status: "4.2.2", After: time.Second}}
	case BouncesByPolicy:
		return []Becomes{sent, {Type: "Bounce", Bounce: "Permanent/General", Status: "5.7.1", After: time.Second}}
	case Complains:
		return []Becomes{sent, delivered, {Type: "Complaint", Feedback: "abuse", After: time.Minute}}
	case SaysNotSpam:
		return []Becomes{sent, delivered, {Type: "Complaint", Feedback: "not-spam", After: time.Minute}}
	case IsLate:
		return []Becomes{sent, {Type: "DeliveryDelay", After: time.Second}, {Type: "Delivery", After: time.Minute}}
	case IsRejected:
		return []Becomes{sent, {Type: "Reject"}}
	case IsOnOwnList:
		return []Becomes{sent, {Type: "Bounce", Bounce: "Permanent/OnAccountSuppressionList", Status: "5.1.1"}}
	case IsOnEverybodys:
		return []Becomes{sent, {Type: "Bounce", Bounce: "Permanent/Suppressed", Status: "5.1.1"}}
	}
	return []Becomes{sent, delivered}
}
