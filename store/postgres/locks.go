package postgres

import (
	"slices"

	"github.com/jackc/pgx/v5"
)

// The kinds of advisory locks; what follows each is its number. They are taken in this order, before any row.
const (
	lockForms  = 0x6765726d + iota // the form of the tables, while they are brought to it
	lockMaking                     // making what is made once: keys, versions, topics
	lockImport                     // changing who there is and by which address they are known
	lockStop                       // the switches: steps share it, turning one is alone
	lockRun                        // a run's state and version: steps share it, changing them is alone
	lockPeople                     // people by bucket: what counts for their caps, and whether they may be mailed
	lockShare                      // the shares of a sender's rate
)

const (
	lockAlone  = `SELECT pg_advisory_xact_lock($1::int, $2::int)`
	lockShared = `SELECT pg_advisory_xact_lock_shared($1::int, $2::int)`
)

// alone waits until nobody else has a lock, and keeps it until the transaction ends.
func (t *transaction) alone(kind, number int64) error { return t.run(lockAlone, kind, number) }

// shared waits until nobody has a lock alone.
func (t *transaction) shared(kind, number int64) error { return t.run(lockShared, kind, number) }

// runLock folds a run's number to a lock's. Two runs that share one only wait for each other now and then.
func runLock(run int64) int64 { return run & 0x7fffffff }

// Locks are held in a table of Postgres's that has room for some thousands: people share 2048, those of a chunk mostly one or two.
const (
	bucketPeople = 1 << 10
	buckets      = 1 << 11
)

func bucket(person int64) int32 { return int32(person / bucketPeople % buckets) }

// people waits until nobody else decides about these people.
func (t *transaction) people(numbers ...int64) error {
	batch := &pgx.Batch{}
	queuePeople(batch, numbers)
	return t.send(batch)
}

// queuePeople locks buckets in their order, so that no two wait for each other.
func queuePeople(batch *pgx.Batch, numbers []int64) {
	var all []int32
	for _, person := range numbers {
		if b := bucket(person); len(all) == 0 || all[len(all)-1] != b {
			all = append(all, b)
		}
	}
	slices.Sort(all)
	for _, b := range slices.Compact(all) {
		batch.Queue(lockAlone, lockPeople, b)
	}
}
