package audience

import (
	"fmt"
	"testing"
	"time"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	scope := acme(t)
	p := &Stored{
		Email: "ada@acme.example", ObservedAt: testNow - 2*dayMS,
		Attributes: []byte(`{"plan":"trial","trial_days_left":3,"points":7,"score":"x","first_name":" ","last_order_at":"2026-11-01"}`),
		Exceptions: fmt.Appendf(nil, `{"trial_days_left":%d}`, testNow-5*dayMS),
		Topics:     []TopicConsent{{"tips", ConsentUnsubscribed}},
	}
	for _, test := range []struct {
		rule string
		want string
	}{
		{`plan == "trial" and trial_days_left <= 3`, `unknown: trial_days_left is out of date (last observed 5 days ago, and its max_age is 2d)`},
		{`plan == "trial" and points == 7`, `true: plan is "trial" (observed 2 days ago) and points is 7 (observed 2 days ago)`},
		{`plan == "pro" and trial_days_left <= 3`, `false: plan is "trial" (observed 2 days ago), so plan == "pro" is false`},
		{`plan == "pro" or points > 9`, `false: plan is "trial" (observed 2 days ago) and points is 7 (observed 2 days ago), so neither plan == "pro" nor points > 9 is true`},
		{`points > 0 and not (points > 9)`, `true: points is 7 (observed 2 days ago), so points > 9 is false`},
		{`points > 9 or points < 3 or points in [5, 6]`, `false: points is 7 (observed 2 days ago), so none of points > 9, points < 3, points in [5, 6] is true`},
		{`plan == "trial" or points > 9`, `true: plan is "trial" (observed 2 days ago)`},
		{`not (plan == "pro")`, `true: plan is "trial" (observed 2 days ago), so plan == "pro" is false`},
		{`score > 1`, `unknown: score has a value that attributes.yaml does not allow`},
		{`first_name == "Ada"`, `unknown: first_name is blank`},
		{`optin`, `unknown: optin is not known (no value is stored)`},
		{`segment("heavy")`, `false: projects_30d is 0 (the default: no value is stored), so projects_30d >= 10 (segment heavy) is false`},
		{`days_since(last_order_at) > 7`, `true: last_order_at is 2026-11-01 00:00 UTC (21 days ago, observed 2 days ago)`},
		{`days_until(last_order_at) > -30`, `true: last_order_at is 2026-11-01 00:00 UTC (21 days ago, observed 2 days ago)`},
		{`subscribed("tips")`, `false: consent to tips is withdrawn`},
		{`person.email endsWith "@acme.example"`, `true: person.email is "ada@acme.example"`},
		{`false`, `false: false is false`},
	} {
		s := NewSelection()
		rule := mustRule(t, scope, test.rule)
		rule.Compile(s)
		x := rule.Explain(s, decodeFor(t, s, p))
		if got := x.Result.String() + ": " + x.Sentence(); got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.rule, got, test.want)
		}
	}
}

func TestExplainLeaves(t *testing.T) {
	t.Parallel()
	scope, s := acme(t), NewSelection()
	rule := mustRule(t, scope, `plan == "trial" and trial_days_left <= 3`)
	rule.Compile(s)
	x := rule.Explain(s, decodeFor(t, s, &Stored{Attributes: []byte(`{"plan":"trial","trial_days_left":99}`), ObservedAt: testNow}))
	if len(x.Leaves) != 2 || x.Leaves[0].Deciding || !x.Leaves[1].Deciding || x.Leaves[1].Text != "trial_days_left <= 3" {
		t.Fatalf("got %+v", x.Leaves)
	}
	seen := x.Leaves[1].Operands[0]
	if seen.Missing() != "not allowed" || seen.Source != "observed" || seen.MaxAge != 48*time.Hour || x.Leaves[0].Operands[0].Value != `"trial"` {
		t.Errorf("got %+v", seen)
	}
}

func TestDurationsInWords(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{0: "just now", time.Minute: "1 minute ago", 90 * time.Minute: "1 hour ago", 49 * time.Hour: "2 days ago", -time.Second: "in the future"} {
		if got := Ago(d); got != want {
			t.Errorf("%v: %s", d, got)
		}
	}
	for d, want := range map[time.Duration]string{48 * time.Hour: "2d", 36 * time.Hour: "36h", 90 * time.Minute: "90min", 30 * time.Second: "30s"} {
		if got := FormatDuration(d); got != want {
			t.Errorf("%v: %s", d, got)
		}
	}
}

func TestFreshValuesNeedNoAge(t *testing.T) {
	t.Parallel()
	scope := acme(t)
	for age, want := range map[time.Duration]string{
		0: `points is 7`, 59 * time.Second: `points is 7`, time.Minute: `points is 7 (observed 1 minute ago)`, -time.Hour: `points is 7 (observed in the future)`,
	} {
		s := NewSelection()
		rule := mustRule(t, scope, `points > 5 and points < 9`)
		rule.Compile(s)
		p := &Stored{Attributes: []byte(`{"points":7}`), ObservedAt: testNow - age.Milliseconds()}
		if got := rule.Explain(s, decodeFor(t, s, p)).Sentence(); got != want {
			t.Errorf("%v: %s, want %s", age, got, want)
		}
	}
}

func TestExplainNamesSegments(t *testing.T) {
	t.Parallel()
	scope, s := acme(t), NewSelection()
	rule := mustRule(t, scope, `(segment("heavy") or segment("heavy-trial")) and points > 5`)
	rule.Compile(s)
	x := rule.Explain(s, decodeFor(t, s, &Stored{Attributes: []byte(`{"projects_30d":1,"points":7}`), ObservedAt: testNow}))
	if len(x.Segments) != 2 || x.Segments[0] != (SeenSegment{"heavy", "projects_30d >= 10"}) || x.Segments[1].Name != "heavy-trial" {
		t.Errorf("got %+v", x.Segments)
	}
}

func TestExplainNeeds(t *testing.T) {
	t.Parallel()
	scope := acme(t)
	for rule, want := range map[string]string{
		`plan == "pro" and points > 9`:        `plan == "pro"`,
		`plan == "pro" or points > 9`:         `plan == "pro" or points > 9`,
		`points > 0 and not segment("heavy")`: `somebody who is not in segment heavy (projects_30d >= 10)`,
		`not (plan == "trial")`:               `that plan == "trial" is not so`,
		`segment("heavy")`:                    `projects_30d >= 10 (segment heavy)`,
		`optin and score > 1`:                 `optin and score > 1`,
	} {
		projects := 14
		if rule == `segment("heavy")` {
			projects = 1
		}
		s := NewSelection()
		parsed := mustRule(t, scope, rule)
		parsed.Compile(s)
		p := &Stored{ObservedAt: testNow, Attributes: fmt.Appendf(nil, `{"plan":"trial","points":7,"projects_30d":%d}`, projects)}
		if got := parsed.Explain(s, decodeFor(t, s, p)).Needs(); got != want {
			t.Errorf("%s needs %s, want %s", rule, got, want)
		}
	}
}

func TestOldValuesThatCount(t *testing.T) {
	t.Parallel()
	s := NewSelection()
	rule := mustRule(t, acme(t), `points > 5`)
	rule.Compile(s)
	p := &Stored{Attributes: []byte(`{"points":7}`), ObservedAt: testNow - 311*dayMS}
	if got, want := rule.Explain(s, decodeFor(t, s, p)).Sentence(), `points is 7 (observed 311 days ago, it has no max_age, so it still counts)`; got != want {
		t.Errorf("got %s", got)
	}
}
