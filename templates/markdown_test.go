package templates

import (
	"strings"
	"testing"

	"germane/internal/finding"
)

// markdownHTML returns what Markdown makes of a source, with Liquid as it was written.
func markdownHTML(source string) (string, []finding.Finding) {
	file := finding.NewFile("blocks/test.md", source)
	tokens, _ := Lex(file.All())
	out, _, findings := Markdown(tokens, file, nil)
	var b strings.Builder
	for _, token := range out {
		switch token.Kind {
		case TextToken:
			b.WriteString(token.Text)
		case OutputToken, TagToken:
			b.WriteString(source[token.Start:token.End])
		}
	}
	return b.String(), findings
}

type markdownCase struct{ name, source, html string }

func runMarkdownCases(t *testing.T, cases []markdownCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			html, findings := markdownHTML(c.source)
			if html != c.html {
				t.Errorf("source\n%s\ngot\n%s\nwant\n%s", c.source, html, c.html)
			}
			for _, f := range findings {
				t.Errorf("%d:%d %s %s", f.Line, f.Column, f.Code, f.Text)
			}
		})
	}
}
