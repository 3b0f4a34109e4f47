package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"germane/audience"
	"germane/store"
	"germane/store/storetest"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// openTest opens an empty database that needs no disk to be fast.
func openTest(t testing.TB) *Store {
	t.Helper()
	s, err := Open(context.Background(), filepath.Join(t.TempDir(), "germane.db"), Options{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) store.Store { return openTest(t) })
}

func TestSettings(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "a b?c#d%.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "busy_timeout": "10000", "foreign_keys": "1", "secure_delete": "2"} {
		var got string
		if err := s.writer.conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, %v; want %s", pragma, got, err, want)
		}
	}
	if _, err := s.readers.db.Exec(`DELETE FROM person`); err == nil {
		t.Error("a reader wrote")
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "germane.db")
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.writer.conn.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := Open(t.Context(), path, Options{}); !errors.Is(err, store.ErrNewerSchema) {
		t.Errorf("got %v", err)
	}
}

func TestOldSQLiteIsRefused(t *testing.T) {
	t.Parallel()
	for version, below := range map[string]bool{"3.51.2": true, "3.7.0": true, "2.99.99": true, "3.51.3": false, "3.52.0": false, "4.0.0": false, "x": true} {
		if got := versionBelow(version, oldest); got != below {
			t.Errorf("%s: %v", version, got)
		}
	}
}

func TestOpenedByManyAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "germane.db")
	opened := make(chan error)
	for range 4 {
		go func() {
			s, err := Open(t.Context(), path, Options{})
			if err == nil {
				err = s.Close()
			}
			opened <- err
		}()
	}
	for range 4 {
		if err := <-opened; err != nil {
			t.Error(err)
		}
	}
}

func TestAddressKey(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "germane.db")
	open := func(key string) error {
		s, err := Open(t.Context(), path, Options{AddressKey: []byte(key)})
		if err == nil {
			s.Close()
		}
		return err
	}
	if err := open("chosen"); err != nil {
		t.Fatal(err)
	}
	for key, fits := range map[string]bool{"chosen": true, "": false, "other": false} {
		if err := open(key); errors.Is(err, store.ErrAddressKey) == fits {
			t.Errorf("%q: %v", key, err)
		}
	}
	database, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(database), "chosen") {
		t.Errorf("a chosen key is stored (%v)", err)
	}
}

// TestTablesHoldConsent goes around the program: whatever it does, the tables refuse.
func TestTablesHoldConsent(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	u := audience.Update{ID: "ann", Email: "ann@acme.example", Topics: []audience.TopicConsent{{Topic: "tips", State: audience.ConsentUnsubscribed}}}
	if _, err := s.Import(t.Context(), []audience.Update{u}, store.Importing{At: noon}); err != nil {
		t.Fatal(err)
	}
	for _, attack := range []string{
		`UPDATE consent SET state = 2`,
		`DELETE FROM consent`,
		`UPDATE consent_log SET state = 2`,
		`DELETE FROM consent_log`,
		`INSERT OR REPLACE INTO consent (person, topic, state, basis, source, at) VALUES (1, 'tips', 2, '', '', 0)`,
	} {
		_, err := s.writer.conn.ExecContext(t.Context(), attack)
		var state audience.ConsentState
		var entries int
		read := `SELECT (SELECT state FROM consent), (SELECT count(*) FROM consent_log WHERE state = 3)`
		if scan := s.writer.conn.QueryRowContext(t.Context(), read).Scan(&state, &entries); scan != nil || state != audience.ConsentUnsubscribed || entries != 1 {
			t.Errorf("%s: %v, and then %v, %d entries, %v", attack, err, state, entries, scan)
		}
	}
}

