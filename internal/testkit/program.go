// Package testkit finds, and starts, what tests need beyond Go: programs that judge our work from outside. Where one is missing, the test is
// skipped, unless GERMANE_NO_SKIP is set, as it is in CI: a machine that lacks something must not pass for one that tested it.
package testkit

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Program returns the path of the first of these programs that is installed: the names that one program goes by.
func Program(t testing.TB, names ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	Missing(t, strings.Join(names, " or "))
	return ""
}

// Missing ends a test that lacks something.
func Missing(t testing.TB, what string) {
	t.Helper()
	what += " is missing; scripts/test-deps installs it"
	if os.Getenv("GERMANE_NO_SKIP") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}
