package render

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"germane/audience"
	"germane/internal/document"
	"germane/internal/finding"
	"germane/templates"
)

const testCatalogue = `
first_name:      {type: string, source: declared}
nickname:        {type: string, uses: [render, link]}
city:            {type: string, default: Paris}
plan:            {type: string, values: [free, trial, pro]}
trial_days_left: {type: int, min: 0, max: 60}
projects_30d:    {type: int, min: 0, default: 0}
seats:           {type: int, min: 1, default: 1}
score:           {type: float}
opted_in:        {type: bool}
last_order_at:   {type: time}
born:            {type: date}
site:            {type: url, uses: [render, link]}
interests:       {type: list, of: string, max_items: 20}
picks:           {type: list, of: {name: string, url: url, price: float}, max_items: 10, uses: [render, link]}
health_note:     {type: string, sensitivity: special, uses: []}
`

func testVocabulary(t testing.TB) *Vocabulary {
	t.Helper()
	doc, findings := document.Parse(finding.NewFile("attributes.yaml", testCatalogue).All(), document.Format{})
	catalogue, more := audience.ReadCatalogue(doc)
	if all := append(findings, more...); len(all) > 0 {
		t.Fatal(all)
	}
	articles, err := FromJSON([]byte(`[{"title":"A","url":"https://acme.example/a","minutes":3},{"title":"B","url":"https://acme.example/b","minutes":2,"tag":"new"}]`))
	if err != nil {
		t.Fatal(err)
	}
	nested, err := FromJSON([]byte(`[{"tags":[]},{"tags":[{"name":"x"}]}]`))
	if err != nil {
		t.Fatal(err)
	}
	return &Vocabulary{
		Catalogue: catalogue, Blocks: []string{"hero", "reading"},
		Brand: map[string]string{"app_url": "https://app.acme.example", "accent": "#2457d6"},
		Data:  map[string]Value{"articles": articles, "none": List(nil), "nested": nested},
	}
}

// analyse proves a piece of HTML and returns the codes of what was found, in order.
func analyse(t testing.TB, place Place, source string, present ...string) []finding.Finding {
	t.Helper()
	file := finding.NewFile("t.html", source)
	tokens, findings := templates.Lex(file.All())
	nodes, _, more := templates.Body(tokens, file, false, nil)
	_, found := Analyse(&Piece{File: file, Nodes: nodes, Place: place, Present: present}, testVocabulary(t))
	return finding.Sort(append(append(findings, more...), found...))
}

func codes(findings []finding.Finding) string {
	var list []string
	for _, f := range findings {
		list = append(list, string(f.Code))
	}
	return strings.Join(list, " ")
}

