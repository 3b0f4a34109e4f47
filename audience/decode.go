package audience

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unsafe"
)

// PersonField is a fact every person has a place for, beside the declared attributes.
type PersonField uint8

// The fields that rules and messages reach as person.id and so on.
const (
	PersonID PersonField = iota
	PersonEmail
	PersonLocale
	PersonTimeZone

	personFields = 4
)

var personFieldNames = [personFields]string{"id", "email", "locale", "time_zone"}

// String returns the field as a rule writes it: "person.id".
func (f PersonField) String() string { return "person." + personFieldNames[f] }

// PersonFieldOf returns the field of a name without its prefix.
func PersonFieldOf(name string) (PersonField, bool) {
	for i, known := range personFieldNames {
		if known == name {
			return PersonField(i), true
		}
	}
	return 0, false
}

// Selection is the set of attributes, person fields and topics that a compile asked for, each with its slot. It grows while rules
// and templates are compiled and must not change once people are decoded; from then on any number of goroutines may use it.
type Selection struct {
	slots    []slot
	byName   map[string]int    // attribute → slot
	byField  [personFields]int // slot+1; 0: not asked for
	topics   []string
	attended int // how many slots hold attributes
}

type slot struct {
	name      string // "plan" or "person.id"
	attribute *Attribute
	field     PersonField
}

// NewSelection returns a selection that asks for nothing yet.
func NewSelection() *Selection { return &Selection{byName: map[string]int{}} }

// Attribute asks for an attribute and returns its slot.
func (s *Selection) Attribute(a *Attribute) int {
	if i, ok := s.byName[a.Name]; ok {
		return i
	}
	s.slots = append(s.slots, slot{name: a.Name, attribute: a})
	s.byName[a.Name] = len(s.slots) - 1
	s.attended++
	return len(s.slots) - 1
}

// Field asks for a person field and returns its slot.
func (s *Selection) Field(f PersonField) int {
	if s.byField[f] == 0 {
		s.slots = append(s.slots, slot{name: f.String(), field: f})
		s.byField[f] = len(s.slots)
	}
	return s.byField[f] - 1
}

// Topic asks for the consent to a topic and returns its place in [Decoded.Topics].
func (s *Selection) Topic(name string) int {
	for i, known := range s.topics {
		if known == name {
			return i
		}
	}
	s.topics = append(s.topics, name)
	return len(s.topics) - 1
}

// Type returns the type of a slot's value.
func (s *Selection) Type(i int) *Type {
	if a := s.slots[i].attribute; a != nil {
		return &a.Type
	}
	return &Type{Kind: String}
}

// Names returns what was asked for, in the order of the slots.
func (s *Selection) Names() []string {
	names := make([]string, len(s.slots))
	for i := range s.slots {
		names[i] = s.slots[i].name
	}
	return names
}

// Stored is a person as stores keep one. Decoding aliases its bytes and strings: they must not change while the result is in use.
type Stored struct {
	ID, Email, Locale, TimeZone string

	Attributes []byte         // a JSON object; empty: none
	ObservedAt int64          // unix milliseconds; when the attributes were observed
	Exceptions []byte         // a JSON object from attribute to unix milliseconds, for those observed at another time; empty: none
	Topics     []TopicConsent // in any order; a topic that is not listed has no consent
}

// TopicConsent is a person's consent to one topic.
type TopicConsent struct {
	Topic string
	State ConsentState
}

// Decoded is a person in slots. It is made to be reused: decoding into it overwrites everything and keeps the buffers.
// The zero value is ready. Texts in it alias the [Stored] person.
type Decoded struct {
	Values []Value        // by slot of the selection
	Topics []ConsentState // by [Selection.Topic]
	Now    int64          // unix milliseconds

	buffers [][]Value // by slot: backing arrays of lists, so that a default's are never written to
}

// Decode reads what the selection asks for. now is the delivery's one time in unix milliseconds: staleness is judged by it. The
// error says that the stored JSON is damaged; into is then not to be used. A value that does not fit its attribute is no error:
// it is missing.
func (s *Selection) Decode(p *Stored, now int64, into *Decoded) error {
	s.reset(p, now, into)
	if len(p.Exceptions) > 0 && s.attended > 0 {
		if err := s.observations(p.Exceptions, into); err != nil {
			return fmt.Errorf("observation times: %w", err)
		}
	}
	if len(p.Attributes) > 0 && s.attended > 0 {
		if err := s.attributes(p.Attributes, now, into); err != nil {
			return fmt.Errorf("attributes: %w", err)
		}
	}
	for i := range s.slots {
		if a := s.slots[i].attribute; a != nil && a.Default != nil && into.Values[i].State != Present {
			into.Values[i].useDefault(a.Default)
		}
	}
	return nil
}

