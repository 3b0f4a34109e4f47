package check

import (
	"encoding/json"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"germane/audience"
	"germane/internal/finding"
)

// TestNothingIsOverclaimed proves random rules of every form the language has, and looks among people made of the rules' own values
// for one that shows a claim to be false.
func TestNothingIsOverclaimed(t *testing.T) {
	t.Parallel()
	scope := acme(t)
	g := rand.New(rand.NewPCG(20261122, 7))
	claims := 0
	for range 3_000 {
		kinds := []int{g.IntN(9), g.IntN(9)}
		sources := []string{anyRule(g, 3, kinds), anyRule(g, 2, kinds), anyRule(g, 2, kinds)}
		rules := parse(t, scope, sources...)
		claims += checkClaims(t, g, scope, rules, 200)
	}
	if t.Logf("%d claims", claims); claims < 1_000 {
		t.Errorf("only %d claims: the test says too little", claims)
	}
}

// FuzzProve does the same with whatever two rules can be read.
func FuzzProve(f *testing.F) {
	g := rand.New(rand.NewPCG(20261122, 8))
	for range 40 {
		kinds := []int{g.IntN(9)}
		f.Add(anyRule(g, 2, kinds), anyRule(g, 2, kinds))
	}
	scope := acme(f)
	f.Fuzz(func(t *testing.T, a, b string) {
		var rules []*audience.Rule
		for _, source := range []string{a, b} {
			rule, findings := audience.ParseRule(finding.NewFile("rule", source).All(), scope)
			if len(findings) > 0 {
				return
			}
			rules = append(rules, rule)
		}
		checkClaims(t, rand.New(rand.NewPCG(uint64(len(a)), uint64(len(b)))), scope, rules, 300)
	})
}

// anyRule writes a random rule of some kinds of conditions, so that they have to do with each other.
func anyRule(g *rand.Rand, depth int, kinds []int) string {
	if depth > 0 && g.IntN(4) > 0 {
		switch g.IntN(4) {
		case 0:
			return "not (" + anyRule(g, depth-1, kinds) + ")"
		case 1:
			return "(" + anyRule(g, depth-1, kinds) + ") or (" + anyRule(g, depth-1, kinds) + ")"
		default:
			return "(" + anyRule(g, depth-1, kinds) + ") and (" + anyRule(g, depth-1, kinds) + ")"
		}
	}
	text := strconv.Quote(one(g, "", "a", "b", "ab", "ba", "bab", "A", "é", "abc"))
	number := one(g, "-1", "0", "1", "2", "3", "2.5", "9007199254740993", "9007199254740992.0", "1e3")
	date := strconv.Quote(one(g, "2026-12-01", "2026-12-13", "2026-12-13T08:00:00Z", "2027-01-01"))
	switch kinds[g.IntN(len(kinds))] {
	case 0:
		return one(g, "first_name ", "person.locale ", "person.email ") + one(g, "startsWith ", "endsWith ", "contains ", "endsWith ", relation(g)+" ") + text
	case 1:
		return one(g, "first_name", "city") + " matches " + strconv.Quote(one(g, "a", "^a", "a$", "(?i)ab", "^ab?$", "[ab]+", ""))
	case 2:
		return one(g, "points ", "height ", "days_since(last_order_at) ", "days_until(renews_on) ") + one(g, "<", "<=", ">", ">=") + " " + number
	case 3:
		return one(g, "last_order_at ", "renews_on ", "now ", "signed_up_at ") + relation(g) + " " + date
	case 4:
		return one(g, "last_order_at ", "renews_on ", "now ") + relation(g) + one(g, " signed_up_at", " now", " renews_on")
	case 5:
		return one(g, "points ", "seats ", "height ", "days_since(signed_up_at) ") + relation(g) + one(g, " seats", " points", " score", " days_until(renews_on)", " days_since(signed_up_at)", " days_until(signed_up_at)")
	case 6:
		return one(g, `interests contains `+text, `sizes contains `+one(g, "1", "2", "3", "3.0"))
	case 7:
		return one(g, "has(points)", "first_name == nil", "has(interests)", "optin", "staff", `segment("keen")`, `subscribed("tips")`, "has(homepage)", "optin == staff", "first_name == city", "first_name < person.locale")
	}
	return one(g, `plan == "pro"`, `tier != "gold"`, `projects_30d in [0, 3]`, `trial_days_left > 30`, `homepage startsWith "https://acme.example/a"`, `homepage endsWith "a"`, `score >= 0.5`)
}

