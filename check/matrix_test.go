package check

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"germane/audience"
	"germane/blocks"
)

// matrixBlocks are five blocks as a newsletter has them.
func matrixBlocks(t testing.TB, scope *audience.Scope) []*blocks.Block {
	t.Helper()
	var list []*blocks.Block
	for i, rules := range [][]string{
		{`plan == "trial" and trial_days_left <= 3`, `projects_30d >= 10`},
		{`projects_30d == 0 and plan in ["free", "trial"]`, `projects_30d > 0 and not segment("heavy")`},
		{`interests contains "planning"`},
		{`plan in ["free", "trial"] and days_since(last_order_at) < 90`},
		{`first_name startsWith "A" and subscribed("tips")`, `optin`},
	} {
		b := block(t, scope, rules...)
		b.Name = fmt.Sprintf("b%d", i+1)
		list = append(list, b)
	}
	list[0].Control = 0.1
	return list
}

// matrixPeople returns n people of many kinds.
func matrixPeople(n int) []*audience.Stored {
	people := make([]*audience.Stored, n)
	for i := range people {
		var attributes []string
		add := func(every int, format string, value any) {
			if i%every != 0 {
				attributes = append(attributes, fmt.Sprintf(format, value))
			}
		}
		add(5, `"plan":"%s"`, []string{"free", "trial", "pro", "gone"}[i%4])
		add(3, `"trial_days_left":%d`, i%61)
		add(2, `"projects_30d":%d`, i%20)
		add(7, `"last_order_at":"2026-%02d-01"`, i%11+1)
		add(4, `"interests":["%s","tea"]`, []string{"planning", "cooking"}[i%2])
		add(6, `"first_name":"%s"`, []string{"Ada", "Ben", " "}[i%3])
		add(2, `"optin":%t`, i%3 == 0)
		people[i] = &audience.Stored{
			ID: fmt.Sprintf("p%d", i), Attributes: []byte("{" + strings.Join(attributes, ",") + "}"), ObservedAt: bruteNow - int64(i%4)*day,
			Topics: []audience.TopicConsent{{Topic: "tips", State: audience.ConsentState(i % 4)}},
		}
	}
	return people
}

// TestMatrixIsWhatEverybodyGets counts people one by one, as the blocks choose for them alone.
func TestMatrixIsWhatEverybodyGets(t *testing.T) {
	t.Parallel()
	scope := acme(t)
	list, people := matrixBlocks(t, scope), matrixPeople(3_000)
	counter := NewCounter(list, scope.Segments.All())
	want := map[string]int{}
	for _, p := range people {
		if err := counter.Add(p, bruteNow); err != nil {
			t.Fatal(err)
		}
		countAlone(t, list, scope.Segments.All(), p, want)
	}
	if err := counter.Add(&audience.Stored{Attributes: []byte(`{"plan":`)}, bruteNow); err == nil {
		t.Error("a damaged person is no error")
	}
	m, got := counter.Matrix(), map[string]int{}
	note := func(segment string, people int, counts []BlockCounts) {
		got[segment] = people
		for _, b := range counts {
			sum := 0
			for _, v := range b.Variants {
				got[segment+" "+b.Block+" "+v.Variant] = v.People
				sum += v.People
			}
			for _, missing := range b.Missing {
				got[segment+" "+b.Block+" "+missing.Attribute+" "+missing.Why] = missing.People
			}
			got[segment+" "+b.Block+" control"] = b.Control
			if sum != people {
				t.Errorf("%s: %s adds up to %d of %d people", segment, b.Block, sum, people)
			}
		}
	}
	note("", m.People, m.Blocks)
	for _, s := range m.Segments {
		note(s.Segment, s.People, s.Blocks)
	}
	for key := range want {
		if got[key] != want[key] {
			t.Errorf("%s: %d, want %d", key, got[key], want[key])
		}
	}
	for key, n := range got {
		if n != want[key] {
			t.Errorf("%s: %d, want %d", key, n, want[key])
		}
	}
	if m.People != len(people) || m.Damaged != 1 || want[" b1 plan stale"]+want[" b1 plan not allowed"] == 0 {
		t.Errorf("people %d, damaged %d, %v", m.People, m.Damaged, want)
	}
}

func countAlone(t *testing.T, list []*blocks.Block, segments []*audience.Segment, p *audience.Stored, counts map[string]int) {
	t.Helper()
	rows := []string{""}
	for _, segment := range segments {
		selection, d := audience.NewSelection(), &audience.Decoded{}
		holds := segment.Rule.Compile(selection)
		if err := selection.Decode(p, bruteNow, d); err != nil {
			t.Fatal(err)
		}
		if holds(d) == audience.True {
			rows = append(rows, segment.Name)
		}
	}
	for _, row := range rows {
		counts[row]++
	}
	for _, b := range list {
		selection, d := audience.NewSelection(), &audience.Decoded{}
		chooser := blocks.NewChooser([]*blocks.Block{b}, selection)
		if err := selection.Decode(p, bruteNow, d); err != nil {
			t.Fatal(err)
		}
		choice := chooser.Choose(d, p.ID, nil)[0]
		for _, row := range rows {
			counts[row+" "+b.Name+" "+b.Variants[choice.Variant].Name]++
			if choice.Reason == blocks.Control {
				counts[row+" "+b.Name+" control"]++
			}
			if choice.Missing != blocks.NoSlot {
				counts[row+" "+b.Name+" "+selection.Names()[choice.Missing]+" "+d.Values[choice.Missing].State.String()]++
			}
		}
	}
}

// TestMatrixJSON holds the form that programs rely on.
func TestMatrixJSON(t *testing.T) {
	t.Parallel()
	scope := acme(t)
	counter := NewCounter(matrixBlocks(t, scope)[2:3], scope.Segments.All()[:1])
	for _, p := range matrixPeople(3) {
		if err := counter.Add(p, bruteNow); err != nil {
			t.Fatal(err)
		}
	}
	got, err := json.Marshal(counter.Matrix())
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"people":3,"blocks":[{"block":"b3","variants":[{"variant":"v1","people":1},{"variant":"otherwise","people":2}],"control":0,"fallback":0.6666666666666666,"missing":[{"attribute":"interests","why":"absent","people":1}]}],` +
		`"segments":[{"segment":"heavy","people":0,"blocks":[{"block":"b3","variants":[{"variant":"v1","people":0},{"variant":"otherwise","people":0}],"control":0,"fallback":0,"missing":[]}]}]}`
	if string(got) != want {
		t.Errorf("got %s", got)
	}
}

// TestMatrixKeepsNobody holds the counter to memory that does not grow.
func TestMatrixKeepsNobody(t *testing.T) {
	scope := acme(t)
	counter, people := NewCounter(matrixBlocks(t, scope), scope.Segments.All()), matrixPeople(200)
	for _, p := range people {
		if err := counter.Add(p, bruteNow); err != nil {
			t.Fatal(err)
		}
	}
	i := 0
	if n := testing.AllocsPerRun(len(people), func() {
		if err := counter.Add(people[i%len(people)], bruteNow); err != nil {
			t.Fatal(err)
		}
		i++
	}); n > 0 {
		t.Errorf("%v allocations a person", n)
	}
}

// BenchmarkMatrix counts people in five blocks and three segments; a million of them may take 20 s, reading included.
func BenchmarkMatrix(b *testing.B) {
	scope := acme(b)
	counter, people := NewCounter(matrixBlocks(b, scope), scope.Segments.All()), matrixPeople(10_000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := counter.Add(people[i%len(people)], bruteNow); err != nil {
			b.Fatal(err)
		}
	}
}
