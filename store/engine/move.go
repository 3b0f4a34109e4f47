package engine

import (
	"context"
	"errors"
	"iter"
	"time"
)

// Table is a table that both engines have, with columns of the same names.
type Table struct {
	Name   string
	Key    []string // names a row
	Number string   // the column whose numbers the table gives itself and never again; "": none
	Own    bool     // a database that is still empty has rows of its own in it, which those that come replace
}

// Tables are those that hold what is kept, in the order in which they are copied: runs before what is kept by run.
func Tables() []Table {
	return []Table{
		{Name: "secret", Key: []string{"purpose", "id"}, Own: true},
		{Name: "switch", Key: []string{"name"}, Own: true},
		{Name: "topic", Key: []string{"number"}, Number: "number"},
		{Name: "person", Key: []string{"number"}, Number: "number"},
		{Name: "consent", Key: []string{"person", "topic"}},
		{Name: "consent_log", Key: []string{"entry"}, Number: "entry"},
		{Name: "withdrawal", Key: []string{"address", "topic"}},
		{Name: "suppression", Key: []string{"address", "reason"}},
		{Name: "version", Key: []string{"number"}, Number: "number"},
		{Name: "content", Key: []string{"hash"}},
		{Name: "version_file", Key: []string{"version", "path"}},
		{Name: "asset", Key: []string{"hash", "name", "version"}},
		{Name: "link", Key: []string{"version", "message", "id"}},
		{Name: "variant", Key: []string{"version", "campaign", "block_number", "number"}},
		{Name: "campaign", Key: []string{"name"}},
		{Name: "run", Key: []string{"id"}, Number: "id"},
		{Name: "run_version", Key: []string{"run", "pin"}},
		{Name: "chunk", Key: []string{"run", "no"}},
		{Name: "delivery", Key: []string{"run", "person", "occasion"}},
		{Name: "touch", Key: []string{"person", "at", "run"}},
		{Name: "event", Key: []string{"id"}, Number: "id"},
		{Name: "notice_count", Key: []string{"slot", "run", "kind", "code"}},
		{Name: "domain_hour", Key: []string{"hour", "domain"}},
		{Name: "sender_day", Key: []string{"sender", "day"}},
	}
}

// Stays says of all other tables why they are not copied.
func Stays(table string) (why string) {
	return map[string]string{
		"ledger":           "which database this is, and how often it was written",
		"event_key":        "made of the events",
		"goose_db_version": "the form of the tables",
		"worker":           "processes that send from it now",
		"sqlite_sequence":  "copied as numbers",
	}[table]
}

// Mover is a database of an engine, whose tables can be read and filled as a whole.
type Mover interface {
	// ReadAll calls f while nobody else writes anything; it returns [ErrInUse] when somebody works on it. What f changed counts when it
	// returns nil.
	ReadAll(ctx context.Context, f func(r Reader) error) error
	// FillAll calls f while nobody else writes anything, and without what else watches over the tables. All or nothing of what f wrote
	// is there afterwards.
	FillAll(ctx context.Context, f func(w Writer) error) error
}

// Reader reads tables. A value is an int64, a string, a []byte or nil.
type Reader interface {
	Columns(table string) ([]string, error)
	Empty(table string) (bool, error)
	// Rows goes through a table in any order; nothing else may be read meanwhile. A row is not used again by the reader.
	Rows(t Table, columns []string) iter.Seq2[[]any, error]
	// Next returns the number that the table's next row would get.
	Next(t Table) (int64, error)
	// Stop has nobody send from this database any more.
	Stop(note string, at time.Time) error
}

// Writer fills tables, too.
type Writer interface {
	Reader
	// Write puts rows in the place of a table's.
	Write(t Table, columns []string, rows iter.Seq2[[]any, error]) error
	SetNext(t Table, next int64) error
}

var (
	// ErrInUse: others work on the database.
	ErrInUse = errors.New("somebody works on it")
	// ErrNotEmpty: there is something in the database already.
	ErrNotEmpty = errors.New("it is not empty")
	// ErrStopped: the copy did not come about, and nobody sends from where it was to be made of.
	ErrStopped = errors.New("the database that was copied is stopped")
)
