package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"germane/internal/engines"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"germane": main})
}

// TestScripts runs the command line as a person would; GERMANE_UPDATE=1 rewrites the files that output is compared with.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("GERMANE_UPDATE") != "",
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "seed": seed, "ses": startSES, "dns": startDNS, "workers": waitForWorkers, "form": changeForm, "backup": backUp},
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("NOON", noon(time.Now()))
			if engines.Postgres() {
				env.Setenv("GERMANE_DATABASE", engines.Address(t))
			}
			return nil
		},
		// sqlite is for what is told of files, or needs a database for each workspace.
		Condition: func(name string) (bool, error) {
			if name != "sqlite" {
				return false, fmt.Errorf("there is no condition %s", name)
			}
			return !engines.Postgres(), nil
		},
	})
}

// noon is a time zone in which it is about noon: for what would be told otherwise around midnight.
func noon(now time.Time) string { return fmt.Sprintf("Etc/GMT%+d", now.UTC().Hour()-12) } // POSIX counts them westward

// testDatabase is where the workspace of a test keeps its data, and the environment that says so to the program.
func testDatabase(t testing.TB, dir string) (address string, environment []string) {
	t.Helper()
	if !engines.Postgres() {
		return filepath.Join(dir, "germane.db"), nil
	}
	address = engines.Address(t)
	return address, []string{"GERMANE_DATABASE=" + address}
}

// exits runs a command that must end with an exit code: exits 3 germane check.
func exits(script *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) < 2 {
		script.Fatalf("usage: exits CODE COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	script.Check(err)
	code := 0
	if err := script.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			script.Fatalf("run %s: %v", args[1], err)
		}
		code = exit.ExitCode()
	}
	if code != want {
		script.Fatalf("exit code %d, want %d", code, want)
	}
}
