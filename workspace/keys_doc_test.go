package workspace

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestConfigurationPage keeps docs/germane.yaml.md as [Keys] says; GERMANE_UPDATE=1 rewrites it.
func TestConfigurationPage(t *testing.T) {
	t.Parallel()
	const file = "../docs/germane.yaml.md"
	page := configurationPage()
	if os.Getenv("GERMANE_UPDATE") != "" {
		if err := os.WriteFile(file, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != page {
		t.Errorf("%s is not what the table says: run `make golden` (%v)", file, err)
	}
}

const configurationIntroduction = `# germane.yaml

Who sends, where mail goes, what it looks like. Only senders must be there, and one of them is named default. A key that is not
listed here is a mistake that ` + "`germane check`" + ` finds.

Every key can be overridden by an environment variable, whose value is YAML: ` + "`GERMANE_CAPS='[]'`, `GERMANE_HOLDOUT=5%`" + `.
Durations are written 30s, 5min, 2h, 7d, 2w; shares with a %. Secrets do not belong here: they come from the environment, or from
files that ` + "`NAME_FILE`" + ` names.

This page is made from the program's source: ` + "`make golden`" + ` rewrites it.
`

func configurationPage() string {
	var page strings.Builder
	page.WriteString(configurationIntroduction)
	part := false
	for _, key := range Keys() {
		isPart := strings.Contains(key.Path, ".")
		switch {
		case isPart && !part:
			page.WriteString("\n| part | example | |\n|---|---|---|\n")
			fallthrough
		case isPart:
			fmt.Fprintf(&page, "| `%s` | `%s` | %s |\n", key.Path, key.Example, key.Doc)
		default:
			fmt.Fprintf(&page, "\n## %s\n\n%s\n\n```yaml\n%s: %s\n```\n\nOverridden by `%s`.\n", key.Path, key.Doc, key.Path, key.Example, key.Variable())
		}
		part = isPart
	}
	page.WriteString("\n## Secrets\n\n| variable, or with _FILE at its end | |\n|---|---|\n")
	for _, secret := range Secrets() {
		fmt.Fprintf(&page, "| `%s` | %s |\n", secret.Name, secret.Doc)
	}
	return page.String()
}
