package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"germane/audience"
	"germane/store"
)

// run makes people who are subscribed to tips, a version, and a run of them in chunks of a size. It returns the people's numbers.
func (f *fixture) run(people, size int) (id int64, numbers []int64) {
	f.t.Helper()
	updates := make([]audience.Update, people)
	for i := range updates {
		updates[i] = audience.Update{ID: fmt.Sprint("p", i), Email: fmt.Sprintf("p%d@acme.example", i)}
	}
	f.people(store.Importing{Consent: subscribed}, updates)
	for p, err := range f.EachPerson(f.ctx, store.Everybody) {
		f.must(err)
		numbers = append(numbers, p.Number)
	}
	f.must(f.Deploy(f.ctx, &store.Version{Hash: "v1", Format: 1, Deployed: noon}))
	return f.another("2026-11-23", numbers, size), numbers
}

// another makes one more run of the campaign.
func (f *fixture) another(occurrence string, numbers []int64, size int) int64 {
	f.t.Helper()
	var chunks []store.Chunk
	for from := 0; from < len(numbers); from += size {
		to := min(from+size, len(numbers))
		chunks = append(chunks, store.Chunk{No: len(chunks), People: store.Range{From: numbers[from], To: numbers[to-1] + 1}, Members: int64(to - from)})
	}
	id, err := f.CreateRun(f.ctx, store.Run{Campaign: "weekly", Occurrence: occurrence, Version: "v1", Cut: true, Due: noon, Created: noon, Started: noon}, chunks)
	f.must(err)
	return id
}

func (f *fixture) take(run int64, no int, now time.Time) store.Lease {
	f.t.Helper()
	c, err := f.TakeChunk(f.ctx, run, no, "test", now, now.Add(time.Minute))
	f.must(err)
	return store.Lease{Run: run, Chunk: no, Epoch: c.Epoch}
}

func claims(people ...int64) []store.Decision {
	var all []store.Decision
	for _, p := range people {
		all = append(all, store.Decision{Person: p, State: store.Claimed, Topic: "tips", Choices: []byte{1, 2}})
	}
	return all
}

func step(l store.Lease, results []store.Result, decisions []store.Decision) *store.Step {
	return &store.Step{Lease: l, Now: noon, Until: noon.Add(time.Minute), Results: results, Decisions: decisions}
}

func result(person int64, state store.DeliveryState) store.Result {
	return store.Result{Person: person, State: state, At: noon}
}

// step does a step and wants a state for each decision.
func (f *fixture) step(s *store.Step, want ...store.DeliveryState) {
	f.t.Helper()
	decided, err := f.Step(f.ctx, s)
	f.must(err)
	for i, d := range decided {
		if d.State != want[i] {
			f.t.Errorf("decision %d became %+v, want %d", i, d, want[i])
		}
	}
}

func (f *fixture) wantCounts(run int64, want store.Counts) {
	f.t.Helper()
	r, err := f.Run(f.ctx, run)
	f.must(err)
	if r.Counts != want {
		f.t.Errorf("counts are %+v, want %+v", r.Counts, want)
	}
}

func (f *fixture) wantRow(run, person int64, state store.DeliveryState, reason string) *store.Delivery {
	f.t.Helper()
	d, err := f.Delivery(f.ctx, run, person, 0)
	f.must(err)
	if d.State != state || d.Reason != reason {
		f.t.Errorf("the row of %d has state %d (%s), want %d (%s)", person, d.State, d.Reason, state, reason)
	}
	return d
}

