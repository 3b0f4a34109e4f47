package render

// selection reads one property of elements and says which match: those that have the value, or without one, those that have
// anything but nil and false there.
type selection struct{ key, want Value }

func selectBy(arguments []Value) selection {
	return selection{key: arguments[0], want: argument(arguments, 1)}
}

func (s selection) matches(v Value) (bool, access) {
	inner, how := property(v, s.key)
	if how != readable {
		return false, how
	}
	if s.want.kind == NilValue {
		return inner.truthy(), readable
	}
	return inner.equal(s.want), readable
}

// first returns the index of the first element that matches, or -1. ok is false where an element before it has no properties:
// Shopify's filters then yield nil.
func (m *machine) firstMatch(list []Value, s selection) (index int, ok bool) {
	for i, v := range list {
		hit, how := s.matches(v)
		switch {
		case how == wrongType:
			m.noSuchProperty(s.key)
			return -1, false
		case how == noProperty:
			return -1, false
		case hit:
			return i, true
		}
	}
	return -1, true
}

func findFilter(m *machine, in Value, arguments []Value) Value {
	list := m.elements(in)
	if i, ok := m.firstMatch(list, selectBy(arguments)); ok && i >= 0 {
		return list[i]
	}
	return Value{}
}

func findIndexFilter(m *machine, in Value, arguments []Value) Value {
	if i, ok := m.firstMatch(m.elements(in), selectBy(arguments)); ok && i >= 0 {
		return Int(int64(i))
	}
	return Value{}
}

func hasFilter(m *machine, in Value, arguments []Value) Value {
	i, ok := m.firstMatch(m.elements(in), selectBy(arguments))
	if !ok {
		return Value{}
	}
	return Bool(i >= 0)
}

func whereFilter(m *machine, in Value, arguments []Value) Value {
	return m.keep(in, selectBy(arguments), true)
}

func rejectFilter(m *machine, in Value, arguments []Value) Value {
	return m.keep(in, selectBy(arguments), false)
}

// keep returns the elements that match, or those that do not.
func (m *machine) keep(in Value, s selection, matching bool) Value {
	kept := []Value{}
	for _, v := range m.elements(in) {
		hit, how := s.matches(v)
		switch {
		case how == wrongType:
			return m.noSuchProperty(s.key)
		case how == noProperty:
			return Value{}
		case hit == matching:
			kept = append(kept, v)
		}
	}
	return List(kept)
}
