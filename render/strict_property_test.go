package render

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	gomail "github.com/wneessen/go-mail"

	"germane/audience"
	"germane/internal/finding"
	"germane/templates"
)

// TestProvedTemplatesNeverFail is promise 4: whatever strict mode accepts renders for everybody the catalogue allows, without an
// error and with something at every {{ }}. Templates and people are random; what is refused is only counted.
func TestProvedTemplatesNeverFail(t *testing.T) {
	t.Parallel()
	vocabulary := testVocabulary(t)
	r := rand.New(rand.NewPCG(1, 2))
	proved, refused, renders := 0, 0, 0
	for range 6_000 {
		g := &generator{r: r}
		source := g.nodes(2)
		message := prove(source, vocabulary)
		if message == nil {
			refused++
			continue
		}
		proved++
		empty := watch(message.html)
		var renderer Renderer
		for range 12 {
			var decoded audience.Decoded
			person := randomPerson(r)
			now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
			if err := message.Selection.Decode(person.Stored(now), now.UnixMilli(), &decoded); err != nil {
				t.Fatal(err)
			}
			renders++
			_, err := renderer.Render(message, &decoded, nil, &Envelope{To: "a@b.example", Date: now, ID: "d1", Unsubscribe: "https://x.example/u", Preferences: "https://x.example/p"})
			if err != nil || *empty != "" {
				t.Fatalf("%s\nfor %s: %v, empty: %s", source, person.Stored(now).Attributes, err, *empty)
			}
		}
	}
	t.Logf("%d templates proved, %d refused, %d renders", proved, refused, renders)
	if proved < 800 || refused < 800 {
		t.Errorf("%d proved and %d refused: the generator does not test both sides", proved, refused)
	}
}

func prove(source string, vocabulary *Vocabulary) *Message {
	parts := proveParts(source, vocabulary)
	if parts == nil {
		return nil
	}
	message, err := Compile(parts, vocabulary)
	if err != nil {
		panic(err)
	}
	return message
}

func proveParts(source string, vocabulary *Vocabulary) *Parts {
	file := finding.NewFile("t.html", source)
	tokens, findings := templates.Lex(file.All())
	nodes, more := templates.Parse(tokens, templates.Mail)
	analysis, found := Analyse(&Piece{File: file, Nodes: nodes}, vocabulary)
	if len(findings)+len(more)+len(found) > 0 {
		return nil
	}
	return &Parts{Name: "t", Body: analysis, Sender: Sender{Email: "a@b.example"}}
}

// TestQuotedProgramsSayTheSame renders random proved templates for random people twice: as the quoted-printable program that is sent,
// and by a program of the same tree that writes plain bytes. Go's mime packages, go-mail and Python's email package read the first
// back as the second.
func TestQuotedProgramsSayTheSame(t *testing.T) {
	t.Parallel()
	vocabulary := testVocabulary(t)
	r := rand.New(rand.NewPCG(3, 4))
	var sent [][]byte
	var meant []string
	for range 3_000 {
		source := (&generator{r: r}).nodes(2)
		if message := prove(source, vocabulary); message != nil {
			for range 4 {
				if mime, html := renderTwice(t, source, message, vocabulary, randomPerson(r)); mime != nil {
					sent, meant = append(sent, mime), append(meant, html)
				}
			}
		}
	}
	if len(sent) < 1000 {
		t.Errorf("only %d messages were compared", len(sent))
	}
	for i := range sent {
		mail, err := ReadMail(sent[i])
		if err != nil || mail.HTML != strings.ReplaceAll(meant[i], "\r\n", "\n") {
			t.Fatalf("Go, %v:\n got %q\nwant %q", err, mail.HTML, meant[i])
		}
		message, err := gomail.EMLToMsgFromString(string(sent[i]))
		if err != nil {
			t.Fatalf("go-mail: %v", err)
		}
		if html, err := message.GetParts()[1].GetContent(); err != nil || string(html) != canonical(meant[i]) {
			t.Fatalf("go-mail, %v:\n got %q\nwant %q", err, html, canonical(meant[i]))
		}
	}
	few := min(len(sent), 400) // Python is slow
	for i, got := range readByPython(t, sent[:few]) {
		if len(got.Defects) > 0 || got.HTML != canonical(meant[i]) {
			t.Fatalf("Python, %v:\n got %q\nwant %q", got.Defects, got.HTML, canonical(meant[i]))
		}
	}
}

