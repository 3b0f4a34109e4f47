package blocks

import (
	"strings"
	"testing"

	"germane/audience"
	"germane/templates"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, attributes string
		control          float64
		reason, sentence string
		conditions       string // variant=result of each that was tried
	}{
		{
			"the first rule is true", `{"plan":"trial","trial_days_left":2}`, 0, "rule true",
			`because plan is "trial" and trial_days_left is 2`, "trial-ending=true",
		},
		{
			"a later rule is true", `{"plan":"free","projects_30d":12}`, 0, "rule true",
			`because projects_30d is 12`, "trial-ending=false power-user=true",
		},
		{
			"control", `{"plan":"free","projects_30d":12}`, 1, "control",
			`held back to measure against: this person is in the block's control group and would have got power-user, because projects_30d is 12`,
			"trial-ending=false power-user=true",
		},
		{
			"nothing matched", `{"plan":"pro","projects_30d":1}`, 1, "nothing matched",
			`no variant's rule is true: trial-ending: plan is "pro", so plan == "trial" is false; power-user: projects_30d is 1, so projects_30d >= 10 is false; anybody-on-trial: plan is "pro", so plan == "trial" is false`,
			"trial-ending=false power-user=false anybody-on-trial=false",
		},
		{
			"a value is missing", `{"trial_days_left":2,"projects_30d":1}`, 0, "value missing",
			`no variant's rule is certainly true: trial-ending: plan is not known (no value is stored); anybody-on-trial: plan is not known (no value is stored)`,
			"trial-ending=unknown power-user=false anybody-on-trial=unknown",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := compile(block(t, "hero", test.control, hero))
			d := m.decode(t, test.attributes, testNow)
			e := m.Explain(m.Choose(d, "ann", nil)[0], d)
			if e.Reason.String() != test.reason || e.Sentence() != test.sentence {
				t.Errorf("got %v: %s", e.Reason, e.Sentence())
			}
			var conditions []string
			for _, c := range e.Conditions {
				conditions = append(conditions, c.Variant+"="+c.Result.String())
			}
			if got := strings.Join(conditions, " "); got != test.conditions {
				t.Errorf("got %s", got)
			}
		})
	}
}

// TestExplainAgrees holds the two ways of evaluating a rule together: what is explained is what was chosen.
func TestExplainAgrees(t *testing.T) {
	t.Parallel()
	m := compile(block(t, "hero", 0.5, hero))
	for _, attributes := range []string{`{}`, `{"plan":"trial"}`, `{"plan":"trial","trial_days_left":1}`, `{"plan":"pro","projects_30d":10}`, `{"projects_30d":9}`, `{"plan":7}`} {
		d := m.decode(t, attributes, testNow)
		for _, id := range []string{"ann", "bob", "cem", "dee"} {
			choice := m.Choose(d, id, nil)[0]
			e := m.Explain(choice, d)
			last := e.Conditions[len(e.Conditions)-1]
			selected := choice.Reason == RuleTrue || choice.Reason == Control
			if selected != (last.Result == audience.True) || selected && e.Would != last.Variant {
				t.Errorf("%s for %s: chose %+v, explained as %+v", attributes, id, choice, e)
			}
		}
	}
}

func TestExplainEmptyVariants(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]bool{"": true, " \n": true, "Hello": false} {
		b := block(t, "hero", 0, "")
		b.Variants[0].Body = []templates.Node{&templates.Text{Text: body}}
		m := compile(b)
		d := m.decode(t, `{}`, testNow)
		e := m.Explain(m.Choose(d, "ann", nil)[0], d)
		if e.Empty != want || e.Sentence() != "the block has no other variant" {
			t.Errorf("%q: %+v, %s", body, e, e.Sentence())
		}
	}
}
