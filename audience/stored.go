package audience

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"germane/internal/document"
	"germane/internal/finding"
)

// Stored turns the person into the form that stores keep and [Selection.Decode] reads, so that previews and sends decode alike.
// imported is the time of attributes that carry none.
func (p *Person) Stored(imported time.Time) *Stored {
	observed := p.ObservedAt
	if observed.IsZero() {
		observed = imported
	}
	s := &Stored{ID: p.ID, Email: p.Email, Locale: p.Locale, TimeZone: p.TimeZone, ObservedAt: observed.UnixMilli()}
	s.Attributes = p.object(sortedKeys(p.Attributes), func(name string) []byte { return p.Attributes[name] })
	if len(p.Observed) > 0 {
		s.Exceptions = p.object(sortedKeys(p.Observed), func(name string) []byte {
			return strconv.AppendInt(nil, p.Observed[name].UnixMilli(), 10)
		})
	}
	for _, topic := range sortedKeys(p.Topics) {
		s.Topics = append(s.Topics, TopicConsent{Topic: topic, State: p.Topics[topic].State})
	}
	return s
}

// object writes a JSON object; names need no escapes, as [ReadPerson] and catalogues hold them to small letters, digits and _.
func (p *Person) object(names []string, value func(string) []byte) []byte {
	b := []byte{'{'}
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		key, _ := json.Marshal(name)
		b = append(append(append(b, key...), ':'), value(name)...)
	}
	return append(b, '}')
}

// Person turns the stored form back into the public one. What the store keeps beside a consent's state is the store's to add.
func (s *Stored) Person() (*Person, error) {
	p := &Person{ID: s.ID, Email: s.Email, Locale: s.Locale, TimeZone: s.TimeZone}
	if s.ObservedAt != 0 {
		p.ObservedAt = time.UnixMilli(s.ObservedAt).UTC()
	}
	if len(s.Attributes) > 0 {
		if err := json.Unmarshal(s.Attributes, &p.Attributes); err != nil {
			return nil, fmt.Errorf("read stored attributes: %w", err)
		}
	}
	var exceptions map[string]int64
	if len(s.Exceptions) > 0 {
		if err := json.Unmarshal(s.Exceptions, &exceptions); err != nil {
			return nil, fmt.Errorf("read stored observation times: %w", err)
		}
	}
	for name, at := range exceptions {
		if p.Observed == nil {
			p.Observed = map[string]time.Time{}
		}
		p.Observed[name] = time.UnixMilli(at).UTC()
	}
	for _, topic := range s.Topics {
		if p.Topics == nil {
			p.Topics = map[string]Consent{}
		}
		p.Topics[topic.Topic] = Consent{State: topic.State}
	}
	return p, nil
}

// Set gives an attribute a value written as plain text, as `--set plan=pro` does: a list is JSON or values with commas between; a
// blank text removes the attribute.
func (p *Person) Set(catalogue *Catalogue, name, text string) error {
	a, ok := catalogue.Attribute(name)
	if !ok {
		return &PersonError{Place: name, Problem: "is not declared in attributes.yaml; " + finding.DidYouMean(name, catalogue.Names(), "germane knows "+list(catalogue.Names()))}
	}
	if blank(text) {
		delete(p.Attributes, name)
		return nil
	}
	raw, problem := a.Type.toJSON(text)
	if problem != "" {
		return &PersonError{Place: name, Problem: fmt.Sprintf("cannot be %q: %s; %s", text, problem, a.Type.advice(text))}
	}
	if p.Attributes == nil {
		p.Attributes = map[string]json.RawMessage{}
	}
	p.Attributes[name] = raw
	return nil
}

// toJSON turns plain text (a CSV cell, a --set) into the JSON of a value.
func (t *Type) toJSON(text string) (raw json.RawMessage, problem string) {
	if t.Kind != List {
		v, problem := t.Parse(text)
		if problem != "" {
			return nil, problem
		}
		return v.json(nil, t), ""
	}
	raw = json.RawMessage(strings.TrimSpace(text))
	if !strings.HasPrefix(text, "[") && t.Of.Kind != Record {
		v := Value{Kind: List, State: Present}
		for part := range strings.SplitSeq(text, ",") {
			element, problem := t.Of.Parse(strings.TrimSpace(part))
			if problem != "" {
				return nil, problem
			}
			v.Items = append(v.Items, element)
		}
		raw = v.json(nil, t)
	}
	var v Value
	var buffer []Value
	if !json.Valid(raw) || t.decode(raw, &v, &buffer) != Present {
		return nil, "it is not " + withArticle(t.String())
	}
	return raw, ""
}

// FromText turns plain text, such as a CSV cell, into an attribute's JSON; problem is "" when that worked. A blank text is
// nothing at all: raw is nil.
func (a *Attribute) FromText(text string) (raw json.RawMessage, problem string) {
	if blank(text) {
		return nil, ""
	}
	return a.Type.toJSON(text)
}

