package workspace

import (
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"testing"
	"testing/fstest"

	"germane/audience"
	"germane/internal/finding"
	"germane/render"
)

// TestFiltersPage renders every example of docs/filters.md for Ann, as a preheader, which is plain text.
func TestFiltersPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/filters.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("`(\\{[{%][^`]+)`\\s→\\s`([^`]+)`").FindAllStringSubmatch(string(page), -1)
	if len(examples) < 50 {
		t.Fatalf("only %d examples were read", len(examples))
	}
	files := starterCopy(t)
	for i, example := range examples {
		files[fmt.Sprintf("templates/example-%d.md", i)] = &fstest.MapFile{Data: []byte("---\nsubject: x\npreheader: " + example[1] + "\nlayout: base\n---\nHello\n")}
	}
	w, findings := Load(files, nil)
	for _, f := range findings {
		t.Errorf("%s: %s %s", f.Excerpt, f.Text, f.Hint)
	}
	if finding.HasErrors(findings) {
		return
	}
	for i, example := range examples {
		message, _ := w.Message(fmt.Sprintf("example-%d", i))
		if got := preheader(t, message); got != example[2] {
			t.Errorf("%s gives %q, not %q", example[1], got, example[2])
		}
	}
}

func starterCopy(t *testing.T) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(Starter(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(Starter(), name)
		files[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func preheader(t *testing.T, message *render.Message) string {
	t.Helper()
	person, err := audience.ReadPerson([]byte(ann))
	if err != nil {
		t.Fatal(err)
	}
	var decoded audience.Decoded
	if err := message.Selection.Decode(person.Stored(annsDay), annsDay.UnixMilli(), &decoded); err != nil {
		t.Fatal(err)
	}
	var renderer render.Renderer
	text, err := renderer.Preheader(message, &decoded, nil, &render.Envelope{To: person.Email, Date: annsDay, ID: "d1"})
	if err != nil {
		t.Fatal(err)
	}
	return text
}
