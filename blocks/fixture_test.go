package blocks

import (
	"strings"
	"testing"
	"time"

	"germane/audience"
	"germane/internal/document"
	"germane/internal/finding"
	"germane/templates"
)

var testNow = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// acme is what the rules of these tests may name.
func acme(t testing.TB) *audience.Scope {
	t.Helper()
	doc, findings := document.Parse(finding.NewFile("attributes.yaml", `
plan:            {type: string, values: [free, trial, pro], max_age: 30d}
trial_days_left: {type: int, min: 0, max: 60, max_age: 2d}
projects_30d:    {type: int, min: 0, default: 0}
interests:       {type: list, of: string}
`).All(), document.Format{})
	catalogue, more := audience.ReadCatalogue(doc)
	scope := &audience.Scope{Catalogue: catalogue, Topics: []string{"tips"}}
	doc, again := document.Parse(finding.NewFile("segments.yaml", "heavy: projects_30d >= 10\n").All(), audience.SegmentFormat)
	segments, last := audience.ReadSegments(doc, scope)
	if len(findings)+len(more)+len(again)+len(last) > 0 {
		t.Fatal(findings, more, again, last)
	}
	scope.Segments = segments
	return scope
}

// block makes a block of lines `variant: rule`, and otherwise.
func block(t testing.TB, name string, control float64, variants string) *Block {
	t.Helper()
	scope, b := acme(t), &Block{Name: name, Control: control}
	for line := range strings.Lines(variants) {
		variant, source, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok {
			continue
		}
		rule, findings := audience.ParseRule(finding.NewFile(name, source).All(), scope)
		if len(findings) > 0 {
			t.Fatalf("%s: %v", source, findings)
		}
		b.Variants = append(b.Variants, Variant{Name: variant, Rule: rule, Body: []templates.Node{&templates.Text{Text: variant}}})
	}
	b.Variants = append(b.Variants, Variant{Name: Otherwise})
	return b
}

const hero = `
trial-ending: plan == "trial" and trial_days_left <= 3
power-user: projects_30d >= 10
anybody-on-trial: plan == "trial"
`

// message is a chooser and the selection it reads people by.
type message struct {
	*Chooser
	selection *audience.Selection
}

func compile(blocks ...*Block) message {
	selection := audience.NewSelection()
	return message{NewChooser(blocks, selection), selection}
}

func (m message) decode(t testing.TB, attributes string, observed time.Time) *audience.Decoded {
	t.Helper()
	d := &audience.Decoded{}
	p := &audience.Stored{Attributes: []byte(attributes), ObservedAt: observed.UnixMilli()}
	if err := m.selection.Decode(p, testNow.UnixMilli(), d); err != nil {
		t.Fatal(err)
	}
	return d
}
