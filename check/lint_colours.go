package check

import (
	"fmt"
	"html"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	cssparse "github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/css"
	nethtml "golang.org/x/net/html"

	"germane/templates"
)

// look is the colours of a text, as #rrggbb; "" when they are not known.
type look struct{ ink, paper string }

// colourRule is a rule of a style element that sets colours, or hides.
type colourRule struct {
	dark         bool // inside @media (prefers-color-scheme: dark)
	selectors    [][]compound
	declarations []colourDeclaration
}

// compound is a part of a selector: td.card. Parts are joined by descendant combinators.
type compound struct {
	element string // "": any
	classes []string
}

type colourDeclaration struct {
	property, value string
	important       bool
}

// Contrast that text must have (WCAG 2.2, 1.4.3): less where it is large.
const (
	enoughContrast = 4.5
	enoughForLarge = 3.0
)

// readable reports text that cannot be told from what is behind it.
func (r *reader) readable() {
	f := r.top()
	want := enoughContrast
	if f.large {
		want = enoughForLarge
	}
	schemes := []struct {
		name string
		look
	}{{"light", f.light}, {"dark", f.dark}}
	for i, scheme := range schemes {
		ratio, ok := templates.Contrast(scheme.ink, scheme.paper)
		if !ok || ratio >= want || i == 1 && !r.hasDark() {
			continue
		}
		where := ""
		if i == 1 {
			where = " in dark mode"
		}
		r.findings = append(r.findings, r.at(r.from, r.until, "low-contrast", fmt.Sprintf("%s on %s can hardly be read%s: its contrast is %.1f, and %.1f is needed", scheme.ink, scheme.paper, where, ratio, want), "make the text darker or lighter, or change what is behind it"))
		return
	}
}

func (r *reader) hasDark() bool {
	return slices.ContainsFunc(r.rules, func(rule colourRule) bool { return rule.dark })
}

// paint applies the rules and the element's own style to what it inherits.
func (r *reader) paint(t *nethtml.Token, f *frame) {
	if c, ok := hexColour(attribute(t.Attr, "bgcolor")); ok {
		f.light.paper, f.dark.paper = c, c
	}
	if _, ok := find(t.Attr, "background"); ok {
		f.light.paper, f.dark.paper = "", ""
	}
	var own []colourDeclaration
	if style, ok := find(t.Attr, "style"); ok {
		own = declarationsOf(style)
	}
	for _, important := range []bool{false, true} {
		r.apply(f, important)
		for _, d := range own {
			if d.important == important {
				f.declare(d, true, true)
			}
		}
	}
	switch t.Data {
	case "h1", "h2":
		f.large = true
	}
}

// apply declares what style elements say.
func (r *reader) apply(f *frame, important bool) {
	for i := range r.rules {
		rule := &r.rules[i]
		if !slices.ContainsFunc(rule.selectors, func(s []compound) bool { return r.matches(s, f) }) {
			continue
		}
		for _, d := range rule.declarations {
			if d.important == important {
				f.declare(d, !rule.dark, true)
			}
		}
	}
}

func (r *reader) matches(selector []compound, f *frame) bool {
	last := len(selector) - 1
	if !selector[last].matches(f) {
		return false
	}
	need := last - 1
	for i := len(r.stack) - 1; i >= 0 && need >= 0; i-- {
		if selector[need].matches(&r.stack[i]) {
			need--
		}
	}
	return need < 0
}

func (c *compound) matches(f *frame) bool {
	if c.element != "" && c.element != f.name {
		return false
	}
	for _, class := range c.classes {
		if !slices.Contains(f.classes, class) {
			return false
		}
	}
	return true
}

var pixels = regexp.MustCompile(`^([0-9.]+)px`)

// declare changes the looks that a declaration is about.
func (f *frame) declare(d colourDeclaration, light, dark bool) {
	set := func(change func(l *look)) {
		if light {
			change(&f.light)
		}
		if dark {
			change(&f.dark)
		}
	}
	switch value := strings.ToLower(strings.TrimSpace(d.value)); d.property {
	case "color":
		if value != "inherit" {
			c, _ := hexColour(value)
			set(func(l *look) { l.ink = c })
		}
	case "background-color", "background":
		if value != "transparent" && value != "none" && value != "inherit" {
			c := backgroundColour(value)
			set(func(l *look) { l.paper = c })
		}
	case "background-image":
		if value != "none" {
			set(func(l *look) { l.paper = "" })
		}
	case "display", "visibility":
		f.hidden = f.hidden || light && (value == "none" || value == "hidden")
	case "opacity", "mix-blend-mode":
		set(func(l *look) { l.ink = "" })
	case "font-size":
		if size := pixels.FindStringSubmatch(value); size != nil {
			n, _ := strconv.ParseFloat(size[1], 64)
			f.large, f.hidden = n >= 24, f.hidden || n == 0
		}
	}
}

func backgroundColour(value string) string {
	if strings.Contains(value, "(") && !strings.HasPrefix(value, "rgb") {
		return ""
	}
	if c, ok := hexColour(value); ok {
		return c
	}
	for _, part := range strings.Fields(value) {
		if c, ok := hexColour(part); ok {
			return c
		}
	}
	return ""
}

