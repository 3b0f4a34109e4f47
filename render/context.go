package render

import (
	"html"
	"regexp"
	"strings"
)

// contextState is where in an HTML document a byte stands, as far as escaping cares. It follows the WHATWG tokenizer's states
// (HTML Standard 13.2.5), merged where they escape alike.
type contextState uint8

const (
	inText        contextState = iota // between tags
	inTagName                         // <a|
	inTag                             // <a |, between attributes
	inAttrName                        // <a hr|
	afterAttr                         // <a href |
	beforeValue                       // <a href=|
	inDouble                          // <a href="|
	inSingle                          // <a href='|
	inUnquoted                        // <a href=|x
	inComment                         // <!-- |, conditional comments too
	inDeclaration                     // <!doctype |
	inRawText                         // <style>|, <script>|, and other elements whose content is not markup
	inPlain                           // not HTML at all: a subject, a header, a plain text
)

// htmlContext is the state of reading HTML up to some byte. It is comparable: two branches of a template agree when their
// contexts are equal at their ends.
type htmlContext struct {
	state   contextState
	element string // the open tag's or raw text's element, small letters
	attr    string // the attribute's name, small letters
	url     urlPart
	scheme  string // of a URL: its first characters up to the colon, small letters
	pending string // bytes that may begin something longer: "<!-", "--", "</sty"
}

// urlPart is how far into a URL attribute's value a byte stands.
type urlPart uint8

const (
	notURL      urlPart = iota
	urlStart            // nothing yet: a value here decides scheme and host
	urlScheme           // in the scheme, or an opaque address such as mailto:
	urlSlash            // after one slash, a second may follow
	urlSlashes          // before the host: browsers skip any number of slashes here
	urlHost             // the host, or behind a value that may end in one
	urlPath             // in the path
	urlQuery            // after ?
	urlFragment         // after #
)

// urlAttributes hold addresses that a reader's mail client follows or loads.
var urlAttributes = map[string]bool{
	"href": true, "src": true, "action": true, "formaction": true, "background": true, "cite": true, "poster": true,
	"srcset": true, "longdesc": true, "xlink:href": true,
}

// loadedAttributes are fetched when a mail is opened: a value in one would report that a person opened it.
var loadedAttributes = map[string]bool{"src": true, "srcset": true, "background": true, "poster": true}

// textAttributes may hold what a person's attributes say: nothing in them is followed, loaded or executed. So may those that begin
// with data- and aria-.
var textAttributes = map[string]bool{
	"abbr": true, "align": true, "alt": true, "bgcolor": true, "border": true, "cellpadding": true, "cellspacing": true, "class": true,
	"color": true, "cols": true, "colspan": true, "datetime": true, "dir": true, "face": true, "for": true, "headers": true, "height": true,
	"id": true, "label": true, "lang": true, "max": true, "min": true, "name": true, "placeholder": true, "role": true, "rows": true,
	"rowspan": true, "scope": true, "size": true, "span": true, "start": true, "summary": true, "title": true, "valign": true, "value": true,
	"width": true, "xml:lang": true,
}

func isTextAttribute(name string) bool {
	return textAttributes[name] || strings.HasPrefix(name, "data-") || strings.HasPrefix(name, "aria-")
}

var rawTextElements = map[string]bool{
	"script": true, "style": true, "title": true, "textarea": true, "xmp": true, "iframe": true, "noembed": true, "noframes": true,
	// Not raw text, but read by rules of their own (HTML Standard 13.2.6.5), and shown by hardly any mail program.
	"svg": true, "math": true,
}

// advance reads text and returns the context after it.
func (c htmlContext) advance(text string) htmlContext {
	if c.state == inPlain {
		return c
	}
	text = c.pending + text
	c.pending = ""
	for i := 0; i < len(text); {
		var n int
		c, n = c.step(text[i:])
		if n == 0 { // an incomplete construct at the end: decided when more text comes
			c.pending = text[i:]
			break
		}
		i += n
	}
	return c
}

// settled returns the context as a value printed here would see it: a construct cut by the value is not one.
func (c htmlContext) settled() htmlContext {
	c.pending = ""
	return c
}

// step reads the next piece of s, which is not empty, and returns how many bytes it took; 0 means that more text is needed.
func (c htmlContext) step(s string) (htmlContext, int) {
	switch c.state {
	case inText:
		return c.stepText(s)
	case inComment:
		return c.stepUntil(s, "-->")
	case inDeclaration:
		return c.stepUntil(s, ">")
	case inRawText:
		return c.stepRawText(s)
	case inDouble, inSingle, inUnquoted:
		return c.stepValue(s)
	}
	return c.stepTag(s)
}

func (c htmlContext) stepText(s string) (htmlContext, int) {
	open := strings.IndexByte(s, '<')
	if open != 0 {
		if open < 0 {
			open = len(s)
		}
		return c, open
	}
	switch {
	case strings.HasPrefix(s, "<!--"):
		return htmlContext{state: inComment}, 4
	case strings.HasPrefix("<!--", s) || s == "</":
		return c, 0
	case s[1] == '!' || s[1] == '?' || s[1] == '/' && !isLetter(s[2]): // a bogus comment
		return htmlContext{state: inDeclaration}, 2
	case isLetter(s[1]) || s[1] == '/':
		return htmlContext{state: inTagName}, 1
	}
	return c, 1
}

