package console

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"germane/workspace"
)

// view is what an address of the preview says. Whatever it says, it is a view: names that there are not lead to the first ones.
type view struct {
	Template string
	Person   string // a persona's name, edge.NAME of somebody invented here, or db.NUMBER
	With     string // the other person of Compare
	Width    int    // 375, 600, or 0: all there is
	Scheme   string // light, dark
	Images   string // on: the workspace's own; remote: all; off
	Tab      string
	Thumbs   bool              // of Matrix: with pictures
	At       string            // the clock; "": now
	Set      map[string]string // attributes that are other than the person's; "": missing
}

var (
	tabs    = []string{"email", "text", "source", "headers", "checks", "matrix", "compare"}
	schemes = []string{"light", "dark"}
	images  = []string{"on", "off", "remote"}
)

// readView reads a query. Values that it cannot have are the default.
func readView(query url.Values) view {
	v := view{
		Template: query.Get("template"), Person: query.Get("person"), With: query.Get("with"), At: query.Get("at"), Thumbs: query.Get("thumbs") == "on",
		Scheme: oneOf(query.Get("scheme"), schemes), Images: oneOf(query.Get("images"), images), Tab: oneOf(query.Get("tab"), tabs),
		Width: 600, Set: map[string]string{},
	}
	switch query.Get("width") {
	case "375":
		v.Width = 375
	case "full":
		v.Width = 0
	}
	for name, values := range query {
		if attribute, ok := strings.CutPrefix(name, "set."); ok && len(values) > 0 {
			v.Set[attribute] = values[0]
		}
	}
	return v
}

// oneOf returns the value if it is one of the allowed, the first of which is the default.
func oneOf(value string, allowed []string) string {
	if slices.Contains(allowed, value) {
		return value
	}
	return allowed[0]
}

// query writes the view down, without what is the default anyhow.
func (v view) query() url.Values {
	q := url.Values{}
	for name, value := range map[string]string{"template": v.Template, "person": v.Person, "with": v.With, "at": v.At} {
		if value != "" {
			q.Set(name, value)
		}
	}
	for name, value := range map[string]string{"scheme": v.Scheme, "images": v.Images, "tab": v.Tab} {
		if !slices.Contains([]string{schemes[0], images[0], tabs[0]}, value) {
			q.Set(name, value)
		}
	}
	if v.Width != 600 {
		q.Set("width", v.width())
	}
	if v.Thumbs {
		q.Set("thumbs", "on")
	}
	for name, value := range v.Set {
		q.Set("set."+name, value)
	}
	return q
}

func (v view) width() string {
	if v.Width == 0 {
		return "full"
	}
	return strconv.Itoa(v.Width)
}

// URL is the address of the view.
func (v view) URL() string { return "/?" + v.query().Encode() }

// To is the address of the view with one thing changed: pages write {{.To "tab" "text"}}.
func (v view) To(name, value string) string {
	q := v.query()
	q.Set(name, value)
	return readView(q).URL()
}

// As is the address of the same message for somebody else: their attributes are their own.
func (v view) As(person string) string {
	v.Person, v.Set = person, nil
	return v.URL()
}

// Mailed is the address of the mail of somebody with a matrix's cell: its Email tab.
func (v view) Mailed(person string) string {
	v.Tab = tabs[0]
	return v.As(person)
}

// Setting is the address of the view with an attribute changed.
func (v view) Setting(name, value string) string {
	v.Set = maps.Clone(v.Set)
	v.Set[name] = value
	return v.URL()
}

// Without is the address of the view in which an attribute is the person's own.
func (v view) Without(name string) string {
	v.Set = maps.Clone(v.Set)
	delete(v.Set, name)
	return v.URL()
}

// Hidden are the fields of the view that a form sends along, without those it has itself; "set" stands for all attributes.
func (v view) Hidden(without ...string) map[string]string {
	fields := map[string]string{}
	for name, values := range v.query() {
		attribute := strings.HasPrefix(name, "set.") && slices.Contains(without, "set")
		if !attribute && !slices.Contains(without, name) {
			fields[name] = values[0]
		}
	}
	return fields
}

// Own is the address of the view of the person as they are.
func (v view) Own() string { return v.As(v.Person) }

// complete puts names of the workspace where the address has none, or ones that there are not.
func (v *view) complete(w *workspace.Workspace, people *cast) {
	if _, ok := w.Message(v.Template); !ok {
		v.Template = ""
		if len(w.Messages) > 0 {
			v.Template = w.Messages[0].Name
		}
	}
	if !people.has(v.Person) {
		v.Person = people.first()
	}
	if v.With != "" && !people.has(v.With) {
		v.With = ""
	}
	if v.Tab == "compare" && v.With == "" {
		v.With = people.other(v.Person)
	}
}

// clock is the time to look at. Browsers write it without a zone: then it is UTC.
func (v *view) clock(now time.Time) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.Parse(layout, v.At); err == nil && t.Year() > 1970 && t.Year() < 3000 {
			return t.UTC()
		}
	}
	v.At = ""
	return now.UTC()
}
