package finding

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestCodesAreDocumented(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	seen := map[Code]bool{}
	for _, info := range Codes() {
		switch {
		case seen[info.Code]:
			t.Errorf("%s is documented twice", info.Code)
		case !form.MatchString(string(info.Code)):
			t.Errorf("%s is not kebab-case", info.Code)
		case info.Severity != Error && info.Severity != Warning:
			t.Errorf("%s has no severity", info.Code)
		case info.Title == "" || strings.HasSuffix(info.Title, ".") || info.Explain == "" || info.Wrong == "" || info.Right == "":
			t.Errorf("%s is not documented", info.Code)
		}
		seen[info.Code] = true
	}
}

// TestEveryReportedCodeIsDocumented reads the program's own source: a code that is reported must be in the table.
func TestEveryReportedCodeIsDocumented(t *testing.T) {
	t.Parallel()
	call := regexp.MustCompile(`(?:At|Whole|about|report|add|addAt|place|complain|found\.at|say)\((?:[^"\n]*"[^"\n]*",)?[^"\n]*"([a-z]+(?:-[a-z]+)+)", `)
	for _, folder := range []string{".", "../document", "../../audience", "../../templates", "../../blocks", "../../render", "../../schedule", "../../workspace", "../../check"} {
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
				continue
			}
			source, err := os.ReadFile(folder + "/" + entry.Name())
			if err != nil {
				t.Fatal(err)
			}
			for _, match := range call.FindAllStringSubmatch(string(source), -1) {
				if _, ok := Lookup(Code(match[1])); !ok {
					t.Errorf("%s/%s reports %s, which is not documented", folder, entry.Name(), match[1])
				}
			}
		}
	}
}

// TestFindingsPage keeps docs/findings.md as the table says; GERMANE_UPDATE=1 rewrites it.
func TestFindingsPage(t *testing.T) {
	t.Parallel()
	var page strings.Builder
	page.WriteString("# Findings\n\nEvery mistake that `germane check` can find. Errors stop a deployment. A warning can be allowed in the file it is about,\nwith a reason: a comment that contains `germane:allow CODE REASON`.\n\nThis page is made from the program's source: `make golden` rewrites it.\n")
	for _, info := range Codes() {
		fmt.Fprintf(&page, "\n## %s\n\n%s: %s.\n\n%s\n\nWrong:\n\n```\n%s\n```\n\nRight:\n\n```\n%s\n```\n", info.Code, strings.ToUpper(string(info.Severity[:1]))+string(info.Severity[1:]), info.Title, info.Explain, info.Wrong, info.Right)
	}
	const file = "../../docs/findings.md"
	if os.Getenv("GERMANE_UPDATE") != "" {
		if err := os.MkdirAll("../../docs", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != page.String() {
		t.Errorf("%s is not what the table says: run `make golden` (%v)", file, err)
	}
}
