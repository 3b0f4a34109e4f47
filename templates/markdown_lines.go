package templates

import (
	"regexp"
	"slices"
	"sort"
	"strings"
)

// piece is a part of a line: a text or a unit's placeholder.
type piece struct {
	text   string
	unit   int // -1: text
	origin int // offset in the file
}

// line is one line of the source that goldmark will read.
type line struct {
	pieces []piece
	tags   []int // what stands on the line when it is nothing but tags
	code   bool  // inside a fenced code block
}

// origin says which byte of the file a byte of goldmark's source came from.
type origin struct {
	at, file int
	fixed    bool // all bytes up to the next origin stand for one place
}

// splitLines cuts the units into lines.
func (m *markdown) splitLines() []line {
	lines := []line{{}}
	add := func(p piece) {
		last := &lines[len(lines)-1]
		last.pieces = append(last.pieces, p)
	}
	broken := false // a tag alone on its line asked for a break before whatever follows
	for id, u := range m.units {
		start := u.tokens[0].Start
		if u.kind != textUnit {
			alone := m.aloneInFile(u)
			if (alone || broken) && !blank(lines[len(lines)-1]) {
				lines = append(lines, line{})
			}
			add(piece{text: m.placeholder(id), unit: id, origin: start})
			broken = alone
			continue
		}
		text := u.tokens[0].Text
		at := m.textOffset(u.tokens[0])
		for i, part := range strings.SplitAfter(text, "\n") {
			if i > 0 || broken && strings.TrimSpace(part) != "" {
				lines = append(lines, line{})
			}
			broken = broken && i == 0 && part == ""
			if body := strings.TrimRight(part, "\r\n"); body != "" {
				add(piece{text: body, unit: -1, origin: at})
			}
			at += len(part)
		}
	}
	return lines
}

func blank(l line) bool {
	for _, p := range l.pieces {
		if p.unit >= 0 || strings.TrimSpace(p.text) != "" {
			return false
		}
	}
	return true
}

// textOffset returns where a text token's text begins in the file: its span may include space that {%- or -%} took away.
func (m *markdown) textOffset(token Token) int {
	if token.Start < 0 || token.End > len(m.file.Text) || token.Start > token.End {
		return token.Start
	}
	return token.Start + max(0, strings.Index(m.file.Text[token.Start:token.End], token.Text))
}

// aloneInFile says whether a tag with {%- or -%} stands alone on its line of the file next to a blank line or to Markdown
// that needs a line of its own. The dashes take the line breaks away, which would turn "- item" into running text; between
// two lines of running text that is what they are for.
func (m *markdown) aloneInFile(u unit) bool {
	start, end, text := u.tokens[0].Start, u.tokens[len(u.tokens)-1].End, m.file.Text
	if u.kind != tagUnit || start < 0 || end > len(text) || end-start < 5 || text[start+2] != '-' && text[end-3] != '-' {
		return false
	}
	lineStart := strings.LastIndexByte(text[:start], '\n') + 1
	if strings.TrimSpace(text[lineStart:start]) != "" {
		return false
	}
	rest, after, _ := strings.Cut(text[end:], "\n")
	if strings.TrimSpace(rest) != "" {
		return false
	}
	next := neighbour(after, func(s string) (string, string) { first, rest, _ := strings.Cut(s, "\n"); return first, rest })
	previous := neighbour(strings.TrimSuffix(text[:lineStart], "\n"), func(s string) (string, string) {
		i := strings.LastIndexByte(s, '\n')
		return s[i+1:], s[:max(i, 0)]
	})
	return next == "" || previous == "" || blockStart.MatchString(next) || blockStart.MatchString(previous)
}

// neighbour returns the nearest line that is not a tag alone. After a few it gives up: the answer only matters for style.
func neighbour(text string, cut func(string) (line, rest string)) string {
	var line string
	for range 8 {
		line, text = cut(text)
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "{%") || !strings.HasSuffix(line, "%}") {
			return line
		}
	}
	return line
}

// blockStart is what makes a line more than running text.
var blockStart = regexp.MustCompile("^[ \t]*(?:#{1,6}(?:[ \t]|$)|[-*+][ \t]|[0-9]{1,9}[.)][ \t]|>|```|~~~|\\||:::|\\+{3,}[ \t]*$|(?:[-*_][ \t]*){3,}$|=+$)")

var fence = regexp.MustCompile("^[ \t>]*(?:(?:[-*+]|[0-9]{1,9}[.)])[ \t]+)*(```+|~~~+)(.*)$")

// arrangeLines gives tags lines of their own where they belong to whole blocks, and the indentation of what they enclose.
func (m *markdown) arrangeLines(lines []line) []line {
	m.markCode(lines)
	standing := make([]bool, len(m.units))
	for i := range lines {
		lines[i].tags = m.lineTags(lines[i])
		for _, id := range lines[i].tags {
			standing[id] = true
		}
	}
	var arranged []line
	for _, l := range lines {
		if l.code || l.tags != nil || len(l.pieces) == 0 {
			arranged = append(arranged, l)
			continue
		}
		arranged = append(arranged, m.breakLine(l, standing)...)
	}
	m.indentTags(arranged)
	return arranged
}