// TestHotStatementsUseIndexes asks for plans while the tables are empty, as that is when they are made.
func TestHotStatementsUseIndexes(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	for _, query := range []string{
		`SELECT ` + personColumns + ` FROM person WHERE id = 'x'`,
		`SELECT ` + personColumns + ` FROM person WHERE address = x'00'`,
		`SELECT ` + personColumns + ` FROM person WHERE number >= 1 AND number < 2 ORDER BY number LIMIT 3`,
		`SELECT person, topic, state FROM consent WHERE person >= 1 AND person <= 2 ORDER BY person, topic`,
		`SELECT at FROM suppression WHERE address = x'00' AND reason = 'erased'`,
		`SELECT topic FROM withdrawal WHERE address = x'00'`,
		`DELETE FROM consent_log WHERE person = 1`,
		chunkQuery + `JOIN run AS r ON r.id = c.run WHERE c.state = 0 AND c.not_before <= 1 AND c.until <= 1 AND r.state = 'running' ORDER BY c.not_before, c.run, c.no LIMIT 3`,
		chunkQuery + `WHERE c.run = 1 AND c.no = 2`,
		`UPDATE delivery SET state = 2 WHERE run = 1 AND person = 2 AND occasion = 3 AND state = 1`,
		`UPDATE delivery SET state = 4 WHERE run = 1 AND person >= 2 AND person < 3 AND chunk = 4 AND state = 1`,
		`SELECT count(*) FROM touch WHERE person = 1 AND at >= 2 AND run <> 3 AND (4 = '' OR topic = 4)`,
		`SELECT state FROM consent WHERE person = 1 AND topic = 'x'`,
		`SELECT 1 FROM suppression AS s WHERE s.address = x'00'`,
		`SELECT kind, count(*) FROM event WHERE run = 1 AND kind = 'click'`,
		`SELECT kind, block, variant, label, count(*) FROM event WHERE run = 1 GROUP BY kind, block, variant, label ORDER BY kind, block, variant, label`,
		`SELECT 1 FROM event AS e WHERE e.person = 1 AND e.at >= 2 AND e.at < 3 AND e.kind = 'goal' AND e.name = 'x'`,
		strings.ReplaceAll(runVariantQuery, "?", "1"),
		`SELECT hash FROM version WHERE hash >= 'a' AND hash < 'a' || 'g' ORDER BY hash LIMIT 2`,
		`SELECT min(at) FROM event WHERE person = 2 AND run = 1 AND occasion = 3 AND kind = 'delivery'`,
		`SELECT id FROM event WHERE person = 1 AND at >= 2 AND at <= 3 AND run = 4 AND kind = 'click' ORDER BY at DESC, id DESC LIMIT 5`,
	} {
		var plan []string
		rows, err := s.readers.db.Query(`EXPLAIN QUERY PLAN ` + query)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			plan = append(plan, detail)
		}
		rows.Close()
		if all := strings.Join(plan, "; "); strings.Contains(all, "SCAN") || strings.Contains(all, "TEMP B-TREE") {
			t.Errorf("%s: %s", query, all)
		}
	}
}

func TestPanicLeavesNoTransaction(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	func() {
		defer func() { recover() }()
		s.change(t.Context(), "panic", func(*transaction) error { panic("x") })
	}()
	if err := s.Turn(t.Context(), "armed", store.Switch{On: true}); err != nil {
		t.Error(err)
	}
}

// BenchmarkImport is people a second: `go test ./store/sqlite -run - -bench Import -benchtime 1x`. GERMANE_BENCH_PEOPLE says how many.
func BenchmarkImport(b *testing.B) {
	people := 100_000
	if n, err := strconv.Atoi(os.Getenv("GERMANE_BENCH_PEOPLE")); err == nil {
		people = n
	}
	for range b.N {
		s, err := Open(b.Context(), filepath.Join(b.TempDir(), "germane.db"), Options{})
		if err != nil {
			b.Fatal(err)
		}
		for _, pass := range []string{"new", "same", "fresher"} {
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
		s.Close()
	}
	b.ReportMetric(peakMegabytes(), "peak-MB")
}

// importMany imports people of ten attributes as a command would: in batches.
func importMany(b *testing.B, s *Store, people int, pass string) {
	const batch = 20_000
	how := store.Importing{At: noon, Source: "import"}
	if pass == "fresher" {
		how.At = noon.Add(time.Hour)
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

// peakMegabytes is the most memory that the process held, on Linux.
func peakMegabytes() float64 {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kilobytes, _ := strconv.ParseFloat(strings.Fields(value)[0], 64)
			return kilobytes / 1024
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.Sys) / (1 << 20)
}