func deliveryMoves(t *testing.T, f *fixture) {
	run, p := f.run(7, 100)
	f.wantCounts(run, store.Counts{Planned: 7, Waiting: 7})
	l := f.take(run, 0, noon)
	f.step(step(l, nil, append(claims(p[:5]...), store.Decision{Person: p[5], State: store.Skipped, Reason: "rollout"}, store.Decision{Person: p[6], State: store.HeldOut, Reason: "holdout", Topic: "tips"})),
		store.Claimed, store.Claimed, store.Claimed, store.Claimed, store.Claimed, store.Skipped, store.HeldOut)
	f.wantCounts(run, store.Counts{Planned: 7, Skipped: 1, HeldOut: 1, Waiting: 5})

	// Nobody is claimed a second time, in whatever state.
	f.step(step(l, nil, claims(p...)), 0, 0, 0, 0, 0, 0, 0)
	f.step(step(l, []store.Result{result(p[0], store.Sent), {Person: p[1], State: store.Failed, Reason: "refused", At: noon}, result(p[2], store.InDoubt), result(p[3], store.Retry)}, claims(p...)),
		0, 0, 0, store.Claimed, 0, 0, 0)
	if d := f.wantRow(run, p[3], store.Claimed, ""); d.Attempt != 2 || string(d.Choices) != "\x01\x02" || d.Campaign != "weekly" {
		t.Errorf("got %+v", d)
	}
	f.wantCounts(run, store.Counts{Planned: 7, Sent: 1, Failed: 1, InDoubt: 1, Skipped: 1, HeldOut: 1, Waiting: 2})
	if err := f.FinishChunk(f.ctx, l); err == nil {
		t.Error("a chunk with claims was finished")
	}
	if err := f.ReleaseChunk(f.ctx, l, noon); err == nil {
		t.Error("a chunk with claims was released")
	}

	// The late truth settles what is in doubt, and never what is settled.
	f.must(f.Settle(f.ctx, store.Settlement{Run: run, Person: p[2], State: store.Sent, Provider: "m-2", At: noon}))
	f.must(f.Settle(f.ctx, store.Settlement{Run: run, Person: p[0], State: store.Failed, At: noon}))
	f.must(f.Settle(f.ctx, store.Settlement{Run: run, Person: p[4], State: store.Sent, Provider: "m-4", At: noon}))
	f.step(step(l, []store.Result{result(p[4], store.InDoubt), result(p[4], store.Retry), result(p[3], store.Sent), result(p[1], store.Sent)}, nil))
	if d := f.wantRow(run, p[4], store.Sent, ""); d.Provider != "m-4" {
		t.Errorf("got %+v", d)
	}
	f.wantRow(run, p[0], store.Sent, "")
	f.wantRow(run, p[1], store.Failed, "refused")
	f.must(f.FinishChunk(f.ctx, l))
	f.wantCounts(run, store.Counts{Planned: 7, Sent: 4, Failed: 1, Skipped: 1, HeldOut: 1})
	for _, bad := range []store.Settlement{{Run: run, Person: p[5], State: store.Sent}, {Run: run, Person: p[0], State: store.Retry}, {Run: run, Person: 1 << 40, State: store.Sent}} {
		_ = f.Settle(f.ctx, bad)
	}
	f.wantRow(run, p[5], store.Skipped, "rollout")
	if reasons, err := f.Reasons(f.ctx, run); err != nil || len(reasons) != 3 || reasons["rollout"] != 1 {
		t.Errorf("reasons %+v, %v", reasons, err)
	}
	if counts, err := f.ChoiceCounts(f.ctx, run); err != nil || len(counts) != 4 {
		t.Errorf("choices %+v, %v", counts, err)
	}
	f.must(f.Forget(f.ctx, "p0@acme.example", noon))
	if all, err := f.DeliveriesTo(f.ctx, p[0]); err != nil || len(all) != 1 {
		t.Errorf("deliveries %+v, %v", all, err)
	}
}

func claimLooksAgain(t *testing.T, f *fixture) {
	run, p := f.run(6, 100)
	l := f.take(run, 0, noon)
	f.must(f.Unsubscribe(f.ctx, p[0], store.Withdrawal{At: noon}))
	f.must(f.Suppress(f.ctx, "p1@acme.example", store.Suppression{Reason: store.Complained, At: noon}))
	f.must(f.Forget(f.ctx, "p2@acme.example", noon))
	f.step(step(l, nil, claims(p[:4]...)), store.Skipped, store.Skipped, store.Skipped, store.Claimed)
	f.wantRow(run, p[0], store.Skipped, store.ReasonNoConsent)
	f.wantRow(run, p[1], store.Skipped, store.ReasonSuppressed)
	f.wantRow(run, p[2], store.Skipped, store.ReasonErased)
	// Whoever withdrew between two attempts gets nothing.
	f.step(step(l, []store.Result{result(p[3], store.Retry)}, nil))
	f.must(f.Unsubscribe(f.ctx, p[3], store.Withdrawal{At: noon}))
	f.step(step(l, nil, claims(p[3])), store.Failed)
	// Suppression holds for mail that needs no consent.
	f.must(f.Suppress(f.ctx, "p5@acme.example", store.Suppression{Reason: store.ByHand, At: noon}))
	f.step(step(l, nil, []store.Decision{{Person: p[4], State: store.Claimed}, {Person: p[5], State: store.Claimed}}), store.Claimed, store.Skipped)
}

