package templates

import "testing"

func TestMarkdownInline(t *testing.T) {
	t.Parallel()
	runMarkdownCases(t, inlineCases)
}

var inlineCases = []markdownCase{
	{
		"text and quotes",
		`Hi {{ "a" }} & b, it's "so" &amp; \& &copy;`,
		`<p>Hi {{ "a" }} &amp; b, it's &quot;so&quot; &amp; &amp; ©</p>
`,
	},
	{
		"emphasis",
		"**{{ x }}** _{{x}}_ ***{{ x }}*** ~~{{ x }}~~ {{ x }}**{{ y }}**",
		`<p><strong>{{ x }}</strong> <em>{{x}}</em> <em><strong>{{ x }}</strong></em> <del>{{ x }}</del> {{ x }}<strong>{{ y }}</strong></p>
`,
	},
	{
		"a word with an underscore stays",
		"a_{{ x }}_b",
		`<p>a_{{ x }}_b</p>
`,
	},
	{
		"code span",
		"`{{ c | d: \"q\" }} <b>` ``{% if x %}`{% endif %}``",
		"<p><code>{{ c | d: \"q\" }} &lt;b&gt;</code> <code>{% if x %}`{% endif %}</code></p>\n",
	},
	{
		"autolinks",
		"<{{ u }}> <https://a.example/{{ u }}?a=1&b=2> <me@a.example>",
		`<p><a href="{{ u }}">{{ u }}</a> <a href="https://a.example/{{ u }}?a=1&amp;b=2">https://a.example/{{ u }}?a=1&amp;b=2</a> <a href="mailto:me@a.example">me@a.example</a></p>
`,
	},
	{
		"autolink first in its line",
		"<{{ u }}>",
		`<p><a href="{{ u }}">{{ u }}</a></p>
`,
	},
	{
		"link with everything",
		`[Go {{ x }}]({{ url }}/a?b=1&c=2 "title {{ t }}")`,
		`<p><a href="{{ url }}/a?b=1&amp;c=2" title="title {{ t }}">Go {{ x }}</a></p>
`,
	},
	{
		"link target survives",
		`[a](https://a.example/[b]/ü/😀?x=%20é&y="q"&z=1)`,
		`<p><a href="https://a.example/[b]/ü/😀?x=%20é&amp;y=&quot;q&quot;&amp;z=1">a</a></p>
`,
	},
	{
		"link target with a space",
		"[a](<https://a.example/a {{ x }}>)",
		`<p><a href="https://a.example/a {{ x }}">a</a></p>
`,
	},
	{
		"button",
		`[Go]({{ brand.app_url | append: "/x" }}){.button} text`,
		`<p><a class="button" href="{{ brand.app_url | append: "/x" }}">Go</a> text</p>
`,
	},
	{
		"button around an image",
		"[![Alt](img.png){width=20}](https://a.example){.button}",
		`<p><a class="button" href="https://a.example"><img src="img.png" alt="Alt" width="20"></a></p>
`,
	},
	{
		"image",
		`![alt *{{ a }}* "q"]({{ i }} "t"){width=300 height=20}`,
		`<p><img src="{{ i }}" alt="alt {{ a }} &quot;q&quot;" title="t" width="300" height="20"></p>
`,
	},
	{
		"image that decorates",
		`![](a.png){alt=""}`,
		`<p><img src="a.png" alt=""></p>
`,
	},
	{
		"reference link without Liquid",
		`[a] and [b][a]

[a]: https://a.example "t"`,
		`<p><a href="https://a.example" title="t">a</a> and <a href="https://a.example" title="t">b</a></p>
`,
	},
	{
		"condition in running text",
		"Some {% if x %}[link]({{ a }}){% else %}*other*{% endif %}, {% raw %}**{{ raw }}** <b>{% endraw %}.",
		`<p>Some {% if x %}<a href="{{ a }}">link</a>{% else %}<em>other</em>{% endif %}, **{{ raw }}** &lt;b&gt;.</p>
`,
	},
	{
		"condition in a target",
		"[a]({% if x %}https://a.example{% else %}https://b.example{% endif %})",
		`<p><a href="{% if x %}https://a.example{% else %}https://b.example{% endif %}">a</a></p>
`,
	},
	{
		"loop in running text",
		`text
{% for x in l %}{{ x }}, {% endfor %}
more`,
		`<p>text
{% for x in l %}{{ x }}, {% endfor %}
more</p>
`,
	},
	{
		"line breaks",
		`a  
{{ b }}\
c`,
		`<p>a<br>
{{ b }}<br>
c</p>
`,
	},
	{
		"capture in running text",
		"Hello {% capture a %}**x** & <y>{% endcapture %}there",
		`<p>Hello {% capture a %}**x** & <y>{% endcapture %}there</p>
`,
	},
	{
		"braces that are text",
		"a {b} {} {.} \\{.button} `{.button}`",
		`<p>a {b} {} {.} {.button} <code>{.button}</code></p>
`,
	},
	{
		"placeholder look-alikes",
		"bpq0x0z bpq1x {{ x }} &#98;pq2x0z",
		`<p>bpq0x0z bpq1x {{ x }} bpq2x0z</p>
`,
	},
	{
		"CRLF",
		"- a\r\n{% if x %}\r\n- b\r\n{% endif %}",
		`<ul>
<li>a</li>
{% if x %}<li>b</li>
{% endif %}</ul>
`,
	},
}
