package check

import (
	"html"
	"io"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	cssparse "github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/css"
	nethtml "golang.org/x/net/html"
)

// maxLines is how many places of a feature are kept.
const maxLines = 5

// user notes which features a page uses, and where.
type user struct {
	index map[string][]string
	found map[string][]int // lines, by slug
	line  int
}

// featuresOf returns the lines of each feature that a page uses.
func featuresOf(source string) map[string][]int {
	u := &user{index: clientTable().index, found: map[string][]int{}, line: 1}
	z := nethtml.NewTokenizer(strings.NewReader(source))
	style := false
	for z.Next() != nethtml.ErrorToken {
		raw := string(z.Raw())
		switch t := z.Token(); t.Type {
		case nethtml.DoctypeToken:
			if strings.EqualFold(strings.TrimSpace(t.Data), "html") {
				u.sign("doctype html")
			}
		case nethtml.CommentToken:
			if !strings.HasPrefix(t.Data, "[if") && !strings.HasPrefix(t.Data, "<![endif]") { // those are Outlook's
				u.sign("comment")
			}
		case nethtml.StartTagToken, nethtml.SelfClosingTagToken:
			u.element(&t)
			style = t.Data == "style" && t.Type == nethtml.StartTagToken
		case nethtml.TextToken:
			if style {
				u.sheet(html.UnescapeString(raw))
			}
		case nethtml.EndTagToken:
			style = false
		}
		u.line += strings.Count(raw, "\n")
	}
	return u.found
}

// sign notes that the page has something.
func (u *user) sign(sign string) {
	for _, slug := range u.index[sign] {
		if lines := u.found[slug]; len(lines) < maxLines && !slices.Contains(lines, u.line) {
			u.found[slug] = append(lines, u.line)
		}
	}
}

func (u *user) element(t *nethtml.Token) {
	u.sign("element " + t.Data)
	if kind := strings.ToLower(attribute(t.Attr, "type")); kind != "" {
		u.sign("element " + t.Data + " " + kind)
	} else if t.Data == "input" {
		u.sign("element input text")
	} else if t.Data == "button" {
		u.sign("element button submit")
	}
	for _, a := range t.Attr {
		name := strings.ToLower(a.Key)
		u.sign("attribute " + name)
		switch name {
		case "style":
			u.declarations(a.Val)
		case "href":
			u.link(t.Data, a.Val)
		case "src", "poster", "background", "data":
			u.image(a.Val)
		case "srcset":
			for part := range strings.SplitSeq(a.Val, ",") {
				if fields := strings.Fields(part); len(fields) > 0 {
					u.image(fields[0])
				}
			}
		case "media":
			if strings.Contains(a.Val, "(") {
				u.sign("@media")
				u.media(a.Val)
			}
		case "name":
			if t.Data == "meta" {
				u.sign("meta " + strings.ToLower(a.Val))
			}
		}
	}
}

func (u *user) link(element, target string) {
	target = strings.ToLower(strings.TrimSpace(target))
	switch {
	case element != "a" && element != "area":
	case strings.HasPrefix(target, "mailto:"):
		u.sign("link mailto")
	case len(target) > 1 && target[0] == '#':
		u.sign("link #")
	}
}

// image notes a picture's format, by its address.
func (u *user) image(address string) {
	address = strings.TrimSpace(address)
	if kind, ok := strings.CutPrefix(strings.ToLower(address), "data:image/"); ok {
		u.sign("image data")
		if end := strings.IndexAny(kind, ";,+"); end >= 0 {
			u.sign("image " + kind[:end])
		}
		return
	}
	if target, err := url.Parse(address); err == nil {
		u.sign("image " + strings.ToLower(strings.TrimPrefix(path.Ext(target.Path), ".")))
	}
}

// declarations reads a style attribute.
func (u *user) declarations(style string) {
	p := css.NewParser(cssparse.NewInputString(style), true)
	for u.next(p, nil) {
	}
}

// sheet reads a style element. Lines are counted as the parser goes along.
func (u *user) sheet(source string) {
	first := u.line
	if at := strings.Index(source, "/*"); at >= 0 { // the parser passes over most of them
		u.line += strings.Count(source[:at], "\n")
		u.sign("style comment")
		u.line = first
	}
	in := cssparse.NewInputString(source)
	p := css.NewParser(in, false)
	s := &sheetState{}
	for at := 0; u.next(p, s); {
		next := min(max(in.Offset(), at), len(source))
		u.line += strings.Count(source[at:next], "\n")
		at = next
	}
	u.line = first
}

// sheetState knows what is open in a style element.
type sheetState struct {
	rules int // rules inside each other
}

// next notes what the next piece of CSS uses; false at the end.
func (u *user) next(p *css.Parser, s *sheetState) bool {
	grammar, _, name := p.Next()
	switch grammar {
	case css.ErrorGrammar:
		return p.HasParseError() && p.Err() != io.EOF
	case css.AtRuleGrammar, css.BeginAtRuleGrammar:
		u.atRule(strings.ToLower(string(name)), p.Values())
	case css.QualifiedRuleGrammar:
		u.sign("selector ,")
		u.selector(p.Values())
	case css.BeginRulesetGrammar:
		if s != nil {
			if s.rules++; s.rules > 1 {
				u.sign("nesting")
			}
		}
		u.selector(p.Values())
	case css.EndRulesetGrammar:
		if s != nil {
			s.rules--
		}
	case css.CustomPropertyGrammar:
		u.sign("variable")
	case css.DeclarationGrammar:
		u.declaration(strings.ToLower(string(name)), p.Values())
	}
	return true
}

