package templates

import (
	"regexp"
	"strings"
)

// noIndentation is wider than any line's.
const noIndentation = 1 << 20

// indentTags gives lines of tags the indentation of what they enclose, or of the next line, so that a tag written at the
// margin does not end the list that its content belongs to.
func (m *markdown) indentTags(lines []line) {
	least := m.leastIndentations(lines)
	next := nextIndentations(lines)
	given := make([]int, len(m.constructs)) // by construct: the indentation of its tags
	for i := range given {
		given[i] = noIndentation // its opening tag is inside a text
	}
	var items itemOffsets
	for i := range lines {
		l := &lines[i]
		if l.code {
			continue
		}
		if l.tags == nil {
			items.read(*l)
			continue
		}
		width := noIndentation
		for _, id := range l.tags {
			switch u := m.units[id]; {
			case u.owner >= 0 && u.role == openRole:
				given[u.owner] = items.limit(least[u.owner])
				width = min(width, given[u.owner])
			case u.owner >= 0:
				width = min(width, given[u.owner])
			case u.neutral():
				width = min(width, items.limit(next[i]))
			}
		}
		if width != noIndentation {
			l.indent(width)
		}
	}
}

// leastIndentations returns, by construct, the smallest indentation of a line of text inside it.
func (m *markdown) leastIndentations(lines []line) []int {
	least := make([]int, len(m.constructs))
	for i := range least {
		least[i] = noIndentation
	}
	var open []int
	lower := func(width int) {
		if top := len(open) - 1; top >= 0 {
			least[open[top]] = min(least[open[top]], width)
		}
	}
	for _, l := range lines {
		if width, ok := l.indentation(); ok && l.tags == nil && !l.code {
			lower(width)
		}
		for _, id := range l.tags {
			switch u := m.units[id]; {
			case u.owner >= 0 && u.role == openRole:
				open = append(open, u.owner)
			case u.owner >= 0 && u.role == closeRole && len(open) > 0 && open[len(open)-1] == u.owner:
				open = open[:len(open)-1]
				lower(least[u.owner])
			}
		}
	}
	return least
}

// nextIndentations returns, by line, the indentation of the next line of text.
func nextIndentations(lines []line) []int {
	widths := make([]int, len(lines))
	next := noIndentation
	for i := len(lines) - 1; i >= 0; i-- {
		widths[i] = next
		if width, ok := lines[i].indentation(); ok && lines[i].tags == nil {
			next = width
		}
	}
	return widths
}

// itemOffsets are the columns at which the contents of the open list items start, ascending.
type itemOffsets []int

var itemMarker = regexp.MustCompile(`^(?:[-*+]|[0-9]{1,9}[.)])([ \t]+)`)

// read takes note of a line of text.
func (o *itemOffsets) read(l line) {
	width, ok := l.indentation()
	if !ok {
		return
	}
	for len(*o) > 0 && (*o)[len(*o)-1] > width {
		*o = (*o)[:len(*o)-1]
	}
	text := strings.TrimLeft(l.String(), " \t")
	for {
		match := itemMarker.FindStringSubmatch(text)
		if match == nil {
			return
		}
		text = text[len(match[0]):]
		width += len(match[0])
		if len(match[1]) > 4 {
			width -= len(match[1]) - 1 // the rest indents a code block
		}
		*o = append(*o, width)
	}
}

// limit takes from an indentation what would make it a code block's.
func (o itemOffsets) limit(width int) int {
	if width == noIndentation {
		return width
	}
	column := 0
	for _, offset := range o {
		if offset <= width {
			column = offset
		}
	}
	if width-column >= 4 {
		return column
	}
	return width
}

// indentation returns the columns of white space before a line's text; a blank line has none.
func (l line) indentation() (int, bool) {
	width := 0
	for _, p := range l.pieces {
		if p.unit >= 0 {
			return width, true
		}
		for _, c := range p.text {
			switch c {
			case ' ':
				width++
			case '\t':
				width += 4 - width%4
			default:
				return width, true
			}
		}
	}
	return 0, false
}

func (l *line) indent(width int) {
	at := l.pieces[0].origin
	pieces := []piece{{text: strings.Repeat(" ", width), unit: -1, origin: at}}
	for _, p := range l.pieces {
		if p.unit >= 0 {
			pieces = append(pieces, p)
		}
	}
	l.pieces = pieces
}
