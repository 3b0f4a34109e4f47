package check

import (
	"strings"

	nethtml "golang.org/x/net/html"

	"germane/internal/finding"
)

// reader goes through a page as a browser's tokenizer does, and notes what it comes to.
type reader struct {
	*page
	findings []finding.Finding
	headings []int // where h1 elements start
	links    []pageLink
	rules    []colourRule // of style elements

	source string
	from   int // of the token
	until  int
	stack  []frame
	link   *pageLink // that is open
}

// frame is an open element.
type frame struct {
	name    string
	classes []string
	hidden  bool
	large   bool // text may have less contrast
	light   look
	dark    look
}

// pageLink is a link of a page.
type pageLink struct {
	start, end int
	target     string
	label      strings.Builder
	pictures   bool // its label holds a picture with a text, or what only a value tells
}

func newReader(p *page) *reader {
	r := &reader{page: p, source: p.html.String()}
	r.stack = []frame{{light: look{ink: "#000000", paper: "#ffffff"}, dark: look{ink: "#000000", paper: "#ffffff"}}}
	return r
}

func (r *reader) read() {
	r.styles()
	z := nethtml.NewTokenizer(strings.NewReader(r.source))
	lang, page := false, -1
	for z.Next() != nethtml.ErrorToken {
		r.from, r.until = r.until, r.until+len(z.Raw())
		switch t := z.Token(); t.Type {
		case nethtml.StartTagToken, nethtml.SelfClosingTagToken:
			if t.Data == "html" {
				page, lang = r.from, strings.TrimSpace(attribute(t.Attr, "lang")) != ""
			}
			r.open(&t)
		case nethtml.EndTagToken:
			r.close(t.Data)
		case nethtml.TextToken:
			r.text(t.Data)
		}
	}
	if !lang {
		at := max(page, 0)
		r.findings = append(r.findings, r.at(at, at+len("<html>"), "no-language", "the page does not say in which language it is", `write <html lang="en">: screen readers choose the voice by it`))
	}
}

// top is the innermost open element.
func (r *reader) top() *frame { return &r.stack[len(r.stack)-1] }

var voidElements = map[string]bool{
	"area": true, "base": true, "br": true, "col": true, "embed": true, "hr": true, "img": true, "input": true, "link": true, "meta": true, "source": true, "track": true, "wbr": true,
}

// maxOpen is how many elements may be inside each other.
const maxOpen = 100

func (r *reader) open(t *nethtml.Token) {
	f := r.frame(t)
	switch t.Data {
	case "h1":
		if !f.hidden {
			r.headings = append(r.headings, r.from)
		}
	case "img":
		r.image(t, f.hidden)
	case "a":
		r.endLink()
		if href, ok := find(t.Attr, "href"); ok {
			r.link = &pageLink{start: r.from, end: r.until, target: strings.TrimSpace(href)}
			r.target(r.link)
		}
	}
	if !voidElements[t.Data] && t.Type == nethtml.StartTagToken && len(r.stack) < maxOpen {
		r.stack = append(r.stack, f)
	}
}

// frame is what an element makes of the one around it.
func (r *reader) frame(t *nethtml.Token) frame {
	f := frame{name: t.Data, classes: strings.Fields(attribute(t.Attr, "class")), hidden: r.top().hidden, large: r.top().large, light: r.top().light, dark: r.top().dark}
	switch t.Data {
	case "head", "style", "script", "title":
		f.hidden = true
	}
	if attribute(t.Attr, "aria-hidden") == "true" {
		f.hidden = true
	}
	r.paint(t, &f)
	return f
}

func (r *reader) close(name string) {
	if name == "a" {
		r.endLink()
	}
	for i := len(r.stack) - 1; i > 0; i-- {
		if r.stack[i].name == name {
			r.stack = r.stack[:i]
			return
		}
	}
}

func (r *reader) text(text string) {
	if r.link != nil {
		r.link.label.WriteString(text)
	}
	if !r.top().hidden && strings.TrimSpace(strings.Map(visible, text)) != "" {
		r.readable()
	}
}

// visible drops what leaves no mark on the page.
func visible(c rune) rune {
	switch c {
	case '\u00a0', '\u200b', '\u200c', '\u200d', '\u034f', '\ufeff', '\u2007':
		return -1
	}
	return c
}

func attribute(list []nethtml.Attribute, name string) string {
	value, _ := find(list, name)
	return value
}

func find(list []nethtml.Attribute, name string) (string, bool) {
	for _, a := range list {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// image reports a picture that says nothing to whoever does not see it.
func (r *reader) image(t *nethtml.Token, hidden bool) {
	alt, ok := find(t.Attr, "alt")
	if r.link != nil && strings.TrimSpace(alt) != "" {
		r.link.pictures = true
	}
	if role := attribute(t.Attr, "role"); !ok && !hidden && role != "presentation" && role != "none" {
		r.findings = append(r.findings, r.at(r.from, r.until, "picture-without-alt", "this picture has no alt text", `write what it says in alt="…", or alt="" when it only decorates`))
	}
}
