package engine_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"germane/audience"
	"germane/store"
)

const topic = "tips"

// fill puts something into every table: people who withdrew, were suppressed and erased, a run that is over and one in the middle of
// which its worker was lost.
func fill(t *testing.T, s database) {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var updates []audience.Update
	for i := 1; i <= 12; i++ {
		updates = append(updates, audience.Update{ID: fmt.Sprint("p", i), Email: fmt.Sprintf("P%d@acme.example", i), TimeZone: "Europe/Paris", Locale: "fr", Attributes: []byte(`{"plan":"ü\u0000"}`)})
	}
	_, err := s.Import(ctx, updates, store.Importing{At: noon, Source: "import", Consent: []store.ConsentGrant{{Topic: topic, Basis: "form"}}})
	must(err)
	moved := updates[0]
	moved.TimeZone = "Asia/Tokyo"
	_, err = s.Import(ctx, []audience.Update{moved}, store.Importing{At: noon})
	must(err)
	must(s.Unsubscribe(ctx, 2, store.Withdrawal{Source: "unsubscribe link", At: noon}))
	must(s.Suppress(ctx, "p3@acme.example", store.Suppression{Reason: store.Bounced, Detail: "5.1.1", At: noon}))
	must(s.Forget(ctx, "p12@acme.example", noon)) // whose number was the highest
	_, err = s.SigningKeys(ctx, "token")
	must(err)
	must(s.RotateKey(ctx, "token", noon))
	for _, name := range []string{"offers", topic} {
		_, err := s.TopicNumber(ctx, name)
		must(err)
	}
	must(s.Turn(ctx, store.SwitchArmed, store.Switch{On: true, At: noon, Note: "by Kim"}))
	for _, hash := range []string{"v1", "v2"} {
		must(s.Deploy(ctx, &store.Version{
			Hash: hash, Format: 1, Deployed: noon, Files: map[string][]byte{"a.md": []byte("Hi"), "b.png": {0, 1, 2}}, Assets: []store.Asset{{Hash: "h", Name: "b.png", Path: "b.png"}},
			Links:    []store.Link{{Campaign: "weekly", Message: 1, ID: 1, Block: "hero", Variant: "a", Parts: []string{"https://acme.example/?", ""}}},
			Variants: []store.Variant{{Campaign: "weekly", BlockNumber: 1, Number: 2, BlockName: "hero", VariantName: "a"}},
		}))
	}
	must(s.PauseCampaign(ctx, "daily", true, "holidays"))
	must(s.TakeStep(ctx, "weekly", "c", 1, noon))
	must(s.PlannedUntil(ctx, "weekly", "every day", noon))
	fillRuns(t, s)
}

// fillRuns makes run 1, which is over, run 2, in the middle of which its worker was lost, and run 3, which waits.
func fillRuns(t *testing.T, s database) {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	newRun := func(occurrence string, state store.RunState, people ...store.Range) int64 {
		var chunks []store.Chunk
		for no, r := range people {
			chunks = append(chunks, store.Chunk{No: no, People: r, Members: r.To - r.From})
		}
		id, err := s.CreateRun(ctx, store.Run{Campaign: "weekly", Occurrence: occurrence, Version: "v1", State: state, Cut: true, Created: noon}, chunks)
		must(err)
		return id
	}
	over := newRun("1", store.RunRunning, store.Range{From: 1, To: 2})
	claim(t, s, over, 1)
	report(t, s, over, store.Result{Person: 1, State: store.Sent, Provider: "id-1", At: noon})
	must(s.FinishChunk(ctx, store.Lease{Run: over, Epoch: 1}))
	_, err := s.CloseRun(ctx, over, noon, 0)
	must(err)

	lost := newRun("2", store.RunRunning, store.Range{From: 1, To: 10}, store.Range{From: 10, To: 13})
	must(s.Repin(ctx, lost, "v2", noon))
	claim(t, s, lost, 1, 4, 5, 6, 7)
	report(t, s, lost, store.Result{Person: 1, State: store.Sent, Provider: "id-2", At: noon}, store.Result{Person: 5, State: store.Failed, Reason: "550", At: noon},
		store.Result{Person: 6, State: store.InDoubt, Reason: "timeout", At: noon}, store.Result{Person: 7, State: store.Retry, Reason: "busy", At: noon})
	_, err = s.Step(ctx, &store.Step{Lease: store.Lease{Run: lost, Epoch: 1}, Pin: 1, Now: noon, Until: noon.Add(1), Decisions: []store.Decision{
		{Person: 8, State: store.HeldOut, Reason: "holdout", Topic: topic}, {Person: 9, State: store.Skipped, Reason: "rollout", Choices: []byte{}},
	}})
	must(err)
	newRun("3", store.RunWaitingApproval, store.Range{From: 1, To: 13})

	_, err = s.AddEvents(ctx, []store.Event{
		{At: noon, Key: "k1", Kind: store.EventClick, Person: 1, Run: lost, Block: "hero", Variant: "a", Link: 1, Agent: "chrome", Fields: []byte("{}")},
		{At: noon, Kind: store.EventGoal, Name: "project_created", Person: 4, Fields: []byte(`{"name":"x"}`)},
	})
	must(err)
	_, err = s.TakeNotices(ctx, []store.Notice{{
		Run: over, Person: 1, Campaign: "weekly", Provider: "id-1", State: store.Sent, Sent: noon, Address: "p1@acme.example", Domain: "acme.example",
		Event: store.Event{Key: "n1", Kind: store.EventDelivery, Person: 1, Run: over, At: noon},
	}}, store.Noticing{Judge: func(store.Mailed, []store.Event) {}})
	must(err)
	_, err = s.GrantMails(ctx, "hello@acme.example", 20_000, func(int, int64) int64 { return 7 })
	must(err)
}

