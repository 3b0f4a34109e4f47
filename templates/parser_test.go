package templates

import (
	"fmt"
	"strings"
	"testing"

	"germane/internal/finding"
)

func parseSource(source string, dialect Dialect) ([]Node, []finding.Finding) {
	tokens, findings := Lex(finding.NewFile("x", source).All())
	nodes, more := Parse(tokens, dialect)
	return nodes, finding.Sort(append(findings, more...))
}

func TestParseFindings(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ source, findings, hint string }{
		{"{% if a %}b{% elsif c %}d{% else %}e{% endif %}", "", ""},
		{"{% if a %}{% for x in y %}{% endfor %}{% endif %}", "", ""},
		{"{% if a %}b", "1:1 unclosed-tag", "write {% endif %} where it ends"},
		{"{% if a %}{% for x in y %}{% endif %}", "1:11 unclosed-tag", "endfor"},
		{"{% if a %}b{% endfor %}{% endif %}", "1:12 unexpected-tag", "endif"},
		{"b{% endif %}", "1:2 unexpected-tag", "remove it"},
		{"{% else %}", "1:1 unexpected-tag", "if"},
		{"{% if %}{% endif %}", "1:1 liquid-syntax", "plan"},
		{"{% if a = b %}{% endif %}", "1:9 liquid-syntax", "=="},
		{"{% if (a or b) %}{% endif %}", "1:10 liquid-syntax", "ranges"},
		{"{% if a == “pro” %}{% endif %}", "1:12 curly-quote", `write "pro"`},
		{"{% if a == “pro” and b == ‘x’ %}{% endif %}", "1:12 curly-quote, 1:27 curly-quote", ""},
		{"{% if a == “pro %}{% endif %}", "1:12 curly-quote", ""},
		{"{{ a | }}", "1:6 liquid-syntax", "default"},
		{"{{ a b }}", "1:6 liquid-syntax", ""},
		{"{{ 'a }}", "1:4 liquid-syntax", "write '"},
		{"{{ a + 1 }}", "1:6 liquid-syntax", "plus"},
		{"{{ a.b[1 }}", "1:8 liquid-syntax", "]"},
		{"{{ products[0]title }}", "1:15 liquid-syntax", ""},
		{"{{${first_name}}}", "1:3 merge-tag", "write {{ first_name }}"},
		{"{% if ${first_name} %}{% endif %}", "1:7 merge-tag", ""},
		{"{{content_blocks.${hero_image}}}", "1:18 merge-tag", "{% block hero-image %}"},
		{`{% abort_message("x") %}`, "1:1 unknown-tag", "skip"},
		{"{% cio_link url:x %}", "1:1 unknown-tag", "link as usual"},
		{"{% fro x in y %}{% endfro %}", "1:1 unknown-tag", "did you mean for?"},
		{"{% first_name %}", "1:1 unknown-tag", "{{ first_name }}"},
		{"{% include 'x' %}", "1:1 include-not-allowed", "block"},
		{"{% block hero %}{% block 2nd-step %}", "", ""},
		{"{% block 'hero' %}", "1:1 bad-name", "{% block hero %}"},
		{"{% block Hero %}", "1:1 bad-name", ""},
		{"{% skip 'no articles' %}", "", ""},
		{"{% skip %}", "1:1 liquid-syntax", "skip"},
		{"{% variant a when b %}", "1:1 variant-nested", ""},
		{"{% if a %}{% else %}{% elsif b %}{% endif %}", "1:21 else-not-last", ""},
		{"{% assign x %}", "1:1 liquid-syntax", "assign"},
		{"{% assign a.b = 1 %}", "1:11 liquid-syntax", ""},
		{"{% for x y %}{% endfor %}", "1:10 liquid-syntax", "in"},
		{"{% for x in y cols:2 %}{% endfor %}", "1:15 liquid-syntax", "limit"},
		{"{% for x in y %}{% else %}{% else %}{% endfor %}", "1:27 unexpected-tag", ""},
		{"{% render x %}", "1:11 liquid-syntax", `render "name"`},
		{"{% liquid\n if a\n endif\n foo\n%}", "4:2 unknown-tag", ""},
		{"{% liquid\n if a %}{% endif %}", "2:2 unclosed-tag, 2:9 unexpected-tag", ""},
		{"{% case a %}{% when %}{% endcase %}", "1:20 liquid-syntax", ""},
		{"{% %}", "1:1 liquid-syntax", ""},
	} {
		t.Run(test.source, func(t *testing.T) {
			t.Parallel()
			_, findings := parseSource(test.source, Mail)
			if got := places(findings); got != test.findings {
				t.Errorf("findings %s, want %s", got, test.findings)
			}
			if len(findings) > 0 && !strings.Contains(findings[0].Hint, test.hint) {
				t.Errorf("hint %q lacks %q", findings[0].Hint, test.hint)
			}
		})
	}
}

