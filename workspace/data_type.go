package workspace

import (
	"fmt"
	"time"

	"germane/audience"
	"germane/internal/document"
)

// DataType is what data.NAME, or a part of it, is.
type DataType struct {
	Kind   audience.Kind
	Null   bool            // always nothing; Kind means nothing
	Absent bool            // may be nothing, or not there: some items of a list lack it
	Of     *DataType       // List: what its items are; nil: it has none
	Fields []DataFieldType // Record: every field that any item has, in the order they first appear

	records int            // how many records were merged into this type
	index   map[string]int // of Fields; kept because data may have thousands of fields
}

// DataFieldType is one field of a record type.
type DataFieldType struct {
	Name string
	Type DataType

	count int // how many of the merged records have it
}

// Field returns the type of a record's field; nil when it has none of that name.
func (t *DataType) Field(name string) *DataType {
	if i, ok := t.index[name]; ok {
		return &t.Fields[i].Type
	}
	return nil
}

func (t *DataType) addField(field DataFieldType) {
	if t.index == nil {
		t.index = map[string]int{}
	}
	t.index[field.Name] = len(t.Fields)
	t.Fields = append(t.Fields, field)
}

// typeOf finds the one type of a value; all items of a list must agree.
func typeOf(r *document.Reader, d *Data) DataType {
	t := inferType(r, d)
	t.finish()
	return t
}

// finish marks the fields that some of the merged records lack.
func (t *DataType) finish() {
	if t.Of != nil {
		t.Of.finish()
	}
	for i := range t.Fields {
		field := &t.Fields[i]
		field.Type.Absent = field.Type.Absent || field.count < t.records
		field.Type.finish()
	}
}

func inferType(r *document.Reader, d *Data) DataType {
	t := DataType{Kind: d.Kind, Null: d.Null, Absent: d.Null, records: 1}
	for _, field := range d.Fields {
		t.addField(DataFieldType{Name: field.Name, Type: inferType(r, field.Value), count: 1})
	}
	for i, item := range d.Items {
		itemType := inferType(r, item)
		if i == 0 {
			t.Of = &itemType
			continue
		}
		t.Of.unify(r, itemType, item)
	}
	return t
}

// unify widens a type so that it also fits another one, d's.
func (t *DataType) unify(r *document.Reader, other DataType, d *Data) {
	absent := t.Absent || other.Absent
	switch {
	case other.Null:
	case t.Null:
		*t = other
	case t.Kind == other.Kind:
		t.unifyParts(r, other, d)
	case t.Kind.Number() && other.Kind.Number():
		t.Kind = audience.Float
	case textLike(t.Kind) && textLike(other.Kind):
		t.Kind = audience.String
	default:
		r.Add(d.Place.At(0, max(1, len(d.Text)), "mixed-types", fmt.Sprintf("this is %s, but in the items before it is %s", describe(other.Kind), describe(t.Kind)), mixedHint(t.Kind, other.Kind)))
	}
	t.Absent = absent
}

func (t *DataType) unifyParts(r *document.Reader, other DataType, d *Data) {
	switch {
	case t.Kind == audience.Record:
		t.records += other.records
		for i, theirs := range other.Fields {
			at, known := t.index[theirs.Name]
			if !known {
				t.addField(theirs)
				continue
			}
			t.Fields[at].count += theirs.count
			t.Fields[at].Type.unify(r, theirs.Type, d.part(i, theirs.Name))
		}
	case t.Kind != audience.List || other.Of == nil:
	case t.Of == nil:
		t.Of = other.Of
	case len(d.Items) > 0:
		t.Of.unify(r, *other.Of, d.Items[0])
	default:
		t.Of.unify(r, *other.Of, d)
	}
}

// part returns the value at which a field that does not fit is reported: the i-th field, if that is the one, else the record.
func (d *Data) part(i int, name string) *Data {
	if i < len(d.Fields) && d.Fields[i].Name == name {
		return d.Fields[i].Value
	}
	return d
}

// textLike reports the types that are texts when they meet one: a date beside "soon" is a text.
func textLike(k audience.Kind) bool { return k.Textual() || k.Moment() }

func describe(k audience.Kind) string {
	return [...]string{"a text", "a number", "a number", "true or false", "a time", "a date", "a web address", "a list", "a record"}[k]
}

func mixedHint(a, b audience.Kind) string {
	if a < audience.List && b < audience.List {
		return "make them alike; a number in quotes is a text"
	}
	return "make them alike"
}

// fit turns values into what their type was widened to.
func (d *Data) fit(t *DataType) {
	if d.Null || t == nil {
		return
	}
	switch {
	case t.Kind == audience.Float && d.Kind == audience.Int:
		d.Kind, d.Float = audience.Float, float64(d.Int)
	case t.Kind == audience.String && textLike(d.Kind):
		d.Kind, d.Time = audience.String, time.Time{}
	}
	for _, item := range d.Items {
		item.fit(t.Of)
	}
	for _, field := range d.Fields {
		field.Value.fit(t.Field(field.Name))
	}
}
