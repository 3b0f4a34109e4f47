package check

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"germane/audience"
	"germane/blocks"
	"germane/internal/finding"
	"germane/templates"
)

var reportNow = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

// block reads a block of lines "variant: rule", each showing its name; the last is otherwise.
func block(t testing.TB, scope *audience.Scope, rules ...string) *blocks.Block {
	t.Helper()
	var text strings.Builder
	for i, rule := range rules {
		fmt.Fprintf(&text, "{%% variant v%d when %s %%}\n\nThis is v%d.\n\n", i+1, rule, i+1)
	}
	text.WriteString("{% otherwise %}\n\nHello.\n")
	b := &blocks.Block{Name: "hero", File: finding.NewFile("blocks/hero.md", text.String())}
	if findings := b.ReadBody(b.File.All(), true, templates.NewTheme(nil), scope); len(findings) > 0 {
		t.Fatalf("%+v", findings)
	}
	return b
}

func TestExplore(t *testing.T) {
	t.Parallel()
	report := Explore(block(t, acme(t), `plan == "trial" and trial_days_left <= 3`, `segment("heavy")`, `days_since(last_order_at) > 30 and first_name endsWith "a" and interests contains "tea"`,
		`projects_30d > 12`, `renews_on > now and days_until(renews_on) <= 7 and subscribed("tips") and not has(plan)`), reportNow)
	var got []string
	for _, reach := range report.Variants {
		line := fmt.Sprintf("%s %s", reach.Variant, words([]Proof{{Verdict: reach.Verdict}}))
		if line += strings.TrimRight(" "+strings.Join(reach.By, " "), " "); reach.Example != nil {
			p := reach.Example.Person.Stored(reach.Example.Now)
			line += fmt.Sprintf(" %s %v", p.Attributes, p.Topics)
		}
		got = append(got, line)
	}
	for _, o := range report.Overlaps {
		got = append(got, o.First+" & "+o.Second)
	}
	want := []string{
		`v1 ok {"first_name":"Ada","interests":[],"last_order_at":"2026-11-20T21:30:00Z","plan":"trial","projects_30d":10,"renews_on":"2026-11-21","trial_days_left":1} []`,
		`v2 ok {"first_name":"Ada","interests":[],"last_order_at":"2026-11-20T21:30:00Z","plan":"free","projects_30d":10,"renews_on":"2026-11-21","trial_days_left":1} []`,
		`v3 ok {"first_name":"Ada","interests":["tea"],"last_order_at":"2026-10-21T21:30:00Z","plan":"free","projects_30d":1,"renews_on":"2026-11-21","trial_days_left":1} []`,
		`v4 by v2`,
		`v5 ok {"first_name":"Ada","interests":[],"projects_30d":1,"renews_on":"2026-11-23","trial_days_left":1} [{tips subscribed}]`,
		`otherwise ok {"first_name":"Ada","interests":[],"plan":"free","projects_30d":1,"renews_on":"2026-11-21","trial_days_left":1} []`,
		"v1 & v2", "v1 & v3", "v2 & v3", "v2 & v5", "v3 & v5",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// TestEveryReachableVariantHasAnExample makes a person for every variant that is not proved to be unreachable, and for otherwise.
func TestEveryReachableVariantHasAnExample(t *testing.T) {
	t.Parallel()
	scope := scopeOf(t, bruteCatalogue, "")
	g := rand.New(rand.NewPCG(20261122, 10))
	reachable, missed := 0, 0
	all := domains()
	for range 300 {
		some := someDomains(g, all)
		b := block(t, scope, condition(g, 3, some), condition(g, 3, some), condition(g, 2, some))
		chooser := func(e *Example) string {
			selection, d := audience.NewSelection(), &audience.Decoded{}
			c := blocks.NewChooser([]*blocks.Block{b}, selection)
			if err := selection.Decode(e.Person.Stored(e.Now), e.Now.UnixMilli(), d); err != nil {
				t.Fatal(err)
			}
			return b.Variants[c.Choose(d, e.Person.ID, nil)[0].Variant].Name
		}
		for _, reach := range Explore(b, reportNow).Variants {
			if reach.Verdict != Reachable && reach.Verdict != AlwaysTrue {
				if reach.Example != nil {
					t.Errorf("%s of\n%s has an example", reach.Variant, b.File.Text)
				}
				continue
			}
			reachable++
			if reach.Example == nil {
				missed++
				t.Logf("no example for %s of\n%s", reach.Variant, b.File.Text)
			} else if got := chooser(reach.Example); got != reach.Variant {
				t.Errorf("the example for %s gets %s of\n%s", reach.Variant, got, b.File.Text)
			}
		}
	}
	if missed*50 > reachable {
		t.Errorf("%d of %d reachable variants have no example", missed, reachable)
	}
	t.Logf("%d reachable variants, %d without an example", reachable, missed)
}
