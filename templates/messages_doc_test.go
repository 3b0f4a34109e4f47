package templates

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"germane/internal/finding"
)

var fencedMarkdown = regexp.MustCompile("(?s)```markdown\n(.*?)```")

// TestMessagesPage holds docs/messages.md to the program: its examples are in order, and its classes are those that there are.
func TestMessagesPage(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("../docs/messages.md")
	if err != nil {
		t.Fatal(err)
	}
	page, theme := string(source), NewTheme(nil)
	written := ""
	for _, example := range fencedMarkdown.FindAllStringSubmatch(page, -1) {
		file := finding.NewFile("example.md", example[1])
		tokens, _ := Lex(file.All())
		html, _, findings := Markdown(tokens, file, theme)
		for _, f := range findings {
			t.Errorf("%s\n%s %s", example[1], f.Code, f.Text)
		}
		written += joinText(html)
	}
	classes := regexp.MustCompile(`\bg-[a-z]+`)
	made := unique(classes.FindAllString(written+quiet(theme), -1))
	if documented := unique(classes.FindAllString(page, -1)); !slices.Equal(made, documented) {
		t.Errorf("classes %v are documented, %v are made", documented, made)
	}
	for _, name := range []string{"content", "subject", "preheader", "links.unsubscribe", "links.preferences", "sender.name", "sender.postal_address", "campaign.topic_title"} {
		if use := "{{ " + name + " }}"; !strings.Contains(page, use) || !strings.Contains(theme.Layout(), use) {
			t.Errorf("%s is not in the page or not in the layout", use)
		}
	}
}

// quiet is the classes of elements that the page shows in sentences only.
func quiet(theme *Theme) string {
	file := finding.NewFile("example.md", "```\ncode\n```")
	tokens, _ := Lex(file.All())
	html, _, _ := Markdown(tokens, file, theme)
	return joinText(html)
}

func unique(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
