package engine_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"germane/internal/testkit"
	"germane/store"
	"germane/store/engine"
	"germane/store/postgres"
	"germane/store/sqlite"
)

var noon = time.Date(2026, 3, 23, 12, 0, 0, 0, time.UTC)

// database is either engine's.
type database interface {
	store.Database
	engine.Mover
}

// opener opens the same database each time.
type opener func() database

var openers = map[string]func(*testing.T) opener{"sqlite": newSQLite, "postgres": newPostgres}

func newSQLite(t *testing.T) opener {
	path := filepath.Join(t.TempDir(), "germane.db")
	return func() database { return openSQLite(t, path) }
}

func openSQLite(t *testing.T, path string) database {
	t.Helper()
	s, err := sqlite.Open(context.Background(), path, sqlite.Options{Fast: true}) // the test's own context is over when it is cleaned up
	return opened(t, s, err)
}

func newPostgres(t *testing.T) opener {
	address := testkit.Postgres(t)
	return func() database {
		t.Helper()
		s, err := postgres.Open(context.Background(), address, postgres.Options{Connections: 3})
		return opened(t, s, err)
	}
}

func opened(t *testing.T, s database, err error) database {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func newCopy(from, to engine.Mover) *engine.Copy {
	return &engine.Copy{From: from, To: to, FromName: "here", ToName: "there", Now: noon}
}

// TestCopy copies everything there can be, from each engine to each.
func TestCopy(t *testing.T) {
	t.Parallel()
	for from, openFrom := range openers {
		for to, openTo := range openers {
			t.Run(from+" to "+to, func(t *testing.T) {
				t.Parallel()
				source, target := openFrom(t)(), openTo(t)
				fill(t, source)
				before := look(t, source)
				empty := target()
				if _, err := empty.SigningKeys(t.Context(), "token"); err != nil { // as `germane migrate` makes one
					t.Fatal(err)
				}
				copied, err := newCopy(source, empty).Run(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if len(copied.Runs) != 2 || copied.Runs[2].Rows != 7 || !slices.Equal(copied.Paused, []int64{2}) || copied.InDoubt != 1 {
					t.Errorf("copied %+v", copied)
				}
				for _, table := range copied.Tables {
					if table.Rows == 0 {
						t.Errorf("nothing is in table %s: nobody knows whether it is copied", table.Name)
					}
				}
				empty.Close() // it was opened with another key
				there := target()
				compare(t, look(t, there), before)
				goOn(t, there)
				if s, err := source.Switches(t.Context()); err != nil || !s[store.SwitchStopped].On || s[store.SwitchStopped].Note != "moved to there" {
					t.Errorf("where it came from the switches are %+v, %v", s, err)
				}
			})
		}
	}
}

// compare wants a copy to look like what it was made of, but for what would go on sending.
func compare(t *testing.T, got, want string) {
	t.Helper()
	for _, change := range [][2]string{
		{"run 2: running ", "run 2: paused the database was copied from here"},
		{"armed on by Kim", "armed off copied from here"},
		{"claimed:4 ", "in doubt:4 the worker was lost"},
		{"chunk 2/0: owner busy,", "chunk 2/0: owner ,"},
		{"sent 1 failed 1 skipped 1 held 1 doubt 1 waiting 7", "sent 1 failed 1 skipped 1 held 1 doubt 2 waiting 6"},
	} {
		if !strings.Contains(want, change[0]) {
			t.Errorf("what is copied does not have %q", change[0])
		}
		want = strings.ReplaceAll(want, change[0], change[1])
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		if i >= len(gotLines) || i >= len(wantLines) {
			t.Fatalf("%d lines, want %d", len(gotLines), len(wantLines))
		}
		if gotLines[i] != wantLines[i] {
			t.Errorf("copied: %s\nwant:   %s", gotLines[i], wantLines[i])
		}
	}
}

// TestCopyIsRefused: what is there is not written over, and a dry run changes nothing.
func TestCopyIsRefused(t *testing.T) {
	t.Parallel()
	for name, open := range openers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, target := newSQLite(t)(), open(t)()
			fill(t, source)
			dry := newCopy(source, target)
			dry.DryRun = true
			if copied, err := dry.Run(t.Context()); err != nil || copied.Runs[2].Rows != 7 {
				t.Fatalf("%+v, %v", copied, err)
			}
			if census, err := target.Census(t.Context()); err != nil || census.People != 0 {
				t.Errorf("after a dry run there are %+v, %v", census, err)
			}
			keep := newCopy(source, target)
			keep.Keep = true
			if _, err := keep.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if s, err := source.Switches(t.Context()); err != nil || s[store.SwitchStopped].On {
				t.Errorf("kept, and stopped: %+v, %v", s, err)
			}
			if _, err := newCopy(source, target).Run(t.Context()); !errors.Is(err, engine.ErrNotEmpty) {
				t.Errorf("a second copy: %v", err)
			}
			if s, err := source.Switches(t.Context()); err != nil || s[store.SwitchStopped].On {
				t.Errorf("refused, and stopped: %+v, %v", s, err)
			}
		})
	}
}

