package templates

import (
	"html"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	extension "github.com/yuin/goldmark/extension/ast"
)

func (w *htmlWriter) inline(n ast.Node) {
	switch n := n.(type) {
	case *ast.Text:
		w.textNode(n)
	case *ast.String:
		w.markdownText(string(n.Value))
	case *ast.Emphasis:
		if n.Level == 2 {
			w.element(n, "strong", "")
		} else {
			w.element(n, "em", "")
		}
	case *extension.Strikethrough:
		w.element(n, "del", "")
	case *ast.CodeSpan:
		w.codeSpan(n)
	case *ast.Link:
		w.link(n)
	case *ast.Image:
		w.image(n)
	case *ast.AutoLink:
		w.autoLink(n)
	case *linkNode:
		w.anchor(n, n.target, n.target)
	case *ast.RawHTML:
		w.rawHTML(n)
	default:
		w.children(n)
	}
}

func (w *htmlWriter) textNode(n *ast.Text) {
	value := string(n.Segment.Value(w.m.source))
	if n.IsRaw() {
		w.plainText(value)
	} else {
		w.markdownText(value)
	}
	switch {
	case n.HardLineBreak():
		w.text.WriteString("<br>\n")
	case n.SoftLineBreak():
		w.text.WriteByte('\n')
	}
}

func (w *htmlWriter) codeSpan(n ast.Node) {
	w.start("code", w.look("code", n))
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		if text, ok := child.(*ast.Text); ok {
			w.plainText(strings.ReplaceAll(string(text.Segment.Value(w.m.source)), "\n", " "))
		}
	}
	w.end("code")
}

func (w *htmlWriter) link(n *ast.Link) {
	class, button := w.m.mark(n, "class")
	before, look, behind := "", w.look("a", n), ""
	switch {
	case button && w.theme != nil:
		before, look, behind = w.button()
	case button:
		look = ` class="` + class + `"`
	}
	w.text.WriteString(before + "<a" + look)
	w.href(string(n.Destination), n)
	if len(n.Title) > 0 {
		w.attribute("title", string(n.Title))
	}
	w.text.WriteByte('>')
	w.enter("a")
	w.children(n)
	w.end("a")
	w.text.WriteString(behind)
}

func (w *htmlWriter) image(n *ast.Image) {
	w.text.WriteString("<img")
	w.target("src", string(n.Destination), n)
	w.text.WriteString(` alt="`)
	w.enter("alt")
	units, start := len(w.order), w.text.Len()
	w.altText(n)
	_, decorative := w.m.mark(n, "alt")
	if len(w.order) == units && strings.TrimSpace(w.text.String()[start:]) == "" && !decorative {
		w.m.report(n.Pos(), n.Pos()+2, "image-without-alt", "this image has no text for people who do not see it",
			`write what it shows between the brackets: ![A chart of your week](…), or {alt=""} behind it if it only decorates`)
	}
	w.leave("alt")
	w.text.WriteByte('"')
	if len(n.Title) > 0 {
		w.attribute("title", string(n.Title))
	}
	for _, mark := range w.m.marks[n] {
		if mark.name != "alt" {
			w.text.WriteString(" " + mark.name + `="` + mark.value + `"`)
		}
	}
	w.text.WriteString(w.picture(n) + ">")
}

// altText writes a node's text without its markup.
func (w *htmlWriter) altText(n ast.Node) {
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		switch child := child.(type) {
		case *ast.Text:
			w.markdownText(string(child.Segment.Value(w.m.source)))
			if child.SoftLineBreak() || child.HardLineBreak() {
				w.text.WriteByte(' ')
			}
		case *ast.AutoLink:
			w.markdownText(string(child.Label(w.m.source)))
		default:
			w.altText(child)
		}
	}
}

func (w *htmlWriter) autoLink(n *ast.AutoLink) {
	label := string(n.Label(w.m.source))
	target := label
	if n.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(strings.ToLower(label), "mailto:") {
		target = "mailto:" + label
	}
	w.checkTarget(target, n)
	w.anchor(n, target, label)
}