func (u *user) atRule(name string, values []css.Token) {
	u.sign(name)
	if name == "@media" || name == "@import" {
		u.media(joinedValues(values))
	}
	u.values("", values)
}

var mediaFeature = regexp.MustCompile(`\(\s*([a-z-]+)`)

// media notes what a media query asks for.
func (u *user) media(query string) {
	for _, match := range mediaFeature.FindAllStringSubmatch(strings.ToLower(query), -1) {
		name := strings.TrimPrefix(match[1], "-webkit-")
		u.sign("media " + name)
		u.sign("media " + strings.TrimPrefix(strings.TrimPrefix(name, "min-"), "max-"))
	}
}

var (
	pseudo     = regexp.MustCompile(`::?[a-z-]+`)
	inBrackets = regexp.MustCompile(`\[[^\]]*\]|\([^)]*\)`)
	chained    = regexp.MustCompile(`[A-Za-z0-9_-][.#\[][A-Za-z_]|\]\.|\]\[`)
	typed      = regexp.MustCompile(`(?:^|[\s>+~,(])[a-z][a-z0-9]*`)
)

// selector notes what a selector is made of.
func (u *user) selector(values []css.Token) {
	text := strings.TrimSpace(joinedValues(values))
	for _, name := range pseudo.FindAllString(strings.ToLower(text), -1) {
		u.sign(name)
		if elements := ":" + name; !strings.HasPrefix(name, "::") {
			u.sign(elements) // :before is an old way to write ::before
		}
	}
	if strings.Contains(text, "&") {
		u.sign("nesting")
	}
	for _, kind := range []string{"[", "*", "#", "."} {
		if strings.Contains(text, kind) {
			u.sign("selector " + kind)
		}
	}
	bare := inBrackets.ReplaceAllString(text, "")
	for _, kind := range []string{">", "+", "~", ","} {
		if strings.Contains(bare, kind) {
			u.sign("selector " + kind)
		}
	}
	if chained.MatchString(text) {
		u.sign("selector chain")
	}
	if typed.MatchString(bare) {
		u.sign("selector type")
	}
	if len(strings.FieldsFunc(strings.Join(strings.Fields(bare), " "), func(c rune) bool { return c == ' ' })) > 1 && !strings.ContainsAny(bare, ">+~") {
		u.sign("selector descendant")
	}
}

func (u *user) declaration(name string, values []css.Token) {
	name = strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(name, "-webkit-"), "-moz-"), "-ms-")
	if strings.HasPrefix(name, "--") {
		u.sign("variable")
		return
	}
	u.sign("property " + name)
	for _, side := range []string{"-top", "-right", "-bottom", "-left", "-x", "-y"} { // longhands of what is tested as a whole
		if whole, rest, ok := strings.Cut(name, side); ok && (rest == "" || whole == "border" && !strings.HasSuffix(rest, "-radius")) {
			u.sign("property " + whole)
		}
	}
	u.longhand(name)
	u.values(name, values)
}

// longhand notes the shorthand that a property is a part of, where only that is tested.
func (u *user) longhand(name string) {
	if strings.HasPrefix(name, "border-") && strings.HasSuffix(name, "-radius") {
		if len(u.index["property "+name]) == 0 {
			u.sign("property border-radius")
		}
		return
	}
	for _, whole := range []string{"border", "border-image", "outline", "animation", "transition", "text-emphasis", "column", "list-style", "font"} {
		if strings.HasPrefix(name, whole+"-") && len(u.index["property "+name]) == 0 {
			u.sign("property " + whole)
		}
	}
}

var dimension = regexp.MustCompile(`^[+-]?[0-9.]+(?:e[0-9]+)?([a-z]+|%)$`)

// values notes the units, functions and words of a value.
func (u *user) values(property string, values []css.Token) {
	for i, v := range values {
		text := strings.ToLower(string(v.Data))
		switch v.TokenType {
		case css.DimensionToken, css.PercentageToken:
			if unit := dimension.FindStringSubmatch(text); unit != nil {
				u.sign("unit " + unit[1])
			}
		case css.FunctionToken:
			u.sign(text + ")")
			u.sign(strings.TrimPrefix(strings.TrimPrefix(text, "-webkit-"), "repeating-") + ")")
			if text == "var(" {
				u.sign("variable")
			}
		case css.URLToken:
			u.image(strings.Trim(strings.TrimSuffix(strings.TrimPrefix(string(v.Data), "url("), ")"), `"' `))
		case css.StringToken:
			if i > 0 && strings.EqualFold(string(values[i-1].Data), "url(") {
				u.image(strings.Trim(string(v.Data), `"'`))
			}
		case css.IdentToken:
			u.sign("value " + text)
			u.sign(property + ":" + strings.TrimPrefix(strings.TrimPrefix(text, "inline-"), "-webkit-"))
			u.sign(property + ":" + text)
			if i > 0 && strings.HasSuffix(string(values[i-1].Data), "!") && text == "important" {
				u.sign("important")
			}
		}
	}
	if strings.Contains(strings.ToLower(joinedValues(values)), "!important") {
		u.sign("important")
	}
}