// claim takes the run's first chunk and claims people in it.
func claim(t *testing.T, s database, run int64, people ...int64) {
	t.Helper()
	c, err := s.TakeChunk(t.Context(), run, 0, "busy", noon, noon.Add(1))
	if err != nil {
		t.Fatal(err)
	}
	pin := 0
	if run == 2 {
		pin = 1
	}
	var decisions []store.Decision
	for _, person := range people {
		decisions = append(decisions, store.Decision{Person: person, State: store.Claimed, Topic: topic, Choices: []byte{1, byte(person)}})
	}
	if _, err := s.Step(t.Context(), &store.Step{Lease: store.Lease{Run: run, Epoch: c.Epoch}, Pin: pin, Now: noon, Until: noon.Add(1), Decisions: decisions}); err != nil {
		t.Fatal(err)
	}
}

func report(t *testing.T, s database, run int64, results ...store.Result) {
	t.Helper()
	pin := 0
	if run == 2 {
		pin = 1
	}
	if _, err := s.Step(t.Context(), &store.Step{Lease: store.Lease{Run: run, Epoch: 1}, Pin: pin, Now: noon, Until: noon.Add(1), Results: results}); err != nil {
		t.Fatal(err)
	}
}

// album is what can be read of a database.
type album struct {
	t *testing.T
	strings.Builder
}

func (a *album) line(format string, args ...any) { fmt.Fprintf(a, format+"\n", args...) }

func (a *album) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

// look reads all that a database says.
func look(t *testing.T, s database) string {
	t.Helper()
	a := &album{t: t}
	a.people(s)
	a.settings(s)
	a.runs(s)
	return a.String()
}

func (a *album) people(s database) {
	ctx := a.t.Context()
	for p, err := range s.EachPerson(ctx, store.Everybody) {
		a.must(err)
		a.line("person %+v", *p)
		again, err := s.PersonByEmail(ctx, strings.ToLower(p.Email)) // by its hash
		a.must(err)
		a.line("%d", again.Number)
	}
	for n := int64(1); n <= 12; n++ {
		consents, err := s.ConsentsOf(ctx, n)
		a.must(err)
		log, err := s.ConsentLog(ctx, n)
		a.must(err)
		suppressions, err := s.SuppressionsOf(ctx, fmt.Sprintf("p%d@acme.example", n))
		a.must(err)
		events, err := s.EventsOf(ctx, n, 10)
		a.must(err)
		a.line("%d: %v, %v, %v, %+v", n, consents, log, suppressions, events)
	}
	census, err := s.Census(ctx)
	a.must(err)
	zones, err := s.ZoneCounts(ctx)
	a.must(err)
	imported, err := s.LastImport(ctx)
	a.must(err)
	notices, err := s.NoticeCounts(ctx, time.Time{})
	a.must(err)
	day, granted, err := s.GrantedMails(ctx, "hello@acme.example", 20_001)
	a.must(err)
	a.line("%v %v %v %v %d %d", census, zones, imported, notices, day, granted)
}

func (a *album) settings(s database) {
	ctx := a.t.Context()
	keys, err := s.SigningKeys(ctx, "token")
	a.must(err)
	switches, err := s.Switches(ctx)
	a.must(err)
	a.line("%x", keys)
	for _, name := range slices.Sorted(maps.Keys(switches)) {
		a.line("%s %s %s", name, map[bool]string{true: "on", false: "off"}[switches[name].On], switches[name].Note)
	}
	for number := uint32(1); number <= 2; number++ {
		name, err := s.TopicName(ctx, number)
		a.must(err)
		a.line("topic %s", name)
	}
	current, err := s.CurrentVersion(ctx)
	a.must(err)
	for number, hash := range []string{"v1", "v2"} {
		v, err := s.Version(ctx, hash)
		a.must(err)
		links, err := s.VersionLinks(ctx, int64(number+1))
		a.must(err)
		a.line("%s %+v %v", current, *v, links)
	}
	asset, err := s.AssetContent(ctx, "h", "b.png")
	a.must(err)
	campaigns, err := s.CampaignStates(ctx)
	a.must(err)
	a.line("%v %v", asset, campaigns)
}

