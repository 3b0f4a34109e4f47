package templates

import (
	"testing"

	"germane/internal/finding"
)

var frontMatterCases = []struct {
	name, source, front, body string
	ok, unclosed              bool
}{
	{name: "none", source: "# Hi\n", body: "# Hi\n"},
	{name: "empty file"},
	{name: "plain", source: "---\nowner: a\n---\n\nHi\n---\n", front: "owner: a\n", body: "\nHi\n---\n", ok: true},
	{name: "nothing in it", source: "---\n---\nHi", body: "Hi", ok: true},
	{name: "no body", source: "---\na: b\n---", front: "a: b\n", ok: true},
	{name: "byte order mark and CRLF", source: "\uFEFF---\r\na: b\r\n---\r\nHi\r\n", front: "a: b\r\n", body: "Hi\r\n", ok: true},
	{name: "byte order mark alone", source: "\uFEFFHi", body: "Hi"},
	{name: "spaces behind", source: "--- \na: b\n---\t\nHi", front: "a: b\n", body: "Hi", ok: true},
	{name: "longer rule is text", source: "----\na\n----\n", body: "----\na\n----\n"},
	{name: "not in the first line", source: "\n---\na: b\n---\n", body: "\n---\na: b\n---\n"},
	{name: "indented end is a value", source: "---\na: |\n  ---\n---\nHi", front: "a: |\n  ---\n", body: "Hi", ok: true},
	{name: "not closed", source: "---\na: b\n\n# Hi\n", body: "---\na: b\n\n# Hi\n", unclosed: true},
	{name: "not closed, one line", source: "---", body: "---", unclosed: true},
}

func TestSplitFrontMatter(t *testing.T) {
	t.Parallel()
	for _, c := range frontMatterCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			front, body, ok, findings := SplitFrontMatter(finding.NewFile("a.md", c.source))
			if front.S != c.front || body.S != c.body || ok != c.ok {
				t.Errorf("got front %q, body %q, ok %v", front.S, body.S, ok)
			}
			if unclosed := len(findings) == 1 && findings[0].Code == "front-matter-not-closed" && findings[0].Line == 1; unclosed != c.unclosed {
				t.Errorf("findings %v", findings)
			}
		})
	}
}
