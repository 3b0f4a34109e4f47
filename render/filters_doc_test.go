package render

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestFiltersPage holds docs/filters.md to the table: every filter of strict mode is there, once, with an example that uses it.
// That the examples give what the page says is tested where workspaces are read.
func TestFiltersPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/filters.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	entry := regexp.MustCompile(`^\*\*(\w+)\*\*`)
	for _, text := range strings.Split(string(page), "\n- ")[1:] {
		match := entry.FindStringSubmatch(text)
		if match == nil {
			t.Errorf("this is no filter: %s", text)
			continue
		}
		documented = append(documented, match[1])
		if example := regexp.MustCompile("`[^`]*\\| " + match[1] + "\\b[^`]*`\\s→\\s`"); !example.MatchString(text) {
			t.Errorf("%s has no example", match[1])
		}
	}
	slices.Sort(documented)
	if want := typedFilterNames(); !slices.Equal(documented, want) {
		t.Errorf("docs/filters.md has %v, strict mode %v", documented, want)
	}
}
