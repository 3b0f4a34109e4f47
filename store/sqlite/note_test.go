package sqlite

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"germane/audience"
	"germane/store"
	"germane/store/storetest"
)

// TestRestoredBackupIsNoticed puts an older copy of the file back, as restoring a backup does.
func TestRestoredBackupIsNoticed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "germane.db")
	var backup []byte
	storetest.Restored(t, storetest.Backup{
		Open: func(accept bool) (store.Database, error) {
			s, err := Open(t.Context(), path, Options{AcceptRestored: accept})
			if err != nil {
				return nil, err
			}
			return s, nil
		},
		Make: func() {
			var err error
			if backup, err = os.ReadFile(path); err != nil {
				t.Fatal(err)
			}
		},
		Restore: func() {
			if err := os.WriteFile(path, backup, 0o600); err != nil {
				t.Fatal(err)
			}
		},
	})
	for _, file := range []string{path + "-note", path + "-withdrawals"} {
		if data, err := os.ReadFile(file); err != nil || strings.Contains(string(data), "acme") || len(data) == 0 {
			t.Errorf("%s holds %q, %v", file, data, err)
		}
	}
}

// TestTablesHoldDeliveries goes around the program: a row only moves forward.
func TestTablesHoldDeliveries(t *testing.T) {
	t.Parallel()
	s := openTest(t)
	exec := func(query string, args ...any) error {
		_, err := s.writer.conn.ExecContext(context.Background(), query, args...)
		return err
	}
	allowed := map[string]bool{"1>2": true, "1>3": true, "1>4": true, "1>7": true, "4>2": true, "4>3": true, "7>1": true}
	// How to get to each state.
	ways := map[int][]int{1: {1}, 2: {1, 2}, 3: {1, 3}, 4: {1, 4}, 5: {5}, 6: {6}, 7: {1, 7}}
	person := 0
	for from, way := range ways {
		for to := 1; to <= 7; to++ {
			person++
			const insert = `INSERT INTO delivery (run, person, occasion, chunk, pin, epoch, attempt, state, reason, claimed, done, provider) VALUES (1, ?, 0, 0, 0, 1, 1, ?, '', 0, 0, '')`
			if err := exec(insert, person, way[0]); err != nil {
				t.Fatal(err)
			}
			for _, state := range way[1:] {
				if err := exec(`UPDATE delivery SET state = ? WHERE person = ?`, state, person); err != nil {
					t.Fatal(err)
				}
			}
			attempts := 0
			if from == 7 {
				attempts = 1
			}
			err := exec(`UPDATE delivery SET state = ?, attempt = attempt + ? WHERE person = ?`, to, attempts, person)
			if move := fmt.Sprintf("%d>%d", from, to); (err == nil) != allowed[move] {
				t.Errorf("%s: %v", move, err)
			}
		}
	}
	if err := exec(`INSERT INTO delivery (run, person, occasion, chunk, pin, epoch, attempt, state, reason, claimed, done, provider) VALUES (1, 999, 0, 0, 0, 1, 1, 2, '', 0, 0, '')`); err == nil {
		t.Error("a row started as sent")
	}
}

// BenchmarkStep is claims and results a second, with the disk waited for: `-bench Step`.
func BenchmarkStep(b *testing.B) {
	for _, batch := range []int{10, 50, 500} {
		b.Run(fmt.Sprint(batch), func(b *testing.B) {
			s, err := Open(b.Context(), filepath.Join(b.TempDir(), "germane.db"), Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			const people = 20_000
			updates := make([]audience.Update, people)
			for i := range updates {
				updates[i] = audience.Update{ID: fmt.Sprint("u", i), Email: fmt.Sprintf("u%d@acme.example", i)}
			}
			if _, err := s.Import(b.Context(), updates, store.Importing{At: noon, Consent: []store.ConsentGrant{{Topic: "tips"}}}); err != nil {
				b.Fatal(err)
			}
			if err := s.Deploy(b.Context(), &store.Version{Hash: "v1"}); err != nil {
				b.Fatal(err)
			}
			b.ResetTimer()
			for n := range b.N {
				stepThrough(b, s, fmt.Sprint(n), people, batch)
			}
			b.ReportMetric(float64(people*b.N)/b.Elapsed().Seconds(), "people/s")
		})
	}
}

func stepThrough(b *testing.B, s *Store, occurrence string, people int64, batch int) {
	run, err := s.CreateRun(b.Context(), store.Run{Campaign: "weekly", Occurrence: occurrence, Version: "v1"}, []store.Chunk{{People: store.Everybody, Members: people}})
	if err != nil {
		b.Fatal(err)
	}
	c, err := s.TakeChunk(b.Context(), run, 0, "bench", noon, noon.Add(time.Hour))
	if err != nil {
		b.Fatal(err)
	}
	step := &store.Step{Lease: store.Lease{Run: run, Epoch: c.Epoch}, Now: noon, Until: noon.Add(time.Hour)}
	for person := int64(1); person <= people; {
		step.Decisions = step.Decisions[:0]
		for ; len(step.Decisions) < batch && person <= people; person++ {
			step.Decisions = append(step.Decisions, store.Decision{Person: person, State: store.Claimed, Topic: "tips", Choices: []byte{1, 2, 3, 4}})
		}
		if _, err := s.Step(b.Context(), step); err != nil {
			b.Fatal(err)
		}
		step.Results = step.Results[:0]
		for _, d := range step.Decisions {
			step.Results = append(step.Results, store.Result{Person: d.Person, State: store.Sent, Provider: "0123456789", At: noon})
		}
	}
}

// TestJournalIsNotLost: what a provider tells late is repeated after a restore, and half a line harms no other.
func TestJournalIsNotLost(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "germane.db")
	s, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	backup := time.Now()
	journal, err := os.OpenFile(s.note.Journal(), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer journal.Close()
	if _, err := journal.WriteString("1700000000000 withdrew 0a1b"); err != nil { // and then the power went
		t.Fatal(err)
	}
	// It bounced an hour before the backup, and the notice came after it.
	if err := s.Suppress(t.Context(), "bob@acme.example", store.Suppression{Reason: store.Bounced, At: backup.Add(-time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.writer.conn.ExecContext(t.Context(), `DELETE FROM suppression`); err != nil {
		t.Fatal(err)
	}
	_, withdrawals, err := s.Restored(t.Context(), backup.Truncate(time.Millisecond), time.Now())
	if err != nil || withdrawals != 1 {
		t.Errorf("replayed %d, %v", withdrawals, err)
	}
	if all, err := s.SuppressionsOf(t.Context(), "bob@acme.example"); err != nil || len(all) != 1 {
		t.Errorf("got %+v, %v", all, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestImportedWithdrawalsAreRepeated: who withdrew elsewhere, and was imported so after the backup, stays withdrawn.
func TestImportedWithdrawalsAreRepeated(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "germane.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	backup := time.Now().Truncate(time.Millisecond)
	row := audience.Update{ID: "ann", Email: "ann@acme.example", Topics: []audience.TopicConsent{{Topic: "tips", State: audience.ConsentUnsubscribed}}}
	if _, err := s.Import(t.Context(), []audience.Update{row}, store.Importing{At: noon, Source: "import"}); err != nil {
		t.Fatal(err)
	}
	if _, withdrawals, err := s.Restored(t.Context(), backup, time.Now()); err != nil || withdrawals != 1 {
		t.Errorf("replayed %d, %v", withdrawals, err)
	}
}
