package render

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"

	"germane/audience"
	"germane/internal/finding"
	"germane/templates"
)

// prefixes are the names before a dot; everything else is an attribute or a variable.
var prefixes = []string{"person", "brand", "campaign", "sender", "event", "data", "links"}

// foreignPrefixes are what other products write before an attribute's name.
var foreignPrefixes = []string{"customer", "contact", "user", "subscriber", "profile", "recipient", "attributes", "custom_attribute", "member", "lead"}

var personFields = map[string]bool{"id": false, "email": false, "locale": true, "time_zone": true} // name → may be missing

// personUses stand for a person's fields among the attributes that a value is made of: they never go into links.
var personUses = func() map[string][]*audience.Attribute {
	uses := map[string][]*audience.Attribute{}
	for field := range personFields {
		uses[field] = []*audience.Attribute{{Name: "person." + field, Uses: audience.Select | audience.Render}}
	}
	return uses
}()

var linkFields = []string{"unsubscribe", "preferences"}

// expression returns the shape of a value.
func (a *analyzer) expression(e templates.Expression, env environment) *shape {
	switch e := e.(type) {
	case *templates.Literal:
		return literalShape(e)
	case *templates.Variable:
		return a.variable(e, env)
	case *templates.Range:
		return a.rangeOf(e, env)
	case *templates.Filtered:
		s := a.expression(e.Value, env)
		for i := range e.Filters {
			s = a.filter(e, &e.Filters[i], s, env)
		}
		return s
	case *templates.Binary:
		a.condition(e, env)
		return &shape{kind: boolKind, bytes: boolBytes}
	}
	return &shape{} // nothing could be read here, which the parser reported
}

func literalShape(e *templates.Literal) *shape {
	switch e.Kind {
	case templates.BoolLiteral:
		return &shape{kind: boolKind, bytes: boolBytes}
	case templates.IntLiteral:
		n := float64(e.Int)
		return &shape{kind: intKind, bytes: intBytes, min: &n, max: &n}
	case templates.FloatLiteral:
		return &shape{kind: floatKind, bytes: floatBytes, min: &e.Float, max: &e.Float}
	case templates.StringLiteral:
		s := constantText(e.String)
		s.literal = e.String
		return s
	case templates.NilLiteral, templates.EmptyLiteral, templates.BlankLiteral:
	}
	return &shape{kind: nilKind, missing: true}
}

func (a *analyzer) rangeOf(e *templates.Range, env environment) *shape {
	from, to := a.expression(e.From, env), a.expression(e.To, env)
	a.wants(e.From, from, "a range's start", intKind)
	a.wants(e.To, to, "a range's end", intKind)
	s := derived(rangeKind, 0, from, to)
	s.min, s.max = from.min, to.max
	s.items = maxBytes
	if from.min != nil && to.max != nil {
		s.items = int(max(0, min(*to.max-*from.min+1, maxBytes)))
	}
	if from.max != nil && to.min != nil {
		s.least = int(max(0, min(*to.min-*from.max+1, maxBytes)))
	}
	s.bytes = mulBytes(s.items, intBytes)
	return s
}

// variable resolves a name and its path.
func (a *analyzer) variable(v *templates.Variable, env environment) *shape {
	root, ok := v.Name.(*templates.Literal)
	if !ok {
		a.report(v.Span, "computed-name", "a name cannot be computed", "write the name itself, or use if and else")
		return &shape{}
	}
	name := root.String
	s, rest := a.root(v, name, env)
	for i, step := range rest {
		if s.kind == anyKind {
			return s
		}
		s = a.step(v, s, step, env, i)
	}
	if s.path != "" && env.facts[s.path] && s.missing {
		s = s.at(s.path)
		s.missing = false
	}
	if s.path != "" && env.facts[s.path+notZero] && !s.nonzero() {
		s = s.at(s.path)
		s.min = number(1) // enough to know that it is not zero; bounds are not printed
	}
	return s
}

// root resolves the first name of a variable, and returns the steps that remain.
func (a *analyzer) root(v *templates.Variable, name string, env environment) (*shape, []templates.Expression) {
	if s := env.variables[name]; s != nil {
		return s, v.Path
	}
	if attribute, ok := a.vocabulary.Catalogue.Attribute(name); ok {
		a.reads[name] = true
		if attribute.Uses&(audience.Render|audience.Select) == 0 {
			a.report(v.Span, "use-not-allowed", name+" may not be used in messages", "its `uses` in attributes.yaml would have to contain render; ask "+owner(attribute))
			return &shape{}, nil
		}
		return attributeShape(attribute), v.Path
	}
	if slices.Contains(prefixes, name) {
		return a.prefixed(v, name)
	}
	if a.early {
		return &shape{kind: nilKind, missing: true}, nil
	}
	a.unknown(v, name, env)
	return &shape{}, nil
}

