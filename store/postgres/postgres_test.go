package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"germane/audience"
	"germane/internal/testkit"
	"germane/store"
	"germane/store/storetest"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// openAt opens a database, which closes with the test.
func openAt(t testing.TB, address string, o Options) *Store {
	t.Helper()
	s, err := Open(context.Background(), address, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// openTest opens an empty database.
func openTest(t testing.TB) *Store {
	t.Helper()
	return openAt(t, testkit.Postgres(t), Options{})
}

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) store.Store { return openTest(t) })
}

func TestSettings(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	for name, want := range map[string]string{"synchronous_commit": "on", "transaction_isolation": "read committed", "idle_in_transaction_session_timeout": "5s"} {
		var got string
		if err := s.pool.QueryRow(t.Context(), `SELECT current_setting($1)`, name).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, %v; want %s", name, got, err, want)
		}
	}
	var version string
	if err := s.pool.QueryRow(t.Context(), `SELECT version()`).Scan(&version); err != nil {
		t.Error(err)
	}
	t.Log(version)
}

// TestOpenedAtOnce opens a new database as many workers that start together do.
func TestOpenedAtOnce(t *testing.T) {
	t.Parallel()
	address := testkit.Postgres(t)
	var group sync.WaitGroup
	var keys [4][]byte
	for i := range keys {
		group.Go(func() {
			s, err := Open(t.Context(), address, Options{Connections: 2})
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			keys[i] = s.addresses.Hash("ann@acme.example")
			if forms := s.Forms(); forms.Is < 2 || forms.Was != 0 && forms.Was != forms.Is {
				t.Errorf("forms are %+v", forms)
			}
		})
	}
	group.Wait()
	for i := range keys {
		if string(keys[i]) != string(keys[0]) {
			t.Error("two of them hash addresses with different keys")
		}
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	address := testkit.Postgres(t)
	s := openAt(t, address, Options{})
	if _, err := s.pool.Exec(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, true)`); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), address, Options{}); !errors.Is(err, store.ErrNewerSchema) {
		t.Errorf("got %v", err)
	}
}

func TestAddressKey(t *testing.T) {
	t.Parallel()
	address := testkit.Postgres(t)
	openAt(t, address, Options{AddressKey: []byte("chosen")})
	for key, fits := range map[string]bool{"chosen": true, "": false, "other": false} {
		s, err := Open(t.Context(), address, Options{AddressKey: []byte(key)})
		if errors.Is(err, store.ErrAddressKey) == fits {
			t.Errorf("%q: %v", key, err)
		}
		if err == nil {
			s.Close()
		}
	}
}

// TestTextsThatCannotBeKept: what comes from outside may hold what Postgres refuses.
func TestTextsThatCannotBeKept(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	outcomes, err := s.Import(t.Context(), []audience.Update{
		{ID: "a\x00", Email: "a@acme.example"},
		{ID: "b", Email: "b@acme.example", Locale: "\xff"},
		{ID: "c", Email: "c@acme.example", Attributes: []byte(`{"plan":"a\u0000b"}`)},
	}, store.Importing{At: noon})
	if err != nil || outcomes[0].Result != store.Rejected || outcomes[1].Result != store.Rejected || outcomes[2].Result != store.Created {
		t.Errorf("got %+v, %v", outcomes, err)
	}
	if _, err := s.PersonByID(t.Context(), "a\x00"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if _, err := s.AssetContent(t.Context(), "\xff", "x"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	if n, err := s.AddEvents(t.Context(), []store.Event{{At: noon, Kind: store.EventClick, Agent: "x\x00\xff"}}); err != nil || n != 1 {
		t.Errorf("added %d, %v", n, err)
	}
}

// TestImportHandsAddressesOn has people exchange addresses in one batch, which no single statement may do in any order.
func TestImportHandsAddressesOn(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	do := func(updates ...audience.Update) {
		t.Helper()
		outcomes, err := s.Import(t.Context(), updates, store.Importing{At: noon})
		for i, outcome := range outcomes {
			if outcome.Result == store.Rejected || err != nil {
				t.Fatalf("row %d: %+v, %v", i, outcome, err)
			}
		}
	}
	do(audience.Update{ID: "ann", Email: "1@acme.example", Topics: []audience.TopicConsent{{Topic: "tips", State: audience.ConsentUnsubscribed}}}, audience.Update{ID: "bob", Email: "2@acme.example"})
	do(audience.Update{ID: "ann", Email: "3@acme.example"}, audience.Update{ID: "bob", Email: "1@acme.example"}, audience.Update{ID: "ann", Email: "2@acme.example"},
		audience.Update{ID: "kim", Email: "3@acme.example"})
	for email, id := range map[string]string{"1@acme.example": "bob", "2@acme.example": "ann", "3@acme.example": "kim"} {
		p, err := s.PersonByEmail(t.Context(), email)
		if err != nil || p.ID != id {
			t.Errorf("%s is of %+v, %v; want %s", email, p, err, id)
			continue
		}
		// Ann withdrew, and had each of the addresses: whoever has them now is taken to be the same reader.
		if len(p.Topics) != 1 || p.Topics[0].State != audience.ConsentUnsubscribed {
			t.Errorf("%s has the topics %+v", id, p.Topics)
		}
	}
}

func TestCollisionsAreTriedAgain(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	tries := 0
	err := s.change(t.Context(), "collide", func(t *transaction) error {
		if tries++; tries < 3 {
			return fmt.Errorf("step: %w", &pgconn.PgError{Code: "40P01"})
		}
		return t.written()
	})
	if err != nil || tries != 3 {
		t.Errorf("%d tries, %v", tries, err)
	}
	tries = 0
	if err := s.change(t.Context(), "fail", func(*transaction) error { tries++; return store.ErrNotFound }); !errors.Is(err, store.ErrNotFound) || tries != 1 {
		t.Errorf("%d tries, %v", tries, err)
	}
}

func TestPanicLeavesNoTransaction(t *testing.T) {
	t.Parallel()
	s := openAt(t, testkit.Postgres(t), Options{Connections: 2})
	for range 4 {
		func() {
			defer func() { recover() }()
			s.change(t.Context(), "panic", func(t *transaction) error {
				if err := t.alone(lockStop, 0); err != nil {
					return err
				}
				panic("x")
			})
		}()
	}
	if err := s.Turn(t.Context(), "armed", store.Switch{On: true}); err != nil {
		t.Error(err)
	}
}

// BenchmarkImport is people a second: `go test ./store/postgres -run - -bench Import -benchtime 1x`. GERMANE_BENCH_PEOPLE says how many.
// The Postgres of tests does not wait for the disk.
func BenchmarkImport(b *testing.B) {
	people := 100_000
	if n, err := strconv.Atoi(os.Getenv("GERMANE_BENCH_PEOPLE")); err == nil {
		people = n
	}
	for range b.N {
		s := openTest(b)
		for _, pass := range []string{"new", "same", "fresher", "consent"} {
			start := time.Now()
			importMany(b, s, people, pass)
			b.ReportMetric(float64(people)/time.Since(start).Seconds(), pass+"/s")
		}
		start := time.Now()
		n := 0
		for _, err := range s.EachPerson(b.Context(), store.Everybody) {
			if n++; err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(n)/time.Since(start).Seconds(), "read/s")
	}
}

// importMany imports people of ten attributes as a command would: in batches.
func importMany(b *testing.B, s *Store, people int, pass string) {
	const batch = 20_000
	how := store.Importing{At: noon, Source: "import"}
	switch pass {
	case "fresher":
		how.At = noon.Add(time.Hour)
	case "consent":
		how.At, how.Consent = noon.Add(time.Hour), []store.ConsentGrant{{Topic: "tips"}}
	}
	updates := make([]audience.Update, 0, batch)
	for i := 0; i < people; i += len(updates) {
		updates = updates[:0]
		for n := i; n < min(i+batch, people); n++ {
			updates = append(updates, audience.Update{
				ID: fmt.Sprintf("u%d", n), Email: fmt.Sprintf("%x.%d@mail%d.example", uint32(n)*2654435761, n, n%97), TimeZone: "Europe/London", Locale: "en",
				Attributes: fmt.Appendf(nil, `{"city":"Springfield","country":"DE","first_name":"Person %d","last_name":"Name %d","ltv":%d.5,"orders":%d,"plan":"trial","points":%d,"signup_at":"2026-03-0%dT10:00:00Z","vip":false}`,
					n, n, n%1000, n%30, n%100, n%9+1),
			})
		}
		if _, err := s.Import(b.Context(), updates, how); err != nil {
			b.Fatal(err)
		}
	}
}
