package render

import (
	"slices"

	"germane/audience"
	"germane/templates"
)

// resolver is strict mode's part of compiling: every name becomes a place to read from, every output gets its escape. It is given
// only trees that the analysis found nothing wrong with.
type resolver struct {
	vocabulary *Vocabulary
	selection  *audience.Selection
	analysis   *Analysis
	blocks     []string // names of the message's blocks, in the order of their choices
	parts      func(special string, plain bool) code
	links      *linkTable
	reads      *reads
	plain      bool                // the piece is plain text
	quoted     bool                // what is written is quoted-printable
	override   escape              // for the subject inside a layout: how values are escaped there; else nil
	iteration  string              // which turns of unrolled loops this is, for links
	bound      map[string][]*Value // variables of unrolled loops, the innermost last; nil where a loop at run time hides one
	locals     map[string][]int    // by name, the innermost last
	count      *int                // of the message's locals
}

// reads are the slots of a selection that code reads, each once, and whether it may skip the message.
type reads struct {
	slots []int
	skips bool
}

func (r *reads) add(slot int) {
	if !slices.Contains(r.slots, slot) {
		r.slots = append(r.slots, slot)
	}
}

// given is a value that whoever sends the message knows: the address of its unsubscribe or preferences page.
type given struct{ name string }

func (g *given) eval(m *machine) Value {
	if g.name == "preferences" {
		return String(m.envelope.Preferences)
	}
	return String(m.envelope.Unsubscribe)
}

// local is the place of a variable that tags set.
func (r *resolver) local(name string) int {
	if places := r.locals[name]; len(places) > 0 {
		return places[len(places)-1]
	}
	place := *r.count
	*r.count++
	r.locals[name] = []int{place}
	return place
}

// hide gives a loop's variable a place of its own, so that an inner loop's does not overwrite an outer one's.
func (r *resolver) hide(name string) (target, func()) {
	place := *r.count
	*r.count++
	r.locals[name], r.bound[name] = append(r.locals[name], place), append(r.bound[name], nil)
	return target{local: place}, func() {
		r.locals[name] = r.locals[name][:len(r.locals[name])-1]
		r.unbind(name)
	}
}

func (r *resolver) variable(v *templates.Variable, keys []pathKey) expression {
	base, taken := r.root(v)
	if keys = keys[taken:]; len(keys) == 0 {
		return base
	}
	whole := &path{base, keys}
	if _, ok := base.(*constant); ok {
		return fold(whole)
	}
	return whole
}

// root resolves the first name of a variable and says how many steps of the path belong to it.
func (r *resolver) root(v *templates.Variable) (expression, int) {
	name := v.Name.(*templates.Literal).String
	if values := r.bound[name]; len(values) > 0 && values[len(values)-1] != nil {
		return &constant{*values[len(values)-1]}, 0
	}
	if places := r.locals[name]; len(places) > 0 {
		return &local{places[len(places)-1]}, 0
	}
	if attribute, ok := r.vocabulary.Catalogue.Attribute(name); ok {
		i := r.selection.Attribute(attribute)
		r.reads.add(i)
		return &slot{i}, 0
	}
	field := firstName(v.Path)
	switch name {
	case "brand":
		return &constant{String(r.vocabulary.Brand[field])}, 1
	case "data":
		return &constant{r.vocabulary.Data[field]}, 1
	case "person":
		if f, ok := audience.PersonFieldOf(field); ok {
			i := r.selection.Field(f)
			r.reads.add(i)
			return &slot{i}, 1
		}
	}
	if name == "links" {
		return &given{field}, 1
	}
	if value, ok := r.vocabulary.Constants[name+"."+field]; ok {
		return &constant{String(value)}, 1
	}
	return &constant{}, len(v.Path)
}

// form is how a tag's or output's values are written.
func (r *resolver) form(n templates.Node) form {
	how := form{escape: r.analysis.escapes[n], quoted: r.quoted}
	if r.override != nil {
		how.escape = r.override
	}
	return how
}

// special is the code of the message's own parts that a layout prints.
func (r *resolver) special(n *templates.Output) instruction {
	name, ok := r.analysis.specials[n]
	if !ok {
		return nil
	}
	return &inline{r.parts(name, r.plain)}
}

// node compiles what only mail has.
func (r *resolver) node(c *compiler, node templates.Node) instruction {
	switch n := node.(type) {
	case *templates.BlockUse:
		return &blockPlace{block: slices.Index(r.blocks, n.Name), plain: r.plain}
	case *templates.Skip:
		r.reads.skips = true
		return &skip{c.value(n.Reason)}
	case *templates.Link:
		return r.link(c, n)
	}
	return &inline{}
}

// inline is code that takes an instruction's place when a program is finished.
type inline struct{ code code }

func (i *inline) run(m *machine) flow { return i.code.run(m) }

// finish flattens code, joins its static pieces and, for the body of a message, writes them as quoted-printable segments.
func (r *resolver) finish(c code) code {
	finished := make(code, 0, len(c))
	for _, next := range c {
		switch n := next.(type) {
		case *inline:
			for _, one := range n.code {
				finished = appendJoined(finished, one)
			}
		default:
			finished = appendJoined(finished, next)
		}
	}
	if r.quoted {
		for i, one := range finished {
			if static, ok := one.(*text); ok && !static.quoted {
				finished[i] = &text{text: string(appendQuoted(nil, static.text)), quoted: true}
			}
		}
	}
	return finished
}

// appendJoined appends an instruction, or its text to the text before it: quoted-printable segments may be joined as they are.
func appendJoined(c code, next instruction) code {
	static, ok := next.(*text)
	if !ok || len(c) == 0 {
		return append(c, next)
	}
	if last, ok := c[len(c)-1].(*text); ok && last.quoted == static.quoted {
		c[len(c)-1] = &text{text: last.text + static.text, quoted: last.quoted}
		return c
	}
	return append(c, next)
}

// blockPlace runs the variant that was chosen for its block.
type blockPlace struct {
	block int
	plain bool
}

func (b *blockPlace) run(m *machine) flow {
	if b.block < 0 || b.block >= len(m.chosen) {
		return proceed
	}
	if b.plain {
		return m.chosen[b.block].plain.run(m)
	}
	return m.chosen[b.block].html.run(m)
}

// skip ends the message: the person gets none.
type skip struct{ reason expression }

func (s *skip) run(m *machine) flow {
	m.skipped = s.reason.eval(m).str()
	return halt
}
