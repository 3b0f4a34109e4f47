package templates

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"germane/internal/finding"
)

var refusedMarkdown = []struct {
	name, source string
	want         []string // line:column code
}{
	{"HTML in a line", "a <b>x</b> c\n<i>", []string{"1:3 html-in-markdown", "2:1 html-in-markdown"}},
	{"HTML block", "a\n\n<div>\n{{ x }}\n</div>\n\nb", []string{"3:1 html-in-markdown"}},
	{"HTML comment", "- a\n\n  <!-- {{ x }} -->", []string{"3:3 html-in-markdown"}},
	{"closing tag alone", "a</p>", []string{"1:2 html-in-markdown"}},
	{"HTML around Liquid", "ä <b {% if x %}c{% endif %}>", []string{"1:3 html-in-markdown"}},
	{"bold across a branch", "{% if x %}**a{% endif %}**", []string{"1:14 markup-across-tags"}},
	{"bold across the start", "**a {% if x %}b** c{% endif %}", []string{"1:5 markup-across-tags"}},
	{"bold across else", "{% if x %}**a{% else %}b**{% endif %}", []string{"1:14 markup-across-tags"}},
	{"link across a branch", "[a{% if x %}](b){% endif %}", []string{"1:3 markup-across-tags"}},
	{"target across a branch", "[a]({% if x %}b) c{% endif %}", []string{"1:5 markup-across-tags"}},
	{"quote across a branch", "> {% if x %}\n> a\n{% endif %}", []string{"1:3 markup-across-tags"}},
	{"container across a branch", "{% if x %}\n::: box\n{% endif %}\na\n:::", []string{"3:1 markup-across-tags"}},
	{"tables that differ only in their head", "{% if x %}\n| a |\n{% else %}\n| b |\n{% endif %}\n|---|\n", nil},
	{"break in an item", "{% for a in l %}\n- {{ a }}{% break %}\n{% endfor %}", []string{"2:10 markup-across-tags"}},
	{"break in a liquid tag", "{% for a in l %}\n**{{ a }} {% liquid\nbreak\n%}**\n{% endfor %}", []string{"2:11 markup-across-tags"}},
	{"loop of its own in a liquid tag", "**{% liquid\nfor a in l\nbreak\nendfor\n%}**", nil},
	{"what Liquid's parser reports is left to it", "**{% if x %}**", nil},
	{"block in text", "Hi {% block hero %}\n\n# {% block a %}\n\n- {% block b %}", []string{"1:4 block-in-text", "3:3 block-in-text"}},
	{"numbers start again", "{% for a in l %}\n1. {{ a }}\n{% else %}\nnone\n{% endfor %}", []string{"1:1 list-starts-again"}},
	{"indented text", "{% if x %}\n    a\n{% endif %}", []string{"2:5 indented-code"}},
	{"definition with Liquid", "[a]\n\n[a]: {{ u }}", []string{"3:6 liquid-misplaced"}},
	{"cell without a column", "| a |\n|---|\n| 1 | {{ x }} |", []string{"3:7 liquid-misplaced"}},
	{"language of a code block", "```go {{ x }}\na\n```", []string{"1:7 liquid-misplaced"}},
	{"tag in an autolink", "<https://a.example/{% increment n %}>", []string{"1:20 liquid-misplaced"}},
	{"assign moved behind its use", "[{% assign u = 'x' %}a]({{ u }})", []string{"1:2 liquid-misplaced"}},
	{"link inside an image's text", "![a [b]({{ u }})](c)", []string{"1:9 liquid-misplaced"}},
	{
		"dangerous targets", "[x](javascript:alert(1)) [y](java&#115;cript:a) ![z](data:image/png;base64,x) [w]({{ a }}{% if b %}VBScript:x{% endif %})\n\n[v](<java\tscript:x>) <file:///etc/passwd>",
		[]string{"1:1 dangerous-link", "1:26 dangerous-link", "1:49 dangerous-link", "1:79 dangerous-link", "3:1 dangerous-link", "3:22 dangerous-link"},
	},
	{"image without text", "a ![](b) ![ ](b) ![{{ x }}](b)", []string{"1:3 image-without-alt", "1:10 image-without-alt"}},
	{"stray marks", "[a](b) {.button}\n\n# A {.x}\n\n{width=3}", []string{"1:8 stray-marks", "3:5 stray-marks", "5:1 stray-marks"}},
	{"unknown marks", "[a](b){.buton} ![a](b){widht=2 width=10px .button}\n[a](b){width=3} ![a](b){width={{ w }}}", []string{
		"1:8 unknown-mark", "1:24 unknown-mark", "1:32 unknown-mark", "1:43 unknown-mark", "2:8 unknown-mark", "2:25 unknown-mark",
	}},
	{"unknown container", "::: boxes\na\n:::\n\n::: {{ x }}\n:::", []string{"1:1 unknown-container", "5:1 unknown-container"}},
	{"columns not divided", "::: columns\na\n\nb\n:::\n\n::: columns\na\n+++\nb\n+++\nc\n+++\nd\n+++\ne\n:::", []string{"1:1 columns-not-divided", "7:1 columns-not-divided"}},
	{"columns divided in a branch", "::: columns\na\n{% if x %}\n+++\n{% endif %}\nb\n:::", []string{"3:1 markup-across-tags"}},
	{"a column break outside columns", "a\n+++\nb\n\n::: box\n+++\n:::\n\n\\+++", []string{"2:1 stray-column-break", "6:1 stray-column-break"}},
	{"container not closed", "a\n::: box\nb", []string{"2:1 container-not-closed"}},
	{"container closed elsewhere", "- ::: box\n  b\n:::", []string{"1:3 container-not-closed", "3:1 container-not-open"}},
	{"too long", strings.Repeat("a\n", maxMarkdownBytes/2+1), []string{"1:1 markdown-too-long"}},
	{"quotes too deep", "a\n\n" + strings.Repeat("> ", 60), []string{"3:1 markdown-too-complex"}},
	{"positions behind wide characters and CRLF", "é\r\n\r\nüü <b>", []string{"3:4 html-in-markdown"}},
}

func TestMarkdownRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range refusedMarkdown {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			html, findings := markdownHTML(c.source)
			var got []string
			for _, f := range finding.Sort(findings) {
				got = append(got, fmt.Sprintf("%d:%d %s", f.Line, f.Column, f.Code))
				if _, documented := finding.Lookup(f.Code); !documented {
					t.Errorf("%s is not documented", f.Code)
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("source\n%s\ngot %q\nwant %q\nHTML\n%s", c.source[:min(len(c.source), 500)], got, c.want, html[:min(len(html), 500)])
			}
		})
	}
}

// TestMarkdownExamples holds the documented examples to what is documented.
func TestMarkdownExamples(t *testing.T) {
	t.Parallel()
	has := func(source string, code finding.Code) bool {
		_, findings := markdownHTML(source)
		return slices.ContainsFunc(findings, func(f finding.Finding) bool { return f.Code == code })
	}
	codes := []finding.Code{
		"html-in-markdown", "markup-across-tags", "block-in-text", "list-starts-again", "indented-code", "liquid-misplaced", "dangerous-link",
		"image-without-alt", "stray-marks", "unknown-mark", "unknown-container", "container-not-closed", "container-not-open",
		"columns-not-divided", "stray-column-break",
	}
	for _, code := range codes {
		info, documented := finding.Lookup(code)
		if !documented || !has(info.Wrong, code) || has(info.Right, code) {
			t.Errorf("%s: documented %v, wrong example reported %v, right example reported %v", code, documented, has(info.Wrong, code), has(info.Right, code))
		}
	}
}