// json writes a present value.
func (v *Value) json(b []byte, t *Type) []byte {
	switch v.Kind {
	case String, URL:
		quoted, _ := json.Marshal(v.Text)
		return append(b, quoted...)
	case Time, Date:
		return append(append(append(b, '"'), v.String()...), '"')
	case List:
		b = append(b, '[')
		for i := range v.Items {
			if i > 0 {
				b = append(b, ',')
			}
			b = v.Items[i].json(b, t.Of)
		}
		return append(b, ']')
	case Record:
		b = append(b, '{')
		for i := range v.Items {
			if i > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendQuote(b, t.Fields[i].Name)
			b = v.Items[i].json(append(b, ':'), &t.Fields[i].Type)
		}
		return append(b, '}')
	}
	return v.append(b)
}

// ReadPersona reads personas/NAME.yaml: a person's keys, the attributes checked against the scope's catalogue.
func ReadPersona(doc *document.Node, scope *Scope) (*Person, []finding.Finding) {
	p, r := &Person{Attributes: map[string]json.RawMessage{}}, &document.Reader{}
	f := r.Map(doc, "a persona")
	p.ID = personaText(r, f, "id", CheckID)
	p.Email = personaText(r, f, "email", CheckEmail)
	p.TimeZone = personaText(r, f, "time_zone", CheckTimeZone)
	p.Locale = personaText(r, f, "locale", CheckLocale)
	p.readPersonaAttributes(r, f.Get("attributes"), scope.Catalogue)
	p.readPersonaTimes(r, f, scope.Catalogue)
	p.readPersonaTopics(r, f.Get("topics"), scope.Topics)
	f.Done("a persona")
	return p, r.Findings
}

func personaText(r *document.Reader, f *document.Fields, key string, check func(string) string) string {
	text, ok := f.Text(key)
	if ok && text.S != "" {
		if problem := check(text.S); problem != "" {
			r.Add(text.Whole("bad-person", key+": "+problem, "invent one: personas need no real people"))
		}
	}
	return text.S
}

func (p *Person) readPersonaAttributes(r *document.Reader, n *document.Node, catalogue *Catalogue) {
	for _, pair := range r.Map(n, "the attributes of a person").Node().Pairs {
		a, ok := catalogue.Attribute(pair.Key.S)
		switch {
		case !ok:
			r.Add(unknownAttribute(pair.Key, catalogue))
		case pair.Value.Kind == document.Null:
		default:
			if v, ok := readValue(r, pair.Value, &a.Type, a.Name); ok {
				p.Attributes[a.Name] = v.json(nil, &a.Type)
			}
		}
	}
}

func unknownAttribute(name finding.Text, catalogue *Catalogue) finding.Finding {
	return name.Whole("unknown-attribute", "there is no attribute "+name.S,
		finding.DidYouMean(name.S, catalogue.Names(), "declare it in attributes.yaml: "+name.S+": {type: string}"))
}

func (p *Person) readPersonaTimes(r *document.Reader, f *document.Fields, catalogue *Catalogue) {
	n := f.Get("observed_at")
	if n == nil {
		return
	}
	if n.Kind != document.Map {
		if text, ok := f.Text("observed_at"); ok {
			p.ObservedAt = personaTime(r, text)
		}
		return
	}
	p.Observed = map[string]time.Time{}
	for _, pair := range n.Pairs {
		if _, ok := catalogue.Attribute(pair.Key.S); !ok {
			r.Add(unknownAttribute(pair.Key, catalogue))
		} else {
			p.Observed[pair.Key.S] = personaTime(r, pair.Value.Text)
		}
	}
}

func personaTime(r *document.Reader, text finding.Text) time.Time {
	at, ok := parseTime(text.S)
	if !ok {
		r.Add(text.Whole("bad-date", fmt.Sprintf("%q is not a time", text.S), "write 2027-03-01T09:00:00Z or 2027-03-01"))
		return time.Time{}
	}
	return time.UnixMilli(at).UTC()
}

func (p *Person) readPersonaTopics(r *document.Reader, n *document.Node, topics []string) {
	p.Topics = map[string]Consent{}
	for _, pair := range r.Map(n, "the topics of a person").Node().Pairs {
		if !slices.Contains(topics, pair.Key.S) {
			r.Add(pair.Key.Whole("unknown-topic", fmt.Sprintf("there is no topic %q", pair.Key.S),
				finding.DidYouMean(pair.Key.S, topics, "declare it under topics in germane.yaml")))
			continue
		}
		state, ok := ParseConsentState(pair.Value.Text.S)
		if !ok {
			r.Add(pair.Value.Text.Whole("bad-value", fmt.Sprintf("%q is not a state of consent", pair.Value.Text.S), "use none, pending, subscribed or unsubscribed"))
		}
		p.Topics[pair.Key.S] = Consent{State: state}
	}
}
