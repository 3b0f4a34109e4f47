package render

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"germane/audience"
	"germane/blocks"
)

// Parts are a message's pieces, each analysed without an error. Bodies, layouts and variants come twice: as HTML and as plain text.
type Parts struct {
	Name        string
	Subject     *Analysis
	Preheader   *Analysis // nil: none
	Body, Plain *Analysis
	Layout      *Analysis // nil: the body stands alone
	LayoutPlain *Analysis
	Blocks      []BlockParts
	Sender      Sender
	ListID      string                  // the first part of List-Id, such as tips; "": no such header
	Campaign    string                  // for Feedback-ID, beside ListID and the sender's domain; "": no such header
	Constants   map[string]string       // campaign.NAME and sender.NAME, for those that the analysis was told of
	UTM         func(url string) string // adds the campaign's parameters to a link's target; nil: none
	Opens       bool                    // the page has a place for the picture that counts opens
}

// Sender is whom a message comes from.
type Sender struct {
	Name, Email, ReplyTo string // ReplyTo "": answers go to Email
}

// BlockParts are a block and the analyses of its variants, in their order.
type BlockParts struct {
	Block       *blocks.Block
	HTML, Plain []*Analysis
}

// Message is a template compiled with its layout and its blocks. It never changes; any number of goroutines may execute it, each
// with a [Renderer] of its own.
type Message struct {
	Name      string
	Selection *audience.Selection // what must be decoded of a person
	Chooser   *blocks.Chooser
	Links     []Link // by id
	Skips     bool   // somebody may get no mail, because of a skip

	head          header
	subject       code
	preheader     code
	html, plain   code
	variants      [][]variant // by block and variant
	reads         reads
	locals        int
	subjectStatic string // the complete Subject header, when it is the same for everybody
}

// variant is the code of one of a block's contents.
type variant struct{ html, plain code }

// Compile makes a message of its parts. They must have been analysed against the vocabulary, without an error. The only errors are
// names and addresses of the sender that cannot stand in a header.
func Compile(parts *Parts, v *Vocabulary) (*Message, error) {
	m := &Message{Name: parts.Name, Selection: audience.NewSelection()}
	b := &builder{parts: parts, vocabulary: v.with(parts.Constants), message: m, links: &linkTable{known: map[linkPlaceKey]int{}, turning: map[linkPlaceKey]bool{}, utm: parts.UTM}}
	var list []*blocks.Block
	for _, part := range parts.Blocks {
		list, b.names = append(list, part.Block), append(b.names, part.Block.Name)
	}
	m.Chooser = blocks.NewChooser(list, m.Selection)
	m.subject, m.preheader = b.code(parts.Subject, pieceForm{}), b.code(parts.Preheader, pieceForm{})
	for _, part := range parts.Blocks {
		m.variants = append(m.variants, b.block(&part))
	}
	b.links.block, b.links.variant = "", ""
	m.html, m.plain = b.page(parts.Layout, parts.Body, false), b.page(parts.LayoutPlain, parts.Plain, true)
	m.Links, m.Skips = b.links.links, m.reads.skips
	return m, m.compileHeader(parts)
}

// builder compiles the pieces of one message.
type builder struct {
	parts      *Parts
	vocabulary *Vocabulary
	message    *Message
	names      []string // of blocks
	links      *linkTable
}

// pieceForm says how a piece is written.
type pieceForm struct {
	plain, quoted bool
	override      escape
	picture       bool // the picture that counts opens stands in it
}

// bodyForm is how the pieces of a message's bodies are written.
func bodyForm(plain bool) pieceForm {
	if plain {
		return pieceForm{plain: true, quoted: true, override: escapePlain}
	}
	return pieceForm{quoted: true}
}

func (b *builder) code(a *Analysis, how pieceForm) code {
	if a == nil {
		return nil
	}
	r := &resolver{
		vocabulary: b.vocabulary, selection: b.message.Selection, analysis: a, blocks: b.names, parts: b.special, links: b.links,
		reads: &b.message.reads, plain: how.plain, quoted: how.quoted, override: how.override, locals: map[string][]int{}, bound: map[string][]*Value{}, count: &b.message.locals,
	}
	c := &compiler{strict: r, file: a.piece.File}
	if !how.picture {
		return c.nodes(a.piece.Nodes)
	}
	before, after := splitAtEnd(a.piece.Nodes)
	return append(append(c.nodes(before), openPicture{}), c.nodes(after)...)
}

func (b *builder) block(part *BlockParts) []variant {
	var variants []variant
	b.links.block = part.Block.Name
	for i := range part.HTML {
		b.links.variant = part.Block.Variants[i].Name
		variants = append(variants, variant{
			html:  b.code(part.HTML[i], bodyForm(false)),
			plain: b.code(part.Plain[i], bodyForm(true)),
		})
	}
	return variants
}

