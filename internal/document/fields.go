package document

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"germane/internal/finding"
)

// Reader collects the findings of reading a document.
type Reader struct {
	Findings []finding.Finding
}

// Add reports a finding.
func (r *Reader) Add(f finding.Finding) { r.Findings = append(r.Findings, f) }

// Fields reads a mapping key by key.
type Fields struct {
	reader *Reader
	node   *Node
	asked  []string
}

// Map opens a mapping; what names it in findings ("a sender"). Anything else is a finding and reads as an empty mapping; nothing
// (Null, or a nil node) reads as empty without a finding.
func (r *Reader) Map(n *Node, what string) *Fields {
	if n == nil {
		n = &Node{}
	}
	if n.Kind != Map && n.Kind != Null {
		r.Add(n.place("wrong-shape", fmt.Sprintf("%s is a mapping of keys to values, but this is %s", what, n.Kind), "write `key: value` pairs, one a line or inside { }"))
		n = &Node{Text: n.Text}
	}
	return &Fields{reader: r, node: n}
}

// place makes a finding about a node.
func (n *Node) place(code finding.Code, text, hint string) finding.Finding {
	return n.Text.Whole(code, text, hint)
}

// Node returns the mapping itself.
func (f *Fields) Node() *Node { return f.node }

// Get returns the value of a key, nil when it is absent or empty, and makes the key known to Done.
func (f *Fields) Get(key string) *Node {
	f.asked = append(f.asked, key)
	n := f.node.Get(key)
	if n == nil || n.Kind == Null {
		return nil
	}
	return n
}

// Key returns the place of a key, or of the mapping when it has no such key.
func (f *Fields) Key(key string) finding.Text {
	for _, pair := range f.node.Pairs {
		if pair.Key.S == key {
			return pair.Key
		}
	}
	return f.node.Text
}

// Done reports the keys that nobody asked for.
func (f *Fields) Done(what string) {
	for _, pair := range f.node.Pairs {
		if !slices.Contains(f.asked, pair.Key.S) {
			hint := finding.DidYouMean(pair.Key.S, f.asked, "known here: "+strings.Join(f.asked, ", "))
			f.reader.Add(pair.Key.Whole("unknown-key", fmt.Sprintf("%s has no key %q", what, pair.Key.S), hint))
		}
	}
}

// Require reports a key that is absent; why says what it is for.
func (f *Fields) Require(key, what, hint string) {
	if f.Get(key) == nil {
		f.reader.Add(f.Key(key).At(0, max(1, len(f.Key(key).S)), "missing-key", fmt.Sprintf("%s has no %s", what, key), hint))
	}
}

// Text returns a scalar's text; a list or mapping is a finding.
func (f *Fields) Text(key string) (finding.Text, bool) {
	n := f.Get(key)
	if n == nil {
		return finding.Text{}, false
	}
	if n.Kind != Scalar {
		f.reader.Add(n.place("wrong-shape", fmt.Sprintf("%s is a single value, but this is %s", key, n.Kind), ""))
		return finding.Text{}, false
	}
	return n.Text, true
}

// String returns a scalar's value, "" when absent.
func (f *Fields) String(key string) string {
	text, _ := f.Text(key)
	return text.S
}

// OneOf returns a scalar that must be one of the given values; fallback when absent or wrong.
func (f *Fields) OneOf(key, fallback string, allowed ...string) string {
	text, ok := f.Text(key)
	if !ok {
		return fallback
	}
	if slices.Contains(allowed, text.S) {
		return text.S
	}
	f.reader.Add(text.Whole("bad-value", fmt.Sprintf("%s cannot be %q", key, text.S),
		finding.DidYouMean(text.S, allowed, "use one of: "+strings.Join(allowed, ", "))))
	return fallback
}

// Bool returns true or false; fallback when absent or wrong.
func (f *Fields) Bool(key string, fallback bool) bool {
	text, ok := f.Text(key)
	if !ok {
		return fallback
	}
	switch text.S {
	case "true", "false":
		return text.S == "true"
	}
	f.reader.Add(text.Whole("bad-value", fmt.Sprintf("%s is true or false, not %q", key, text.S), "write true or false"))
	return fallback
}

// Int returns a whole number; ok is false when absent or wrong.
func (f *Fields) Int(key string) (int64, bool) {
	text, ok := f.Text(key)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(text.S, 10, 64)
	if err != nil {
		f.reader.Add(text.Whole("bad-number", fmt.Sprintf("%s is a whole number, not %q", key, text.S), "write digits only, such as 20"))
	}
	return n, err == nil
}

// Float returns a finite number; ok is false when absent or wrong.
func (f *Fields) Float(key string) (float64, bool) {
	text, ok := f.Text(key)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseFloat(text.S, 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		f.reader.Add(text.Whole("bad-number", fmt.Sprintf("%s is a number, not %q", key, text.S), "write digits, such as 20 or 0.5"))
		return 0, false
	}
	return n, true
}

// Duration returns a duration; ok is false when absent or wrong.
func (f *Fields) Duration(key string) (time.Duration, bool) {
	text, ok := f.Text(key)
	if !ok {
		return 0, false
	}
	return f.reader.Duration(text)
}

// Share returns a fraction of 1 written with a percent sign; ok is false when absent or wrong.
func (f *Fields) Share(key string) (float64, bool) {
	text, ok := f.Text(key)
	if !ok {
		return 0, false
	}
	return f.reader.Share(text)
}

// SomeShare returns a share of less than everybody; text and hint say what is wrong with 100%.
func (f *Fields) SomeShare(key, text, hint string) float64 {
	share, ok := f.Share(key)
	if written, _ := f.Text(key); ok && share >= 1 {
		f.reader.Add(written.Whole("out-of-range", text, hint))
	}
	return share
}

// List returns a list's items; a single value stands for a list of one.
func (f *Fields) List(key string) []*Node {
	n := f.Get(key)
	switch {
	case n == nil:
		return nil
	case n.Kind == List:
		return n.Items
	case n.Kind == Scalar:
		return []*Node{n}
	}
	f.reader.Add(n.place("wrong-shape", fmt.Sprintf("%s is a list, but this is %s", key, n.Kind), "write [a, b] or one `- item` a line"))
	return nil
}

// Strings returns a list of scalars with their places.
func (f *Fields) Strings(key string) []finding.Text {
	var texts []finding.Text
	for _, item := range f.List(key) {
		if item.Kind != Scalar {
			f.reader.Add(item.place("wrong-shape", fmt.Sprintf("%s is a list of single values, but this is %s", key, item.Kind), ""))
			continue
		}
		texts = append(texts, item.Text)
	}
	return texts
}
