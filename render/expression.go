package render

// constant is a literal.
type constant struct{ value Value }

func (c *constant) eval(*machine) Value { return c.value }

// slot is an attribute: strict mode gives every attribute that a program reads an index.
type slot struct{ index int }

func (s *slot) eval(m *machine) Value { return m.slots[s.index] }

// local is an assigned, captured or loop variable of strict mode.
type local struct{ index int }

func (l *local) eval(m *machine) Value { return m.frame[l.index] }

// named is a variable of open mode, looked up when it is read.
type named struct{ name string }

func (n *named) eval(m *machine) Value {
	v, _ := m.scope.find(n.name)
	return v
}

// computed is a variable of open mode whose name is a value: {{ [name] }}.
type computed struct{ name expression }

func (c *computed) eval(m *machine) Value {
	if name := c.name.eval(m); name.kind == StringValue {
		v, _ := m.scope.find(name.text)
		return v
	}
	return Value{}
}

// path reads inside a value: .name or [key], one after another.
type path struct {
	base expression
	keys []pathKey
}

// pathKey is one step of a path. A name is written .name, and only then size, first and last are commands.
type pathKey struct {
	name string
	key  expression // [key]; nil for a name
}

func (p *path) eval(m *machine) Value {
	v := p.base.eval(m)
	if !m.charge(len(p.keys)) {
		return Value{}
	}
	for i := range p.keys {
		k := &p.keys[i]
		if k.key != nil {
			v = v.at(k.key.eval(m))
		} else {
			v = v.field(k.name)
		}
	}
	return v
}

// at is v[key].
func (v Value) at(key Value) Value {
	switch {
	case v.kind == ListValue && key.kind == IntValue:
		i := key.int()
		if i < 0 {
			i += int64(len(v.data.list))
		}
		if i >= 0 && i < int64(len(v.data.list)) {
			return v.data.list[i]
		}
	case v.kind == MapValue && key.kind == StringValue:
		found, _ := v.object().Get(key.text)
		return found
	case v.kind == loopValue && key.kind == StringValue:
		return v.data.loop.field(key.text)
	}
	return Value{}
}

// field is v.name.
func (v Value) field(name string) Value {
	switch v.kind {
	case MapValue:
		if found, ok := v.object().Get(name); ok {
			return found
		}
	case loopValue:
		return v.data.loop.field(name)
	}
	switch name {
	case "size":
		if size, ok := v.size(); ok {
			return size
		}
	case "first":
		return v.first()
	case "last":
		return v.last()
	}
	return Value{}
}

// rangeOf is (from..to) with bounds that are not both literals.
type rangeOf struct{ from, to expression }

func (r *rangeOf) eval(m *machine) Value {
	from, to := r.from.eval(m), r.to.eval(m)
	return Range(m.bound(from), m.bound(to))
}

// bound is a range's end: nil and texts that are no number count as 0, a float is refused.
func (m *machine) bound(v Value) int64 {
	switch v.kind {
	case NilValue, EmptyValue, BlankValue:
		return 0
	case StringValue:
		return leadingInt(v.text).clampedInt()
	}
	return m.integer(v)
}

// comparison is left operator right.
type comparison struct {
	operator    string
	left, right expression
}

func (c *comparison) eval(m *machine) Value {
	left, right := c.left.eval(m), c.right.eval(m)
	if !m.weighLighter(left, right) {
		return Value{}
	}
	switch c.operator {
	case "==":
		return Bool(left.equal(right))
	case "!=":
		return Bool(!left.equal(right))
	case "contains":
		if !m.weigh(left) {
			return Value{}
		}
		return Bool(left.contains(right))
	}
	result, ordered, mixed := order(left, right)
	if mixed {
		return m.fail("cannot compare %.40q with %.40q", left.str(), right.str())
	}
	switch c.operator {
	case "<":
		return Bool(ordered && result < 0)
	case "<=":
		return Bool(ordered && result <= 0)
	case ">":
		return Bool(ordered && result > 0)
	}
	return Bool(ordered && result >= 0)
}

// weighLighter charges a comparison, which ends with the lighter of its sides.
func (m *machine) weighLighter(v, w Value) bool {
	if v.kind != w.kind {
		return m.err == nil
	}
	if v.kind == StringValue {
		return m.charge(min(len(v.text), len(w.text)))
	}
	return m.weigh(v)
}

// both is left and right, which is read only if left is true.
type both struct{ left, right expression }

func (b *both) eval(m *machine) Value {
	if !b.left.eval(m).truthy() {
		return Bool(false)
	}
	return Bool(b.right.eval(m).truthy())
}

// either is left or right, which is read only if left is not true.
type either struct{ left, right expression }

func (e *either) eval(m *machine) Value {
	if e.left.eval(m).truthy() {
		return Bool(true)
	}
	return Bool(e.right.eval(m).truthy())
}

// filtered passes a value through filters.
type filtered struct {
	value expression
	steps []filterStep
}

type filterStep struct {
	filter    *filter
	arguments []expression
	options   []option // name: value arguments; the filter gets them as a map, its last argument
}

type option struct {
	name  string
	value expression
}

func (f *filtered) eval(m *machine) Value {
	v := f.value.eval(m)
	for i := range f.steps {
		if m.err != nil || !m.step() {
			return Value{}
		}
		v = f.steps[i].run(m, v)
	}
	return v
}

func (s *filterStep) run(m *machine, in Value) Value {
	start := len(m.arguments)
	for _, argument := range s.arguments {
		m.arguments = append(m.arguments, argument.eval(m))
	}
	if s.options != nil {
		options := &Object{}
		for i := range s.options {
			options.Set(s.options[i].name, s.options[i].value.eval(m))
		}
		m.arguments = append(m.arguments, options.Value())
	}
	out := s.filter.call(m, in, m.arguments[start:])
	m.arguments = m.arguments[:start]
	if m.err != nil {
		return Value{}
	}
	return out
}