// markCode finds the lines inside fenced code blocks.
func (m *markdown) markCode(lines []line) {
	var open string
	for i := range lines {
		match := fence.FindStringSubmatch(lines[i].String())
		lines[i].code = open != ""
		switch {
		case match == nil:
		case open == "":
			if match[1][0] == '~' || !strings.Contains(match[2], "`") {
				open = match[1]
			}
		case match[1][0] == open[0] && len(match[1]) >= len(open) && strings.TrimSpace(match[2]) == "":
			open = ""
		}
	}
}

// String returns the line's text.
func (l line) String() string {
	if len(l.pieces) == 1 {
		return l.pieces[0].text
	}
	var b strings.Builder
	for _, p := range l.pieces {
		b.WriteString(p.text)
	}
	return b.String()
}

func (m *markdown) lineTags(l line) []int {
	var tags []int
	for _, p := range l.pieces {
		switch {
		case p.unit < 0 && strings.TrimSpace(p.text) == "":
		case p.unit < 0 || m.units[p.unit].kind != tagUnit:
			return nil
		default:
			tags = append(tags, p.unit)
		}
	}
	return tags
}

// breakLine moves tags before and after a line's text to lines of their own: before a heading, a list item and the like, and
// where the tag's partner stands alone on its line.
func (m *markdown) breakLine(l line, standing []bool) []line {
	first, last := 0, len(l.pieces)
	for first < last && m.isTagOrSpace(l.pieces[first]) {
		first++
	}
	rest := line{pieces: l.pieces[first:last]}
	marked := blockStart.MatchString(rest.String())
	lead := l.pieces[:first]
	if !marked && !m.endStands(lead, standing) {
		lead, rest = nil, l
	}
	rest, trail := m.cutTrail(rest, marked, standing)
	var out []line
	for _, l := range []line{{pieces: lead}, rest, {pieces: trail}} {
		if len(l.pieces) == 0 {
			continue
		}
		l.tags = m.lineTags(l)
		for _, id := range l.tags {
			standing[id] = true
		}
		out = append(out, l)
	}
	return out
}

func (m *markdown) isTagOrSpace(p piece) bool {
	if p.unit < 0 {
		return strings.TrimSpace(p.text) == ""
	}
	return m.units[p.unit].kind == tagUnit
}

// endStands says whether one of the pieces opens a construct whose end stands alone on its line.
func (m *markdown) endStands(pieces []piece, standing []bool) bool {
	return slices.ContainsFunc(pieces, func(p piece) bool {
		if p.unit < 0 || m.units[p.unit].role != openRole || m.units[p.unit].owner < 0 {
			return false
		}
		return standing[m.constructs[m.units[p.unit].owner].close]
	})
}

// cutTrail cuts off the tags at a line's end that belong to a construct opened by a line of tags, or before this line's text.
func (m *markdown) cutTrail(l line, marked bool, standing []bool) (rest line, trail []piece) {
	tail := len(l.pieces)
	for tail > 0 && m.isTagOrSpace(l.pieces[tail-1]) {
		tail--
	}
	if before := (line{pieces: l.pieces[:tail]}).String(); len(blockMarks.FindString(before)) == len(before) {
		return l, nil // nothing but > or - stands before the tags: they are inside the quote or item
	}
	first := slices.IndexFunc(l.pieces, func(p piece) bool { return p.unit >= 0 })
	for i := tail; i < len(l.pieces); i++ {
		id := l.pieces[i].unit
		if id < 0 || m.units[id].owner < 0 || m.units[id].role == openRole {
			continue
		}
		opener := m.constructs[m.units[id].owner].open
		if standing[opener] || marked && opener < l.pieces[first].unit {
			return line{pieces: l.pieces[:i]}, l.pieces[i:]
		}
	}
	return l, nil
}

// assemble writes the lines out as goldmark's source.
func (m *markdown) assemble(lines []line) {
	m.spots = make([]int, len(m.units))
	for _, l := range lines {
		for _, p := range l.pieces {
			m.origins = append(m.origins, origin{at: len(m.source), file: p.origin, fixed: p.unit >= 0})
			if p.unit >= 0 {
				m.spots[p.unit] = len(m.source)
			}
			m.source = append(m.source, p.text...)
		}
		m.source = append(m.source, '\n')
	}
}

// fileOffset returns the place in the file of a byte of goldmark's source.
func (m *markdown) fileOffset(at int) int {
	i := sort.Search(len(m.origins), func(i int) bool { return m.origins[i].at > at }) - 1
	if i < 0 {
		return 0
	}
	if o := m.origins[i]; !o.fixed {
		return o.file + at - o.at
	}
	return m.origins[i].file
}
