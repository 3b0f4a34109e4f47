package blocks

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"germane/audience"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	m := compile(block(t, "hero", 0, hero))
	for _, test := range []struct {
		name, attributes string
		variant          string
		reason           Reason
		missing          string
	}{
		{"the first rule is true", `{"plan":"trial","trial_days_left":2}`, "trial-ending", RuleTrue, ""},
		{"two rules are true, the first wins", `{"plan":"trial","trial_days_left":2,"projects_30d":12}`, "trial-ending", RuleTrue, ""},
		{"a later rule is true", `{"plan":"free","trial_days_left":2,"projects_30d":12}`, "power-user", RuleTrue, ""},
		{"an unknown rule is passed over", `{"projects_30d":12}`, "power-user", RuleTrue, ""},
		{"unknown before true", `{"plan":"trial"}`, "anybody-on-trial", RuleTrue, ""},
		{"all rules are false", `{"plan":"pro","projects_30d":1}`, Otherwise, NothingMatched, ""},
		{"a false and keeps a missing value from mattering", `{"plan":"pro"}`, Otherwise, NothingMatched, ""},
		{"a value is missing", `{"trial_days_left":2}`, Otherwise, ValueMissing, "plan"},
		{"a value is not allowed", `{"plan":"gold","projects_30d":3}`, Otherwise, ValueMissing, "plan"},
		{"nothing is known", `{}`, Otherwise, ValueMissing, "plan"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			choice := m.Choose(m.decode(t, test.attributes, testNow), "ann", nil)[0]
			missing := ""
			if choice.Missing != NoSlot {
				missing = m.selection.Names()[choice.Missing]
			}
			variant := m.Blocks()[choice.Block].Variants[choice.Variant].Name
			if variant != test.variant || choice.Reason != test.reason || missing != test.missing || choice.Would != choice.Variant {
				t.Errorf("got %s, %v, missing %q, would %d", variant, choice.Reason, missing, choice.Would)
			}
		})
	}
}

func TestChooseWithStaleValues(t *testing.T) {
	t.Parallel()
	m := compile(block(t, "hero", 0, hero))
	choice := m.Choose(m.decode(t, `{"plan":"trial","trial_days_left":2,"projects_30d":1}`, testNow.Add(-3*24*time.Hour)), "ann", nil)[0]
	if got := m.Blocks()[0].Variants[choice.Variant].Name; got != "anybody-on-trial" {
		t.Errorf("three days later: got %s, but only the days left are stale", got)
	}
}

