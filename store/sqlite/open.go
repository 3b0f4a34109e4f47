// Package sqlite keeps everything in one file, for one machine: modernc.org/sqlite, which needs no C compiler.
//
// There is one connection that writes, and a few that only read. A change is one transaction on the writer, begun IMMEDIATE (a
// transaction that starts by reading could not wait its turn) and committed with synchronous=FULL: a claim that a power cut could
// take back would be a mail sent twice. Readers see the last commit (write-ahead log) and go through tables by key, a page at a
// time, so that none keeps the log from being folded back. Every statement stands beside the method that runs it and is prepared
// once a connection.
//
//  1. [Open] looks at SQLite's version, brings the tables to this program's form with goose, makes the key
//     that hashes addresses, and compares the database with the note beside the file (note.go).
//  2. The methods are in one file a noun: person.go, consent.go, run.go, delivery.go and so on.
package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"germane/store"
	"germane/store/engine"
)

// Options is how a database is opened. The zero value is right but for tests.
type Options struct {
	// AddressKey overrides the key that addresses are hashed with; empty: the one that the database made. It can be chosen only when
	// the database is new: nobody could be found with another.
	AddressKey []byte
	// Readers is how many connections read; 0: 4.
	Readers int
	// Fast gives up surviving a power cut: for tests of the engine that need no disk.
	Fast bool
	// AcceptRestored opens a database that went back in time, so that [Store.Restored] can repair it.
	AcceptRestored bool
}

// Store is a database file. Any number of goroutines may use it.
type Store struct {
	writer *writer
	readers
	addresses engine.AddressKey
	note      *engine.Note // nil until it is open
	forms     store.Forms
}

// Forms returns what opening did to the tables.
func (s *Store) Forms() store.Forms { return s.forms }

var _ store.Database = (*Store)(nil)

//go:embed migrations/*.sql
var migrations embed.FS

// Open opens a database file, making it or bringing it to the current form.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	s := &Store{}
	if err := s.open(ctx, path, o); err != nil {
		s.Close()
		return nil, fmt.Errorf("open the database %s: %w", path, err)
	}
	return s, nil
}

func (s *Store) open(ctx context.Context, path string, o Options) error {
	if err := makePrivate(path); err != nil {
		return err
	}
	// An import goes all over the indexes: it is a fifth faster when they stay in memory (64 MB: a million people) and when the log is
	// folded back every 128 MB instead of after each batch.
	db, err := openPool(path, 1, []string{"synchronous(FULL)", "cache_size(-65536)", "wal_autocheckpoint(32768)"}, o.Fast)
	if err != nil {
		return err
	}
	s.writer = &writer{db: db, turn: make(chan struct{}, 1)}
	if err := checkVersion(ctx, db); err != nil {
		return err
	}
	if s.forms, err = migrate(ctx, db); err != nil {
		return err
	}
	if s.writer.conn, err = db.Conn(ctx); err != nil {
		return err
	}
	s.writer.statements = map[string]*sql.Stmt{}
	if s.readers.db, err = openPool(path, cmp.Or(o.Readers, 4), []string{"query_only(1)", "cache_size(-8192)"}, o.Fast); err != nil {
		return err
	}
	if err := s.openAddressKey(ctx, o.AddressKey); err != nil {
		return err
	}
	return s.openNote(ctx, path, o.AcceptRestored)
}

// makePrivate makes a new file that only its owner can read; SQLite gives those beside it the same rights. One that is there is not
// even opened: closing it would let go of this process's locks on it (https://sqlite.org/howtocorrupt.html, 2.2).
func makePrivate(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return file.Close()
}

// openPool opens connections to a file. Their settings go with the name, so that every connection has them.
func openPool(path string, connections int, settings []string, fast bool) (*sql.DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	// modernc.org/sqlite waits for no lock and asks for no foreign keys by itself.
	query := url.Values{
		"_txlock": {"immediate"},
		"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "foreign_keys(1)", "temp_store(MEMORY)", "journal_size_limit(67108864)", "secure_delete(FAST)"},
	}
	query["_pragma"] = append(query["_pragma"], settings...)
	if fast {
		query.Add("_pragma", "synchronous(OFF)")
	}
	name := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: query.Encode()}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// oldest is the first SQLite in which two connections to one write-ahead log cannot damage the database
// (https://sqlite.org/wal.html#walresetbug).
var oldest = [3]int{3, 51, 3}

func checkVersion(ctx context.Context, db *sql.DB) error {
	var version string
	if err := db.QueryRowContext(ctx, `SELECT sqlite_version()`).Scan(&version); err != nil {
		return err
	}
	if versionBelow(version, oldest) {
		return fmt.Errorf("SQLite %s can damage a database that two processes use; build germane with 3.51.3 or later", version)
	}
	return nil
}

func versionBelow(version string, least [3]int) bool {
	for i, part := range strings.SplitN(version, ".", 3) {
		n, err := strconv.Atoi(part)
		if err != nil || n < least[i] {
			return true
		}
		if n > least[i] {
			return false
		}
	}
	return false
}

// migrate brings the tables to the newest form. A database that is further than we know is somebody newer's.
func migrate(ctx context.Context, db *sql.DB) (store.Forms, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return store.Forms{}, err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return store.Forms{}, fmt.Errorf("read migrations: %w", err)
	}
	is, newest, err := provider.GetVersions(ctx)
	if err != nil {
		return store.Forms{}, fmt.Errorf("read the database's form: %w", err)
	}
	if is > newest {
		return store.Forms{}, fmt.Errorf("%w: its tables have form %d, this one knows %d", store.ErrNewerSchema, is, newest)
	}
	forms := store.Forms{Was: is, Is: newest}
	if is == newest {
		return forms, nil
	}
	if _, err := provider.Up(ctx); err != nil {
		// Two processes may open a new database at once: the second one finds everything done.
		if is, _, again := provider.GetVersions(ctx); again != nil || is != newest {
			return store.Forms{}, fmt.Errorf("bring the tables to form %d: %w", newest, err)
		}
	}
	return forms, nil
}

// Close closes the connections.
func (s *Store) Close() error {
	var problems []error
	if s.writer != nil {
		problems = append(problems, s.writer.close())
	}
	if s.readers.db != nil {
		problems = append(problems, s.readers.close())
	}
	problems = append(problems, s.note.Close())
	return errors.Join(problems...)
}
