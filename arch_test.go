// Package germane_test holds what is true of the whole module: who may import whom, and which packages are pure.
package germane_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// imports is the table of ARCHITECTURE.md: for each folder, the folders of ours that its program files may import.
// A folder that is not in it is a mistake, so that a new one is a decision.
var imports = map[string][]string{
	"internal/finding":     {},
	"internal/document":    {"internal/finding"},
	"token":                {},
	"docs":                 {},
	"audience":             {"internal/finding", "internal/document"},
	"templates":            {"internal/finding"},
	"blocks":               {"audience", "templates", "internal/finding", "internal/document"},
	"render":               {"audience", "blocks", "templates", "internal/finding"},
	"schedule":             {"audience", "internal/finding", "internal/document"},
	"workspace":            {"audience", "blocks", "templates", "render", "schedule", "internal/finding", "internal/document"},
	"check":                {"audience", "blocks", "templates", "render", "schedule", "workspace", "internal/finding"},
	"internal/judges":      {}, // tests only
	"internal/endtoend":    {}, // tests only
	"internal/engines":     {"internal/testkit", "store", "store/sqlite", "store/postgres"},
	"internal/testkit":     {},
	"store":                {"audience"},
	"worker":               {"audience", "blocks", "schedule", "workspace", "render", "send", "store", "token", "internal/finding"},
	"worker/river":         {"worker"},
	"store/engine":         {"store", "audience"},
	"store/sqlite":         {"store", "audience", "store/engine"},
	"store/postgres":       {"store", "audience", "store/engine"},
	"store/storetest":      {"store", "audience"},
	"measure":              {"blocks", "store"},
	"send":                 {},
	"dns":                  {},
	"track":                {"audience", "store", "token"},
	"console":              {"audience", "blocks", "render", "workspace", "check", "store", "internal/finding"},
	"internal/sesfake":     {},
	"internal/smtpfake":    {},
	"internal/liquidcases": {"audience", "templates", "render", "internal/finding"},
	"cmd/germane":          {"audience", "blocks", "templates", "render", "schedule", "workspace", "check", "store", "store/engine", "store/sqlite", "store/postgres", "worker", "worker/river", "measure", "send", "dns", "token", "track", "console", "docs", "internal/finding", "internal/document"},
}

// pure packages have no clock, file, network, database or goroutine of their own: time and bytes come in as arguments.
var pure = []string{"audience", "blocks", "templates", "render", "schedule", "check", "internal/document"}

// impure are the standard packages that would break that.
var impure = []string{"os", "os/exec", "os/signal", "net", "net/http", "database/sql", "syscall", "log", "log/slog", "math/rand"}

func TestImports(t *testing.T) {
	t.Parallel()
	eachFile(t, func(name string, ours, others []string, source string) {
		folder := path.Dir(name)
		allowed, known := imports[folder]
		if !known && folder != "." {
			t.Errorf("%s: the folder is not in the table", name)
		}
		for _, imported := range ours {
			if imported != folder && !slices.Contains(allowed, imported) {
				t.Errorf("%s imports %s, which the table does not allow", name, imported)
			}
		}
	})
}

func TestPurePackages(t *testing.T) {
	t.Parallel()
	eachFile(t, func(name string, ours, others []string, source string) {
		if !slices.Contains(pure, path.Dir(name)) {
			return
		}
		for _, imported := range others {
			if slices.Contains(impure, imported) {
				t.Errorf("%s imports %s, but its package is pure", name, imported)
			}
		}
		for _, call := range []string{"time.Now(", "time.Since(", "time.Sleep(", "time.After(", "\tgo func("} {
			if strings.Contains(source, call) {
				t.Errorf("%s calls %s…), but its package is pure", name, strings.TrimSpace(call))
			}
		}
	})
}

func TestLibrariesStayInTheirFolders(t *testing.T) {
	t.Parallel()
	homes := map[string][]string{
		"github.com/yuin/goldmark":     {"templates", "render"},
		"github.com/robfig/cron/v3":    {"schedule"},
		"github.com/expr-lang/expr":    {"audience"},
		"github.com/spf13/cobra":       {"cmd/germane"},
		"go.yaml.in/yaml/v4":           {"internal/document"},
		"modernc.org/sqlite":           {"store/sqlite"},
		"github.com/pressly/goose/v3":  {"store/sqlite", "store/postgres"},
		"github.com/jackc/pgx/v5":      {"store/postgres", "worker/river", "internal/testkit"},
		"github.com/riverqueue":        {"worker/river"},
		"database/sql":                 {"store/sqlite"},
		"github.com/expr-lang/expr/vm": {},
		"github.com/wneessen/go-mail":  {"send"},
		"github.com/emersion":          {"send", "internal/smtpfake"},
		"github.com/aws":               {"send"},
		"github.com/chromedp/chromedp": {},
		"github.com/fsnotify/fsnotify": {"console"},
	}
	eachFile(t, func(name string, ours, others []string, source string) {
		for _, imported := range others {
			for library, folders := range homes {
				if (imported == library || strings.HasPrefix(imported, library+"/")) && !slices.Contains(folders, path.Dir(name)) {
					t.Errorf("%s imports %s, which belongs in %v", name, imported, folders)
				}
			}
		}
	})
}

// TestDependenciesSayWhy holds go.mod to one reason for each module that we chose ourselves.
func TestDependenciesSayWhy(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(source)) {
		module, reason, _ := strings.Cut(strings.TrimSpace(line), "//")
		if strings.HasPrefix(line, "\t") && strings.TrimSpace(reason) == "" {
			t.Errorf("go.mod does not say why %s is needed", module)
		}
	}
}

// TestSkipsCanBeForbidden keeps a machine that lacks something from passing for one that tested it: whatever skips a test must fail
// instead when GERMANE_NO_SKIP is set.
func TestSkipsCanBeForbidden(t *testing.T) {
	t.Parallel()
	skips := regexp.MustCompile(`\b[a-z]\.Skip(f|Now)?\(`)
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(name, "_test.go") {
			return err
		}
		source, err := os.ReadFile(name)
		if skips.Match(source) && !strings.Contains(string(source), "GERMANE_NO_SKIP") {
			t.Errorf("%s skips a test and does not look at GERMANE_NO_SKIP", name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// eachFile calls f for every program file (no tests) with its imports, ours without the module's name.
func eachFile(t *testing.T, f func(name string, ours, others []string, source string)) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && (slices.Contains([]string{"testdata", "tools", "node_modules"}, entry.Name()) || strings.HasPrefix(entry.Name(), ".") && name != ".") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		ours, others, err := importsOf(name, source)
		f(filepath.ToSlash(name), ours, others, string(source))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func importsOf(name string, source []byte) (ours, others []string, err error) {
	file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ImportsOnly)
	if err != nil {
		return nil, nil, err
	}
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, nil, err
		}
		if folder, ok := strings.CutPrefix(imported, "germane/"); ok {
			ours = append(ours, folder)
		} else {
			others = append(others, imported)
		}
	}
	return ours, others, nil
}
