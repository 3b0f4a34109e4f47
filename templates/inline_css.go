package templates

import (
	"html"
	"io"
	"strconv"
	"strings"

	"github.com/andybalholm/cascadia"
	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/css"
)

// styleSheet is what can be copied from a page's <style> elements.
type styleSheet struct {
	rules  []styleRule
	liquid []Token // that stands in values, by the number in its placeholder
	prefix string  // every placeholder's first characters
}

// styleRule is one selector with its declarations, in the order of the source.
type styleRule struct {
	selector     cascadia.Sel
	declarations []declaration
}

// declaration is property: value.
type declaration struct {
	property, value string
	important       bool
}

// styleSheet reads the page's style elements.
func (p *page) styleSheet(pieces []markup, marked bool) *styleSheet {
	s := &styleSheet{prefix: "bpqstyle"}
	for strings.Contains(p.source, s.prefix) {
		s.prefix += "x"
	}
	shape := p.shape()
	for i := range pieces[:max(0, len(pieces)-1)] {
		tag, content := &pieces[i], &pieces[i+1]
		if tag.kind == startTag && tag.name == "style" && content.kind == rawText && p.isInlined(tag, marked) && shape.paths[p.tokenAt(tag.start)] == 0 {
			s.read(p.cut(content.start, content.end))
		}
	}
	return s
}

// isInlined says whether a style element's rules are copied.
func (p *page) isInlined(tag *markup, marked bool) bool {
	value := func(name string) string {
		a, _ := tag.attribute(name)
		return strings.ToLower(strings.TrimSpace(html.UnescapeString(p.source[a.start:a.end])))
	}
	_, embed := tag.attribute("data-embed")
	_, inline := tag.attribute("data-inline")
	media, kind := value("media"), value("type")
	return !embed && (inline || !marked) && (media == "" || media == "all") && (kind == "" || kind == "text/css")
}

// read reads one style element. Values keep placeholders for their Liquid; with tags in it nobody can tell which rules hold.
func (s *styleSheet) read(tokens []Token) {
	var b strings.Builder
	for _, t := range tokens {
		switch t.Kind {
		case TextToken:
			b.WriteString(t.Text)
		case OutputToken:
			b.WriteString(s.prefix + strconv.Itoa(len(s.liquid)) + "z")
			s.liquid = append(s.liquid, t)
		default:
			return
		}
	}
	s.parse(b.String())
}

// cutLiquid finds the first placeholder in a text; at is -1 when there is none.
func (s *styleSheet) cutLiquid(text string) (at, end, liquid int) {
	at = strings.Index(text, s.prefix)
	if at < 0 {
		return -1, 0, 0
	}
	digits, _, _ := strings.Cut(text[at+len(s.prefix):], "z")
	liquid, err := strconv.Atoi(digits)
	if err != nil || liquid >= len(s.liquid) {
		return -1, 0, 0
	}
	return at, at + len(s.prefix) + len(digits) + 1, liquid
}

// parse reads the rules outside of any @ rule. The parser writes behind the bytes it is given, so it gets a copy.
func (s *styleSheet) parse(source string) {
	p := css.NewParser(parse.NewInputString(source), false)
	depth := 0 // of @ rules and of rules inside rules
	var selectors strings.Builder
	var declarations []declaration
	for {
		grammar, _, name := p.Next()
		switch grammar {
		case css.ErrorGrammar:
			if p.Err() == io.EOF || !p.HasParseError() {
				return
			}
		case css.BeginAtRuleGrammar:
			depth++
		case css.EndAtRuleGrammar:
			depth--
		case css.QualifiedRuleGrammar:
			selectors.WriteString(joined(p.Values()) + ",")
		case css.BeginRulesetGrammar:
			if depth++; depth == 1 {
				selectors.WriteString(joined(p.Values()))
				declarations = nil
			}
		case css.DeclarationGrammar:
			if d := newDeclaration(string(name), joined(p.Values())); depth == 1 && d.property != "" {
				declarations = append(declarations, d)
			}
		case css.EndRulesetGrammar:
			if depth--; depth == 0 {
				s.add(selectors.String(), declarations)
			}
			selectors.Reset()
		}
	}
}

func joined(tokens []css.Token) string {
	var b strings.Builder
	for _, t := range tokens {
		b.Write(t.Data)
	}
	return b.String()
}

// newDeclaration reads a declaration; its property is "" when it only means something to a program that reads style sheets.
func newDeclaration(property, value string) declaration {
	d := declaration{property: strings.ToLower(strings.TrimSpace(property)), value: strings.TrimSpace(value)}
	if mark := strings.LastIndexByte(d.value, '!'); mark >= 0 && strings.EqualFold(strings.TrimSpace(d.value[mark+1:]), "important") {
		d.value, d.important = strings.TrimSpace(d.value[:mark]), true
	}
	if strings.HasPrefix(d.property, "--") || d.value == "" || strings.Contains(d.value, "var(") {
		return declaration{}
	}
	return d
}

// maxStyleRules keeps a style sheet that no mail has from taking long.
const maxStyleRules = 2000

func (s *styleSheet) add(selectors string, declarations []declaration) {
	if len(declarations) == 0 {
		return
	}
	for selector := range strings.SplitSeq(selectors, ",") {
		selector = strings.TrimSpace(selector)
		if selector == "" || strings.ContainsAny(selector, ":*") || strings.Contains(selector, s.prefix) || len(s.rules) >= maxStyleRules {
			continue // what depends on the moment, or would style everything
		}
		if parsed, err := cascadia.Parse(selector); err == nil {
			s.rules = append(s.rules, styleRule{parsed, declarations})
		}
	}
}
