package postgres

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"germane/internal/testkit"
	"germane/store"
	"germane/store/storetest"
)

// dump keeps a copy of a database as its users do, and returns what puts it back into the same one.
func dump(t *testing.T, address string) (restore func()) {
	t.Helper()
	config, err := pgconn.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "dump")
	do := func(program string, args ...string) {
		t.Helper()
		args = append(args, "--host="+config.Host, "--username="+config.User, "--dbname="+config.Database)
		if out, err := exec.CommandContext(t.Context(), testkit.Program(t, program), args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", program, err, out)
		}
	}
	do("pg_dump", "--format=custom", "--file="+file)
	return func() {
		// pg_restore's --clean does not know in which order parts of tables are dropped.
		conn, err := pgx.Connect(t.Context(), address)
		if err == nil {
			defer conn.Close(t.Context())
			_, err = conn.Exec(t.Context(), `DROP SCHEMA public CASCADE; CREATE SCHEMA public`)
		}
		if err != nil {
			t.Fatal(err)
		}
		do("pg_restore", file)
	}
}

func TestRestoredDumpIsNoticed(t *testing.T) {
	t.Parallel()
	address, note := testkit.Postgres(t), filepath.Join(t.TempDir(), "note")
	var restore func()
	storetest.Restored(t, storetest.Backup{
		Open: func(accept bool) (store.Database, error) {
			s, err := Open(context.Background(), address, Options{Note: note, AcceptRestored: accept})
			if err != nil {
				return nil, err
			}
			return s, nil
		},
		Make:    func() { restore = dump(t, address) },
		Restore: func() { restore() },
	})
	for _, file := range []string{note + "-note", note + "-withdrawals"} {
		if data, err := os.ReadFile(file); err != nil || strings.Contains(string(data), "acme") || len(data) == 0 {
			t.Errorf("%s holds %q, %v", file, data, err)
		}
	}
}

// TestRestoredUnderLiveClients: a process that is running while a dump is put back stops by itself, on every machine, and what another
// machine remembers can be repeated from its journal. Once that is done, all machines go on.
func TestRestoredUnderLiveClients(t *testing.T) {
	t.Parallel()
	address, folder := testkit.Postgres(t), t.TempDir()
	here, there := Options{Note: filepath.Join(folder, "here")}, Options{Note: filepath.Join(folder, "there")}
	s, other := openAt(t, address, here), openAt(t, address, there)
	subscribe(t, s, 2)
	restore := dump(t, address)
	if err := other.Unsubscribe(t.Context(), 1, store.Withdrawal{At: noon}); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Now(t.Context()); err != nil {
		t.Fatal(err)
	}
	restore()
	if _, err := other.Now(t.Context()); !errors.Is(err, store.ErrWentBack) {
		t.Errorf("a running process said %v", err)
	}
	other.pool.Reset()
	if _, err := other.Run(t.Context(), 1); !errors.Is(err, store.ErrWentBack) {
		t.Errorf("a new connection said %v", err)
	}
	if _, err := Open(t.Context(), address, there); !errors.Is(err, store.ErrWentBack) {
		t.Errorf("opened: %v", err)
	}
	here.AcceptRestored = true
	repair := openAt(t, address, here)
	if _, n, err := repair.Restored(t.Context(), time.Now().Add(-time.Hour), time.Now(), other.note.Journal()); err != nil || n != 1 {
		t.Errorf("repeated %d, %v", n, err)
	}
	if _, err := repair.Now(t.Context()); err != nil {
		t.Error(err)
	}
	again := openAt(t, address, there)
	if consents, err := again.ConsentsOf(t.Context(), 1); err != nil || consents["tips"].State != 3 {
		t.Errorf("got %+v, %v", consents, err)
	}
	// A second time, with the same dump.
	restore()
	if _, err := Open(t.Context(), address, there); !errors.Is(err, store.ErrWentBack) {
		t.Errorf("opened: %v", err)
	}
}

// TestCopiedDatabaseIsNoticed: whoever opens a copy must not send what the original sends.
func TestCopiedDatabaseIsNoticed(t *testing.T) {
	t.Parallel()
	address := testkit.Postgres(t)
	s := openAt(t, address, Options{})
	subscribe(t, s, 1)
	s.Close()
	config, err := pgconn.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := pgx.Connect(t.Context(), strings.Replace(address, "dbname="+config.Database, "dbname=postgres", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(context.Background())
	name := config.Database + "_copy"
	if _, err := admin.Exec(t.Context(), `CREATE DATABASE `+name+` TEMPLATE `+config.Database); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), strings.Replace(address, "dbname="+config.Database, "dbname="+name, 1), Options{}); !errors.Is(err, store.ErrWentBack) {
		t.Errorf("opened: %v", err)
	}
	openAt(t, address, Options{})
}

// TestWithoutTheSystemIdentifier: where nobody may read it, the rest has to do.
func TestWithoutTheSystemIdentifier(t *testing.T) {
	t.Parallel()
	address := testkit.Postgres(t)
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	role := "plain_" + conn.Config().Database
	for _, statement := range []string{`REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC`, `CREATE ROLE ` + role + ` LOGIN`, `GRANT ALL ON SCHEMA public TO ` + role} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), address)
		if err == nil {
			_, err = conn.Exec(context.Background(), `DROP OWNED BY `+role+`; DROP ROLE `+role)
			conn.Close(context.Background())
		}
		if err != nil {
			t.Error(err)
		}
	})
	plain := strings.Replace(address, "user=postgres", "user="+role, 1)
	s := openAt(t, plain, Options{})
	if is := s.origin.Load(); is.server != "" || is.database == "" || is.timeline == "" {
		t.Errorf("it comes from %+v", is)
	}
	// Whoever may read it does, and then again somebody who may not.
	if is := openAt(t, address, Options{}).origin.Load(); is.server == "" {
		t.Errorf("it comes from %+v", is)
	}
	openAt(t, plain, Options{})
	s.Close()
}

// TestTakenOverByAReplica: what a replica did not get yet would be sent again, so that taking over counts as a restore.
func TestTakenOverByAReplica(t *testing.T) {
	t.Parallel()
	cluster := testkit.NewCluster(t)
	address := cluster.Address(cluster.Host)
	s := openAt(t, address, Options{})
	subscribe(t, s, 1)
	l := start(t, s, "1", 1)
	cluster.Stop()
	cluster.Start()
	s.pool.Reset()
	if _, err := s.Now(t.Context()); err != nil {
		t.Errorf("a Postgres that was stopped is another: %v", err)
	}
	cluster.Stop()
	cluster.Promote()
	step := &store.Step{Lease: l, Now: noon, Until: noon.Add(time.Hour), Decisions: []store.Decision{{Person: 1, State: store.Claimed, Topic: "tips"}}}
	for range 2 { // the first one may still find the old connection
		if _, err := s.Step(t.Context(), step); err == nil {
			t.Error("a claim was made after a replica had taken over")
		} else if errors.Is(err, store.ErrWentBack) {
			break
		}
	}
	if _, err := s.Now(t.Context()); !errors.Is(err, store.ErrWentBack) {
		t.Errorf("got %v", err)
	}
	if _, err := Open(t.Context(), address, Options{}); !errors.Is(err, store.ErrWentBack) {
		t.Errorf("opened: %v", err)
	}
	repair := openAt(t, address, Options{AcceptRestored: true})
	if runs, _, err := repair.Restored(t.Context(), noon, noon); err != nil || runs != 1 {
		t.Errorf("closed %d runs, %v", runs, err)
	}
	openAt(t, address, Options{})
}
