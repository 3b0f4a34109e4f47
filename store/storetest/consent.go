package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"germane/audience"
	"germane/store"
)

var subscribed = []store.ConsentGrant{{Topic: "tips", Basis: "signup form"}}

func (f *fixture) wantConsent(email, topic string, want audience.ConsentState) {
	f.t.Helper()
	consents, err := f.ConsentsOf(f.ctx, f.byEmail(email).Number)
	f.must(err)
	if got := consents[topic].State; got != want {
		f.t.Errorf("consent to %s is %v, want %v", topic, got, want)
	}
}

func withdrawalStays(t *testing.T, f *fixture) {
	u := ann()
	f.people(store.Importing{Source: "import", Consent: subscribed}, []audience.Update{u})
	f.wantConsent(u.Email, "tips", audience.ConsentSubscribed)
	p := f.byEmail(u.Email)
	for range 2 { // links are clicked twice
		f.must(f.Unsubscribe(f.ctx, p.Number, store.Withdrawal{Source: "unsubscribe link", At: noon}))
	}
	u.Topics = []audience.TopicConsent{{Topic: "tips", State: audience.ConsentSubscribed}}
	f.people(store.Importing{Consent: subscribed}, []audience.Update{u}, store.Unchanged)
	f.wantConsent(u.Email, "tips", audience.ConsentUnsubscribed)

	// Another id at the same address is the same reader, and a new address of the same person changes nothing.
	f.people(store.Importing{Consent: subscribed}, []audience.Update{{ID: "ann", Email: "ann@new.example"}, {ID: "zoe", Email: u.Email}}, store.Updated, store.Created)
	f.wantConsent("ann@new.example", "tips", audience.ConsentUnsubscribed)
	f.wantConsent(u.Email, "tips", audience.ConsentUnsubscribed)

	// A person who takes an address over from which somebody withdrew has withdrawn.
	f.people(store.Importing{Consent: subscribed}, []audience.Update{{ID: "kim", Email: "kim@acme.example"}})
	f.must(f.Forget(f.ctx, "ann@new.example", noon))
	f.must(f.Readmit(f.ctx, "ann@new.example", store.Readmission{At: noon}))
	f.people(store.Importing{}, []audience.Update{{ID: "kim", Email: "ann@new.example"}}, store.Updated)
	f.wantConsent("ann@new.example", "tips", audience.ConsentUnsubscribed)

	f.must(f.Readmit(f.ctx, "ann@new.example", store.Readmission{At: noon, Consent: []store.ConsentGrant{{Topic: "tips", Basis: "asked by phone"}}}))
	f.wantConsent("ann@new.example", "tips", audience.ConsentSubscribed)
	if err := f.Unsubscribe(f.ctx, 1<<40, store.Withdrawal{At: noon}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("nobody unsubscribed: %v", err)
	}
}

func consentLog(t *testing.T, f *fixture) {
	u := ann()
	u.Topics = []audience.TopicConsent{{Topic: "tips", State: audience.ConsentPending}}
	f.people(store.Importing{Source: "import"}, []audience.Update{u})
	f.people(store.Importing{Source: "import", At: noon.Add(time.Hour), Consent: subscribed}, []audience.Update{{ID: "ann"}, u}, store.Updated, store.Updated)
	number := f.byEmail(u.Email).Number
	f.must(f.Unsubscribe(f.ctx, number, store.Withdrawal{Topics: []string{"tips", "offers"}, Source: "preferences page", At: noon.Add(2 * time.Hour)}))
	log, err := f.ConsentLog(f.ctx, number)
	f.must(err)
	want := []store.ConsentChange{
		{Topic: "tips", Consent: audience.Consent{State: audience.ConsentPending, Source: "import", At: noon}},
		{Topic: "tips", Consent: audience.Consent{State: audience.ConsentSubscribed, Basis: "signup form", Source: "import", At: noon.Add(time.Hour)}},
		{Topic: "tips", Consent: audience.Consent{State: audience.ConsentUnsubscribed, Source: "preferences page", At: noon.Add(2 * time.Hour)}},
		{Topic: "offers", Consent: audience.Consent{State: audience.ConsentUnsubscribed, Source: "preferences page", At: noon.Add(2 * time.Hour)}},
	}
	if len(log) != len(want) {
		t.Fatalf("got %+v", log)
	}
	for i := range log {
		if log[i] != want[i] {
			t.Errorf("entry %d is %+v, want %+v", i, log[i], want[i])
		}
	}
}

