package document

import (
	"testing"
	"time"

	"germane/internal/finding"
)

var campaignFormat = Format{Raw: []string{"subject", "goal", "audience", "every", "cron", "when"}}

func parse(t *testing.T, text string, format Format) (*Node, []finding.Finding) {
	t.Helper()
	return Parse(finding.NewFile("test.yaml", text).All(), format)
}

func TestRawText(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, yaml, key, want string }{
		{"a hash and a percent sign", "subject: 50% off #summer", "subject", "50% off #summer"},
		{"Liquid", `subject: {{ first_name | default: "Hello" }}, your week`, "subject", `{{ first_name | default: "Hello" }}, your week`},
		{"a colon", "subject: Today: news", "subject", "Today: news"},
		{"outer quotes", `subject: "50% off"`, "subject", "50% off"},
		{"outer single quotes", `subject: 'It''s here'`, "subject", "It's here"},
		{"quotes that are not outer", `audience: "a" == plan or plan == "b"`, "audience", `"a" == plan or plan == "b"`},
		{"a rule", `audience: not (plan == "pro")`, "audience", `not (plan == "pro")`},
		{"a rule that starts with a list", `audience: [1]`, "audience", "[1]"},
		{"quotes and a comment", `subject: "Hello" # greeting`, "subject", "Hello"},
		{"a curly bracket", "goal: {x", "goal", "{x"},
		{"an ampersand", "subject: & more", "subject", "& more"},
		{"one letter", "subject: x", "subject", "x"},
		{"windows line ends", "subject: a #b\r\nother: 1\r\n", "subject", "a #b"},
		{"a quoted key", `"subject": a # b`, "subject", "a # b"},
		{"YAML's rules inside brackets", `cadence: {every: "monday 09:00"}`, "cadence", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			node, findings := parse(t, test.yaml, campaignFormat)
			if len(findings) > 0 {
				t.Fatalf("findings: %+v", findings)
			}
			if got := node.Get(test.key).Text.S; got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestRawTextKnowsItsPlace(t *testing.T) {
	t.Parallel()
	node, _ := parse(t, "# é\ntopic: tips\nnested:\n  audience: plan ==\n", campaignFormat)
	text := node.Get("nested").Get("audience").Text
	got := text.At(5, 7, "type-mismatch", "", "")
	if got.Line != 4 || got.Column != 18 {
		t.Errorf("got %d:%d, want 4:18", got.Line, got.Column)
	}
}

func TestTopLevelRawText(t *testing.T) {
	t.Parallel()
	node, findings := parse(t, "heavy: projects_30d >= 10 # not a comment\nlight: not heavy\n", Format{RawTop: true})
	if len(findings) != 0 || node.Get("heavy").Text.S != "projects_30d >= 10 # not a comment" {
		t.Errorf("got %+v, %+v", node.Get("heavy"), findings)
	}
}

func TestFindings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, yaml   string
		code         finding.Code
		line, column int
	}{
		{"a tab", "a:\n\tb: 1\n", "yaml-syntax", 2, 1},
		{"an open bracket", "a: {b: 1\nc: 2\n", "yaml-syntax", 2, 2},
		{"a duplicate key", "a: 1\nb: 2\na: 3\n", "duplicate-key", 3, 1},
		{"an alias", "a: &x 1\nb: *x\n", "yaml-feature", 1, 4},
		{"a tag", "a: !!binary x\n", "yaml-feature", 1, 4},
		{"a text over two lines", "subject: one\n  two\nb: 1\n", "text-over-lines", 2, 3},
		{"unquoted Liquid", "a: {{ x }}\n", "yaml-syntax", 1, 5},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, findings := parse(t, test.yaml, campaignFormat)
			if len(findings) == 0 {
				t.Fatal("no finding")
			}
			if f := findings[0]; f.Code != test.code || f.Line != test.line || f.Column != test.column {
				t.Errorf("got %s at %d:%d (%s), want %s at %d:%d", f.Code, f.Line, f.Column, f.Text, test.code, test.line, test.column)
			}
		})
	}
}

func TestEnumerationsKeepTheirSource(t *testing.T) {
	t.Parallel()
	node, _ := parse(t, "values: [1.10, 007, yes, null, 2026-01-01, \"a b\"]", Format{})
	r := &Reader{}
	var got []string
	for _, text := range r.Map(node, "x").Strings("values") {
		got = append(got, text.S)
	}
	want := []string{"1.10", "007", "yes", "2026-01-01", "a b"}
	if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] || got[4] != want[4] {
		t.Errorf("got %q", got)
	}
}

func TestEmptyDocuments(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", " \n", "# nothing yet", "# nothing\n\n  # yet\n"} {
		if node, findings := parse(t, text, campaignFormat); node.Kind != Null || len(findings) > 0 {
			t.Errorf("%q: got %v, %+v", text, node.Kind, findings)
		}
	}
}

func TestDurations(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"30s": 30 * time.Second, "5min": 5 * time.Minute, "2h": 2 * time.Hour, "7d": 168 * time.Hour, "2w": 336 * time.Hour,
		"5m": -1, "1h30m": -1, "5 min": -1, "": -1, "-1d": -1, "99999999999999999d": -1, "1.5h": -1, "7": -1,
	} {
		got, ok := ParseDuration(text)
		if ok != (want >= 0) || ok && got != want {
			t.Errorf("%q: got %v %v", text, got, ok)
		}
	}
}

func TestShares(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]float64{
		"10%": 0.1, "0.1%": 0.001, "100%": 1, "0%": 0, "33.3%": 0.333, "101%": -1, "5": -1, "0.05": -1, "-1%": -1, "1e1%": -1, "%": -1,
	} {
		got, ok := ParseShare(text)
		if ok != (want >= 0) || ok && got != want {
			t.Errorf("%q: got %v %v", text, got, ok)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"a: 1", "subject: x # y\n  z", "a: {b: [c, \"d\"]}\n---\nb", "a: |\n  goal: x\nb: 'x\n  y'", "- a\n- goal: b", "? a\n: b", "a: &a [*a]", "%YAML 1.1\n---\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		node, findings := Parse(finding.NewFile("f.yaml", text).All(), campaignFormat)
		if node == nil {
			t.Fatal("no node")
		}
		for _, found := range findings {
			if found.Line < 1 || found.Column < 1 || found.Code == "" {
				t.Fatalf("finding without a place: %+v", found)
			}
		}
	})
}