// page is the body inside its layout.
func (b *builder) page(layout, body *Analysis, plain bool) code {
	how := bodyForm(plain)
	how.picture = b.parts.Opens && !plain
	return b.code(cmp.Or(layout, body), how)
}

// previewFiller follows a preheader in HTML: figure spaces and joiners that take room in an inbox's preview, so that mail programs
// do not show the message's first lines behind the preheader.
var previewFiller = strings.Repeat("&#8199;&#65279;&#847;", 80)

// special is what {{ content }}, {{ subject }} and {{ preheader }} of a layout stand for.
func (b *builder) special(name string, plain bool) code {
	how := bodyForm(plain)
	switch {
	case name == "content" && plain:
		return b.code(b.parts.Plain, how)
	case name == "content":
		return b.code(b.parts.Body, how)
	case !plain: // lines of plain text become HTML
		how.override = escapeHTML
	}
	if name == "subject" {
		return b.code(b.parts.Subject, how)
	}
	shown := b.code(b.parts.Preheader, how)
	if len(shown) > 0 && !plain {
		shown = append(shown, &text{text: previewFiller})
	}
	return shown
}

// Envelope is what a message needs of its delivery.
type Envelope struct {
	To              string    // the address, its domain in ASCII
	Date            time.Time // of the Date header
	ID              string    // the part of the Message-ID before the @
	Unsubscribe     string    // URL of the one-click unsubscribe page
	UnsubscribeMail string    // an address that takes withdrawals, too; "": none
	Preferences     string    // URL of the preferences page
	Open            string    // URL of the picture that counts opens; "": none

	// Link appends the tracked address of a link: its id, and the values of a target that has some, percent-encoded. nil: links lead
	// to their targets directly.
	Link func(dst []byte, link int, values []string) []byte
}

// Rendered is a message for one person. Its bytes are the renderer's, and valid until it is used again.
type Rendered struct {
	Skipped string // why there is no mail; "" when there is
	MIME    []byte // the complete message
}

// Renderer executes messages for one person after another. It keeps its buffers; the zero value is ready. One goroutine at a time.
type Renderer struct {
	m    machine
	line []byte // a subject on its way to its header
}

// Render executes a message for a person decoded by its selection, with the choices that were made. The only errors there can be
// are an address that cannot stand in a header, and mistakes of Germane's own: what the analysis promised did not hold.
func (r *Renderer) Render(message *Message, person *audience.Decoded, choices []blocks.Choice, e *Envelope) (Rendered, error) {
	m := &r.m
	m.start(time.UnixMilli(person.Now).UTC(), provedLimits)
	m.prepare(message, person, choices, e)
	err := r.render(message, e)
	switch {
	case err != nil:
		return Rendered{}, fmt.Errorf("render %s: %w", message.Name, err)
	case m.skipped != "":
		return Rendered{Skipped: m.skipped}, nil
	}
	return Rendered{MIME: m.out}, nil
}

func (r *Renderer) render(message *Message, e *Envelope) error {
	m := &r.m
	if err := r.header(message, e); err != nil || m.skipped != "" {
		return err
	}
	m.out = append(m.out, message.head.plain...)
	if message.plain.run(m); m.err != nil || m.skipped != "" {
		return m.err
	}
	m.out = append(m.out, message.head.html...)
	m.forget() // cycles and counters start again
	if message.html.run(m); m.err != nil || m.skipped != "" {
		return m.err
	}
	m.out = append(m.out, message.head.end...)
	return nil
}

// Preheader renders the preheader alone, for programs that show it.
func (r *Renderer) Preheader(message *Message, person *audience.Decoded, choices []blocks.Choice, e *Envelope) (string, error) {
	m := &r.m
	m.start(time.UnixMilli(person.Now).UTC(), provedLimits)
	m.prepare(message, person, choices, e)
	message.preheader.run(m)
	return string(m.out), m.err
}

// provedLimits hold for messages: the analysis has bounded what each of their pieces takes, so that rendering them cannot fail.
var provedLimits = Limits{Steps: math.MaxInt, Output: math.MaxInt, Work: math.MaxInt, Depth: DefaultDepth}

func (m *machine) prepare(message *Message, person *audience.Decoded, choices []blocks.Choice, e *Envelope) {
	m.skipped, m.envelope = "", e
	m.slots = resize(m.slots, len(person.Values))
	for _, i := range message.reads.slots {
		m.slots[i] = personValue(&person.Values[i], message.Selection.Type(i))
	}
	m.frame = resize(m.frame, message.locals)
	m.chosen = m.chosen[:0]
	for _, choice := range choices {
		m.chosen = append(m.chosen, message.variants[choice.Block][choice.Variant])
	}
}

// resize empties a buffer of values and gives it a length.
func resize(values []Value, n int) []Value {
	values = slices.Grow(values[:0], n)[:n]
	clear(values)
	return values
}
