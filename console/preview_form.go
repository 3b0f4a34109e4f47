package console

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"germane/audience"
	"germane/workspace"
)

// field is an attribute in the form that changes it.
type field struct {
	Name, Title string
	Input       string // select, number, date, datetime-local, url, text, area
	Value       string // what counts; "": missing
	Options     []string
	Min, Max    string
	Step        string
	MaxLength   int
	Note        string // what it is, and why it is missing
	Missing     string
	Changed     bool
	Problem     string
	Reset       string // address without the change
}

// fields lists the attributes that may appear in mail: first those that the message uses.
func (l *letter) fields(w *workspace.Workspace, v *view) (used, others []field) {
	names := l.message.Selection.Names()
	all := audience.NewSelection()
	for _, a := range w.Catalogue.All() {
		all.Attribute(a)
	}
	d := &audience.Decoded{}
	if err := all.Decode(l.person.Stored(l.now), l.now.UnixMilli(), d); err != nil {
		return nil, nil // the page says so already: the same person was decoded for the mail
	}
	for _, a := range w.Catalogue.All() {
		f := l.field(a, &d.Values[all.Attribute(a)], v)
		switch {
		case slices.Contains(names, a.Name):
			used = append(used, f)
		case a.Uses&(audience.Select|audience.Render|audience.Link) != 0:
			others = append(others, f)
		}
	}
	return used, others
}

func (l *letter) field(a *audience.Attribute, have *audience.Value, v *view) field {
	f := field{Name: a.Name, Title: strings.ReplaceAll(a.Name, "_", " "), Input: "text", Note: l.note(a, have), Problem: l.problems[a.Name], MaxLength: a.Type.MaxLength}
	_, f.Changed = v.Set[a.Name]
	f.Reset = v.Without(a.Name)
	f.shape(&a.Type)
	switch {
	case f.Problem != "":
		f.Value = v.Set[a.Name]
	case have.Present() && !have.Default:
		f.Value = fieldText(a, have, raw(l.person, a.Name))
	default:
		f.Missing = have.State.String()
		if have.Default {
			f.Missing = "default " + have.String()
		}
	}
	return f
}

// shape is the input that suits a type.
func (f *field) shape(t *audience.Type) {
	switch {
	case len(t.Values) > 0:
		f.Input, f.Options = "select", t.Values
	case t.Kind == audience.Bool:
		f.Input, f.Options = "select", []string{"true", "false"}
	case t.Kind.Number():
		f.Input, f.Step = "number", "1"
		if t.Kind == audience.Float {
			f.Step = "any"
		}
		f.Min, f.Max = limit(t.Min), limit(t.Max)
	case t.Kind == audience.Date:
		f.Input = "date"
	case t.Kind == audience.Time:
		f.Input = "datetime-local"
	case t.Kind == audience.URL:
		f.Input = "url"
	case t.Kind == audience.List && t.Of.Kind == audience.Record:
		f.Input = "area"
	}
	if f.MaxLength == 0 && t.Kind.Textual() {
		f.MaxLength = audience.DefaultMaxLength
	}
}

func limit(bound *float64) string {
	if bound == nil {
		return ""
	}
	return strconv.FormatFloat(*bound, 'f', -1, 64)
}

// fieldText writes a value as its input wants it.
func fieldText(a *audience.Attribute, v *audience.Value, stored string) string {
	switch a.Type.Kind {
	case audience.String, audience.URL:
		return v.Text
	case audience.Time:
		return v.Time().Format(localTime)
	case audience.List:
		if a.Type.Of.Kind != audience.String || strings.Contains(stored, `\`) {
			return stored
		}
		items := make([]string, len(v.Items))
		for i := range v.Items {
			items[i] = v.Items[i].Text
			if strings.ContainsAny(items[i], ",[") {
				return stored
			}
		}
		return strings.Join(items, ", ")
	}
	return strings.TrimSuffix(v.String(), ".0")
}

// note says what the attribute is and how old its value.
func (l *letter) note(a *audience.Attribute, v *audience.Value) string {
	parts := []string{a.Type.String()}
	if a.Source != "" {
		parts = append(parts, a.Source)
	}
	if v.Observed != 0 {
		if age := l.now.Sub(time.UnixMilli(v.Observed)); age >= time.Minute {
			parts = append(parts, audience.Ago(age))
		}
	}
	if a.MaxAge > 0 {
		parts = append(parts, "counts for "+audience.FormatDuration(a.MaxAge))
	}
	return strings.Join(parts, " · ")
}

// settle drops changes that change nothing, so that the address of a state is one: a form sends all of its fields.
func (l *letter) settle(w *workspace.Workspace, original *audience.Person, v *view) {
	own := &letter{message: l.message, person: original, now: l.now, problems: map[string]string{}}
	plain := *v
	plain.Set = map[string]string{}
	used, others := own.fields(w, &plain)
	for _, f := range append(used, others...) {
		text, set := v.Set[f.Name]
		if set && strings.ReplaceAll(text, "\r\n", "\n") == f.Value {
			delete(v.Set, f.Name)
		}
	}
	for name := range v.Set {
		if _, known := w.Catalogue.Attribute(name); !known {
			delete(v.Set, name)
		}
	}
}
