package render

import (
	"fmt"
	"slices"
	"time"

	"germane/templates"
)

// maxUnrolled bounds how many turns of a loop over a workspace's own content are written out when compiling.
const maxUnrolled = 50

// unroll writes out a loop over content that is the same for everybody: what it prints becomes static, and each of its links gets an
// id of its own. ok is false where the loop must turn at run time.
func (r *resolver) unroll(c *compiler, n *templates.For) (instruction, bool) {
	if r.analysis.never[n] { // its body was not analysed
		return &inline{c.nodes(n.Else)}, true
	}
	key := linkPlaceKey{file: c.file.Name, span: n.Span, iteration: r.iteration}
	if n.Table || n.Continue || r.resumed(n.Name) || len(r.locals[loopName]) > 0 || needsTurns(n.Body) || r.links.turning[key] {
		r.links.turning[key] = true // in the plain text too, so that its links are those of the HTML
		return nil, false
	}
	list, ok := c.value(n.In).(*constant)
	if !ok || list.value.kind != ListValue {
		return nil, false
	}
	offset, _, ok := constantInt(c, n.Offset)
	if !ok {
		return nil, false
	}
	limit, limited, ok := constantInt(c, n.Limit)
	if !ok {
		return nil, false
	}
	items := sequenceOf(list.value).cut(offset, limit, limited)
	if items.count > maxUnrolled {
		return nil, false
	}
	if items.count == 0 {
		return &inline{c.nodes(n.Else)}, true
	}
	return &inline{r.turns(c, n, items)}, true
}

// resumed says whether a loop goes on where one of that name stopped, which only loops at run time remember.
func (r *resolver) resumed(name string) bool {
	found := false
	eachLoop(r.analysis.piece.Nodes, func(n *templates.For) { found = found || n.Continue && n.Name == name })
	return found
}

func eachLoop(nodes []templates.Node, do func(*templates.For)) {
	for _, node := range nodes {
		if n, ok := node.(*templates.For); ok {
			do(n)
		}
		for _, body := range templates.Bodies(node) {
			eachLoop(body, do)
		}
	}
}

const loopName = "forloop"

func (r *resolver) turns(c *compiler, n *templates.For, items sequence) code {
	var written code
	iteration := r.iteration
	defer func() { r.iteration = iteration }()
	for i := range items.count {
		at := i
		if n.Reversed {
			at = items.count - 1 - i
		}
		r.iteration = fmt.Sprintf("%s/%d", iteration, i)
		r.bind(loopName, r.counter(i, items.count))
		r.bind(n.Variable, items.at(at))
		written = append(written, c.nodes(n.Body)...)
		r.unbind(n.Variable)
		r.unbind(loopName)
	}
	return written
}

// counter is forloop at one turn.
func (r *resolver) counter(i, length int64) Value {
	o := &Object{}
	for _, field := range []struct {
		name  string
		value Value
	}{
		{"index", Int(i + 1)},
		{"index0", Int(i)},
		{"rindex", Int(length - i)},
		{"rindex0", Int(length - i - 1)},
		{"first", Bool(i == 0)},
		{"last", Bool(i == length-1)},
		{"length", Int(length)},
	} {
		o.Set(field.name, field.value)
	}
	if outer := r.around(); outer.kind != NilValue {
		o.Set("parentloop", outer)
	}
	return o.Value()
}

// around is forloop of the innermost unrolled loop; nil outside of any.
func (r *resolver) around() Value {
	for _, v := range slices.Backward(r.bound[loopName]) {
		if v != nil {
			return *v
		}
	}
	return Value{}
}

func (r *resolver) bind(name string, v Value) { r.bound[name] = append(r.bound[name], &v) }

func (r *resolver) unbind(name string) { r.bound[name] = r.bound[name][:len(r.bound[name])-1] }

// constantInt is a limit or offset known when compiling; given is false when there is none.
func constantInt(c *compiler, e templates.Expression) (n int64, given, ok bool) {
	if e == nil {
		return 0, false, true
	}
	known, ok := c.value(e).(*constant)
	if !ok || known.value.kind != IntValue {
		return 0, false, false
	}
	return known.value.int(), true, true
}

// fold reads a path of a constant when compiling.
func fold(p *path) expression {
	var m machine
	m.start(time.Time{}, DefaultLimits())
	for i := range p.keys {
		if k := p.keys[i].key; k != nil {
			if _, ok := k.(*constant); !ok {
				return p
			}
		}
	}
	return &constant{p.eval(&m)}
}

// needsTurns reports whether a loop's body does what only a loop at run time can: leave it, or remember a place between turns.
func needsTurns(nodes []templates.Node) bool {
	for _, node := range nodes {
		switch n := node.(type) {
		case *templates.Break, *templates.Cycle, *templates.IfChanged:
			return true
		case *templates.For:
			if n.Continue {
				return true
			}
		}
		if slices.ContainsFunc(templates.Bodies(node), needsTurns) {
			return true
		}
	}
	return false
}
