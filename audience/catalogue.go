package audience

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"germane/internal/document"
	"germane/internal/finding"
)

// Attribute is a declared fact about people.
type Attribute struct {
	Name        string
	Type        Type
	Source      string        // declared, observed, inferred or imported; "" when the catalogue does not say
	Owner       string        // who answers for it; "" when the catalogue does not say
	Purpose     string        // what it was collected for; "" when the catalogue does not say
	Sensitivity string        // public, internal (the default), personal or special
	MaxAge      time.Duration // an older value is missing; 0: never stale
	Default     *Value        // stands in for a missing value; nil: the attribute may be missing
	Uses        Uses          // what it may be used for
	ReviewBy    string        // a date, 2006-01-02; "" when none
	Description string
	Place       finding.Text // its name in attributes.yaml
}

// MayBeMissing reports whether some people have no value.
func (a *Attribute) MayBeMissing() bool { return a.Default == nil }

// Catalogue is every declared attribute.
type Catalogue struct {
	attributes []*Attribute
	byName     map[string]*Attribute
}

// NewCatalogue makes a catalogue of attributes built in a program; a later one of the same name replaces an earlier one.
func NewCatalogue(attributes ...*Attribute) *Catalogue {
	c := &Catalogue{byName: map[string]*Attribute{}}
	for _, a := range attributes {
		c.add(a)
	}
	return c
}

func (c *Catalogue) add(a *Attribute) {
	if _, known := c.byName[a.Name]; known {
		c.attributes = slices.DeleteFunc(c.attributes, func(b *Attribute) bool { return b.Name == a.Name })
	}
	c.attributes = append(c.attributes, a)
	c.byName[a.Name] = a
}

// Attribute returns a declared attribute. A nil catalogue declares nothing.
func (c *Catalogue) Attribute(name string) (*Attribute, bool) {
	if c == nil {
		return nil, false
	}
	a, ok := c.byName[name]
	return a, ok
}

// All returns every attribute in the order of the file.
func (c *Catalogue) All() []*Attribute {
	if c == nil {
		return nil
	}
	return c.attributes
}

// RestrictHosts makes all URLs of the catalogue lead to the given hosts and their subdomains only; others are not allowed, and so
// missing. It returns the first attribute that holds URLs, or nil. It is called once, before the catalogue is used.
func (c *Catalogue) RestrictHosts(hosts []string) *Attribute {
	var first *Attribute
	for _, a := range c.All() {
		if a.Type.restrict(hosts) && first == nil {
			first = a
		}
	}
	return first
}

func (t *Type) restrict(hosts []string) (found bool) {
	if t.Kind == URL {
		t.Hosts = append([]string{}, hosts...)
		return true
	}
	if t.Of != nil {
		found = t.Of.restrict(hosts)
	}
	for i := range t.Fields {
		found = t.Fields[i].Type.restrict(hosts) || found
	}
	return found
}

// Names returns the attributes' names in the order of the file.
func (c *Catalogue) Names() []string {
	names := make([]string, 0, len(c.All()))
	for _, a := range c.All() {
		names = append(names, a.Name)
	}
	return names
}

// ReadCatalogue reads attributes.yaml. The catalogue is never nil; an attribute with mistakes is still in it, as far as it could
// be read, so that one mistake does not make every use of the attribute another.
func ReadCatalogue(doc *document.Node) (*Catalogue, []finding.Finding) {
	c, r := NewCatalogue(), &document.Reader{}
	for _, pair := range r.Map(doc, "the catalogue of attributes").Node().Pairs {
		if CheckFieldName(r, pair.Key, "an attribute") {
			c.add(readAttribute(r, pair.Key, pair.Value))
		}
	}
	return c, r.Findings
}

// readAttribute reads {type: …, …}; a bare kind (`plan: string`) stands for {type: kind}.
func readAttribute(r *document.Reader, name finding.Text, n *document.Node) *Attribute {
	a := &Attribute{Name: name.S, Place: name, Uses: DefaultUses, Sensitivity: "internal"}
	if n.Kind == document.Scalar {
		a.Type, _ = readKind(r, n.Text)
		return a
	}
	f := r.Map(n, "an attribute")
	reportEmpty(r, f)
	typed := a.readType(r, f)
	a.readOrigin(r, f)
	a.readMaxAge(r, f)
	a.readUses(r, f)
	if d := f.Get("default"); d != nil && typed {
		if v, ok := readValue(r, d, &a.Type, "default"); ok {
			a.Default = &v
		}
	}
	f.Done("an attribute")
	return a
}

// reportEmpty reports keys without a value: whoever wrote `max_age:` believes that it is in force.
func reportEmpty(r *document.Reader, f *document.Fields) {
	for _, pair := range f.Node().Pairs {
		if pair.Value.Kind == document.Null {
			r.Add(pair.Key.Whole("bad-value", pair.Key.S+" has no value", "write one, or delete "+pair.Key.S))
		}
	}
}

func (a *Attribute) readOrigin(r *document.Reader, f *document.Fields) {
	a.Source = f.OneOf("source", "", "declared", "observed", "inferred", "imported")
	a.Owner = f.String("owner")
	a.Sensitivity = f.OneOf("sensitivity", "internal", "public", "internal", "personal", "special")
	a.Description = f.String("description")
	var purposes []string
	for _, text := range f.Strings("purpose") {
		purposes = append(purposes, text.S)
	}
	a.Purpose = strings.Join(purposes, ", ")
	if text, ok := f.Text("review_by"); ok {
		if _, valid := parseDate(text.S); !valid {
			r.Add(text.Whole("bad-date", fmt.Sprintf("%q is not a date", text.S), "write year-month-day: 2027-03-31"))
		}
		a.ReviewBy = text.S
	}
}

func (a *Attribute) readMaxAge(r *document.Reader, f *document.Fields) {
	age, ok := f.Duration("max_age")
	if ok && age == 0 {
		text, _ := f.Text("max_age")
		r.Add(text.Whole("bad-duration", "with max_age: "+text.S+" every value would be stale at once", "leave max_age out if the value never goes stale"))
	}
	a.MaxAge = age
}

func (a *Attribute) readUses(r *document.Reader, f *document.Fields) {
	n := f.Get("uses")
	if n != nil {
		a.Uses = 0
		for _, text := range f.Strings("uses") {
			a.addUse(r, text)
		}
	}
	if a.Sensitivity != "special" || n != nil && a.Uses == 0 {
		return
	}
	a.Uses = 0
	place := f.Key("sensitivity")
	if n != nil {
		place = f.Key("uses")
	}
	r.Add(place.Whole("special-attribute", a.Name+" is special-category data and may be stored, but not used",
		"write uses: [] or, if it is not about health, beliefs, origin, sex life or the like, another sensitivity"))
}

func (a *Attribute) addUse(r *document.Reader, text finding.Text) {
	i := slices.Index(useNames, text.S)
	switch {
	case i < 0:
		r.Add(text.Whole("bad-value", fmt.Sprintf("an attribute has no use %q", text.S),
			finding.DidYouMean(text.S, useNames, "use one or more of: "+strings.Join(useNames, ", "))))
	case a.Uses&(1<<i) != 0:
		r.Add(text.Whole("duplicate-value", text.S+" stands in uses twice", "delete one of them"))
	default:
		a.Uses |= 1 << i
	}
}
