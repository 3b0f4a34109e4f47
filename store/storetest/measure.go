package storetest

import (
	"fmt"
	"testing"
	"time"

	"germane/store"
)

// goals counts who did something, from the moment that they were decided about until a time after it.
func goals(t *testing.T, f *fixture) {
	run, p := f.run(9, 100)
	l := f.take(run, 0, noon)
	f.step(step(l, nil, append(claims(p[:7]...), store.Decision{Person: p[7], State: store.HeldOut, Reason: "holdout"}, store.Decision{Person: p[8], State: store.HeldOut, Reason: "other holdout"})),
		store.Claimed, store.Claimed, store.Claimed, store.Claimed, store.Claimed, store.Claimed, store.Claimed, store.HeldOut, store.HeldOut)
	late := result(p[4], store.Sent)
	late.At = noon.Add(30 * time.Minute) // handed over later than decided: the window is still the same
	f.step(step(l, []store.Result{result(p[0], store.Sent), result(p[1], store.Sent), result(p[2], store.Sent), result(p[3], store.InDoubt), late, result(p[5], store.Sent), result(p[6], store.Failed)}, nil))

	did := func(person int64, name string, after time.Duration) store.Event {
		return store.Event{At: noon.Add(after), Kind: store.EventGoal, Name: name, Person: person}
	}
	_, err := f.AddEvents(f.ctx, []store.Event{
		did(p[0], "bought", 0), did(p[0], "bought", time.Minute), // twice is once
		did(p[1], "bought", -time.Millisecond), // before the mail
		did(p[2], "bought", time.Hour),         // too late
		did(p[3], "bought", time.Hour-time.Millisecond),
		did(p[4], "bought", time.Minute),
		did(p[5], "looked", time.Minute),
		did(p[6], "bought", time.Minute),
		did(p[7], "bought", time.Minute),
		{At: noon.Add(time.Minute), Kind: store.EventClick, Name: "bought", Person: p[8], Run: run},
	})
	f.must(err)
	want := map[store.DeliveryState]int64{store.Sent: 2, store.Failed: 1, store.InDoubt: 1, store.HeldOut: 1}
	counts, err := f.GoalCounts(f.ctx, run, "bought", time.Hour)
	f.must(err)
	got := map[store.DeliveryState]int64{}
	for _, c := range counts {
		got[c.State] += c.People
		if held := c.State == store.HeldOut; held != (len(c.Choices) == 0) || !held && string(c.Choices) != "\x01\x02" {
			t.Errorf("choices are lost: %+v", c)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	arms, err := f.ArmCounts(f.ctx, run, "bought", time.Hour)
	f.must(err)
	wantArms := []store.ArmCount{
		{State: store.Sent, People: 5, Reached: 2},
		{State: store.Failed, People: 1, Reached: 1},
		{State: store.InDoubt, People: 1, Reached: 1},
		{State: store.HeldOut, Reason: "holdout", People: 1, Reached: 1},
		{State: store.HeldOut, Reason: "other holdout", People: 1},
	}
	if fmt.Sprint(arms) != fmt.Sprint(wantArms) {
		t.Errorf("got %+v, want %+v", arms, wantArms)
	}
	if counts, err := f.GoalCounts(f.ctx, run+1, "bought", time.Hour); err != nil || len(counts) != 0 {
		t.Errorf("another run has %+v, %v", counts, err)
	}
}

func kindCounts(t *testing.T, f *fixture) {
	run, p := f.run(3, 100)
	event := func(kind string, person int64, block, label string) store.Event {
		return store.Event{At: noon, Kind: kind, Person: person, Run: run, Block: block, Label: label}
	}
	_, err := f.AddEvents(f.ctx, []store.Event{
		event(store.EventClick, p[0], "hero", ""), event(store.EventClick, p[0], "tips", store.LabelBurst), event(store.EventClick, p[1], "hero", store.LabelAgent),
		event(store.EventUnsubscribe, p[2], "", ""), event(store.EventClick, 0, "hero", ""),
	})
	f.must(err)
	got, err := f.KindCounts(f.ctx, run)
	f.must(err)
	if want := []store.KindCount{{Kind: store.EventClick, People: 2, HumanPeople: 1}, {Kind: store.EventUnsubscribe, People: 1, HumanPeople: 1}}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// runVariants names the numbers of every version that a run had, of its own campaign only.
func runVariants(t *testing.T, f *fixture) {
	run, _ := f.run(1, 100)
	hero := func(name string) []store.Variant {
		return []store.Variant{{Campaign: "weekly", BlockName: "hero", VariantName: name}, {Campaign: "other", BlockName: "hero", VariantName: "x"}}
	}
	f.must(f.Deploy(f.ctx, &store.Version{Hash: "v2", Deployed: noon, Variants: hero("a")}))
	f.must(f.Deploy(f.ctx, &store.Version{Hash: "v3", Deployed: noon, Variants: hero("b")}))
	f.must(f.Repin(f.ctx, run, "v2", noon.Add(time.Hour)))
	f.must(f.Repin(f.ctx, run, "v3", noon.Add(2*time.Hour)))
	got, err := f.RunVariants(f.ctx, run)
	f.must(err)
	want := []store.Variant{{Campaign: "weekly", BlockName: "hero", VariantName: "a", Pin: 1}, {Campaign: "weekly", BlockName: "hero", VariantName: "b", Pin: 2}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	versions, err := f.RunVersions(f.ctx, run)
	f.must(err)
	if want := []store.RunVersion{{Pin: 0, Version: "v1", At: noon}, {Pin: 1, Version: "v2", At: noon.Add(time.Hour)}, {Pin: 2, Version: "v3", At: noon.Add(2 * time.Hour)}}; fmt.Sprint(versions) != fmt.Sprint(want) {
		t.Errorf("got %+v, want %+v", versions, want)
	}
}

// reopened has a chunk that was set aside worked on again, and none but that.
func reopened(t *testing.T, f *fixture) {
	run, p := f.run(4, 2)
	for crash, want := range []store.DeliveryState{store.Claimed, store.Claimed, 0} {
		l := f.take(run, 1, noon)
		f.step(step(l, nil, claims(p[2+crash%2])), want)
		_, err := f.Sweep(f.ctx, noon, true)
		f.must(err)
	}
	done := f.take(run, 0, noon)
	f.step(step(done, nil, claims(p[:2]...)), store.Claimed, store.Claimed)
	f.step(step(done, []store.Result{result(p[0], store.Sent), result(p[1], store.Sent)}, nil))
	f.must(f.FinishChunk(f.ctx, done))
	for _, want := range []int{1, 0} {
		if n, err := f.ReopenChunks(f.ctx, run); err != nil || n != want {
			t.Errorf("reopened %d, %v; want %d", n, err, want)
		}
	}
	chunks, err := f.ChunksOf(f.ctx, run)
	f.must(err)
	if chunks[0].State != store.ChunkDone || chunks[1].State != store.ChunkOpen || chunks[1].Crashes != 0 || chunks[1].InDoubt != 2 {
		t.Errorf("got %+v", chunks)
	}
	// What was in doubt stays so: working on the chunk again claims nobody a second time.
	l := f.take(run, 1, noon)
	f.step(step(l, nil, claims(p[2:]...)), 0, 0)
	f.must(f.FinishChunk(f.ctx, l))
	f.wantCounts(run, store.Counts{Planned: 4, Sent: 2, InDoubt: 2})
}