func caps(t *testing.T, f *fixture) {
	first, p := f.run(4, 100)
	l := f.take(first, 0, noon)
	held := store.Decision{Person: p[1], State: store.HeldOut, Topic: "tips"}
	f.step(step(l, nil, append(claims(p[0], p[2], p[3]), held)), store.Claimed, store.Claimed, store.Claimed, store.HeldOut)
	f.step(step(l, []store.Result{result(p[0], store.Sent), result(p[2], store.Failed), result(p[3], store.InDoubt)}, nil))
	capped := func(c store.Cap) []store.Decision {
		all := claims(p...)
		for i := range all {
			all[i].Caps = []store.Cap{c}
		}
		return all
	}
	week := noon.Add(-7 * 24 * time.Hour)
	// What was due before counts then, however late it was claimed, and its place is given back when it fails.
	due := claims(p[0])
	due[0].Due = noon.Add(-time.Hour)
	early := f.another("due before", p, 100)
	f.step(step(f.take(early, 0, noon), nil, due), store.Claimed)
	late := claims(p[0])
	late[0].Caps = []store.Cap{{Max: 2, Since: noon.Add(-time.Minute)}}
	f.step(step(f.take(f.another("due after", p, 100), 0, noon), nil, late), store.Claimed)
	f.step(step(store.Lease{Run: early, Epoch: 1}, []store.Result{result(p[0], store.Failed)}, nil))
	f.step(step(store.Lease{Run: early + 1, Epoch: 1}, []store.Result{result(p[0], store.Failed)}, nil))
	for name, test := range map[string]struct {
		cap  store.Cap
		want store.DeliveryState
	}{
		"reached":     {store.Cap{Max: 1, Since: week}, store.Skipped},
		"of topic":    {store.Cap{Max: 1, Since: week, Topic: "tips"}, store.Skipped},
		"other topic": {store.Cap{Max: 1, Since: week, Topic: "offers"}, store.Claimed},
		"not reached": {store.Cap{Max: 9, Since: week}, store.Claimed},
		"long ago":    {store.Cap{Max: 1, Since: noon.Add(time.Second)}, store.Claimed},
	} {
		run := f.another(name, p, 100)
		decided, err := f.Step(f.ctx, step(f.take(run, 0, noon), nil, capped(test.cap)))
		f.must(err)
		for i, want := range []store.DeliveryState{test.want, test.want, store.Claimed, test.want} {
			if decided[i].State != want || want == store.Skipped && decided[i].Reason != store.ReasonCap {
				t.Errorf("%s, %d: got %+v, want %d", name, i, decided[i], want)
			}
		}
		// What this one claimed is given back, so that the next one is alone with the first.
		var failed []store.Result
		for i := range p {
			failed = append(failed, result(p[i], store.Failed))
		}
		f.step(step(store.Lease{Run: run, Chunk: 0, Epoch: 1}, failed, nil))
	}
}

