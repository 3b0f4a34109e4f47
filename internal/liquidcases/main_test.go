package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	t.Parallel()
	var stdout, stderr strings.Builder
	if code := run([]string{"testdata/cases.json"}, &stdout, &stderr); code != 0 {
		t.Fatalf("exit %d: %s", code, stderr.String())
	}
	var failed []string
	lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
	for _, line := range lines {
		var o struct {
			Name string
			Pass bool
		}
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Fatal(err)
		}
		if !o.Pass {
			failed = append(failed, o.Name)
		}
	}
	if got, want := strings.Join(failed, ", "), "a wrong result, not refused"; got != want {
		t.Errorf("failed: %s, want %s", got, want)
	}
	if got, want := lines[0], `{"name":"a result","pass":true,"got":"X","error":""}`; got != want {
		t.Errorf("line %s, want %s", got, want)
	}
	if got, want := stderr.String(), "valid 4/5 (80.00%), must be refused 3/4 (75.00%), panics 0\n"; got != want {
		t.Errorf("summary %q, want %q", got, want)
	}
}

func TestRunRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	for _, paths := range [][]string{nil, {"testdata/nosuchfile.json"}, {"main.go"}} {
		var stdout, stderr strings.Builder
		if code := run(paths, &stdout, &stderr); code != 2 || !strings.Contains(stderr.String(), "error: ") {
			t.Errorf("%v: exit %d, %q", paths, code, stderr.String())
		}
	}
}