func suppression(t *testing.T, f *fixture) {
	const email = "ann@acme.example"
	f.must(f.Suppress(f.ctx, email, store.Suppression{Reason: store.Bounced, Detail: "550", At: noon}))
	f.must(f.Suppress(f.ctx, "Ann@acme.example", store.Suppression{Reason: store.Bounced, Detail: "551", At: noon.Add(time.Hour)}))
	f.must(f.Suppress(f.ctx, email, store.Suppression{Reason: store.Complained, At: noon.Add(time.Minute)}))
	all, err := f.SuppressionsOf(f.ctx, email)
	f.must(err)
	if len(all) != 2 || all[0] != (store.Suppression{Reason: store.Bounced, Detail: "550", At: noon}) || all[1].Reason != store.Complained {
		t.Errorf("got %+v", all)
	}
	many := []store.Suppressing{{Email: email, Why: store.Suppression{Reason: store.Bounced, At: noon}}}
	for i := range 50 {
		many = append(many, store.Suppressing{Email: fmt.Sprintf("P%d@acme.example", i), Why: store.Suppression{Reason: store.Complained, Detail: "list", At: noon}})
	}
	many = append(many, many[50]) // one of them twice
	for i, want := range []int{50, 0} {
		if fresh, err := f.SuppressAll(f.ctx, many); err != nil || fresh != want {
			t.Errorf("try %d: %d are new: %v", i, fresh, err)
		}
	}
	if fresh, err := f.SuppressAll(f.ctx, nil); err != nil || fresh != 0 {
		t.Errorf("nobody: %d are new: %v", fresh, err)
	}
	if all, err := f.SuppressionsOf(f.ctx, "p49@acme.example"); err != nil || len(all) != 1 || all[0] != (store.Suppression{Reason: store.Complained, Detail: "list", At: noon}) {
		t.Errorf("got %+v, %v", all, err)
	}
	f.must(f.Readmit(f.ctx, email, store.Readmission{At: noon}))
	if all, err := f.SuppressionsOf(f.ctx, email); err != nil || len(all) > 0 {
		t.Errorf("readmitted, and still %+v, %v", all, err)
	}
	if err := f.Readmit(f.ctx, email, store.Readmission{At: noon}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("readmitted twice: %v", err)
	}
}

func keys(t *testing.T, f *fixture) {
	first, err := f.SigningKeys(f.ctx, "links")
	f.must(err)
	if len(first) != 1 || len(first[0].Secret) != 32 || first[0].ID != 1 {
		t.Fatalf("got %+v", first)
	}
	f.must(f.RotateKey(f.ctx, "links", noon))
	both, err := f.SigningKeys(f.ctx, "links")
	f.must(err)
	if len(both) != 2 || both[0].ID != 2 || string(both[1].Secret) != string(first[0].Secret) || string(both[0].Secret) == string(first[0].Secret) {
		t.Errorf("got %+v after %+v", both, first)
	}
	if other, err := f.SigningKeys(f.ctx, "manage"); err != nil || string(other[0].Secret) == string(first[0].Secret) {
		t.Errorf("got %+v, %v", other, err)
	}
}

func switches(t *testing.T, f *fixture) {
	if all, err := f.Switches(f.ctx); err != nil || len(all) != 0 {
		t.Errorf("got %+v, %v", all, err)
	}
	on := store.Switch{On: true, At: noon, Note: "kim"}
	f.must(f.Turn(f.ctx, store.SwitchArmed, on))
	f.must(f.Turn(f.ctx, store.SwitchStopped, on))
	f.must(f.Turn(f.ctx, store.SwitchStopped, store.Switch{At: noon}))
	all, err := f.Switches(f.ctx)
	f.must(err)
	if all[store.SwitchArmed] != on || all[store.SwitchStopped].On {
		t.Errorf("got %+v", all)
	}
}