func (c htmlContext) stepUntil(s, end string) (htmlContext, int) {
	if i := strings.Index(s, end); i >= 0 {
		return htmlContext{}, i + len(end)
	}
	for keep := min(len(end)-1, len(s)); keep > 0; keep-- {
		if strings.HasSuffix(s, end[:keep]) {
			return c, len(s) - keep
		}
	}
	return c, len(s)
}

func (c htmlContext) stepRawText(s string) (htmlContext, int) {
	open := strings.IndexByte(s, '<')
	if open != 0 {
		if open < 0 {
			open = len(s)
		}
		return c, open
	}
	end := "</" + c.element
	if len(s) <= len(end) {
		if strings.EqualFold(s, end[:min(len(s), len(end))]) {
			return c, 0
		}
		return c, 1
	}
	if next := s[len(end)]; strings.EqualFold(s[:len(end)], end) && (isSpace(next) || next == '/' || next == '>') {
		return htmlContext{state: inTag, element: "/" + c.element}, len(end)
	}
	return c, 1
}

// stepTag reads inside a tag, outside attribute values.
func (c htmlContext) stepTag(s string) (htmlContext, int) {
	b := s[0]
	switch {
	case b == '>':
		if rawTextElements[c.element] {
			return htmlContext{state: inRawText, element: c.element}, 1
		}
		return htmlContext{}, 1
	case isSpace(b):
		switch c.state {
		case inTagName:
			c.state = inTag
		case inAttrName:
			c.state = afterAttr
		}
		return c, 1
	case c.state == inTagName && (b != '/' || c.element == ""):
		c.element += string(lower(b))
		return c, 1
	case b == '=' && (c.state == inAttrName || c.state == afterAttr):
		c.state = beforeValue
		return c, 1
	case c.state == beforeValue:
		return c.openValue(b)
	case b == '/':
		c.state = inTag
		return c, 1
	case c.state == inAttrName:
		c.attr += string(lower(b))
		return c, 1
	}
	c.state, c.attr = inAttrName, string(lower(b))
	return c, 1
}

func (c htmlContext) openValue(b byte) (htmlContext, int) {
	c.url, c.scheme = notURL, ""
	if urlAttributes[c.attr] {
		c.url = urlStart
	}
	switch b {
	case '"':
		c.state = inDouble
		return c, 1
	case '\'':
		c.state = inSingle
		return c, 1
	}
	c.state = inUnquoted
	return c.stepValue(string(b))
}

func (c htmlContext) stepValue(s string) (htmlContext, int) {
	b := s[0]
	switch {
	case c.state == inDouble && b == '"', c.state == inSingle && b == '\'', c.state == inUnquoted && isSpace(b):
		return htmlContext{state: inTag, element: c.element}, 1
	case c.state == inUnquoted && b == '>':
		c.state = inTag
		return c.stepTag(s)
	}
	if c.url == notURL {
		return c, 1
	}
	if read := reference.FindString(s[:min(len(s), maxReference)]); read != "" {
		for _, b := range []byte(html.UnescapeString(read)) {
			c = c.inURL(b)
		}
		return c, len(read)
	}
	return c.inURL(b), 1
}

// reference is a character reference. Of those by name only the ones with a semicolon stand for what matters in a URL.
var reference = regexp.MustCompile(`^&(#[xX]?[0-9a-fA-F]+;?|[A-Za-z0-9]+;)`)

const maxReference = 40

const maxScheme = 12

// inURL reads a byte of a URL.
func (c htmlContext) inURL(b byte) htmlContext {
	if c.url <= urlScheme && b > ' ' && len(c.scheme) < maxScheme && !strings.HasSuffix(c.scheme, ":") {
		c.scheme += string(lower(b))
	}
	c.url = c.url.after(b)
	return c
}

// after returns the part of a URL that follows a byte. A value may only stand where the host is settled, and that is where browsers
// see it (URL Standard 4.4): they skip tabs and line ends, and take a backslash for a slash and several slashes for two.
func (u urlPart) after(b byte) urlPart {
	if b == '\\' && u < urlPath {
		b = '/'
	}
	switch {
	case u == notURL || u == urlFragment || b == '\t' || b == '\n' || b == '\r':
		return u
	case b == '#':
		return urlFragment
	case b == '?':
		return urlQuery
	case u == urlStart && isSpace(b):
		return urlStart
	case u == urlSlashes && b != '/':
		return urlHost
	case u == urlScheme && b == '/' || u == urlSlash && b == '/':
		return urlSlashes
	case u == urlSlash || u == urlHost && b == '/':
		return urlPath
	case u == urlStart && b == '/':
		return urlSlash
	case u == urlStart:
		return urlScheme
	}
	return u
}

// forValue is the context of a value printed here: a value is what opens an unquoted attribute.
func (c htmlContext) forValue() htmlContext {
	if c.state == inText && c.pending != "" { // "<" and whatever the value begins with would be a tag
		c.state = inTagName
	}
	c = c.settled()
	if c.state == beforeValue {
		c.state, c.url = inUnquoted, notURL
		if urlAttributes[c.attr] {
			c.url = urlStart
		}
	}
	return c
}

// afterValue is the context behind a value: it cannot leave the context, but it may end in a host.
func (c htmlContext) afterValue() htmlContext {
	c = c.forValue()
	if c.url == urlStart {
		c.url = urlHost
	}
	return c
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }
func isSpace(b byte) bool  { return b == ' ' || b == '\t' || b == '\n' || b == '\r' || b == '\f' }

func lower(b byte) byte {
	if b >= 'A' && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}