func leases(t *testing.T, f *fixture) {
	run, p := f.run(10, 5)
	if ready, err := f.ReadyChunks(f.ctx, noon, 10); err != nil || len(ready) != 2 {
		t.Fatalf("ready %+v, %v", ready, err)
	}
	old := f.take(run, 0, noon)
	if _, err := f.TakeChunk(f.ctx, run, 0, "other", noon, noon); !errors.Is(err, store.ErrLost) {
		t.Errorf("taken twice: %v", err)
	}
	f.step(step(old, nil, claims(p[0], p[1])), store.Claimed, store.Claimed)
	if ended, err := f.Sweep(f.ctx, noon.Add(time.Second), false); err != nil || ended != 0 {
		t.Errorf("swept a live lease: %d, %v", ended, err)
	}
	later := noon.Add(time.Hour)
	l := f.take(run, 0, later)
	if l.Epoch <= old.Epoch {
		t.Errorf("epoch %d after %d", l.Epoch, old.Epoch)
	}
	f.wantCounts(run, store.Counts{Planned: 10, InDoubt: 2, Waiting: 8})
	// Who lost the lease can say what came of its claims, and claims nothing.
	if decided, err := f.Step(f.ctx, step(old, []store.Result{result(p[0], store.Sent)}, claims(p[2]))); !errors.Is(err, store.ErrLost) || decided != nil {
		t.Errorf("got %+v, %v", decided, err)
	}
	f.wantCounts(run, store.Counts{Planned: 10, Sent: 1, InDoubt: 1, Waiting: 8})
	for _, err := range []error{f.ReleaseChunk(f.ctx, old, noon), f.FinishChunk(f.ctx, old)} {
		if !errors.Is(err, store.ErrLost) {
			t.Errorf("got %v", err)
		}
	}
	f.must(f.ReleaseChunk(f.ctx, l, later.Add(time.Hour)))
	if ready, err := f.ReadyChunks(f.ctx, later, 10); err != nil || len(ready) != 1 || ready[0].No != 1 {
		t.Errorf("ready %+v, %v", ready, err)
	}
	// A clean release is no crash; three crashes set a chunk aside.
	for crash := range 3 {
		l := f.take(run, 1, noon)
		f.step(step(l, nil, claims(p[5+crash])), store.Claimed)
		if ended, err := f.Sweep(f.ctx, noon, true); err != nil || ended != 1 {
			t.Errorf("swept %d, %v", ended, err)
		}
	}
	if _, err := f.TakeChunk(f.ctx, run, 1, "test", later, later); !errors.Is(err, store.ErrLost) {
		t.Errorf("a poisonous chunk was taken: %v", err)
	}
	chunks, err := f.ChunksOf(f.ctx, run)
	f.must(err)
	if chunks[0].Crashes != 1 || chunks[1].State != store.ChunkAside || chunks[1].InDoubt != 3 {
		t.Errorf("got %+v", chunks)
	}
	if state, err := f.CloseRun(f.ctx, run, later, time.Hour); err != nil || state != store.RunRunning {
		t.Errorf("closed while a chunk is set aside: %s, %v", state, err)
	}
}

func halts(t *testing.T, f *fixture) {
	run, p := f.run(3, 100)
	l := f.take(run, 0, noon)
	refused := func(why string) {
		t.Helper()
		if decided, err := f.Step(f.ctx, step(l, nil, claims(p...))); !errors.Is(err, store.ErrLost) || decided != nil {
			t.Errorf("%s: got %+v, %v", why, decided, err)
		}
	}
	f.must(f.Turn(f.ctx, store.SwitchStopped, store.Switch{On: true, At: noon}))
	refused("stopped")
	f.must(f.Turn(f.ctx, store.SwitchStopped, store.Switch{At: noon}))
	f.must(f.MoveRun(f.ctx, run, store.RunPaused, "kim", noon))
	refused("paused")
	if ready, err := f.ReadyChunks(f.ctx, noon.Add(time.Hour), 10); err != nil || len(ready) != 0 {
		t.Errorf("ready while paused: %+v, %v", ready, err)
	}
	f.must(f.MoveRun(f.ctx, run, store.RunRunning, "", noon))
	f.step(step(l, nil, claims(p[0])), store.Claimed)
	f.must(f.MoveRun(f.ctx, run, store.RunCancelled, "kim", noon))
	refused("cancelled")
	if err := f.MoveRun(f.ctx, run, store.RunRunning, "", noon); err == nil {
		t.Error("a cancelled run went on")
	}
}

