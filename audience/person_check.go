package audience

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Check compares the person with what is declared and returns everything that does not fit: no id or address, unknown attributes
// and topics, values that would be missing because the catalogue does not allow them. A blank value is no problem.
func (p *Person) Check(catalogue *Catalogue, topics []string) []*PersonError {
	var problems []*PersonError
	add := func(place, problem string) { problems = append(problems, &PersonError{Place: place, Problem: problem}) }
	if p.ID == "" {
		add("id", "is missing")
	}
	if p.Email == "" {
		add("email", "is missing")
	}
	for _, name := range sortedKeys(p.Attributes) {
		if problem := catalogue.checkValue(name, p.Attributes[name]); problem != "" {
			add(join("attributes", name), problem)
		}
	}
	for _, name := range sortedKeys(p.Observed) {
		if _, ok := catalogue.Attribute(name); !ok {
			add(join("observed_at", name), "is not declared in attributes.yaml")
		}
	}
	for _, name := range sortedKeys(p.Topics) {
		if !slices.Contains(topics, name) {
			add(join("topics", name), "is not a topic of germane.yaml")
		}
	}
	return problems
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func (c *Catalogue) checkValue(name string, raw json.RawMessage) string {
	a, ok := c.Attribute(name)
	if !ok {
		return "is not declared in attributes.yaml"
	}
	var v Value
	var buffer []Value
	if raw[0] == 'n' || a.Type.decode(raw, &v, &buffer) != NotAllowed {
		return ""
	}
	shown := "this value"
	if text, ok := jsonText(raw); ok && !a.guarded() {
		shown = text
	}
	return fmt.Sprintf("%s is not allowed for %s; %s", shown, withArticle(a.Type.String()), a.Type.advice(""))
}

// quoted shows the beginning of a text that somebody wrote.
func quoted(text string) string { return strconv.Quote(shortened(text)) }

func shortened(text string) string {
	const most = 40
	if runes := []rune(text[:min(len(text), 4*most)]); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// guarded attributes are not repeated in reasons for rejecting a row, which lie about in files: text that people wrote freely, and
// what the catalogue calls personal.
func (a *Attribute) guarded() bool {
	return a.Type.Kind == String && a.Type.Values == nil || a.Sensitivity == "personal" || a.Sensitivity == "special"
}

// shown is a value as reasons for rejecting it repeat it.
func (a *Attribute) shown(text string) string {
	if a.guarded() {
		return "this value"
	}
	return quoted(text)
}

// jsonText shows the beginning of a JSON value.
func jsonText(raw []byte) (string, bool) {
	if raw[0] != '"' {
		return shortened(string(raw)), true
	}
	text, ok := unquote(raw)
	return quoted(text), ok
}