func TestPresence(t *testing.T) {
	t.Parallel()
	const missing = "value-may-be-missing"
	for source, want := range map[string]string{
		`{{ first_name }}`:                                                                                  missing,
		`{{ first_name | upcase }}`:                                                                         missing,
		`{{ city }}`:                                                                                        "",
		`{{ first_name | default: "you" }}`:                                                                 "",
		`{{ first_name | default: city }}`:                                                                  "",
		`{{ first_name | default: "" }}`:                                                                    missing,
		`{{ first_name | default: nickname | default: "you" }}`:                                             "",
		`{{ first_name | default: nickname }}`:                                                              missing,
		`{% if first_name %}{{ first_name }}{% endif %}`:                                                    "",
		`{% if first_name %}{% else %}{{ first_name }}{% endif %}`:                                          missing,
		`{% if first_name %}{% endif %}{{ first_name }}`:                                                    missing,
		`{% unless first_name %}{% else %}{{ first_name }}{% endunless %}`:                                  "",
		`{% unless first_name == nil %}{{ first_name }}{% endunless %}`:                                     "",
		`{% unless first_name %}{{ first_name }}{% endunless %}`:                                            missing,
		`{% if first_name != nil %}{{ first_name }}{% endif %}`:                                             "",
		`{% if first_name == nil %}x{% else %}{{ first_name }}{% endif %}`:                                  "",
		`{% if first_name != blank %}{{ first_name }}{% endif %}`:                                           "",
		`{% if first_name != "Ann" %}{{ first_name }}{% endif %}`:                                           missing,
		`{% if first_name == "Ann" %}{{ first_name }}{% endif %}`:                                           "",
		`{% if first_name == nickname %}{{ first_name }}{% endif %}`:                                        missing,
		`{% if first_name != "Ann" %}x{% else %}{{ first_name }}{% endif %}`:                                "",
		`{% if trial_days_left > 3 %}{{ trial_days_left }}{% endif %}`:                                      "",
		`{% if trial_days_left > 3 %}x{% else %}{{ trial_days_left }}{% endif %}`:                           missing,
		`{% if first_name contains "a" %}{{ first_name }}{% endif %}`:                                       "",
		`{% if first_name and nickname %}{{ first_name }}{{ nickname }}{% endif %}`:                         "",
		`{% if first_name or nickname %}{{ first_name }}{% endif %}`:                                        missing,
		`{% if first_name == "A" or first_name == "B" %}{{ first_name }}{% endif %}`:                        "",
		`{% if first_name == nil or nickname == nil %}x{% else %}{{ first_name }}{{ nickname }}{% endif %}`: "",
		`{% if plan == "pro" %}x{% elsif first_name %}{{ first_name }}{% else %}y{% endif %}`:               "",
		`{% case plan %}{% when "pro", "trial" %}{{ plan }}{% endcase %}`:                                   "",
		`{% case plan %}{% when nil %}{{ plan }}{% endcase %}`:                                              missing,
		`{% unless first_name %}{% skip "no name" %}{% endunless %}{{ first_name }}`:                        "",
		`{% if first_name %}{% assign n = first_name %}{% else %}{% assign n = "you" %}{% endif %}{{ n }}`:  "",
		`{% if first_name %}{% assign n = first_name %}{% endif %}{{ n }}`:                                  missing,
		`{% assign n = first_name %}{{ n }}`:                                                                missing,
		`{% assign n = first_name %}{% if n %}{{ n }}{% endif %}`:                                           "",
		`{% assign n = first_name | default: "you" %}{{ n }}`:                                               "",
		`{% if n %}{% endif %}`:                                                                             "unknown-attribute",
		`{{ first_name | append: "!" }}`:                                                                    missing,
		`{{ first_name | default: "a b" | split: " " | first }}`:                                            missing,
		`{{ city | remove: "P" }}`:                                                                          missing,
		`{{ city | truncate: 20 }}`:                                                                         "",
		`{{ trial_days_left | plus: 1 }}`:                                                                   missing,
		`{{ trial_days_left | default: 0 | plus: 1 }}`:                                                      "",
		`{{ interests | join: ", " }}`:                                                                      missing,
		`{{ interests | join: ", " | default: "nothing" }}`:                                                 "",
		`{{ interests.first | default: "x" }}`:                                                              "",
		`{{ interests[0] }}`:                                                                                missing,
		`{% if interests[0] %}{{ interests[0] }}{% endif %}`:                                                "",
		`{% for i in interests %}{{ i }}{% endfor %}`:                                                       "",
		`{% for p in picks %}{{ p.name }} {{ p.price | round: 2 }}{% endfor %}`:                             "",
		`{% for p in picks %}{{ p.colour }}{% endfor %}`:                                                    "unknown-attribute",
		`{% for a in data.articles %}{{ a.title }}{% endfor %}`:                                             "",
		`{% for a in data.articles %}{{ a.tag }}{% endfor %}`:                                               missing,
		`{% for a in data.articles %}{% if a.tag %}{{ a.tag }}{% endif %}{% endfor %}`:                      "",
		`{% for i in interests %}{% assign last = i %}{% endfor %}{{ last }}`:                               missing,
		`{% assign x = "a" %}{% for i in interests %}{{ x }}{% assign x = nickname %}{% endfor %}`:          missing,
		// What makes a text of nothing hides from a condition that there is none.
		`{% assign u = first_name | upcase %}{% if u %}{{ u }}{% endif %}`: missing,
		`{% assign s = interests | slice: 0, 2 %}{% if s %}x{% endif %}`:   missing,
		`{{ city["size"] }}`:           "type-mismatch", // only .size is a command
		`{{ "now" | date: "%n" }}`:     missing,
		`{{ city | truncate: 4, "" }}`: missing, // may be the spaces it starts with
		// Shopify shows every when that matches.
		`{% assign v = "x" %}{% case plan %}{% when "pro" %}{% assign v = nickname %}{% when "pro" %}{{ v }}{% endcase %}`:  missing,
		`{% assign v = "x" %}{% case plan %}{% when "pro", "pro" %}{{ v }}{% assign v = nickname %}{% endcase %}`:           missing,
		`{% assign v = "x" %}{% case plan %}{% when city %}{% assign v = nickname %}{% when "pro" %}{{ v }}{% endcase %}`:   missing,
		`{% assign v = "x" %}{% case plan %}{% when "free" %}{% assign v = nickname %}{% when "pro" %}{{ v }}{% endcase %}`: "",
		`{% assign v = "x" %}{% case plan %}{% else %}{% assign v = nickname %}{% when "pro" %}{{ v }}{% endcase %}`:        missing,
		// break and continue leave a turn in the middle.
		`{% assign v = "y" %}{% for i in interests %}{% if plan %}{% assign v = nickname %}{% break %}{% endif %}{% endfor %}{{ v }}`:         missing,
		`{% assign v = "y" %}{% for i in interests %}{{ v }}{% if plan %}{% assign v = nickname %}{% continue %}{% endif %}{% endfor %}`:      missing,
		`{% assign v = "y" %}{% for i in interests %}{% for j in picks %}{% assign v = nickname %}{% break %}{% endfor %}{{ v }}{% endfor %}`: missing,
		`{% assign v = 1 %}{% for i in interests %}{% capture v %}{% break %}{% endcapture %}{% endfor %}{{ v }}`:                             missing,
		// A value may need several turns to get where it is printed.
		`{% assign a = "1" %}{% assign b = a %}{% assign c = a %}{% assign d = a %}{% for i in interests %}{{ a }}{% assign a = b %}{% assign b = c %}{% assign c = d %}{% assign d = nickname %}{% endfor %}`: missing,
		// A loop's variable is not what had its name before.
		`{% assign tags = data.articles | map: "tag" %}{% assign t = "x" %}{% for t in tags %}{{ t }}{% endfor %}`: missing,
		// An empty list has no first element, and lists beside it keep theirs.
		`{{ data.none.first.title | upcase }}`:                                                                                missing,
		`{{ data.none.first.title | default: "x" }}`:                                                                          "",
		`{{ data.none | map: "title" | first | default: "x" }}`:                                                               "",
		`{% for a in data.nested %}{% for t in a.tags %}{{ t.name }}{% endfor %}{% endfor %}`:                                 "",
		`{% for a in data.nested %}{% for t in a.tags %}{{ t.nope }}{% endfor %}{% endfor %}`:                                 "unknown-attribute",
		`{% if interests %}{% assign l = interests | concat: data.none %}{% for x in l %}{{ x.nope }}{% endfor %}{% endif %}`: "unknown-attribute",
		`{{ person.email }}`:  "",
		`{{ person.locale }}`: missing,
		`{{ brand.app_url }}`: "",
		`{{ last_order_at | date: "%Y" | default: "never" }}`: "",
		`{{ last_order_at | date: "%Y" }}`:                    missing,
		`{{ "now" | date: "%Y" }}`:                            "",
	} {
		if got := codes(analyse(t, BodyPlace, source)); got != want {
			t.Errorf("%s\n got %q\nwant %q", source, got, want)
		}
	}
}

