package audience

import (
	"fmt"
	"regexp"
	"time"

	"germane/internal/document"
	"germane/internal/finding"
)

// Event is a declared thing people do.
type Event struct {
	Name        string
	Fields      []Field
	Sample      []Value // by field, to preview with; absent where the file gives none
	Description string
	Place       finding.Text // its name in events.yaml
}

// Events is every declared event.
type Events struct {
	events []*Event
	byName map[string]*Event
}

// Event returns a declared event. Nil events declare nothing.
func (e *Events) Event(name string) (*Event, bool) {
	if e == nil {
		return nil, false
	}
	event, ok := e.byName[name]
	return event, ok
}

// All returns every event in the order of the file.
func (e *Events) All() []*Event {
	if e == nil {
		return nil
	}
	return e.events
}

// Names returns the events' names in the order of the file.
func (e *Events) Names() []string {
	names := make([]string, 0, len(e.All()))
	for _, event := range e.All() {
		names = append(names, event.Name)
	}
	return names
}

// ReadEvents reads events.yaml.
func ReadEvents(doc *document.Node) (*Events, []finding.Finding) {
	events, r := &Events{byName: map[string]*Event{}}, &document.Reader{}
	for _, pair := range r.Map(doc, "the list of events").Node().Pairs {
		if CheckFieldName(r, pair.Key, "an event") {
			event := readEvent(r, pair.Key, pair.Value)
			events.events = append(events.events, event)
			events.byName[event.Name] = event
		}
	}
	return events, r.Findings
}

func readEvent(r *document.Reader, name finding.Text, n *document.Node) *Event {
	event := &Event{Name: name.S, Place: name}
	f := r.Map(n, "an event")
	if fields := f.Get("fields"); fields != nil {
		event.Fields = ReadFields(r, fields, "the fields of an event")
	}
	event.Sample = make([]Value, len(event.Fields))
	sample := r.Map(f.Get("sample"), "a sample")
	for i := range event.Fields {
		field := &event.Fields[i]
		if v := sample.Get(field.Name); v != nil {
			event.Sample[i], _ = readValue(r, v, &field.Type, field.Name)
		}
	}
	sample.Done("the sample of " + name.S)
	event.Description = f.String("description")
	f.Done("an event")
	return event
}

// Goal is the event a campaign or block wants to see, and how soon after the message it counts.
type Goal struct {
	Event  string
	Within time.Duration
}

var goalForm = regexp.MustCompile(`^(\S+)\s+within\s+(\S+)$`)

// ParseGoal reads "project_created within 7d".
func ParseGoal(text finding.Text, events *Events) (Goal, []finding.Finding) {
	text = text.Trim()
	r := &document.Reader{}
	match := goalForm.FindStringSubmatchIndex(text.S)
	if match == nil {
		r.Add(text.Whole("bad-goal", fmt.Sprintf("%q is not a goal", text.S), "write an event and how soon it counts: "+exampleEvent(events)+" within 7d"))
		return Goal{}, r.Findings
	}
	name := text.Slice(match[2], match[3])
	if _, ok := events.Event(name.S); !ok {
		r.Add(name.Whole("unknown-event", fmt.Sprintf("there is no event %q", name.S),
			finding.DidYouMean(name.S, events.Names(), "declare it in events.yaml: "+name.S+": {}")))
	}
	within, ok := r.Duration(text.Slice(match[4], match[5]))
	if ok && within == 0 {
		r.Add(text.Slice(match[4], match[5]).Whole("bad-goal", "nothing can happen within no time", "write how soon the event counts, such as 7d"))
	}
	return Goal{Event: name.S, Within: within}, r.Findings
}

func exampleEvent(events *Events) string {
	if names := events.Names(); len(names) > 0 {
		return names[0]
	}
	return "project_created"
}
