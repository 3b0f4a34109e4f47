// Package store declares what Germane keeps and how the rest of the program asks for it: one small interface a noun, together one
// [Store]. Methods are written by intent ("step this chunk on"), never by table, so that every engine may do them in its own way;
// each is one transaction, and what it returned without an error survives a crash. Nothing here speaks SQL: that is sqlite's, and
// storetest holds every engine to the same promises.
//
// It leaves deciding to others: who is in an audience, what a rule says and when something is due come in as arguments, and so does
// the time. It does hold, whatever its callers do, what must never be wrong:
//
//   - a person has one delivery in a run and occasion, and its state only moves forward ([DeliveryState]);
//   - who withdrew stays withdrawn, and who was erased stays unknown, until an explicit [Suppressions] Readmit;
//   - the counts of a run add up.
//
// In the order things are called: People and Consents by imports; Versions, Campaigns and Runs by deploying and planning; Chunks
// and Deliveries by workers; Links and Events by the public server; Measures by reports; Keys and Switches by whoever starts.
package store

import (
	"context"
	"errors"
	"time"
)

// Store is everything that Germane keeps. It has more methods than we give an interface elsewhere, on purpose: its parts are the
// nouns, and most callers take only those they need.
type Store interface {
	People
	Consents
	Suppressions
	Keys
	Switches
	Topics
	Versions
	Campaigns
	Runs
	Chunks
	Deliveries
	Measures
	Events
	Notices
	Links
	Retention
	Workers
	Senders

	// Now is the database's clock, with which workers compare their own.
	Now(ctx context.Context) (time.Time, error)
	// Close ends what is open. Transactions under way finish first.
	Close() error
}

// Forms are numbers of migrations: which form the tables had when they were opened, 0 for a new database, and which one they have now.
type Forms struct{ Was, Is int64 }

// Database is a store, and what looking after it takes.
type Database interface {
	Store
	// Forms returns what opening did to the tables.
	Forms() Forms
	// Restored makes a database that went back in time fit to send again: open runs are cancelled, what they had claimed is in doubt,
	// those made since a time are entered again as cancelled, so that no occurrence is sent twice, and withdrawals, suppressions and
	// erasures since then are done again. It knows them from this machine's journal, and from files of other machines'. What was stopped
	// or held since is not known, so the database is disarmed. It returns how many runs are closed, and how many withdrawals are repeated.
	Restored(ctx context.Context, since, now time.Time, journals ...string) (runs, withdrawals int64, err error)
}

// Errors that callers tell apart.
var (
	// ErrNotFound: there is no such thing.
	ErrNotFound = errors.New("not found")
	// ErrNewerSchema: the database was made by a newer Germane.
	ErrNewerSchema = errors.New("the database was made by a newer germane")
	// ErrWentBack: the database is older than what was last seen of it, as after restoring a backup.
	ErrWentBack = errors.New("the database went back in time")
	// ErrExists: it is there already, and is not to be made twice.
	ErrExists = errors.New("exists already")
	// ErrAddressKey: nobody could be found with the key that was chosen for hashing addresses.
	ErrAddressKey = errors.New("the key that hashes addresses is not the one this database was made with")
	// ErrLost: the lease is somebody else's by now, or the run is not to go on.
	ErrLost = errors.New("the lease is lost")
	// ErrUnknown: the connection was lost while a change was being committed. It may have been made or not; only looking tells.
	ErrUnknown = errors.New("the connection was lost while committing, and nobody knows what became of the change")
)
