package postgres

import (
	"errors"
	"io/fs"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"germane/internal/testkit"
	"germane/store"
	"germane/store/engine"
)

func TestWhoIsNotLetIn(t *testing.T) {
	t.Parallel()
	address := testkit.Postgres(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0") // takes connections, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	for name, c := range map[string]struct {
		address string
		want    error
		says    string
	}{
		"no database": {address + "nothing", ErrNoDatabase, "does not exist"},
		"no user":     {strings.Replace(address, "user=postgres", "user=nobody_here", 1), ErrPassword, `role "nobody_here" does not exist`},
		"no socket":   {"host=/nowhere user=postgres password=s3cret dbname=x", ErrUnreachable, "no such file"},
		"no server":   {"postgres://ann:s3cret@127.0.0.1:1/x?sslmode=disable", ErrUnreachable, "127.0.0.1:1"},
		"no answer":   {"postgres://ann:s3cret@" + silent.Addr().String() + "/x?connect_timeout=1&sslmode=disable", ErrUnreachable, "timeout"},
		"no host":     {"postgres://ann:s3cret@db.invalid/x", ErrUnreachable, "db.invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Open(t.Context(), c.address, Options{})
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) || strings.ContainsAny(err.Error(), "\n") || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestWhatIsAwayIsSaidInOneLine: logs repeat it.
func TestWhatIsAwayIsSaidInOneLine(t *testing.T) {
	t.Parallel()
	cluster := testkit.NewCluster(t)
	s, err := Open(t.Context(), cluster.Address(cluster.Host), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	cluster.Stop()
	for range 10 { // the first ones meet connections that have ended
		_, read := s.Runs(t.Context(), store.RunFilter{})
		written := s.PauseCampaign(t.Context(), "weekly", true, "")
		for _, err := range []error{read, written} {
			if err == nil || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %q", err)
			}
		}
		if errors.Is(read, ErrUnreachable) && errors.Is(written, ErrUnreachable) {
			return
		}
	}
	t.Error("nobody says that the server does not answer")
}

// TestWhoOnlyLooksMakesNothing: a database that is asked for as it is stays empty when it was.
func TestWhoOnlyLooksMakesNothing(t *testing.T) {
	t.Parallel()
	address := testkit.Postgres(t)
	if _, err := Open(t.Context(), address, Options{Made: true}); !errors.Is(err, ErrNotMade) {
		t.Fatalf("opened: %v", err)
	}
	pool, err := pgxpool.New(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var tables int
	if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`).Scan(&tables); err != nil || tables != 0 {
		t.Errorf("%d tables, %v", tables, err)
	}
	openAt(t, address, Options{})
	openAt(t, address, Options{Made: true})
}

// older makes a database of the form that a migration begins with.
func older(t *testing.T, address string, form int64) {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	db := stdlib.OpenDBFromPool(pool)
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files)
	if err == nil {
		_, err = provider.UpTo(t.Context(), form)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestOlderFormIsChangedOnRequest: opening a database that others may use does not change its tables, and nobody changes them while
// somebody sends.
func TestOlderFormIsChangedOnRequest(t *testing.T) {
	t.Parallel()
	address := testkit.Postgres(t)
	older(t, address, 2)
	if _, err := Open(t.Context(), address, Options{}); !errors.Is(err, ErrOlderForm) {
		t.Errorf("opened: %v", err)
	}
	s := &Store{}
	var err error
	if s.pool, err = pgxpool.New(t.Context(), address); err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	hold := func(until time.Time) {
		t.Helper()
		if _, err := s.pool.Exec(t.Context(), `INSERT INTO chunk (run, no, step, zone, low, high, not_before, members, owner, until) VALUES (1, 0, 0, '', 1, 2, 0, 1, 'host/1', $1)
			ON CONFLICT (run, no) DO UPDATE SET until = excluded.until`, engine.Milliseconds(until)); err != nil {
			t.Fatal(err)
		}
	}
	hold(time.Now().Add(time.Hour))
	if _, err := Open(t.Context(), address, Options{Migrate: true}); !errors.Is(err, ErrAtWork) || !strings.HasSuffix(err.Error(), ": host/1") {
		t.Errorf("migrated: %v", err)
	}
	hold(time.Now().Add(-time.Hour))
	migrated := openAt(t, address, Options{Migrate: true})
	if forms := migrated.Forms(); forms.Was != 2 || forms.Is <= 2 {
		t.Errorf("forms %+v", forms)
	}
	if forms := openAt(t, address, Options{}).Forms(); forms.Was != forms.Is || (store.Forms{}) == forms {
		t.Errorf("opened again: forms %+v", forms)
	}
}

// TestChangedMeanwhile: a process that had no lease while somebody migrated, as it was only starting or stood still, works no more.
func TestChangedMeanwhile(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	if _, err := s.Now(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.pool.Exec(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, true)`); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Now(t.Context()); !errors.Is(err, store.ErrNewerSchema) {
		t.Errorf("got %v", err)
	}
}
