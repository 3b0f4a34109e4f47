package workspace

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"germane/audience"
	"germane/internal/finding"
)

// FuzzBlock loads a workspace with one hostile block file. Every finding has a place in a file that exists, and if there is no
// error, anybody can be given a variant and told why.
func FuzzBlock(f *testing.F) {
	names, err := fs.Glob(Starter(), "blocks/*.md")
	if err != nil || len(names) == 0 {
		f.Fatal(names, err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(Starter(), name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), true)
	}
	for _, text := range []string{
		"---\ncontrol: 200%\ngoal: x within\nreview_by: 2027-02-30\nowner:\n---\n",
		"---\ncontrol: 10%\n",
		"lost {% variant a when plan == “pro” %}{% if x %}{% variant b when not plan == \"pro\" %}{% endif %}{% otherwise %}{% otherwise now %}",
		"{% variant a when plan == \"pro\" or heavy and projects_30d > 1 or segment(\"heavy\") %}{{ projects_30d | divided_by: 0 }}{% otherwise %}{{ version }}",
		"{% variant A_ %}*|FNAME|* {{${plan}}} {% content_blocks.x %}{% otherwise %}- {% for i in (1..9) %}\n- {{ i }}\n{% endfor %}",
		"<p style=\"{{ version | default: 'x' }}\">{% variant a when true %}<a href={{ plan }}>{% otherwise %}</p>",
	} {
		f.Add(text, true)
		f.Add(text, false)
	}
	f.Fuzz(func(t *testing.T, text string, markdown bool) {
		if len(text) > 20_000 {
			return
		}
		checkHostileBlock(t, text, markdown)
	})
}

func checkHostileBlock(t *testing.T, text string, markdown bool) {
	t.Helper()
	files, name := small(), "blocks/hero.html"
	delete(files, "blocks/hero.md")
	if markdown {
		name = "blocks/hero.md"
	}
	files[name] = &fstest.MapFile{Data: []byte(text)}
	files["templates/weekly.md"].Data = append(files["templates/weekly.md"].Data, "\n{% block hero %}\n"...)
	began := time.Now()
	w, findings := Load(files, nil)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("%d bytes took %v", len(text), took)
	}
	for _, found := range findings {
		lines := 1 + strings.Count(string(files[found.File].Data), "\n")
		if found.Line < 1 || found.Line > lines || found.Column < 1 || found.Text == "" || found.Code == "" {
			t.Fatalf("not a finding: %+v", found)
		}
	}
	if finding.HasErrors(findings) {
		return
	}
	message, ok := w.Message("weekly")
	if !ok {
		t.Fatalf("neither a message nor an error: %+v", findings)
	}
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	for _, attributes := range []string{`{}`, `{"plan":"pro","version":"1.10","projects_30d":12}`, `{"plan":"gold","projects_30d":-1}`} {
		var decoded audience.Decoded
		if err := message.Selection.Decode(&audience.Stored{ID: "ann", Attributes: []byte(attributes)}, now.UnixMilli(), &decoded); err != nil {
			t.Fatal(err)
		}
		for _, choice := range message.Chooser.Choose(&decoded, "ann", nil) {
			if e := message.Chooser.Explain(choice, &decoded); e.Variant == "" || e.Sentence() == "" {
				t.Errorf("%s: %+v", attributes, e)
			}
		}
	}
}
