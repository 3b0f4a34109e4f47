// Package engines opens a database for tests: SQLite's, or Postgres's where GERMANE_TEST_DATABASE is postgres. So one suite holds what it
// tests to both, and `make test` runs it twice.
package engines

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"germane/internal/testkit"
	"germane/store"
	"germane/store/postgres"
	"germane/store/sqlite"
)

// Postgres reports which engine tests are about.
func Postgres() bool { return os.Getenv("GERMANE_TEST_DATABASE") == "postgres" }

// Address returns where a new database is to be, which ends with the test: what [At] opens, and GERMANE_DATABASE takes.
func Address(t testing.TB) string {
	t.Helper()
	if Postgres() {
		return locator(testkit.Postgres(t))
	}
	return filepath.Join(t.TempDir(), "germane.db")
}

// locator writes the address of a server on a socket as people and germane.yaml do.
func locator(address string) string {
	u, query := url.URL{Scheme: "postgres"}, url.Values{}
	for part := range strings.FieldsSeq(address) {
		switch name, value, _ := strings.Cut(part, "="); name {
		case "user":
			u.User = url.User(value)
		case "dbname":
			u.Path = "/" + value
		default:
			query.Set(name, value)
		}
	}
	u.RawQuery = query.Encode()
	return u.String()
}

// Open opens a new database, which closes with the test.
func Open(t testing.TB) store.Database {
	t.Helper()
	s, err := At(Address(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// At opens the database at an address. SQLite does not wait for the disk.
func At(address string) (store.Database, error) {
	ctx := context.Background() // a test's own is over when it is cleaned up
	if Postgres() {
		return opened(postgres.Open(ctx, address, postgres.Options{Connections: connections}))
	}
	return opened(sqlite.Open(ctx, address, sqlite.Options{Fast: true}))
}

// connections are few: many tests run side by side.
const connections = 6

func opened[S store.Database](s S, err error) (store.Database, error) {
	if err != nil {
		return nil, err // not a nil pointer in an interface
	}
	return s, nil
}
