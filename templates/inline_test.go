package templates

import (
	"strings"
	"testing"
	"time"

	"germane/internal/finding"
)

// inlined is a page with its styles copied.
func inlined(source string, marked bool) string {
	file := finding.NewFile("a.html", source)
	tokens, _ := Lex(file.All())
	return written(InlineStyles(tokens, marked))
}

func TestInlineStyles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, css, body, want string }{
		{"a class", ".a{color:red}", `<p class="a b">x</p>`, `<p style="color:red" class="a b">x</p>`},
		{"an element in capitals", "P { color : red }", `<P>x</P>`, `<P style="color:red">x</P>`},
		{"a list and a descendant", "h1, div > .a { color: red; margin: 0 }", `<h1>x</h1><div><b class=a>y</b></div>`, `<h1 style="color:red;margin:0">x</h1><div><b style="color:red;margin:0" class=a>y</b></div>`},
		{"specificity, then order", "#i{color:blue}.a{color:green}p{color:red}p{margin:0}", `<p class=a id=i>`, `<p style="margin:0;color:blue" class=a id=i>`},
		{"the element's own wins", "p{color:red;margin:0}", `<p style="color:green">`, `<p style="color:red;margin:0;color:green">`},
		{"but not over !important", "p{color:red!important;margin:0}", `<p style="color:green; ">`, `<p style="margin:0;color:green; color:red">`},
		{"!important before what is more specific", "p{color:red ! important}.a{color:blue}", `<p class=a>`, `<p style="color:red" class=a>`},
		{"an own style in one quote", `p{font-family:"A B",'C'}`, `<p style='color:green'>`, `<p style='font-family:"A B",&#39;C&#39;;color:green'>`},
		{"an own style without quotes", "p{color:red;margin:0!important}", `<p style=top:0>`, `<p style="color:red;top:0;margin:0">`},
		{"an own style that is empty", "p{color:red}", `<p style="">`, `<p style="color:red" style="">`},
		{"quotes in a value", `p{font-family:"A B"}`, `<p>`, `<p style="font-family:'A B'">`},
		{"quotes of both kinds", `p{content:"a'b"}`, `<p>`, `<p style="content:&quot;a'b&quot;">`},
		{"an address", `p{background:url(a.png?a=1&b=2)}`, `<p>`, `<p style="background:url(a.png?a=1&amp;b=2)">`},
		{"for programs of different age", "p{background:red;background:linear-gradient(red,blue)}", `<p>`, `<p style="background:red;background:linear-gradient(red,blue)">`},
		{"what depends on the moment", "a:hover{color:red}p::before{color:red}*{margin:0}:root{color:red}", `<a>x</a><p>`, `<a>x</a><p>`},
		{"@ rules", "@import 'x.css';@media (max-width:9px){p{color:red}p:hover{a:b}}@font-face{font-family:x}p{margin:0}", `<p>`, `<p style="margin:0">`},
		{"variables", ":root{--a:red}p{color:var(--a);margin:0}", `<p>`, `<p style="margin:0">`},
		{"mistakes", "p{color:red;}}} .a{;;:x;color} b{color:blue", `<p class=a>`, `<p style="color:red" class=a>`},
		{"comments in CSS", "/* p{a:b} */p/**/{color:/* x */red}", `<p>`, `<p style="color:red">`},
		{"tags between rows", "td{color:red}tr{margin:0}", `<table>{% if x %}<tr><td>a</td></tr>{% endif %}</table>`, `<table>{% if x %}<tr style="margin:0"><td style="color:red">a</td></tr>{% endif %}</table>`},
		{"tags in a tag", ".a{color:red}", `<p {% if x %}id="y"{% endif %} class="a {{ x }}">`, `<p style="color:red" {% if x %}id="y"{% endif %} class="a {{ x }}">`},
		{"Liquid in the own style", "p{color:red!important;margin:0}", `<p style="{% if x %}color:green{% endif %}">`, `<p style="margin:0;{% if x %}color:green{% endif %};color:red">`},
		{"a brand's colour", "p{color:{{ brand.accent }};margin:0}", `<p>`, `<p style="color:{{ brand.accent }};margin:0">`},
		{"rules in a condition", "{% if x %}p{color:red}{% endif %}", `<p>`, `<p>`},
		{"Outlook's part", "p,td{color:red}", `<!--[if mso]><table><tr><td><p><![endif]--><p>x</p><!--[if mso]></td></tr></table><![endif]-->`, `<!--[if mso]><table><tr><td><p><![endif]--><p style="color:red">x</p><!--[if mso]></td></tr></table><![endif]-->`},
		{"the body", "body{margin:0}html,head{margin:0}", `<body class="x">`, `<body style="margin:0" class="x">`},
		{"white space and entities", "p{color:red}", "<p\n  title='a &amp; b'\t>\r\n  x &nbsp; </p >", "<p style=\"color:red\"\n  title='a &amp; b'\t>\r\n  x &nbsp; </p >"},
		{"an image that closes itself", "img{border:0}", `<img src="a"/><br/>`, `<img style="border:0" src="a"/><br/>`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			style := "<style>" + c.css + "</style>"
			source := style + c.body
			if c.name == "the body" {
				source = "<html><head>" + style + "</head>" + c.body
				style = "<html><head>" + style + "</head>"
			}
			if got, want := inlined(source, false), style+c.want; got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestInlineWhich shows which style elements are copied.
func TestInlineWhich(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tag         string
		any, marked bool
	}{
		{"<style>", true, false},
		{`<STYLE type="text/css" media="all">`, true, false},
		{"<style data-inline>", true, true},
		{"<style data-embed>", false, false},
		{`<style media="print">`, false, false},
		{`<style type="text/less">`, false, false},
		{"<!--[if mso]><style>", false, false},
		{"{% if x %}<style>", false, false},
	} {
		source := c.tag + "p{color:red}</style><![endif]-->{% if x %}{% endif %}<p>x"
		if strings.HasPrefix(c.tag, "{%") {
			source = c.tag + "p{color:red}</style>{% endif %}<p>x"
		}
		for _, marked := range []bool{false, true} {
			want := c.any
			if marked {
				want = c.marked
			}
			if got := strings.HasSuffix(inlined(source, marked), `<p style="color:red">x`); got != want {
				t.Errorf("%s, only marked ones: %v: inlined %v", c.tag, marked, got)
			}
		}
	}
}

// FuzzInlineStyles checks that nothing but insertions happens to a page.
func FuzzInlineStyles(f *testing.F) {
	f.Add("p{color:red}.a>b{margin:0!important}", `<p class=a style='x'><b>{{ y }}</b><!-- <p> --><table>{% if x %}<tr>{% endif %}`)
	f.Add("@media x{p{a:b}}p:hover{}", `<a href="{{ x }}">b</a><style>q{a:b}</style><q style=c:d>`)
	f.Add("p{a:b", "<p style")
	f.Fuzz(func(t *testing.T, css, body string) {
		if len(css)+len(body) > 20_000 {
			return
		}
		file := finding.NewFile("a.html", "<style>"+css+"</style>"+body)
		tokens, _ := Lex(file.All())
		began := time.Now()
		out := InlineStyles(tokens, false)
		if took := time.Since(began); took > 2*time.Second {
			t.Fatalf("took %v", took)
		}
		before, after := written(tokens), written(out)
		at := 0
		for i := range len(after) { // the source is a subsequence of the result
			if at < len(before) && after[i] == before[at] {
				at++
			}
		}
		if at < len(before) {
			t.Fatalf("%q became\n%q", before, after)
		}
		_, balanced := matchUnits(cutUnits(tokens))
		if _, also := matchUnits(cutUnits(out)); balanced != also {
			t.Fatalf("balanced: %v before, %v after", balanced, also)
		}
	})
}