func TestVariantRulesGivePresence(t *testing.T) {
	t.Parallel()
	if got := codes(analyse(t, VariantPlace, `{{ trial_days_left }} {{ first_name }}`, "trial_days_left")); got != "value-may-be-missing" {
		t.Errorf("got %q", got)
	}
}

func TestTypes(t *testing.T) {
	t.Parallel()
	const mismatch = "type-mismatch"
	for source, want := range map[string]string{
		`{% if projects_30d > "3" %}x{% endif %}`:                            mismatch,
		`{% if projects_30d > 3.5 %}x{% endif %}`:                            "",
		`{% if plan == "premium" %}x{% endif %}`:                             "value-not-allowed",
		`{% if plan > "free" %}x{% endif %}`:                                 mismatch,
		`{% if opted_in == "true" %}x{% endif %}`:                            mismatch,
		`{% if opted_in %}x{% endif %}`:                                      "",
		`{% if last_order_at > "2026-01-01" %}x{% endif %}`:                  mismatch,
		`{% if last_order_at > born %}x{% endif %}`:                          "",
		`{% if interests contains "a" %}x{% endif %}`:                        "",
		`{% if interests contains 3 %}x{% endif %}`:                          mismatch,
		`{% if projects_30d contains 3 %}x{% endif %}`:                       mismatch,
		`{% if plan == "pro" and seats > 3 or city == "Rome" %}x{% endif %}`: "mixed-and-or",
		`{{ interests }}`:                          mismatch,
		`{{ opted_in }}`:                           mismatch,
		`{{ last_order_at }}`:                      mismatch,
		`{{ picks[0] }}`:                           mismatch,
		`{{ city | plus: 1 }}`:                     mismatch,
		`{{ seats | plus: city }}`:                 mismatch,
		`{{ seats | upcase }}`:                     "",
		`{{ city | date: "%Y" }}`:                  mismatch,
		`{{ seats | nope }}`:                       "unknown-filter",
		`{{ city | escape }}`:                      "filter-not-needed",
		`{{ seats | pluralize: "seat" }}`:          "filter-arguments",
		`{{ seats | pluralize: "seat", "seats" }}`: "",
		`{{ 10 | divided_by: projects_30d }}`:      "divisor-may-be-zero",
		`{{ 10 | divided_by: seats }}`:             "",
		`{{ 10 | divided_by: 0 }}`:                 "divisor-may-be-zero",
		`{{ 10 | divided_by: 2 }}`:                 "",
		`{{ 10 | modulo: projects_30d }}`:          "divisor-may-be-zero",
		`{% if projects_30d > 0 %}{{ 10 | divided_by: projects_30d }}{% endif %}`:                                 "",
		`{% if projects_30d != 0 %}{{ 10 | divided_by: projects_30d }}{% endif %}`:                                "",
		`{% if projects_30d == 0 %}x{% else %}{{ 10 | divided_by: projects_30d }}{% endif %}`:                     "",
		`{% if projects_30d >= 0 %}{{ 10 | divided_by: projects_30d }}{% endif %}`:                                "divisor-may-be-zero",
		`{% assign d = projects_30d | at_least: 1 %}{{ 10 | divided_by: d }}`:                                     "",
		`{% assign d = projects_30d | plus: 1 %}{{ 10 | divided_by: d }}`:                                         "",
		`{% assign d = projects_30d | minus: 1 %}{{ 10 | divided_by: d }}`:                                        "divisor-may-be-zero",
		`{% if projects_30d > 0 %}{% assign projects = projects_30d %}{{ 10 | divided_by: projects }}{% endif %}`: "",
		`{{ interests | sort | join }}`:                                                                           "value-may-be-missing",
		`{% if picks %}{% assign s = picks | sort %}{% endif %}`:                                                  mismatch,
		`{% if picks %}{% assign s = picks | sort: "price" %}{% endif %}`:                                         "",
		`{% if picks %}{% assign s = picks | sort: "cost" %}{% endif %}`:                                          "unknown-attribute",
		`{% if picks %}{{ picks | sum: "name" }}{% endif %}`:                                                      mismatch,
		`{% if picks %}{{ picks | sum: "price" | round: 2 }}{% endif %}`:                                          "",
		`{% assign plan = "x" %}`:                                 "assign-over-attribute",
		`{% assign brand = "x" %}`:                                "assign-over-attribute",
		`{% for plan in interests %}{% endfor %}`:                 "assign-over-attribute",
		`{% assign x = 1 %}{% assign x = "a" %}`:                  "",
		`{% assign x = 1 %}{% assign x = interests %}`:            mismatch,
		`{% capture x %}<b>{% endcapture %}`:                      "markup-in-capture",
		`{% capture x %}hi{% endcapture %}{{ x | default: "y" }}`: "",
		`{{ health_note | default: "x" }}`:                        "use-not-allowed",
		`{{ customer.first_name }}`:                               "unknown-attribute",
		`{{ person.first_name }}`:                                 "unknown-attribute",
		`{{ brand.colour }}`:                                      "unknown-attribute",
		`{{ data.news }}`:                                         "unknown-attribute",
		`{{ event.name }}`:                                        "unknown-attribute",
		`{{ [city] }}`:                                            "computed-name",
		`{% break %}`:                                             "break-outside-loop",
		`{% for i in (1..3) %}{% break %}{% endfor %}`:            "",
		`{% for i in projects_30d %}{% endfor %}`:                 mismatch,
		`{% for i in (1..projects_30d) %}x{% endfor %}`:           "too-large",
		`{% for i in (1..projects_30d) limit: 5 %}x{% endfor %}`:  "",
		`{% for i in (1..trial_days_left) %}x{% endfor %}`:        "value-may-be-missing",
		`{% assign s = "x" %}{% for i in (1..50) %}{% assign s = s | append: s %}{% endfor %}{{ s }}`:   "too-large",
		`{% assign s = "x" %}{% for i in (1..50) %}{% assign s = s | append: "y" %}{% endfor %}{{ s }}`: "",
		`{% for i in (1..1000) %}{% for j in (1..1000) %}x{% endfor %}{% endfor %}`:                     "too-large",
		// Texts and numbers that meet print, but have no order.
		`{% if plan %}{% assign x = 3 %}{% else %}{% assign x = "a" %}{% endif %}{{ x | append: "!" }}`:                   "",
		`{% if plan %}{% assign x = 3 %}{% else %}{% assign x = "a" %}{% endif %}{% if x > "b" %}y{% endif %}`:            mismatch,
		`{% assign n = data.articles | map: "minutes" %}{% assign t = data.articles | map: "title" | concat: n | sort %}`: mismatch,
		`{{ opted_in | default: "no" }}`:                                                                                        mismatch,
		`{% for a in data.articles %}{% assign a = a.title %}{% endfor %}`:                                                      "assign-over-attribute",
		`{% for a in data.articles %}{% for a in interests %}{% endfor %}{% endfor %}`:                                          "assign-over-attribute",
		`{% assign n = 0 %}{% for i in interests %}{% assign n = n | plus: 1 %}{% endfor %}{{ n }}`:                             "",
		`{% assign n = 5 %}{% for i in interests %}{% assign n = n | minus: 1 %}{{ 10 | divided_by: n }}{% endfor %}`:           "divisor-may-be-zero",
		`{% assign n = 1 %}{% for i in interests %}{% assign n = n | times: 9 %}{% endfor %}{% for i in (1..n) %}x{% endfor %}`: "too-large",
		`{% for i in (1..50) %}{% assign s = s | default: "x" %}{% assign s = s | append: s %}{% endfor %}`:                     "too-large",
		`{% for i in (1..90000) %}` + strings.Repeat(`{% assign a = i %}`, 20) + `{% endfor %}`:                                 "too-large",
		`{% for i in (1..90000) %}{% assign x = city | upcase | downcase %}{% endfor %}`:                                        "too-large",
		`{% assign v = city %}{% for i in interests %}{% assign v = v | plus: 1 %}{% endfor %}`:                                 mismatch, // found in the first turn
		`{% skip %}`:       "bad-skip",
		`{% skip "why" %}`: "",
		`{% render "a" %}`: "tag-not-used",
	} {
		found := codes(analyse(t, BodyPlace, source))
		if want == "bad-skip" && found != "" { // the parser may say it, too
			continue
		}
		if found != want {
			t.Errorf("%s\n got %q\nwant %q", source, found, want)
		}
	}
}

