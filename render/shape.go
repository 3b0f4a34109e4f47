package render

import (
	"cmp"
	"slices"

	"germane/audience"
)

// kind is what a value is, as far as strict mode distinguishes.
type kind uint8

const (
	anyKind kind = iota // not known because of a mistake already reported: everything is allowed with it
	nilKind
	boolKind
	intKind
	floatKind
	textKind
	urlKind
	timeKind
	dateKind
	listKind
	rangeKind
	recordKind
	plainKind // a text or a number, depending on the way here: it prints, but has no order
	mixedKind // different kinds on different ways here: nothing can be done with it
)

var kindNames = [...]string{
	"unknown", "nothing", "true or false", "a whole number", "a number", "a text", "a URL", "a time", "a date", "a list", "a range", "a record",
	"a text or a number", "of different kinds",
}

func (k kind) String() string { return kindNames[k] }

func (k kind) number() bool { return k == intKind || k == floatKind }
func (k kind) text() bool   { return k == textKind || k == urlKind }

// origin says who wrote a value. Larger is less trusted; a value made of several has the largest.
type origin uint8

const (
	fromTemplate  origin = iota // a literal
	fromBrand                   // germane.yaml
	fromWorkspace               // data files
	fromSender                  // links and campaign names made when sending
	fromPerson                  // attributes and events: hostile
)

// shape is what is known of a value when compiling.
type shape struct {
	kind    kind
	of      *shape            // list: its elements
	fields  map[string]*shape // record
	missing bool              // may be nil
	blank   bool              // may be an empty text although something was there, such as the rest of a slice
	bytes   int               // at most so many bytes when printed, before escaping
	items   int               // list: at most so many elements; those of an empty list are of nilKind
	least   int               // list or range: at least so many
	min     *float64          // number: lower bound, nil if none
	max     *float64          // number: upper bound, nil if none
	values  []string          // text: the catalogue's allowed values, nil if open
	origin  origin
	uses    []*audience.Attribute // the attributes a value is made of
	literal string                // text written in the template, "" for anything else
	path    string                // how the template names it, for presence facts; "" if computed
}

// Bounds of printed scalars, in bytes.
const (
	intBytes   = 20
	floatBytes = 24
	timeBytes  = 32
	boolBytes  = 5
)

// maxBytes is more than any message may have; sums stop there, so that they cannot overflow.
const maxBytes = 1 << 40

func addBytes(a, b int) int { return min(maxBytes, a+b) }

func mulBytes(a, b int) int {
	if a != 0 && b > maxBytes/a {
		return maxBytes
	}
	return a * b
}

// attributeShape is the shape of an attribute's value as the catalogue declares it.
func attributeShape(a *audience.Attribute) *shape {
	s := typeShape(&a.Type, fromPerson)
	s.missing = a.Default == nil
	s.path = a.Name
	s.spread([]*audience.Attribute{a})
	return s
}

// spread makes attributes the source of a shape and of what is inside it.
func (s *shape) spread(uses []*audience.Attribute) {
	s.uses = uses
	if s.of != nil {
		s.of.spread(uses)
	}
	for _, field := range s.fields {
		field.spread(uses)
	}
}

func typeShape(t *audience.Type, from origin) *shape {
	s := &shape{origin: from}
	length, items := cmp.Or(t.MaxLength, audience.DefaultMaxLength), cmp.Or(t.MaxItems, audience.DefaultMaxItems)
	switch t.Kind {
	case audience.String:
		s.kind, s.bytes, s.values = textKind, 4*length, t.Values
	case audience.URL:
		s.kind, s.bytes = urlKind, 4*length
	case audience.Int:
		s.kind, s.bytes, s.min, s.max = intKind, intBytes, t.Min, t.Max
	case audience.Float:
		s.kind, s.bytes, s.min, s.max = floatKind, floatBytes, t.Min, t.Max
	case audience.Bool:
		s.kind, s.bytes = boolKind, boolBytes
	case audience.Time:
		s.kind, s.bytes = timeKind, timeBytes
	case audience.Date:
		s.kind, s.bytes = dateKind, timeBytes
	case audience.List:
		s.kind, s.items, s.of = listKind, items, typeShape(t.Of, from)
	case audience.Record:
		s.kind, s.fields = recordKind, map[string]*shape{}
		for i := range t.Fields {
			s.fields[t.Fields[i].Name] = typeShape(&t.Fields[i].Type, from)
		}
	}
	return s
}

