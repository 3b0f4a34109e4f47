package audience

import (
	"testing"

	"germane/internal/document"
	"germane/internal/finding"
)

const catalogueYAML = `
first_name:      {type: string, source: declared}
plan:            {type: string, values: [free, trial, pro], source: observed, max_age: 30d, owner: growth@acme.example}
trial_days_left: {type: int, min: 0, max: 60, source: observed, max_age: 2d}
projects_30d:    {type: int, min: 0, default: 0}
score:           {type: float}
points:          {type: int}
optin:           {type: bool}
last_order_at:   {type: time}
renews_on:       {type: date}
homepage:        {type: url}
interests:       {type: list, of: string, max_items: 20}
sizes:           {type: list, of: int}
picks:           {type: list, of: {name: string, url: url, price: float}, max_items: 10, uses: [render, link]}
health_note:     {type: string, sensitivity: special, uses: []}
`

// acme returns the scope that DESIGN.md's examples are written for.
func acme(t testing.TB) *Scope {
	t.Helper()
	scope := &Scope{Catalogue: readCatalogue(t, catalogueYAML), Topics: []string{"tips", "offers"}}
	doc, findings := document.Parse(finding.NewFile("segments.yaml", `
heavy: projects_30d >= 10
heavy-trial: segment("heavy") and plan == "trial"
`).All(), SegmentFormat)
	segments, more := ReadSegments(doc, scope)
	if findings = append(findings, more...); len(findings) > 0 {
		t.Fatalf("segments: %+v", findings)
	}
	scope.Segments = segments
	return scope
}

func readCatalogue(t testing.TB, yaml string) *Catalogue {
	t.Helper()
	doc, findings := document.Parse(finding.NewFile("attributes.yaml", yaml).All(), document.Format{})
	catalogue, more := ReadCatalogue(doc)
	if findings = append(findings, more...); len(findings) > 0 {
		t.Fatalf("catalogue: %+v", findings)
	}
	return catalogue
}

func text(s string) finding.Text { return finding.NewFile("rule", s).All() }

// mustRule parses a rule that has no mistakes.
func mustRule(t testing.TB, scope *Scope, source string) *Rule {
	t.Helper()
	rule, findings := ParseRule(text(source), scope)
	if len(findings) > 0 {
		t.Fatalf("%s: %+v", source, findings)
	}
	return rule
}
