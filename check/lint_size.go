package check

import (
	"fmt"
	"strings"
	"time"

	"germane/audience"
	"germane/blocks"
	"germane/internal/finding"
	"germane/render"
	"germane/workspace"
)

// Gmail cuts a message off at about 102 KB and hides the rest, the way to leave among it. What counts is taken to be the whole message
// as it is sent.
const (
	largeMessage    = 80_000
	tooLargeMessage = 100_000
)

// sizeFindings reports a message that is too large for somebody. For each persona it adds to what they get, block by block, what the
// largest variant would take more: the same persona reads every variant, whether or not its rule would let them.
func sizeFindings(w *workspace.Workspace, message *render.Message) []finding.Finding {
	worst := Size{}
	for _, persona := range w.Personas {
		if size := SizeFor(message, persona.Person); size.Bytes > worst.Bytes {
			worst, worst.Person = size, persona.Name
		}
	}
	if len(w.Personas) == 0 {
		worst = SizeFor(message, &audience.Person{})
	}
	code := finding.Code("message-large")
	switch {
	case worst.Bytes > tooLargeMessage:
		code = "message-too-large"
	case worst.Bytes <= largeMessage:
		return nil
	}
	source, _ := w.Template(message.Name)
	var parts []string
	for _, b := range worst.Blocks {
		parts = append(parts, b.Block+"/"+b.Variant)
	}
	text := fmt.Sprintf("this message takes %d KB", (worst.Bytes+500)/1000)
	if worst.Person != "" {
		text += " for " + worst.Person
	}
	if len(parts) > 0 {
		text += " with " + strings.Join(parts, ", ")
	}
	return []finding.Finding{about(source.File.Name, code, text, "Gmail cuts messages off at 102 KB, with the way to leave: say less, or say it on a page")}
}

// Size is what a message takes with the largest variant of each block.
type Size struct {
	Bytes  int
	Person string // the persona's name
	Blocks []SizeOfBlock
}

// SizeOfBlock is a block's largest variant.
type SizeOfBlock struct {
	Block, Variant string
	Bytes          int // more than what the person gets
}

// someDate is a message's date: all are equally long.
var someDate = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// trackedLink is as long as the address of a tracked link is, and so are the pages where people leave.
const trackedLink = "https://links.host-name.example/c/" + "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

// SizeFor measures a message for a person.
func SizeFor(message *render.Message, person *audience.Person) Size {
	d, r := &audience.Decoded{}, &render.Renderer{}
	if message.Selection.Decode(person.Stored(someDate), someDate.UnixMilli(), d) != nil {
		return Size{}
	}
	e := &render.Envelope{To: "somebody@mail.example", Date: someDate, ID: strings.Repeat("x", 32), Unsubscribe: trackedLink, Preferences: trackedLink}
	e.Link = func(dst []byte, link int, values []string) []byte {
		dst = fmt.Appendf(append(dst, trackedLink...), "/%d", link)
		for _, value := range values {
			dst = append(append(dst, '/'), value...)
		}
		return dst
	}
	size := func(choices []blocks.Choice) int {
		rendered, err := r.Render(message, d, choices, e)
		if err != nil {
			return 0
		}
		return len(rendered.MIME)
	}
	choices := message.Chooser.Choose(d, person.ID, nil)
	s := Size{Bytes: size(choices)}
	whole := s.Bytes
	for i, b := range message.Chooser.Blocks() {
		most, own := SizeOfBlock{Block: b.Name, Variant: b.Variants[choices[i].Variant].Name}, choices[i].Variant
		for v := range b.Variants {
			choices[i].Variant = uint8(v)
			if more := size(choices) - whole; more > most.Bytes {
				most.Bytes, most.Variant = more, b.Variants[v].Name
			}
		}
		choices[i].Variant = own
		s.Bytes, s.Blocks = s.Bytes+most.Bytes, append(s.Blocks, most)
	}
	return s
}
