package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestNames(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text, word string
		want       bool
	}{
		{"the address belongs to the person with the id u1", "u1", true},
		{"the address belongs to the person with the id u17", "u1", false},
		{"the address belongs to the person with the id nu1", "u1", false},
		{"the ids u17 and u1.", "u1", true},
		{`"Ann@Mail.Example" is more than a bare address`, "ann@mail.example", true},
		{`"joann@mail.example" is not an e-mail address`, "ann@mail.example", false},
		{"ümlaut", "mlaut", false},
		{"anything", "", false},
		{"", "u1", false},
	} {
		if got := names(test.text, test.word); got != test.want {
			t.Errorf("%q in %q: %t", test.word, test.text, got)
		}
	}
}

// TestForgetLinesLeavesOtherFiles does not touch a file that took the place of a list of rejects.
func TestForgetLinesLeavesOtherFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	index := rejectsIndex(filepath.Join(dir, "germane.db"))
	other := filepath.Join(dir, "other.csv")
	const content = "name,reason\nann,ann@mail.example\n"
	if err := os.WriteFile(other, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{other, other, filepath.Join(dir, "gone.csv")} {
		if err := addLine(index, path); err != nil {
			t.Fatal(err)
		}
	}
	if lines, err := readLines(index); err != nil || len(lines) != 2 {
		t.Errorf("%q: %v", lines, err)
	}
	removed, err := forgetRejects(index, "ann@mail.example", "ann")
	if got, _ := os.ReadFile(other); err != nil || removed != 0 || string(got) != content {
		t.Errorf("%d removed, %q: %v", removed, got, err)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".rejects-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// FuzzForgetLines never loses a line that is about nobody, and never leaves one that names somebody.
func FuzzForgetLines(f *testing.F) {
	f.Add("line,column,reason\n2,plan,\"cannot be \"\"gold\"\"\"\n3,,the id u1\n", "u1")
	f.Add("line,column,reason\n2,\"a\nb\",x\n", "x")
	f.Fuzz(func(t *testing.T, content, word string) {
		path := filepath.Join(t.TempDir(), "rejects.csv")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		about := func(text string) bool { return names(text, word) }
		removed, err := forgetLines(path, about)
		if err != nil || removed == 0 {
			if after, _ := os.ReadFile(path); string(after) != content {
				t.Fatalf("%q became %q: %v", content, after, err)
			}
			return
		}
		if again, err := forgetLines(path, about); again != 0 || err != nil {
			t.Fatalf("%d more: %v", again, err)
		}
	})
}