var (
	hexForm = regexp.MustCompile(`^#(?:[0-9a-f]{3}|[0-9a-f]{6})$`)
	rgbForm = regexp.MustCompile(`^rgb\(\s*([0-9]{1,3})\s*,\s*([0-9]{1,3})\s*,\s*([0-9]{1,3})\s*\)$`)
	named   = map[string]string{
		"black": "#000000", "white": "#ffffff", "gray": "#808080", "grey": "#808080", "silver": "#c0c0c0", "red": "#ff0000", "green": "#008000", "blue": "#0000ff", "yellow": "#ffff00",
		"orange": "#ffa500", "navy": "#000080", "teal": "#008080", "purple": "#800080", "maroon": "#800000", "lightgray": "#d3d3d3", "lightgrey": "#d3d3d3", "darkgray": "#a9a9a9", "darkgrey": "#a9a9a9",
	}
)

// hexColour is a colour as #rrggbb or #rgb.
func hexColour(value string) (string, bool) {
	value = strings.ToLower(strings.TrimSpace(value))
	if hexForm.MatchString(value) {
		return value, true
	}
	if parts := rgbForm.FindStringSubmatch(value); parts != nil {
		hex := "#"
		for _, part := range parts[1:] {
			n, _ := strconv.Atoi(part)
			hex += fmt.Sprintf("%02x", min(n, 255))
		}
		return hex, true
	}
	c, ok := named[value]
	return c, ok
}

// declarationsOf reads a style attribute.
func declarationsOf(style string) []colourDeclaration {
	var list []colourDeclaration
	p := css.NewParser(cssparse.NewInputString(style), true)
	for {
		grammar, _, name := p.Next()
		switch grammar {
		case css.ErrorGrammar:
			if p.Err() == io.EOF || !p.HasParseError() {
				return list
			}
		case css.DeclarationGrammar:
			list = append(list, newColourDeclaration(string(name), p.Values()))
		}
	}
}

func newColourDeclaration(name string, values []css.Token) colourDeclaration {
	var b strings.Builder
	for _, v := range values {
		b.Write(v.Data)
	}
	value, mark, _ := strings.Cut(b.String(), "!")
	return colourDeclaration{strings.ToLower(name), strings.TrimSpace(value), strings.EqualFold(strings.TrimSpace(mark), "important")}
}

// styles reads the page's style elements.
func (r *reader) styles() {
	z := nethtml.NewTokenizer(strings.NewReader(r.source))
	for z.Next() != nethtml.ErrorToken {
		if t := z.Token(); t.Type == nethtml.StartTagToken && t.Data == "style" && z.Next() == nethtml.TextToken {
			r.sheet(html.UnescapeString(string(z.Raw())))
		}
	}
}

// maxColourRules keeps a style sheet that no mail has from taking long.
const maxColourRules = 200

// sheet reads rules outside of any @ rule and those for dark mode.
func (r *reader) sheet(source string) {
	p := css.NewParser(cssparse.NewInputString(source), false)
	var around []string // the @ rules that are open
	var selectors string
	rule := colourRule{}
	for {
		grammar, _, name := p.Next()
		switch grammar {
		case css.ErrorGrammar:
			if p.Err() == io.EOF || !p.HasParseError() {
				return
			}
		case css.BeginAtRuleGrammar:
			around = append(around, strings.ToLower(string(name)+joinedValues(p.Values())))
		case css.EndAtRuleGrammar:
			around = around[:max(0, len(around)-1)]
		case css.QualifiedRuleGrammar:
			selectors += joinedValues(p.Values()) + ","
		case css.BeginRulesetGrammar:
			selectors += joinedValues(p.Values())
			rule = colourRule{selectors: compounds(selectors)}
			selectors = ""
		case css.DeclarationGrammar:
			rule.declarations = append(rule.declarations, newColourDeclaration(string(name), p.Values()))
		case css.EndRulesetGrammar:
			rule.dark = len(around) == 1 && strings.Contains(around[0], "prefers-color-scheme") && strings.Contains(around[0], "dark")
			if len(rule.selectors) > 0 && (rule.dark || len(around) == 0) && len(r.rules) < maxColourRules {
				r.rules = append(r.rules, rule)
			}
		}
	}
}

func joinedValues(tokens []css.Token) string {
	var b strings.Builder
	for _, t := range tokens {
		b.Write(t.Data)
	}
	return b.String()
}

var compoundForm = regexp.MustCompile(`^([a-z][a-z0-9]*)?((?:\.[A-Za-z_-][A-Za-z0-9_-]*)*)$`)

// compounds reads the selectors that are made of elements and classes; others are left out.
func compounds(list string) [][]compound {
	var all [][]compound
	for selector := range strings.SplitSeq(list, ",") {
		var parts []compound
		for _, field := range strings.Fields(selector) {
			match := compoundForm.FindStringSubmatch(field)
			if match == nil || field == "" {
				parts = nil
				break
			}
			parts = append(parts, compound{match[1], strings.FieldsFunc(match[2], func(c rune) bool { return c == '.' })})
		}
		if len(parts) > 0 {
			all = append(all, parts)
		}
	}
	return all
}
