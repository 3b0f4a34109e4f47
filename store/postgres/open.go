// Package postgres keeps everything in a Postgres of version 15 or later, for any number of machines: jackc/pgx, spoken to natively.
//
// Here writers work side by side, so what SQLite has from its one writer is said in each transaction. What must not change while
// something is done is locked first, always in this order (locks.go): whether sending is stopped, the run, the people, the chunk's
// row, the rows of deliveries. A transaction that Postgres ends because two waited for each other is done again. Claims are committed
// with synchronous_commit: one that a power cut could take back would be a mail sent twice.
//
// Many rows are written with one statement, as arrays. A prepared statement may have been planned while a table or a new partition was
// empty, and is not planned again before Postgres has counted its rows: so statements that go through many rows reach them by INSERT …
// ON CONFLICT or by LATERAL … LIMIT, which leave the planner no way but the index or the whole table, and connections think little of
// whole tables (enable_seqscan). A test asks for these plans.
//
// What grows with every mail is partitioned. Deliveries are by a thousand numbers of runs, which are of one month, events by month, so
// that what is too old is dropped ([Store.Expire]); places under caps are by person. Whoever makes the first run or event of a month
// makes its partition. DDL never waits long for a table that others use (months.go).
//
// A database that went back in time would send again what it does not know it sent. It is recognised by its cluster's system identifier,
// its own number there and the timeline of the write-ahead log, which the table `ledger` keeps, and by how often the ledger was written,
// which a file on each machine keeps. So a dump that was restored, a copy, a recovery to some moment, and also a replica that took over
// are refused ([store.ErrWentBack]), when opened and by processes that run, until [Store.Restored] was called: a replica may lack the last
// claims. pg_upgrade makes another cluster, and counts as well. Where a provider keeps the system identifier to itself, and no file is
// given, a dump that replaces the tables of the same database is not noticed.
//
//  1. [Open] looks at Postgres's version, brings the tables to this program's form with goose, makes the key that hashes addresses, and
//     looks where the database comes from (restored.go).
//  2. The methods are in one file a noun: person.go, consent.go, run.go, delivery.go and so on.
package postgres

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"germane/store"
	"germane/store/engine"
)

// Options is how a database is opened. The zero value is right.
type Options struct {
	// AddressKey overrides the key that addresses are hashed with; empty: the one that the database made. It can be chosen only when
	// the database is new: nobody could be found with another.
	AddressKey []byte
	// Connections is how many this process has at most; 0: what the address says, or else as many as pgx thinks right.
	Connections int
	// Note is what the names of files on this machine begin with that notice a restored backup, and repeat what it does not know
	// ([engine.Note]); their folder must be there. "": there are none.
	Note string
	// AcceptRestored opens a database that went back in time, so that [Store.Restored] can repair it.
	AcceptRestored bool
	// Migrate brings a database that is in use to this program's form. A new one is made by whoever opens it.
	Migrate bool
	// Made refuses a database that nobody made yet ([ErrNotMade]), for whoever only looks.
	Made bool
}

// Store is a database. Any number of goroutines may use it.
type Store struct {
	pool      *pgxpool.Pool
	addresses engine.AddressKey
	forms     store.Forms
	months    months

	note    *engine.Note // nil: nothing is noted
	seen    int64        // how often the ledger was written, as the note said when it was opened
	written atomic.Int64 // how often by now, as far as this process knows
	origin  atomic.Pointer[origin]
}

// Forms returns what opening did to the tables.
func (s *Store) Forms() store.Forms { return s.forms }

var _ store.Database = (*Store)(nil)

//go:embed migrations/*.sql
var migrations embed.FS

// Open opens a database by its address, postgres://… or key=value pairs, and brings its tables to the current form.
func Open(ctx context.Context, address string, o Options) (*Store, error) {
	s := &Store{}
	if err := s.open(ctx, address, o); err != nil {
		s.Close()
		return nil, fmt.Errorf("open the database: %w", refusal(err))
	}
	return s, nil
}

