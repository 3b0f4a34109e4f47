package render

import (
	"math"
	"strconv"
)

// loop is a for tag.
type loop struct {
	in            expression
	limit, offset expression // nil: none
	resume        bool       // offset: continue
	reversed      bool
	name          string // forloop.name, and what offset: continue remembers the place by
	variable      target
	forloop       target
	body          code
	otherwise     code
	around        Value // forloop of the unrolled loop it stands in; nil: none
}

func (l *loop) run(m *machine) flow {
	items, ok := l.items(m)
	if !ok {
		return halt
	}
	if items.count == 0 {
		return l.otherwise.run(m)
	}
	state := &loopState{name: l.name, length: items.count, around: l.around}
	if n := len(m.scope.loops); n > 0 {
		state.parent = m.scope.loops[n-1]
	}
	bindings := len(m.scope.bindings)
	m.scope.loops = append(m.scope.loops, state)
	m.bind(l.forloop, state.value())
	m.bind(l.variable, Value{})
	f := l.turns(m, items, state)
	m.release(bindings)
	m.scope.loops = m.scope.loops[:len(m.scope.loops)-1]
	return f
}

func (l *loop) turns(m *machine, items sequence, state *loopState) flow {
	for ; state.index < items.count; state.index++ {
		if !m.step() {
			return halt
		}
		i := state.index
		if l.reversed {
			i = items.count - 1 - i
		}
		m.rebind(l.variable, items.at(i))
		switch l.body.run(m) {
		case breakLoop:
			return proceed
		case halt:
			return halt
		}
	}
	return proceed
}

// items are what the loop goes through, after offset and limit.
func (l *loop) items(m *machine) (sequence, bool) {
	var from, limit int64
	limited := false
	if l.resume {
		from = m.scope.offsets[l.name]
	} else if l.offset != nil {
		if v := l.offset.eval(m); v.kind != NilValue {
			from = m.integer(v)
		}
	}
	v := l.in.eval(m)
	if l.limit != nil {
		if v := l.limit.eval(m); v.kind != NilValue {
			limit, limited = m.integer(v), true
		}
	}
	items := sequenceOf(v).cut(from, limit, limited)
	if m.scope.offsets == nil {
		m.scope.offsets = map[string]int64{}
	}
	m.scope.offsets[l.name] = addClamped(from, items.count)
	return items, m.err == nil
}

// sequence is a piece of something that can be gone through: count elements from start on.
type sequence struct {
	value        Value
	start, count int64
}

// sequenceOf is the whole of a list, range or map; a text is a sequence of itself, all else is empty.
func sequenceOf(v Value) sequence {
	s := sequence{value: v}
	switch v.kind {
	case ListValue:
		s.count = int64(len(v.data.list))
	case RangeValue:
		s.count = v.length()
	case MapValue:
		s.count = int64(len(v.object().keys))
	case StringValue:
		s.count = int64(min(1, len(v.text)))
	}
	return s
}

// cut keeps the elements from an index on, at most limit of them. As in Ruby, a negative offset takes from the limit, and a text
// is never cut.
func (s sequence) cut(from, limit int64, limited bool) sequence {
	if s.value.kind == StringValue {
		return s
	}
	end := s.count
	if limited {
		end = min(end, addClamped(from, limit))
	}
	s.start = max(0, from)
	s.count = max(0, end-s.start)
	return s
}

func (s sequence) at(i int64) Value {
	i += s.start
	switch s.value.kind {
	case ListValue:
		return s.value.data.list[i]
	case RangeValue:
		return Int(s.value.data.from + i)
	case MapValue:
		return s.value.object().pair(int(i))
	}
	return s.value
}

func addClamped(a, b int64) int64 {
	switch sum := a + b; {
	case a > 0 && b > 0 && sum < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && sum >= 0:
		return math.MinInt64
	default:
		return sum
	}
}

// loopState is what forloop and tablerowloop tell.
type loopState struct {
	name          string
	length, index int64
	parent        *loopState
	around        Value // stands for parent in an unrolled loop
	table         bool
	column, row   int64
	columns       int64
	self          *compound
}

func (s *loopState) value() Value {
	if s.self == nil {
		s.self = &compound{loop: s}
	}
	return Value{kind: loopValue, data: s.self}
}

func (s *loopState) field(name string) Value {
	switch name {
	case "index":
		return Int(s.index + 1)
	case "index0":
		return Int(s.index)
	case "rindex":
		return Int(s.length - s.index)
	case "rindex0":
		return Int(s.length - s.index - 1)
	case "first":
		return Bool(s.index == 0)
	case "last":
		return Bool(s.index == s.length-1)
	case "length":
		return Int(s.length)
	}
	if s.table {
		return s.tableField(name)
	}
	switch {
	case name == "name":
		return String(s.name)
	case name == "parentloop" && s.parent != nil:
		return s.parent.value()
	case name == "parentloop":
		return s.around
	}
	return Value{}
}

func (s *loopState) tableField(name string) Value {
	switch name {
	case "col":
		return Int(s.column)
	case "col0":
		return Int(s.column - 1)
	case "col_first":
		return Bool(s.column == 1)
	case "col_last":
		return Bool(s.column == s.columns)
	case "row":
		return Int(s.row)
	}
	return Value{}
}

// tableRow is a tablerow tag: a loop that prints table rows and cells around its body.
type tableRow struct {
	in                     expression
	limit, offset, columns expression // nil: none
	variable, tablerowloop target
	body                   code
}

func (t *tableRow) run(m *machine) flow {
	v := t.in.eval(m)
	if !v.truthy() {
		return proceed
	}
	var from, limit int64
	if t.offset != nil {
		from = m.looseInteger(t.offset.eval(m))
	}
	if t.limit != nil {
		limit = m.looseInteger(t.limit.eval(m))
	}
	items := sequenceOf(v).cut(from, limit, t.limit != nil)
	state := &loopState{table: true, length: items.count, column: 1, row: 1, columns: items.count}
	if t.columns != nil {
		state.columns = m.looseInteger(t.columns.eval(m))
	}
	if m.err != nil {
		return halt
	}
	bindings := len(m.scope.bindings)
	m.bind(t.tablerowloop, state.value())
	m.bind(t.variable, Value{})
	m.out = append(m.out, "<tr class=\"row1\">\n"...)
	f := t.turns(m, items, state)
	m.out = append(m.out, "</tr>\n"...)
	m.release(bindings)
	return f
}

func (t *tableRow) turns(m *machine, items sequence, s *loopState) flow {
	for ; s.index < s.length; s.index++ {
		if !m.step() {
			return halt
		}
		m.rebind(t.variable, items.at(s.index))
		m.out = append(strconv.AppendInt(append(m.out, "<td class=\"col"...), s.column, 10), "\">"...)
		f := t.body.run(m)
		m.out = append(m.out, "</td>"...)
		switch {
		case f == halt || m.written() == halt:
			return halt
		case f == breakLoop:
			return proceed
		}
		if s.column != s.columns {
			s.column++
			continue
		}
		if s.index < s.length-1 {
			m.out = append(strconv.AppendInt(append(m.out, "</tr>\n<tr class=\"row"...), s.row+1, 10), "\">"...)
		}
		s.column, s.row = 1, s.row+1
	}
	return proceed
}
