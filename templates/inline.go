package templates

import (
	"slices"
	"strings"
)

// InlineStyles copies the rules of an HTML page's <style> elements into style attributes, since some mail programs read nothing
// else. Pieces are inserted into the source where attributes stand; all other bytes stay as they are, the <style> too: media
// queries and :hover work from there.
//
// What an element's own style attribute says wins, but for !important rules. Rules with Liquid tags around them, with
// pseudo-classes or inside @media and the like are not copied, and neither is a <style data-embed>. With marked, only a
// <style data-inline> is: what other tools have made is not touched unasked.
func InlineStyles(tokens []Token, marked bool) []Token {
	if !slices.ContainsFunc(tokens, func(t Token) bool { return t.Kind == TextToken && containsStyle(t.Text) }) {
		return tokens
	}
	p := newPage(tokens)
	pieces := scanMarkup(p.source, 0, len(p.source))
	sheet := p.styleSheet(pieces, marked)
	if len(sheet.rules) == 0 {
		return tokens
	}
	var edits []edit
	for i, declarations := range p.match(pieces, sheet.rules) {
		if len(declarations) > 0 {
			edits = append(edits, p.restyle(&pieces[i], declarations, sheet)...)
		}
	}
	return p.splice(edits)
}

func containsStyle(s string) bool {
	for at := 0; ; at += len("<style") {
		next := strings.IndexByte(s[at:], '<')
		if next < 0 || at+next+len("<style") > len(s) {
			return false
		}
		if at += next; strings.EqualFold(s[at:at+len("<style")], "<style") {
			return true
		}
		at -= len("<style") - 1
	}
}

// edit inserts tokens into a page.
type edit struct {
	at     int // in the page's source
	tokens []Token
}

// splice returns the page's tokens with edits made, which come in order.
func (p *page) splice(edits []edit) []Token {
	var out []Token
	at := 0
	for _, e := range edits {
		out = append(out, p.cut(at, e.at)...)
		out = append(out, e.tokens...)
		at = e.at
	}
	return append(out, p.cut(at, len(p.source))...)
}

// restyle puts declarations into an element's start tag.
func (p *page) restyle(tag *markup, declarations []declaration, sheet *styleSheet) []edit {
	var normal, important []declaration
	for _, d := range declarations {
		if d.important {
			important = append(important, d)
		} else {
			normal = append(normal, d)
		}
	}
	place := p.fileSpan(tag.start, tag.end)
	write := func(before string, quote byte, list []declaration, behind string) []Token {
		return sheet.write(before, quote, list, behind, place)
	}
	style, ok := tag.attribute("style")
	own := strings.TrimSpace(p.source[style.start:style.end])
	switch {
	case !ok || own == "":
		return []edit{{tag.nameEnd, write(` style="`, '"', append(normal, important...), `"`)}}
	case style.quote == 0:
		return []edit{{style.start, write(`"`, '"', normal, semicolon(normal))}, {style.end, write(semicolon(important), '"', important, `"`)}}
	}
	var edits []edit
	if len(normal) > 0 {
		edits = append(edits, edit{style.start, write("", style.quote, normal, ";")})
	}
	if len(important) > 0 {
		separator := ";"
		if strings.HasSuffix(own, ";") {
			separator = ""
		}
		edits = append(edits, edit{style.end, write(separator, style.quote, important, "")})
	}
	return edits
}

// semicolon separates declarations from the element's own, if there are any.
func semicolon(list []declaration) string {
	if len(list) == 0 {
		return ""
	}
	return ";"
}

// write writes declarations for a style attribute. Liquid that stood in a value stands in the attribute, too.
func (s *styleSheet) write(before string, quote byte, list []declaration, behind string, place Span) []Token {
	var b strings.Builder
	b.WriteString(before)
	for i, d := range list {
		if i > 0 {
			b.WriteByte(';')
		}
		b.WriteString(d.property + ":" + attributeText(d.value, quote))
	}
	b.WriteString(behind)
	var out []Token
	for rest := b.String(); rest != ""; {
		at, end, liquid := s.cutLiquid(rest)
		if at < 0 {
			at, end = len(rest), len(rest)
		}
		if at > 0 {
			out = append(out, Token{Span: place, Kind: TextToken, Text: rest[:at]})
		}
		if end > at {
			out = append(out, s.liquid[liquid])
		}
		rest = rest[end:]
	}
	return out
}

// attributeText escapes a CSS value for an attribute. CSS takes both quotes for strings, so most need no escaping.
func attributeText(value string, quote byte) string {
	value = strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(value)
	if quote == '"' && !strings.Contains(value, "'") {
		return strings.ReplaceAll(value, `"`, "'")
	}
	if quote == '"' {
		return strings.ReplaceAll(value, `"`, "&quot;")
	}
	return strings.ReplaceAll(value, "'", "&#39;")
}
