package store

import "context"

// Senders counts what senders send a day that are still getting known. Days are numbers; which mails a sender's are, its caller knows.
type Senders interface {
	// GrantMails lets a sender send some of a day's mails: as many as give says. It gets the day's number since the sender's first
	// one, from 0, and how many are granted already; no two are asked for a sender at once.
	GrantMails(ctx context.Context, sender string, day int64, give func(nth int, granted int64) int64) (mails int64, err error)
	// ReturnMails gives back what was granted of a day and not sent. A day of which everything came back was none.
	ReturnMails(ctx context.Context, sender string, day, mails int64) error
	// GrantedMails returns a day's number since the sender's first one, from 0, and how many mails are granted of it.
	GrantedMails(ctx context.Context, sender string, day int64) (nth int, granted int64, err error)
}
