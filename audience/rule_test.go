package audience

import (
	"fmt"
	"strings"
	"testing"

	"germane/internal/document"
	"germane/internal/finding"
)

// TestRuleFindings lists every mistake with its column and code, and a piece of what is said about it.
func TestRuleFindings(t *testing.T) {
	t.Parallel()
	scope := acme(t)
	for _, test := range []struct {
		rule string
		want []string // column, code, piece of text or hint
	}{
		{`plan == "trial" and trial_days_left <= 3 or projects_30d > 2`, []string{`42 mixed-and-or write (plan == "trial" and trial_days_left <= 3) or projects_30d > 2`}},
		{`optin or plan == "pro" and points > 2 or not optin && has(plan)`, []string{`24 mixed-and-or write optin or (plan == "pro" and points > 2) or (not optin && has(plan))`}},
		{`(optin or points > 1 and score > 1) and has(plan)`, []string{`22 mixed-and-or write (optin or (points > 1 and score > 1)) and has(plan)`}},
		{`not plan == "trial"`, []string{`1 not-before-comparison write not (plan == "trial")`}},
		{`!plan == "trial"`, []string{`1 not-before-comparison write not (plan == "trial")`}},
		{`optin and not plan in ["free"]`, []string{`11 not-before-comparison write not (plan in ["free"])`}},
		{`not plan == "x" and not points > "1"`, []string{`1 not-before-comparison `, `13 value-not-allowed `, `21 not-before-comparison `, `34 type-mismatch write 1 without quotes`}},
		{`plan = "pro"`, []string{`6 wrong-operator use == to compare`}},
		{`plan <> "pro" AND points => 3`, []string{`6 wrong-operator use !=`, `15 wrong-operator write and`, `26 wrong-operator use >=`}},
		{`plan IS NOT NULL`, []string{`6 wrong-operator write !=`, `13 wrong-operator write nil`}},
		{`plan == “trial” and points = 3`, []string{`9 curly-quote write "trial"`, `28 wrong-operator use ==`}},
		{`plan == ‘trial’`, []string{`9 curly-quote write 'trial'`}},
		{`plan == "trial”`, []string{`15 curly-quote use " at both ends`}},
		{`plan == "trial`, []string{`9 unterminated-text put " at its end`}},
		{`points > "3"`, []string{`10 type-mismatch write 3 without quotes`}},
		{`plan == 3`, []string{`9 type-mismatch put it in quotes: "3"`}},
		{`plan in ["free", 3, "gold", plan, nil]`, []string{`18 type-mismatch "3"`, `21 value-not-allowed its values are`, `29 type-mismatch values only`, `35 type-mismatch nil`}},
		{`plan == "Pro"`, []string{`9 value-not-allowed did you mean "pro"?`}},
		{`plan in []`, []string{`9 type-mismatch empty list`}},
		{`customer.plan == "pro"`, []string{`1 unknown-attribute write plan`}},
		{`contact.plan == "pro" and user.plan == "pro"`, []string{`1 unknown-attribute write plan`, `27 unknown-attribute write plan`}},
		{`attributes.plna == "pro"`, []string{`1 unknown-attribute did you mean plan?`}},
		{`person.plan == "pro"`, []string{`1 unknown-attribute write plan`}},
		{`person.emial endsWith "@x"`, []string{`1 unknown-attribute person.email`}},
		{`plna == "pro" and pojects_30d > 1`, []string{`1 unknown-attribute did you mean plan?`, `19 unknown-attribute did you mean projects_30d?`}},
		{`brand.name == "x"`, []string{`1 not-in-rules about a person`}},
		{`points + 1 > 3`, []string{`8 not-in-rules do not calculate`}},
		{`points > -score`, []string{`10 not-in-rules do not calculate`}},
		{`score ?? 1 > 3`, []string{`7 not-in-rules default`}},
		{`optin ? true : false`, []string{`7 not-in-rules ? :`}},
		{`optin | upper()`, []string{`7 not-in-rules filters`, `9 not-in-rules clean them before import`}},
		{`let x = 1; x`, []string{`1 not-in-rules variables`, `7 wrong-operator `, `10 not-in-rules one condition`}},
		{`any(interests, # == "x")`, []string{`1 not-in-rules no function any`, `16 not-in-rules #`}},
		{`points in 1..5`, []string{`12 not-in-rules x >= 1 and x <= 5`}},
		{`interests[0] == "x"`, []string{`10 not-in-rules contains`}},
		{`{{ plan }} == "pro"`, []string{`1 not-in-rules write plan, not {{ plan }}`}},
		{`first_name.upper() == "A"`, []string{`12 not-in-rules `}},
		{`first_name.size == 3`, []string{`1 not-in-rules has no parts`}},
		{`len(plan) > 3`, []string{`1 not-in-rules no function len`}},
		{`days_ago(last_order_at) > 3`, []string{`1 unknown-function days_since`}},
		{`now() > last_order_at`, []string{`1 not-in-rules without parentheses`}},
		{`1 < points < 3`, []string{`12 chained-comparison write 1 < points and points < 3`}},
		{`points == 1 == true`, []string{`13 chained-comparison `}},
		{`optin and points`, []string{`11 type-mismatch has(points)`}},
		{`interests == ["a"]`, []string{`14 type-mismatch contains`}},
		{`interests == "a"`, []string{`1 type-mismatch contains`}},
		{`optin < true`, []string{`1 type-mismatch no order`}},
		{`optin == "true"`, []string{`10 type-mismatch write true without quotes`}},
		{`optin > 3`, []string{`9 type-mismatch true or false`}},
		{`plan < "pro"`, []string{`1 type-mismatch no order`}},
		{`points == 2.5`, []string{`11 value-not-allowed whole number`}},
		{`trial_days_left > 61`, []string{`19 value-not-allowed from 0 to 60`}},
		{`points > 9223372036854775808`, []string{`10 rule-syntax too large`}},
		{`score > 1e999`, []string{`9 rule-syntax too large`}},
		{`last_order_at > "yesterday"`, []string{`17 type-mismatch days_since`}},
		{`days_since(plan) > 3`, []string{`12 type-mismatch time or date`}},
		{`days_since() > 3`, []string{`1 wrong-arguments one time`}},
		{`has("plan")`, []string{`5 type-mismatch without quotes`}},
		{`has(plan) == true`, []string{`1 type-mismatch without a comparison`}},
		{`plan == nil and nil == nil and points < nil`, []string{`24 type-mismatch nil`, `41 type-mismatch nil`}},
		{`segment("heavvy")`, []string{`9 unknown-segment did you mean heavy?`}},
		{`segment(heavy)`, []string{`1 wrong-arguments segment("heavy")`}},
		{`subscribed("tip")`, []string{`12 unknown-topic did you mean tips?`}},
		{`health_note == "x"`, []string{`1 use-not-allowed `}},
		{`has(picks)`, []string{`5 use-not-allowed add select`}},
		{`plan matches "("`, []string{`14 bad-pattern `}},
		{`plan matches "` + strings.Repeat("a", 201) + `"`, []string{`14 bad-pattern 200`}},
		{`first_name startsWith plan`, []string{`23 type-mismatch in quotes`}},
		{`points contains "x"`, []string{`1 type-mismatch list or a text`}},
		{`sizes contains "3"`, []string{`16 type-mismatch write 3 without quotes`}},
		{`"x" in plan`, []string{`8 type-mismatch plan contains "x"`}},
		{``, []string{`1 empty-rule true means everybody`}},
		{`// nothing`, []string{`1 empty-rule `}},
		{`plan ==`, []string{`6 rule-syntax ends after ==`}},
		{`(plan == "pro"`, []string{`1 rule-syntax never closed`}},
		{`plan == "pro")`, []string{`14 rule-syntax nothing opens`}},
		{`plan "pro"`, []string{`6 rule-syntax missing between plan and "pro"`}},
		{`plan in ("free", "pro")`, []string{`16 rule-syntax square brackets`}},
		{`é == 1 and plan = “pro”`, []string{`1 unknown-attribute `, `17 wrong-operator `, `19 curly-quote `}},
		{"plan\u200b == \"pro\"", []string{`5 rule-syntax invisible`}},
		{`plan == "a\q"`, []string{`12 rule-syntax escape`}},
		{`plan @ 3`, []string{`6 rule-syntax means nothing`}},
		{strings.Repeat("(", 101) + "optin" + strings.Repeat(")", 101), []string{`101 rule-too-deep `}},
		{strings.Repeat("not ", 101) + "optin", []string{`401 rule-too-deep `}},
		{`plan == "` + strings.Repeat("x", MaxRuleLength) + `"`, []string{`1 rule-too-long `}},
		{"\xff", []string{`1 rule-syntax UTF-8`}},
	} {
		_, findings := ParseRule(text(test.rule), scope)
		checkFindings(t, test.rule, findings, test.want)
	}
}

