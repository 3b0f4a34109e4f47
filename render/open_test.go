package render

import (
	"errors"
	"strings"
	"testing"
	"time"

	"germane/internal/finding"
	"germane/templates"
)

var testNow = time.Date(2027, time.March, 31, 9, 5, 7, 123_000_000, time.UTC)

func openSource(source string) (OpenSource, []finding.Finding) {
	file := finding.NewFile("x", source)
	tokens, findings := templates.Lex(file.All())
	nodes, more := templates.Parse(tokens, templates.Standard)
	return OpenSource{File: file, Nodes: nodes}, append(findings, more...)
}

// executeOpen compiles and executes; a finding is an error, too.
func executeOpen(source, data string, partials map[string]string, limits Limits) (string, error) {
	main, findings := openSource(source)
	compiled := map[string]OpenSource{}
	for name, text := range partials {
		var more []finding.Finding
		compiled[name], more = openSource(text)
		findings = append(findings, more...)
	}
	if data == "" {
		data = "{}"
	}
	v, err := FromJSON([]byte(data))
	if err != nil {
		return "", err
	}
	program, more := CompileOpen(main, compiled)
	for _, f := range append(findings, more...) {
		return "", errors.New(string(f.Code) + ": " + f.Text)
	}
	return program.Execute(v, testNow, limits)
}

// openCase is a template with its data; an output that starts with ! is a part of the error.
type openCase struct{ source, data, want string }

