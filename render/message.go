package render

import (
	"fmt"
	"time"

	"germane/audience"
	"germane/blocks"
)

// Parts are a message's pieces, each analysed without an error.
type Parts struct {
	Name      string
	Subject   *Analysis
	Preheader *Analysis // nil: none
	Body      *Analysis
	Layout    *Analysis // nil: the body stands alone
	Blocks    []BlockParts
}

// BlockParts are a block and the analyses of its variants, in their order.
type BlockParts struct {
	Block    *blocks.Block
	Variants []*Analysis
}

// Message is a template compiled with its layout and its blocks. It never changes; any number of goroutines may execute it, each
// with a [Renderer] of its own.
type Message struct {
	Name      string
	Selection *audience.Selection // what must be decoded of a person
	Chooser   *blocks.Chooser

	subject, preheader, body, layout code
	variants                         [][]code // by block and variant
	reads                            reads
	locals                           int
}

// Compile makes a message of its parts. They must have been analysed against the vocabulary, without an error.
func Compile(parts *Parts, v *Vocabulary) *Message {
	m := &Message{Name: parts.Name, Selection: audience.NewSelection()}
	var list []*blocks.Block
	var names []string
	for _, b := range parts.Blocks {
		list, names = append(list, b.Block), append(names, b.Block.Name)
	}
	m.Chooser = blocks.NewChooser(list, m.Selection)
	lower := func(a *Analysis) code {
		if a == nil {
			return nil
		}
		r := &resolver{vocabulary: v, selection: m.Selection, analysis: a, blocks: names, reads: &m.reads, locals: map[string][]int{}, count: m.locals}
		c := &compiler{strict: r, file: a.piece.File}
		compiled := c.nodes(a.piece.Nodes)
		m.locals = r.count
		return compiled
	}
	m.subject, m.preheader, m.body, m.layout = lower(parts.Subject), lower(parts.Preheader), lower(parts.Body), lower(parts.Layout)
	for _, b := range parts.Blocks {
		var variants []code
		for _, a := range b.Variants {
			variants = append(variants, lower(a))
		}
		m.variants = append(m.variants, variants)
	}
	return m
}

// Given is what a message prints of the campaign and of links made for one delivery.
type Given struct {
	Campaign, Topic, Objective string
	Unsubscribe, Preferences   string // URLs
}

// Rendered is a message for one person. Its bytes are the renderer's, and valid until it is used again.
type Rendered struct {
	Skipped   string // why there is no mail; "" when there is
	Subject   string
	Preheader string
	HTML      []byte
}

// Renderer executes messages for one person after another. It keeps its buffers; the zero value is ready. One goroutine at a time.
type Renderer struct{ m machine }

// Render executes a message for a person decoded by its selection, with the choices that were made. The only error there can be
// is one of Germane's own: what the analysis promised did not hold.
func (r *Renderer) Render(message *Message, person *audience.Decoded, choices []blocks.Choice, g *Given) (Rendered, error) {
	m := &r.m
	m.start(time.UnixMilli(person.Now).UTC(), DefaultLimits())
	m.prepare(message, person, choices, g)
	var out Rendered
	subject, err := m.piece(message.subject)
	out.Subject = string(subject)
	if err == nil && m.skipped == "" {
		var preheader []byte
		preheader, err = m.piece(message.preheader)
		out.Preheader = string(preheader)
	}
	if err == nil && m.skipped == "" {
		page := message.layout
		if page == nil {
			page = message.body
		}
		m.content = message.body
		out.HTML, err = m.piece(page)
	}
	if err != nil {
		return Rendered{}, fmt.Errorf("render %s: %w", message.Name, err)
	}
	if m.skipped != "" {
		return Rendered{Skipped: m.skipped}, nil
	}
	return out, nil
}

// piece executes code into an empty buffer.
func (m *machine) piece(c code) ([]byte, error) {
	m.out = m.out[:0]
	c.run(m)
	return m.out, m.err
}

func (m *machine) prepare(message *Message, person *audience.Decoded, choices []blocks.Choice, g *Given) {
	m.skipped = ""
	m.slots = resize(m.slots, len(person.Values))
	for _, i := range message.reads.slots {
		m.slots[i] = personValue(&person.Values[i], message.Selection.Type(i))
	}
	m.frame = resize(m.frame, message.locals)
	m.chosen = m.chosen[:0]
	for _, choice := range choices {
		m.chosen = append(m.chosen, message.variants[choice.Block][choice.Variant])
	}
	m.given = append(m.given[:0], String(g.Campaign), String(g.Topic), String(g.Objective), String(g.Unsubscribe), String(g.Preferences))
}

// resize empties a buffer of values and gives it a length.
func resize(values []Value, n int) []Value {
	if cap(values) < n {
		return make([]Value, n)
	}
	values = values[:n]
	clear(values)
	return values
}

// personValue is a decoded value as Liquid sees it; a missing one is nil.
func personValue(v *audience.Value, t *audience.Type) Value {
	if !v.Present() {
		return Value{}
	}
	switch v.Kind {
	case audience.Bool:
		return Bool(v.Bool())
	case audience.Int:
		return Int(v.Int)
	case audience.Float:
		return Float(v.Float)
	case audience.Time, audience.Date:
		return Time(v.Time())
	case audience.List:
		items := make([]Value, len(v.Items))
		for i := range v.Items {
			items[i] = personValue(&v.Items[i], t.Of)
		}
		return List(items)
	case audience.Record:
		object := &Object{}
		for i := range v.Items {
			object.Set(t.Fields[i].Name, personValue(&v.Items[i], &t.Fields[i].Type))
		}
		return object.Value()
	}
	return String(v.Text)
}
