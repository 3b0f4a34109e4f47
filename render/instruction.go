package render

import "strconv"

// text is output as it stands.
type text struct{ text string }

func (t *text) run(m *machine) flow {
	m.out = append(m.out, t.text...)
	return m.written()
}

// output prints a value, escaped for the place where it stands; open mode does not escape.
type output struct {
	value  expression
	escape func(dst []byte, s string) []byte
}

func (o *output) run(m *machine) flow {
	v := o.value.eval(m)
	if m.err != nil {
		return halt
	}
	switch {
	case v.kind == NilValue:
		return proceed
	case v.kind == IntValue: // digits need no escape anywhere
		m.out = strconv.AppendInt(m.out, v.int(), 10)
	case o.escape == nil:
		return m.print(v)
	case v.kind == StringValue:
		m.out = o.escape(m.out, v.text)
	default:
		return m.printEscaped(v, o.escape)
	}
	return m.written()
}

func (m *machine) printEscaped(v Value, escape func([]byte, string) []byte) flow {
	start := len(m.out)
	f := m.print(v)
	plain := string(m.out[start:])
	m.out = escape(m.out[:start], plain)
	return max(f, m.written())
}

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
		m.print(c.values[position].eval(m))
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
	return m.print(now)
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
