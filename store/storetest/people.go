package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"germane/audience"
	"germane/store"
)

func importMerges(t *testing.T, f *fixture) {
	f.people(store.Importing{}, []audience.Update{ann()})
	later := noon.Add(time.Hour)
	f.people(store.Importing{At: later}, []audience.Update{
		{ID: "ann", Attributes: []byte(`{"plan":"pro"}`)},
		{Email: "ANN@acme.example", Attributes: []byte(`{"points":null}`), Clear: audience.ClearLocale, ObservedAt: 7},
		{ID: "ann"},
	}, store.Updated, store.Updated, store.Unchanged)
	p := f.byEmail(" Ann@ACME.example ")
	if string(p.Attributes) != `{"plan":"pro"}` || p.Locale != "" || p.TimeZone != "Europe/London" || p.ID != "ann" || p.Email != "ANN@acme.example" {
		t.Errorf("got %+v, %s", p, p.Attributes)
	}
	// The plan was observed by the import before the last one, which had no time of its own.
	if want := fmt.Sprintf(`{"plan":%d}`, later.UnixMilli()); p.ObservedAt != 7 || string(p.Exceptions) != want {
		t.Errorf("observed at %d but for %s, want 7 but for %s", p.ObservedAt, p.Exceptions, want)
	}
	if !p.Created.Equal(noon) || !p.Updated.Equal(later) {
		t.Errorf("created %v, updated %v", p.Created, p.Updated)
	}
}

func importFinds(t *testing.T, f *fixture) {
	outcomes := f.people(store.Importing{}, []audience.Update{
		ann(),
		{ID: "other", Email: "ann@acme.example"},
		{ID: "ann", Email: "ann@ACME.example"},
		{ID: "nobody"},
		{},
		{Email: "bob@acme.example"},
		{Email: "Bob@acme.example", TimeZone: "Asia/Tokyo"},
		{Email: "carl@bücher.example"},
		{Email: "Carl@xn--bcher-kva.example", Locale: "de"},
		{ID: "dora", Email: "dora@acme.example", Attributes: []byte(`{"plan":`), Exceptions: []byte(`{}`)},
	}, store.Created, store.Rejected, store.Updated, store.Rejected, store.Rejected, store.Created, store.Updated, store.Created, store.Updated, store.Rejected)
	if reason := outcomes[1].Reason; !strings.Contains(reason, "ann") || strings.Contains(reason, "@") {
		t.Errorf("a reason names whom it means, and no address: %s", reason)
	}
	bob := f.byEmail("bob@acme.example")
	if bob.ID == "" || strings.Contains(bob.ID, "bob") || bob.TimeZone != "Asia/Tokyo" {
		t.Errorf("somebody without an id gets one that tells nothing: %+v", bob.Stored)
	}
	if again, err := f.PersonByID(f.ctx, bob.ID); err != nil || again.Number != bob.Number {
		t.Errorf("by id: %+v, %v", again, err)
	}
	for _, find := range []func() (*store.Person, error){
		func() (*store.Person, error) { return f.PersonByID(f.ctx, "nobody") },
		func() (*store.Person, error) { return f.PersonByEmail(f.ctx, "nobody@acme.example") },
		func() (*store.Person, error) { return f.PersonByNumber(f.ctx, 1<<40) },
	} {
		if p, err := find(); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("found %+v, %v", p, err)
		}
	}
}

func importMoves(t *testing.T, f *fixture) {
	f.people(store.Importing{}, []audience.Update{ann(), {ID: "bob", Email: "bob@acme.example"}})
	f.people(store.Importing{}, []audience.Update{
		{ID: "ann", Email: "bob@acme.example"},
		{ID: "ann", Email: "ann@new.example"},
		{ID: "carl", Email: "ann@acme.example"},
	}, store.Rejected, store.Updated, store.Created)
	if p := f.byEmail("ann@new.example"); p.ID != "ann" {
		t.Errorf("got %+v", p.Stored)
	}

	// Whoever came without an id has the one that was made of the first address. Somebody else at that address needs one of their own.
	f.people(store.Importing{}, []audience.Update{{Email: "kim@acme.example"}})
	id := f.byEmail("kim@acme.example").ID
	f.people(store.Importing{}, []audience.Update{{ID: id, Email: "kim@new.example"}}, store.Updated)
	f.people(store.Importing{}, []audience.Update{{Email: "kim@acme.example"}, {ID: "zoe", Email: "zoe@acme.example"}, {Email: "kim@acme.example"}}, store.Rejected, store.Created, store.Rejected)
}

func dryRun(t *testing.T, f *fixture) {
	f.people(store.Importing{DryRun: true}, []audience.Update{ann(), ann()}, store.Created, store.Unchanged)
	if c, err := f.Census(f.ctx); err != nil || c.People != 0 {
		t.Errorf("a dry run made %+v, %v", c, err)
	}
	if at, err := f.LastImport(f.ctx); err != nil || !at.IsZero() {
		t.Errorf("the last import was %v, %v", at, err)
	}
	f.people(store.Importing{At: noon}, []audience.Update{ann()})
	f.people(store.Importing{At: noon.Add(-time.Hour)}, []audience.Update{ann()}, store.Updated)
	if at, err := f.LastImport(f.ctx); err != nil || !at.Equal(noon) {
		t.Errorf("the last import was %v, %v", at, err)
	}
}