// hostileMarkdown are sources of about 100 KB that make careless parsers slow.
func hostileMarkdown() map[string]string {
	const n = 100_000
	fill := func(s string) string { return strings.Repeat(s, n/len(s)) }
	var items, ticks strings.Builder
	for i := 0; items.Len() < n; i++ {
		items.WriteString(strings.Repeat("  ", i) + "- a\n")
	}
	for i := 1; ticks.Len() < n; i++ {
		ticks.WriteString("e" + strings.Repeat("`", i))
	}
	return map[string]string{
		"quotes": fill(">"), "quoted lines": fill(strings.Repeat(">", 49) + " a\n"), "brackets": fill("["), "image brackets": fill("!["),
		"links never closed": fill("[a]("), "closed brackets": fill("[")[:n/2] + fill("]")[:n/2], "stars": fill("*a "), "stars and underscores": fill("*a_ "),
		"stars in words": fill("a**bc* "), "tildes": fill("~~a "), "backticks": ticks.String(), "markers on one line": fill("- "), "nested items": items.String(),
		"comments": fill("<!--"), "instructions": fill("<?"), "angles": fill("<a "), "entities": fill("&#x"), "wide table": "|" + fill("a|") + "\n|" + fill("-|") + "\n" + fill("|a\n"),
		"long table": "|a|b|\n|-|-|\n" + fill("|a|b|\n"), "delimiter rows": fill("|-|\n"), "definitions": fill("[a]: b\n"), "titles": fill("[a](b \""),
		"quoted items": fill("> - "), "numbers": fill("1. "), "containers": fill("::: box\n"), "container ends": fill(":::\n"), "marks": fill("{.a "), "marks 2": fill("{a=b "),
		"tags": fill("{% if x %}\n"), "pairs": fill("{% if x %}{% endif %}"), "pairs on lines": fill("{% if x %}\n{% endif %}\n"), "captures": fill("{% capture x %}"),
		"pairs around items": fill("{% if x %}\n- a\n{% endif %}\n"), "tables and tags": fill("|a|\n|-|\n{% if x %}\n|b|\n{% endif %}\n"),
		"tags in a table": "|a|\n|-|\n" + fill("{% assign a = 1 %}\n|b|\n"), "dashes": fill("{%- if x -%}\n{%- endif -%}\n"), "outputs": fill("{{a}}"), "ends": fill("a{% endif %}\n"),
		"code in cells": "|a|\n|-|\n" + fill("|`\\|"), "code in rows": "|a|\n|-|\n" + fill("|`\\|`|\n"), "liquid autolinks": fill("<{{a}}"), "images in images": strings.Repeat("![", n/7) + "a" + strings.Repeat("](x)", n/7),
		"paragraph tags": fill("{% assign a = 1 %} "), "nested emphasis": fill("*_")[:n/2] + "a" + fill("_*")[:n/2], "open quote tags": fill("> {% if x %}\n"),
		"blank": fill("\n"), "spaces": fill(" "), "backslashes": fill("\\"), "placeholders": fill("bpq0x bpq1x0z"), "indented tags": fill("      {% if x %}\n- a\n"),
		"refs": "[a]: b\n\n" + fill("[a]\n\n"), "long words": fill("a"), "breaks": fill("{% for a in b %}{% break %}"), "escapes in a definition": fill("[\\["),
	}
}

func TestMarkdownHostile(t *testing.T) {
	for name, source := range hostileMarkdown() {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			file := finding.NewFile("a.md", source)
			tokens, _ := Lex(file.All())
			lexed := time.Since(began)
			Markdown(tokens, file, nil)
			if took := time.Since(began); took > 5*time.Second { // ten times what it takes on an idle machine
				t.Errorf("took %v, %v of it the lexer", took, lexed)
			} else if took > 200*time.Millisecond {
				t.Logf("took %v, %v of it the lexer", took, lexed)
			}
		})
	}
}
