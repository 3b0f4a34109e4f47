package render

import (
	"html"
	"strings"

	"germane/internal/finding"
	"germane/templates"
)

// Link is one link of a message, as a version's link table keeps it.
type Link struct {
	ID      int
	Block   string   // "" outside blocks
	Variant string   // "" outside blocks
	Parts   []string // the target's constant parts; between two of them stands a value
}

// AppendTarget appends where the link leads for somebody with these values, as [Envelope.Link] gets them.
func (l *Link) AppendTarget(dst []byte, values []string) []byte {
	for i, part := range l.Parts {
		dst = append(dst, part...)
		if i < len(values) {
			dst = append(dst, values[i]...)
		}
	}
	return dst
}

// linkTable gives each link of a message its id: the same for its place in the HTML and in the plain text.
type linkTable struct {
	links   []Link
	known   map[linkPlaceKey]int
	turning map[linkPlaceKey]bool // loops that turn at run time
	block   string
	variant string
	utm     func(url string) string // nil: targets stay as they are
}

type linkPlaceKey struct {
	file      string
	span      templates.Span
	iteration string // of unrolled loops
}

// id returns the id of a link's place, which is new unless the place was met in the message's other part.
func (t *linkTable) id(file *finding.File, n *templates.Link, iteration string, parts []string) int {
	key := linkPlaceKey{file.Name, n.Span, iteration}
	if id, ok := t.known[key]; ok {
		return id
	}
	if last := len(parts) - 1; t.utm != nil {
		parts[last] = t.utmPart(parts, last)
	}
	id := len(t.links)
	t.known[key] = id
	t.links = append(t.links, Link{ID: id, Block: t.block, Variant: t.variant, Parts: parts})
	return id
}

// utmPart adds the campaign's parameters behind the last part of a target, before its fragment.
func (t *linkTable) utmPart(parts []string, last int) string {
	whole := strings.Join(parts, "x")
	if !strings.HasPrefix(whole, "http") && len(parts) == 1 || strings.Contains(strings.Join(parts[:last], ""), "#") {
		return parts[last]
	}
	marked := t.utm(whole)
	return parts[last] + strings.TrimPrefix(marked, whole)
}

// link compiles a link's place. In HTML a target's text is written with character references; constants of the workspace are part
// of the text.
func (r *resolver) link(c *compiler, n *templates.Link) instruction {
	place := &linkPlace{form: form{escape: escapeHTML, quoted: r.quoted}}
	if r.plain {
		place.form.escape = escapePlain
	}
	parts := []string{""}
	for _, node := range n.Target {
		last := len(parts) - 1
		switch node := node.(type) {
		case *templates.Text:
			if r.plain {
				parts[last] += node.Text
			} else {
				parts[last] += html.UnescapeString(node.Text)
			}
		case *templates.Output:
			value, escape := c.value(node.Value), r.analysis.escapes[node]
			if known, ok := value.(*constant); ok {
				parts[last] += string(escape(nil, known.value.str()))
				continue
			}
			place.values, place.escapes, parts = append(place.values, value), append(place.escapes, escape), append(parts, "")
		}
	}
	parts[0] = strings.TrimLeft(parts[0], " \t\r\n")
	place.id = r.links.id(c.file, n, r.iteration, parts)
	if place.parts = r.links.links[place.id].Parts; len(place.values) == 0 {
		place.target = place.form.apply(place.parts[0])
	}
	return place
}

// apply is a constant in its form.
func (f form) apply(s string) string {
	escaped := string(f.escape(nil, s))
	if !f.quoted {
		return escaped
	}
	return string(appendQuoted(nil, escaped))
}

// linkPlace writes a link's address: the tracked one that the envelope gives, or else its target.
type linkPlace struct {
	id      int
	parts   []string
	values  []expression
	escapes []escape // of the values, as part of a URL
	form    form     // of the whole address
	target  string   // a constant target in its form; "" when there are values
}

func (l *linkPlace) run(m *machine) flow {
	if m.envelope.Link == nil && len(l.values) == 0 {
		m.out = append(m.out, l.target...)
		return m.written()
	}
	start := len(m.out)
	if m.envelope.Link == nil {
		l.write(m)
	} else {
		m.linkValues = m.linkValues[:0]
		for i := range l.values {
			m.linkValues = append(m.linkValues, string(l.value(m, i)))
		}
		m.out = m.envelope.Link(m.out, l.id, m.linkValues)
	}
	if m.err != nil {
		return halt
	}
	if l.form.quoted && isPlainAddress(m.out[start:]) {
		m.breakAddress(start)
		return m.written()
	}
	m.scratch = l.form.escape(m.scratch[:0], alias(m.out[start:]))
	if m.out = m.out[:start]; l.form.quoted {
		m.out = appendQuoted(m.out, alias(m.scratch))
	} else {
		m.out = append(m.out, m.scratch...)
	}
	return m.written()
}

// plainAddressBytes need no escape in HTML, plain text or quoted-printable, wherever they stand but at the start of a line.
var plainAddressBytes = func() (plain [256]bool) {
	for b := range plain {
		plain[b] = isLetter(byte(b)) || b >= '0' && b <= '9' || strings.IndexByte("-_~:/%", byte(b)) >= 0
	}
	plain['.'] = true
	return plain
}()

// isPlainAddress reports whether an address may be written as it is: most tracked addresses are made so.
func isPlainAddress(address []byte) bool {
	for _, b := range address {
		if !plainAddressBytes[b] {
			return false
		}
	}
	return len(address) > 0
}

// quotedLine is how much of a line quoted-printable leaves for text, so that a soft break fits behind it (RFC 2045, 6.7).
const quotedLine = 75

// breakAddress makes the plain address that begins at start, at the beginning of a line, a quoted-printable segment.
func (m *machine) breakAddress(start int) {
	address := m.out[start:]
	if len(address) > quotedLine || address[0] == '.' {
		m.scratch = append(m.scratch[:0], address...)
		m.out = m.out[:start]
		for rest := m.scratch; len(rest) > 0; {
			if rest[0] == '.' { // a line must not begin with a dot
				m.out = append(m.out, "=2E"...)
				rest = rest[1:]
				if len(rest) == 0 {
					break
				}
				n := min(len(rest), quotedLine-3)
				m.out, rest = append(m.out, rest[:n]...), rest[n:]
			} else {
				n := min(len(rest), quotedLine)
				m.out, rest = append(m.out, rest[:n]...), rest[n:]
			}
			if len(rest) > 0 {
				m.out = append(m.out, "=\r\n"...)
			}
		}
	}
	m.out = append(m.out, "=\r\n"...)
}

// write appends the target with its values.
func (l *linkPlace) write(m *machine) {
	for i, part := range l.parts {
		m.out = append(m.out, part...)
		if i < len(l.values) {
			m.out = append(m.out, l.value(m, i)...)
		}
	}
}

// value is a value as part of a URL. It is valid until the next one.
func (l *linkPlace) value(m *machine, i int) []byte {
	v := l.values[i].eval(m)
	m.scratch = v.appendText(m.scratch[:0])
	plain := len(m.scratch)
	m.scratch = l.escapes[i](m.scratch, string(m.scratch))
	return m.scratch[plain:]
}
