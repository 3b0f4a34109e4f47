package audience

import (
	"fmt"
	"slices"
	"strings"

	"germane/internal/document"
	"germane/internal/finding"
)

var scalarKinds = []string{"string", "int", "float", "bool", "time", "date", "url"}

// Bounds of what a catalogue may ask for: a template's size follows from them.
const (
	largestLength = 10_000
	largestItems  = 1_000
)

// readType reads the keys that make the attribute's type. The limits of a list of single values are its elements'.
func (a *Attribute) readType(r *document.Reader, f *document.Fields) bool {
	text, ok := f.Text("type")
	if !ok {
		if f.Get("type") == nil {
			r.Add(a.Place.Whole("missing-key", a.Name+" has no type", "write "+a.Name+": {type: string}, or one of "+strings.Join(scalarKinds, ", ")+", list"))
		}
		ignore(f, "of", "values", "min", "max", "max_length", "max_items")
		return false
	}
	a.Type, ok = readKind(r, text)
	a.readElement(r, f)
	limited := &a.Type
	if a.Type.Kind == List && a.Type.Of != nil {
		limited = a.Type.Of
	}
	readValues(r, f, limited)
	readLengths(r, f, limited, &a.Type)
	readBounds(r, f, limited)
	return ok
}

// ignore makes keys known that cannot be judged without a type.
func ignore(f *document.Fields, keys ...string) {
	for _, key := range keys {
		f.Get(key)
	}
}

func readKind(r *document.Reader, text finding.Text) (Type, bool) {
	kind, ok := kindOf(text.S)
	if ok && kind != Record {
		return Type{Kind: kind}, true
	}
	known := append(slices.Clone(scalarKinds), "list")
	hint := finding.DidYouMean(text.S, known, "use one of: "+strings.Join(known, ", "))
	if near, ok := otherNames[strings.ToLower(text.S)]; ok {
		hint = "write " + near
	}
	r.Add(text.Whole("bad-type", fmt.Sprintf("there is no type %q", text.S), hint))
	return Type{Kind: String}, false
}

// otherNames are what people who know other tools call our kinds.
var otherNames = map[string]string{
	"text": "string", "str": "string", "varchar": "string", "enum": "string, and its values: [a, b]", "integer": "int", "number": "int or float",
	"double": "float", "decimal": "float", "boolean": "bool", "datetime": "time", "timestamp": "time", "link": "url", "array": "list, and of: string",
	"object": "list, and of: {name: string}", "record": "list, and of: {name: string}", "email": "string",
}

// readElement reads what a list is of.
func (a *Attribute) readElement(r *document.Reader, f *document.Fields) {
	n := f.Get("of")
	if a.Type.Kind != List {
		if n != nil {
			r.Add(f.Key("of").Whole("wrong-constraint", "only a list is of something, and this is "+withArticle(a.Type.Kind.String()), "delete of, or write type: list"))
		}
		return
	}
	a.Type.Of = &Type{Kind: String}
	switch {
	case n == nil:
		r.Add(f.Key("type").Whole("missing-key", a.Name+" does not say what it is a list of", "write of: string, or a record such as of: {name: string, url: url}"))
	case n.Kind == document.Scalar:
		if of, ok := readScalarKind(r, n.Text, "a list's element"); ok {
			a.Type.Of = &of
		}
	default:
		a.Type.Of = &Type{Kind: Record, Fields: ReadFields(r, n, "a record")}
	}
}

func readScalarKind(r *document.Reader, text finding.Text, what string) (Type, bool) {
	if text.S == "list" {
		r.Add(text.Whole("bad-type", what+" cannot be a list itself", "use one of: "+strings.Join(scalarKinds, ", ")))
		return Type{}, false
	}
	return readKind(r, text)
}

// ReadFields reads {name: kind}, the fields of a record or of an event.
func ReadFields(r *document.Reader, n *document.Node, what string) []Field {
	var fields []Field
	for _, pair := range r.Map(n, what).Node().Pairs {
		if !CheckFieldName(r, pair.Key, "a field") {
			continue
		}
		field := Field{Name: pair.Key.S}
		if pair.Value.Kind != document.Scalar {
			r.Add(pair.Key.Whole("wrong-shape", "a field is declared by its type alone", "write "+pair.Key.S+": string"))
		} else if t, ok := readScalarKind(r, pair.Value.Text, "a field"); ok {
			field.Type = t
		}
		fields = append(fields, field)
	}
	if len(fields) == 0 && what == "a record" {
		r.Add(n.Text.Whole("missing-key", "a record needs at least one field", "write of: {name: string}"))
	}
	return fields
}

