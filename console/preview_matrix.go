package console

import (
	"context"
	"fmt"
	"html/template"
	"slices"

	"germane/audience"
	"germane/blocks"
	"germane/workspace"
)

// matrix says who of the invented people gets which variant.
type matrix struct {
	Blocks  []string
	Rows    []matrixRow
	Same    []sameBlock // blocks in which everybody gets the same
	Unseen  []unseen    // variants that nobody gets
	Reached int
}

type matrixRow struct {
	Name, Title, URL string
	Current          bool
	Frame            template.URL // of the mail; "": without pictures
	Cells            []cell
}

// cell is a person's variant of a block.
type cell struct {
	Variant, Tone, URL string
	Missing            string // the attribute without which no rule could be decided
	Hue                int    // of the variant
}

type sameBlock struct{ Block, Variant string }

// unseen is a variant that nobody here gets, and somebody who would.
type unseen struct{ Block, Variant, URL string }

// newMatrix chooses for everybody invented, as they are.
func newMatrix(ctx context.Context, w *workspace.Workspace, people *cast, l *letter, v *view) (*matrix, error) {
	m := &matrix{}
	all := l.message.Chooser.Blocks()
	for _, b := range all {
		m.Blocks = append(m.Blocks, b.Name)
	}
	seen := map[[2]string]bool{}
	for _, name := range people.names() {
		person, title, err := people.find(ctx, name)
		if err != nil {
			continue // the files changed meanwhile
		}
		other := &letter{message: l.message, person: person, now: l.now, decoded: &audience.Decoded{}}
		if err := other.write(w); err != nil {
			return nil, fmt.Errorf("write the mail of %s: %w", name, err)
		}
		row := matrixRow{Name: name, Title: title, URL: v.Mailed(name), Current: name == v.Person}
		if v.Thumbs {
			plain := *v
			plain.Person, plain.Set = name, nil
			row.Frame = frame(plain, other)
		}
		for i, choice := range other.choices {
			variant := all[i].Variants[choice.Variant].Name
			seen[[2]string{all[i].Name, variant}] = true
			row.Cells = append(row.Cells, cell{variant, tone(choice.Reason), row.URL + "#why-" + all[i].Name, other.missing(choice), hue(all, i, int(choice.Variant))})
		}
		m.Rows = append(m.Rows, row)
	}
	m.remarks(all, seen, v)
	return m, nil
}

// remarks notes what the matrix shows as a whole.
func (m *matrix) remarks(all []*blocks.Block, seen map[[2]string]bool, v *view) {
	for _, b := range all {
		var got []string
		for i := range b.Variants {
			name := b.Variants[i].Name
			if seen[[2]string{b.Name, name}] {
				got = append(got, name)
				m.Reached++
				continue
			}
			m.Unseen = append(m.Unseen, unseen{b.Name, name, v.Mailed(getsPrefix + b.Name + "." + name)})
		}
		if len(got) == 1 && len(m.Rows) > 1 {
			m.Same = append(m.Same, sameBlock{b.Name, got[0]})
		}
	}
}

// hues is how many colours variants have.
const hues = 6

// hue numbers the variants of a message, so that neighbours differ.
func hue(all []*blocks.Block, block, variant int) int {
	for _, b := range all[:block] {
		variant += len(b.Variants) - 1 // otherwise has no colour
	}
	return variant % hues
}

// missing names the value that kept rules from being decided.
func (l *letter) missing(c blocks.Choice) string {
	if c.Missing == blocks.NoSlot {
		return ""
	}
	return l.message.Selection.Names()[c.Missing]
}

// comparison is two people's mail side by side.
type comparison struct {
	Other  *letter
	Frame  template.URL
	Blocks []comparedBlock
	People []entry // whom to compare with
	Swap   string
}

type comparedBlock struct {
	Block, Left, Right string
	Same               bool
}

func (p *Preview) compare(ctx context.Context, w *workspace.Workspace, people *cast, l *letter, v *view) (*comparison, error) {
	with := *v
	with.Person, with.With, with.Set = v.With, v.Person, nil
	other, err := p.letter(ctx, w, people, &with)
	if err != nil {
		return nil, err
	}
	c := &comparison{Other: other, Frame: frame(with, other), Swap: with.URL()}
	all := l.message.Chooser.Blocks()
	for i := range l.choices {
		left, right := all[i].Variants[l.choices[i].Variant].Name, all[i].Variants[other.choices[i].Variant].Name
		c.Blocks = append(c.Blocks, comparedBlock{all[i].Name, left, right, left == right})
	}
	names := people.names()
	if !slices.Contains(names, v.With) {
		names = append(names, v.With)
	}
	for _, name := range names {
		_, title, err := people.find(ctx, name)
		if err == nil && name != v.Person {
			c.People = append(c.People, entry{Name: name, Title: title, Current: name == v.With})
		}
	}
	return c, nil
}
