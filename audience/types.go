package audience

import (
	"strings"
)

// Kind is what sort of value an attribute, a list's element or a record's field has.
type Kind uint8

// The kinds an attribute can be declared with; Record stands only inside a list.
const (
	String Kind = iota
	Int
	Float
	Bool
	Time
	Date
	URL
	List
	Record
)

var kindNames = [...]string{"string", "int", "float", "bool", "time", "date", "url", "list", "record"}

// String returns the kind's name in attributes.yaml.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// kindOf returns the kind of a name in attributes.yaml.
func kindOf(name string) (Kind, bool) {
	for k, known := range kindNames {
		if known == name {
			return Kind(k), true
		}
	}
	return 0, false
}

// Number reports whether values of the kind compare as numbers.
func (k Kind) Number() bool { return k == Int || k == Float }

// Textual reports whether values of the kind compare as texts.
func (k Kind) Textual() bool { return k == String || k == URL }

// Moment reports whether values of the kind compare as points in time.
func (k Kind) Moment() bool { return k == Time || k == Date }

// Limits that hold where the catalogue says nothing.
const (
	DefaultMaxLength = 200 // characters of a string or url
	DefaultMaxItems  = 50  // elements of a list
)

// Type is a kind with its constraints.
type Type struct {
	Kind      Kind
	Of        *Type    // List: its elements
	Fields    []Field  // Record: in declared order
	MaxLength int      // String, URL: in characters; 0: DefaultMaxLength
	MaxItems  int      // List; 0: DefaultMaxItems
	Min, Max  *float64 // Int, Float: inclusive; nil: unbounded
	Values    []string // String: the only allowed values, as written; nil: any
	Hosts     []string // URL: the only hosts, with their subdomains, that it may lead to; nil: any
}

// Field is one named value of a record or an event.
type Field struct {
	Name string
	Type Type
}

// String writes the type as a person would say it: "string", "list of string", "list of {name: string, price: float}".
func (t *Type) String() string {
	switch {
	case t.Kind == List && t.Of != nil:
		return "list of " + t.Of.String()
	case t.Kind == Record:
		var b strings.Builder
		for i := range t.Fields {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(t.Fields[i].Name + ": " + t.Fields[i].Type.String())
		}
		return "{" + b.String() + "}"
	}
	return t.Kind.String()
}

func (t *Type) maxLength() int {
	if t.MaxLength > 0 {
		return t.MaxLength
	}
	return DefaultMaxLength
}

func (t *Type) maxItems() int {
	if t.MaxItems > 0 {
		return t.MaxItems
	}
	return DefaultMaxItems
}

// phrase says what a value of the kind is, for a finding: "a number".
func (k Kind) phrase() string {
	return [...]string{"a text", "a whole number", "a number", "true or false", "a time", "a date", "a web address", "a list", "a record"}[k]
}

// Uses says what an attribute may be used for.
type Uses uint8

// What an attribute's `uses` can allow.
const (
	Select Uses = 1 << iota // choose content and audiences: rules and segments
	Render                  // be printed in a message
	Link                    // be part of a link's target
	Report                  // break down reports

	// DefaultUses holds where the catalogue says nothing.
	DefaultUses = Select | Render | Report
)

var useNames = []string{"select", "render", "link", "report"}

// Allows reports whether all of the wanted uses are allowed.
func (u Uses) Allows(wanted Uses) bool { return u&wanted == wanted }

// String lists the uses as attributes.yaml writes them.
func (u Uses) String() string {
	var names []string
	for i, name := range useNames {
		if u&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return "[" + strings.Join(names, ", ") + "]"
}
