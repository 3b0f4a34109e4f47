package render

import (
	"cmp"
	"math"
	"strings"
)

// isEmpty is what == empty asks.
func (v Value) isEmpty() bool {
	switch v.kind {
	case StringValue:
		return v.text == ""
	case ListValue:
		return len(v.data.list) == 0
	case MapValue:
		return len(v.object().keys) == 0
	}
	return false
}

// isBlank is what == blank asks.
func (v Value) isBlank() bool {
	switch v.kind {
	case NilValue:
		return true
	case BoolValue:
		return !v.bool()
	case StringValue:
		return strings.Trim(v.text, " \t\n\v\f\r") == ""
	}
	return v.isEmpty()
}

// equal compares as Ruby's == does, and empty and blank as Liquid does: they equal no other of the two, nor themselves.
func (v Value) equal(w Value) bool {
	switch {
	case v.kind == EmptyValue:
		return w.isEmpty()
	case v.kind == BlankValue:
		return w.isBlank()
	case w.kind == EmptyValue:
		return v.isEmpty()
	case w.kind == BlankValue:
		return v.isBlank()
	case v.isNumber() && w.isNumber():
		return compareNumbers(v, w) == 0
	case v.kind != w.kind:
		return false
	}
	switch v.kind {
	case NilValue:
		return true
	case BoolValue:
		return v.bits == w.bits
	case StringValue:
		return v.text == w.text
	case ListValue:
		return equalLists(v.data.list, w.data.list)
	case MapValue:
		return v.object().equal(w.object())
	case RangeValue:
		return v.data.from == w.data.from && v.data.to == w.data.to
	case TimeValue:
		return v.data.time.Equal(w.data.time)
	}
	return v.data == w.data
}

func equalLists(a, b []Value) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].equal(b[i]) {
			return false
		}
	}
	return true
}

func (o *Object) equal(p *Object) bool {
	if len(o.keys) != len(p.keys) {
		return false
	}
	for i, key := range o.keys {
		if other, ok := p.Get(key); !ok || !o.values[i].equal(other) {
			return false
		}
	}
	return true
}

func (v Value) isNumber() bool { return v.kind == IntValue || v.kind == FloatValue }

// asFloat is a number as a float.
func (v Value) asFloat() float64 {
	if v.kind == IntValue {
		return float64(v.int())
	}
	return v.float()
}

// compareNumbers orders an int and a float without losing the int's last digits.
func compareNumbers(v, w Value) int {
	switch {
	case v.kind == IntValue && w.kind == IntValue:
		return cmp.Compare(v.int(), w.int())
	case v.kind == FloatValue && w.kind == FloatValue:
		return cmp.Compare(v.float(), w.float())
	case v.kind == FloatValue:
		return -compareNumbers(w, v)
	}
	n, f := v.int(), w.float()
	switch {
	case f >= math.MaxInt64:
		return -1
	case f < math.MinInt64:
		return 1
	}
	if whole := int64(math.Floor(f)); n != whole {
		return cmp.Compare(n, whole)
	}
	return cmp.Compare(0, f-math.Floor(f))
}

// order compares what < and > can compare: two numbers, two texts, two times. mixed is true where Ruby would raise: a number
// with a text. Everything else has no order.
func order(v, w Value) (result int, ordered, mixed bool) {
	switch {
	case v.isNumber() && w.isNumber():
		return compareNumbers(v, w), true, false
	case v.kind == StringValue && w.kind == StringValue:
		return strings.Compare(v.text, w.text), true, false
	case v.kind == TimeValue && w.kind == TimeValue:
		return v.data.time.Compare(w.data.time), true, false
	}
	return 0, false, v.comparable() && w.comparable()
}

func (v Value) comparable() bool {
	return v.isNumber() || v.kind == StringValue || v.kind == TimeValue
}

// contains is the operator: a part of a text, an element of a list, a key of a map, a number of a range.
func (v Value) contains(w Value) bool {
	if !w.truthy() {
		return false
	}
	switch v.kind {
	case StringValue:
		return strings.Contains(v.text, w.str())
	case ListValue:
		if w.kind == EmptyValue || w.kind == BlankValue {
			return false
		}
		for _, item := range v.data.list {
			if item.equal(w) {
				return true
			}
		}
	case MapValue:
		if w.kind == StringValue {
			_, ok := v.object().Get(w.text)
			return ok
		}
	case RangeValue:
		return w.isNumber() && compareNumbers(Int(v.data.from), w) <= 0 && compareNumbers(w, Int(v.data.to)) <= 0
	}
	return false
}

const elementWeight = 32 // the work of touching one element of a list or map, in bytes

// weight is how much work it is to read all of v: bytes of texts, and elementWeight for each element. It stops counting past
// limit, since values may share parts and so be larger than memory.
func (v Value) weight(limit int) int {
	switch v.kind {
	case StringValue:
		return len(v.text)
	case ListValue:
		return weightOf(v.data.list, elementWeight, limit)
	case MapValue:
		return weightOf(v.object().values, 2*elementWeight, limit)
	}
	return 0
}

func weightOf(values []Value, each, limit int) int {
	sum := each * len(values)
	for i := range values {
		if sum > limit {
			break
		}
		sum += values[i].weight(limit - sum)
	}
	return sum
}
