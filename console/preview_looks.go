package console

import (
	"html"
	"regexp"
	"strings"

	nethtml "golang.org/x/net/html"
)

// looks is how a copy of a mail is shown: what a mail program's settings would make of it. The mail itself is not touched.
type looks struct {
	scheme string // light, dark
	images string // on, off, remote
}

// A browser's own scheme does not decide how a mail looks here. So conditions on it become ones that are always true, or never.
var (
	schemeQuery = regexp.MustCompile(`(?i)\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)`)
	schemeStyle = regexp.MustCompile(`(?i)([;{\s"']|^)color-scheme\s*:\s*([a-z ]+)`)
	styleURL    = regexp.MustCompile(`(?i)url\(\s*["']?([^"')]*)["']?\s*\)`)
)

const (
	always = "(min-width:0)"
	never  = "(min-width:999999px)"
)

// show returns the copy. asset says where a picture of the workspace is.
func (l looks) show(source string, asset func(string) (string, bool)) string {
	c := &copier{looks: l, asset: asset}
	tokens := nethtml.NewTokenizer(strings.NewReader(source))
	for {
		kind := tokens.Next()
		if kind == nethtml.ErrorToken {
			return c.out.String()
		}
		raw := string(tokens.Raw())
		switch {
		case kind == nethtml.StartTagToken || kind == nethtml.SelfClosingTagToken:
			c.tag(raw, tokens.Token())
		case kind == nethtml.EndTagToken:
			c.style = false
			c.out.WriteString(raw)
		case kind == nethtml.TextToken && c.style:
			c.out.WriteString(c.css(raw))
		default:
			c.out.WriteString(raw)
		}
	}
}

type copier struct {
	looks
	asset func(string) (string, bool)
	out   strings.Builder
	style bool // inside a style element
	based bool // links open in a window of their own
}

func (c *copier) tag(raw string, t nethtml.Token) {
	if !c.based && t.Data != "html" && t.Data != "head" {
		c.based = true
		c.out.WriteString(`<base target="_blank">`)
	}
	c.style = t.Data == "style"
	changed := false
	for i := range t.Attr {
		a := &t.Attr[i]
		before := *a
		c.attribute(t.Data, a)
		changed = changed || *a != before
	}
	if t.Data == "meta" {
		changed = c.meta(t.Attr) || changed
	}
	if changed {
		raw = written(t)
	}
	c.out.WriteString(raw)
}

func (c *copier) attribute(element string, a *nethtml.Attribute) {
	switch a.Key {
	case "src", "background", "poster":
		a.Val, a.Key = c.picture(a.Val, a.Key)
	case "srcset":
		a.Key = "data-srcset" // its addresses are those of src in other sizes
	case "media":
		a.Val = c.queries(a.Val)
	case "style":
		a.Val = c.css(a.Val)
	case "target":
		a.Val = "_blank"
	case "href":
		if element == "base" || element == "link" {
			a.Key = "data-href"
		}
	}
}

// meta settles the colours that a mail says it has, and takes away what would lead elsewhere.
func (c *copier) meta(attributes []nethtml.Attribute) bool {
	changed := false
	for i := range attributes {
		switch a := &attributes[i]; {
		case a.Key == "http-equiv" && !strings.EqualFold(a.Val, "content-type"):
			a.Key, changed = "data-http-equiv", true
		case a.Key == "name" && strings.EqualFold(a.Val, "color-scheme"):
			for j := range attributes {
				if attributes[j].Key == "content" {
					attributes[j].Val, changed = c.colours(attributes[j].Val), true
				}
			}
		}
	}
	return changed
}

// picture returns where a picture is shown from, or an attribute under which it is not.
func (c *copier) picture(src, key string) (value, attribute string) {
	if !c.loads(src) {
		return src, "data-" + key
	}
	if here, ok := c.asset(src); ok {
		return here, key
	}
	return src, key
}

// loads reports whether a picture is shown: those of the workspace unless images are off, those from elsewhere only when asked for.
func (c *copier) loads(src string) bool {
	if _, own := c.asset(src); own {
		return c.images != "off"
	}
	return c.images == "remote" && isRemote(src) || strings.HasPrefix(src, "data:image/") && c.images != "off"
}

func isRemote(src string) bool {
	src = strings.ToLower(strings.TrimSpace(src))
	return strings.HasPrefix(src, "https://") || strings.HasPrefix(src, "http://") || strings.HasPrefix(src, "//")
}

func (c *copier) css(text string) string {
	text = schemeStyle.ReplaceAllStringFunc(c.queries(text), func(found string) string {
		match := schemeStyle.FindStringSubmatch(found)
		return match[1] + "color-scheme:" + c.colours(match[2])
	})
	return styleURL.ReplaceAllStringFunc(text, func(found string) string {
		src := styleURL.FindStringSubmatch(found)[1]
		here, own := c.asset(src)
		switch {
		case !c.loads(src):
			return "none"
		case own:
			return "url(" + here + ")"
		}
		return found
	})
}

func (c *copier) queries(text string) string {
	return schemeQuery.ReplaceAllStringFunc(text, func(found string) string {
		if strings.EqualFold(schemeQuery.FindStringSubmatch(found)[1], c.scheme) {
			return always
		}
		return never
	})
}

// colours is what remains of the schemes that a mail says it knows.
func (c *copier) colours(known string) string {
	if c.scheme == "dark" && strings.Contains(strings.ToLower(known), "dark") {
		return "dark"
	}
	return "light"
}

// written writes a start tag. Attributes keep their order.
func written(t nethtml.Token) string {
	var b strings.Builder
	b.WriteString("<" + t.Data)
	for _, a := range t.Attr {
		b.WriteString(" " + a.Key + `="` + html.EscapeString(a.Val) + `"`)
	}
	b.WriteString(">")
	return b.String()
}

// remotePictures counts the pictures of a mail that are not the workspace's.
func remotePictures(source string, asset func(string) (string, bool)) int {
	n := 0
	tokens := nethtml.NewTokenizer(strings.NewReader(source))
	for {
		switch tokens.Next() {
		case nethtml.ErrorToken:
			return n
		case nethtml.StartTagToken, nethtml.SelfClosingTagToken:
			for _, a := range tokens.Token().Attr {
				if _, own := asset(a.Val); a.Key == "src" && !own && isRemote(a.Val) {
					n++
				}
			}
		}
	}
}