// checkFindings compares findings with "column code piece" (or "line:column code piece" where the line is not 1).
func checkFindings(t *testing.T, source string, findings []finding.Finding, want []string) {
	t.Helper()
	if len(findings) != len(want) {
		t.Errorf("%.80s: %d findings, want %d: %+v", source, len(findings), len(want), findings)
		return
	}
	for i, f := range findings {
		place := fmt.Sprint(f.Column)
		if f.Line != 1 {
			place = fmt.Sprintf("%d:%d", f.Line, f.Column)
		}
		start := place + " " + string(f.Code) + " "
		if piece, ok := strings.CutPrefix(want[i], start); !ok || !strings.Contains(f.Text+" | "+f.Hint, piece) {
			t.Errorf("%.80s:\n got %s%s | %s\nwant %s", source, start, f.Text, f.Hint, want[i])
		}
		if f.Hint == "" {
			t.Errorf("%.80s: %s has no hint", source, f.Code)
		}
		if _, documented := finding.Lookup(f.Code); !documented {
			t.Errorf("%s is not documented", f.Code)
		}
	}
}

func TestSegmentFindings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		yaml string
		want []string
	}{
		{"a: segment(\"b\")\nb: optin and segment(\"c\")\nc: segment(\"a\")\n", []string{`3:12 segment-cycle a → b → c → a`}},
		{"a: not segment(\"a\")\n", []string{`16 segment-cycle a → a`}},
		{"a: segment(\"nobody\")\n", []string{`12 unknown-segment segments.yaml`}},
		{"a: health_note == \"x\"\nb: segment(\"a\") and optin\n", []string{`4 use-not-allowed `, `2:4 use-not-allowed segment a uses health_note`}},
		{"a:\n", []string{`2 empty-rule `}},
		{"A b: optin\n", []string{`1 bad-name `}},
		{"a: [optin]\n", nil},
	} {
		scope := acme(t)
		doc, findings := document.Parse(finding.NewFile("segments.yaml", test.yaml).All(), SegmentFormat)
		_, more := ReadSegments(doc, scope)
		if test.want == nil {
			continue // only that nothing breaks
		}
		checkFindings(t, test.yaml, finding.Sort(append(findings, more...)), test.want)
	}
}

