package workspace

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"germane/audience"
	"germane/internal/document"
	"germane/internal/finding"
)

// Persona is a personas/NAME.yaml: an invented person to preview with.
type Persona struct {
	Name   string
	File   *finding.File
	Person *audience.Person // nil: not readable, which is a finding
}

// personaReader reads a persona as the JSON of a person, so that both are read by the same code, and carries its problems back to
// their places.
type personaReader struct {
	r     *document.Reader
	doc   *document.Node
	scope *audience.Scope
}

func readPersona(r *document.Reader, src source, scope *audience.Scope) *Persona {
	p := &Persona{Name: src.name, File: src.file}
	doc, findings := document.Parse(src.file.All(), document.Format{})
	r.Findings = append(r.Findings, findings...)
	if finding.HasErrors(findings) {
		return p
	}
	pr := &personaReader{r: r, doc: doc, scope: scope}
	person, err := audience.ReadPerson(pr.json())
	if err != nil {
		pr.problems(err)
		return p
	}
	if person.ID == "" {
		person.ID = src.name
	}
	for _, problem := range person.Check(scope.Catalogue, scope.Topics) {
		pr.problem(problem)
	}
	p.Person = person
	return p
}

// json writes the persona's known parts; unknown ones are findings.
func (pr *personaReader) json() []byte {
	f := pr.r.Map(pr.doc, "a persona")
	var out strings.Builder
	out.WriteByte('{')
	for _, key := range []string{"id", "email", "time_zone", "locale"} {
		if text, ok := f.Text(key); ok {
			member(&out, key, quote(text.S))
		}
	}
	member(&out, "attributes", pr.attributes(f))
	member(&out, "topics", pr.topics(f))
	if n := f.Get("observed_at"); n != nil {
		member(&out, "observed_at", jsonOf(n, &audience.Type{Kind: audience.Time}))
	}
	f.Done("a persona")
	out.WriteByte('}')
	return []byte(out.String())
}

func (pr *personaReader) attributes(f *document.Fields) string {
	var out strings.Builder
	out.WriteByte('{')
	for _, pair := range pr.r.Map(f.Get("attributes"), "attributes").Node().Pairs {
		attribute, ok := pr.scope.Catalogue.Attribute(pair.Key.S)
		if !ok {
			pr.r.Add(pair.Key.Whole("unknown-attribute", "there is no attribute "+strconv.Quote(pair.Key.S),
				finding.DidYouMean(pair.Key.S, pr.scope.Catalogue.Names(), "declare it in attributes.yaml: "+pair.Key.S+": {type: string}")))
			continue
		}
		member(&out, pair.Key.S, jsonOf(pair.Value, &attribute.Type))
	}
	return out.String() + "}"
}

func (pr *personaReader) topics(f *document.Fields) string {
	var out strings.Builder
	out.WriteByte('{')
	for _, pair := range pr.r.Map(f.Get("topics"), "topics").Node().Pairs {
		if !contains(pr.scope.Topics, pair.Key.S) {
			pr.r.Add(pair.Key.Whole("unknown-topic", "there is no topic "+strconv.Quote(pair.Key.S),
				finding.DidYouMean(pair.Key.S, pr.scope.Topics, "add it to germane.yaml: topics: {"+pair.Key.S+": …}")))
			continue
		}
		member(&out, pair.Key.S, jsonOf(pair.Value, nil))
	}
	return out.String() + "}"
}

func member(out *strings.Builder, key, value string) {
	if s := out.String(); s[len(s)-1] != '{' {
		out.WriteByte(',')
	}
	out.WriteString(quote(key) + ":" + value)
}

func quote(s string) string {
	data, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(data)
}

// jsonOf writes a YAML value as JSON. The type decides whether 007 is a text; without one a scalar is a text.
func jsonOf(n *document.Node, t *audience.Type) string {
	switch n.Kind {
	case document.Map:
		var out strings.Builder
		out.WriteByte('{')
		for _, pair := range n.Pairs {
			member(&out, pair.Key.S, jsonOf(pair.Value, partType(t, pair.Key.S)))
		}
		return out.String() + "}"
	case document.List:
		parts := make([]string, len(n.Items))
		for i, item := range n.Items {
			parts[i] = jsonOf(item, partType(t, ""))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case document.Scalar:
		plain := t != nil && !n.Quoted && (t.Kind.Number() || t.Kind == audience.Bool)
		if plain && json.Valid([]byte(n.Text.S)) {
			return n.Text.S
		}
		return quote(n.Text.S)
	}
	return "null"
}

// partType is the type of a list's items, or of a record's field.
func partType(t *audience.Type, field string) *audience.Type {
	switch {
	case t == nil:
		return nil
	case t.Kind == audience.List && field == "":
		return t.Of
	case t.Kind == audience.Record:
		for i := range t.Fields {
			if t.Fields[i].Name == field {
				return &t.Fields[i].Type
			}
		}
	case t.Kind == audience.Time: // observed_at by attribute
		return t
	}
	return nil
}

func (pr *personaReader) problems(err error) {
	var one *audience.PersonError
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, part := range joined.Unwrap() {
			pr.problems(part)
		}
	} else if errors.As(err, &one) {
		pr.problem(one)
	}
}

// problem reports what is wrong at a path such as attributes.plan.
func (pr *personaReader) problem(problem *audience.PersonError) {
	place, rest, name := pr.doc.Text.Slice(0, 0), problem.Place, problem.Place
	for n := pr.doc; rest != "" && n != nil; {
		var key string
		key, rest, _ = strings.Cut(rest, ".")
		n = n.Get(key)
		if n != nil {
			place = n.Text
		}
	}
	if name == "" {
		name = "a persona"
	}
	pr.r.Add(place.At(0, max(1, len(place.S)), "bad-person", name+" "+problem.Problem, "write it as people are imported: {id: ann, email: ann@mail.example, attributes: {plan: trial}, topics: {tips: subscribed}}"))
}