func (v *Value) useDefault(d *Value) {
	was, observed := v.State, v.Observed
	*v = *d
	v.State, v.Default, v.Was, v.Observed = Present, true, was, observed
}

func (s *Selection) reset(p *Stored, now int64, into *Decoded) {
	into.Now = now
	if len(into.Values) != len(s.slots) || len(into.buffers) != len(s.slots) {
		into.Values, into.buffers = make([]Value, len(s.slots)), make([][]Value, len(s.slots))
	}
	for i := range s.slots {
		if a := s.slots[i].attribute; a != nil {
			into.Values[i] = Value{Kind: a.Type.Kind, Observed: p.ObservedAt}
		} else {
			into.Values[i] = p.field(s.slots[i].field)
		}
	}
	if len(into.Topics) != len(s.topics) {
		into.Topics = make([]ConsentState, len(s.topics))
	}
	for i, topic := range s.topics {
		into.Topics[i] = p.consent(topic)
	}
}

// field returns a person field's value; a blank one is missing like any other text.
func (p *Stored) field(f PersonField) Value {
	text := [...]string{p.ID, p.Email, p.Locale, p.TimeZone}[f]
	switch {
	case text == "":
		return Value{}
	case blank(text):
		return Value{State: Blank}
	}
	return TextValue(text)
}

func (p *Stored) consent(topic string) ConsentState {
	for i := range p.Topics {
		if p.Topics[i].Topic == topic {
			return p.Topics[i].State
		}
	}
	return ConsentNone
}

func (s *Selection) observations(data []byte, into *Decoded) error {
	return eachMember(data, func(name string, raw []byte) error {
		i, ok := s.byName[name]
		if !ok {
			return nil
		}
		at, ok := parseInt(raw)
		if !ok {
			return fmt.Errorf("%s has no time in milliseconds", name)
		}
		into.Values[i].Observed = at
		return nil
	})
}

func (s *Selection) attributes(data []byte, now int64, into *Decoded) error {
	return eachMember(data, func(name string, raw []byte) error {
		i, ok := s.byName[name]
		if !ok {
			return nil
		}
		a, v := s.slots[i].attribute, &into.Values[i]
		switch {
		case raw[0] == 'n':
			v.miss(Absent) // a later duplicate wins, so what an earlier one left goes
		case a.staleAt(v.Observed, now):
			v.miss(Stale)
		default:
			v.miss(Absent)
			a.Type.decode(raw, v, &into.buffers[i])
		}
		return nil
	})
}

// staleAt reports whether a value observed at a time is older than max_age allows; exactly max_age is not.
func (a *Attribute) staleAt(observed, now int64) bool {
	if a.MaxAge <= 0 {
		return false
	}
	limit := a.MaxAge.Milliseconds()
	return observed < now-limit
}

// eachMember calls f for every member of a JSON object, in order, with its value's bytes.
func eachMember(data []byte, f func(name string, raw []byte) error) error {
	c := cursor{data: data}
	more, err := c.open('{', '}')
	for err == nil && more {
		var name string
		var raw []byte
		if name, err = c.key(); err != nil {
			break
		}
		if raw, err = c.skip(); err != nil {
			break
		}
		if err = f(name, raw); err == nil {
			more, err = c.next('}')
		}
	}
	if err != nil {
		return err
	}
	if c.space(); c.at < len(c.data) {
		return c.fail("more after the end")
	}
	return nil
}

// blank reports whether a text shows nothing: a name of zero-width spaces would greet nobody as surely as an empty one.
func blank(s string) bool { return strings.IndexFunc(s, isSeen) < 0 }

// ShowsNothing reports whether a text is blank: whether it has nothing to read.
func ShowsNothing(s string) bool { return blank(s) }

// isSeen reports whether a character shows something: it is no space, and neither controls nor formats the others.
func isSeen(r rune) bool {
	if r < 0x7f {
		return r > ' '
	}
	const brailleBlank = '\u2800' // a symbol without dots
	return !unicode.In(r, unicode.White_Space, unicode.Cc, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) && r != brailleBlank
}

