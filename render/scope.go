package render

// scope holds open mode's names, and in both modes what loops, cycles and counters remember. A partial that is rendered has a
// scope of its own; one that is included shares its caller's.
type scope struct {
	data     *Object          // what the template was given; nil in a rendered partial
	assigned map[string]Value // by assign and capture
	bindings []binding        // loop variables and values handed to partials, innermost last
	counters map[string]Value // by increment and decrement
	cycles   map[cyclePlace]int
	offsets  map[string]int64 // where a loop with that name stopped, for offset: continue
	changed  string           // what ifchanged saw last
	loops    []*loopState     // the loops around, innermost last
	rendered bool             // in a rendered partial: include is not allowed
}

type binding struct {
	name  string
	value Value
}

// cyclePlace identifies what cycle tags share a position: those with equal literals or an equal group, else the tag itself.
type cyclePlace struct {
	tag   *cycle
	key   string
	group bool
}

func (s *scope) find(name string) (Value, bool) {
	for i := len(s.bindings) - 1; i >= 0; i-- {
		if s.bindings[i].name == name {
			return s.bindings[i].value, true
		}
	}
	if v, ok := s.assigned[name]; ok {
		return v, true
	}
	if v, ok := s.counters[name]; ok {
		return v, true
	}
	if s.data == nil {
		return Value{}, false
	}
	return s.data.Get(name)
}

func (s *scope) assign(name string, v Value) {
	if s.assigned == nil {
		s.assigned = map[string]Value{}
	}
	s.assigned[name] = v
}

// target is where a tag puts a value: a place in the frame (strict), or a name (open, when local is -1).
type target struct {
	local int
	name  string
}

func (m *machine) assign(t target, v Value) {
	if t.local >= 0 {
		m.frame[t.local] = v
		return
	}
	m.scope.assign(t.name, v)
}

// bind gives a loop's variable a value that hides others of its name until release gets the number of bindings there were before.
func (m *machine) bind(t target, v Value) {
	if t.local >= 0 {
		m.frame[t.local] = v
		return
	}
	m.scope.bindings = append(m.scope.bindings, binding{t.name, v})
}

// rebind changes the value of the innermost binding.
func (m *machine) rebind(t target, v Value) {
	if t.local >= 0 {
		m.frame[t.local] = v
		return
	}
	m.scope.bindings[len(m.scope.bindings)-1].value = v
}

func (m *machine) release(bindings int) {
	m.scope.bindings = m.scope.bindings[:bindings]
}

// selfField is self.name or self[name]: a variable by its name, unless there is a variable self.
type selfField struct{ key pathKey }

func (s *selfField) eval(m *machine) Value {
	self, ok := m.scope.find("self")
	switch {
	case ok && s.key.key != nil:
		return self.at(s.key.key.eval(m))
	case ok:
		return self.field(s.key.name)
	}
	name := String(s.key.name)
	if s.key.key != nil {
		name = s.key.key.eval(m)
	}
	v, _ := m.scope.find(name.text)
	return v
}
