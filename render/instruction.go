package render

import "unsafe"

// text is output as it stands.
type text struct {
	text   string
	quoted bool // is quoted-printable already
}

func (t *text) run(m *machine) flow {
	m.out = append(m.out, t.text...)
	return m.written()
}

// output prints a value in the form that its place needs.
type output struct {
	value expression
	form  form
}

func (o *output) run(m *machine) flow {
	v := o.value.eval(m)
	if m.err != nil {
		return halt
	}
	return m.emit(v, o.form)
}

// form is how a value is written where it stands. The zero form, open mode's, writes it as it is.
type form struct {
	escape escape
	quoted bool // as a quoted-printable segment
}

// emit writes a value.
func (m *machine) emit(v Value, how form) flow {
	switch {
	case v.kind == NilValue:
		return proceed
	case how.escape == nil:
		return m.print(v)
	case !how.quoted && v.kind == StringValue:
		m.out = how.escape(m.out, v.text)
		return m.written()
	}
	start := len(m.out)
	f := m.print(v)
	m.scratch = how.escape(m.scratch[:0], alias(m.out[start:]))
	if m.out = m.out[:start]; how.quoted {
		m.out = appendQuoted(m.out, alias(m.scratch))
	} else {
		m.out = append(m.out, m.scratch...)
	}
	return max(f, m.written())
}

// alias is b as a string without a copy. It must not be kept: b will change.
func alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// conditional runs the first branch whose condition is true.
type conditional struct {
	unless   bool // the first condition is negated
	branches []branch
}

type branch struct {
	condition expression // nil: always
	body      code
}

func (c *conditional) run(m *machine) flow {
	for i := range c.branches {
		b := &c.branches[i]
		hit := b.condition == nil || b.condition.eval(m).truthy() != (c.unless && i == 0)
		if m.err != nil {
			return halt
		}
		if hit {
			return b.body.run(m)
		}
	}
	return proceed
}

// cases runs the body of every value that equals, once for each; an else runs if nothing before it did.
type cases struct {
	value expression
	whens []when
}

type when struct {
	values []expression // nil: else
	body   code
}

func (c *cases) run(m *machine) flow {
	v := c.value.eval(m)
	hit := false
	for i := range c.whens {
		w := &c.whens[i]
		if w.values == nil && !hit {
			if f := w.body.run(m); f != proceed {
				return f
			}
		}
		for _, value := range w.values {
			other := value.eval(m)
			if !m.step() || !m.weighLighter(v, other) {
				return halt
			}
			if v.equal(other) {
				hit = true
				if f := w.body.run(m); f != proceed {
					return f
				}
			}
		}
	}
	return proceed
}

// assignment gives a name a value.
type assignment struct {
	target target
	value  expression
}

func (a *assignment) run(m *machine) flow {
	v := a.value.eval(m)
	if m.err != nil {
		return halt
	}
	m.assign(a.target, v)
	return proceed
}

// capture gives a name what its body prints.
type capture struct {
	target target
	body   code
}

func (c *capture) run(m *machine) flow {
	printed, f := m.apart(c.body)
	m.assign(c.target, String(printed))
	return f
}

// apart runs code and returns what it printed instead of printing it.
func (m *machine) apart(c code) (string, flow) {
	start := len(m.out)
	f := c.run(m)
	if !m.charge(len(m.out) - start) {
		f = halt
	}
	printed := string(m.out[start:])
	m.out = m.out[:start]
	return printed, f
}

// cycle prints its values in turn.
type cycle struct {
	group  expression // nil: none
	key    string     // of a cycle without a group; "": it shares its position with no other
	values []expression
	form   form
}

func (c *cycle) run(m *machine) flow {
	place := cyclePlace{key: c.key}
	if c.group != nil {
		group := c.group.eval(m)
		if !m.weigh(group) {
			return halt
		}
		place = cyclePlace{key: string(group.appendInspect(nil)), group: true}
	} else if c.key == "" {
		place.tag = c
	}
	position := m.scope.cycles[place]
	// A cycle with fewer values than another of its group prints nothing where it has none, and then starts again.
	if position < len(c.values) {
		m.emit(c.values[position].eval(m), c.form)
	}
	if position++; position >= len(c.values) {
		position = 0
	}
	if m.scope.cycles == nil {
		m.scope.cycles = map[cyclePlace]int{}
	}
	m.scope.cycles[place] = position
	return m.written()
}

// counter prints and changes a number of its own: neither assign nor the data give it a start.
type counter struct {
	name string
	step int64
	form form
}

func (c *counter) run(m *machine) flow {
	if m.scope.counters == nil {
		m.scope.counters = map[string]Value{}
	}
	now := asNumber(m.scope.counters[c.name])
	next := add(now, Int(c.step))
	m.scope.counters[c.name] = next
	if c.step < 0 {
		now = next
	}
	return m.emit(now, c.form)
}

// jump is break or continue.
type jump struct{ flow flow }

func (j *jump) run(*machine) flow { return j.flow }

// changed prints its body if it differs from what the last one printed.
type changed struct{ body code }

func (c *changed) run(m *machine) flow {
	printed, f := m.apart(c.body)
	if printed != m.scope.changed {
		m.scope.changed = printed
		m.out = append(m.out, printed...)
	}
	if written := m.written(); written != proceed {
		return written
	}
	return f
}
