package templates

import "testing"

func TestMarkdownTables(t *testing.T) {
	t.Parallel()
	runMarkdownCases(t, tableCases)
}

var tableCases = []markdownCase{
	{
		"pipe in Liquid",
		"| a | b |\n|---|:-:|\n| {{ a | upcase }} | `{{ b }}` **{{ c | d: \"|\" }}** |",
		`<table>
<thead>
<tr>
<th>a</th>
<th align="center">b</th>
</tr>
</thead>
<tbody>
<tr>
<td>{{ a | upcase }}</td>
<td align="center"><code>{{ b }}</code> <strong>{{ c | d: "|" }}</strong></td>
</tr>
</tbody>
</table>
`,
	},
	{
		"loop around rows",
		`| a | b |
|---|---|
{% for r in rows %}
| {{ r.a }} | {{ r.b }} |
{% endfor %}`,
		`<table>
<thead>
<tr>
<th>a</th>
<th>b</th>
</tr>
</thead>
<tbody>
{% for r in rows %}<tr>
<td>{{ r.a }}</td>
<td>{{ r.b }}</td>
</tr>
{% endfor %}</tbody>
</table>
`,
	},
	{
		"loop and condition around rows, text behind",
		`| a |
|---|
{% for r in rows %}
{% if r.ok %}
| {{ r.a }} |
{% else %}
| - |
{% endif %}
{% endfor %}
| z |
{% if y %}
text
{% endif %}`,
		`<table>
<thead>
<tr>
<th>a</th>
</tr>
</thead>
<tbody>
{% for r in rows %}{% if r.ok %}<tr>
<td>{{ r.a }}</td>
</tr>
{% else %}<tr>
<td>-</td>
</tr>
{% endif %}{% endfor %}<tr>
<td>z</td>
</tr>
</tbody>
</table>
{% if y %}<p>text</p>
{% endif %}`,
	},
	{
		"tables inside branches",
		`{% if x %}
| a |
|---|
| 1 |
{% else %}
| b |
|---|
| 2 |
{% endif %}`,
		`{% if x %}<table>
<thead>
<tr>
<th>a</th>
</tr>
</thead>
<tbody>
<tr>
<td>1</td>
</tr>
</tbody>
</table>
{% else %}<table>
<thead>
<tr>
<th>b</th>
</tr>
</thead>
<tbody>
<tr>
<td>2</td>
</tr>
</tbody>
</table>
{% endif %}`,
	},
	{
		"in a quote",
		`> | a |
> |---|
> {% for r in rows %}
> | {{ r.a }} |
> {% endfor %}`,
		`<blockquote>
<table>
<thead>
<tr>
<th>a</th>
</tr>
</thead>
<tbody>
{% for r in rows %}<tr>
<td>{{ r.a }}</td>
</tr>
{% endfor %}</tbody>
</table>
</blockquote>
`,
	},
	{
		"escaped pipe in code",
		"| a |\n|---|\n| `x\\|y` \\| |",
		`<table>
<thead>
<tr>
<th>a</th>
</tr>
</thead>
<tbody>
<tr>
<td><code>x|y</code> |</td>
</tr>
</tbody>
</table>
`,
	},
}