// TestLoopsTurnAlike holds loops that are written out when compiling against what a loop at run time does.
func TestLoopsTurnAlike(t *testing.T) {
	t.Parallel()
	vocabulary := testVocabulary(t)
	for source, want := range map[string]string{
		`{% for a in data.articles %}{% for i in (1..seats) limit: 2 %}{{ forloop.parentloop.index }}{{ forloop.index }} {% endfor %}{% endfor %}`: "11 21 ",
		`{% capture c %} {% if nickname %}{{ nickname }}{% endif %} {% endcapture %}{{ c | default: "you" }}`:                                      "you",                        // spaces are nothing
		`{% assign n = seats | times: 4611686018427387904 | times: 2 | modulo: 7 %}{{ "abcdef" | slice: n, 2 | default: "x" }}`:                    "ef",                         // what overflows is still whole
		`{% for i in (1..6000) %}` + strings.Repeat("é", 100) + `{% endfor %}`:                                                                     strings.Repeat("é", 600_000), // more than 8 MB when encoded, twice
		`{% for a in data.articles limit: 1 %}{{ a.title }}{% endfor %}-{% for a in data.articles offset: continue %}{{ a.title }}{% endfor %}`:    "A-B",
		`{% for a in data.articles %}{% for b in data.articles %}{{ forloop.parentloop.index }}{{ forloop.index }} {% endfor %}{% endfor %}`:       "11 12 21 22 ",
		`{% for p in picks limit: 0 %}<a href="{{ brand.app_url }}/x">y</a>{% else %}none{% endfor %}`:                                             "none",
		`{% assign l = "" | split: "," %}{% for x in l %}<a href="{{ brand.app_url }}/x">y</a>{% endfor %}ok`:                                      "ok",
	} {
		message := prove(source, vocabulary)
		if message == nil {
			t.Errorf("%s is refused: %s", source, codes(analyse(t, BodyPlace, source)))
			continue
		}
		if got := renderPlain(t, message); got != want {
			t.Errorf("%s\n got %q\nwant %q", source, got, want)
		}
	}
}

