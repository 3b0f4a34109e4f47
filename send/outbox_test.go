package send

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func emails(tb testing.TB, dir string) []string {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.eml"))
	if err != nil {
		tb.Fatal(err)
	}
	return files
}

func TestOutbox(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	a, err := ParseURL("outbox://out/box")
	if err != nil {
		t.Fatal(err)
	}
	transport := openTest(t, &a, Options{Root: root})
	if err := transport.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, id := range []string{"z", "B", "b", "a"} { // B and b are one name to some folders
		r := transport.Send(t.Context(), &Mail{ID: id, From: "a@x.example", To: "ann@x.example", Bytes: []byte("mail " + id)})
		if r.Outcome != Sent {
			t.Fatalf("%+v", r)
		}
		names = append(names, filepath.Join(root, "out/box", r.ID))
	}
	files := emails(t, filepath.Join(root, "out/box"))
	if !slices.Equal(files, names) {
		t.Errorf("the files are\n%s\nand were written as\n%s", strings.Join(files, "\n"), strings.Join(names, "\n"))
	}
	if got, _ := os.ReadFile(files[1]); string(got) != "mail B" {
		t.Errorf("the second mail is %q", got)
	}
	left, _ := filepath.Glob(filepath.Join(root, "out/box/.ids/new-*"))
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestOutboxTakesADeliveryOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := &Address{Dir: dir}
	m := testMail(1)
	first := openTest(t, a, Options{}).Send(t.Context(), m)
	again := openTest(t, a, Options{}).Send(t.Context(), m) // after a crash, say
	if first.Outcome != Sent || again != first || len(emails(t, dir)) != 1 {
		t.Errorf("%+v, then %+v: %v", first, again, emails(t, dir))
	}

	// A crash between choosing a name and writing the mail; one before the name was written.
	path := filepath.Join(dir, first.ID)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if r := openTest(t, a, Options{}).Send(t.Context(), m); r != first || len(emails(t, dir)) != 1 {
		t.Errorf("%+v: %v", r, emails(t, dir))
	}
	ids, _ := os.ReadDir(filepath.Join(dir, ".ids"))
	if err := os.WriteFile(filepath.Join(dir, ".ids", ids[0].Name()), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if r := openTest(t, a, Options{}).Send(t.Context(), m); r.Outcome != Sent || len(emails(t, dir)) != 1 {
		t.Errorf("%+v: %v", r, emails(t, dir))
	}
}

func TestOutboxTwoTriesAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	transport := openTest(t, &Address{Dir: dir}, Options{})
	results := make(chan Result)
	for range 8 {
		go func() { results <- transport.Send(context.Background(), testMail(1)) }()
	}
	for range 8 {
		if r := <-results; r.Outcome != Sent {
			t.Errorf("%+v", r)
		}
	}
	if n := len(emails(t, dir)); n != 1 {
		t.Errorf("%d files", n)
	}
}

func TestOutboxThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	transport := openTest(t, &Address{Dir: filepath.Join(dir, "box")}, Options{})
	if err := os.RemoveAll(filepath.Join(dir, "box")); err != nil {
		t.Fatal(err)
	}
	if r := transport.Send(t.Context(), testMail(1)); r.Outcome != NotSent || r.Code != "outbox" {
		t.Errorf("%+v", r)
	}
	if err := transport.Check(t.Context()); err == nil {
		t.Error("the check found nothing")
	}
	for _, id := range []string{"", "../x", "a/b", "a.b", strings.Repeat("a", 129)} {
		if r := transport.Send(t.Context(), &Mail{ID: id, From: "a@x.example", To: "a@x.example", Bytes: []byte("x")}); r.Outcome != Refused {
			t.Errorf("%q: %+v", id, r)
		}
	}
}
