package audience

import (
	"testing"
	"time"

	"germane/internal/document"
	"germane/internal/finding"
)

func TestCatalogueFindings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		yaml string
		want []string
	}{
		{`plan: {type: strnig}`, []string{`14 bad-type did you mean string?`}},
		{`plan: {type: timestamp}`, []string{`14 bad-type write time`}},
		{`plan: {}`, []string{`1 missing-key {type: string}`}},
		{`plan: {type: string, max_agee: 3d}`, []string{`22 unknown-key did you mean max_age?`}},
		{`plan: {type: string, max_age: 5m}`, []string{`31 bad-duration 5min`}},
		{`plan: {type: string, max_age: 0d}`, []string{`31 bad-duration stale at once`}},
		{`plan: {type: string, max_age: }`, []string{`22 bad-value has no value`}},
		{`n: {type: int, min: 5, max: 3}`, []string{`21 bad-bounds exchange`}},
		{`n: {type: int, min: 1.5}`, []string{`21 bad-number whole`}},
		{`n: {type: int, min: many}`, []string{`21 bad-number `}},
		{`plan: {type: string, min: 3}`, []string{`22 wrong-constraint max_length`}},
		{`n: {type: int, values: [1, 2]}`, []string{`16 wrong-constraint min and max`}},
		{`b: {type: bool, values: [true]}`, []string{`17 wrong-constraint delete`}},
		{`b: {type: bool, max_length: 3, max_items: 2, of: int}`, []string{`17 wrong-constraint `, `32 wrong-constraint `, `46 wrong-constraint `}},
		{`plan: {type: string, values: [free, free, " "]}`, []string{`37 duplicate-value `, `44 bad-value `}},
		{`plan: {type: string, values: []}`, []string{`22 bad-value `}},
		{`plan: {type: string, values: [free, pro], default: por}`, []string{`52 value-not-allowed did you mean "pro"?`}},
		{`n: {type: int, min: 3, default: 2}`, []string{`33 value-not-allowed at least 3`}},
		{`n: {type: int, default: two}`, []string{`25 value-not-allowed digits`}},
		{`n: {type: float, default: .nan}`, []string{`27 value-not-allowed `}},
		{`n: {type: string, max_length: 0}`, []string{`31 bad-number `}},
		{`n: {type: time, default: yesterday}`, []string{`26 value-not-allowed 2027`}},
		{`n: {type: url, default: "http://a.example"}`, []string{`26 value-not-allowed https`}},
		{`l: {type: list}`, []string{`5 missing-key of: string`}},
		{`l: {type: list, of: list}`, []string{`21 bad-type `}},
		{`l: {type: list, of: {}}`, []string{`21 missing-key `}},
		{`l: {type: list, of: {Name: string, in: url}}`, []string{`21 missing-key `, `22 bad-name `, `36 reserved-name `}},
		{`l: {type: list, of: string, max_items: 1, default: [a, b]}`, []string{`52 value-not-allowed max_items`}},
		{`l: {type: list, of: int, default: [1, b]}`, []string{`39 value-not-allowed `}},
		{`First: {type: string}`, []string{`1 bad-name `}},
		{`not: {type: string}`, []string{`1 reserved-name `}},
		{`person: {type: string}`, []string{`1 reserved-name `}},
		{`days_since: {type: int}`, []string{`1 reserved-name `}},
		{`h: {type: string, sensitivity: special}`, []string{`19 special-attribute uses: []`}},
		{`h: {type: string, sensitivity: special, uses: [render]}`, []string{`41 special-attribute `}},
		{`h: {type: string, sensitivity: secret}`, []string{`32 bad-value `}},
		{`h: {type: string, uses: [selct, render, render]}`, []string{`26 bad-value did you mean select?`, `41 duplicate-value `}},
		{`h: {type: string, review_by: soon}`, []string{`30 bad-date `}},
		{`[plan]`, []string{`1 wrong-shape `}},
		{"a: {type: x}\nb: {type: y}\na: {type: int}", []string{`11 bad-type `, `2:11 bad-type `, `3:1 duplicate-key `}},
	} {
		doc, findings := document.Parse(finding.NewFile("attributes.yaml", test.yaml).All(), document.Format{})
		_, more := ReadCatalogue(doc)
		checkFindings(t, test.yaml, finding.Sort(append(findings, more...)), test.want)
	}
}