func owner(attribute *audience.Attribute) string {
	if attribute.Owner != "" {
		return attribute.Owner
	}
	return "whoever keeps the catalogue"
}

func (a *analyzer) unknown(v *templates.Variable, name string, env environment) {
	known := a.vocabulary.Catalogue.Names()
	for variable := range env.variables {
		known = append(known, variable)
	}
	sort.Strings(known)
	hint := finding.DidYouMean(name, append(known, prefixes...), "declare it in attributes.yaml")
	if field := firstName(v.Path); slices.Contains(foreignPrefixes, name) && field != "" {
		hint = "attributes are bare names here: write " + bareName(field, known)
	} else if name == "content_blocks" {
		hint = "a Dynamic Block is placed with {% block name %}"
	}
	a.report(v.Span, "unknown-attribute", name+" is not an attribute or a variable", hint)
}

// bareName is the attribute that a foreign path means.
func bareName(field string, known []string) string {
	if near := finding.Nearest(field, known); near != "" {
		return "{{ " + near + " }}"
	}
	return "{{ " + field + " }} and declare it in attributes.yaml"
}

// prefixed resolves person., brand., campaign., event., data. and links.
func (a *analyzer) prefixed(v *templates.Variable, prefix string) (*shape, []templates.Expression) {
	field := firstName(v.Path)
	if field == "" {
		a.report(v.Span, "unknown-attribute", prefix+" is a prefix, not a value", "write "+prefix+".name")
		return &shape{}, nil
	}
	s, known := a.prefixField(prefix, field)
	if s == nil {
		hint := finding.DidYouMean(field, known, "known here: "+strings.Join(known, ", "))
		if _, ok := a.vocabulary.Catalogue.Attribute(field); ok {
			hint = "attributes are bare names: write {{ " + field + " }}"
		} else if prefix == "event" {
			hint = "events reach messages of triggered campaigns, which are for later"
		} else if len(known) == 0 {
			hint = "nothing is declared there yet"
		}
		a.report(v.Span, "unknown-attribute", fmt.Sprintf("%s has no %s", prefix, field), hint)
		return &shape{}, nil
	}
	s.path = prefix + "." + field
	return s, v.Path[1:]
}

func (a *analyzer) prefixField(prefix, field string) (*shape, []string) {
	switch prefix {
	case "person":
		if missing, ok := personFields[field]; ok {
			return &shape{kind: textKind, bytes: 320, missing: missing, origin: fromPerson, uses: personUses[field]}, nil
		}
		return nil, sortedKeys(personFields)
	case "brand":
		if value, ok := a.vocabulary.Brand[field]; ok {
			return brandShape(value), nil
		}
		return nil, sortedKeys(a.vocabulary.Brand)
	case "campaign", "sender":
		if _, ok := a.vocabulary.Constants[prefix+"."+field]; ok {
			return &shape{kind: textKind, bytes: 200, origin: fromSender}, nil
		}
		return nil, a.vocabulary.constants(prefix)
	case "links":
		if slices.Contains(linkFields, field) {
			return &shape{kind: urlKind, bytes: 512, origin: fromSender}, nil
		}
		return nil, linkFields
	case "data":
		if value, ok := a.vocabulary.Data[field]; ok {
			return valueShape(value), nil
		}
		return nil, sortedKeys(a.vocabulary.Data)
	}
	return nil, nil
}

// constants lists the fields of a prefix that are known when compiling.
func (v *Vocabulary) constants(prefix string) []string {
	var fields []string
	for _, name := range sortedKeys(v.Constants) {
		if field, ok := strings.CutPrefix(name, prefix+"."); ok {
			fields = append(fields, field)
		}
	}
	return fields
}

func brandShape(value string) *shape {
	s := constantText(value)
	s.origin = fromBrand
	return s
}