// TestInterruptedCopy ends copies at each table: there is nothing in the target then, and the next one is whole.
func TestInterruptedCopy(t *testing.T) {
	t.Parallel()
	for name, open := range openers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			source, target := newSQLite(t)(), open(t)
			fill(t, source)
			for _, last := range engine.Tables() {
				ctx, cancel := context.WithCancel(t.Context())
				there := target()
				c := newCopy(source, there)
				c.Progress = func(table string, _ int64) {
					if table == last.Name {
						cancel()
					}
				}
				if _, err := c.Run(ctx); !errors.Is(err, context.Canceled) {
					t.Errorf("ended at %s: %v", last.Name, err)
				}
				cancel()
				if census, err := there.Census(t.Context()); err != nil || census.People != 0 {
					t.Errorf("ended at %s, there are %+v, %v", last.Name, census, err)
				}
				there.Close()
			}
			if s, err := source.Switches(t.Context()); err != nil || s[store.SwitchStopped].On {
				t.Errorf("nothing was copied, and it is stopped: %+v, %v", s, err)
			}
			if _, err := newCopy(source, target()).Run(t.Context()); err != nil {
				t.Error(err)
			}
			goOn(t, target())
		})
	}
}

// TestCopyAfterItsEndWasLost: the original was stopped, and the copy did not come about.
func TestCopyAfterItsEndWasLost(t *testing.T) {
	t.Parallel()
	source, lost, target := newSQLite(t)(), newSQLite(t)(), newPostgres(t)
	fill(t, source)
	c := newCopy(source, losing{lost})
	if _, err := c.Run(t.Context()); !errors.Is(err, engine.ErrStopped) || !errors.Is(err, errLost) {
		t.Errorf("got %v", err)
	}
	there := target()
	if _, err := newCopy(source, there).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s, err := there.Switches(t.Context()); err != nil || s[store.SwitchStopped].On {
		t.Errorf("the copy is stopped, too: %+v, %v", s, err)
	}
}

// losing loses what was written at the last moment.
type losing struct{ engine.Mover }

var errLost = errors.New("connection lost")

func (l losing) FillAll(ctx context.Context, f func(engine.Writer) error) error {
	return l.Mover.FillAll(ctx, func(w engine.Writer) error { return errors.Join(f(w), errLost) })
}

// TestCopyOfWhatIsInUse: others would go on with what they know of it.
func TestCopyOfWhatIsInUse(t *testing.T) {
	t.Parallel()
	source, target := newPostgres(t), newPostgres(t)
	fill(t, source())
	for _, worked := range []opener{source, target} {
		other := worked()
		if _, err := newCopy(source(), target()).Run(t.Context()); !errors.Is(err, engine.ErrInUse) {
			t.Errorf("got %v", err)
		}
		other.Close()
	}
}

// TestCopyOfWhatIsNoText: SQLite keeps any bytes, Postgres does not.
func TestCopyOfWhatIsNoText(t *testing.T) {
	t.Parallel()
	path, target := filepath.Join(t.TempDir(), "germane.db"), newPostgres(t)
	fill(t, openSQLite(t, path))
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	for _, statement := range []string{
		`UPDATE person SET locale = CAST(x'610062' AS TEXT), email = CAST(x'70ff3440' AS TEXT) WHERE number = 4`,
		`UPDATE suppression SET detail = CAST(x'ff' AS TEXT) WHERE reason = 'bounced'`,
		`UPDATE delivery SET provider = CAST(x'6964002d32' AS TEXT) WHERE run = 2 AND person = 1`,
	} {
		if result, err := raw.Exec(statement); err != nil {
			t.Fatal(err)
		} else if n, err := result.RowsAffected(); err != nil || n != 1 {
			t.Fatal(statement, n, err)
		}
	}
	source, there := openSQLite(t, path), target()
	for _, dry := range []bool{true, false} {
		c := newCopy(source, there)
		c.DryRun = dry
		_, err := c.Run(t.Context())
		var texts *engine.TextError
		if !errors.As(err, &texts) || texts.Texts != 4 || !strings.Contains(err.Error(), "locale of table person, number 4") || !strings.Contains(err.Error(), "provider of table delivery, run 2, person 1, occasion 0") {
			t.Errorf("got %v", err)
		}
	}
	if census, err := there.Census(t.Context()); err != nil || census.People != 0 {
		t.Errorf("there are %+v, %v", census, err)
	}
	c := newCopy(source, there)
	c.Mend = true
	if copied, err := c.Run(t.Context()); err != nil || copied.Mended != 4 {
		t.Fatalf("%+v, %v", copied, err)
	}
	there.Close()
	there = target()
	if p, err := there.PersonByNumber(t.Context(), 4); err != nil || p.Locale != "a\uFFFDb" || p.Email != "p\uFFFD4@" {
		t.Errorf("got %+v, %v", p, err)
	}
	if p, err := there.PersonByEmail(t.Context(), "p4@acme.example"); err != nil || p.Number != 4 {
		t.Errorf("by the address as it was: %+v, %v", p, err)
	}
}