// derived is a new shape of a kind, made of others: it has the largest origin and all their attributes.
func derived(k kind, bytes int, parts ...*shape) *shape {
	s := &shape{kind: k, bytes: bytes}
	for _, part := range parts {
		if part == nil {
			continue
		}
		s.origin = max(s.origin, part.origin)
		for _, a := range part.uses {
			if !slices.Contains(s.uses, a) {
				s.uses = append(s.uses, a)
			}
		}
	}
	return s
}

// at returns a copy of the shape under another path.
func (s *shape) at(path string) *shape {
	c := *s
	c.path = path
	return &c
}

// join is what is known of a value that is either a or b.
func join(a, b *shape) *shape {
	switch {
	case a == b:
		return a
	case a.kind == anyKind || b.kind == anyKind:
		return &shape{}
	case a.kind == nilKind:
		c := *b
		c.missing = true
		return &c
	case b.kind == nilKind:
		return join(b, a)
	}
	s := derived(joinKinds(a.kind, b.kind), max(a.bytes, b.bytes), a, b)
	s.missing, s.blank = a.missing || b.missing, a.blank || b.blank
	s.items = max(a.items, b.items)
	s.min, s.max = loosest(a.min, b.min, false), loosest(a.max, b.max, true)
	if s.path = a.path; a.path != b.path {
		s.path = ""
	}
	if a.values != nil && b.values != nil {
		s.values = slices.Clone(a.values)
		for _, value := range b.values {
			if !slices.Contains(s.values, value) {
				s.values = append(s.values, value)
			}
		}
	}
	s.of, s.fields = joinInner(a, b)
	return s
}

func joinInner(a, b *shape) (*shape, map[string]*shape) {
	of := a.of
	switch {
	case a.of == nil || b.of != nil && a.items == 0: // nothing is known of the elements of an empty list, and nothing need be
		of = b.of
	case b.of != nil && b.items > 0:
		of = join(a.of, b.of)
	}
	if a.fields == nil || b.fields == nil {
		return of, nil
	}
	fields := map[string]*shape{}
	for name, field := range a.fields {
		if other := b.fields[name]; other != nil {
			fields[name] = join(field, other)
		} else {
			fields[name] = join(field, &shape{kind: nilKind})
		}
	}
	for name, field := range b.fields {
		if a.fields[name] == nil {
			fields[name] = join(field, &shape{kind: nilKind})
		}
	}
	return of, fields
}

// joinKinds is the kind of a value that is of either kind.
func joinKinds(a, b kind) kind {
	switch {
	case a == b:
		return a
	case a.number() && b.number():
		return floatKind
	case a.text() && b.text():
		return textKind
	case a.prints() && b.prints():
		return plainKind
	}
	return mixedKind
}

// prints reports whether a value of the kind may be output as it is.
func (k kind) prints() bool { return k.number() || k.text() || k == plainKind || k == anyKind }

func loosest(a, b *float64, upper bool) *float64 {
	if a == nil || b == nil {
		return nil
	}
	if upper {
		return number(max(*a, *b))
	}
	return number(min(*a, *b))
}

func number(f float64) *float64 { return &f }

// nonzero reports whether the bounds leave zero out.
func (s *shape) nonzero() bool {
	return s.min != nil && *s.min > 0 || s.max != nil && *s.max < 0
}

// weight is how much work it is to read all of a value, as [Value.weight] counts it.
func (s *shape) weight() int {
	switch {
	case s.of != nil:
		return mulBytes(s.items, addBytes(elementWeight, s.of.weight()))
	case s.kind == rangeKind:
		return mulBytes(s.items, elementWeight)
	case s.fields != nil:
		sum := 0
		for _, field := range s.fields {
			sum = addBytes(sum, addBytes(2*elementWeight, field.weight()))
		}
		return sum
	}
	return s.bytes
}
