package templates

import (
	"slices"
	"strings"
	"testing"

	"germane/internal/finding"
)

// written is tokens with Liquid as it was written, and ‹ › where a link's target starts and ends.
func written(tokens []Token) string {
	var b strings.Builder
	for _, t := range tokens {
		switch t.Kind {
		case TextToken:
			b.WriteString(t.Text)
		case OutputToken:
			b.WriteString("{{" + t.Body.S + "}}")
		case TagToken:
			b.WriteString("{% " + t.Name + t.Body.S + "%}")
		case LinkStart:
			b.WriteString("‹")
		case LinkEnd:
			b.WriteString("›")
		}
	}
	return b.String()
}

// streams are a source's two token streams.
func streams(name, source string) (html, plain []Token) {
	file := finding.NewFile(name, source)
	tokens, _ := Lex(file.All())
	if strings.HasSuffix(name, ".md") {
		html, plain, _ = Markdown(tokens, file, nil)
		return html, plain
	}
	p := newPage(tokens)
	return p.withLinks(), p.text()
}

// linkSpans are the places of the links in a stream.
func linkSpans(tokens []Token) []Span {
	var spans []Span
	for _, t := range tokens {
		if t.Kind == LinkStart {
			spans = append(spans, t.Span)
		}
	}
	return spans
}

