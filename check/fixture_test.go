package check

import (
	"testing"

	"germane/audience"
	"germane/internal/document"
	"germane/internal/finding"
)

const catalogueYAML = `
first_name:      {type: string}
city:            {type: string, default: Springfield, max_length: 20}
plan:            {type: string, values: [free, trial, pro], max_age: 30d}
tier:            {type: string, values: [basic, gold], default: basic}
trial_days_left: {type: int, min: 0, max: 60, max_age: 2d}
projects_30d:    {type: int, min: 0, default: 0}
points:          {type: int}
seats:           {type: int, min: 1}
score:           {type: float, min: 0, max: 1}
height:          {type: float}
optin:           {type: bool}
staff:           {type: bool, default: false}
last_order_at:   {type: time}
signed_up_at:    {type: time}
renews_on:       {type: date}
homepage:        {type: url}
interests:       {type: list, of: string, max_items: 2}
constant:        {type: int}
sizes:           {type: list, of: int, default: []}
`

const segmentsYAML = `
heavy: projects_30d >= 10
trying: plan == "trial"
keen: segment("heavy") or segment("trying")
`

// acme returns what the rules of these tests may name.
func acme(t testing.TB) *audience.Scope {
	t.Helper()
	return scopeOf(t, catalogueYAML, segmentsYAML)
}

func scopeOf(t testing.TB, catalogue, segments string) *audience.Scope {
	t.Helper()
	doc, findings := document.Parse(finding.NewFile("attributes.yaml", catalogue).All(), document.Format{})
	c, more := audience.ReadCatalogue(doc)
	findings = append(findings, more...)
	c.RestrictHosts([]string{"acme.example"})
	scope := &audience.Scope{Catalogue: c, Topics: []string{"tips", "offers"}}
	doc, more = document.Parse(finding.NewFile("segments.yaml", segments).All(), audience.SegmentFormat)
	findings = append(findings, more...)
	read, more := audience.ReadSegments(doc, scope)
	if findings = append(findings, more...); len(findings) > 0 {
		t.Fatalf("fixture: %+v", findings)
	}
	scope.Segments = read
	return scope
}

func parse(t testing.TB, scope *audience.Scope, sources ...string) []*audience.Rule {
	t.Helper()
	rules := make([]*audience.Rule, len(sources))
	for i, source := range sources {
		rule, findings := audience.ParseRule(finding.NewFile("rule", source).All(), scope)
		if len(findings) > 0 {
			t.Fatalf("%s: %+v", source, findings)
		}
		rules[i] = rule
	}
	return rules
}