// TestHostileTemplatesAreSoonChecked: what cannot be proved in about a second is refused. The bound allows for a busy machine.
func TestHostileTemplatesAreSoonChecked(t *testing.T) {
	t.Parallel()
	var body strings.Builder
	for i := range 1200 {
		fmt.Fprintf(&body, "{%% assign v%d = city %%}{%% if plan %%}{%% assign w = city %%}{%% endif %%}", i%150)
	}
	loops := func(in, body string) string {
		return "{% for a in " + in + " %}{% for b in " + in + " %}{% for c in " + in + " %}{% for d in " + in + " %}" + body + strings.Repeat("{% endfor %}", 4)
	}
	for name, source := range map[string]string{
		"variables in loops": loops("(1..2)", body.String()),
		"texts in loops":     loops("(1..2)", strings.Repeat("{{ city }} ", 9_000)),
		"variables":          strings.Repeat(body.String(), 2),
		"links":              strings.Repeat(`{% for a in data.articles %}{{ a.title }}<a href="{{ a.url }}">a</a>{% endfor %}`, 1200),
		"filters":            "{{ city" + strings.Repeat(" | append: city", 6_000) + " }}",
		"whens":              "{% case plan %}" + strings.Repeat("{% when 'pro' %}x", 5_000) + "{% endcase %}",
		"brackets":           strings.Repeat("<", 100_000),
	} {
		begin := time.Now()
		analyse(t, BodyPlace, source)
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("%s: %d KB took %s", name, len(source)>>10, took)
		} else {
			t.Logf("%s: %d KB took %s", name, len(source)>>10, took)
		}
	}
}