// renderTwice returns a message and the HTML it should hold; nil when the person is skipped.
func renderTwice(t *testing.T, source string, message *Message, vocabulary *Vocabulary, person *audience.Person) (mime []byte, html string) {
	t.Helper()
	parts := proveParts(source, vocabulary)
	b := &builder{parts: parts, vocabulary: vocabulary, message: message, links: &linkTable{known: map[linkPlaceKey]int{}, turning: map[linkPlaceKey]bool{}}}
	plain := b.code(parts.Body, pieceForm{})
	var decoded audience.Decoded
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	if err := message.Selection.Decode(person.Stored(now), now.UnixMilli(), &decoded); err != nil {
		t.Fatal(err)
	}
	e := &Envelope{To: "a@b.example", Date: now, ID: "d1"}
	var one, other Renderer
	rendered, err := one.Render(message, &decoded, nil, e)
	if err != nil {
		t.Fatal(err)
	}
	other.m.start(now, DefaultLimits())
	other.m.prepare(message, &decoded, nil, e)
	plain.run(&other.m)
	if rendered.Skipped != "" {
		return nil, ""
	}
	return rendered.MIME, string(other.m.out)
}

// watch replaces every output by one that notes when there is nothing to print.
func watch(c code) *string {
	var empty string
	watchAll(c, &empty)
	return &empty
}

type watched struct {
	*output
	empty *string
}

func (w *watched) run(m *machine) flow {
	v := w.value.eval(m)
	if v.kind == NilValue || strings.TrimSpace(v.str()) == "" {
		*w.empty += fmt.Sprintf("%T ", w.value)
	}
	return w.output.run(m)
}

func watchAll(c code, empty *string) {
	for i, instruction := range c {
		switch n := instruction.(type) {
		case *output:
			c[i] = &watched{n, empty}
		case *changed:
			watchAll(n.body, empty)
		case *conditional:
			for _, b := range n.branches {
				watchAll(b.body, empty)
			}
		case *cases:
			for _, w := range n.whens {
				watchAll(w.body, empty)
			}
		case *loop:
			watchAll(n.body, empty)
			watchAll(n.otherwise, empty)
		case *capture: // may be empty: its variable is then treated as blank
			watchAll(n.body, empty)
		}
	}
}

// generator writes templates that are often provable and often not.
type generator struct {
	r         *rand.Rand
	variables []string
}

func (g *generator) one(list ...string) string { return list[g.r.IntN(len(list))] }

func (g *generator) nodes(depth int) string {
	var b strings.Builder
	for range 1 + g.r.IntN(3) {
		b.WriteString(g.node(depth))
	}
	return b.String()
}

func (g *generator) node(depth int) string {
	if depth == 0 {
		return g.one("text ", "{{ "+g.value()+" }}")
	}
	switch g.r.IntN(12) {
	case 9:
		return g.caseTag(depth)
	case 10:
		name := g.one("va", "vb", "vd")
		body := g.nodes(depth - 1)
		g.variables = append(g.variables, name)
		return "{% capture " + name + " %}" + body + "{% endcapture %}"
	case 11:
		return g.one(`{% cycle "a", "b" %}`, "{% cycle "+g.value()+", city %}", "{% increment vn %}", "{% ifchanged %}"+g.nodes(depth-1)+"{% endifchanged %}",
			`<a href="`+"{{ "+g.value()+` }}">x</a>`, `<a href="{{ brand.app_url }}/{{ `+g.value()+` }}">x</a>`)
	case 0, 1:
		return "{{ " + g.value() + " }}"
	case 2, 3:
		return "{% if " + g.condition() + " %}" + g.nodes(depth-1) + g.one("", "{% else %}"+g.nodes(depth-1), "{% elsif "+g.condition()+" %}"+g.nodes(depth-1)) + "{% endif %}"
	case 4:
		return "{% unless " + g.condition() + " %}" + g.one(g.nodes(depth-1), `{% skip "why" %}`) + g.one("", "{% else %}"+g.nodes(depth-1)) + "{% endunless %}"
	case 5:
		name := g.one("va", "vb", "vc")
		text := "{% assign " + name + " = " + g.value() + " %}"
		g.variables = append(g.variables, name)
		return text
	case 6:
		return g.loop(depth)
	case 7:
		return "{% case " + g.name() + " %}{% when " + g.literal() + " %}" + g.nodes(depth-1) + g.one("", "{% else %}"+g.nodes(depth-1)) + "{% endcase %}"
	}
	return g.one("text ", `<a href="https://acme.example/`+"{{ "+g.value()+` }}">x</a>`, `<p title="`+"{{ "+g.value()+` }}">`)
}

// caseTag may match several times, and have an else in the middle.
func (g *generator) caseTag(depth int) string {
	one := func() string {
		return g.one("{% when "+g.literal()+" %}", "{% when "+g.literal()+", "+g.literal()+" %}", "{% when "+g.name()+" %}", "{% else %}") + g.nodes(depth-1)
	}
	return "{% case " + g.name() + " %}" + one() + one() + one() + "{% endcase %}"
}

func (g *generator) loop(depth int) string {
	in := g.one("interests", "picks", "data.articles", "(1..3)", "(1..seats) limit: 3", "interests limit: 2", "picks reversed",
		"data.none", "data.nested", "picks limit: 0", "data.articles offset: 1", "data.articles reversed", g.name())
	variable := g.one("i", "j")
	g.variables = append(g.variables, variable, variable+".name", variable+".price", variable+".title", variable+".tags", "forloop.index", "forloop.parentloop.index")
	leave := g.one("{% break %}", "{% continue %}")
	body := g.nodes(depth-1) + g.one("", "", leave, "{% if "+g.condition()+" %}{% assign va = "+g.value()+" %}"+leave+"{% endif %}") + g.nodes(depth-1)
	return "{% for " + variable + " in " + in + " %}" + body + g.one("", "{% else %}"+g.nodes(depth-1)) + "{% endfor %}"
}