func (a *album) runs(s database) {
	ctx := a.t.Context()
	runs, err := s.Runs(ctx, store.RunFilter{})
	a.must(err)
	for _, r := range runs {
		c := r.Counts
		a.line("run %d: %s %s", r.ID, r.State, r.Note)
		a.line("%s %s %v %s %d %v %v %v %v %v", r.Campaign, r.Occurrence, r.Manual, r.Version, r.Pin, r.Cut, r.Due, r.Created, r.Started, r.Finished)
		a.line("sent %d failed %d skipped %d held %d doubt %d waiting %d", c.Sent, c.Failed, c.Skipped, c.HeldOut, c.InDoubt, c.Waiting)
		chunks, err := s.ChunksOf(ctx, r.ID)
		a.must(err)
		for _, c := range chunks {
			a.line("chunk %d/%d: owner %s, %v %d %d %d", c.Run, c.No, c.Owner, c.People, c.Members, c.Epoch, c.Crashes)
		}
		rows, err := s.DeliveriesIn(ctx, r.ID, store.Everybody)
		a.must(err)
		for _, d := range rows {
			a.line("%s:%d %s", d.State, d.Person, d.Reason)
			a.line("%d %d %d %d %v %v %v %s", d.Chunk, d.Pin, d.Epoch, d.Attempt, d.Choices, d.Claimed, d.Done, d.Provider)
		}
		a.counts(s, r.ID)
	}
}

func (a *album) counts(s database, run int64) {
	ctx := a.t.Context()
	versions, err := s.RunVersions(ctx, run)
	a.must(err)
	links, err := s.RunLinks(ctx, run)
	a.must(err)
	variants, err := s.RunVariants(ctx, run)
	a.must(err)
	events, err := s.EventCounts(ctx, run)
	a.must(err)
	clicks, err := s.ClickCounts(ctx, run)
	a.must(err)
	kinds, err := s.KindCounts(ctx, run)
	a.must(err)
	a.line("%v %v %v %v %v %v", versions, links, variants, events, clicks, kinds)
}

// goOn uses a copy: numbers are new, nobody is claimed again, who withdrew or was erased stays so, and one event is one.
func goOn(t *testing.T, s database) {
	t.Helper()
	ctx := t.Context()
	outcomes, err := s.Import(ctx, []audience.Update{
		{ID: "new", Email: "new@acme.example"}, {ID: "p2", Email: "p2@acme.example"}, {ID: "back", Email: "p12@acme.example"},
	}, store.Importing{At: noon, Consent: []store.ConsentGrant{{Topic: topic}}})
	if err != nil || outcomes[0].Result != store.Created || outcomes[2].Result != store.Rejected {
		t.Fatalf("import: %+v, %v", outcomes, err)
	}
	if p, err := s.PersonByID(ctx, "new"); err != nil || p.Number < 13 {
		t.Errorf("somebody new is %+v, %v", p, err)
	}
	if c, err := s.ConsentsOf(ctx, 2); err != nil || c[topic].State != audience.ConsentUnsubscribed {
		t.Errorf("who withdrew is %+v, %v", c, err)
	}
	if number, err := s.TopicNumber(ctx, "more"); err != nil || number < 3 {
		t.Errorf("a new topic is %d, %v", number, err)
	}
	if id, err := s.CreateRun(ctx, store.Run{Campaign: "weekly", Occurrence: "4", Version: "v1", Created: noon}, nil); err != nil || id < 4 {
		t.Errorf("a new run is %d, %v", id, err)
	}
	if n, err := s.AddEvents(ctx, []store.Event{{At: noon, Key: "k1", Kind: store.EventClick, Person: 1}, {At: noon, Key: "k2", Kind: store.EventClick, Person: 1}}); err != nil || n != 1 {
		t.Errorf("of a known event and a new one %d are new, %v", n, err)
	}
	if err := s.MoveRun(ctx, 2, store.RunRunning, "", noon); err != nil {
		t.Fatal(err)
	}
	c, err := s.TakeChunk(ctx, 2, 0, "other", noon, noon.Add(1))
	if err != nil {
		t.Fatal(err)
	}
	var decisions []store.Decision
	for person := int64(1); person < 10; person++ {
		decisions = append(decisions, store.Decision{Person: person, State: store.Claimed, Topic: topic})
	}
	decided, err := s.Step(ctx, &store.Step{Lease: store.Lease{Run: 2, Epoch: c.Epoch}, Pin: 1, Now: noon, Until: noon.Add(1), Decisions: decisions})
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range decided {
		if want := i+1 == 7; (d.State == store.Claimed) != want { // who was to be tried again; 2 withdrew and 3 is suppressed
			t.Errorf("%d is decided to be %+v", i+1, d)
		}
	}
}