// settings are those of every connection. Whoever lost touch in the middle of a transaction must not hold its locks for long: others wait
// for them, and a worker stops sending when for 8 s it could not agree on its share of the rate. No change of ours takes a breath that long.
var settings = map[string]string{
	"application_name":                    "germane",
	"synchronous_commit":                  "on",
	"enable_seqscan":                      "off", // see the package's comment on plans
	"jit":                                 "off",
	"plan_cache_mode":                     "force_generic_plan", // with a plan for each value Postgres would plan most statements every time
	"default_transaction_isolation":       "read committed",
	"idle_in_transaction_session_timeout": "5000",
}

const connectTime = 10 * time.Second

func (s *Store) open(ctx context.Context, address string, o Options) error {
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return err // pgx leaves out the password
	}
	for name, value := range settings {
		config.ConnConfig.RuntimeParams[name] = value
	}
	if config.ConnConfig.ConnectTimeout == 0 { // nobody chose one: a server that is gone without a word must not keep us for minutes
		config.ConnConfig.ConnectTimeout = connectTime
	}
	if o.Connections > 0 {
		config.MaxConns = int32(o.Connections)
	}
	config.MaxConns = max(config.MaxConns, 2) // migrating holds a lock on one and works on another
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error { return s.stillThere(ctx, conn) }
	if s.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return err
	}
	if err := s.checkVersion(ctx); err != nil {
		return err
	}
	if o.Made {
		if err := s.checkMade(ctx); err != nil {
			return err
		}
	}
	if err := s.migrate(ctx, o.Migrate); err != nil {
		return err
	}
	if err := s.openAddressKey(ctx, o.AddressKey); err != nil {
		return err
	}
	if err := s.openNote(ctx, o); err != nil {
		return err
	}
	return s.holdMonth(ctx, time.Now())
}

// oldest is the oldest Postgres that the suite was run with.
const oldest = 150000

func (s *Store) checkVersion(ctx context.Context) error {
	var number int
	var version string
	const query = `SELECT current_setting('server_version_num')::int, current_setting('server_version')`
	if err := s.pool.QueryRow(ctx, query).Scan(&number, &version); err != nil {
		return err
	}
	if number < oldest {
		return fmt.Errorf("%w: it is Postgres %s, and germane needs 15 or later", ErrOldServer, version)
	}
	return nil
}

// checkMade looks before goose does, which makes a table of its own to look into.
func (s *Store) checkMade(ctx context.Context) error {
	var made bool
	if err := s.pool.QueryRow(ctx, `SELECT to_regclass('goose_db_version') IS NOT NULL`).Scan(&made); err != nil {
		return err
	}
	if !made {
		return ErrNotMade
	}
	return nil
}

// migrate brings the tables to the newest form, while nobody else does and nobody sends. A database that is further than we know is
// somebody newer's.
func (s *Store) migrate(ctx context.Context, asked bool) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1, 0)`, lockForms); err != nil {
		return fmt.Errorf("wait for other migrations: %w", err)
	}
	defer conn.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1, 0)`, lockForms)

	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	db := stdlib.OpenDBFromPool(s.pool) // goose speaks to database/sql only
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	is, newest, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the database's form: %w", err)
	}
	if is > newest {
		return fmt.Errorf("%w: its tables have form %d, this one knows %d", store.ErrNewerSchema, is, newest)
	}
	s.forms = store.Forms{Was: is, Is: newest}
	if is == newest {
		return nil
	}
	if err := s.mayChange(ctx, conn, is, newest, asked); err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("bring the tables to form %d: %w", newest, err)
	}
	return nil
}

// Close closes the connections, after what they are doing.
func (s *Store) Close() error {
	if s.pool != nil {
		s.pool.Close()
	}
	return s.note.Close()
}
