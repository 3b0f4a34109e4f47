package render

import (
	"math/bits"
	"slices"
	"strings"
	"unicode/utf8"

	"germane/audience"
)

// elements is what list filters go through: a list without its inner lists, a range's numbers; anything else is a list of itself.
func (m *machine) elements(v Value) []Value {
	switch v.kind {
	case NilValue, EmptyValue, BlankValue:
		return nil
	case ListValue:
		if !slices.ContainsFunc(v.data.list, func(v Value) bool { return v.kind == ListValue }) {
			return v.data.list
		}
		return flatten(nil, v.data.list)
	case RangeValue:
		n := v.length()
		if !m.chargeProduct(n, elementWeight) {
			return nil
		}
		list := make([]Value, n)
		for i := range list {
			list[i] = Int(v.data.from + int64(i))
		}
		return list
	}
	return []Value{v}
}

func flatten(dst, list []Value) []Value {
	for _, v := range list {
		if v.kind == ListValue {
			dst = flatten(dst, v.data.list)
		} else {
			dst = append(dst, v)
		}
	}
	return dst
}

// access says how Ruby's v[key] went.
type access uint8

const (
	readable   access = iota // possibly nil
	wrongType                // Ruby raises TypeError: a number of a text's name
	noProperty               // v has no properties: nil, true, a float
)

// property is Ruby's v[key], with which the filters read inside elements. A text's property is a part of it.
func property(v, key Value) (Value, access) {
	switch v.kind {
	case MapValue, loopValue:
		return v.at(key), readable
	case StringValue:
		switch {
		case key.kind == StringValue && strings.Contains(v.text, key.text):
			return key, readable
		case key.kind == StringValue:
			return Value{}, readable
		case key.isNumber():
			return character(v.text, key.clampedInt()), readable
		}
		return Value{}, wrongType
	case IntValue:
		if key.isNumber() {
			n := min(63, max(0, key.clampedInt()))
			return Int(v.int() >> n & 1), readable
		}
		return Value{}, wrongType
	}
	return Value{}, noProperty
}

// character is a text's character at an index; nil outside.
func character(s string, i int64) Value {
	size := int64(utf8.RuneCountInString(s))
	if i < 0 {
		i += size
	}
	if i < 0 || i >= size {
		return Value{}
	}
	start := runeOffset(s, i)
	_, width := utf8.DecodeRuneInString(s[start:])
	return String(s[start : start+width])
}

func (m *machine) noSuchProperty(key Value) Value {
	return m.fail("cannot select the property %.40q", m.str(key))
}

func (v Value) size() (Value, bool) {
	switch v.kind {
	case StringValue:
		return Int(int64(utf8.RuneCountInString(v.text))), true
	case EmptyValue, BlankValue:
		return Int(0), true
	case ListValue:
		return Int(int64(len(v.data.list))), true
	case MapValue:
		return Int(int64(len(v.object().keys))), true
	case RangeValue:
		return Int(v.length()), true
	case IntValue:
		return Int(8), true // Ruby's Integer#size: the bytes of a machine word
	}
	return Value{}, false
}

func (v Value) first() Value {
	switch v.kind {
	case StringValue:
		_, width := utf8.DecodeRuneInString(v.text)
		return String(v.text[:width])
	case ListValue:
		if len(v.data.list) > 0 {
			return v.data.list[0]
		}
	case MapValue:
		if len(v.object().keys) > 0 {
			return v.object().pair(0)
		}
	case RangeValue:
		return Int(v.data.from)
	}
	return Value{}
}

func (v Value) last() Value {
	switch v.kind {
	case StringValue:
		_, width := utf8.DecodeLastRuneInString(v.text)
		return String(v.text[len(v.text)-width:])
	case ListValue:
		if n := len(v.data.list); n > 0 {
			return v.data.list[n-1]
		}
	case RangeValue:
		return Int(v.data.to)
	}
	return Value{}
}

func sizeFilter(_ *machine, in Value, _ []Value) Value {
	size, ok := in.size()
	if !ok {
		return Int(0)
	}
	return size
}

func firstFilter(_ *machine, in Value, _ []Value) Value { return in.first() }

func lastFilter(_ *machine, in Value, _ []Value) Value { return in.last() }

// defaultFilter replaces nil, false and what is empty; with allow_false: true, not false.
func defaultFilter(_ *machine, in Value, arguments []Value) Value {
	allowFalse := Value{}
	if options := argument(arguments, 1); options.kind == MapValue {
		allowFalse, _ = options.object().Get("allow_false")
	}
	missing := !in.truthy()
	if allowFalse.truthy() {
		missing = in.kind == NilValue
	}
	switch {
	case !missing && !in.isEmpty():
		return in
	case len(arguments) == 0:
		return String("")
	}
	return arguments[0]
}

// strictDefault also replaces texts without anything to read.
var strictDefault = &filter{light: true, apply: func(m *machine, in Value, arguments []Value) Value {
	if in.kind == StringValue && audience.ShowsNothing(in.text) {
		return arguments[0]
	}
	return defaultFilter(m, in, arguments)
}}