func TestPlainText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, file, source, text string }{
		{"headings and paragraphs", "a.md", "# One\nTwo\nlines *here* &amp; `there`\n\nThree\\\nfour", "One\n\nTwo lines here & there\n\nThree\nfour\n\n"},
		{"a link in running text", "a.md", "See [our *guide*](https://a.example/?a=1&amp;b=2) now", "See our guide (‹https://a.example/?a=1&b=2›) now\n\n"},
		{"a link alone", "a.md", "[Start](https://a.example)", "Start: ‹https://a.example›\n\n"},
		{"a button", "a.md", "[Start]({{ brand.app_url }}/new){.button}", "Start: ‹{{ brand.app_url }}/new›\n\n"},
		{"a button in a sentence", "a.md", "Go: [Start](https://a.example){.button} or wait", "Go:\nStart: ‹https://a.example›\nor wait\n\n"},
		{
			"a button of two branches", "a.md", "{% if a %}[A](https://a.example){.button}{% else %}[B](https://b.example){.button}{% endif %}",
			"{% if a %}A: ‹https://a.example›\n{% else %}B: ‹https://b.example›\n{% endif %}\n",
		},
		{"addresses", "a.md", "<https://a.example> <me@a.example> [Mail](mailto:me@a.example) [up](#top)", "‹https://a.example› me@a.example Mail (me@a.example) up\n\n"},
		{"an image with a link", "a.md", "[![Chart](c.png)](https://a.example)", "[Chart]: ‹https://a.example›\n\n"},
		{"lists", "a.md", "- a\n- b\n  - c\n\n1. x\n2. y\n\nend", "- a\n- b\n  - c\n\n1. x\n2. y\n\nend\n\n"},
		{"a list of a loop", "a.md", "1. a\n{% for x in l %}\n1. {{ x }}\n{% endfor %}\n\nend", "- a\n{% for x in l %}- {{ x }}\n{% endfor %}\nend\n\n"},
		{"paragraphs in a list", "a.md", "- a\n\n  b\n\n- c", "- a\n\n  b\n\n- c\n\n"},
		{"quotes", "a.md", "> a\n> b\n>\n> - c\n\nd", "> a b\n>\n> - c\n\nd\n\n"},
		{"quotes in quotes", "a.md", "> a\n>\n> > b\n> >\n> > c\n>\n> d\n\ne", "> a\n>\n> > b\n> >\n> > c\n>\n> d\n\ne\n\n"},
		{"a quote in a list", "a.md", "- > a\n  >\n  > b\n\n  c", "- > a\n  >\n  > b\n\n  c\n\n"},
		{"a list in a quote", "a.md", "> - a\n>\n>   b\n>\n> - c\n\nd", "> - a\n>\n>   b\n>\n> - c\n\nd\n\n"},
		{"a quote that goes on whatever is true", "a.md", "> a\n>\n> {% if x %}\n>\n> b\n>\n> {% else %}\n>\n> c\n>\n> {% endif %}\n>\n> d", "> a\n>\n{% if x %}> b\n>\n{% else %}> c\n>\n{% endif %}> d\n\n"},
		{"a quote that may end", "a.md", "> a\n>\n> {% if x %}\n>\n> b\n>\n> {% endif %}\n\nc", "> a\n\n{% if x %}> b\n\n{% endif %}c\n\n"},
		{"lists that begin in lists", "a.md", "- - a\n  - b\n- > - c\n  > - d", "- - a\n  - b\n- > - c\n  > - d\n\n"},
		{"a rule", "a.md", "a\n\n---\n\nb", "a\n\n------------------------\n\nb\n\n"},
		{"a table", "a.md", "| A | B |\n|---|---|\n| 1 | {{ x }} |\n\nend", "A | B\n1 | {{ x }}\n\nend\n\n"},
		{"code", "a.md", "```\na {{ x }}\n  b\n```\nc", "a {{ x }}\n  b\n\nc\n\n"},
		{"containers", "a.md", "::: box\nIn\n:::\nOut", "In\n\nOut\n\n"},
		{"a condition around paragraphs", "a.md", "a\n\n{% if x %}\nb\n{% else %}\nc\n{% endif %}\nd", "a\n\n{% if x %}b\n\n{% else %}c\n\n{% endif %}d\n\n"},
		{"a block", "a.md", "a\n\n{% block hero %}\n\nb", "a\n\n{% block hero %}b\n\n"},
		{"raw", "a.md", "{% raw %}**{{ x }}**{% endraw %}", "**{{ x }}**\n\n"},
		{"a picture that decorates", "a.md", "![](a.png){alt=\"\"}", "* * *\n\n"},

		{"elements", "a.html", "<h1>One</h1><p>Two\n  <b>bold</b>&nbsp;&amp; more</p><div>Three<br>four</div>", "One\n\nTwo bold & more\n\nThree\nfour\n\n"},
		{"what nobody reads", "a.html", "<!doctype html><html><head><title>T</title><style>p{}</style></head><body><!-- c --><div style=\"color:red; display : none\">pre<div>in</div></div><p>x</p></body></html>", "x\n\n"},
		{"Outlook's part", "a.html", "<!--[if mso]><table><tr><td>mso</td></tr></table><![endif]--><!--[if !mso]><!--><p>x</p><!--<![endif]-->", "x\n\n"},
		{"links", "a.html", `<p>See <a href="https://a.example/?a=1&amp;b={{ x }}">our guide</a>.</p><p><a href='https://b.example'>Go</a></p>`, "See our guide (‹https://a.example/?a=1&b={{ x }}›).\n\nGo: ‹https://b.example›\n\n"},
		{"links of the message", "a.html", `<p><a href="{{ links.unsubscribe }}">Unsubscribe</a> · <a href="#x">up</a> <a href=mailto:me@a.example>write</a></p>`, "Unsubscribe ({{ links.unsubscribe }}) · up write (me@a.example)\n\n"},
		{"a link that is its text", "a.html", `<a href="https://a.example">https://a.example</a>`, "‹https://a.example›\n\n"},
		{"a link without text", "a.html", `<p>a<a href="https://a.example"><img src="x.png" alt=""></a></p>`, "a‹https://a.example›\n\n"},
		{"an icon's link beside its text's", "a.html", `<td><a href="https://a.example"><img src="x.png"></a></td><td><a href="https://a.example">A</a></td>`, "A: ‹https://a.example›\n\n"},
		{"a link begun in branches", "a.html", `<p>{% if x %}<a href="https://a.example">{% else %}<a href="https://b.example">{% endif %}Go</a></p>`, "{% if x %}‹https://a.example›{% else %}‹https://b.example›{% endif %} Go\n\n"},
		{"images", "a.html", `<img src="a.png" alt="Our &quot;logo&quot;"><img src="b.png"><img alt="{{ x }}">`, "[Our \"logo\"][{{ x }}]\n\n"},
		{"a table of values", "a.html", "<table><tr><th>A</th><th>B</th></tr>\n<tr><td>1</td><td>2</td></tr></table>", "A | B\n1 | 2\n\n"},
		{"a table for layout", "a.html", `<table role="presentation"><tr><td>A</td><td>B</td></tr><tr><td>C</td></tr></table>`, "A\nB\n\nC\n\n"},
		{"lists", "a.html", "<ul><li>a</li><li>b<ol><li>c</li><li>d</li></ol></li></ul><p>e</p>", "- a\n- b\n  1. c\n  2. d\n\ne\n\n"},
		{"a loop of items", "a.html", "<ol>{% for x in l %}<li>{{ x }}</li>{% endfor %}</ol>", "{% for x in l %}- {{ x }}\n{% endfor %}\n"},
		{"a quote", "a.html", "<blockquote><p>a</p><p>b</p></blockquote>c", "> a\n\n> b\n\nc\n\n"},
		{"preformatted", "a.html", "<pre>a\n  b {{ x }}</pre>", "a\n  b {{ x }}\n\n"},
		{"a condition around blocks", "a.html", "<td>a{% if x %}<p>b</p>{% else %}<div>c</div>{% endif %}</td>", "a\n{% if x %}\nb\n\n{% else %}c\n{% endif %}\n"},
		{"a condition in text", "a.html", "<p>Hello{% if x %}, {{ x }}{% endif %} there</p>", "Hello{% if x %}, {{ x }}{% endif %} there\n\n"},
		{"a condition around all of a block", "a.html", "<p>a</p><p>{% if x %}b{% endif %}</p><p>c</p>", "a\n\n{% if x %}b\n\n{% endif %}c\n\n"},
		{"Liquid in a style", "a.html", `<p style="color:{{ brand.accent }}">a{% assign y = 1 %}</p>`, "a{% assign y = 1 %}\n\n"},
		{"Liquid around an attribute", "a.html", `<p {% if x %}class="a"{% endif %}>a</p>`, "{% if x %}{% endif %}a\n\n"},
		{"a capture", "a.html", "<p>{% capture x %}a  <b>c</b>{% endcapture %}{{ x }}</p>", "{% capture x %}a  <b>c</b>{% endcapture %}{{ x }}\n\n"},
		{"a layout", "a.html", "<table><tr><td>Top</td></tr><tr><td>{{ content }}</td></tr><tr><td>End</td></tr></table>", "Top\n\n{{ content }}End\n\n"},
		{"nothing to read", "a.html", `<img src="a.png" alt="">`, "* * *\n\n"},
		{"nothing at all", "a.html", "\n", ""},
	} {
		t.Run(c.file+" "+c.name, func(t *testing.T) {
			t.Parallel()
			html, plain := streams(c.file, c.source)
			if got := written(plain); got != c.text {
				t.Errorf("source\n%s\ngot\n%s\nwant\n%s", c.source, got, c.text)
			}
			marked, plainly := linkSpans(html), linkSpans(plain)
			if !slices.Equal(marked, plainly) && !strings.Contains(c.name, "icon") {
				t.Errorf("links %v in HTML, %v in text", marked, plainly)
			}
		})
	}
}