// constantText is the shape of a text known when compiling: a web address is a URL.
func constantText(value string) *shape {
	s := &shape{kind: textKind, bytes: len(value), blank: strings.TrimSpace(value) == ""}
	if strings.HasPrefix(value, "https://") || strings.HasPrefix(value, "http://") {
		s.kind = urlKind
	}
	return s
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func firstName(path []templates.Expression) string {
	if len(path) == 0 {
		return ""
	}
	if literal, ok := path[0].(*templates.Literal); ok && literal.Kind == templates.StringLiteral {
		return literal.String
	}
	return ""
}

// step resolves one .name or [index] of a path.
func (a *analyzer) step(v *templates.Variable, s *shape, step templates.Expression, env environment, i int) *shape {
	literal, ok := step.(*templates.Literal)
	if !ok || literal.Kind != templates.StringLiteral || !literal.Bare && s.kind != recordKind {
		return a.indexed(v, s, step, env)
	}
	name := literal.String
	switch s.kind {
	case nilKind: // whoever prints it finds that it is missing
		return &shape{kind: nilKind, missing: true}
	case recordKind:
		if field := s.fields[name]; field != nil {
			field = field.at(join2(s.path, "."+name))
			field.missing = field.missing || s.missing && !env.facts[s.path]
			return field
		}
		known := sortedKeys(s.fields)
		a.report(v.Span, "unknown-attribute", "there is no "+name+" in "+describe(s),
			finding.DidYouMean(name, known, "known here: "+strings.Join(known, ", ")))
		return &shape{}
	case listKind:
		switch name {
		case "size":
			return a.sized(s, env)
		case "first", "last":
			return element(s, name)
		}
	case textKind, urlKind:
		if name == "size" {
			return a.sized(s, env)
		}
	}
	a.report(v.Span, "unknown-attribute", describe(s)+" has no "+name, "")
	return &shape{}
}

// describe names a value for a sentence.
func describe(s *shape) string {
	if s.path != "" {
		return s.path
	}
	return s.kind.String()
}

func join2(path, step string) string {
	if path == "" {
		return ""
	}
	return path + step
}

func (a *analyzer) sized(s *shape, env environment) *shape {
	size := derived(intKind, intBytes, s)
	size.min = number(0)
	size.missing = s.missing && !env.facts[s.path]
	return size
}

// element is the first or last element of a list, missing when the list is empty.
func element(s *shape, step string) *shape {
	item := s.of.at(join2(s.path, "."+step))
	item.missing = true
	return item
}

func (a *analyzer) indexed(v *templates.Variable, s *shape, step templates.Expression, env environment) *shape {
	index := a.expression(step, env)
	if s.kind == nilKind {
		return &shape{kind: nilKind, missing: true}
	}
	if s.kind != listKind {
		a.report(step.Place(), "type-mismatch", describe(s)+" is not a list", "only lists take [number]")
		return &shape{}
	}
	a.wants(step, index, "an index", intKind)
	item := *s.of
	item.missing, item.path = true, ""
	if literal, ok := step.(*templates.Literal); ok && s.path != "" {
		item.path = s.path + "[" + strconv.FormatInt(literal.Int, 10) + "]"
	}
	return &item
}

// wants reports a value that is not of one of the kinds, or may be missing.
func (a *analyzer) wants(e templates.Expression, s *shape, what string, kinds ...kind) bool {
	if s.kind == anyKind {
		return false
	}
	if !slices.Contains(kinds, s.kind) && s.kind != nilKind {
		names := make([]string, len(kinds))
		for i, k := range kinds {
			names[i] = k.String()
		}
		a.report(e.Place(), "type-mismatch", fmt.Sprintf("%s must be %s, but %s is %s", what, strings.Join(names, " or "), a.source(e), s.kind), "")
		return false
	}
	if s.missing {
		a.mayBeMissing(e, s)
		return false
	}
	return true
}

func (a *analyzer) mayBeMissing(e templates.Expression, s *shape) {
	name := a.source(e)
	guard := name
	if s.path != "" {
		guard = s.path
	}
	a.report(e.Place(), "value-may-be-missing", name+" may be missing for some people",
		fmt.Sprintf("add a fallback: {{ %s | default: \"…\" }}, or write {%% if %s %%} around it", guard, guard))
}

// source is an expression as its author wrote it.
func (a *analyzer) source(e templates.Expression) string {
	at := e.Place()
	if at.Start < 0 || at.End > len(a.file.Text) || at.Start >= at.End {
		return "this"
	}
	text := strings.Join(strings.Fields(a.file.Text[at.Start:at.End]), " ")
	if len(text) > 60 {
		return "this"
	}
	return text
}