func joinFilter(m *machine, in Value, arguments []Value) Value {
	glue := " "
	if len(arguments) > 0 {
		glue = m.str(arguments[0])
	}
	list := m.elements(in)
	if !m.chargeProduct(int64(len(list)), len(glue)) {
		return Value{}
	}
	var joined []byte
	for i, v := range list {
		if i > 0 {
			joined = append(joined, glue...)
		}
		joined = v.appendText(joined)
	}
	return String(string(joined))
}

func reverseFilter(m *machine, in Value, _ []Value) Value {
	list := slices.Clone(m.elements(in))
	slices.Reverse(list)
	return List(list)
}

func concatFilter(m *machine, in Value, arguments []Value) Value {
	if arguments[0].kind != ListValue {
		return m.fail("concat takes a list, not %.40q", m.str(arguments[0]))
	}
	return List(slices.Concat(m.elements(in), arguments[0].data.list))
}

func mapFilter(m *machine, in Value, arguments []Value) Value {
	key := arguments[0]
	list := m.elements(in)
	mapped := make([]Value, len(list))
	for i, v := range list {
		inner, how := property(v, key)
		if how == wrongType {
			return m.noSuchProperty(key)
		}
		mapped[i] = inner
	}
	return List(mapped)
}

func sumFilter(m *machine, in Value, arguments []Value) Value {
	sum := Int(0)
	for _, v := range m.elements(in) {
		if key := argument(arguments, 0); key.kind != NilValue {
			inner, how := property(v, key)
			if how == wrongType {
				return m.noSuchProperty(key)
			}
			v = inner
		}
		for _, v := range m.elements(v) {
			sum = add(sum, asNumber(v))
		}
	}
	return sum
}

// named is the property of an element that a filter's argument names, or without an argument the element itself; ok is false where
// the filter yields nothing.
func (m *machine) named(v, key Value) (inner Value, ok bool) {
	if key.kind == NilValue {
		return v, true
	}
	inner, how := property(v, key)
	if how == wrongType {
		m.noSuchProperty(key)
	}
	return inner, how != wrongType && how != noProperty
}

func compactFilter(m *machine, in Value, arguments []Value) Value {
	kept := []Value{}
	for _, v := range m.elements(in) {
		inner, ok := m.named(v, argument(arguments, 0))
		if !ok {
			return Value{}
		}
		if inner.kind != NilValue {
			kept = append(kept, v)
		}
	}
	return List(kept)
}

// uniqFilter keeps the first of equal elements; as in Ruby's hashes, 1 and 1.0 are not equal.
func uniqFilter(m *machine, in Value, arguments []Value) Value {
	kept := []Value{}
	seen := map[string]bool{}
	for _, v := range m.elements(in) {
		inner, ok := m.named(v, argument(arguments, 0))
		if !ok {
			return Value{}
		}
		if identity := string(inner.appendInspect(nil)); !seen[identity] {
			seen[identity] = true
			kept = append(kept, v)
		}
	}
	return List(kept)
}

func sortFilter(m *machine, in Value, arguments []Value) Value {
	return m.sort(in, argument(arguments, 0), func(v, w Value) int {
		result, ordered, _ := order(v, w)
		switch {
		case ordered:
			return result
		case v.equal(w):
			return 0
		case v.kind == NilValue:
			return 1
		case w.kind == NilValue:
			return -1
		}
		m.fail("cannot sort %.40q and %.40q, they are of different kinds", m.str(v), m.str(w))
		return 0
	})
}

// sortNaturalFilter sorts as texts, upper and lower case alike for the letters A to Z.
func sortNaturalFilter(m *machine, in Value, arguments []Value) Value {
	return m.sort(in, argument(arguments, 0), func(v, w Value) int {
		switch {
		case v.kind == NilValue && w.kind == NilValue:
			return 0
		case v.kind == NilValue:
			return 1
		case w.kind == NilValue:
			return -1
		}
		return strings.Compare(asciiLower(v.str()), asciiLower(w.str()))
	})
}

func asciiLower(s string) string {
	lowered := []byte(s)
	for i, c := range lowered {
		if c >= 'A' && c <= 'Z' {
			lowered[i] = c | 0x20
		}
	}
	return string(lowered)
}

// sort sorts by the elements themselves or by one of their properties; elements that compare equal keep their order.
func (m *machine) sort(in, key Value, compare func(v, w Value) int) Value {
	type entry struct{ key, value Value }
	list := m.elements(in)
	if !m.chargeProduct(int64(in.weight(m.limits.Work)), bits.Len(uint(len(list)))) {
		return Value{}
	}
	entries := make([]entry, len(list))
	for i, v := range list {
		entries[i] = entry{v, v}
		if key.kind == NilValue {
			continue
		}
		inner, how := property(v, key)
		switch {
		case how == noProperty:
			return Value{}
		case how == wrongType && len(list) > 1:
			return m.noSuchProperty(key)
		}
		entries[i].key = inner
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return compare(a.key, b.key) })
	sorted := make([]Value, len(entries))
	for i, e := range entries {
		sorted[i] = e.value
	}
	return List(sorted)
}
