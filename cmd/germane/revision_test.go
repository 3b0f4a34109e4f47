package main

import (
	"bufio"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestGitFilesAreContentOnly reads a commit that holds more than a workspace: links, programs, files of others.
func TestGitFilesAreContentOnly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"mail/germane.yaml": "a", "mail/blocks/hero.md": "b\n", "mail/notes.txt": "c", "mail/people/sample.jsonl": "d", "mail/blocks/-x y.md": "e", "other.yaml": "f",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "mail", "blocks", "link.md")); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"init", "-q"}, {"add", "-A"}, {"-c", "user.name=a", "-c", "user.email=a@acme.example", "commit", "-q", "-m", "x"}} {
		c := exec.Command("git", append([]string{"-C", dir}, args...)...)
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	below := filepath.Join(dir, "mail")
	commit, err := gitCommit(context.Background(), below, "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	files, err := gitFiles(context.Background(), below, commit)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	if err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			data, _ := fs.ReadFile(files, name)
			got = append(got, name+"="+string(data))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"blocks/-x y.md=e", "blocks/hero.md=b\n", "germane.yaml=a"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzGitBlob reads what is not git's answer.
func FuzzGitBlob(f *testing.F) {
	f.Add("abc blob 3\nxyz\n")
	f.Add("abc blob -3\nxyz\n")
	f.Add("abc blob 99999999999999999999\n")
	f.Add("abc missing\n")
	f.Fuzz(func(t *testing.T, answer string) {
		data, err := gitBlob(bufio.NewReader(strings.NewReader(answer)), "abc")
		if err == nil && !strings.HasPrefix(answer, "abc blob ") && !strings.Contains(answer, string(data)) {
			t.Errorf("%q is read as %q", answer, data)
		}
	})
}