func runs(t *testing.T, f *fixture) {
	run, p := f.run(2, 100)
	if _, err := f.CreateRun(f.ctx, store.Run{Campaign: "weekly", Occurrence: "2026-11-23", Version: "v1"}, nil); !errors.Is(err, store.ErrExists) {
		t.Errorf("an occurrence has two runs: %v", err)
	}
	if _, err := f.Run(f.ctx, 99); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	second := f.another("2026-11-30", p, 1)
	all, err := f.Runs(f.ctx, store.RunFilter{Campaign: "weekly", Since: noon, Open: true})
	f.must(err)
	if len(all) != 2 || all[0].ID != second || all[1].ID != run || all[1].Occurrence != "2026-11-23" || !all[1].Due.Equal(noon) {
		t.Errorf("got %+v", all)
	}
	closed := func(at time.Time, want store.RunState) {
		t.Helper()
		if state, err := f.CloseRun(f.ctx, run, at, 24*time.Hour); err != nil || state != want {
			t.Errorf("closed: %s, %v; want %s", state, err, want)
		}
	}
	l := f.take(run, 0, noon)
	f.step(step(l, nil, claims(p...)), store.Claimed, store.Claimed)
	closed(noon, store.RunRunning)
	f.step(step(l, []store.Result{result(p[0], store.Sent), result(p[1], store.InDoubt)}, nil))
	f.must(f.FinishChunk(f.ctx, l))
	closed(noon, store.RunSettling)
	closed(noon.Add(time.Hour), store.RunSettling)
	if n, err := f.SettleRun(f.ctx, run, store.Failed, "kim looked", noon); err != nil || n != 1 {
		t.Errorf("settled %d, %v", n, err)
	}
	closed(noon.Add(time.Hour), store.RunFinished)
	f.wantCounts(run, store.Counts{Planned: 2, Sent: 1, Failed: 1})

	run = second
	for no := range 2 {
		l := f.take(run, no, noon)
		f.step(step(l, nil, claims(p[no])), store.Claimed)
		f.step(step(l, []store.Result{result(p[no], store.InDoubt)}, nil))
		f.must(f.FinishChunk(f.ctx, l))
	}
	closed(noon, store.RunSettling)
	closed(noon.Add(24*time.Hour), store.RunFinished)
	if r, err := f.Run(f.ctx, run); err != nil || r.InDoubt != 2 || !r.Finished.Equal(noon.Add(24*time.Hour)) {
		t.Errorf("got %+v, %v", r, err)
	}
}

func repin(t *testing.T, f *fixture) {
	run, p := f.run(2, 100)
	f.must(f.Deploy(f.ctx, &store.Version{Hash: "v2", Deployed: noon.Add(time.Hour), Links: []store.Link{{Campaign: "weekly", ID: 1, Block: "hero", Variant: "a", Parts: []string{"https://acme.example/b"}}}}))
	l := f.take(run, 0, noon)
	f.step(step(l, nil, claims(p[0])), store.Claimed)
	if err := f.Repin(f.ctx, run, "v9", noon); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("pinned to nothing: %v", err)
	}
	f.must(f.Repin(f.ctx, run, "v2", noon))
	// Whoever still has the old version can say what came of it, and claims nothing more.
	f.step(step(l, []store.Result{result(p[0], store.Sent)}, nil))
	if decided, err := f.Step(f.ctx, step(l, nil, claims(p[1]))); !errors.Is(err, store.ErrLost) || decided != nil {
		t.Errorf("the old version claimed %+v, %v", decided, err)
	}
	next := step(l, nil, claims(p[1]))
	next.Pin = 1
	f.step(next, store.Claimed)
	r, err := f.Run(f.ctx, run)
	f.must(err)
	before, after := f.wantRow(run, p[0], store.Sent, ""), f.wantRow(run, p[1], store.Claimed, "")
	if r.Version != "v2" || before.Pin != 0 || after.Pin != 1 {
		t.Errorf("run %+v, pins %d and %d", r, before.Pin, after.Pin)
	}
	links, err := f.RunLinks(f.ctx, run)
	f.must(err)
	if len(links) != 1 || links[0].Pin != 1 || links[0].Parts[0] != "https://acme.example/b" {
		t.Errorf("links %+v", links)
	}
}