// checkClaims fails the test when one of some random people shows a proof to be false. It returns how many claims were made.
func checkClaims(t *testing.T, g *rand.Rand, scope *audience.Scope, rules []*audience.Rule, people int) (claims int) {
	t.Helper()
	proofs := Prove(rules)
	for _, proof := range proofs {
		if proof.Verdict > Reachable {
			claims++
		}
	}
	if claims == 0 {
		return 0
	}
	selection := audience.NewSelection()
	predicates := make([]audience.Predicate, len(rules))
	for i, rule := range rules {
		predicates[i] = rule.Compile(selection)
	}
	made, d := newMaker(g, rules), &audience.Decoded{}
	for range people {
		p, now := made.person(scope.Catalogue, selection.Names())
		if err := selection.Decode(p, now, d); err != nil {
			t.Fatalf("%s: %v", p.Attributes, err)
		}
		for i, proof := range proofs {
			holds := predicates[i](d) == audience.True
			taken := false
			for _, j := range proof.By {
				taken = taken || predicates[j](d) == audience.True
			}
			if holds && (proof.Verdict == NeverTrue || proof.Verdict == Shadowed && !taken) || !holds && proof.Verdict == AlwaysTrue {
				t.Fatalf("%s is %s, but not for %+v at %d (%s)", rules[i], words(proofs), p, now, p.Attributes)
			}
		}
	}
	return claims
}

// maker makes people of the values that rules name.
type maker struct {
	*rand.Rand
	texts   []string
	numbers []float64
	moments []int64
}

func newMaker(g *rand.Rand, rules []*audience.Rule) *maker {
	m := &maker{Rand: g, texts: []string{"a", "x"}, numbers: []float64{0, 1}, moments: []int64{someDay}}
	note := func(operands ...audience.Operand) {
		for _, o := range operands {
			if literal, ok := o.(audience.Literal); ok {
				m.note(literal.Value)
			}
		}
	}
	for _, rule := range rules {
		audience.Walk(rule.Condition, func(c audience.Condition) {
			switch c := c.(type) {
			case audience.Compare:
				note(c.Left, c.Right)
			case audience.In:
				for _, v := range c.Values {
					note(v)
				}
			case audience.Contains:
				note(c.Value)
			case audience.StartsWith:
				note(c.Prefix)
			case audience.EndsWith:
				note(c.Suffix)
			case audience.Matches:
				m.texts = append(m.texts, strings.Trim(c.Pattern.String(), "^$?+[]"))
			}
		})
	}
	return m
}

func (m *maker) note(v audience.Value) {
	switch v.Kind {
	case audience.String:
		m.texts = append(m.texts, v.Text)
	case audience.Int:
		m.numbers = append(m.numbers, float64(v.Int))
	case audience.Float:
		m.numbers = append(m.numbers, v.Float)
	case audience.Time, audience.Date:
		m.moments = append(m.moments, v.Int)
	}
}

func (m *maker) text() string {
	text := m.texts[m.IntN(len(m.texts))]
	for m.IntN(2) == 0 {
		text += m.texts[m.IntN(len(m.texts))]
	}
	return text
}

func (m *maker) number() float64 {
	return m.numbers[m.IntN(len(m.numbers))] + []float64{0, 0, 1, -1, 0.5}[m.IntN(5)]
}

func (m *maker) moment() int64 {
	at := m.moments[m.IntN(len(m.moments))] + []int64{0, 0, 1, -1, day, -day, day / 2}[m.IntN(7)]
	if n := m.number(); m.IntN(2) == 0 && n > -1000 && n < 1000 {
		at += int64(n) * day * int64(1-2*m.IntN(2))
	}
	return at
}

func (m *maker) person(catalogue *audience.Catalogue, names []string) (p *audience.Stored, now int64) {
	person := &audience.Person{Attributes: map[string]json.RawMessage{}, Topics: map[string]audience.Consent{"tips": {State: audience.ConsentState(m.IntN(4))}}}
	person.ID, person.Email, person.Locale = m.text(), m.text(), m.text()
	for _, name := range names {
		if a, ok := catalogue.Attribute(name); ok && m.IntN(6) > 0 {
			person.Attributes[name] = m.value(&a.Type)
		}
	}
	return person.Stored(person.ObservedAt), m.moment()
}

// value writes a value as JSON; one that the catalogue does not allow is read as missing.
func (m *maker) value(t *audience.Type) json.RawMessage {
	var v any
	switch t.Kind {
	case audience.Int:
		v = int64(m.number())
	case audience.Float:
		v = m.number()
	case audience.Bool:
		v = m.IntN(2) == 0
	case audience.Time, audience.Date:
		at := audience.Value{Kind: t.Kind, State: audience.Present, Int: m.moment()}
		v = at.String()
	case audience.List:
		items := []json.RawMessage{}
		for m.IntN(3) > 0 {
			items = append(items, m.value(t.Of))
		}
		v = items
	case audience.URL:
		v = "https://acme.example/" + m.text()
	default:
		if v = m.text(); t.Values != nil {
			v = t.Values[m.IntN(len(t.Values))]
		}
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage("null")
	}
	return raw
}