// TestLinkMarks shows that marks are put around targets, and that nothing else moves.
func TestLinkMarks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, source, marked string }{
		{"quotes", `<a href="https://a.example/?a&amp;b">x</a>`, `<a href="‹https://a.example/?a&amp;b›">x</a>`},
		{"one quote", `<A class=b HREF = 'https://a.example'>x</A>`, `<A class=b HREF = '‹https://a.example›'>x</A>`},
		{"none", `<a href=https://a.example>x</a>`, `<a href=‹https://a.example›>x</a>`},
		{"a value", `<a href="{{ x }}/y?z={{ z }}">x</a>`, `<a href="‹{{ x }}/y?z={{ z }}›">x</a>`},
		{"a value without quotes", `<a href={{ x }}>x</a>`, `<a href={{ x }}>x</a>`},
		{"a quote in a value", `<a href="{{ x | default: "https://b.example" }}">x</a>`, `<a href="‹{{ x | default: "https://b.example" }}›">x</a>`},
		{"a branch that ends the value", `<a href="{% if a %}x"{% else %}y"{% endif %}>`, `<a href="{% if a %}x"{% else %}y"{% endif %}>`},
		{"a branch inside", `<a href="{% if a %}x{% endif %}">`, `<a href="‹{% if a %}x{% endif %}›">`},
		{"not links", `<link href="a.css"><a href="mailto:a"><a href="TEL:1"><a href="#a"><a href=""><a><base href="x">`, `<link href="a.css"><a href="mailto:a"><a href="TEL:1"><a href="#a"><a href=""><a><base href="x">`},
		{"links of the message", `<a href="{{ links.unsubscribe }}">`, `<a href="{{ links.unsubscribe }}">`},
		{"comments and raw text", `<!-- <a href="x"> --><script>"<a href='x'>"</script><title><a href="x"></title><a href="y">`, `<!-- <a href="x"> --><script>"<a href='x'>"</script><title><a href="x"></title><a href="‹y›">`},
		{"Outlook's button", `<!--[if mso]><v:roundrect href="https://a.example"><![endif]-->`, `<!--[if mso]><v:roundrect href="‹https://a.example›"><![endif]-->`},
		{"an area", `<area href="x" alt="y">`, `<area href="‹x›" alt="y">`},
		{"another attribute", `<a data-href="x" title='href="y"'>`, `<a data-href="x" title='href="y"'>`},
		{"an end that is missing", `<a href="x`, `<a href="‹x›`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			html, _ := streams("a.html", c.source)
			if got := written(html); got != c.marked {
				t.Errorf("got\n%s\nwant\n%s", got, c.marked)
			}
		})
	}
}

// TestLinkNodes shows that the parser makes a node of what stands between marks.
func TestLinkNodes(t *testing.T) {
	t.Parallel()
	file := finding.NewFile("a.md", "[a](https://a.example/{{ x }}) {% if y %}[b](b){% endif %}")
	tokens, _ := Lex(file.All())
	html, text, findings := Body(tokens, file, true, nil)
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	for _, nodes := range [][]Node{html, text} {
		var links []*Link
		for _, n := range nodes {
			switch n := n.(type) {
			case *Link:
				links = append(links, n)
			case *If:
				for _, inner := range n.Branches[0].Body {
					if link, ok := inner.(*Link); ok {
						links = append(links, link)
					}
				}
			}
		}
		if len(links) != 2 || len(links[0].Target) != 2 || links[0].Start != 0 || len(links[1].Target) != 1 {
			t.Errorf("links %v", links)
		}
	}
}
