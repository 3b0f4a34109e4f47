package check

import (
	"os"
	"strings"
	"testing"

	"germane/audience"
	"germane/workspace"
)

// TestRulesPage proves the rules of docs/rules.md, in order, for the starter's people: what stands behind each # must come of it.
func TestRulesPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/rules.md")
	if err != nil {
		t.Fatal(err)
	}
	w, findings := workspace.Load(workspace.Starter(), nil)
	if findings = append(findings, Workspace(w)...); len(findings) > 0 {
		t.Fatal(findings)
	}
	_, rest, _ := strings.Cut(string(page), "```proof\n")
	list, _, ok := strings.Cut(rest, "```")
	if !ok {
		t.Fatal("docs/rules.md has no rules to prove")
	}
	var rules []*audience.Rule
	var want []string
	for line := range strings.Lines(list) {
		source, said, _ := strings.Cut(strings.TrimSpace(line), "#")
		rules, want = append(rules, parse(t, w.Scope, source)...), append(want, strings.TrimSpace(said))
	}
	codes := map[Verdict]string{Reachable: "somebody gets it", NeverTrue: "variant-never-true", Shadowed: "variant-shadowed", AlwaysTrue: "variant-always-true"}
	for i, proof := range Prove(rules) {
		if codes[proof.Verdict] != want[i] {
			t.Errorf("%s: %s, want %s", rules[i], codes[proof.Verdict], want[i])
		}
	}
}
