package check

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"germane/audience"
)

// manyRules are as many rules on as many attributes as a block ever has, each made of a few conditions.
func manyRules(t testing.TB, attributes, rules int) []*audience.Rule {
	t.Helper()
	var catalogue strings.Builder
	for i := range attributes {
		switch i % 4 {
		case 0:
			fmt.Fprintf(&catalogue, "a%d: {type: string, values: [a, b, c, d, e, f]}\n", i)
		case 1:
			fmt.Fprintf(&catalogue, "a%d: {type: int, min: 0, max: 1000}\n", i)
		case 2:
			fmt.Fprintf(&catalogue, "a%d: {type: time}\n", i)
		default:
			fmt.Fprintf(&catalogue, "a%d: {type: float}\n", i)
		}
	}
	scope := scopeOf(t, catalogue.String(), "")
	g := rand.New(rand.NewPCG(20261122, 9))
	leaf := func() string {
		i := g.IntN(attributes)
		switch i % 4 {
		case 0:
			return fmt.Sprintf(`a%d == "%c"`, i, 'a'+rune(g.IntN(6)))
		case 2:
			return fmt.Sprintf("days_since(a%d) > %d", i, 1+g.IntN(90))
		}
		return fmt.Sprintf("a%d %s %d", i, one(g, "<", ">="), g.IntN(1000))
	}
	sources := make([]string, rules)
	for i := range sources {
		sources[i] = fmt.Sprintf("(%s and %s) or (%s and %s)", leaf(), leaf(), leaf(), leaf())
	}
	return parse(t, scope, sources...)
}

// BenchmarkProve proves 60 rules on 15 attributes, which may take a second.
func BenchmarkProve(b *testing.B) {
	rules := manyRules(b, 15, 60)
	undecided := 0
	for b.Loop() {
		undecided = 0
		for _, proof := range Prove(rules) {
			if proof.Verdict == Undecided {
				undecided++
			}
		}
	}
	b.ReportMetric(float64(undecided), "undecided")
}

// TestManyRulesAreDecided holds the benchmark to its result: nothing of it is left undecided.
func TestManyRulesAreDecided(t *testing.T) {
	t.Parallel()
	for i, proof := range Prove(manyRules(t, 15, 60)) {
		if proof.Verdict == Undecided {
			t.Errorf("rule %d is undecided", i+1)
		}
	}
}

// entangled returns rules that no diagram in this order of attributes can hold: pairs of conditions whose halves lie far apart.
func entangled(t testing.TB, pairs int) []*audience.Rule {
	t.Helper()
	var catalogue, first, all []string
	for i := range 2 * pairs {
		catalogue = append(catalogue, fmt.Sprintf("a%d: {type: bool}", i))
		first = append(first, fmt.Sprintf("a%d", i))
	}
	for i := range pairs {
		all = append(all, fmt.Sprintf("(a%d and a%d)", i, pairs+i))
	}
	scope := scopeOf(t, strings.Join(catalogue, "\n")+"\n", "")
	return parse(t, scope, strings.Join(first, " and "), "("+strings.Join(all, " or ")+") and a0", "a0 and not a0", "a1 and a2 and a3 and a0", "a2 and a1", "a1 and a2 and a4")
}

// pigeons returns rules of which one is true whenever two attributes are equal, and a last one that some of them must take: there
// are more attributes than values. No search of bounded length finds that out.
func pigeons(t testing.TB, values int) []*audience.Rule {
	t.Helper()
	names := []string{}
	for i := range values {
		names = append(names, fmt.Sprintf("v%d", i))
	}
	catalogue := "last: {type: bool}\n"
	var sources []string
	for i := range values + 1 {
		catalogue += fmt.Sprintf("a%d: {type: string, values: [%s], default: v0}\n", i, strings.Join(names, ", "))
		for j := range i {
			var same []string
			for _, name := range names {
				same = append(same, fmt.Sprintf("(a%d == %q and a%d == %q)", i, name, j, name))
			}
			sources = append(sources, strings.Join(same, " or "))
		}
	}
	return parse(t, scopeOf(t, catalogue, ""), append(sources, "last", "last and not last", "last and a0 == \"v0\"")...)
}

// TestWhatIsTooHardIsLeftUndecided proves what it can around a rule that it cannot hold or find out about.
func TestWhatIsTooHardIsLeftUndecided(t *testing.T) {
	t.Parallel()
	if got := words(Prove(entangled(t, 40))); got != "ok, undecided, never, ok, ok, by 5" {
		t.Errorf("entangled: %s", got)
	}
	proofs := Prove(pigeons(t, 11))
	if got := words(proofs[len(proofs)-3:]); got != fmt.Sprintf("undecided, never, by %d", len(proofs)-2) {
		t.Errorf("pigeons: %s", got)
	}
	if got := words(Prove(pigeons(t, 3))); !strings.HasSuffix(got, ", by 1 2 3 4 5 6, never, by 1 2 3 4 5 6") && !strings.HasSuffix(got, ", by 1 2 3 4 5 6, never, by 7") {
		t.Errorf("few pigeons: %s", got)
	}
}

// hard are inputs that would take for ever without bounds.
func hard(t testing.TB) map[string][]*audience.Rule {
	t.Helper()
	scope := acme(t)
	long := make([]string, 60)
	for i := range long {
		var values []string
		for n := range 250 {
			values = append(values, fmt.Sprintf("%q", fmt.Sprintf("%d-%d", i, n)))
		}
		long[i] = "first_name in [" + strings.Join(values, ",") + "]"
	}
	var tests, contains, deep []string
	for i := range 90 {
		tests = append(tests, fmt.Sprintf(`first_name endsWith "%d" or first_name matches "x%d."`, i, i))
		contains = append(contains, fmt.Sprintf(`interests contains "%d"`, i))
	}
	segments := "s0: points > 1 or optin\n"
	for i := 1; i < 7; i++ {
		segments += fmt.Sprintf("s%d: (segment(\"s%d\") and points > %d) or (segment(\"s%d\") and height < %d)\n", i, i-1, i, i-1, i)
	}
	for i := range 200 {
		deep = append(deep, fmt.Sprintf(`segment("s6") and score > 0.%d`, i+1))
	}
	return map[string][]*audience.Rule{
		"entangled":         entangled(t, 40),
		"pigeons":           pigeons(t, 11),
		"long lists":        parse(t, scope, long...),
		"tests of one text": parse(t, scope, append(tests, tests...)...),
		"elements":          parse(t, scope, append(contains, strings.Join(contains, " and "))...),
		"segments":          parse(t, scopeOf(t, catalogueYAML, segments), deep...),
		"all at once":       manyRules(t, 60, 255),
	}
}

// BenchmarkHard shows that no block keeps anybody waiting.
func BenchmarkHard(b *testing.B) {
	for name, rules := range hard(b) {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			for b.Loop() {
				Prove(rules)
			}
		})
	}
}

// TestHardRulesEnd fails only where a bound is missing: the bound on work is some hundred times below what the test waits for.
func TestHardRulesEnd(t *testing.T) {
	t.Parallel()
	for name, rules := range hard(t) {
		start := time.Now()
		Prove(rules)
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
}
