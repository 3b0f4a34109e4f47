package render

import "germane/audience"

// personValue is a decoded value as Liquid sees it; a missing one is nil.
func personValue(v *audience.Value, t *audience.Type) Value {
	if !v.Present() {
		return Value{}
	}
	switch v.Kind {
	case audience.Bool:
		return Bool(v.Bool())
	case audience.Int:
		return Int(v.Int)
	case audience.Float:
		return Float(v.Float)
	case audience.Time, audience.Date:
		return Time(v.Time())
	case audience.List:
		items := make([]Value, len(v.Items))
		for i := range v.Items {
			items[i] = personValue(&v.Items[i], t.Of)
		}
		return List(items)
	case audience.Record:
		object := &Object{}
		for i := range v.Items {
			object.Set(t.Fields[i].Name, personValue(&v.Items[i], &t.Fields[i].Type))
		}
		return object.Value()
	}
	return String(v.Text)
}
