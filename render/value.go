package render

import (
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// ValueKind says what a [Value] holds.
type ValueKind uint8

// The kinds of values. Empty and Blank are the words empty and blank in a condition; they equal other values, and print nothing.
const (
	NilValue ValueKind = iota
	BoolValue
	IntValue
	FloatValue
	StringValue
	ListValue
	MapValue
	RangeValue
	TimeValue
	EmptyValue
	BlankValue
	loopValue // forloop and tablerowloop
)

// Value is what an expression yields. Nil, booleans, numbers and strings need no memory beyond it. The zero Value is nil.
type Value struct {
	kind ValueKind
	bits uint64 // a bool's, int's or float's
	text string // a string's
	data *compound
}

// compound is what does not fit a Value.
type compound struct {
	list     []Value
	object   *Object
	from, to int64 // a range, both ends included
	time     time.Time
	loop     *loopState
}

// Nil is the value of what does not exist.
func Nil() Value { return Value{} }

// Bool returns a truth value.
func Bool(b bool) Value {
	if b {
		return Value{kind: BoolValue, bits: 1}
	}
	return Value{kind: BoolValue}
}

// Int returns a whole number.
func Int(n int64) Value { return Value{kind: IntValue, bits: uint64(n)} }

// Float returns a number with a fraction.
func Float(f float64) Value { return Value{kind: FloatValue, bits: math.Float64bits(f)} }

// String returns a text.
func String(s string) Value { return Value{kind: StringValue, text: s} }

// List returns a list, which it shares with the caller.
func List(values []Value) Value { return Value{kind: ListValue, data: &compound{list: values}} }

// Time returns a point in time.
func Time(t time.Time) Value { return Value{kind: TimeValue, data: &compound{time: t}} }

// Range returns the whole numbers from one to another, both included; none if to is smaller.
func Range(from, to int64) Value {
	return Value{kind: RangeValue, data: &compound{from: from, to: to}}
}

// Kind says what v holds.
func (v Value) Kind() ValueKind { return v.kind }

func (v Value) bool() bool     { return v.bits != 0 }
func (v Value) int() int64     { return int64(v.bits) }
func (v Value) float() float64 { return math.Float64frombits(v.bits) }

// list is a list's values, nil for other kinds.
func (v Value) list() []Value {
	if v.kind != ListValue {
		return nil
	}
	return v.data.list
}

func (v Value) object() *Object { return v.data.object }

// length of a range, at most the largest int64.
func (v Value) length() int64 {
	from, to := v.data.from, v.data.to
	if to < from {
		return 0
	}
	if n := uint64(to) - uint64(from); n < math.MaxInt64 {
		return int64(n) + 1
	}
	return math.MaxInt64
}

// truthy is Liquid's notion of true: all but nil and false.
func (v Value) truthy() bool { return v.kind != NilValue && (v.kind != BoolValue || v.bool()) }

// Object is a map that keeps the order in which its keys were set.
type Object struct {
	keys   []string
	values []Value
	index  map[string]int // nil while there are few keys
}

const indexedFrom = 9 // fewer keys than this are faster to compare one by one

// Value returns the object as a value.
func (o *Object) Value() Value { return Value{kind: MapValue, data: &compound{object: o}} }

// Set gives a key a value, at its old place if it had one.
func (o *Object) Set(key string, v Value) {
	if i := o.find(key); i >= 0 {
		o.values[i] = v
		return
	}
	o.keys, o.values = append(o.keys, key), append(o.values, v)
	switch {
	case o.index != nil:
		o.index[key] = len(o.keys) - 1
	case len(o.keys) >= indexedFrom:
		o.index = make(map[string]int, 2*len(o.keys))
		for i, key := range o.keys {
			o.index[key] = i
		}
	}
}

// Get returns a key's value and whether there is one.
func (o *Object) Get(key string) (Value, bool) {
	if i := o.find(key); i >= 0 {
		return o.values[i], true
	}
	return Value{}, false
}

func (o *Object) find(key string) int {
	if o.index != nil {
		if i, ok := o.index[key]; ok {
			return i
		}
		return -1
	}
	for i, k := range o.keys {
		if k == key {
			return i
		}
	}
	return -1
}

// pair is an entry as Liquid sees it when it goes through a map: [key, value].
func (o *Object) pair(i int) Value { return List([]Value{String(o.keys[i]), o.values[i]}) }

// number returns a JSON number: an int if it is written as one and fits, else a float.
func jsonNumber(n json.Number) (Value, error) {
	if i, err := strconv.ParseInt(string(n), 10, 64); err == nil {
		return Int(i), nil
	}
	f, err := n.Float64()
	return Float(f), err
}
