package audience

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"germane/internal/document"
	"germane/internal/finding"
)

// readValue reads a value of a type as YAML writes it: a default, or a persona's attribute. what names it in findings.
func readValue(r *document.Reader, n *document.Node, t *Type, what string) (Value, bool) {
	switch {
	case t.Kind == List && t.Of != nil:
		return readListValue(r, n, t, what)
	case t.Kind == Record:
		return readRecordValue(r, n, t, what)
	case n.Kind != document.Scalar:
		r.Add(n.Text.Whole("wrong-shape", fmt.Sprintf("%s is %s, but this is %s", what, t.Kind.phrase(), n.Kind), ""))
		return Value{}, false
	}
	v, problem := t.Parse(n.Text.S)
	if problem != "" {
		r.Add(n.Text.Whole("value-not-allowed", fmt.Sprintf("%s cannot be %q: %s", what, n.Text.S, problem), t.advice(n.Text.S)))
		return Value{}, false
	}
	return v, true
}

func readListValue(r *document.Reader, n *document.Node, t *Type, what string) (Value, bool) {
	if n.Kind != document.List {
		r.Add(n.Text.Whole("wrong-shape", fmt.Sprintf("%s is a list, but this is %s", what, n.Kind), "write [] for an empty list"))
		return Value{}, false
	}
	if len(n.Items) > t.maxItems() {
		r.Add(n.Text.Whole("value-not-allowed", fmt.Sprintf("%s has %d elements, more than its max_items of %d", what, len(n.Items), t.maxItems()), "shorten it, or raise max_items"))
		return Value{}, false
	}
	v, all := Value{Kind: List, State: Present, Items: []Value{}}, true
	for _, item := range n.Items {
		element, ok := readValue(r, item, t.Of, "an element")
		all = all && ok
		v.Items = append(v.Items, element)
	}
	return v, all
}

func readRecordValue(r *document.Reader, n *document.Node, t *Type, what string) (Value, bool) {
	before := len(r.Findings)
	f := r.Map(n, what)
	v := Value{Kind: Record, State: Present}
	for i := range t.Fields {
		field := &t.Fields[i]
		item := f.Get(field.Name)
		if item == nil {
			r.Add(n.Text.Whole("missing-key", what+" has no "+field.Name, "every field of a record is needed"))
			continue
		}
		value, _ := readValue(r, item, &field.Type, field.Name)
		v.Items = append(v.Items, value)
	}
	f.Done(what)
	return v, len(r.Findings) == before
}

// Parse reads a scalar value of the type from plain text, as YAML, CSV and the command line write it; problem is "" when it is
// allowed. A text that is blank is a missing value, which is not a problem unless somebody wrote it down.
func (t *Type) Parse(text string) (v Value, problem string) {
	v = Value{Kind: t.Kind, State: Present}
	if blank(text) {
		return Value{Kind: t.Kind}, "a blank text counts as missing"
	}
	ok := true
	switch t.Kind {
	case String, URL:
		v.Text = text
	case Int:
		n, err := strconv.ParseInt(text, 10, 64)
		v.Int, ok = n, err == nil
	case Float:
		f, err := strconv.ParseFloat(text, 64)
		v.Float, ok = f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
	case Bool:
		v, ok = BoolValue(text == "true"), text == "true" || text == "false"
	case Time:
		v.Int, ok = parseTime(text)
	case Date:
		v.Int, ok = parseDate(text)
	default:
		ok = false
	}
	if !ok {
		return Value{Kind: t.Kind}, "it is not " + t.Kind.phrase()
	}
	if why := t.constrain(&v); why != "" {
		return Value{Kind: t.Kind}, "it is " + why
	}
	return v, ""
}

// advice says what may be written where text was not allowed.
func (t *Type) advice(text string) string {
	switch {
	case t.Values != nil:
		return didYouMeanValue(text, t.Values)
	case t.Min != nil && t.Max != nil:
		return fmt.Sprintf("write a number from %s to %s", plain(*t.Min), plain(*t.Max))
	case t.Min != nil:
		return "write a number of at least " + plain(*t.Min)
	case t.Max != nil:
		return "write a number of at most " + plain(*t.Max)
	}
	switch t.Kind {
	case Int:
		return "write digits only, such as 20"
	case Float:
		return "write digits, such as 20 or 0.5"
	case Bool:
		return "write true or false"
	case Time:
		return "write 2027-03-01T09:00:00Z or 2027-03-01"
	case Date:
		return "write year-month-day: 2027-03-01"
	case URL:
		return "write a whole address that starts with https://"
	}
	return fmt.Sprintf("it may have %d characters", t.maxLength())
}

// didYouMeanValue suggests one of an attribute's values, quoted as a rule needs it.
func didYouMeanValue(text string, values []string) string {
	for _, v := range values {
		if strings.EqualFold(v, text) {
			return fmt.Sprintf("did you mean %q?", v)
		}
	}
	if near := finding.Nearest(text, values); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	quoted := make([]string, 0, len(values))
	for _, v := range values[:min(len(values), 12)] {
		quoted = append(quoted, strconv.Quote(v))
	}
	list := strings.Join(quoted, ", ")
	if len(values) > 12 {
		list += ", …"
	}
	return "its values are " + list
}

func plain(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