// crashes works through a run with workers that die anywhere, and holds the ledger to what was really sent.
func crashes(t *testing.T, f *fixture) {
	const people, size = 60, 20
	run, _ := f.run(people, size)
	random := rand.New(rand.NewPCG(1, 2))
	sent := map[int64]int{}
	now := noon
	for range 4000 {
		now = now.Add(time.Second)
		ready, err := f.ReadyChunks(f.ctx, now, 10)
		f.must(err)
		if len(ready) > 0 {
			f.work(random, ready[random.IntN(len(ready))], now, sent)
		}
		_, err = f.Sweep(f.ctx, now.Add(time.Hour), random.IntN(2) == 0)
		f.must(err)
		f.checkRun(run, people)
	}
	rows, err := f.DeliveriesIn(f.ctx, run, store.Everybody)
	f.must(err)
	for _, d := range rows {
		if n := sent[d.Person]; n > 1 || d.State == store.Sent && n != 1 || d.State == store.Failed && n != 0 {
			t.Errorf("%d was sent %d times, and its row says %d", d.Person, n, d.State)
		}
		delete(sent, d.Person)
	}
	if len(sent) > 0 {
		t.Errorf("sent without a row: %v", sent)
	}
}

// work is a worker's life: it may end after any step, without a word.
func (f *fixture) work(random *rand.Rand, c store.Chunk, now time.Time, sent map[int64]int) {
	taken, err := f.TakeChunk(f.ctx, c.Run, c.No, "worker", now, now.Add(time.Minute))
	if errors.Is(err, store.ErrLost) {
		return
	}
	f.must(err)
	l := store.Lease{Run: c.Run, Chunk: c.No, Epoch: taken.Epoch}
	var results []store.Result
	for person := c.People.From; person < c.People.To; person++ {
		decided, err := f.Step(f.ctx, step(l, results, claims(person)))
		f.must(err)
		results = nil
		if decided[0].State != store.Claimed {
			continue
		}
		switch random.IntN(12) {
		case 0:
			return // before the provider heard of it
		case 1:
			sent[person]++
			return // after
		case 2:
			results = append(results, result(person, store.Retry))
		case 3:
			results = append(results, result(person, store.Failed))
		case 4:
			sent[person]++
			results = append(results, result(person, store.InDoubt))
		default:
			sent[person]++
			results = append(results, result(person, store.Sent))
		}
	}
	f.step(step(l, results, nil))
	if err := f.FinishChunk(f.ctx, l); err != nil {
		f.must(f.ReleaseChunk(f.ctx, l, now))
	}
}

// checkRun compares a run's counts with its rows.
func (f *fixture) checkRun(run, people int64) {
	f.t.Helper()
	r, err := f.Run(f.ctx, run)
	f.must(err)
	rows, err := f.DeliveriesIn(f.ctx, run, store.Everybody)
	f.must(err)
	var want store.Counts
	for _, d := range rows {
		*map[store.DeliveryState]*int64{
			store.Claimed: &want.Waiting, store.Retry: &want.Waiting, store.Sent: &want.Sent, store.Failed: &want.Failed,
			store.InDoubt: &want.InDoubt, store.Skipped: &want.Skipped, store.HeldOut: &want.HeldOut,
		}[d.State]++
	}
	want.Planned = people
	want.Waiting += people - int64(len(rows))
	if r.Counts != want {
		f.t.Fatalf("counts are %+v, and the rows say %+v", r.Counts, want)
	}
}

