package templates

import (
	"strconv"
	"strings"
)

// unit is a piece of a template that Markdown moves as one: text, an output, a tag, a raw section, or a whole capture.
type unit struct {
	tokens []Token // at least one
	kind   unitKind
	name   string // the tag's name; "" for all else
	role   unitRole
	owner  int // index of the construct it belongs to; -1: none
}

type unitKind uint8

const (
	textUnit    unitKind = iota
	literalUnit          // from a raw section: text, but not Markdown
	inlineUnit           // prints something inside a text: {{ … }}, echo, cycle
	tagUnit              // may stand on a line of its own
)

type unitRole uint8

const (
	loneRole   unitRole = iota
	openRole            // if, for, …
	branchRole          // else, when, …
	closeRole           // endif, endfor, …
)

// construct is a tag with its end: if … endif.
type construct struct {
	name     string
	open     int // unit
	branches []int
	close    int
}

// loops says whether the body may be rendered several times.
func (c construct) loops() bool { return c.name == "for" || c.name == "tablerow" }

// cutUnits groups a source's tokens. A capture's text is not Markdown, so the whole of it is one unit.
func cutUnits(tokens []Token) []unit {
	var units []unit
	for i := 0; i < len(tokens); i++ {
		u := unit{tokens: tokens[i : i+1], owner: -1}
		switch token := tokens[i]; {
		case token.Kind == OutputToken:
			u.kind = inlineUnit
		case token.Kind == TagToken:
			u.kind, u.name, u.role = tagUnit, token.Name, roleOf(token.Name)
			if printsInline(token.Name) {
				u.kind = inlineUnit
			}
			if end := captureEnd(tokens, i); end > i {
				u.tokens, u.role = tokens[i:end+1], loneRole
				i = end
			}
		case token.Text == "":
			continue
		case token.Verbatim:
			u.kind = literalUnit
		}
		units = append(units, u)
	}
	return units
}

func printsInline(name string) bool {
	return name == "echo" || name == "cycle" || name == "increment" || name == "decrement"
}

// captureEnd returns the index of the endcapture that ends the capture at start, or -1.
func captureEnd(tokens []Token, start int) int {
	if tokens[start].Name != "capture" {
		return -1
	}
	depth := 0
	for i := start; i < len(tokens); i++ {
		if tokens[i].Kind != TagToken {
			continue
		}
		switch tokens[i].Name {
		case "capture":
			depth++
		case "endcapture":
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

func roleOf(name string) unitRole {
	switch name {
	case "if", "unless", "case", "for", "tablerow", "ifchanged", "capture":
		return openRole
	case "else", "elsif", "when":
		return branchRole
	}
	if opener, ok := strings.CutPrefix(name, "end"); ok && roleOf(opener) == openRole {
		return closeRole
	}
	return loneRole
}

// maxConstructDepth is where matchUnits gives up; the parser refuses such a template.
const maxConstructDepth = 100

// matchUnits finds which tags belong together. It is false when some do not, which the parser reports.
func matchUnits(units []unit) ([]construct, bool) {
	var constructs []construct
	var stack []int
	balanced := true
	for id := range units {
		u := &units[id]
		top := len(stack) - 1
		switch {
		case u.role == openRole:
			u.owner = len(constructs)
			stack = append(stack, u.owner)
			constructs = append(constructs, construct{name: u.name, open: id, close: -1})
			balanced = balanced && len(stack) <= maxConstructDepth
		case u.role == branchRole && top >= 0 && takesBranch(constructs[stack[top]].name, u.name):
			u.owner = stack[top]
			constructs[u.owner].branches = append(constructs[u.owner].branches, id)
		case u.role == closeRole && top >= 0 && u.name == "end"+constructs[stack[top]].name:
			u.owner = stack[top]
			constructs[u.owner].close = id
			stack = stack[:top]
		case u.role != loneRole:
			balanced = false
		}
	}
	balanced = balanced && len(stack) == 0
	for id := range units {
		if !balanced || units[id].owner >= 0 && constructs[units[id].owner].close < 0 {
			units[id].owner = -1
		}
	}
	return constructs, balanced
}

func takesBranch(opener, branch string) bool {
	switch opener {
	case "if", "unless":
		return branch == "else" || branch == "elsif"
	case "case":
		return branch == "else" || branch == "when"
	}
	return opener == "for" && branch == "else"
}

// neutral says whether the tag prints nothing itself, so that it may stand between list items or table rows.
func (u unit) neutral() bool {
	if u.kind != tagUnit {
		return false
	}
	if u.role != loneRole {
		return u.owner >= 0 && u.name != "tablerow" && u.name != "endtablerow"
	}
	switch u.name {
	case "assign", "capture", "break", "continue", "skip":
		return true
	}
	return false
}

// freePrefix returns letters and digits that occur in no text of the source and have no end that is also their beginning, so
// that a placeholder cannot be confused with the text around it.
func freePrefix(units []unit) string {
	const head, tail = "bpq", "x"
	var text strings.Builder
	for _, u := range units {
		if u.kind == textUnit {
			text.WriteString(u.tokens[0].Text)
		} else {
			text.WriteByte(0)
		}
	}
	taken := map[string]bool{}
	for _, after := range strings.Split(text.String(), head)[1:] {
		taken[after[:len(after)-len(strings.TrimLeft(after, "0123456789"))]] = true
	}
	for n := 0; ; n++ {
		if !taken[strconv.Itoa(n)] {
			return head + strconv.Itoa(n) + tail
		}
	}
}

// placeholder returns what stands for a unit while goldmark reads the source.
func (m *markdown) placeholder(id int) string { return m.prefix + strconv.Itoa(id) + "z" }

// cutPlaceholder finds the first placeholder in s. at is -1 when there is none.
func (m *markdown) cutPlaceholder(s string) (at, end, id int) {
	at = strings.Index(s, m.prefix)
	if at < 0 {
		return -1, 0, 0
	}
	digits := s[at+len(m.prefix):]
	z := strings.IndexByte(digits, 'z')
	if z < 0 {
		return -1, 0, 0
	}
	id, err := strconv.Atoi(digits[:z])
	if err != nil || id >= len(m.units) {
		return -1, 0, 0
	}
	return at, at + len(m.prefix) + z + 1, id
}

// excuse marks the units in a piece of source as reported.
func (m *markdown) excuse(s string) {
	for {
		at, end, id := m.cutPlaceholder(s)
		if at < 0 {
			return
		}
		m.misplaced[id] = true
		s = s[end:]
	}
}

// tagsOnly returns the units of a line that holds nothing but tags which may stand alone, or nil.
func (m *markdown) tagsOnly(line string) []int {
	var ids []int
	for line = strings.TrimSpace(line); line != ""; {
		at, end, id := m.cutPlaceholder(line)
		if at != 0 || m.units[id].kind != tagUnit {
			return nil
		}
		ids = append(ids, id)
		line = strings.TrimLeft(line[end:], " \t")
	}
	return ids
}
