package storetest

import (
	"fmt"
	"testing"
	"time"

	"germane/store"
)

func events(t *testing.T, f *fixture) {
	run, p := f.run(2, 100)
	click := store.Event{At: noon, Key: "k1", Kind: store.EventClick, Person: p[0], Run: run, Block: "hero", Variant: "a", Link: 3, Agent: "chrome"}
	other, again := click, click
	other.Key, other.Person, again.At = "k2", p[1], noon.Add(time.Hour)
	goal := store.Event{At: noon.Add(time.Minute), Kind: store.EventGoal, Name: "project_created", Person: p[0], Fields: []byte(`{"name":"x"}`)}
	if n, err := f.AddEvents(f.ctx, []store.Event{click, other, again, goal, goal}); err != nil || n != 4 {
		t.Errorf("added %d, %v", n, err)
	}
	all, err := f.EventsOf(f.ctx, p[0], 10)
	f.must(err)
	if len(all) != 3 || fmt.Sprint(all[2]) != fmt.Sprint(click) || string(all[0].Fields) != `{"name":"x"}` {
		t.Errorf("got %+v", all)
	}
	counts, err := f.EventCounts(f.ctx, run)
	f.must(err)
	if len(counts) != 1 || counts[0] != (store.EventCount{Kind: store.EventClick, Block: "hero", Variant: "a", Events: 2, People: 2}) {
		t.Errorf("got %+v", counts)
	}
	f.must(f.Forget(f.ctx, "p0@acme.example", noon))
	late := click
	late.Key = "k3"
	if n, err := f.AddEvents(f.ctx, []store.Event{late}); err != nil || n != 0 {
		t.Errorf("somebody erased has %d new events, %v", n, err)
	}
	f.must(f.Record(f.ctx, []store.Event{late}, func(_ store.Mailed, clicks []store.Event) {
		if len(clicks) > 0 {
			t.Errorf("clicks of somebody erased are judged: %+v", clicks)
		}
	}))
	if all, err := f.EventsOf(f.ctx, p[0], 10); err != nil || len(all) != 0 {
		t.Errorf("erased, and still %+v, %v", all, err)
	}
}

// clickCounts tells people from clicks, and both from those that have a label.
func clickCounts(t *testing.T, f *fixture) {
	run, p := f.run(3, 100)
	click := func(person int64, variant, label string) store.Event {
		return store.Event{At: noon, Kind: store.EventClick, Person: person, Run: run, Block: "hero", Variant: variant, Label: label}
	}
	_, err := f.AddEvents(f.ctx, []store.Event{
		click(p[0], "a", ""), click(p[0], "a", ""), click(p[0], "a", store.LabelBurst), click(p[1], "a", store.LabelAgent), click(p[2], "b", ""),
		{At: noon, Kind: store.EventOpen, Person: p[2], Run: run, Block: "hero", Variant: "b"},
	})
	f.must(err)
	got, err := f.ClickCounts(f.ctx, run)
	f.must(err)
	want := []store.ClickCount{{Block: "hero", Variant: "a", Clicks: 4, HumanClicks: 2, People: 2, HumanPeople: 1}, {Block: "hero", Variant: "b", Clicks: 1, HumanClicks: 1, People: 1, HumanPeople: 1}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// judged holds an engine to what a judge sees and to writing down what it says, also of earlier clicks.
func judged(t *testing.T, f *fixture) {
	run, p := f.run(2, 100)
	l := f.take(run, 0, noon)
	f.step(step(l, nil, claims(p...)), store.Claimed, store.Claimed)
	sent := result(p[0], store.Sent)
	sent.At = noon.Add(time.Second)
	f.step(step(l, []store.Result{sent}, nil))

	var seen []string
	judge := func(m store.Mailed, clicks []store.Event) {
		line := fmt.Sprint(since(m.Sent), " ", since(m.Arrived), ":")
		for i := range clicks {
			line += fmt.Sprint(" ", clicks[i].Link, "@", since(clicks[i].At))
			if len(clicks) > 1 {
				clicks[i].Label = store.LabelBurst
			}
		}
		seen = append(seen, line)
	}
	click := func(person int64, link int, after time.Duration) store.Event {
		return store.Event{At: noon.Add(after), Kind: store.EventClick, Person: person, Run: run, Link: link}
	}
	f.must(f.Record(f.ctx, []store.Event{click(p[0], 1, time.Minute), click(p[1], 9, time.Minute)}, judge))
	f.must(f.Record(f.ctx, []store.Event{click(p[0], 2, time.Minute+10*time.Second), {At: noon, Kind: store.EventOpen, Person: p[0], Run: run}}, judge))
	f.must(f.Record(f.ctx, []store.Event{click(p[0], 3, time.Hour)}, judge))
	f.must(f.Record(f.ctx, []store.Event{{At: noon.Add(2 * time.Second), Kind: store.EventDelivery, Person: p[0], Run: run}, click(0, 7, 0)}, judge))
	f.must(f.Record(f.ctx, []store.Event{{At: noon.Add(time.Hour), Key: "late", Kind: store.EventDelivery, Person: p[1], Run: run}}, judge))
	want := []string{"1s never: 1@1m0s", "0s never: 9@1m0s", "1s never: 1@1m0s 2@1m10s", "1s never: 3@1h0m0s", "1s 2s:", "0s 1h0m0s: 9@1m0s"}
	if fmt.Sprintf("%q", seen) != fmt.Sprintf("%q", want) {
		t.Errorf("the judge saw\n%q, want\n%q", seen, want)
	}
	all, err := f.EventsOf(f.ctx, p[0], 10)
	f.must(err)
	labels := map[int]string{}
	for _, e := range all {
		if e.Kind == store.EventClick {
			labels[e.Link] = e.Label
		}
	}
	if fmt.Sprint(labels) != "map[1:burst 2:burst 3:]" {
		t.Errorf("labels are %v", labels)
	}
}

// since is a time of a test as people read it.
func since(at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	return at.Sub(noon).String()
}