func versions(t *testing.T, f *fixture) {
	if _, err := f.CurrentVersion(f.ctx); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	v := &store.Version{
		Hash: "v1", Format: 3, Deployed: noon,
		Files:    map[string][]byte{"germane.yaml": []byte("topics: {}\n"), "assets/logo.png": {0, 1, 2}, "blocks/empty.md": {}},
		Links:    []store.Link{{Campaign: "weekly", ID: 0, Parts: []string{"https://acme.example"}}, {Campaign: "weekly", ID: 1, Block: "hero", Variant: "a", Parts: []string{"https://acme.example/a"}}},
		Variants: []store.Variant{{Campaign: "weekly", BlockName: "hero", VariantName: "a"}},
		Assets:   []store.Asset{{Hash: "abc", Name: "logo.png", Path: "assets/logo.png"}},
	}
	f.must(f.Deploy(f.ctx, v))
	f.must(f.Deploy(f.ctx, &store.Version{Hash: "v2", Deployed: noon.Add(time.Hour)}))
	if hash, err := f.CurrentVersion(f.ctx); err != nil || hash != "v2" {
		t.Errorf("current is %s, %v", hash, err)
	}
	// The same content again becomes the current one, and stays as it is.
	f.must(f.Deploy(f.ctx, &store.Version{Hash: "v1", Deployed: noon.Add(2 * time.Hour)}))
	if hash, err := f.CurrentVersion(f.ctx); err != nil || hash != "v1" {
		t.Errorf("current is %s, %v", hash, err)
	}
	got, err := f.Version(f.ctx, "v1")
	f.must(err)
	if v.Number == 0 || got.Number != v.Number {
		t.Errorf("deployed as number %d, and read as %d", v.Number, got.Number)
	}
	got.Deployed = noon
	if fmt.Sprint(got) != fmt.Sprint(v) {
		t.Errorf("got %+v, want %+v", got, v)
	}
	for beginning, want := range map[string]string{"v1": "[v1]", "v": "[v1 v2]", "x": "[]", "v1'": "[]"} {
		if hashes, err := f.VersionsStarting(f.ctx, beginning); err != nil || fmt.Sprint(hashes) != want {
			t.Errorf("%q begins %v, %v; want %s", beginning, hashes, err, want)
		}
	}
	if data, err := f.AssetContent(f.ctx, "abc", "logo.png"); err != nil || string(data) != "\x00\x01\x02" {
		t.Errorf("asset %q, %v", data, err)
	}
	if _, err := f.AssetContent(f.ctx, "abc", "germane.yaml"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a file that is no asset: %v", err)
	}
	if _, err := f.Version(f.ctx, "v9"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	links, err := f.VersionLinks(f.ctx, v.Number)
	if err != nil || fmt.Sprint(links) != fmt.Sprint(v.Links) {
		t.Errorf("links are %+v, %v", links, err)
	}
	if links, err := f.VersionLinks(f.ctx, v.Number+1); err != nil || len(links) > 0 {
		t.Errorf("a version without links has %+v, %v", links, err)
	}
	if _, err := f.VersionLinks(f.ctx, 99); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("links of a version that is not there: %v", err)
	}
}

func topics(t *testing.T, f *fixture) {
	tips, err := f.TopicNumber(f.ctx, "tips")
	f.must(err)
	offers, err := f.TopicNumber(f.ctx, "offers")
	f.must(err)
	again, err := f.TopicNumber(f.ctx, "tips")
	if err != nil || again != tips || offers == tips || tips == 0 {
		t.Errorf("tips is %d and then %d, offers %d: %v", tips, again, offers, err)
	}
	if name, err := f.TopicName(f.ctx, offers); err != nil || name != "offers" {
		t.Errorf("number %d is %q, %v", offers, name, err)
	}
	if _, err := f.TopicName(f.ctx, 99); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func clock(t *testing.T, f *fixture) {
	now, err := f.Now(f.ctx)
	if off := time.Since(now).Abs(); err != nil || off > time.Minute {
		t.Errorf("the database's clock is off by %v, %v", off, err)
	}
}

func campaigns(t *testing.T, f *fixture) {
	f.must(f.TakeStep(f.ctx, "weekly", "c1", 2, noon))
	f.must(f.PauseCampaign(f.ctx, "weekly", true, "kim"))
	f.must(f.PlannedUntil(f.ctx, "weekly", "monday", noon.Add(time.Hour)))
	f.must(f.PlannedUntil(f.ctx, "weekly", "monday", noon))
	f.must(f.PauseCampaign(f.ctx, "other", false, ""))
	states, err := f.CampaignStates(f.ctx)
	f.must(err)
	want := store.CampaignState{Campaign: "weekly", Paused: true, Note: "kim", Step: 2, Content: "c1", StepAt: noon, PlannedUntil: noon.Add(time.Hour), Cadence: "monday"}
	if states["weekly"] != want || states["other"].Step != -1 {
		t.Errorf("got %+v", states)
	}
	f.must(f.PlannedUntil(f.ctx, "weekly", "tuesday", noon))
	if states, err = f.CampaignStates(f.ctx); err != nil || !states["weekly"].PlannedUntil.Equal(noon) || states["weekly"].Cadence != "tuesday" {
		t.Errorf("another cadence does not begin anew: %+v, %v", states, err)
	}
}
