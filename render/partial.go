package render

import (
	"errors"
	"strings"
)

// partial is an include or render tag of open mode.
type partial struct {
	partials map[string]*code // of the whole program, by name
	render   bool
	name     expression
	with     expression // nil: none
	each     bool
	as       string // "": the partial's own name
	values   []option
}

var errIncludeInRender = errors.New("include is not allowed in a partial that is rendered")

func (p *partial) run(m *machine) flow {
	name := p.name.eval(m)
	if name.kind != StringValue {
		m.fail("a partial's name has to be a text, it is %.40q", name.str())
		return halt
	}
	if !p.render && m.scope.rendered {
		m.err = errIncludeInRender
		return halt
	}
	body, ok := p.partials[name.text]
	if !ok {
		m.fail("there is no partial %.80q", name.text)
		return halt
	}
	if m.limits.Depth--; m.limits.Depth < 0 {
		m.exceeded("partials inside each other")
		return halt
	}
	as := p.as
	if as == "" {
		as = name.text[strings.LastIndexByte(name.text, '/')+1:]
	}
	var f flow
	if p.render {
		f = p.runApart(m, *body, as)
	} else {
		f = p.runHere(m, *body, name.text, as)
	}
	m.limits.Depth++
	return f
}

// runHere includes: the partial sees and changes the names around it.
func (p *partial) runHere(m *machine, body code, name, as string) flow {
	bindings := len(m.scope.bindings)
	defer m.release(bindings)
	for i := range p.values {
		m.scope.bindings = append(m.scope.bindings, binding{p.values[i].name, p.values[i].value.eval(m)})
	}
	var v Value
	if p.with != nil {
		v = p.with.eval(m)
	} else {
		v, _ = m.scope.find(name)
	}
	if m.err != nil {
		return halt
	}
	m.scope.bindings = append(m.scope.bindings, binding{as, v})
	if v.kind != ListValue {
		return body.run(m)
	}
	bound := len(m.scope.bindings)
	for _, item := range v.data.list {
		m.scope.bindings[bound-1].value = item
		if !m.step() {
			return halt
		}
		if f := body.run(m); f != proceed {
			return f
		}
	}
	return proceed
}

// runApart renders: the partial sees only what it is handed, and a break in it ends only itself.
func (p *partial) runApart(m *machine, body code, as string) flow {
	var v Value
	if p.with != nil {
		v = p.with.eval(m)
	}
	if !p.each || v.kind != ListValue && v.kind != RangeValue && v.kind != MapValue {
		return p.runOnce(m, body, as, v, nil)
	}
	items := sequenceOf(v)
	state := &loopState{name: as, length: items.count}
	if name := p.name.eval(m); name.kind == StringValue {
		state.name = name.text
	}
	for ; state.index < items.count; state.index++ {
		if !m.step() || p.runOnce(m, body, as, items.at(state.index), state) == halt {
			return halt
		}
	}
	return proceed
}

func (p *partial) runOnce(m *machine, body code, as string, v Value, state *loopState) flow {
	inner := &scope{rendered: true}
	if state != nil {
		inner.assign("forloop", state.value())
	}
	for i := range p.values {
		inner.assign(p.values[i].name, p.values[i].value.eval(m))
	}
	if v.kind != NilValue {
		inner.assign(as, v)
	}
	if m.err != nil {
		return halt
	}
	outer := m.scope
	m.scope = inner
	f := body.run(m)
	m.scope = outer
	if f == halt {
		return halt
	}
	return proceed
}
