package check

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"germane/audience"
)

var ruleSets = flag.Int("rulesets", 3_200, "how many random rule sets TestProveAgainstBruteForce compares")

// bruteCatalogue declares attributes of few values, so that everybody can be tried.
const bruteCatalogue = `
plan:   {type: string, values: [free, trial, pro]}
tier:   {type: string, values: [basic, gold], default: gold}
count:  {type: int, min: 0, max: 4}
level:  {type: int, min: 1, default: 2}
share:  {type: float, min: 0, max: 1}
optin:  {type: bool}
staff:  {type: bool, default: false}
likes:  {type: list, of: string, max_items: 2}
word:   {type: string}
seen:   {type: time}
due:    {type: date}
born:   {type: date}
`

const bruteNow = 20_700*day + 9*3_600_000

// domain is an attribute with conditions on it and every value of which the conditions can tell.
type domain struct {
	name   string
	values []string // JSON; "" for a missing one
	leaf   func(g *rand.Rand) string
}

func one(g *rand.Rand, list ...string) string { return list[g.IntN(len(list))] }

func relation(g *rand.Rand) string { return one(g, "==", "!=", "<", "<=", ">", ">=") }

func domains() []domain {
	all := []domain{
		{"plan", quoted("", "free", "trial", "pro"), func(g *rand.Rand) string {
			return one(g, `plan == "free"`, `plan != "pro"`, `plan in ["free", "trial"]`, `plan not in ["pro"]`, `plan startsWith "t"`, `plan matches "r"`, `has(plan)`, `plan == nil`)
		}},
		{"tier", quoted("", "basic", "gold"), func(g *rand.Rand) string { return one(g, `tier == "basic"`, `tier != "basic"`, `has(tier)`) }},
		{"count", []string{"", "0", "1", "2", "3", "4"}, func(g *rand.Rand) string {
			return one(g, "count "+relation(g)+" "+strconv.Itoa(g.IntN(5)), "count > 1.5", "count < 3.5", "count in [0, 4]", "has(count)")
		}},
		{"level", []string{"", "1", "2", "3", "4", "5", "6", "1000"}, func(g *rand.Rand) string { return "level " + relation(g) + " " + strconv.Itoa(1+g.IntN(5)) }},
		{"share", []string{"", "0", "0.1", "0.25", "0.3", "0.5", "0.7", "0.75", "0.8", "1"}, func(g *rand.Rand) string {
			return one(g, "share "+relation(g)+" "+one(g, "0", "0.25", "0.5", "0.75", "1"), "has(share)")
		}},
		{"optin", []string{"", "true", "false"}, func(g *rand.Rand) string { return one(g, "optin", "optin == false", "optin != nil") }},
		{"staff", []string{"", "true", "false"}, func(g *rand.Rand) string { return one(g, "staff", "staff == true", "has(staff)") }},
		{"word", words3(), func(g *rand.Rand) string {
			text := one(g, "a", "b", "ab", "ba", "c")
			return one(g, "word "+relation(g)+` "`+text+`"`, `word startsWith "`+text+`"`, `word in ["a", "ab"]`, `has(word)`, `word contains "b"`)
		}},
	}
	likes := []string{"", "[]"}
	for _, a := range []string{"a", "b", "c"} {
		likes = append(likes, `["`+a+`"]`, `["`+a+`","z"]`, `["a","`+a+`"]`, `["b","`+a+`"]`)
	}
	all = append(all, domain{"likes", likes, func(g *rand.Rand) string {
		return one(g, `likes contains "a"`, `likes contains "b"`, `likes contains "c"`, `has(likes)`)
	}})
	return append(all, momentDomain("seen", day/2), momentDomain("due", day), absoluteDomain())
}

// momentDomain is an attribute of which rules ask how long ago it was; step is the distance between the values that are tried.
func momentDomain(name string, step int64) domain {
	values := []string{""}
	for n := int64(-9); n <= 9; n++ {
		at := audience.Value{Kind: audience.Time, State: audience.Present, Int: midnight(bruteNow) + n*step}
		if name == "due" {
			at.Kind = audience.Date
			values = append(values, `"`+at.String()+`"`)
			continue
		}
		for _, beside := range []int64{-1, 0, 1} {
			at.Int = bruteNow + n*step + beside
			values = append(values, `"`+at.String()+`"`)
		}
	}
	return domain{name, values, func(g *rand.Rand) string {
		days := one(g, "days_since(", "days_until(") + name + ") " + relation(g) + " " + strconv.Itoa(g.IntN(5)-1)
		return one(g, days, days, name+one(g, " < ", " >= ", " > ")+"now", "has("+name+")")
	}}
}

// absoluteDomain is a date that rules compare with days of the calendar.
func absoluteDomain() domain {
	return domain{"born", quoted("", "2000-01-01", "2000-01-02", "2000-01-03", "2000-01-04", "2000-01-05"), func(g *rand.Rand) string {
		return "born " + relation(g) + ` "2000-01-0` + one(g, "2", "3", "4", "3T12:00:00Z") + `"`
	}}
}

func quoted(texts ...string) []string {
	for i, text := range texts {
		if text != "" {
			texts[i] = strconv.Quote(text)
		}
	}
	return texts
}

// words3 returns all texts of up to three letters.
func words3() []string {
	texts := []string{"", "0", "0b", "~", "~b"}
	letters := []string{"a", "b", "c", "d"}
	for _, x := range letters {
		texts = append(texts, x)
		for _, y := range letters {
			texts = append(texts, x+y)
			for _, z := range letters {
				texts = append(texts, x+y+z)
			}
		}
	}
	return quoted(texts...)
}

