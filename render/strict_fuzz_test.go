package render

import (
	"math/rand/v2"
	"testing"
	"time"

	"germane/audience"
	"germane/internal/finding"
	"germane/templates"
)

// FuzzStrict gives the analyser any source as a body or a subject. It must not panic or take long, and what it accepts renders for
// random people, without an error and with something at every {{ }}.
func FuzzStrict(f *testing.F) {
	for _, source := range []string{
		`{{ first_name | default: "Hello" }}, {{ city }}: {{ trial_days_left | default: 3 | pluralize: "day", "days" }}`,
		`{% if first_name and plan == "pro" %}<a href="https://acme.example/{{ first_name }}">{{ plan | upcase }}</a>{% else %}{{ seats | plus: 1 }}{% endif %}`,
		`{% unless nickname %}{% skip "no name" %}{% endunless %}{% assign n = nickname %}{% for i in interests limit: 3 %}{{ n }} {{ i }}{% break %}{% else %}-{% endfor %}`,
		`{% for p in picks %}<a href="{{ p.url }}" title="{{ p.name }}">{{ p.price | round: 2 }}</a>{% cycle "a", p.name %}{% endfor %}`,
		`{% capture c %}{{ city | truncate: 5 }}{% endcapture %}{{ c | default: "x" }}{% case plan %}{% when "pro", "free" %}{{ plan }}{% endcase %}`,
		`{% assign a = data.articles | where: "tag", "new" | map: "title" | join: ", " %}{% if a != blank %}{{ a }}{% endif %}{{ "now" | date: "%Y" }}`,
		`{% liquid
assign x = projects_30d | at_least: 1
echo 10 | divided_by: x %}`,
		`{% tablerow i in (1..seats) %}{{ i }}{% endtablerow %}{% increment v %}{% ifchanged %}{{ v }}{% endifchanged %}`,
	} {
		for form := range forms {
			f.Add(source, uint8(form), uint64(1))
		}
	}
	vocabulary := testVocabulary(f)
	vocabulary.Blocks = nil // a message of blocks is compiled with them, and there are none
	f.Fuzz(func(t *testing.T, source string, form uint8, seed uint64) {
		if len(source) > 10_000 {
			return
		}
		began := time.Now()
		checkProof(t, source, form%forms, seed, vocabulary)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// The forms a source may have.
const (
	htmlForm = iota
	markdownForm
	lineForm
	forms
)

func checkProof(t *testing.T, source string, form uint8, seed uint64, vocabulary *Vocabulary) {
	t.Helper()
	parts := provedParts(source, form, vocabulary)
	if parts == nil {
		return
	}
	message, err := Compile(parts, vocabulary)
	if err != nil {
		t.Fatal(err)
	}
	var empty string
	for _, c := range []code{message.subject, message.html, message.plain} {
		watchAll(c, &empty)
	}
	r := rand.New(rand.NewPCG(seed, 1))
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	envelope := &Envelope{To: "a@b.example", Date: now, ID: "d1", Unsubscribe: "https://x.example/u", Preferences: "https://x.example/p"}
	var renderer Renderer
	for range 5 {
		var decoded audience.Decoded
		stored := randomPerson(r).Stored(now)
		if err := message.Selection.Decode(stored, now.UnixMilli(), &decoded); err != nil {
			t.Fatal(err)
		}
		if _, err := renderer.Render(message, &decoded, nil, envelope); err != nil || empty != "" {
			t.Fatalf("for %s: %v, empty: %s", stored.Attributes, err, empty)
		}
	}
}

// provedParts is a message of a source, or nil if there is a finding.
func provedParts(source string, form uint8, vocabulary *Vocabulary) *Parts {
	file := finding.NewFile("t", source)
	tokens, findings := templates.Lex(file.All())
	analyse := func(nodes []templates.Node, place Place, plain bool) *Analysis {
		analysis, more := Analyse(&Piece{File: file, Nodes: nodes, Place: place, Plain: plain}, vocabulary)
		findings = append(findings, more...)
		return analysis
	}
	parts := &Parts{Name: "t", Sender: Sender{Email: "a@b.example"}}
	if form == lineForm {
		nodes, more := templates.Parse(tokens, templates.Mail)
		findings = append(findings, more...)
		parts.Subject, parts.Body, parts.Plain = analyse(nodes, LinePlace, false), analyse(nil, BodyPlace, false), analyse(nil, BodyPlace, true)
	} else {
		html, text, more := templates.Body(tokens, file, form == markdownForm, nil)
		findings = append(findings, more...)
		parts.Body, parts.Plain = analyse(html, BodyPlace, false), analyse(text, BodyPlace, true)
	}
	if len(findings) > 0 {
		return nil
	}
	return parts
}