func TestEveryCodeIsDocumented(t *testing.T) {
	t.Parallel()
	for _, code := range []finding.Code{
		"unclosed-delimiter", "unclosed-tag", "unexpected-tag", "unknown-tag", "unknown-filter", "filter-arguments", "liquid-syntax",
		"curly-quote", "merge-tag", "include-not-allowed", "else-not-last", "nesting-too-deep", "too-many-findings", "bad-name",
		"variant-syntax", "variant-duplicate", "variant-nested", "otherwise-missing", "otherwise-not-last", "text-before-variant",
	} {
		if _, ok := finding.Lookup(code); !ok {
			t.Errorf("%s is not documented", code)
		}
	}
}

func TestNestingIsLimited(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]string{
		"tags":        strings.Repeat("{% if a %}", 1_000_000/10),
		"closed tags": strings.Repeat("{% if a %}", 200) + strings.Repeat("{% endif %}", 200),
		"brackets":    "{{ " + strings.Repeat("a[", 500_000) + " }}",
		"ranges":      "{{ " + strings.Repeat("(", 500_000) + " }}",
		"operands":    "{% if a" + strings.Repeat(" and a", 200_000) + " %}{% endif %}",
	} {
		_, findings := parseSource(source, Mail)
		if len(findings) != 1 || findings[0].Code != "nesting-too-deep" {
			t.Errorf("%s: %s", name, places(findings))
		}
	}
	if _, findings := parseSource(strings.Repeat("{% if a %}", 99)+strings.Repeat("{% endif %}", 99), Mail); len(findings) > 0 {
		t.Errorf("99 tags inside each other: %s", places(findings))
	}
	if _, findings := parseSource("{% liquid"+strings.Repeat(" liquid", 100_000)+" echo a %}", Mail); len(findings) > 0 {
		t.Errorf("liquid tags on one line: %s", places(findings))
	}
}

func TestFindingsAreCapped(t *testing.T) {
	t.Parallel()
	_, findings := parseSource(strings.Repeat("{% foo %}\n", 1000), Mail)
	if last := findings[len(findings)-1]; len(findings) != maxFindings || last.Code != "too-many-findings" {
		t.Errorf("%d findings, the last is %s", len(findings), last.Code)
	}
}

