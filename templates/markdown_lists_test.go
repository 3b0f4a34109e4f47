package templates

import "testing"

func TestMarkdownLists(t *testing.T) {
	t.Parallel()
	runMarkdownCases(t, listCases)
}

var listCases = []markdownCase{
	{
		"around an item",
		`- a
{% if x %}
- b
{% endif %}
- c`,
		`<ul>
<li>a</li>
{% if x %}<li>b</li>
{% endif %}<li>c</li>
</ul>
`,
	},
	{
		"around an item, indented",
		`- a
  {% if x %}
- b
    {% endif %}
- c`,
		`<ul>
<li>a</li>
{% if x %}<li>b</li>
{% endif %}<li>c</li>
</ul>
`,
	},
	{
		"loop around items",
		`{% for a in l %}
- {{ a }}
{% endfor %}`,
		`<ul>
{% for a in l %}<li>{{ a }}</li>
{% endfor %}</ul>
`,
	},
	{
		"loop with blank lines",
		`{% for a in l %}

1. {{ a }}

{% endfor %}`,
		`<ol>
{% for a in l %}<li>{{ a }}</li>
{% endfor %}</ol>
`,
	},
	{
		"loop with dashes",
		`{%- for a in l -%}
- {{ a }}
{%- endfor -%}`,
		`<ul>
{%- for a in l -%}<li>{{ a }}</li>
{%- endfor -%}</ul>
`,
	},
	{
		"loop inside a condition",
		`{% if l %}
{% for a in l %}
- {{ a }}
{% endfor %}
{% endif %}`,
		`{% if l %}<ul>
{% for a in l %}<li>{{ a }}</li>
{% endfor %}</ul>
{% endif %}`,
	},
	{
		"loop and condition in one line",
		`{% for a in l %}{% if a.ok %}
- {{ a }}
{% endif %}{% endfor %}`,
		`<ul>
{% for a in l %}{% if a.ok %}<li>{{ a }}</li>
{% endif %}{% endfor %}</ul>
`,
	},
	{
		"loop left early",
		`{% for a in l %}
- {{ a }}
{% if forloop.index == 3 %}
{% break %}
{% endif %}
{% endfor %}`,
		`<ul>
{% for a in l %}<li>{{ a }}</li>
{% if forloop.index == 3 %}{% break %}{% endif %}{% endfor %}</ul>
`,
	},
	{
		"numbers go on",
		`1. a
{% if x %}
2. b
{% else %}
2. c
{% endif %}
3. d`,
		`<ol>
<li>a</li>
{% if x %}<li>b</li>
{% else %}<li>c</li>
{% endif %}<li>d</li>
</ol>
`,
	},
	{
		"numbers start where the first item does",
		`{% for a in l %}
4. {{ a }}
{% endfor %}`,
		`<ol start="4">
{% for a in l %}<li>{{ a }}</li>
{% endfor %}</ol>
`,
	},
	{
		"blank lines between make it loose",
		`- a

{% if x %}
- b
{% endif %}

- c`,
		`<ul>
<li>
<p>a</p>
</li>
{% if x %}<li>
<p>b</p>
</li>
{% endif %}<li>
<p>c</p>
</li>
</ul>
`,
	},
	{
		"list inside its branch",
		`{% if x %}
- a
{% else %}
text
{% endif %}`,
		`{% if x %}<ul>
<li>a</li>
</ul>
{% else %}<p>text</p>
{% endif %}`,
	},
	{
		"both branches are lists",
		`{% if x %}
- a
{% else %}
- b
{% endif %}`,
		`{% if x %}<ul>
<li>a</li>
</ul>
{% else %}<ul>
<li>b</li>
</ul>
{% endif %}`,
	},
	{
		"case",
		`{% case x %}
{% when 1 %}
- a
{% when 2 %}
- b
{% endcase %}
- c`,
		`<ul>
{% case x %}{% when 1 %}<li>a</li>
{% when 2 %}<li>b</li>
{% endcase %}<li>c</li>
</ul>
`,
	},
	{
		"nested item, tag at the margin",
		`- a
  - b
{% if x %}
  - c
{% endif %}
- d`,
		`<ul>
<li>a
<ul>
<li>b</li>
{% if x %}<li>c</li>
{% endif %}</ul>
</li>
<li>d</li>
</ul>
`,
	},
	{
		"nested list in a condition",
		`- a
  {% if x %}
  - b
  {% endif %}
- c`,
		`<ul>
<li>a
{% if x %}<ul>
<li>b</li>
</ul>
{% endif %}</li>
<li>c</li>
</ul>
`,
	},
	{
		"text inside an item",
		`1. a
   {% if x %}
   more
   {% endif %}
2. b`,
		`<ol>
<li>a
{% if x %}more
{% endif %}</li>
<li>b</li>
</ol>
`,
	},
	{
		"tag first in an item",
		`- {% if x %}a{% else %}b{% endif %}
- {% if x %}
  text
  {% endif %}`,
		`<ul>
<li>{% if x %}a{% else %}b{% endif %}</li>
<li>{% if x %}text
{% endif %}</li>
</ul>
`,
	},
	{
		"paragraph inside an item",
		`- a
- b
  {% if x %}

  para
  {% endif %}
- c`,
		`<ul>
<li>
<p>a</p>
</li>
<li>
<p>b</p>
{% if x %}<p>para</p>
{% endif %}</li>
<li>
<p>c</p>
</li>
</ul>
`,
	},
	{
		"condition in the items' lines",
		`{% if x %}- a{% endif %}
- b
{% if y %}- c
- d{% endif %}`,
		`<ul>
{% if x %}<li>a</li>
{% endif %}<li>b</li>
{% if y %}<li>c</li>
<li>d</li>
{% endif %}</ul>
`,
	},
	{
		"assign between items",
		`* a
{% assign n = 1 %}
* {{ n }}`,
		`<ul>
<li>a</li>
{% assign n = 1 %}<li>{{ n }}</li>
</ul>
`,
	},
	{
		"block between lists",
		`- a
{% block x %}
- b`,
		`<ul>
<li>a</li>
</ul>
{% block x %}<ul>
<li>b</li>
</ul>
`,
	},
	{
		"in a quote",
		`> - a
> {% if x %}
> - b
> {% endif %}`,
		`<blockquote>
<ul>
<li>a</li>
{% if x %}<li>b</li>
{% endif %}</ul>
</blockquote>
`,
	},
	{
		"different markers are different lists",
		`- a
{% if x %}
* b
{% endif %}`,
		`<ul>
<li>a</li>
</ul>
{% if x %}<ul>
<li>b</li>
</ul>
{% endif %}`,
	},
	{
		"conditions inside each other",
		`- a
{% if x %}
{% if y %}
- b
{% endif %}
- c
{% endif %}`,
		`<ul>
<li>a</li>
{% if x %}{% if y %}<li>b</li>
{% endif %}<li>c</li>
{% endif %}</ul>
`,
	},
}
