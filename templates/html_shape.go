package templates

import (
	"html"
	"slices"
	"strings"
)

// shape is what must be known of a page before its text can be written: which tags belong together, and which Liquid stands
// around whole blocks.
type shape struct {
	pieces     []markup
	units      []unit // one a token
	constructs []construct
	paths      []int  // by token: which branch of which construct it stands in; equal numbers are the same branch
	owners     []int  // by path: the construct; -1: none
	verbatim   []bool // by token: inside a capture
	around     []bool // by construct: blocks stand inside it
	partner    []int  // by piece: a start tag's end tag; 0: none
}

func (p *page) shape() *shape {
	s := &shape{pieces: scanMarkup(p.source, 0, len(p.source)), units: make([]unit, len(p.tokens))}
	for i, token := range p.tokens {
		u := unit{tokens: p.tokens[i : i+1], owner: -1}
		switch token.Kind {
		case OutputToken:
			u.kind = inlineUnit
		case TagToken:
			u.kind, u.name, u.role = tagUnit, token.Name, roleOf(token.Name)
		}
		s.units[i] = u
	}
	s.constructs, _ = matchUnits(s.units)
	s.findPaths()
	s.findPartners()
	s.findAround(p)
	return s
}

// findPaths numbers the branches.
func (s *shape) findPaths() {
	s.paths, s.verbatim = make([]int, len(s.units)), make([]bool, len(s.units))
	s.owners = []int{-1}
	var outer []int
	path, captures := 0, 0
	for i, u := range s.units {
		if u.owner >= 0 && u.role == closeRole {
			path = outer[len(outer)-1]
			outer = outer[:len(outer)-1]
		}
		s.paths[i] = path
		if u.name == "capture" && u.owner >= 0 {
			captures++
		}
		s.verbatim[i] = captures > 0
		if u.name == "endcapture" && u.owner >= 0 {
			captures--
		}
		if u.owner >= 0 && u.role == openRole {
			outer = append(outer, path)
		}
		if u.owner >= 0 && (u.role == openRole || u.role == branchRole) {
			path = len(s.owners)
			s.owners = append(s.owners, u.owner)
		}
	}
}

// maxOpenElements is how far back an end tag's start tag is looked for.
const maxOpenElements = 256

func (s *shape) findPartners() {
	s.partner = make([]int, len(s.pieces))
	var open []int
	for i := range s.pieces {
		piece := &s.pieces[i]
		switch {
		case piece.kind == startTag && !voidElements[piece.name]:
			open = append(open, i)
		case piece.kind == endTag:
			for at := len(open) - 1; at >= max(0, len(open)-maxOpenElements); at-- {
				if s.pieces[open[at]].name == piece.name {
					s.partner[open[at]] = i
					open = open[:at]
					break
				}
			}
		}
	}
}

// findAround finds the constructs with blocks inside.
func (s *shape) findAround(p *page) {
	s.around = make([]bool, len(s.constructs))
	mark := func(token int) {
		for c := s.owners[s.paths[token]]; c >= 0 && !s.around[c]; c = s.owners[s.paths[s.constructs[c].open]] {
			s.around[c] = true
		}
	}
	for i := range s.pieces {
		if piece := &s.pieces[i]; piece.isBlock() {
			mark(p.tokenAt(piece.start))
		}
	}
	for i := range s.units {
		if isFlow(&s.units[i].tokens[0]) {
			mark(i)
		}
	}
}

// isFlow says whether Liquid brings whole blocks: {% block %}, and the {{ content }} of a layout.
func isFlow(t *Token) bool {
	return t.Kind == TagToken && t.Name == "block" || t.Kind == OutputToken && strings.TrimSpace(t.Body.S) == "content"
}

var (
	voidElements = set("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")

	// blankAround are blocks with a blank line above and below, blockElements all that begin a line.
	blankAround   = set("p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "table", "hr", "dl", "figure")
	blockElements = set("address", "article", "aside", "body", "br", "caption", "center", "dd", "div", "dt", "fieldset", "figcaption", "footer",
		"form", "header", "html", "li", "main", "nav", "ol", "section", "tbody", "td", "tfoot", "th", "thead", "tr", "ul")
	spaceAround = set("button", "option", "legend")
)

func set(names ...string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set
}

func (m *markup) isBlock() bool {
	return (m.kind == startTag || m.kind == endTag) && (blockElements[m.name] || blankAround[m.name])
}

// isHidden says whether an element is not for reading: a head, or what a style hides, such as a preheader.
func (m *markup) isHidden(p *page) bool {
	if m.kind != startTag {
		return false
	}
	if m.name == "head" || m.name == "template" || m.name == "noscript" {
		return true
	}
	if _, hidden := m.attribute("hidden"); hidden {
		return true
	}
	style, _ := m.attribute("style")
	value := strings.ToLower(html.UnescapeString(p.source[style.start:style.end]))
	return slices.ContainsFunc(strings.Split(value, ";"), func(s string) bool {
		property, value, _ := strings.Cut(s, ":")
		value, _, _ = strings.Cut(value, "!")
		return strings.TrimSpace(property) == "display" && strings.TrimSpace(value) == "none"
	})
}

// isLayoutTable says whether a table only arranges things.
func (m *markup) isLayoutTable(p *page) bool {
	role, _ := m.attribute("role")
	value := p.source[role.start:role.end]
	return value == "presentation" || value == "none"
}

// pieceAt returns the index of the piece that a byte of the source belongs to.
func (s *shape) pieceAt(at int) int {
	low, high := 0, len(s.pieces)
	for low < high {
		if middle := (low + high) / 2; s.pieces[middle].end <= at {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}
