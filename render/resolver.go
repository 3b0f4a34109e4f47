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
	reads      *reads
	locals     map[string][]int // by name, the innermost last
	count      int              // of locals
}

// reads are the slots of a selection that code reads, each once.
type reads struct{ slots []int }

func (r *reads) add(slot int) {
	if !slices.Contains(r.slots, slot) {
		r.slots = append(r.slots, slot)
	}
}

// givenNames are the values that a message gets from whoever sends it.
var givenNames = []string{"campaign.name", "campaign.topic", "campaign.objective", "links.unsubscribe", "links.preferences"}

// given is one of them.
type given struct{ index int }

func (g *given) eval(m *machine) Value {
	if g.index < len(m.given) {
		return m.given[g.index]
	}
	return Value{}
}

// local is the place of a variable that tags set.
func (r *resolver) local(name string) int {
	if places := r.locals[name]; len(places) > 0 {
		return places[len(places)-1]
	}
	place := r.count
	r.count++
	r.locals[name] = []int{place}
	return place
}

// hide gives a loop's variable a place of its own, so that an inner loop's does not overwrite an outer one's.
func (r *resolver) hide(name string) (target, func()) {
	place := r.count
	r.count++
	r.locals[name] = append(r.locals[name], place)
	return target{local: place}, func() { r.locals[name] = r.locals[name][:len(r.locals[name])-1] }
}

func (r *resolver) variable(v *templates.Variable, keys []pathKey) expression {
	base, taken := r.root(v)
	if keys = keys[taken:]; len(keys) == 0 {
		return base
	}
	return &path{base, keys}
}

// root resolves the first name of a variable and says how many steps of the path belong to it.
func (r *resolver) root(v *templates.Variable) (expression, int) {
	name := v.Name.(*templates.Literal).String
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
	if i := slices.Index(givenNames, name+"."+field); i >= 0 {
		return &given{i}, 1
	}
	return &constant{}, len(v.Path)
}

func (r *resolver) output(n *templates.Output, compiled *output) instruction {
	if r.analysis.contents[n] {
		return contentPlace{}
	}
	compiled.escape = r.analysis.escapes[n]
	return compiled
}

// node compiles the tags that only mail has.
func (r *resolver) node(c *compiler, node templates.Node) instruction {
	switch n := node.(type) {
	case *templates.BlockUse:
		return &blockPlace{slices.Index(r.blocks, n.Name)}
	case *templates.Skip:
		return &skip{c.value(n.Reason)}
	}
	return &text{}
}

// blockPlace runs the variant that was chosen for its block.
type blockPlace struct{ block int }

func (b *blockPlace) run(m *machine) flow {
	if b.block < 0 || b.block >= len(m.chosen) {
		return proceed
	}
	return m.chosen[b.block].run(m)
}

// contentPlace runs the message inside its layout.
type contentPlace struct{}

func (contentPlace) run(m *machine) flow { return m.content.run(m) }

// skip ends the message: the person gets none.
type skip struct{ reason expression }

func (s *skip) run(m *machine) flow {
	m.skipped = s.reason.eval(m).str()
	return halt
}