func (g *generator) name() string {
	names := []string{
		"first_name", "city", "plan", "trial_days_left", "projects_30d", "seats", "score", "interests[0]", "interests.first", "interests.size",
		"picks[1].name", "person.email", "person.locale", "brand.app_url", "nickname", "data.articles[0].title", "data.articles[1].tag", "picks.first.price",
		`city["size"]`, `interests["first"]`, "opted_in", "data.none.first.title", "data.none", "data.nested[1].tags.first.name", "score", "person.time_zone",
	}
	return g.one(append(names, g.variables...)...)
}

func (g *generator) literal() string { return g.one(`"pro"`, `"free"`, "3", "0", "2.5", `"x"`, "nil") }

func (g *generator) value() string {
	value := g.name()
	switch g.r.IntN(8) {
	case 0:
		return g.literal()
	case 1, 2, 3:
		return value + ` | default: "you"`
	case 4, 5:
		return g.one("city", "seats", "projects_30d", "person.email", "brand.app_url", value)
	}
	for range g.r.IntN(3) {
		value += " | " + g.one(
			`default: "you"`, "default: 7", "default: "+g.name(), "upcase", "capitalize", "strip", `append: "!"`, "prepend: "+g.name(), "plus: 1", "minus: "+g.name(),
			"times: 2", "divided_by: "+g.name(), "modulo: 3", "at_least: 1", "at_most: 10", "abs", "round", "ceil", "size", "first", "last", `join: ", "`,
			`split: " "`, "truncate: 5", "slice: 0, 3", `replace: "a", ""`, `remove: "o"`, "sort", `map: "name"`, `where: "name", "x"`, "compact", "uniq",
			`pluralize: "day", "days"`, "reverse", "sum", `sum: "price"`, "concat: interests", "strip_html", "truncatewords: 2", `find: "name", "n1"`,
			"slice: 1", "truncate: 4, ''", `date: "%Y"`, `date: "%n"`, "concat: data.none", "floor", "times: "+g.name(), "sort_natural", `has: "name"`, `find_index: "name", "n1"`,
			`reject: "name", "x"`, "strip_newlines", `append: " "`, `default: " "`, "default: 7, allow_false: true",
		)
	}
	return value
}

func (g *generator) condition() string {
	one := func() string {
		return g.one(
			g.name(), g.name()+" == "+g.literal(), g.name()+" != "+g.literal(), g.name()+" > "+g.literal(), g.name()+" <= "+g.name(),
			g.name()+" != blank", g.name()+" == empty", g.name()+` contains "a"`, g.name()+" == "+g.name(), g.literal()+" < "+g.name(),
		)
	}
	switch g.r.IntN(4) {
	case 0:
		return one() + " and " + one()
	case 1:
		return one() + " or " + one()
	}
	return one()
}

// randomPerson has each attribute or not; some values are ones that the catalogue does not allow.
func randomPerson(r *rand.Rand) *audience.Person {
	one := func(list ...string) string { return list[r.IntN(len(list))] }
	p := &audience.Person{ID: "p", Email: "a@b.example", Locale: one("", "de"), Attributes: map[string]json.RawMessage{}}
	for name, values := range map[string][]string{
		"first_name": {`"Ann"`, `" "`, `"<b>"`, `"x y z"`, `"Zoë 千夏 فاطمة 😀"`, `".\\nFrom x"`, `null`, `7`}, "city": {`"Rome"`, `""`}, "plan": {`"free"`, `"pro"`, `"trial"`, `"gold"`},
		"trial_days_left": {`0`, `3`, `60`, `61`, `"3"`}, "projects_30d": {`0`, `1`, `9007199254740993`, `-1`}, "seats": {`1`, `5`, `0`},
		"score": {`0`, `-2.5`, `1e300`, `3`}, "opted_in": {`true`, `false`}, "last_order_at": {`"2026-01-02T03:04:05Z"`, `"x"`},
		"nickname": {`"a b"`, `"é/?"`}, "site": {`"https://acme.example/x"`, `"http://acme.example"`, `"javascript:1"`},
		"interests": {`[]`, `["a"]`, `["b","a",""]`, `["a",3]`, `[" "]`},
		"picks":     {`[]`, `[{"name":"n1","url":"https://acme.example","price":2}]`, `[{"name":"n1"}]`, `[{"name":"a","url":"https://x.example","price":1.5},{"name":"b","url":"https://x.example","price":0}]`},
	} {
		if r.IntN(3) > 0 {
			p.Attributes[name] = json.RawMessage(one(values...))
		}
	}
	return p
}