func runOpenCases(t *testing.T, cases []openCase) {
	t.Helper()
	for _, test := range cases {
		t.Run(test.source, func(t *testing.T) {
			t.Parallel()
			got, err := executeOpen(test.source, test.data, nil, DefaultLimits())
			part, refused := strings.CutPrefix(test.want, "!")
			switch {
			case refused && (err == nil || !strings.Contains(err.Error(), part)):
				t.Errorf("got %q and error %v, want an error with %q", got, err, part)
			case !refused && (err != nil || got != test.want):
				t.Errorf("got %q and error %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestOpenTags(t *testing.T) {
	t.Parallel()
	runOpenCases(t, []openCase{
		{"{% for p in o %}{{ p[0] }}={{ p[1] }} {% endfor %}", `{"o":{"z":1,"a":2,"m":3}}`, "z=1 a=2 m=3 "},
		{"{{ o }}", `{"o":{"z":1,"a":[null,"x\"",1.5]}}`, `{"z"=>1, "a"=>[nil, "x\"", 1.5]}`},
		{"{% raw %} {{ {% endraw %}", "", " {{ "},
		{"{% assign a = 9223372036854775807 %}{{ a | plus: 1 }} {{ a | times: a }}", "", "9.223372036854776e+18 8.507059173023462e+37"},
		{"{{ 99999999999999999999 }} {{ 1e3 }}", "", "!nothing can follow"},
		{"{{ 1 | divided_by: 0 }}", "", "!divided by 0"},
		{"{% if 1 < 'a' %}{% endif %}", "", "!cannot compare"},
		{"{% if nil < 1 or empty == '' %}x{% endif %}", "", "x"},
		{"{% increment n %}{% increment n %}{{ n }}", `{"n":5}`, "012"},
		{"{% for i in (1..3) %}{% cycle 'a', i %}{% endfor %}", "", "a2a"},
		{"{% for i in (1..9) reversed limit: 2 offset: 1 %}{{ i }}{% endfor %}", "", "32"},
		{"{% for i in a %}{{ i }}{% if i == 2 %}{% break %}{% endif %}{% else %}none{% endfor %}", `{"a":[1,2,3]}`, "12"},
		{"{{ 'x' | foo }}", "", "!unknown-filter"},
		{"{{ 'x' | upcase: 1 }}", "", "!filter-arguments"},
		{"{% assign x = 'a' %}{{ self.x }}{{ self['x'] }}{{ a.size }}{{ a['size'] }}", `{"a":[1,2]}`, "aa2"},
		{"{% break %}x", "", ""},
		{"{% capture x %}{% for i in (1..3) %}{{ i }}{% endfor %}{% endcapture %}<{{ x }}>", "", "<123>"},
		{"{% ifchanged %}a{% endifchanged %}{% ifchanged %}a{% endifchanged %}{% ifchanged %}b{% endifchanged %}", "", "ab"},
		{"{% tablerow i in (1..3) cols: 2 %}{{ i }}{% endtablerow %}", "", "<tr class=\"row1\">\n<td class=\"col1\">1</td><td class=\"col2\">2</td></tr>\n<tr class=\"row2\"><td class=\"col1\">3</td></tr>\n"},
		{"{{ 1.0 }} {{ 1e }}", "", "!nothing can follow"},
		{"{{ x }}", `{"x":1e20}`, "1.0e+20"},
		{"{{ x }}", `{"x":0.00001}`, "1.0e-05"},
		{"{% liquid\n assign a = 'x'\n echo a | append: 'y'\n%}", "", "xy"},
	})
}

func TestOpenFilters(t *testing.T) {
	t.Parallel()
	runOpenCases(t, []openCase{
		{`{{ 1 | pluralize: "day", "days" }} {{ 2 | pluralize: "day", "days" }} {{ "1" | pluralize: "day", "days" }}`, "", "day days day"},
		{"{{ 0.1 | plus: 0.2 }} {{ 10.1 | minus: 2.2 }} {{ -7 | divided_by: 2 }} {{ -7 | modulo: 3 }}", "", "0.3 7.9 -4 2"},
		{"{{ 2.5 | round }} {{ -2.5 | round }} {{ 1.005 | round: 2 }} {{ 1250 | round: -2 }}", "", "3 -3 1.01 1300"},
		{"{{ a | has: 'z', 42 }}", `{"a":[{"x":99},null,{"z":42}]}`, ""},
		{"{{ a | find: 'z' }}{{ a | reject: 'x' | size }}", `{"a":["zoo"]}`, "zoo1"},
		{"{{ a | where: 'x', false | size }}", `{"a":[{"x":false},{"x":null},{}]}`, "1"},
		{"{{ a | sort | join }}", `{"a":[3,null,1.5,2]}`, "1.5 2 3 "},
		{"{{ a | sort }}", `{"a":[3,"x"]}`, "!different kinds"},
		{"{{ a | uniq | join }}", `{"a":[1,1.0,"1",1]}`, "1 1.0 1"},
		{"{{ a | map: 'x' | sum }}", `{"a":[{"x":0.1},{"x":0.2},[{"x":"3"}]]}`, "3.3"},
		{"{{ 'a&amp;b<' | escape_once }} {{ 'a&amp;b' | escape }}", "", "a&amp;b&lt; a&amp;amp;b"},
		{"{{ 'a b/ü~*' | url_encode }} {{ 'a+b%2F%zz' | url_decode }}", "", "a+b%2F%C3%BC~%2A a b/%zz"},
		{"{{ '%ff' | url_decode }}", "", "!no valid text"},
		{"{{ 'YQ=' | base64_decode }}", "", "!not base64"},
		{"{{ 'one two three' | truncatewords: 2 }} {{ 'Grüße' | truncate: 4, '…' }}", "", "one two... Grü…"},
		{"{{ 'Grüße' | slice: -3, 2 }} {{ 'Grüße' | size }} {{ 'aXbXc' | replace_last: 'X', '-' }}", "", "üß 5 aXb-c"},
		{"{{ '' | default: 'x' }} {{ false | default: 'x', allow_false: true }} {{ a | default: 'x' }}", `{"a":[]}`, "x false x"},
		{"{{ ' a  b ' | squish }}|{{ ' a ' | rstrip }}|{{ 'ÄB' | capitalize }}", "", "a b| a|Äb"},
		{"{{ (1..3) | concat: a | join: ',' }} {{ 'a' | concat: 1 }}", `{"a":[9]}`, "!concat takes a list"},
	})
}

func TestOpenDates(t *testing.T) {
	t.Parallel()
	runOpenCases(t, []openCase{
		{"{{ 'now' | date: '%Y-%m-%d %H:%M:%S.%L' }}", "", "2027-03-31 09:05:07.123"},
		{"{{ 'March 4, 2016' | date: '%-d|%e|%d|%^a|%b|%y|%j|%-m|%03m|%_m' }}", "", "4| 4|04|FRI|Mar|16|064|3|003| 3"},
		{"{{ '2016-03-14T22:11:12+02:00' | date: '%l:%M %p %P %z %:z %s' }}", "", "10:11 PM pm +0200 +02:00 1457986272"},
		{"{{ '14 Mar 2016 3:04pm' | date: '%F %R' }} {{ '14.3.2016' | date: '%F' }} {{ '2016/3/14' | date: '%F' }}", "", "2016-03-14 15:04 2016-03-14 2016-03-14"},
		{"{{ 'soon' | date: '%F' }}{{ nil | date: '%F' }}{{ 0 | date: '%F %%%Q' }}", "", "soon1970-01-01 %%Q"},
		{"{{ 'Mar 14 2016' | date: '%A %U %W %V %G %u %w %C %D %T %x %c' }}", "", "Monday 11 11 11 2016 1 1 20 03/14/16 00:00:00 03/14/16 Mon Mar 14 00:00:00 2016"},
		{"{{ '2016-02-30' | date: '%F' }}", "", "2016-02-30"},
	})
}

func TestOpenPartials(t *testing.T) {
	t.Parallel()
	partials := map[string]string{
		"card": "[{{ title }}{{ secret }}]", "set": "{% assign x = 'inner' %}", "outer": "{% include 'set' %}",
		"row": "{{ forloop.index }}{{ row }}{{ forloop.parentloop.index }} ",
	}
	for source, want := range map[string]string{
		"{% assign secret = 's' %}{% render 'card', title: 't' %}": "[t]",
		"{% include 'set' %}{{ x }}":                               "inner",
		"{% render 'set' %}{{ x }}":                                "",
		"{% for i in (1..1) %}{% render 'row' for (7..8) %}{% include 'row' with 9 %}{% endfor %}": "17 28 19 ",
	} {
		if got, err := executeOpen(source, "", partials, DefaultLimits()); err != nil || got != want {
			t.Errorf("%s: got %q and error %v, want %q", source, got, err, want)
		}
	}
	for _, source := range []string{"{% render 'outer' %}", "{% render 'nobody' %}", "{% include 5 %}"} {
		if _, err := executeOpen(source, "", partials, DefaultLimits()); err == nil {
			t.Errorf("%s is not refused", source)
		}
	}
}

// Each of these would hang or exhaust memory if nothing bounded it.
func TestLimits(t *testing.T) {
	t.Parallel()
	double := strings.Repeat("{% assign x = x | append: x %}", 60)
	partials := map[string]string{"a": "{% render 'b' %}", "b": "{% render 'a' %}", "c": "{% include 'c' %}{% include 'c' %}"}
	for name, source := range map[string]string{
		"loop":             "{% for i in (1..1000000000) %}x{% endfor %}",
		"empty loop":       "{% for i in (1..1000000000000000000) %}{% endfor %}",
		"nested loops":     "{% for i in (1..9999) %}{% for j in (1..9999) %}{% for k in (1..9999) %}{{ k }}{% endfor %}{% endfor %}{% endfor %}",
		"table":            "{% tablerow i in (1..1000000000) %}{% endtablerow %}",
		"append":           "{% assign x = 'xxxxxxxx' %}" + double,
		"prepend":          "{% assign x = 'xxxxxxxx' %}" + strings.ReplaceAll(double, "append", "prepend"),
		"capture":          "{% assign x = 'xxxxxxxx' %}" + strings.Repeat("{% capture x %}{{ x }}{{ x }}{% endcapture %}", 60),
		"replace":          "{% assign x = 'xxxxxxxx' %}" + strings.Repeat("{% assign x = x | replace: 'x', x %}", 10),
		"replace nothing":  "{% assign x = 'xxxxxxxx' %}" + strings.Repeat("{% assign x = x | replace: '', x %}", 10),
		"concat":           "{% assign x = 'a b' | split: ' ' %}" + strings.ReplaceAll(double, "append", "concat"),
		"join":             "{{ (1..10000000000) | join }}",
		"join glue":        "{% assign x = 'xxxxxxxx' %}" + strings.Repeat("{% assign x = x | split: '' | join: x %}", 10),
		"map of a range":   "{{ (1..10000000000) | map: 'x' }}",
		"sort of a range":  "{{ (1..10000000000) | sort | size }}",
		"shared text":      "{% assign x = 'x' %}" + strings.Repeat("{% assign x = x | append: x %}", 20) + "{% assign l = x | split: ' ' %}" + strings.Repeat("{% assign l = l | concat: l %}", 20) + "{{ l }}{{ l | join }}",
		"shared inspect":   "{% assign x = 'x' %}" + strings.Repeat("{% assign x = x | append: x %}", 20) + "{% assign l = x | split: ' ' %}" + strings.Repeat("{% assign l = l | concat: l %}", 20) + "{{ l | upcase }}",
		"contains":         "{% assign x = 'x' %}" + strings.Repeat("{% assign x = x | append: x %}", 20) + "{% for i in (1..100000) %}{% if x contains 'y' %}{% endif %}{% endfor %}",
		"filters":          "{% assign x = 'x' %}" + strings.Repeat("{% assign x = x | append: x %}", 20) + "{% for i in (1..100000) %}{{ x | size }}{% endfor %}",
		"render":           "{% render 'a' %}",
		"include":          "{% include 'c' %}",
		"output of a text": "{% assign x = 'xxxxxxxx' %}" + strings.Repeat("{% assign x = x | append: x %}", 17) + "{% for i in (1..100000) %}{{ x }}{% endfor %}",
		"date":             "{% assign x = '%100N%100N%100N%100N' %}" + strings.Repeat("{% assign x = 0 | date: x | replace: '0', '%100N' %}", 10),
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			out, err := executeOpen(source, "", partials, DefaultLimits())
			var limit *LimitError
			if !errors.As(err, &limit) {
				t.Errorf("error %v after %d bytes, want a limit", err, len(out))
			}
			if spent := time.Since(start); spent > time.Second {
				t.Errorf("took %v", spent)
			}
		})
	}
}

func TestFromJSON(t *testing.T) {
	t.Parallel()
	v, err := FromJSON([]byte(`{"b":1,"a":1.0,"c":[true,null,"x"],"b":9223372036854775808}`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := v.str(), `{"b"=>9.223372036854776e+18, "a"=>1.0, "c"=>[true, nil, "x"]}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, bad := range []string{"", "{", "[1,]", "1 2", `{"a"}`, strings.Repeat("[", 1000) + strings.Repeat("]", 1000)} {
		if _, err := FromJSON([]byte(bad)); err == nil {
			t.Errorf("%.20s is read", bad)
		}
	}
}

func FuzzEvaluate(f *testing.F) {
	f.Add("{% for i in a %}{{ i | plus: 1.5 | round: 2 }}{% cycle 'a', i %}{% endfor %}{{ o.first | join: '#' }}", `{"a":[1,"2",null,{"x":1}],"o":{"k":[]}}`)
	f.Add("{{ a | sort: 'x' | map: 'x' | uniq | concat: a | reverse | slice: 1, 2 | compact | sum }}", `{"a":[{"x":1},{"x":2}]}`)
	f.Add("{{ 'March 14, 2016 3pm' | date: '%-d %^a %010N' }}{% render 'p', x: a %}{% include 'p' %}{% tablerow i in (1..5) cols:2 %}{% endtablerow %}", `{"a":"x"}`)
	f.Fuzz(func(t *testing.T, source, data string) {
		start := time.Now()
		_, _ = executeOpen(source, data, map[string]string{"p": source}, DefaultLimits())
		if spent := time.Since(start); spent > 2*time.Second { // a second for the execution, on a machine that does other things
			t.Errorf("took %v", spent)
		}
	})
}

func BenchmarkOpenLoop(b *testing.B) {
	benchmarkOpen(b, "{% for i in (1..100) %}{{ i }}, {% endfor %}")
}

func BenchmarkOpenOutputs(b *testing.B) {
	benchmarkOpen(b, strings.Repeat("Hello {{ first_name | default: 'you' }}!\n", 30))
}

func benchmarkOpen(b *testing.B, source string) {
	main, _ := openSource(source)
	program, _ := CompileOpen(main, nil)
	var o Object
	o.Set("first_name", String("Ada"))
	var m machine
	b.ReportAllocs()
	for b.Loop() {
		m.start(testNow, DefaultLimits())
		m.scope.data = &o
		program.body.run(&m)
	}
}
