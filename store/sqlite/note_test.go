package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"germane/audience"
	"germane/store"
)

// TestRestoredBackupIsNoticed puts an older copy of the file back, as restoring a backup does.
func TestRestoredBackupIsNoticed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "germane.db")
	open := func(o Options) (*Store, error) { return Open(t.Context(), path, o) }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	s, err := open(Options{})
	must(err)
	var people []audience.Update
	for _, name := range []string{"ann", "bob", "kim"} {
		people = append(people, audience.Update{ID: name, Email: name + "@acme.example"})
	}
	_, err = s.Import(t.Context(), people, store.Importing{At: noon, Consent: []store.ConsentGrant{{Topic: "tips"}}})
	must(err)
	must(s.Deploy(t.Context(), &store.Version{Hash: "v1"}))
	run, err := s.CreateRun(t.Context(), store.Run{Campaign: "weekly", Occurrence: "1", Version: "v1", Cut: true}, []store.Chunk{{People: store.Everybody, Members: 3}})
	must(err)
	c, err := s.TakeChunk(t.Context(), run, 0, "test", noon, noon.Add(time.Hour))
	must(err)
	claim := func(person int64) error {
		_, err := s.Step(t.Context(), &store.Step{
			Lease: store.Lease{Run: run, Epoch: c.Epoch}, Now: noon, Until: noon.Add(time.Hour), Decisions: []store.Decision{{Person: person, State: store.Claimed, Topic: "tips"}},
		})
		return err
	}
	must(claim(1))
	must(s.Close())
	backup, err := os.ReadFile(path)
	must(err)

	s, err = open(Options{})
	must(err)
	must(claim(2))
	missed, err := s.CreateRun(t.Context(), store.Run{Campaign: "weekly", Occurrence: "the second", Version: "v1", Cut: true, Created: noon.Add(time.Minute)}, nil)
	must(err)
	_, err = s.Import(t.Context(), []audience.Update{{ID: "late", Email: "late@acme.example"}}, store.Importing{At: noon.Add(time.Minute)})
	must(err)
	late, err := s.PersonByID(t.Context(), "late")
	must(err)
	must(s.Unsubscribe(t.Context(), 1, store.Withdrawal{Source: "unsubscribe link", At: noon.Add(time.Minute)}))
	must(s.Suppress(t.Context(), "bob@acme.example", store.Suppression{Reason: store.Complained, At: noon.Add(time.Minute)}))
	must(s.Forget(t.Context(), "kim@acme.example", noon.Add(time.Minute)))
	must(s.Close())
	must(os.WriteFile(path, backup, 0o600))

	if _, err := open(Options{}); !errors.Is(err, store.ErrWentBack) {
		t.Fatalf("got %v", err)
	}
	s, err = open(Options{AcceptRestored: true})
	must(err)
	runs, withdrawals, err := s.Restored(t.Context(), noon, noon.Add(time.Hour))
	if err != nil || runs != 2 || withdrawals != 3 {
		t.Errorf("cancelled %d runs, replayed %d, %v", runs, withdrawals, err)
	}
	must(s.Close())
	s, err = open(Options{})
	must(err)
	defer s.Close()
	if d, err := s.Delivery(t.Context(), run, 1, 0); err != nil || d.State != store.InDoubt {
		t.Errorf("got %+v, %v", d, err)
	}
	if consents, err := s.ConsentsOf(t.Context(), 1); err != nil || consents["tips"].State != audience.ConsentUnsubscribed {
		t.Errorf("got %+v, %v", consents, err)
	}
	if all, err := s.SuppressionsOf(t.Context(), "bob@acme.example"); err != nil || len(all) != 1 {
		t.Errorf("got %+v, %v", all, err)
	}
	if _, err := s.PersonByID(t.Context(), "kim"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the restore brought somebody erased back: %v", err)
	}
	checkNothingIsUsedAgain(t, s, missed, late.Number)
	for _, file := range []string{path + "-note", path + "-withdrawals"} {
		if data, err := os.ReadFile(file); err != nil || strings.Contains(string(data), "acme") || len(data) == 0 {
			t.Errorf("%s holds %q, %v", file, data, err)
		}
	}
}

// checkNothingIsUsedAgain looks for what was made after the backup: its occurrence has its run, and its numbers are nobody else's.
func checkNothingIsUsedAgain(t *testing.T, s *Store, run, person int64) {
	t.Helper()
	if r, err := s.Run(t.Context(), run); err != nil || r.State != store.RunCancelled || r.Occurrence != "the second" || r.Planned != 0 {
		t.Errorf("the run of after the backup is %+v, %v", r, err)
	}
	if _, err := s.CreateRun(t.Context(), store.Run{Campaign: "weekly", Occurrence: "the second", Version: "v1"}, nil); !errors.Is(err, store.ErrExists) {
		t.Errorf("the occurrence can be sent again: %v", err)
	}
	_, err := s.Import(t.Context(), []audience.Update{{ID: "new", Email: "new@acme.example"}}, store.Importing{At: noon})
	if p, err2 := s.PersonByID(t.Context(), "new"); err != nil || err2 != nil || p.Number <= person {
		t.Errorf("somebody new got the number of somebody else, %+v: %v %v", p, err, err2)
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