// decode reads one value that is not null; raw is what [cursor.skip] returned. The list's elements go into buffer, which is reused.
func (t *Type) decode(raw []byte, v *Value, buffer *[]Value) State {
	v.Kind = t.Kind
	if raw[0] == '"' {
		text, ok := unquote(raw)
		if !ok {
			return v.miss(NotAllowed)
		}
		if blank(text) {
			return v.miss(Blank)
		}
		if !t.readText(text, v) {
			return v.miss(NotAllowed)
		}
	} else if !t.readOther(raw, v, buffer) {
		return v.miss(NotAllowed)
	}
	if t.constrain(v) != "" {
		return v.miss(NotAllowed)
	}
	v.State = Present
	return Present
}

// readText reads a value that is written as a JSON string.
func (t *Type) readText(text string, v *Value) bool {
	switch t.Kind {
	case String, URL:
		v.Text = text
		return true
	case Date:
		day, ok := parseDate(text)
		v.Int = day
		return ok
	case Time:
		at, ok := parseTime(text)
		v.Int = at
		return ok
	}
	return false
}

// readOther reads a value that is not a JSON string.
func (t *Type) readOther(raw []byte, v *Value, buffer *[]Value) (ok bool) {
	first := raw[0]
	digit := first == '-' || first >= '0' && first <= '9'
	switch {
	case t.Kind == Bool && (first == 't' || first == 'f'):
		if first == 't' {
			v.Int = 1
		}
		return true
	case t.Kind == Int && digit:
		v.Int, ok = parseInt(raw)
	case t.Kind == Float && digit:
		v.Float, ok = parseFloat(raw)
	case t.Kind == List && first == '[' && t.Of != nil:
		v.Items, ok = t.readItems(raw, buffer)
	case t.Kind == Record && first == '{':
		v.Items, ok = t.readFields(raw, buffer)
	}
	return ok
}

// readItems reads a list. One element that is null, blank or refused makes the whole list refused: a template that loops over it
// may rely on every element.
func (t *Type) readItems(raw []byte, buffer *[]Value) ([]Value, bool) {
	items := (*buffer)[:0]
	defer func() { *buffer = items[:0] }()
	c := cursor{data: raw}
	more, err := c.open('[', ']')
	for err == nil && more {
		if len(items) == t.maxItems() {
			return nil, false
		}
		var element []byte
		if element, err = c.skip(); err != nil {
			break
		}
		items = extend(items)
		if !t.Of.element(element, &items[len(items)-1]) {
			return nil, false
		}
		more, err = c.next(']')
	}
	return items, err == nil && c.at == len(raw)
}

// extend grows a slice by one element, keeping the nested buffer that an earlier person left there.
func extend(items []Value) []Value {
	if len(items) < cap(items) {
		return items[:len(items)+1]
	}
	return append(items, Value{})
}

// element decodes a list's element or a record's field in place; its own Items serve as its buffer.
func (t *Type) element(raw []byte, v *Value) bool {
	nested := v.Items
	*v = Value{}
	if raw[0] == 'n' || t.decode(raw, v, &nested) != Present {
		*v = Value{Items: nested[:0]}
		return false
	}
	if v.Items == nil {
		v.Items = nested[:0]
	}
	return true
}

// readFields reads a record. Every declared field must be there and allowed; others are ignored; a later duplicate wins.
func (t *Type) readFields(raw []byte, buffer *[]Value) ([]Value, bool) {
	fields := (*buffer)[:0]
	for range t.Fields {
		fields = extend(fields)
	}
	*buffer = fields
	for i := range fields {
		fields[i].State = Absent
	}
	err := eachMember(raw, func(name string, value []byte) error {
		for i := range t.Fields {
			if t.Fields[i].Name == name {
				t.Fields[i].Type.element(value, &fields[i])
			}
		}
		return nil
	})
	for i := range fields {
		if fields[i].State != Present {
			return nil, false
		}
	}
	return fields, err == nil
}

// parseDate reads 2006-01-02 as its midnight in UTC.
func parseDate(s string) (int64, bool) {
	if len(s) != len(time.DateOnly) {
		return 0, false
	}
	t, err := time.Parse(time.DateOnly, s)
	return t.UnixMilli(), err == nil
}

// parseTime reads RFC 3339 or a date. UnmarshalText holds to RFC 3339 more strictly than time.Parse does; it only reads the bytes.
func parseTime(s string) (int64, bool) {
	if day, ok := parseDate(s); ok {
		return day, true
	}
	var t time.Time
	if err := t.UnmarshalText(unsafe.Slice(unsafe.StringData(s), len(s))); err != nil {
		return 0, false
	}
	return t.UnixMilli(), true
}
