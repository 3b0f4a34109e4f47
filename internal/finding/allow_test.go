package finding

import "testing"

func TestAllowances(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, file, text string
		want             []Code // findings of reading
		allowed          bool
	}{
		{"YAML", "a.yaml", "a: 1\n# germane:allow unused-block kept for June\n", nil, true},
		{"YAML after a value", "a.yaml", "a: 1 # germane:allow unused-block kept for June\n", nil, true},
		{"inside a word", "a.yaml", "a: b#germane:allow unused-block kept\n", nil, false},
		{"a value that looks like a comment", "a.yaml", "a: germane:allow unused-block kept\n", nil, false},
		{"a Liquid comment", "a.md", "x {% # germane:allow unused-block the logo is tiny %} y\n", nil, true},
		{"with whitespace control", "a.md", "{%- # germane:allow unused-block the logo is tiny -%}\n", nil, true},
		{"a comment tag", "a.md", "{% comment %} germane:allow unused-block tiny {% endcomment %}", nil, true},
		{"an HTML comment", "a.html", "<!-- germane:allow unused-block tiny -->", nil, true},
		{"front matter", "a.md", "---\n# germane:allow unused-block tiny\nsubject: x\n---\n", nil, true},
		{"a Markdown heading", "a.md", "# germane:allow unused-block tiny\n", nil, false},
		{"a heading after front matter", "a.md", "---\na: 1\n---\n# germane:allow unused-block tiny\n", nil, false},
		{"another code", "a.yaml", "# germane:allow allow-unused for now\n", nil, false},
		{"no reason", "a.yaml", "# germane:allow unused-block\n", []Code{"allow-without-reason"}, true},
		{"no reason in a comment", "a.html", "<!-- germane:allow unused-block -->", []Code{"allow-without-reason"}, true},
		{"an error", "a.yaml", "# germane:allow unknown-key please\n", []Code{"allow-error"}, false},
		{"an unknown code", "a.yaml", "# germane:allow unused-blok please\n", []Code{"allow-unknown-code"}, false},
		{"no code", "a.yaml", "# germane:allow\n", []Code{"allow-unknown-code"}, false},
		{"another word", "a.yaml", "# germane:allowed unused-block x\n", nil, false},
		{"Windows line ends", "a.yaml", "# germane:allow unused-block tiny\r\nb: 1\r\n", nil, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var a Allowances
			file := NewFile(test.file, test.text)
			got := a.Read(file)
			if len(got) != len(test.want) || len(got) > 0 && got[0].Code != test.want[0] {
				t.Fatalf("got %+v, want %v", got, test.want)
			}
			warning := file.At(0, 1, "unused-block", "x", "")
			problem := file.At(0, 1, "unknown-key", "x", "")
			elsewhere := NewFile("other.yaml", "x").At(0, 1, "unused-block", "x", "")
			left := a.Apply([]Finding{warning, problem, elsewhere})
			if allowed := len(left) == 2; allowed != test.allowed {
				t.Errorf("left %+v", left)
			}
		})
	}
}

func TestAllowanceNamesItsPlace(t *testing.T) {
	t.Parallel()
	var a Allowances
	got := a.Read(NewFile("a.md", "---\nx: 1\n---\n\n  {% # germane:allow unused-blok tiny %}\n"))
	if len(got) != 1 || got[0].Line != 5 || got[0].Column != 22 || got[0].Width != 11 || got[0].Hint != "did you mean unused-block?" {
		t.Errorf("got %+v", got)
	}
}

func TestUnusedAllowances(t *testing.T) {
	t.Parallel()
	var a Allowances
	a.Read(NewFile("a.yaml", "# germane:allow unused-block x y\n# germane:allow unknown-file x y\n"))
	a.Apply([]Finding{{File: "a.yaml", Code: "unused-block", Severity: Warning}})
	if got := a.Unused(); len(got) != 1 || got[0].Code != "allow-unused" || got[0].Line != 2 {
		t.Errorf("got %+v", got)
	}
	a.Read(NewFile("a.yaml", "# germane:allow allow-unused the warning comes and goes\n"))
	if got := a.Unused(); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
}

func FuzzAllowances(f *testing.F) {
	f.Add("a.md", "---\n# germane:allow unused-block x\n---\n<!-- germane:allow -->")
	f.Add("a.yaml", "# germane:allow \xff\x00")
	f.Fuzz(func(t *testing.T, name, text string) {
		var a Allowances
		found := append(a.Read(NewFile(name, text)), a.Unused()...)
		for _, f := range found {
			if f.Line < 1 || f.Column < 1 {
				t.Fatalf("finding without a place: %+v", f)
			}
			window(f.Excerpt, f.Column, f.Width)
		}
	})
}