// TestSubjectInLayout: a subject is plain text, so what looks like markup in it is none where a layout prints it.
func TestSubjectInLayout(t *testing.T) {
	t.Parallel()
	vocabulary := testVocabulary(t)
	piece := func(place Place, source string) *Analysis {
		file := finding.NewFile("t"+string('0'+rune(place)), source)
		tokens, _ := templates.Lex(file.All())
		nodes, findings := templates.Parse(tokens, templates.Mail)
		a, found := Analyse(&Piece{File: file, Nodes: nodes, Place: place}, vocabulary)
		if len(findings)+len(found) > 0 {
			t.Fatal(source, findings, found)
		}
		return a
	}
	parts := &Parts{
		Name: "t", Subject: piece(LinePlace, `R&D <{{ city }} {% capture c %}{{ city }}{% endcapture %}{{ c | default: "x" }}`), Body: piece(BodyPlace, "text"),
		Layout: piece(LayoutPlace, "<title>{{ subject }}</title><p>{{ subject }}</p>{{ content }}"), Sender: Sender{Email: "a@b.example"},
	}
	message, err := Compile(parts, vocabulary)
	if err != nil {
		t.Fatal(err)
	}
	const subject = "R&amp;D &lt;Paris Paris"
	if got, want := renderPlain(t, message), "<title>"+subject+"</title><p>"+subject+"</p>text"; got != want {
		t.Errorf(" got %q\nwant %q", got, want)
	}
}