func TestChooseAppends(t *testing.T) {
	t.Parallel()
	m := compile(block(t, "hero", 0, hero), block(t, "footer", 0, ""), block(t, "tips", 0, `planner: interests contains "planning"`))
	d := m.decode(t, `{"plan":"trial","trial_days_left":0,"interests":["planning"]}`, testNow)
	before := []Choice{{Block: 7}}
	got := m.Choose(d, "ann", before)
	want := []Choice{
		{Block: 7},
		{Block: 0, Variant: 0, Would: 0, Reason: RuleTrue, Missing: NoSlot},
		{Block: 1, Variant: 0, Would: 0, Reason: NothingMatched, Missing: NoSlot},
		{Block: 2, Variant: 0, Would: 0, Reason: RuleTrue, Missing: NoSlot},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
}

// TestControlShare draws 10,000 people. How many of them are in control is no matter of luck: the hash says it, person by person.
func TestControlShare(t *testing.T) {
	t.Parallel()
	const people = 10_000
	m := compile(block(t, "hero", 0.1, "all: true"), block(t, "offer", 0.1, "all: true"), block(t, "free", 0, "all: true"))
	d := m.decode(t, `{}`, testNow)
	expected, both := 0, 0
	counts := make([]int, 3)
	for i := range people {
		id := fmt.Sprintf("person-%d", i)
		choices := m.Choose(d, id, nil)
		draw, _ := audience.Hash("control:hero", id, 2)
		if draw < 0.1 {
			expected++
		}
		if held := choices[0].Reason == Control; held != (draw < 0.1) || held != (choices[0].Variant == 1) || choices[0].Would != 0 {
			t.Fatalf("%s draws %v and gets %+v", id, draw, choices[0])
		}
		for j, choice := range choices {
			if choice.Reason == Control {
				counts[j]++
			}
		}
		if choices[0].Reason == Control && choices[1].Reason == Control {
			both++
		}
	}
	// Three standard deviations around the mean: √(10,000 × 0.1 × 0.9) = 30, and around 1 % for both blocks: 10.
	if counts[0] != expected || counts[0] < 910 || counts[0] > 1090 || counts[1] < 910 || counts[1] > 1090 || counts[2] != 0 {
		t.Errorf("in control: %v, the hash says %d", counts, expected)
	}
	if both < 70 || both > 130 {
		t.Errorf("%d people are in control of both blocks: their draws are not independent", both)
	}
}

// TestControlIsStable holds draws for ever: these were made when the test was written. Another order, another message, another
// version of a rule must not change them.
func TestControlIsStable(t *testing.T) {
	t.Parallel()
	alone := compile(block(t, "hero", 0.5, "all: true"))
	last := compile(block(t, "offer", 0.2, hero), block(t, "hero", 0.5, "some: projects_30d >= 0\nall: true"))
	got := ""
	for _, id := range []string{"ann", "bob", "cem", "dee", "eva", "fay", "gus", "hal", "ida", "jon", "", "千夏"} {
		first := alone.Choose(alone.decode(t, `{}`, testNow), id, nil)[0].Reason == Control
		for range 3 {
			if again := last.Choose(last.decode(t, `{}`, testNow), id, nil)[1].Reason == Control; again != first {
				t.Errorf("%q changed groups", id)
			}
		}
		got += map[bool]string{true: "C", false: "-"}[first]
	}
	if want := "C----CCCC-CC"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestControlNeedsARule keeps who would have got otherwise anyway out of the control group: they would only dilute it.
func TestControlNeedsARule(t *testing.T) {
	t.Parallel()
	m := compile(block(t, "hero", 1, hero))
	for attributes, want := range map[string]Choice{
		`{"plan":"trial","trial_days_left":2}`: {Variant: 3, Would: 0, Reason: Control, Missing: NoSlot},
		`{"projects_30d":10}`:                  {Variant: 3, Would: 1, Reason: Control, Missing: NoSlot},
		`{"plan":"pro"}`:                       {Variant: 3, Would: 3, Reason: NothingMatched, Missing: NoSlot},
		`{}`:                                   {Variant: 3, Would: 3, Reason: ValueMissing, Missing: 0},
	} {
		if got := m.Choose(m.decode(t, attributes, testNow), "ann", nil)[0]; got != want {
			t.Errorf("%s: got %+v", attributes, got)
		}
	}
}

func TestManyVariants(t *testing.T) {
	t.Parallel()
	variants := ""
	for i := range maxVariants - 1 {
		variants += fmt.Sprintf("v%d: projects_30d == %d\n", i, i)
	}
	m := compile(block(t, "large", 0, variants))
	for n, want := range map[int]uint8{0: 0, 253: 253, 254: 254, 1000: 254} {
		if got := m.Choose(m.decode(t, fmt.Sprintf(`{"projects_30d":%d}`, n), testNow), "ann", nil)[0].Variant; got != want {
			t.Errorf("%d: got variant %d, want %d", n, got, want)
		}
	}
}

func BenchmarkChoose(b *testing.B) {
	m := compile(block(b, "hero", 0.1, hero), block(b, "next-step", 0, `first: projects_30d == 0 and plan in ["free", "trial"]`+"\n"+`invite: projects_30d > 0 and not segment("heavy")`),
		block(b, "reading", 0, `planner: interests contains "planning"`))
	d := m.decode(b, `{"plan":"trial","trial_days_left":20,"projects_30d":4,"interests":["design","planning"]}`, testNow)
	choices := make([]Choice, 0, 8)
	b.ReportAllocs()
	for b.Loop() {
		choices = m.Choose(d, "persona-ann", choices[:0])
	}
}

// TestChooseAllocatesNothing is for the worker, which chooses for every delivery.
func TestChooseAllocatesNothing(t *testing.T) {
	m := compile(block(t, "hero", 0.5, hero), block(t, "tips", 0, `planner: interests contains "planning"`))
	d := m.decode(t, `{"plan":"trial","trial_days_left":2,"interests":["planning"]}`, testNow)
	choices := make([]Choice, 0, 8)
	if n := testing.AllocsPerRun(100, func() { choices = m.Choose(d, "persona-ann", choices[:0]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