// TestSegmentsMultiply: each segment uses the one before twice, so that sixty of them would have 2^60 conditions.
func TestSegmentsMultiply(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("s0: optin\n")
	for i := range 30 {
		fmt.Fprintf(&b, "s%d: segment(\"s%d\") or segment(\"s%d\")\n", i+1, i, i)
	}
	doc, _ := document.Parse(finding.NewFile("segments.yaml", b.String()).All(), SegmentFormat)
	_, findings := ReadSegments(doc, acme(t))
	if len(findings) == 0 || findings[0].Code != "rule-too-long" {
		t.Fatalf("got %+v", findings)
	}
}

func TestRuleNames(t *testing.T) {
	t.Parallel()
	rule := mustRule(t, acme(t), `segment("heavy-trial") or subscribed("tips")`)
	if got := joined(rule.Attributes()) + "|" + joined(rule.SegmentNames()) + "|" + joined(rule.TopicNames()); got != "plan,projects_30d|heavy,heavy-trial|tips" {
		t.Errorf("got %s", got)
	}
}

func FuzzRule(f *testing.F) {
	scope := acme(f)
	for _, seed := range []string{
		`plan == "trial" and trial_days_left <= 3`, `not plan == "x" or “a” = b`, `1 < points < 3`, `segment("heavy-trial")`, `a ? b : c`, `if a {b} else {c}`,
		`points in [1, -2, 0x1f, 1_0, .5]`, "`a``b` == plan", `any(x, {# > 1})`, `(((`, `plan not in ["free"]`, `person.email endsWith "@x" // c`, `/* a */ optin`, `x?.y[1:2]`, `"\u{1F600}" == plan`,
	} {
		f.Add(seed)
	}
	s := everything(scope.Catalogue)
	d := decodeFor(f, s, benchmarkPerson())
	d.Topics = make([]ConsentState, 2)
	s.Topic("tips")
	s.Topic("offers")
	f.Fuzz(func(t *testing.T, source string) {
		rule, findings := ParseRule(text(source), scope)
		for _, found := range findings {
			if found.Line < 1 || found.Column < 1 || found.Code == "" || found.Text == "" {
				t.Fatalf("%q: finding without a place or text: %+v", source, found)
			}
		}
		if rule == nil {
			if len(findings) == 0 {
				t.Fatalf("%q: neither rule nor finding", source)
			}
			return
		}
		result := rule.Compile(s)(d)
		if explained := rule.Explain(s, d); explained.Result != result {
			t.Fatalf("%q is %v but explained as %v", source, result, explained.Result)
		}
		PresentIfFalse(rule.Condition)
		if len(findings) > 0 {
			return
		}
		again, more := ParseRule(text(rule.String()), scope)
		if len(more) > 0 || again.String() != rule.String() || again.Compile(s)(d) != result {
			t.Fatalf("%q printed as %q: %+v", source, rule, more)
		}
	})
}
