package workspace

import (
	"germane/audience"
	"germane/render"
)

// value is the data as messages see it.
func (d *Data) value() render.Value {
	if d == nil || d.Null {
		return render.Nil()
	}
	switch d.Kind {
	case audience.Bool:
		return render.Bool(d.Bool)
	case audience.Int:
		return render.Int(d.Int)
	case audience.Float:
		return render.Float(d.Float)
	case audience.Time, audience.Date:
		return render.Time(d.Time)
	case audience.List:
		items := make([]render.Value, len(d.Items))
		for i, item := range d.Items {
			items[i] = item.value()
		}
		return render.List(items)
	case audience.Record:
		object := &render.Object{}
		for _, field := range d.Fields {
			object.Set(field.Name, field.Value.value())
		}
		return object.Value()
	}
	return render.String(d.Text)
}
