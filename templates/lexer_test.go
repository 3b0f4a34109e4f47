package templates

import (
	"fmt"
	"strings"
	"testing"

	"germane/internal/finding"
)

// show writes tokens in one line: texts quoted, outputs as {{…}}, tags as {%name…%}; verbatim texts have a v before.
func show(tokens []Token) string {
	var parts []string
	for _, t := range tokens {
		switch {
		case t.Kind == TextToken && t.Verbatim:
			parts = append(parts, fmt.Sprintf("v%q", t.Text))
		case t.Kind == TextToken:
			parts = append(parts, fmt.Sprintf("%q", t.Text))
		case t.Kind == OutputToken:
			parts = append(parts, "{{"+t.Body.S+"}}")
		default:
			parts = append(parts, "{%"+t.Name+t.Body.S+"%}")
		}
	}
	return strings.Join(parts, " ")
}

// places writes findings as line:column code.
func places(findings []finding.Finding) string {
	var parts []string
	for _, f := range findings {
		parts = append(parts, fmt.Sprintf("%d:%d %s", f.Line, f.Column, f.Code))
	}
	return strings.Join(parts, ", ")
}

func TestLex(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ source, tokens, findings string }{
		{"", ``, ""},
		{"a {{ b }} c", `"a " {{ b }} " c"`, ""},
		{"a {{- b -}} c", `"a" {{ b }} "c"`, ""},
		{"a {%- if b -%} c", `"a" {%if b %} "c"`, ""},
		{" {{-}} ", `{{}}`, ""},
		{" {{--}} ", `{{}}`, ""},
		{`{{ "}}" }}`, `{{ "}} "\" }}"`, ""},
		{`{{ "{{" }}`, `{{ "{{" }}`, ""},
		{"{%assign x=1%}", `{%assign x=1%}`, ""},
		{"{% raw %} {{ {% endraw %}x", `v" {{ " "x"`, ""},
		{"{% raw %} {% a {% b %}{% endraw %}", `v" {% a {% b %}"`, ""},
		{"{% raw %} {% {% endraw {% endraw %}", `v" {% {% endraw "`, ""},
		{"a {%- raw -%} b {%- endraw -%} c", `"a" v" b " "c"`, ""},
		{"{% raw %}{{% endraw %}x", `v"{" "x"`, ""},
		{"{% raw %}x", ``, "1:1 unclosed-tag"},
		{"a{% comment %} {{ b }} {% if %} {% endcomment %}c", `"a" "c"`, ""},
		{"{% comment %}{% comment %}{% endcomment %}a{% endcomment %}b", `"b"`, ""},
		{"{% comment %}{% raw %}{% endcomment %}{% endraw %}{% endcomment %}b", `"b"`, ""},
		{"a {% comment %}b", `"a "`, "1:3 unclosed-tag"},
		{"{% comment %}{% comment %}{% endcomment %}", ``, "1:1 unclosed-tag"},
		{"a {%- comment %}{% endcomment -%} c", `"a" "c"`, ""},
		{"{% doc %} {{ x {% enddoc %}b", `"b"`, ""},
		{"{% doc %}{% doc %}{% enddoc %}", ``, "1:10 liquid-syntax"},
		{"{% doc x %}{% enddoc %}", ``, "1:8 liquid-syntax"},
		{"{% # one\n # two %}a", `"a"`, ""},
		{"{% # one\n two %}a", `"a"`, "2:2 liquid-syntax"},
		{"{{ a }\n{{ b }}", `{{ b }}`, "1:1 unclosed-delimiter"},
		{"{{ a\n{{ b }}", `{{ b }}`, "1:1 unclosed-delimiter"},
		{"{{ a } b {{ c }}", `{{ c }}`, "1:1 unclosed-delimiter"},
		{"{% if a\n{% endif %}", `{%endif %}`, "1:1 unclosed-delimiter"},
		{"{% if a }\nb", `"b"`, "1:1 unclosed-delimiter"},
		{"{{ a\n}}", "{{ a\n}}", ""},
		{"{{ é\nx", `"x"`, "1:1 unclosed-delimiter"},
		{"{{${first_name}}} x", `{{${first_name}}} " x"`, ""},
		{"{{${first_name} | default: 'x'}} x", `{{${first_name} | default: 'x'}} " x"`, ""},
		{"{{content_blocks.${x}}} y", `{{content_blocks.${x}}} " y"`, ""},
	} {
		t.Run(test.source, func(t *testing.T) {
			t.Parallel()
			tokens, findings := Lex(finding.NewFile("x", test.source).All())
			if got := show(tokens); got != test.tokens {
				t.Errorf("tokens %s, want %s", got, test.tokens)
			}
			if got := places(findings); got != test.findings {
				t.Errorf("findings %s, want %s", got, test.findings)
			}
		})
	}
}

// A text token's span is where its text stands in the file, white space control applied.
func TestLexSpans(t *testing.T) {
	t.Parallel()
	source := "---\nx {{- a -}} \n y {% raw %} z {% endraw %}"
	file := finding.NewFile("x", source)
	tokens, _ := Lex(file.All().Slice(4, len(source)))
	for _, token := range tokens {
		piece := source[token.Start:token.End]
		if token.Kind == TextToken && piece != token.Text || token.Kind == OutputToken && piece != "{{- a -}}" {
			t.Errorf("%q stands at %q", token.Text, piece)
		}
	}
}

// Delimiters that are never closed must not make the lexer start over at each.
func TestLexIsLinear(t *testing.T) {
	t.Parallel()
	for _, piece := range []string{"{%\n", "{{\n", "{{ a }\n", "{{{", "{% if\n", "{% comment %}", "{% raw %}{% ", "{% a {% b\n"} {
		source := strings.Repeat(piece, 1<<20/len(piece))
		if tokens, findings := Lex(finding.NewFile("x", source).All()); len(findings) > maxFindings || len(tokens) > len(source) {
			t.Errorf("%q: %d findings", piece, len(findings))
		}
		Lex(finding.NewFile("x", source+"%}}}").All())
	}
}