// anchor writes a link whose text is its target. Neither has backslashes or entities to resolve.
func (w *htmlWriter) anchor(n ast.Node, target, label string) {
	w.text.WriteString("<a" + w.look("a", n) + ` href="`)
	w.enter("href")
	w.marked(n, target, func() { w.plainText(target) })
	w.leave("href")
	w.text.WriteString(`">`)
	w.enter("a")
	w.plainText(label)
	w.end("a")
}

// href writes a link's target.
func (w *htmlWriter) href(destination string, n ast.Node) {
	w.checkTarget(destination, n)
	w.text.WriteString(` href="`)
	w.enter("href")
	w.marked(n, destination, func() { w.markdownText(destination) })
	w.leave("href")
	w.text.WriteString(`"`)
}

// marked writes a target between the marks of a link, if it is one.
func (w *htmlWriter) marked(n ast.Node, target string, write func()) {
	if !w.m.isTracked(target) {
		write()
		return
	}
	span := w.m.linkSpan(n)
	w.flush()
	w.out = append(w.out, Token{Span: span, Kind: LinkStart})
	write()
	w.flush()
	w.out = append(w.out, Token{Span: span, Kind: LinkEnd})
}

// target writes a link's or an image's target byte for byte, but for HTML's own characters.
func (w *htmlWriter) target(attribute, destination string, n ast.Node) {
	w.checkTarget(destination, n)
	w.attribute(attribute, destination)
}

var (
	dangerousScheme = regexp.MustCompile(`(?i)^(?:javascript|vbscript|file|data)\s*:`)
	ignoredInScheme = regexp.MustCompile(`[\x00-\x20\x7f]`) // browsers skip them
)

// checkTarget reports a target that runs a program or opens a file; with Liquid in it, each piece may turn out to be its start.
func (w *htmlWriter) checkTarget(destination string, n ast.Node) {
	pieces := []string{""}
	for rest := destination; ; {
		at, end, _ := w.m.cutPlaceholder(rest)
		if at < 0 {
			pieces = append(pieces, rest)
			pieces[0] += rest
			break
		}
		pieces = append(pieces, rest[:at])
		pieces[0] += rest[:at]
		rest = rest[end:]
	}
	for _, piece := range pieces {
		scheme := dangerousScheme.FindString(ignoredInScheme.ReplaceAllString(html.UnescapeString(piece), ""))
		if scheme == "" {
			continue
		}
		start := max(n.Pos(), 0)
		w.m.report(start, start+1, "dangerous-link", "a target that starts with "+strings.ToLower(scheme)+" is not safe, and no mail program follows it",
			"write an https:// address")
		return
	}
}

// linksIn counts the links of a paragraph and the buttons among them. only: there is nothing else but perhaps tags around them.
func (m *markdown) linksIn(n ast.Node) (links, buttons int, only bool) {
	only = true
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		switch child := child.(type) {
		case *ast.Link:
			links++
			if _, button := m.mark(child, "class"); button {
				buttons++
			}
		case *ast.Text:
			value := string(child.Segment.Value(m.source))
			only = only && (strings.TrimSpace(value) == "" || m.tagsOnly(value) != nil)
		case *ast.String: // behind a link's marks
		default:
			only = false
		}
	}
	return links, buttons, only
}

// isTracked says whether a target, which is goldmark source, leads to a web page.
func (m *markdown) isTracked(target string) bool {
	at, _, id := m.cutPlaceholder(target)
	if at < 0 {
		return isTracked(m.characters(target), nil)
	}
	return isTracked(m.characters(target[:at]), &m.units[id].tokens[0])
}

// linkSpan is a link's place in the file; no two links have the same.
func (m *markdown) linkSpan(n ast.Node) Span {
	start := m.fileOffset(max(n.Pos(), 0))
	return Span{start, start + 1}
}

func (w *htmlWriter) rawHTML(n *ast.RawHTML) {
	for i := range n.Segments.Len() {
		segment := n.Segments.At(i)
		w.plainText(string(segment.Value(w.m.source)))
	}
	first := n.Segments.At(0)
	if closing := strings.HasPrefix(string(first.Value(w.m.source)), "</"); !closing || !w.htmlOpened {
		w.refuseHTML(first.Start, n.Segments.At(n.Segments.Len()-1).Stop)
	}
	w.htmlOpened = true
}