func eachPerson(t *testing.T, f *fixture) {
	const people = 2500
	updates := make([]audience.Update, people)
	for i := range updates {
		updates[i] = audience.Update{ID: fmt.Sprint("p", i), Email: fmt.Sprintf("p%d@acme.example", i)}
		if i%3 == 0 {
			updates[i].Topics = []audience.TopicConsent{{Topic: "tips", State: audience.ConsentSubscribed}, {Topic: "offers", State: audience.ConsentPending}}
		}
	}
	f.people(store.Importing{}, updates)
	census, err := f.Census(f.ctx)
	f.must(err)
	if census.People != people || census.Within.To-census.Within.From != people {
		t.Fatalf("census %+v", census)
	}
	half := store.Range{From: census.Within.From, To: census.Within.From + people/2}
	for _, test := range []struct {
		within store.Range
		want   int
	}{{store.Everybody, people}, {half, people / 2}, {store.Range{From: half.To, To: half.To}, 0}} {
		n := 0
		for p, err := range f.EachPerson(f.ctx, test.within) {
			f.must(err)
			if topics := 2 * (1 - min(1, n%3)); test.within != half && len(p.Topics) != topics {
				t.Fatalf("person %d has the topics %+v", n, p.Topics)
			}
			if p.Number < test.within.From || p.Number >= test.within.To {
				t.Fatalf("%d is not within %+v", p.Number, test.within)
			}
			n++
		}
		if n != test.want {
			t.Errorf("%d people within %+v, want %d", n, test.within, test.want)
		}
	}
	for range f.EachPerson(f.ctx, store.Everybody) {
		break // ends the reading, too
	}
}

func zoneCounts(t *testing.T, f *fixture) {
	if counts, err := f.ZoneCounts(f.ctx); err != nil || len(counts) != 0 {
		t.Errorf("of nobody: %v, %v", counts, err)
	}
	var updates []audience.Update
	for i, zone := range []string{"", "Europe/London", "Asia/Tokyo", "Europe/London", "No/Where"} {
		updates = append(updates, audience.Update{Email: fmt.Sprintf("z%d@acme.example", i), TimeZone: zone})
	}
	f.people(store.Importing{}, updates)
	f.people(store.Importing{}, []audience.Update{{Email: "z0@acme.example", TimeZone: "Asia/Tokyo"}}, store.Updated)
	counts, err := f.ZoneCounts(f.ctx)
	if want := map[string]int64{"Europe/London": 2, "Asia/Tokyo": 2, "No/Where": 1}; err != nil || !maps.Equal(counts, want) {
		t.Errorf("got %v, %v", counts, err)
	}
	if moved, stayed := f.byEmail("z0@acme.example"), f.byEmail("z1@acme.example"); !moved.Moved.Equal(noon) || !stayed.Moved.IsZero() {
		t.Errorf("moved at %v and %v", moved.Moved, stayed.Moved)
	}
	f.people(store.Importing{At: noon.Add(time.Hour)}, []audience.Update{{Email: "z0@acme.example", Locale: "de"}}, store.Updated)
	if p := f.byEmail("z0@acme.example"); !p.Moved.Equal(noon) {
		t.Errorf("moved at %v", p.Moved)
	}
}

func cancelled(t *testing.T, f *fixture) {
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	if _, err := f.Import(ctx, []audience.Update{ann()}, store.Importing{At: noon}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if c, err := f.Census(f.ctx); err != nil || c.People != 0 {
		t.Errorf("a cancelled import made %+v, %v", c, err)
	}
	f.people(store.Importing{}, []audience.Update{ann()})
}

func concurrentImports(t *testing.T, f *fixture) {
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 20 {
				if _, err := f.Import(f.ctx, []audience.Update{{ID: fmt.Sprint(i), Email: fmt.Sprintf("%d@acme.example", i)}}, store.Importing{At: noon}); err != nil {
					t.Errorf("worker %d: %v", worker, err)
				}
				if _, err := f.PersonByID(f.ctx, fmt.Sprint(i)); err != nil {
					t.Errorf("worker %d: what is committed is not seen: %v", worker, err)
				}
			}
		})
	}
	group.Wait()
	if c, err := f.Census(f.ctx); err != nil || c.People != 20 {
		t.Errorf("%+v, %v", c, err)
	}
}

func forget(t *testing.T, f *fixture) {
	u := ann()
	u.Topics = []audience.TopicConsent{{Topic: "tips", State: audience.ConsentUnsubscribed}}
	f.people(store.Importing{}, []audience.Update{u})
	number := f.byEmail(u.Email).Number
	f.must(f.Forget(f.ctx, "ANN@acme.example", noon))
	if err := f.Forget(f.ctx, u.Email, noon); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("forgotten twice: %v", err)
	}
	if log, err := f.ConsentLog(f.ctx, number); err != nil || len(log) > 0 {
		t.Errorf("the log is %+v, %v", log, err)
	}
	if all, err := f.SuppressionsOf(f.ctx, u.Email); err != nil || len(all) != 1 || all[0].Reason != store.Erased {
		t.Errorf("suppressions %+v, %v", all, err)
	}
	f.people(store.Importing{}, []audience.Update{
		u, {Email: u.Email}, {ID: "bob", Email: "bob@acme.example"}, {ID: "bob", Email: u.Email},
	}, store.Rejected, store.Rejected, store.Created, store.Rejected)

	f.must(f.Readmit(f.ctx, u.Email, store.Readmission{At: noon}))
	again := ann()
	again.Topics = []audience.TopicConsent{{Topic: "tips", State: audience.ConsentSubscribed}}
	f.people(store.Importing{Consent: []store.ConsentGrant{{Topic: "tips"}}}, []audience.Update{again})
	p := f.byEmail(u.Email)
	if p.Number <= number {
		t.Errorf("the number %d was used again", number)
	}
	if len(p.Topics) != 1 || p.Topics[0].State != audience.ConsentUnsubscribed {
		t.Errorf("erasing brought consent back: %+v", p.Topics)
	}
}