// condition writes a random condition on some domains.
func condition(g *rand.Rand, depth int, some []domain) string {
	if depth == 0 || g.IntN(3) == 0 {
		return some[g.IntN(len(some))].leaf(g)
	}
	switch g.IntN(5) {
	case 0:
		return "not (" + condition(g, depth-1, some) + ")"
	case 1:
		return one(g, "true", "false", `subscribed("tips")`)
	}
	word := one(g, " and ", " or ")
	return "(" + condition(g, depth-1, some) + ")" + word + "(" + condition(g, depth-1, some) + ")"
}

// TestProveAgainstBruteForce proves random rules in order, and tries everybody: every value of the attributes they look at, with
// every other, read and judged as sends do. Both must agree on every rule.
func TestProveAgainstBruteForce(t *testing.T) {
	t.Parallel()
	scope := scopeOf(t, bruteCatalogue, "")
	g := rand.New(rand.NewPCG(20261122, 6))
	all := domains()
	counts := map[Verdict]int{}
	for range *ruleSets {
		some := someDomains(g, all)
		sources := make([]string, 2+g.IntN(5))
		for i := range sources {
			sources[i] = condition(g, 3, some)
		}
		rules := parse(t, scope, sources...)
		proofs := Prove(rules)
		truths := everybodysTruths(t, rules, some)
		for i, proof := range proofs {
			if problem := disagreement(truths, i, proof); problem != "" {
				t.Fatalf("rule %d of\n%s\n%s: %s", i+1, strings.Join(sources, "\n"), words(proofs), problem)
			}
			counts[proof.Verdict]++
		}
	}
	t.Logf("%d rule sets: %d never true, %d shadowed, %d always true, %d reachable", *ruleSets, counts[NeverTrue], counts[Shadowed], counts[AlwaysTrue], counts[Reachable])
	for _, verdict := range []Verdict{NeverTrue, Shadowed, AlwaysTrue, Reachable} {
		if counts[verdict] < 200 {
			t.Errorf("only %d rules of verdict %d: the test says too little", counts[verdict], verdict)
		}
	}
}

// someDomains picks domains with at most a few thousand people between them.
func someDomains(g *rand.Rand, all []domain) []domain {
	var some []domain
	people := 4 // subscribed or not, now or then
	for _, i := range g.Perm(len(all)) {
		if people*len(all[i].values) <= 1200 && len(some) < 4 {
			some, people = append(some, all[i]), people*len(all[i].values)
		}
	}
	return some
}

// everybodysTruths returns, for each rule, of which people it is true.
func everybodysTruths(t *testing.T, rules []*audience.Rule, some []domain) [][]bool {
	t.Helper()
	selection := audience.NewSelection()
	predicates := make([]audience.Predicate, len(rules))
	for i, rule := range rules {
		predicates[i] = rule.Compile(selection)
	}
	truths := make([][]bool, len(rules))
	d := &audience.Decoded{}
	eachPerson(some, func(p *audience.Stored) {
		for _, now := range []int64{bruteNow, midnight(bruteNow)} { // a date can only be now at midnight
			if err := selection.Decode(p, now, d); err != nil {
				t.Fatal(err)
			}
			for i, holds := range predicates {
				truths[i] = append(truths[i], holds(d) == audience.True)
			}
		}
	})
	return truths
}

func eachPerson(some []domain, f func(*audience.Stored)) {
	attributes := map[string]json.RawMessage{}
	var vary func(rest []domain)
	vary = func(rest []domain) {
		if len(rest) > 0 {
			for _, value := range rest[0].values {
				delete(attributes, rest[0].name)
				if value != "" {
					attributes[rest[0].name] = json.RawMessage(value)
				}
				vary(rest[1:])
			}
			return
		}
		for _, state := range []audience.ConsentState{audience.ConsentNone, audience.ConsentSubscribed} {
			p := &audience.Person{ID: "1", Attributes: attributes, Topics: map[string]audience.Consent{"tips": {State: state}}}
			f(p.Stored(p.ObservedAt))
		}
	}
	vary(some)
}

// disagreement says where a proof is not what the people show; "" when it is.
func disagreement(truths [][]bool, i int, proof Proof) string {
	mine, everybody := truths[i], true
	all := make([]int, i)
	for j := range all {
		all[j] = j
	}
	want := Reachable
	switch {
	case !slices.Contains(mine, true):
		want = NeverTrue
	case covered(truths, mine, all):
		want = Shadowed
	default:
		everybody = !slices.Contains(mine, false)
		if everybody {
			want = AlwaysTrue
		}
	}
	if proof.Verdict != want {
		return fmt.Sprintf("verdict %d, want %d", proof.Verdict, want)
	}
	if want != Shadowed {
		return ""
	}
	if !covered(truths, mine, proof.By) {
		return fmt.Sprintf("%v do not take everybody", proof.By)
	}
	for n := range proof.By {
		if covered(truths, mine, slices.Delete(slices.Clone(proof.By), n, n+1)) {
			return fmt.Sprintf("of %v one can be left out", proof.By)
		}
	}
	if same := len(proof.By) == 1 && slices.Equal(truths[proof.By[0]], mine); same != proof.Same {
		return fmt.Sprintf("same is %v", proof.Same)
	}
	return ""
}

// covered reports whether somebody of each of mine is taken by one of the rules.
func covered(truths [][]bool, mine []bool, by []int) bool {
	for person, is := range mine {
		if is && !slices.ContainsFunc(by, func(j int) bool { return truths[j][person] }) {
			return false
		}
	}
	return true
}
