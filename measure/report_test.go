package measure

import (
	"fmt"
	"math"
	"testing"
	"time"

	"germane/audience"
	"germane/blocks"
	"germane/internal/engines"
	"germane/store"
)

var (
	noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	made = Goal{"project_created", 7 * 24 * time.Hour}
	paid = Goal{"paid", 24 * time.Hour}
)

// fixture is a store with people and one version: a block hero (a, b, otherwise) and a block tips (otherwise).
type fixture struct {
	t *testing.T
	store.Database
	people []int64
}

func open(t *testing.T, people int) *fixture {
	t.Helper()
	s := engines.Open(t)
	f := &fixture{t: t, Database: s}
	updates := make([]audience.Update, people)
	for i := range updates {
		updates[i] = audience.Update{ID: fmt.Sprint("p", i), Email: fmt.Sprintf("p%d@acme.example", i)}
	}
	_, err := s.Import(t.Context(), updates, store.Importing{At: noon})
	f.must(err)
	for i := range updates {
		f.people = append(f.people, int64(i+1))
	}
	f.deploy("v1", "hero a", "hero b", "hero otherwise", "tips otherwise")
	return f
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// deploy stores a version of the campaign's variants, each as block and variant.
func (f *fixture) deploy(hash string, variants ...string) {
	f.t.Helper()
	v := &store.Version{Hash: hash, Deployed: noon}
	for i, text := range variants {
		x := store.Variant{Campaign: "weekly"}
		fmt.Sscan(text, &x.BlockName, &x.VariantName)
		if i > 0 {
			last := v.Variants[i-1]
			if x.BlockNumber, x.Number = last.BlockNumber, last.Number+1; last.BlockName != x.BlockName {
				x.BlockNumber, x.Number = last.BlockNumber+1, 0
			}
		}
		v.Variants = append(v.Variants, x)
	}
	f.must(f.Deploy(f.t.Context(), v))
}

// fate is what became of one person in a run.
type fate struct {
	state  store.DeliveryState
	reason string
	chosen []blocks.Choice
}

func sent(chosen ...blocks.Choice) fate { return fate{store.Sent, "", chosen} }

// run makes a finished run at a time, in which the first people have these fates.
func (f *fixture) run(occurrence string, at time.Time, fates ...fate) *store.Run {
	f.t.Helper()
	id := f.begin(occurrence, at, len(fates))
	c := f.take(id, at)
	f.decide(c, 0, at, 0, fates)
	return f.finish(c, at)
}

func (f *fixture) begin(occurrence string, at time.Time, members int) int64 {
	f.t.Helper()
	run := store.Run{Campaign: "weekly", Occurrence: occurrence, Version: "v1", Cut: true, Created: at, Started: at}
	id, err := f.CreateRun(f.t.Context(), run, []store.Chunk{{People: store.Everybody, Members: int64(members)}})
	f.must(err)
	return id
}

func (f *fixture) take(run int64, at time.Time) store.Lease {
	f.t.Helper()
	c, err := f.TakeChunk(f.t.Context(), run, 0, "test", at, at.Add(time.Hour))
	f.must(err)
	return store.Lease{Run: run, Epoch: c.Epoch}
}

func (f *fixture) decide(l store.Lease, pin int, at time.Time, from int, fates []fate) {
	f.t.Helper()
	step := store.Step{Lease: l, Pin: pin, Now: at, Until: at.Add(time.Hour)}
	var results []store.Result
	for i, fate := range fates {
		d := store.Decision{Person: f.people[from+i], State: fate.state, Reason: fate.reason, Choices: blocks.Pack(nil, fate.chosen)}
		if fate.state == store.Sent || fate.state == store.InDoubt || fate.state == store.Failed {
			results = append(results, store.Result{Person: d.Person, State: fate.state, At: at})
			d.State = store.Claimed
		}
		step.Decisions = append(step.Decisions, d)
	}
	_, err := f.Step(f.t.Context(), &step)
	f.must(err)
	step.Decisions, step.Results = nil, results
	_, err = f.Step(f.t.Context(), &step)
	f.must(err)
}

func (f *fixture) finish(l store.Lease, at time.Time) *store.Run {
	f.t.Helper()
	f.must(f.FinishChunk(f.t.Context(), l))
	_, err := f.CloseRun(f.t.Context(), l.Run, at, 0)
	f.must(err)
	_, err = f.CloseRun(f.t.Context(), l.Run, at, 0) // what is in doubt settles at once
	f.must(err)
	r, err := f.Run(f.t.Context(), l.Run)
	f.must(err)
	return r
}

func (f *fixture) happened(events ...store.Event) {
	f.t.Helper()
	_, err := f.AddEvents(f.t.Context(), events)
	f.must(err)
}

// reached is people who reach a goal, an hour after noon.
func (f *fixture) reached(goal Goal, people ...int) {
	f.t.Helper()
	for _, p := range people {
		f.happened(store.Event{At: noon.Add(time.Hour), Kind: store.EventGoal, Name: goal.Event, Person: f.people[p]})
	}
}

func (f *fixture) report(now time.Time, goals Goals, runs ...*store.Run) *Report {
	f.t.Helper()
	r, err := NewReport(f.t.Context(), f.Database, runs, goals, now)
	f.must(err)
	return r
}

// What the first block shows; the second has nothing to choose.
var (
	tips      = blocks.Choice{Block: 1, Reason: blocks.NothingMatched, Missing: blocks.NoSlot}
	a         = blocks.Choice{Missing: blocks.NoSlot}
	b         = blocks.Choice{Variant: 1, Would: 1, Missing: blocks.NoSlot}
	otherwise = blocks.Choice{Variant: 2, Would: 2, Reason: blocks.ValueMissing, Missing: 0}
	controlA  = blocks.Choice{Variant: 2, Reason: blocks.Control, Missing: blocks.NoSlot}
)

// summary is a report's blocks as text: shown and reached, control and reached, clicks and human ones.
func summary(r *Report) string {
	text := ""
	for _, b := range r.Blocks {
		for _, v := range b.Variants {
			text += fmt.Sprintf("%s/%s %d:%d control %d:%d clicks %d:%d\n", b.Name, v.Name, v.Shown.People, v.Shown.Reached, v.Control.People, v.Control.Reached, v.Clicked.People, v.Clicked.Human)
		}
	}
	return text
}

func TestReport(t *testing.T) {
	t.Parallel()
	f := open(t, 10)
	run := f.run("1", noon,
		sent(a, tips), sent(a, tips), sent(b, tips), sent(otherwise, tips), sent(controlA, tips), sent(controlA, tips),
		fate{store.InDoubt, "", []blocks.Choice{a, tips}}, fate{store.Failed, "smtp 550", []blocks.Choice{a, tips}},
		fate{store.HeldOut, "campaign holdout", []blocks.Choice{a, tips}}, fate{store.Skipped, "cap", []blocks.Choice{a, tips}})
	f.reached(made, 0, 4, 6, 7, 8, 9)
	f.reached(paid, 1, 2)
	click := func(person int, block, variant, label string) store.Event {
		return store.Event{At: noon.Add(time.Minute), Kind: store.EventClick, Person: f.people[person], Run: run.ID, Block: block, Variant: variant, Label: label}
	}
	f.happened(click(0, "hero", "a", ""), click(0, "hero", "a", ""), click(1, "hero", "a", store.LabelBurst), click(0, "", "", ""), click(2, "", "", store.LabelAgent),
		store.Event{At: noon, Kind: store.EventUnsubscribe, Person: f.people[3], Run: run.ID}, store.Event{At: noon, Kind: store.EventBounce, Person: f.people[7], Run: run.ID},
		store.Event{At: noon, Kind: store.EventComplaint, Person: f.people[2], Run: run.ID})

	r := f.report(noon.Add(8*24*time.Hour), Goals{Campaign: made, Blocks: map[string]Goal{"tips": paid, "gone": paid}}, run)
	want := "hero/a 3:2 control 2:1 clicks 2:1\nhero/b 1:0 control 0:0 clicks 0:0\nhero/otherwise 3:1 control 0:0 clicks 0:0\ntips/otherwise 7:2 control 0:0 clicks 0:0\n"
	if got := summary(r); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if r.Counts != (store.Counts{Planned: 10, Sent: 6, Failed: 1, Skipped: 1, HeldOut: 1, InDoubt: 1}) {
		t.Errorf("counts are %+v", r.Counts)
	}
	if r.Mailed != (Arm{8, 4}) || len(r.HeldOut) != 1 || r.HeldOut[0].Reason != "campaign holdout" || r.HeldOut[0].Arm != (Arm{1, 1}) {
		t.Errorf("arms are %+v and %+v", r.Mailed, r.HeldOut)
	}
	if r.Clicked != (Clicks{3, 1}) || r.Page != (Clicks{2, 1}) || r.Unsubscribed != 1 || r.Complained != 1 || r.Bounced != 1 {
		t.Errorf("clicks are %+v, of the page %+v; %+v", r.Clicked, r.Page, r)
	}
	if r.Counting != 0 || !r.Until.IsZero() {
		t.Errorf("%d runs are still counted, until %v", r.Counting, r.Until)
	}
	if versus := r.Blocks[0].Variants[0].Versus; versus.With != (Arm{3, 2}) || versus.Without != (Arm{2, 1}) || versus.Comparable() {
		t.Errorf("compared are %+v", versus)
	}
}

// TestNamesOfEachVersion counts choices of a run that was given another version under the names that they had when they were made.
func TestNamesOfEachVersion(t *testing.T) {
	t.Parallel()
	f := open(t, 4)
	f.deploy("v2", "tips otherwise", "hero new", "hero b", "hero otherwise")
	id := f.begin("1", noon, 4)
	l := f.take(id, noon)
	f.decide(l, 0, noon, 0, []fate{sent(a, tips), sent(b, tips)})
	f.must(f.Repin(t.Context(), id, "v2", noon))
	f.decide(l, 1, noon, 2, []fate{sent(blocks.Choice{Reason: blocks.NothingMatched}, blocks.Choice{Block: 1}), sent(blocks.Choice{Reason: blocks.NothingMatched}, blocks.Choice{Block: 1, Variant: 1, Would: 1})})
	r := f.report(noon, Goals{Campaign: made}, f.finish(l, noon))
	want := "tips/otherwise 4:0 control 0:0 clicks 0:0\nhero/new 1:0 control 0:0 clicks 0:0\nhero/b 2:0 control 0:0 clicks 0:0\nhero/a 1:0 control 0:0 clicks 0:0\nhero/otherwise 0:0 control 0:0 clicks 0:0\n"
	if got := summary(r); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestOnlyRipeRunsAreCompared keeps runs whose goals may still be reached out of comparisons, but not out of counts.
func TestOnlyRipeRunsAreCompared(t *testing.T) {
	t.Parallel()
	f := open(t, 2)
	old := f.run("1", noon, sent(a, tips), sent(controlA, tips))
	young := f.run("2", noon.Add(6*24*time.Hour), sent(a, tips), sent(controlA, tips))
	f.reached(made, 0)
	r := f.report(noon.Add(8*24*time.Hour), Goals{Campaign: made}, young, old)
	v := r.Blocks[0].Variants[0]
	if v.Shown != (Arm{2, 1}) || v.Control != (Arm{2, 0}) || v.Versus.With != (Arm{1, 1}) || v.Versus.Without != (Arm{1, 0}) {
		t.Errorf("got %+v", v)
	}
	if r.Counting != 1 || !r.Until.Equal(young.Finished.Add(made.Within)) {
		t.Errorf("%d runs are still counted, until %v", r.Counting, r.Until)
	}
	open, err := f.Run(t.Context(), f.begin("3", noon.Add(7*24*time.Hour), 2))
	f.must(err)
	if r := f.report(noon.Add(8*24*time.Hour), Goals{Campaign: made}, open, young, old); r.Counting != 2 || !r.Until.IsZero() || r.Counts.Waiting != 2 {
		t.Errorf("with an open run: %d until %v, %+v", r.Counting, r.Until, r.Counts)
	}
}

// TestWithoutAGoal counts what there is to count.
func TestWithoutAGoal(t *testing.T) {
	t.Parallel()
	f := open(t, 1)
	f.reached(Goal{Event: ""}, 0)
	r := f.report(noon.Add(time.Hour), Goals{}, f.run("1", noon, sent(a, tips)))
	if r.Mailed != (Arm{1, 0}) || summary(r) != "hero/a 1:0 control 0:0 clicks 0:0\nhero/b 0:0 control 0:0 clicks 0:0\nhero/otherwise 0:0 control 0:0 clicks 0:0\ntips/otherwise 1:0 control 0:0 clicks 0:0\n" {
		t.Errorf("got %+v and\n%s", r.Mailed, summary(r))
	}
}

func TestComparison(t *testing.T) {
	t.Parallel()
	var c Comparison
	if c.Difference() != 0 || (Arm{}).Share() != 0 {
		t.Error("nobody has a share")
	}
	c.add(Arm{100, 50}, Arm{0, 0}) // nothing to compare with
	if c.With.People != 0 {
		t.Errorf("a run without control is compared: %+v", c)
	}
	// In both weeks the variant does nothing; the better week had less control. Pooled, it would seem to gain 7.5 points.
	c.add(Arm{100, 10}, Arm{100, 10})
	c.add(Arm{300, 120}, Arm{100, 40})
	if pooled := c.With.Share() - c.Without.Share(); math.Abs(pooled-0.075) > 1e-12 || math.Abs(c.Difference()) > 1e-12 {
		t.Errorf("pooled %v, run by run %v", pooled, c.Difference())
	}
	for _, test := range []struct {
		with, without int64
		want          bool
	}{{100, 100, true}, {99, 1000, false}, {1000, 99, false}} {
		c := Comparison{With: Arm{People: test.with}, Without: Arm{People: test.without}}
		if c.Comparable() != test.want {
			t.Errorf("%+v: %v", test, c.Comparable())
		}
	}
	// Mantel and Haenszel by hand: weights 50 and 75, differences 0.2 and -0.1.
	var d Comparison
	d.add(Arm{100, 40}, Arm{100, 20})
	d.add(Arm{300, 60}, Arm{100, 30})
	if want := (50*0.2 - 75*0.1) / 125; math.Abs(d.Difference()-want) > 1e-12 {
		t.Errorf("got %v, want %v", d.Difference(), want)
	}
}
