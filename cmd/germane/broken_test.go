package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"germane/internal/finding"
	"germane/workspace"
)

// marker stands in a broken file right before the place of a finding: ⟦code⟧.
var marker = regexp.MustCompile(`⟦([a-z-]+)⟧`)

// TestBrokenWorkspaces checks workspaces that are the starter with a few files replaced; an empty file removes one. Exactly the
// marked findings must come, at their line and column, and the exit code must be 3 if one of them is an error.
func TestBrokenWorkspaces(t *testing.T) {
	t.Parallel()
	cases, err := filepath.Glob("testdata/broken/*.txtar")
	if err != nil || len(cases) < 40 {
		t.Fatalf("found %d broken workspaces (%v)", len(cases), err)
	}
	for _, name := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			t.Parallel()
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			want := breakWorkspace(t, dir, archive)
			var stdout, stderr bytes.Buffer
			code := run(context.Background(), []string{"check", "--format", "json", "-C", dir}, &system{
				stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, now: func() time.Time { return time.Unix(0, 0) },
			})
			var got []finding.Finding
			if err := json.Unmarshal(stdout.Bytes(), &got); err != nil {
				t.Fatalf("stdout is no JSON: %v\n%s\n%s", err, stdout.String(), stderr.String())
			}
			compareFindings(t, got, want)
			wantCode := exitOK
			if finding.HasErrors(got) {
				wantCode = exitFindings
			}
			if code != wantCode {
				t.Errorf("exit code %d, want %d", code, wantCode)
			}
		})
	}
}

// place is a finding as a marker says it.
type place struct {
	File         string
	Line, Column int
	Code         finding.Code
}

// breakWorkspace writes the starter with the archive's files over it, and returns what the markers say.
func breakWorkspace(t *testing.T, dir string, archive *txtar.Archive) []place {
	t.Helper()
	if err := os.CopyFS(dir, workspace.Starter()); err != nil {
		t.Fatal(err)
	}
	var want []place
	for _, file := range archive.Files {
		target := filepath.Join(dir, filepath.FromSlash(file.Name))
		if len(bytes.TrimSpace(file.Data)) == 0 {
			if err := os.Remove(target); err != nil {
				t.Fatal(err)
			}
			continue
		}
		text := string(file.Data)
		for {
			at := marker.FindStringSubmatchIndex(text)
			if at == nil {
				break
			}
			line, column := finding.NewFile(file.Name, text).Position(at[0])
			want = append(want, place{file.Name, line, column, finding.Code(text[at[2]:at[3]])})
			text = text[:at[0]] + text[at[1]:]
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(target, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return want
}

func compareFindings(t *testing.T, got []finding.Finding, want []place) {
	t.Helper()
	seen := map[place]bool{}
	for _, f := range got {
		seen[place{f.File, f.Line, f.Column, f.Code}] = true
		if f.Text == "" {
			t.Errorf("%s at %s:%d:%d says nothing", f.Code, f.File, f.Line, f.Column)
		}
	}
	for _, p := range want {
		if !seen[p] {
			t.Errorf("missing: %s at %s:%d:%d", p.Code, p.File, p.Line, p.Column)
		}
		delete(seen, p)
	}
	for _, f := range got {
		if seen[place{f.File, f.Line, f.Column, f.Code}] {
			t.Errorf("unexpected: %s at %s:%d:%d: %s (%s)", f.Code, f.File, f.Line, f.Column, f.Text, f.Hint)
		}
	}
}
