package finding

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sample holds findings with everything that makes printing hard.
func sample() []Finding {
	weekly := NewFile("templates/weekly.md", "---\nsubject: {{ frist_name }}\n---\n\t日本語 {{ x }} é\n"+
		strings.Repeat("long ", 40)+"{{ y }}"+strings.Repeat(" tail", 40)+"\n")
	hostile := NewFile("blocks/a:b,c%\x1b[31m.md", "\x1b]0;owned\x07 \u202eevil\u009b2J ::error::\n")
	line := weekly.Line(5)
	start := strings.Index(weekly.Text, line) + strings.Index(line, "{{")
	japanese := strings.Index(weekly.Text, "{{ x }}")
	return []Finding{
		weekly.At(16, 26, "unknown-key", `unknown attribute "frist_name"`, "did you mean first_name?"),
		weekly.At(japanese, japanese+7, "allow-unused", "after a tab and wide characters", "one\ntwo"),
		weekly.At(start, start+7, "bad-value", "far to the right", ""),
		hostile.At(11, 15, "bad-name", "\x1b[2J\nnews 100%", "a\x00b"),
		{File: "germane.yaml", Code: "no-workspace", Severity: Error, Text: "there is no germane.yaml here", Hint: "germane init DIR"},
	}
}

func TestPrinters(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(io.Writer, []Finding) error{
		"text":   func(w io.Writer, f []Finding) error { return WriteText(w, f, false) },
		"color":  func(w io.Writer, f []Finding) error { return WriteText(w, f, true) },
		"json":   WriteJSON,
		"github": WriteGitHub,
		"sarif":  WriteSARIF,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got bytes.Buffer
			if err := write(&got, sample()); err != nil {
				t.Fatal(err)
			}
			golden(t, name, got.Bytes())
			if name != "color" && strings.ContainsAny(got.String(), "\x00\x07\x1b\u009b\u202e") {
				t.Error("a control character came through")
			}
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "print_"+name+".golden")
	if os.Getenv("GERMANE_UPDATE") != "" {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("differs from %s (GERMANE_UPDATE=1 writes it anew):\n%s", path, got)
	}
}

func TestPrintersWithoutFindings(t *testing.T) {
	t.Parallel()
	var text, data bytes.Buffer
	if err := WriteText(&text, nil, true); err != nil || text.Len() != 0 {
		t.Errorf("text: %q %v", text.String(), err)
	}
	if err := WriteJSON(&data, nil); err != nil || data.String() != "[]\n" {
		t.Errorf("json: %q %v", data.String(), err)
	}
}

func TestJSONKeepsItsFields(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := WriteJSON(&out, sample()[:1]); err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"file", "line", "column", "code", "severity", "text", "hint"} {
		if _, ok := got[0][key]; !ok {
			t.Errorf("no %s", key)
		}
	}
	if len(got[0]) != 7 {
		t.Errorf("got %v", got[0])
	}
}

// TestSARIFHasWhatTheSchemaRequires walks the properties that sarif-schema-2.1.0.json lists as required.
func TestSARIFHasWhatTheSchemaRequires(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := WriteSARIF(&out, sample()); err != nil {
		t.Fatal(err)
	}
	var log sarifLog
	if err := json.Unmarshal(out.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || len(log.Runs) != 1 || log.Runs[0].Tool.Driver.Name == "" {
		t.Fatalf("got %+v", log)
	}
	run := log.Runs[0]
	for _, rule := range run.Tool.Driver.Rules {
		if rule.ID == "" || rule.Short.Text == "" || rule.Full.Text == "" || rule.Help.Text == "" {
			t.Errorf("rule %+v", rule)
		}
	}
	for _, result := range run.Results {
		if result.Message.Text == "" || run.Tool.Driver.Rules[result.RuleIndex].ID != result.RuleID {
			t.Errorf("result %+v", result)
		}
		if region := result.Locations[0].Physical.Region; region != nil && (region.StartLine < 1 || region.StartColumn < 1 || region.EndColumn <= region.StartColumn) {
			t.Errorf("region %+v", region)
		}
	}
}

// TestCaretStandsUnderItsPlace checks the columns by cells, whatever stands before them.
func TestCaretStandsUnderItsPlace(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, line    string
		column, width int
		shown         string
		before, under int
	}{
		{"plain", "ab cd", 4, 2, "ab cd", 3, 2},
		{"a tab", "\tab", 2, 1, "    ab", 4, 1},
		{"wide characters", "日本x", 3, 1, "日本x", 4, 1},
		{"under wide characters", "a日本", 2, 2, "a日本", 1, 4},
		{"a combining accent", "e\u0301x", 3, 1, "e\u0301x", 1, 1},
		{"an emoji", "🎉x", 2, 1, "🎉x", 2, 1},
		{"after the end", "ab", 3, 1, "ab", 2, 1},
		{"a control character", "\x1bx", 2, 1, "␛x", 1, 1},
		{"invalid UTF-8", "\xffx", 2, 1, "\uFFFDx", 1, 1},
		{"a long line", strings.Repeat("a", 200) + "b", 201, 1, "…" + strings.Repeat("a", 40) + "b", 41, 1},
		{"a place at the start of a long line", strings.Repeat("a", 200), 1, 3, strings.Repeat("a", 100) + "…", 0, 3},
		{"an underline longer than the window", strings.Repeat("a", 200), 1, 200, strings.Repeat("a", 100) + "…", 0, 100},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			shown, before, under := window(test.line, test.column, test.width)
			if shown != test.shown || before != test.before || under != test.under {
				t.Errorf("got %q %d %d", shown, before, under)
			}
		})
	}
}

func TestUnder(t *testing.T) {
	t.Parallel()
	file, variable := Finding{File: "blocks/hero.md"}, Finding{File: "$GERMANE_CAPS"}
	for folder, want := range map[string]string{".": "blocks/hero.md", "mail": "mail/blocks/hero.md", "../mail": "../mail/blocks/hero.md", "/srv/mail": "/srv/mail/blocks/hero.md"} {
		got := Under(folder, []Finding{file, variable})
		if got[0].File != want || got[1].File != "$GERMANE_CAPS" || file.File != "blocks/hero.md" {
			t.Errorf("%s: got %+v", folder, got)
		}
	}
	for file, want := range map[string]string{"mail/a b.md": "mail/a%20b.md", "/srv/a.md": "file:///srv/a.md", "a:b.md": "./a:b.md"} {
		if got := sarifURI(file); got != want {
			t.Errorf("%s: got %s, want %s", file, got, want)
		}
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	e, w := Finding{Severity: Error}, Finding{Severity: Warning}
	for want, findings := range map[string][]Finding{
		"no findings": nil, "1 error": {e}, "2 warnings": {w, w}, "2 errors, 1 warning": {e, w, e},
	} {
		if got := Summary(findings); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