func readValues(r *document.Reader, f *document.Fields, t *Type) {
	n := f.Get("values")
	if n == nil {
		return
	}
	if t.Kind != String {
		hint := "delete values"
		if t.Kind.Number() {
			hint = "use min and max, or type: string"
		}
		r.Add(f.Key("values").Whole("wrong-constraint", "values lists the texts that a string may be, and this is "+withArticle(t.Kind.String()), hint))
		return
	}
	t.Values = []string{}
	for _, text := range f.Strings("values") {
		switch {
		case blank(text.S):
			r.Add(text.Whole("bad-value", "a blank text is a missing value and cannot be allowed", "delete it"))
		case slices.Contains(t.Values, text.S):
			r.Add(text.Whole("duplicate-value", fmt.Sprintf("%q stands in values twice", text.S), "delete one of them"))
		default:
			t.Values = append(t.Values, text.S)
		}
	}
	if len(t.Values) == 0 {
		t.Values = nil
		r.Add(f.Key("values").Whole("bad-value", "values allows nothing", "list the texts that are allowed, or delete values"))
	}
}

func readLengths(r *document.Reader, f *document.Fields, limited, whole *Type) {
	if f.Get("max_length") != nil {
		if !limited.Kind.Textual() {
			r.Add(f.Key("max_length").Whole("wrong-constraint", "max_length limits a string or url, and this is "+withArticle(limited.Kind.String()), "delete max_length"))
		} else if n, ok := readCount(r, f, "max_length", largestLength); ok {
			limited.MaxLength = n
		}
	}
	if f.Get("max_items") != nil {
		if whole.Kind != List {
			r.Add(f.Key("max_items").Whole("wrong-constraint", "max_items limits a list, and this is "+withArticle(whole.Kind.String()), "delete max_items"))
		} else if n, ok := readCount(r, f, "max_items", largestItems); ok {
			whole.MaxItems = n
		}
	}
	if limited.Kind.Textual() && limited.MaxLength == 0 {
		limited.MaxLength = max(DefaultMaxLength, longest(limited.Values))
	}
	if whole.Kind == List && whole.MaxItems == 0 {
		whole.MaxItems = DefaultMaxItems
	}
}

func readCount(r *document.Reader, f *document.Fields, key string, largest int64) (int, bool) {
	n, ok := f.Int(key)
	if ok && (n < 1 || n > largest) {
		text, _ := f.Text(key)
		r.Add(text.Whole("bad-number", fmt.Sprintf("%s is between 1 and %d", key, largest), fmt.Sprintf("write %s: %d", key, min(max(n, 1), largest))))
		return 0, false
	}
	return int(n), ok
}

func longest(values []string) int {
	n := 0
	for _, v := range values {
		n = max(n, len(v))
	}
	return n
}

func readBounds(r *document.Reader, f *document.Fields, t *Type) {
	t.Min, t.Max = readBound(r, f, t, "min"), readBound(r, f, t, "max")
	if t.Min != nil && t.Max != nil && *t.Min > *t.Max {
		text, _ := f.Text("min")
		r.Add(text.Whole("bad-bounds", "min is larger than max, so that no value is allowed", "exchange them"))
		t.Min, t.Max = nil, nil
	}
}

func readBound(r *document.Reader, f *document.Fields, t *Type, key string) *float64 {
	if f.Get(key) == nil {
		return nil
	}
	if !t.Kind.Number() {
		hint := "delete " + key
		if t.Kind.Textual() {
			hint = "use max_length to limit a text"
		}
		r.Add(f.Key(key).Whole("wrong-constraint", key+" limits a number, and this is "+withArticle(t.Kind.String()), hint))
		return nil
	}
	n, ok := f.Float(key)
	if !ok {
		return nil
	}
	if text, _ := f.Text(key); t.Kind == Int && n != float64(int64(n)) {
		r.Add(text.Whole("bad-number", key+" of an int is a whole number", "write a whole number, or type: float"))
		return nil
	}
	return &n
}

// withArticle says "an int", "a string".
func withArticle(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) && noun != "url" {
		return "an " + noun
	}
	return "a " + noun
}
