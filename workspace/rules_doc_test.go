package workspace

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"germane/audience"
	"germane/internal/finding"
)

// ann is the person of docs/rules.md and docs/filters.md.
const ann = `{"id": "ann", "email": "ann@mail.example", "time_zone": "Europe/Rome",
	"attributes": {"plan": "trial", "trial_days_left": 3, "projects_30d": 4, "last_order_at": "2026-11-02T08:30:00Z", "interests": ["planning", "design"],
		"picks": [{"name": "Studio planner", "url": "https://shop.acme.example/p/planner", "price": 24.5}, {"name": "Desk calendar", "url": "https://shop.acme.example/p/calendar", "price": 12.0}]},
	"observed_at": "2026-11-19T09:00:00Z", "topics": {"tips": "subscribed"}}`

var annsDay = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// TestRulesPage reads every rule of docs/rules.md as the starter does: what stands behind its # must be what it comes to for Ann,
// or the code of the mistake in it.
func TestRulesPage(t *testing.T) {
	t.Parallel()
	w := loadStarter(t)
	person, err := audience.ReadPerson([]byte(ann))
	if err != nil {
		t.Fatal(err)
	}
	checked := map[string]int{}
	for kind, line := range fencedLines(t, "../docs/rules.md") {
		source, wanted, _ := strings.Cut(line, "#")
		wanted = strings.TrimSpace(wanted)
		rule, findings := audience.ParseRule(finding.NewFile("rules.md", strings.TrimSpace(source)).All(), w.Scope)
		checked[kind]++
		switch {
		case kind == "proof": // rules in order, which check reads
		case kind == "mistake":
			if !slices.ContainsFunc(findings, func(f finding.Finding) bool { return string(f.Code) == wanted }) {
				t.Errorf("%s: got %+v", line, findings)
			}
		case len(findings) > 0:
			t.Errorf("%s: %+v", line, findings)
		case wanted != "":
			selection, decoded := audience.NewSelection(), audience.Decoded{}
			holds := rule.Compile(selection)
			if err := selection.Decode(person.Stored(annsDay), annsDay.UnixMilli(), &decoded); err != nil {
				t.Fatal(err)
			}
			if got := holds(&decoded).String(); got != wanted {
				t.Errorf("%s: it is %s", line, got)
			}
		}
	}
	if checked["rule"] < 30 || checked["mistake"] < 10 {
		t.Errorf("only %v were read", checked)
	}
}

func loadStarter(t *testing.T) *Workspace {
	t.Helper()
	w, findings := Load(Starter(), nil)
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	return w
}

// fencedLines yields the lines inside fences that name a language, with that language.
func fencedLines(t *testing.T, file string) func(yield func(language, line string) bool) {
	t.Helper()
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return func(yield func(language, line string) bool) {
		language := ""
		for line := range strings.Lines(string(page)) {
			line = strings.TrimRight(line, "\n")
			switch fence, isFence := strings.CutPrefix(line, "```"); {
			case isFence:
				language = fence
			case language != "" && line != "" && !yield(language, line):
				return
			}
		}
	}
}