// renderPlain renders a message's HTML for somebody without attributes.
func renderPlain(t *testing.T, message *Message) string {
	t.Helper()
	var decoded audience.Decoded
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	if err := message.Selection.Decode(&audience.Stored{ID: "p", Email: "a@b.example"}, now.UnixMilli(), &decoded); err != nil {
		t.Fatal(err)
	}
	rendered, err := new(Renderer).Render(message, &decoded, nil, &Envelope{To: "a@b.example", Date: now, ID: "d1"})
	if err != nil {
		t.Fatal(err)
	}
	mail, err := ReadMail(rendered.MIME)
	if err != nil {
		t.Fatal(err)
	}
	return mail.HTML
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	const misplaced = "value-misplaced"
	for source, want := range map[string]string{
		`<p title="{{ city }}">`:                                        "",
		`<p title='{{ city }}'>`:                                        "",
		`<p title={{ city }}>`:                                          misplaced,
		`<p {{ city }}>`:                                                misplaced,
		`<{{ city }}>`:                                                  misplaced,
		`<!-- {{ city }} -->`:                                           misplaced,
		`<style>p { color: {{ city }} }</style>`:                        misplaced,
		`<style>p { color: {{ brand.accent }} }</style>`:                "",
		`<p style="color: {{ brand.accent }}">`:                         "",
		`<p style="color: {{ city }}">`:                                 misplaced,
		`<p onclick="{{ city }}">`:                                      misplaced,
		`<script>{{ brand.accent }}</script>`:                           misplaced,
		`<title>{{ city }}</title>`:                                     "",
		`<img alt="" src="https://acme.example/{{ city }}">`:            misplaced,
		`<img alt="{{ city }}" src="https://acme.example/a">`:           "",
		`<a href="https://acme.example/{{ nickname | default: "x" }}">`: "",
		`<a href="https://acme.example/{{ city }}">`:                    "use-not-allowed",
		`<a href="https://acme.example/{{ person.email }}">`:            "use-not-allowed",
		`<a href="https://acme.example/{{ nickname | default: "x" | append: person.email }}">`:                                                           "use-not-allowed",
		`{% assign n = city %}{% capture c %}{{ n }}{{ nickname | default: "x" }}{% endcapture %}<a href="https://acme.example/{{ c | default: "x" }}">`: "use-not-allowed",
		`{% capture c %}{{ person.email }}{{ nickname | default: "x" }}{% endcapture %}<a href="https://acme.example/{{ c | default: "x" }}">`:           "use-not-allowed",
		`{% for i in interests %}<a href="https://acme.example/{{ forloop.length }}"></a>{% endfor %}`:                                                   "use-not-allowed",
		`{% for p in picks %}<a href="https://acme.example/{{ forloop.index }}"></a>{% endfor %}`:                                                        "",
		`<{% if plan %} x{% endif %}p>`:                                                     "markup-across-tags",
		`<a href="https:&#47;&#x2f;{{ nickname | default: "x" }}">`:                         "link-host-from-value",
		`<a href="https:///{{ nickname | default: "x" }}">`:                                 "link-host-from-value",
		`<a href="https:/\\{{ nickname | default: "x" }}">`:                                 "link-host-from-value",
		`<a href="javascript:x('?{{ nickname | default: "x" }}')">`:                         misplaced,
		`<a href="mailto:a@acme.example?subject={{ nickname | default: "x" }}">`:            "",
		`<link rel="stylesheet" href="https://acme.example/{{ nickname | default: "x" }}">`: misplaced,
		`<iframe srcdoc="{{ city }}"></iframe>`:                                             misplaced,
		`<meta http-equiv="refresh" content="0;url={{ city }}">`:                            misplaced,
		`<object data="{{ city }}"></object>`:                                               misplaced,
		`<a ping="{{ city }}">`:                                                             misplaced,
		`<a href/="{{ city }}">`:                                                            misplaced,
		`<p data-plan="{{ city }}" aria-label="{{ city }}">`:                                "",
		`<a href="{{ nickname | default: "x" }}">`:                                          "link-starts-with-value",
		`<a href="https://{{ nickname | default: "x" }}.example/">`:                         "link-host-from-value",
		`{% if site %}<a href="{{ site }}">{% endif %}`:                                     "",
		`{% if site %}<a href="{{ site }}/{{ seats }}">{% endif %}`:                         "use-not-allowed",
		`{% if site %}<a href="{{ site }}{{ nickname | default: "x" }}">{% endif %}`:        "link-host-from-value",
		`<a href="{{ brand.app_url }}/upgrade">`:                                            "",
		`<a href="{{ brand.accent }}">`:                                                     "link-starts-with-value",
		`<a href="{{ links.unsubscribe }}">`:                                                "",
		`{% for p in picks %}<a href="{{ p.url }}">{{ p.name }}</a>{% endfor %}`:            "",
		`{% for a in data.articles %}<a href="{{ a.url }}">{{ a.title }}</a>{% endfor %}`:   "",
		`{% if plan %}<p title="{% endif %}">`:                                              "markup-across-tags",
		`{% if plan %}<p title="a">{% else %}<p>{% endif %}`:                                "",
		`<p {% if plan %}title="a"{% endif %}>`:                                             "",
		`<p title="{% if plan %}a{% else %}b{% endif %}">`:                                  "",
		`<p title="x`:                              "markup-across-tags",
		`{% block hero %}{% block reading %}`:      "",
		`{% block hero %}{% block hero %}`:         "block-repeated",
		`{% block nope %}`:                         "unknown-block",
		`{% if plan %}{% block hero %}{% endif %}`: "block-misplaced",
		`<p title="{% block hero %}">`:             "block-misplaced",
	} {
		if got := codes(analyse(t, BodyPlace, source)); got != want {
			t.Errorf("%s\n got %q\nwant %q", source, got, want)
		}
	}
}

func TestLayouts(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		`<body>{{ content }}</body>`:                   "",
		`<body></body>`:                                "layout-without-content",
		`{{ content }}{{ content }}`:                   "layout-without-content",
		`{% if plan %}{{ content }}{% endif %}`:        "block-misplaced",
		`<p title="{{ content }}"></p>`:                "value-misplaced",
		`{{ content }}{% block hero %}`:                "block-misplaced",
		`{{ content }}<title>{{ first_name }}</title>`: "value-may-be-missing",
	} {
		if got := codes(analyse(t, LayoutPlace, source)); got != want {
			t.Errorf("%s\n got %q\nwant %q", source, got, want)
		}
	}
	if got := codes(analyse(t, BodyPlace, `{{ content }}`)); got != "unknown-attribute" {
		t.Errorf("content in a body: %q", got)
	}
}
