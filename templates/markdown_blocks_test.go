package templates

import "testing"

func TestMarkdownBlocks(t *testing.T) {
	t.Parallel()
	runMarkdownCases(t, blockCases)
}

var blockCases = []markdownCase{
	{
		"output alone is a paragraph",
		"{{ y }}",
		`<p>{{ y }}</p>
`,
	},
	{
		"echo and cycle print text",
		`{% echo y %}

{% cycle "a", "b" %}`,
		`<p>{% echo y %}</p>
<p>{% cycle "a", "b" %}</p>
`,
	},
	{
		"headings",
		`# H {{ x }}

## A {% if x %}b{% else %}c{% endif %} ##

{{ y }}
===

Or
{{ y }}
---`,
		`<h1>H {{ x }}</h1>
<h2>A {% if x %}b{% else %}c{% endif %}</h2>
<h1>{{ y }}</h1>
<h2>Or
{{ y }}</h2>
`,
	},
	{
		"tag interrupts a paragraph",
		`text
   {% if x %}
more
      {% endif %}
end`,
		`<p>text</p>
{% if x %}<p>more</p>
{% endif %}<p>end</p>
`,
	},
	{
		"tag indented with tabs",
		"\t{% if x %}\ntext\n\t\t{% endif %}",
		`{% if x %}<p>text</p>
{% endif %}`,
	},
	{
		"around paragraphs, headings, rules, quotes and code",
		"{% if x %}\na\n\n# b\n---\n> c\n\n```\nd\n```\n{% elsif y %}\ne\n{% else %}\nf\n{% endif %}",
		`{% if x %}<p>a</p>
<h1>b</h1>
<hr>
<blockquote>
<p>c</p>
</blockquote>
<pre><code>d
</code></pre>
{% elsif y %}<p>e</p>
{% else %}<p>f</p>
{% endif %}`,
	},
	{
		"several tags on a line",
		`{% assign x = 1 %} {% assign y = 2 %}
{% block hero %}

{% if x %}{% block next-step %}{% endif %}
text`,
		`{% assign x = 1 %}{% assign y = 2 %}{% block hero %}{% if x %}{% block next-step %}{% endif %}<p>text</p>
`,
	},
	{
		"condition around a whole paragraph",
		`{% if x %}Hi **you**{% endif %}

{% if x %}a{% else %}b{% endif %}

{% for a in l %}{{ a }} {% endfor %}`,
		`{% if x %}<p>Hi <strong>you</strong></p>
{% endif %}<p>{% if x %}a{% else %}b{% endif %}</p>
<p>{% for a in l %}{{ a }} {% endfor %}</p>
`,
	},
	{
		"condition around two paragraphs, written in their lines",
		`{% if x %}Hello

World{% endif %}`,
		`{% if x %}<p>Hello</p>
<p>World</p>
{% endif %}`,
	},
	{
		"condition before a heading in one line",
		`{% if x %}# Title{% endif %}

{% unless x %}> quote{% endunless %}`,
		`{% if x %}<h1>Title</h1>
{% endif %}{% unless x %}<blockquote>
<p>quote</p>
</blockquote>
{% endunless %}`,
	},
	{
		"in a quote",
		`> {% if x %}
> quote
> {% endif %}
> {% block hero %}`,
		`<blockquote>
{% if x %}<p>quote</p>
{% endif %}{% block hero %}</blockquote>
`,
	},
	{
		"in a code block",
		"```\n{% if x %}\n<code> {{ \"y\" }}\n{% endif %}\n```\n\n    {{ indented }} & {% if x %}y{% endif %}",
		`<pre><code>{% if x %}
&lt;code&gt; {{ "y" }}
{% endif %}
</code></pre>
<pre><code>{{ indented }} &amp; {% if x %}y{% endif %}
</code></pre>
`,
	},
	{
		"capture",
		`{% capture x %}
**bold** & <b>
- a
{% endcapture %}
text {{ x }}`,
		`{% capture x %}
**bold** & <b>
- a
{% endcapture %}<p>text {{ x }}</p>
`,
	},
	{
		"liquid tag",
		`{% liquid
assign a = 1
%}
text`,
		`{% liquid
assign a = 1
%}<p>text</p>
`,
	},
	{
		"raw over lines",
		`{% raw %}
# {{ x }}

- y
{% endraw %}`,
		`<p>
# {{ x }}

- y
</p>
`,
	},
	{
		"dashes around running text join it",
		`Hi
{%- if x -%}
  , {{ x }}
{%- endif -%}
!`,
		`<p>Hi{%- if x -%}, {{ x }}{%- endif -%}!</p>
`,
	},
	{
		"dashes around blocks do not",
		`# Title
{%- if x -%}
## Sub
{%- endif -%}
- a`,
		`<h1>Title</h1>
{%- if x -%}<h2>Sub</h2>
{%- endif -%}<ul>
<li>a</li>
</ul>
`,
	},
	{
		"comment in between",
		`a

{% comment %} nothing {% endcomment %}

b`,
		`<p>a</p>
<p>b</p>
`,
	},
}

func TestMarkdownContainers(t *testing.T) {
	t.Parallel()
	runMarkdownCases(t, containerCases)
}

var containerCases = []markdownCase{
	{
		"inside each other",
		`::: columns
::: box
a {{ x }}
:::
+++
b
:::
c`,
		`<div class="columns">
<div class="column">
<div class="box">
<p>a {{ x }}</p>
</div>
</div>
<div class="column">
<p>b</p>
</div>
</div>
<p>c</p>
`,
	},
	{
		"columns of containers and conditions",
		`::: columns
::: box
a
:::
{% if x %}
::: box
b
:::
{% endif %}
:::`,
		`<div class="columns">
<div class="column">
<div class="box">
<p>a</p>
</div>
</div>
{% if x %}<div class="column">
<div class="box">
<p>b</p>
</div>
</div>
{% endif %}</div>
`,
	},
	{
		"columns of one paragraph each",
		"::: columns\nLeft\n+++\nMiddle {{ x }}\n+++\nRight\n:::\n",
		`<div class="columns">
<div class="column">
<p>Left</p>
</div>
<div class="column">
<p>Middle {{ x }}</p>
</div>
<div class="column">
<p>Right</p>
</div>
</div>
`,
	},
	{
		"around tags",
		`::: box
{% for a in l %}
- {{ a }}
{% endfor %}
:::`,
		`<div class="box">
<ul>
{% for a in l %}<li>{{ a }}</li>
{% endfor %}</ul>
</div>
`,
	},
	{
		"inside a branch",
		`{% if x %}
::: box
a
:::
{% endif %}`,
		`{% if x %}<div class="box">
<p>a</p>
</div>
{% endif %}`,
	},
	{
		"code inside",
		"::: box\n```\n:::\n```\n:::",
		`<div class="box">
<pre><code>:::
</code></pre>
</div>
`,
	},
	{
		"in an item",
		`- a
  ::: box
  b
  :::
- c
`,
		`<ul>
<li>a
<div class="box">
<p>b</p>
</div>
</li>
<li>c</li>
</ul>
`,
	},
}