func TestCatalogueValues(t *testing.T) {
	t.Parallel()
	c := readCatalogue(t, `
version: {type: string, values: [1.10, 007, yes], default: 007, max_age: 2w, owner: a@b.example, purpose: [x, y], review_by: 2027-03-31}
score:   {type: float, min: 0, max: 1, default: 1}
seen:    {type: time, default: 2026-01-02}
tags:    {type: list, of: string, values: [a, b], max_length: 5, default: []}
bare: int
`)
	version, _ := c.Attribute("version")
	if joined(version.Type.Values) != "1.10,007,yes" || version.Default.Text != "007" || version.MaxAge != 14*24*time.Hour || version.Purpose != "x, y" || version.Uses != DefaultUses {
		t.Errorf("version is %+v", version)
	}
	score, _ := c.Attribute("score")
	if score.Default.Float != 1 || *score.Type.Max != 1 {
		t.Errorf("score is %+v", score)
	}
	tags, _ := c.Attribute("tags")
	if tags.Type.MaxItems != DefaultMaxItems || tags.Type.Of.MaxLength != 5 || len(tags.Type.Of.Values) != 2 || tags.Default.State != Present || tags.MayBeMissing() {
		t.Errorf("tags is %+v", tags)
	}
	if bare, ok := c.Attribute("bare"); !ok || bare.Type.Kind != Int || joined(c.Names()) != "version,score,seen,tags,bare" {
		t.Errorf("bare is %+v of %v", bare, c.Names())
	}
}

func TestEventsAndGoals(t *testing.T) {
	t.Parallel()
	doc, _ := document.Parse(finding.NewFile("events.yaml", `
project_created: {fields: {name: string, size: int}, sample: {name: Demo}}
signed_up: {}
`).All(), document.Format{})
	events, findings := ReadEvents(doc)
	event, ok := events.Event("project_created")
	if len(findings) > 0 || !ok || len(event.Fields) != 2 || event.Sample[0].Text != "Demo" || event.Sample[1].Present() {
		t.Fatalf("got %+v, %+v", event, findings)
	}
	goal, findings := ParseGoal(text(" project_created within 7d "), events)
	if len(findings) > 0 || goal != (Goal{"project_created", 7 * 24 * time.Hour}) {
		t.Errorf("got %+v, %+v", goal, findings)
	}
	for goal, want := range map[string]string{
		"project_created": `1 bad-goal project_created within 7d`, "projct_created within 7d": `1 unknown-event did you mean project_created?`,
		"signed_up within 7m": `18 bad-duration 7min`, "signed_up within 0d": `18 bad-goal `, "": `1 bad-goal `,
	} {
		_, findings := ParseGoal(text(goal), events)
		checkFindings(t, goal, findings, []string{want})
	}
}

func TestEventFindings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		yaml string
		want []string
	}{
		{`Bad: {}`, []string{`1 bad-name `}},
		{`e: {fields: {a: list, b: strng, c: {}}}`, []string{`17 bad-type `, `26 bad-type did you mean string?`, `33 wrong-shape `}},
		{`e: {fields: {a: int}, sample: {a: x, b: 1}}`, []string{`35 value-not-allowed `, `38 unknown-key `}},
		{`e: {field: {}}`, []string{`5 unknown-key did you mean fields?`}},
	} {
		doc, findings := document.Parse(finding.NewFile("events.yaml", test.yaml).All(), document.Format{})
		_, more := ReadEvents(doc)
		checkFindings(t, test.yaml, finding.Sort(append(findings, more...)), test.want)
	}
}

func TestReservedNames(t *testing.T) {
	t.Parallel()
	for _, name := range Reserved() {
		if ValidFieldName(name) {
			t.Errorf("%s is reserved", name)
		}
	}
	for _, name := range []string{"plan", "a", "trial_days_left", "count", "first"} {
		if !ValidFieldName(name) {
			t.Errorf("%s is a good name", name)
		}
	}
}
