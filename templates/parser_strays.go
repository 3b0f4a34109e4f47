package templates

import (
	"slices"
	"strings"

	"germane/internal/finding"
)

var (
	standardTags = []string{
		"assign", "break", "capture", "case", "comment", "continue", "cycle", "decrement", "doc", "echo", "for", "if", "ifchanged",
		"include", "increment", "liquid", "raw", "render", "tablerow", "unless",
	}
	mailTags = []string{"block", "skip", "variant", "otherwise"}
	endTags  = []string{"endcapture", "endcase", "endcomment", "enddoc", "endfor", "endif", "endifchanged", "endraw", "endtablerow", "endunless"}
	midTags  = []string{"else", "elsif", "when"}
)

// movedTags says what to write instead of tags that other mail tools have.
var movedTags = map[string]string{
	"abort_message":     `write {% skip "why" %}: this person gets no mail, and the reason is kept`,
	"abort":             `write {% skip "why" %}`,
	"cio_link":          "write a link as usual, [label](https://…): every link is tracked by itself",
	"connected_content": "put the content into data/NAME.json and write {{ data.NAME.… }}",
	"content_block":     "write {% block name %} and put its content into blocks/name.md",
	"content_blocks":    "write {% block name %} and put its content into blocks/name.md",
	"catalog_items":     "put the items into data/NAME.json and write {% for item in data.NAME %}",
	"elseif":            "write elsif",
	"elif":              "write elsif",
	"endblock":          "remove it: {% block name %} has no end tag",
	"endvariant":        "remove it: a variant goes on to the next {% variant %} or {% otherwise %}",
	"endotherwise":      "remove it: otherwise goes on to the end of the file",
	"set":               `write {% assign name = "value" %}`,
	"extends":           "name the layout in the front matter: layout: base",
	"unsubscribe":       "write {{ links.unsubscribe }}",
}

// strayTag reports a tag that does not belong here, or does not exist.
func (p *parser) strayTag(t *Token) {
	name := t.Name
	if opened, isEnd := strings.CutPrefix(name, "end"); isEnd && p.unknown[opened] {
		return
	}
	switch {
	case name == "":
		p.addAt(t.Body.File, t.Span, "liquid-syntax", "this tag has no name", "write {% if … %}, or {{ name }} to print a value")
	case slices.Contains(endTags, name):
		p.addAt(t.Body.File, t.Span, "unexpected-tag", "this {% "+name+" %} closes nothing", p.endHint(name))
	case slices.Contains(midTags, name):
		p.addAt(t.Body.File, t.Span, "unexpected-tag", "this {% "+name+" %} stands inside no tag it could belong to", midHint(name))
	case p.dialect == Mail && (name == "variant" || name == "otherwise"):
		p.addAt(t.Body.File, t.Span, "variant-nested", "{% "+name+" %} belongs at the top level of a file in blocks/.", "move it there, outside of every other tag")
	default:
		p.unknown[name] = true
		p.addAt(t.Body.File, t.Span, "unknown-tag", "there is no tag "+name, p.tagHint(name, t.Body))
	}
}

func (p *parser) endHint(name string) string {
	if inner, ok := p.innermost(); ok {
		return "the innermost open tag is {% " + inner.token.Name + " %}; close it with {% " + inner.accepts[len(inner.accepts)-1] + " %}, or remove this one"
	}
	return "remove it, or write {% " + strings.TrimPrefix(name, "end") + " … %} before it"
}

// innermost returns the innermost open tag.
func (p *parser) innermost() (block, bool) {
	for _, inner := range slices.Backward(p.open[p.floor:]) {
		if !inner.link {
			return inner, true
		}
	}
	return block{}, false
}

func midHint(name string) string {
	if name == "when" {
		return "write {% case plan %} before it"
	}
	return "write {% if … %} before it, or close the tag that stands between them"
}

func (p *parser) tagHint(name string, body finding.Text) string {
	if hint, ok := movedTags[name]; ok && p.dialect == Mail {
		return hint
	}
	known := standardTags
	if p.dialect == Mail {
		known = slices.Concat(standardTags, mailTags)
	}
	fallback := "tags are " + strings.Join(known, ", ")
	if rest := strings.TrimSpace(body.S); rest == "" || strings.HasPrefix(rest, "|") || strings.HasPrefix(rest, ".") {
		fallback = "to print a value, write {{ " + strings.TrimSpace(name+body.S) + " }}"
	}
	return finding.DidYouMean(name, slices.Concat(known, endTags, midTags), fallback)
}
