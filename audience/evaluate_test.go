package audience

import (
	"math"
	"testing"
)

func decodeFor(t testing.TB, s *Selection, p *Stored) *Decoded {
	t.Helper()
	d := &Decoded{}
	if err := s.Decode(p, testNow, d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestEvaluate(t *testing.T) {
	t.Parallel()
	scope := acme(t)
	p := &Stored{
		ID: "u1", Email: "ada@acme.example", ObservedAt: testNow - dayMS,
		Attributes: []byte(`{"plan":"trial","trial_days_left":3,"points":9007199254740993,"score":9007199254740992.0,"optin":false,` +
			`"last_order_at":"2026-11-20T12:00:00Z","renews_on":"2026-11-23","interests":["go","mail"],"sizes":[1,2]}`),
		Topics: []TopicConsent{{"tips", ConsentSubscribed}, {"offers", ConsentPending}},
	}
	for _, test := range []struct {
		rule string
		want Truth
	}{
		{`true`, True},
		{`false`, False},
		{`5 < 10`, True},
		{`5 == 5.0`, True},
		{`"b" > "a"`, True},
		{`plan == "trial" and trial_days_left <= 3`, True},
		{`first_name == "Ada"`, Unknown},
		{`not (first_name == "Ada")`, Unknown},
		{`first_name != "Ada"`, Unknown},
		{`first_name == "Ada" or plan == "trial"`, True},
		{`first_name == "Ada" and plan == "free"`, False},
		{`plan == "free" or first_name == "Ada"`, Unknown},
		{`plan == "trial" and first_name == "Ada" and optin`, False},
		{`has(first_name)`, False},
		{`first_name == nil`, True},
		{`first_name != nil`, False},
		{`not has(first_name)`, True},
		{`projects_30d == 0`, True},
		{`has(projects_30d)`, True},
		{`segment("heavy")`, False},
		{`not segment("heavy-trial")`, True},
		{`subscribed("tips")`, True},
		{`subscribed("offers")`, False},
		{`points > score`, True},
		{`points == 9007199254740992.0`, False},
		{`points > 9007199254740992.5`, True},
		{`score == 9007199254740992`, True},
		{`optin`, False},
		{`not optin`, True},
		{`optin == false`, True},
		{`plan in ["free", "trial"]`, True},
		{`plan not in ["free", "trial"]`, False},
		{`trial_days_left in [1, 3]`, True},
		{`5 in [1, 2]`, False},
		{`interests contains "go"`, True},
		{`interests contains "g"`, False},
		{`"mail" in interests`, True},
		{`sizes contains 2`, True},
		{`sizes contains 2.0`, True},
		{`plan contains "ria"`, True},
		{`plan startsWith "tr"`, True},
		{`plan endsWith "x"`, False},
		{`plan matches "^t.*l$"`, True},
		{`plan not matches "^t"`, False},
		{`person.email endsWith "@acme.example"`, True},
		{`person.locale == "en"`, Unknown},
		{`has(person.locale)`, False},
		{`person.id in ["u1"]`, True},
		{`last_order_at < now`, True},
		{`last_order_at > "2026-11-20"`, True},
		{`last_order_at > "2026-11-20T12:00:00Z"`, False},
		{`renews_on == "2026-11-23"`, True},
		{`renews_on > last_order_at`, True},
		{`days_since(last_order_at) == 1`, True},
		{`days_until(last_order_at) == -1`, True},
		{`days_until(renews_on) == 1`, True},
		{`days_since(renews_on) < 0`, True},
		{`days_since(last_order_at) in [1, 2]`, True},
		{`(plan == "free" or optin) and has(plan)`, False},
	} {
		s := NewSelection()
		rule := mustRule(t, scope, test.rule)
		predicate := rule.Compile(s)
		if got := predicate(decodeFor(t, s, p)); got != test.want {
			t.Errorf("%s: got %v, want %v", test.rule, got, test.want)
		}
		again := mustRule(t, scope, rule.String())
		if again.String() != rule.String() || again.Compile(s)(decodeFor(t, s, p)) != test.want {
			t.Errorf("%s: printed as %s, which is another rule", test.rule, rule)
		}
	}
}

// TestDaysOfMissingTime: days of nothing is nothing.
func TestDaysOfMissingTime(t *testing.T) {
	t.Parallel()
	s := NewSelection()
	p := mustRule(t, acme(t), `days_since(last_order_at) > 30`).Compile(s)
	if got := p(decodeFor(t, s, &Stored{})); got != Unknown {
		t.Errorf("got %v", got)
	}
}

func TestCompareIntFloat(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		i    int64
		f    float64
		want int
	}{
		{5, 5, 0},
		{5, 5.5, -1},
		{-5, -5.5, 1},
		{-2, -2.5, 1},
		{-3, -2.5, -1},
		{1<<53 + 1, 1 << 53, 1},
		{1<<63 - 1, 1 << 63, -1},
		{-1 << 63, -1 << 63, 0},
		{-1 << 63, -1e300, 1},
		{0, 1e300, -1},
		{0, math.Copysign(0, -1), 0},
		{0, 5e-324, -1},
	} {
		if got := compareIntFloat(test.i, test.f); got != test.want {
			t.Errorf("%d and %v: got %d, want %d", test.i, test.f, got, test.want)
		}
	}
}

func TestFacts(t *testing.T) {
	t.Parallel()
	scope := acme(t)
	for _, test := range []struct{ rule, ifTrue, ifFalse, ifNotTrue string }{
		{`plan == "pro" and points > 3`, "plan,points", "", ""},
		{`plan == "pro" or points > 3`, "", "plan,points", ""},
		{`plan == "pro" or plan == "free" and has(points)`, "plan", "plan", ""},
		{`not (plan == "pro" or points > 3)`, "plan,points", "", ""},
		{`has(plan)`, "plan", "", ""},
		{`plan == nil`, "", "plan", "plan"},
		{`plan != nil`, "plan", "", ""},
		{`not (plan == nil)`, "plan", "", ""},
		{`plan == nil or points == nil`, "", "plan,points", "plan,points"},
		{`segment("heavy-trial")`, "plan,projects_30d", "", ""},
		{`points > score and person.locale == "en"`, "person.locale,points,score", "", ""},
		{`days_since(last_order_at) > 3`, "last_order_at", "last_order_at", ""},
		{`optin`, "optin", "optin", ""},
		{`true`, "", "", ""},
	} {
		rule, _ := ParseRule(text(test.rule), scope)
		c := rule.Condition
		got := [3]string{joined(PresentIfTrue(c)), joined(PresentIfFalse(c)), joined(PresentIfNotTrue(c))}
		if got != [3]string{test.ifTrue, test.ifFalse, test.ifNotTrue} {
			t.Errorf("%s: got %q", test.rule, got)
		}
	}
}

func joined(names []string) string {
	s := ""
	for i, name := range names {
		if i > 0 {
			s += ","
		}
		s += name
	}
	return s
}

var fiveRules = []string{
	`plan == "trial" and trial_days_left <= 3`,
	`projects_30d >= 100`,
	`plan in ["free", "pro"] and score > 2.5 and interests contains "go"`,
	`optin and days_since(last_order_at) > 30`,
	`points >= 5000 and not (plan == "pro") and person.email endsWith "@acme.example"`,
}

// BenchmarkFiveRules evaluates five typical rules for a person of twenty attributes; the design allows 150 ns.
func BenchmarkFiveRules(b *testing.B) {
	scope, s := acme(b), NewSelection()
	for _, a := range scope.Catalogue.All() {
		s.Attribute(a)
	}
	var rules [5]Predicate
	for i, source := range fiveRules {
		rules[i] = mustRule(b, scope, source).Compile(s)
	}
	d := decodeFor(b, s, benchmarkPerson())
	b.ReportAllocs()
	for b.Loop() {
		for _, rule := range rules {
			rule(d)
		}
	}
}

func BenchmarkParseRule(b *testing.B) {
	scope := acme(b)
	for b.Loop() {
		ParseRule(text(fiveRules[4]), scope)
	}
}
