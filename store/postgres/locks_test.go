package postgres

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"germane/audience"
	"germane/store"
)

// TestWhoWaitsForWhom holds a change just before its end and begins another: what SQLite does one after the other must not happen side
// by side here. A pause that did not wait for a step would return before the step's claims.
func TestWhoWaitsForWhom(t *testing.T) {
	t.Parallel()
	claim := func(l store.Lease) func(t *transaction) error {
		step := &store.Step{Lease: l, Now: noon, Until: noon.Add(time.Hour), Decisions: []store.Decision{{Person: 1, State: store.Claimed, Topic: "tips"}}}
		return func(t *transaction) error {
			saw, err := newLedger(t, l.Run).look(&pgx.Batch{}, step)
			if err == nil && !saw.going {
				err = store.ErrLost
			}
			return err
		}
	}
	erase := func(s *Store) func(t *transaction) error {
		return func(t *transaction) error {
			if err := t.alone(lockImport, 0); err != nil {
				return err
			}
			return t.erase(s.addresses.Hash("u0@acme.example"))
		}
	}
	settled := store.Settlement{Run: 1, Person: 2, State: store.Sent, At: noon}
	for name, test := range map[string]struct {
		held  func(s *Store, l store.Lease) func(t *transaction) error
		waits func(s *Store, l store.Lease) error
	}{
		"a pause for a step": {
			func(_ *Store, l store.Lease) func(t *transaction) error { return claim(l) },
			func(s *Store, l store.Lease) error { return s.MoveRun(t.Context(), l.Run, store.RunPaused, "", noon) },
		},
		"another version for a step": {
			func(_ *Store, l store.Lease) func(t *transaction) error { return claim(l) },
			func(s *Store, l store.Lease) error { return s.Repin(t.Context(), l.Run, "v1", noon) },
		},
		"a stop for a step": {
			func(_ *Store, l store.Lease) func(t *transaction) error { return claim(l) },
			func(s *Store, _ store.Lease) error {
				return s.Turn(t.Context(), store.SwitchStopped, store.Switch{On: true, At: noon})
			},
		},
		"a withdrawal for a step": {
			func(_ *Store, l store.Lease) func(t *transaction) error { return claim(l) },
			func(s *Store, _ store.Lease) error {
				return s.Unsubscribe(t.Context(), 1, store.Withdrawal{At: noon})
			},
		},
		"a suppression for a step": {
			func(_ *Store, l store.Lease) func(t *transaction) error { return claim(l) },
			func(s *Store, _ store.Lease) error {
				return s.Suppress(t.Context(), "u0@acme.example", store.Suppression{Reason: store.Bounced, At: noon})
			},
		},
		"erasing for a step": {
			func(_ *Store, l store.Lease) func(t *transaction) error { return claim(l) },
			func(s *Store, _ store.Lease) error { return s.Forget(t.Context(), "u0@acme.example", noon) },
		},
		"a sweep for a step": {
			func(_ *Store, l store.Lease) func(t *transaction) error { return claim(l) },
			func(s *Store, l store.Lease) error {
				if n, err := s.Sweep(t.Context(), noon.Add(time.Minute), true); err != nil || n != 1 {
					return fmt.Errorf("swept %d, %w", n, err)
				}
				return nil
			},
		},
		"a settlement for a step": {
			func(_ *Store, l store.Lease) func(t *transaction) error { return claim(l) },
			func(s *Store, _ store.Lease) error { return s.Settle(t.Context(), settled) },
		},
		"taking for taking": {
			func(_ *Store, l store.Lease) func(t *transaction) error {
				return func(t *transaction) error {
					_, err := t.chunk(l.Run, 0)
					return err
				}
			},
			func(s *Store, l store.Lease) error {
				_, err := s.TakeChunk(t.Context(), l.Run, 0, "other", noon, noon.Add(time.Hour))
				if !errors.Is(err, store.ErrLost) {
					return fmt.Errorf("taken twice: %w", err)
				}
				return nil
			},
		},
		"an event for erasing": {
			func(s *Store, _ store.Lease) func(t *transaction) error { return erase(s) },
			func(s *Store, _ store.Lease) error {
				n, err := s.AddEvents(t.Context(), []store.Event{{At: noon, Kind: store.EventClick, Person: 1}})
				if n != 0 {
					return fmt.Errorf("somebody erased has an event, %w", err)
				}
				return err
			},
		},
		"a withdrawal for erasing": {
			func(s *Store, _ store.Lease) func(t *transaction) error { return erase(s) },
			func(s *Store, _ store.Lease) error {
				if err := s.Unsubscribe(t.Context(), 1, store.Withdrawal{At: noon}); !errors.Is(err, store.ErrNotFound) {
					return fmt.Errorf("somebody erased withdrew: %w", err)
				}
				return nil
			},
		},
		"an import for erasing": {
			func(s *Store, _ store.Lease) func(t *transaction) error { return erase(s) },
			func(s *Store, _ store.Lease) error {
				_, err := s.Import(t.Context(), []audience.Update{{ID: "u1", Locale: "de"}}, store.Importing{At: noon})
				return err
			},
		},
		"an import for a withdrawal": {
			func(*Store, store.Lease) func(t *transaction) error {
				return func(t *transaction) error { return t.unsubscribe(1, store.Withdrawal{At: noon}) }
			},
			func(s *Store, _ store.Lease) error {
				if _, err := s.Import(t.Context(), []audience.Update{{ID: "u0", Email: "new@acme.example"}}, store.Importing{At: noon}); err != nil {
					return err
				}
				var n int
				_, err := s.row(t.Context(), `SELECT count(*) FROM withdrawal`, nil, &n)
				if n != 2 {
					return fmt.Errorf("the withdrawal is remembered by %d addresses, %w", n, err)
				}
				return nil
			},
		},
		"a click for one of the same mail": {
			func(*Store, store.Lease) func(t *transaction) error {
				return func(t *transaction) error { return t.people(1) }
			},
			func(s *Store, l store.Lease) error {
				return s.Record(t.Context(), []store.Event{{At: noon, Kind: store.EventClick, Person: 1, Run: l.Run}}, func(store.Mailed, []store.Event) {})
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openTest(t)
			subscribe(t, s, 2)
			l := start(t, s, "1", 2)
			second := &store.Step{Lease: l, Now: noon, Until: noon.Add(time.Hour), Decisions: []store.Decision{{Person: 2, State: store.Claimed, Topic: "tips"}}}
			if _, err := s.Step(t.Context(), second); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			err := s.change(t.Context(), "hold", func(tx *transaction) error {
				if err := test.held(s, l)(tx); err != nil {
					return err
				}
				go func() { done <- test.waits(s, l) }()
				return untilWaiting(t, s, done)
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}

// untilWaiting returns when somebody waits for a lock in the database, and fails when nobody has to.
func untilWaiting(t *testing.T, s *Store, done chan error) error {
	for {
		select {
		case err := <-done:
			done <- nil
			return fmt.Errorf("it did not wait: %w", err)
		default:
		}
		var waiting bool
		const query = `SELECT EXISTS (SELECT 1 FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid WHERE NOT l.granted AND a.datname = current_database())`
		if err := s.pool.QueryRow(t.Context(), query).Scan(&waiting); err != nil || waiting {
			return err
		}
	}
}
