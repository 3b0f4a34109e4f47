package templates

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
)

// tagNumber is the attribute by which elements of the parsed copy are known to be start tags of the source.
const tagNumber = "data-bpq-tag"

// match returns, by piece, the declarations that apply to a start tag, in the order in which later ones win.
func (p *page) match(pieces []markup, rules []styleRule) [][]declaration {
	found := make([][]declaration, len(pieces))
	root, err := html.Parse(strings.NewReader(p.numbered(pieces)))
	if err != nil {
		return found
	}
	order := make([]int, len(rules))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := rules[a].selector.Specificity(), rules[b].selector.Specificity()
		return cmp.Or(cmp.Compare(x[0], y[0]), cmp.Compare(x[1], y[1]), cmp.Compare(x[2], y[2]))
	})
	for _, i := range order {
		for _, node := range cascadia.QueryAll(root, rules[i].selector) {
			if number, ok := numberOf(node); ok {
				found[number] = override(found[number], rules[i].declarations)
			}
		}
	}
	return found
}

// override adds a rule's declarations to those of weaker rules. What a rule says twice, it says for programs of different age.
func override(declarations, stronger []declaration) []declaration {
	declarations = slices.DeleteFunc(declarations, func(weak declaration) bool {
		return slices.ContainsFunc(stronger, func(d declaration) bool { return d.property == weak.property && (d.important || !weak.important) })
	})
	for _, d := range stronger {
		beaten := slices.ContainsFunc(declarations, func(other declaration) bool {
			return other.property == d.property && other.important && !d.important
		})
		if !beaten {
			declarations = append(declarations, d)
		}
	}
	return declarations
}

// numbered is a copy of the page in which start tags carry their numbers and no Liquid is left: as text it would be moved out of
// tables, and condition tags would be nodes between elements.
func (p *page) numbered(pieces []markup) string {
	var b strings.Builder
	for i := range pieces {
		piece := &pieces[i]
		source := p.source[piece.start:piece.end]
		switch piece.kind {
		case startTag:
			name := piece.nameEnd - piece.start
			b.WriteString(strings.ReplaceAll(source[:name], "\x00", "x"))
			if isStyled(piece.name) {
				b.WriteString(" " + tagNumber + `="` + strconv.Itoa(i) + `"`)
			}
			b.WriteString(strings.ReplaceAll(source[name:], "\x00", "x"))
		case endTag:
			b.WriteString(strings.ReplaceAll(source, "\x00", "x"))
		case docDeclaration:
			b.WriteString(source)
		case comment, rawText: // neither has elements
		default:
			b.WriteString(strings.ReplaceAll(source, "\x00", ""))
		}
	}
	return b.String()
}

// isStyled says whether an element shows anything that a style could change.
func isStyled(name string) bool {
	switch name {
	case "html", "head", "meta", "link", "title", "style", "script", "base", "br", "template":
		return false
	}
	return true
}

func numberOf(node *html.Node) (int, bool) {
	for _, a := range node.Attr {
		if a.Key == tagNumber {
			number, err := strconv.Atoi(a.Val)
			return number, err == nil
		}
	}
	return 0, false
}