func TestParseConditionIsRightAssociative(t *testing.T) {
	t.Parallel()
	condition, findings := ParseCondition(finding.NewFile("x", "a or b and c == 1").All())
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	if got, want := outline(condition), "(a or (b and (c == 1)))"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// outline writes an expression with all its brackets.
func outline(e Expression) string {
	switch e := e.(type) {
	case *Binary:
		return "(" + outline(e.Left) + " " + e.Operator + " " + outline(e.Right) + ")"
	case *Variable:
		return e.Name.(*Literal).String
	case *Literal:
		return fmt.Sprint(e.Int)
	}
	return "?"
}

func TestSections(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ source, sections, findings string }{
		{"{% variant a when x > 1 %}A{% otherwise %}B", `a/x > 1/"A" otherwise//"B"`, ""},
		{"\n{% # c %}\n{% variant a when x %}\n{% otherwise %}", `a/x/"\n" otherwise//`, ""},
		{"{% variant 1-a when plan == \"%\" %}{% otherwise -%} ", `1-a/plan == "%"/ otherwise//`, ""},
		{"hello\n{% variant a when x %}{% otherwise %}", "a/x/ otherwise//", "1:1 text-before-variant"},
		{"{% variant a when x %}A", `a/x/"A"`, "1:1 otherwise-missing"},
		{"A", "", "1:1 text-before-variant, 1:1 otherwise-missing"},
		{"{% variant when x %}{% otherwise %}", "// otherwise//", "1:1 variant-syntax"},
		{"{% variant a %}{% otherwise %}", "a// otherwise//", "1:1 variant-syntax"},
		{"{% variant a when %}{% otherwise %}", "a// otherwise//", "1:1 variant-syntax"},
		{"{% variant A_b when x %}{% otherwise %}", "A_b/x/ otherwise//", "1:12 bad-name"},
		{"{% variant Trial ending soon when x %}{% otherwise %}", "Trial ending soon/x/ otherwise//", "1:12 bad-name"},
		{"{% variant a b %}{% otherwise %}", "a// otherwise//", "1:1 variant-syntax"},
		{"{% variant a split 50% when x %}{% otherwise %}", "a// otherwise//", "1:1 variant-syntax"},
		{"{% variant a if x when y %}{% otherwise %}", "a if x/y/ otherwise//", "1:12 bad-name"},
		{"{% variant a when x %}{% variant a when y %}{% otherwise %}", "a/x/ a/y/ otherwise//", "1:34 variant-duplicate"},
		{"{% otherwise %}{% variant a when x %}", "otherwise// a/x/", "1:16 otherwise-not-last"},
		{"{% otherwise %}{% otherwise %}", "otherwise// otherwise//", "1:16 otherwise-not-last"},
		{"{% otherwise x %}", "otherwise//", "1:14 variant-syntax"},
		{"{% variant a when x %}{% if b %}{% otherwise %}{% endif %}", "a/x/{%if b %} {%endif %}", "1:33 variant-nested"},
	} {
		t.Run(test.source, func(t *testing.T) {
			t.Parallel()
			source := finding.NewFile("x", test.source).All()
			tokens, _ := Lex(source)
			sections, findings := Sections(tokens, source)
			var got []string
			for _, s := range sections {
				name := s.Name.S
				if s.Otherwise {
					name = "otherwise"
				}
				got = append(got, name+"/"+s.When.S+"/"+show(s.Body))
			}
			if strings.Join(got, " ") != test.sections {
				t.Errorf("sections %s, want %s", strings.Join(got, " "), test.sections)
			}
			if got := places(findings); got != test.findings {
				t.Errorf("findings %s, want %s", got, test.findings)
			}
		})
	}
}

func TestForeignTags(t *testing.T) {
	t.Parallel()
	findings := ForeignTags(finding.NewFile("x", "Hi *|FNAME|*, %%first_name%%\n50%% off %% and * | x | *, *|UNSUB|*, %%=city=%%").All())
	if got, want := places(findings), "1:4 merge-tag, 1:15 merge-tag, 2:28 merge-tag, 2:39 merge-tag"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if hint := findings[0].Hint; hint != "write {{ first_name }}" {
		t.Error(hint)
	}
}

func FuzzLex(f *testing.F) {
	f.Add("a {{- b -}} {% if x == “y” %}{% endif %}{% raw %}{{ {% endraw %}{{${x}}} {% liquid\n echo a %}")
	f.Fuzz(func(t *testing.T, source string) {
		tokens, _ := Lex(finding.NewFile("x", source).All())
		at := 0
		for _, token := range tokens {
			if token.Start < at || token.End < token.Start || token.End > len(source) {
				t.Fatalf("token %+v behind %d", token, at)
			}
			at = token.End
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add("{% if a %}{% for x in (1..y) limit:2 %}{{ x | plus: 1, z: 2 }}{% else %}{% endfor %}{% endif %}", true)
	f.Add("{% case a %}{% when 1 or 2 %}{% capture b %}{% cycle g: 1, 2 %}{% endcapture %}{% endcase %}{% render 'p' for a as b, c: d %}", false)
	f.Add("{% variant a when x %}{% liquid\n if a\n echo b | upcase\n endif %}{% otherwise %}{% block x %}{% skip 'y' %}", true)
	f.Fuzz(func(t *testing.T, source string, mail bool) {
		dialect := Standard
		if mail {
			dialect = Mail
		}
		text := finding.NewFile("x", source).All()
		tokens, _ := Lex(text)
		Sections(tokens, text)
		Parse(tokens, dialect)
		ParseCondition(text)
		ForeignTags(text)
	})
}
