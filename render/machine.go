package render

import (
	"fmt"
	"math"
	"time"
)

// Limits bound what one execution may do, so that no template can hang or exhaust a worker.
type Limits struct {
	Steps  int // instructions executed and turns of loops
	Output int // bytes written
	Work   int // bytes that filters, comparisons and assignments read and build; an element of a list counts as 32
	Depth  int // partials inside each other
}

// The default limits. With them, an execution takes well below a second.
const (
	DefaultSteps  = 1_000_000
	DefaultOutput = 8 << 20
	DefaultWork   = 64 << 20
	DefaultDepth  = 100
)

// DefaultLimits returns the limits that hold unless a caller has a reason for others.
func DefaultLimits() Limits {
	return Limits{Steps: DefaultSteps, Output: DefaultOutput, Work: DefaultWork, Depth: DefaultDepth}
}

// LimitError says that an execution was stopped because it exceeded one of its [Limits].
type LimitError struct{ Limit string }

func (e *LimitError) Error() string { return "the template exceeds the limit of " + e.Limit }

// flow says how to go on after an instruction.
type flow uint8

const (
	proceed flow = iota
	breakLoop
	continueLoop
	halt // machine.err says why, or the message is skipped
)

// instruction is one executable piece of a template.
type instruction interface{ run(m *machine) flow }

// expression is an executable value. After an error eval returns nil and machine.err is set.
type expression interface{ eval(m *machine) Value }

// code is a sequence of instructions.
type code []instruction

func (c code) run(m *machine) flow {
	for _, i := range c {
		if !m.step() {
			return halt
		}
		if f := i.run(m); f != proceed {
			return f
		}
		if m.err != nil {
			return halt
		}
	}
	return proceed
}

// machine executes code. It is reused from one execution to the next and keeps its buffers.
type machine struct {
	out    []byte
	now    time.Time // what "now" and "today" mean
	limits Limits    // what is left
	err    error

	slots      []Value   // strict mode: the attributes that the program reads
	frame      []Value   // strict mode: assigned, captured and loop variables
	chosen     []variant // strict mode: by block
	envelope   *Envelope // strict mode
	skipped    string    // strict mode: the reason that a skip gave
	linkValues []string  // strict mode: of the link being written
	scratch    []byte    // strict mode: a value on its way to its form
	scope      *scope    // never nil while code runs
	root       scope     // the outermost scope
	arguments  []Value   // a stack of filters' arguments
}

// start prepares the machine for an execution.
func (m *machine) start(now time.Time, limits Limits) {
	m.out, m.arguments = m.out[:0], m.arguments[:0]
	m.now, m.limits, m.err = now, limits, nil
	m.forget()
}

// forget empties what tags remember.
func (m *machine) forget() {
	m.root = scope{bindings: m.root.bindings[:0], loops: m.root.loops[:0]}
	m.scope = &m.root
}

// step takes one step of the limit; false once it is used up.
func (m *machine) step() bool {
	if m.limits.Steps--; m.limits.Steps < 0 {
		m.exceeded("steps")
		return false
	}
	return true
}

// charge takes work of the limit; false once it is used up.
func (m *machine) charge(work int) bool {
	if work < 0 || work > m.limits.Work {
		m.limits.Work = 0
		m.exceeded("work")
		return false
	}
	m.limits.Work -= work
	return true
}

// weigh charges the reading of all of v.
func (m *machine) weigh(v Value) bool {
	if v.kind != StringValue && v.kind != ListValue && v.kind != MapValue {
		return m.err == nil
	}
	return m.charge(v.weight(m.limits.Work))
}

// str is v as a text; building one from a list or map is work.
func (m *machine) str(v Value) string {
	if (v.kind == ListValue || v.kind == MapValue) && !m.weigh(v) {
		return ""
	}
	return v.str()
}

// print writes v to the output as {{ }} does.
func (m *machine) print(v Value) flow {
	switch v.kind {
	case ListValue:
		for _, item := range v.data.list {
			if !m.charge(elementWeight) || m.print(item) == halt {
				return halt
			}
		}
		return m.written()
	case MapValue:
		if !m.weigh(v) {
			return halt
		}
	}
	m.out = v.appendText(m.out)
	return m.written()
}

// chargeProduct charges count times size, which may be more than an int holds.
func (m *machine) chargeProduct(count int64, size int) bool {
	if size > 0 && count > int64(math.MaxInt/size) {
		return m.charge(-1)
	}
	return m.charge(int(count) * size)
}

// written checks the limit of output after something was appended to it.
func (m *machine) written() flow {
	if len(m.out) > m.limits.Output {
		m.exceeded("output")
		return halt
	}
	return proceed
}

func (m *machine) exceeded(limit string) {
	if m.err == nil {
		m.err = &LimitError{Limit: limit}
	}
}

// fail stops the execution. The first error counts.
func (m *machine) fail(format string, values ...any) Value {
	if m.err == nil {
		m.err = fmt.Errorf(format, values...)
	}
	return Value{}
}
