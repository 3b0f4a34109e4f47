package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"germane/audience"
	"germane/store"
)

// Backup is how an engine's test keeps a copy of a database and puts it back. Nothing is open meanwhile.
type Backup struct {
	// Open opens the database, also one that went back in time if that is accepted.
	Open          func(accept bool) (store.Database, error)
	Make, Restore func()
}

// Restored holds an engine to noticing that an older copy was put back, and to repeating what the copy does not know.
func Restored(t *testing.T, b Backup) {
	open := func(accept bool) (*fixture, func()) {
		t.Helper()
		s, err := b.Open(accept)
		if err != nil {
			t.Fatal(err)
		}
		return &fixture{t, s, t.Context()}, func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	f, closed := open(false)
	run, p := f.run(3, 100)
	l := f.take(run, 0, noon)
	f.step(step(l, nil, claims(p[0])), store.Claimed)
	f.must(f.Turn(f.ctx, store.SwitchArmed, store.Switch{On: true, At: noon}))
	closed()
	b.Make()

	f, closed = open(false)
	f.step(step(l, nil, claims(p[1])), store.Claimed)
	missed := f.another("the second", p, 100)
	f.people(store.Importing{}, []audience.Update{{ID: "late", Email: "late@acme.example"}})
	late := f.byEmail("late@acme.example").Number
	f.must(f.Unsubscribe(f.ctx, p[0], store.Withdrawal{Source: "unsubscribe link", At: noon}))
	f.must(f.Suppress(f.ctx, "p1@acme.example", store.Suppression{Reason: store.Complained, At: noon}))
	f.must(f.Forget(f.ctx, "p2@acme.example", noon))
	f.people(store.Importing{}, []audience.Update{{ID: "p1", Topics: []audience.TopicConsent{{Topic: "offers", State: audience.ConsentUnsubscribed}}}}, store.Updated)
	closed()
	b.Restore()

	if s, err := b.Open(false); !errors.Is(err, store.ErrWentBack) {
		t.Fatalf("opened %v, %v", s, err)
	}
	f, closed = open(true)
	runs, withdrawals, err := f.Store.(store.Database).Restored(f.ctx, noon, time.Now())
	if err != nil || runs != 2 || withdrawals != 4 {
		t.Errorf("cancelled %d runs, repeated %d withdrawals, %v", runs, withdrawals, err)
	}
	closed()

	f, closed = open(false)
	f.wantRow(run, p[0], store.InDoubt, "the worker was lost")
	if switches, err := f.Switches(f.ctx); err != nil || switches[store.SwitchArmed].On {
		t.Errorf("it is armed as before: %+v, %v", switches, err)
	}
	f.wantConsent("p0@acme.example", "tips", audience.ConsentUnsubscribed)
	f.wantConsent("p1@acme.example", "offers", audience.ConsentUnsubscribed)
	if all, err := f.SuppressionsOf(f.ctx, "p1@acme.example"); err != nil || len(all) != 1 {
		t.Errorf("got %+v, %v", all, err)
	}
	if _, err := f.PersonByID(f.ctx, "p2"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the restore brought somebody erased back: %v", err)
	}
	missed, late = f.nothingIsUsedAgain(missed, late)
	closed()

	// Somebody puts the same copy back once more.
	b.Restore()
	f, closed = open(true)
	if _, _, err := f.Store.(store.Database).Restored(f.ctx, noon, time.Now()); err != nil {
		t.Fatal(err)
	}
	closed()
	f, closed = open(false)
	defer closed()
	f.nothingIsUsedAgain(missed, late)
}

// nothingIsUsedAgain looks for what was made after the backup: its occurrence has its run, and its numbers are nobody else's.
// It makes one more of each.
func (f *fixture) nothingIsUsedAgain(run, person int64) (nextRun, nextPerson int64) {
	f.t.Helper()
	if r, err := f.Run(f.ctx, run); err != nil || r.State != store.RunCancelled || r.Planned != 0 {
		f.t.Errorf("the run of after the backup is %+v, %v", r, err)
	}
	if _, err := f.CreateRun(f.ctx, store.Run{Campaign: "weekly", Occurrence: "the second", Version: "v1"}, nil); !errors.Is(err, store.ErrExists) {
		f.t.Errorf("the occurrence can be sent again: %v", err)
	}
	if nextRun = f.another(fmt.Sprint("after ", run), []int64{1}, 1); nextRun <= run {
		f.t.Errorf("a run got the number %d, after %d", nextRun, run)
	}
	f.people(store.Importing{}, []audience.Update{{ID: "new", Email: "new@acme.example"}})
	if nextPerson = f.byEmail("new@acme.example").Number; nextPerson <= person {
		f.t.Errorf("somebody new got number %d, after %d", nextPerson, person)
	}
	return nextRun, nextPerson
}
