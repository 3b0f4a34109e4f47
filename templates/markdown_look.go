package templates

import (
	"fmt"

	"github.com/yuin/goldmark/ast"
)

// Widths in pixels of the built-in layout. Outlook needs them in places where other programs find them out.
const (
	pageWidth    = 600
	cardPadding  = 40
	contentWidth = pageWidth - 2*cardPadding
	columnGap    = 16
)

// layoutTable begins a table that only arranges things.
const layoutTable = `<table role="presentation" cellpadding="0" cellspacing="0" border="0"`

const codeFont = "Menlo,Consolas,monospace"

// look is an element's style in the theme, and the class by which dark mode finds it. Fonts and the text's colour come from what
// stands around it, so that a layout decides about them.
func (w *htmlWriter) look(element string, n ast.Node) string {
	t := w.theme
	if t == nil {
		return ""
	}
	switch element {
	case "h1", "h2", "h3", "h4", "h5", "h6":
		return t.heading(element, n)
	case "p":
		if w.inside("blockquote") {
			return ` style="margin:0 0 8px"`
		}
		return ` style="margin:0 0 16px"`
	case "ul", "ol":
		if w.inside("li") {
			return ` style="` + t.sides("margin", "6px", "0", "0", "24px") + `;padding:0"`
		}
		return ` style="` + t.sides("margin", "0", "0", "16px", "24px") + `;padding:0"`
	case "li":
		return ` style="margin:0 0 6px"`
	case "blockquote":
		side := "left"
		if t.RTL {
			side = "right"
		}
		return fmt.Sprintf(` class="g-quote" style="margin:0 0 16px;%s;border-%s:3px solid %s;color:%s"`, t.sides("padding", "8px", "0", "0", "18px"), side, t.light.line, t.light.muted)
	case "a":
		return fmt.Sprintf(` class="g-link" style="color:%s;text-decoration:underline"`, t.light.accent)
	}
	return t.quiet(element, n)
}

// quiet is the look of what holds code and of tables.
func (t *Theme) quiet(element string, n ast.Node) string {
	side := "12px"
	if n.NextSibling() == nil {
		side = "0" // the last cell ends where the text around the table does
	}
	switch element {
	case "code":
		return fmt.Sprintf(` class="g-code" style="padding:2px 5px;border-radius:4px;background-color:%s;font-family:%s;font-size:14px"`, t.light.code, codeFont)
	case "pre":
		return fmt.Sprintf(` dir="ltr" class="g-code" style="margin:0 0 16px;padding:14px 16px;text-align:left;border-radius:8px;background-color:%s;font-family:%s;font-size:14px;line-height:22px;white-space:pre-wrap;word-break:break-word"`, t.light.code, codeFont)
	case "table":
		return ` width="100%" cellpadding="0" cellspacing="0" border="0" style="margin:0 0 24px;border-collapse:collapse;font-size:15px;line-height:22px"`
	case "th":
		return fmt.Sprintf(` class="g-cell" scope="col" style="%s;border-bottom:2px solid %s;vertical-align:bottom;font-weight:600"`, t.sides("padding", "8px", side, "8px", "0"), t.light.line)
	case "td":
		return fmt.Sprintf(` class="g-cell" style="%s;border-bottom:1px solid %s;vertical-align:top"`, t.sides("padding", "10px", side, "10px", "0"), t.light.line)
	}
	return ""
}

// codeInPre is the look of a block's code, whose box and font are those of the pre around it.
func (w *htmlWriter) codeInPre() string {
	if w.theme == nil {
		return ""
	}
	return ` style="font:inherit"`
}

func (t *Theme) heading(element string, n ast.Node) string {
	sizes := map[string]string{
		"h1": "font-size:28px;line-height:36px;font-weight:700;letter-spacing:-.3px", "h2": "font-size:21px;line-height:28px;font-weight:700;letter-spacing:-.1px",
		"h3": "font-size:17px;line-height:24px;font-weight:700", "h4": "font-size:16px;line-height:24px;font-weight:700",
		"h5": "font-size:14px;line-height:20px;font-weight:700", "h6": "font-size:14px;line-height:20px;font-weight:600",
	}
	margins := map[string]string{"h1": "0 0 16px", "h2": "32px 0 10px", "h3": "24px 0 8px"}
	margin, ok := margins[element]
	switch {
	case isFirst(n) && n.Parent().Kind() != ast.KindDocument:
		margin = "0 0 10px"
	case !ok:
		margin = "20px 0 6px"
	}
	style := "margin:" + margin + ";" + sizes[element]
	if t.headings != "" {
		style += ";font-family:" + t.headings
	}
	return ` style="` + style + `"`
}

// isFirst says whether nothing but tags stands before a node.
func isFirst(n ast.Node) bool {
	for before := n.PreviousSibling(); before != nil; before = before.PreviousSibling() {
		if before.Kind() != kindTag {
			return false
		}
	}
	return true
}

// inside says whether an element is open.
func (w *htmlWriter) inside(element string) bool {
	for _, n := range w.open {
		if n.element == element {
			return true
		}
	}
	return false
}

// rule writes ---. Word, in Outlook, draws its own lines for <hr>.
func (w *htmlWriter) rule() {
	if w.theme == nil {
		w.text.WriteString("<hr>\n")
		return
	}
	fmt.Fprintf(&w.text, `%s width="100%%"><tr><td class="g-cell" style="padding:0 0 8px;border-bottom:1px solid %s;font-size:0;line-height:0">&nbsp;</td></tr>%s</table>`+"\n",
		layoutTable, w.theme.light.line, spacer(24))
}

// spacer is a row of empty space, which no mail program takes away.
func spacer(height int) string {
	return fmt.Sprintf(`<tr><td height="%d" style="height:%dpx;font-size:0;line-height:0">&nbsp;</td></tr>`, height, height)
}

// box writes ::: box.
func (w *htmlWriter) box(n *containerNode) {
	soft, padding, below := w.theme.light.soft, "24px 24px 8px", 24
	if w.inside("div") {
		padding, below = "16px 16px 0", columnGap
	}
	fmt.Fprintf(&w.text, `%s width="100%%"><tr><td class="g-soft" bgcolor="%s" style="padding:%s;border-radius:12px;background-color:%s">`+"\n", layoutTable, soft, padding, soft)
	w.enter("div")
	w.children(n)
	w.leave("div")
	w.text.WriteString("</td></tr>" + spacer(below) + "</table>\n")
}

// columns writes ::: columns: blocks in a line that stack by themselves where there is no room, and a table for Outlook, which
// knows no such blocks.
func (w *htmlWriter) columns(n *containerNode) {
	fmt.Fprintf(&w.text, `<!--[if mso]>%s width="100%%"><tr><![endif]--><div style="font-size:0">`, layoutTable)
	w.enter("div")
	w.children(n)
	w.leave("div")
	w.text.WriteString("</div><!--[if mso]></tr></table><![endif]-->\n")
}

func (w *htmlWriter) column(n *columnNode) {
	if w.theme == nil {
		w.wrap(n, "div", ` class="column"`)
		return
	}
	width, padding, ghost := columnWidth(n.count), "", ""
	if !n.last {
		width += columnGap
		padding = w.theme.sides(";padding", "0", fmt.Sprintf("%dpx", columnGap), "0", "0") + ";box-sizing:border-box"
		ghost = ` style="` + w.theme.sides("padding", "0", fmt.Sprintf("%dpx", columnGap), "0", "0") + `"`
	}
	fmt.Fprintf(&w.text, `<!--[if mso]><td width="%d" valign="top"%s><![endif]-->`, width, ghost)
	w.start("div", fmt.Sprintf(` class="g-column" style="display:inline-block;width:100%%;max-width:%dpx%s;vertical-align:top;font-size:16px;line-height:26px"`, width, padding))
	w.children(n)
	w.end("div")
	w.text.WriteString("<!--[if mso]></td><![endif]-->")
}

// columnWidth is the width of a column's content.
func columnWidth(count int) int { return (contentWidth - columnGap*(count-1)) / count }

// buttons writes a paragraph that is nothing but links, of which some are buttons: Outlook pads table cells only.
func (w *htmlWriter) buttons(n ast.Node) {
	links, _, _ := w.m.linksIn(n)
	bottom := 20
	w.cell = buttonAlone
	if links > 1 {
		w.cell, bottom = buttonInLine, 8 // each has a margin of its own
	}
	fmt.Fprintf(&w.text, `%s><tr><td style="padding:8px 0 %dpx">`, layoutTable, bottom)
	w.enter("p")
	w.children(n)
	w.leave("p")
	w.cell = buttonInText
	w.text.WriteString("</td></tr></table>\n")
}

// buttonPlace says what a button stands in.
type buttonPlace uint8

const (
	buttonInText buttonPlace = iota // running text: it cannot be a table
	buttonInLine                    // among other buttons
	buttonAlone
)

// button begins and ends what stands around a button's link, and returns the link's own look.
func (w *htmlWriter) button() (before, look, behind string) {
	t, style := w.theme, ""
	switch w.cell {
	case buttonInLine:
		style = ` style="display:inline-block;` + t.sides("margin", "0", "12px", "12px", "0") + `;vertical-align:top"`
	case buttonInText:
		return "", fmt.Sprintf(` class="g-button g-label" style="display:inline-block;padding:4px 14px;border-radius:6px;background-color:%s;color:%s;font-weight:600;text-decoration:none"`,
			t.light.button, t.light.label), ""
	}
	before = fmt.Sprintf(`%s%s><tr><td class="g-button" bgcolor="%s" style="border-radius:8px;background-color:%s;mso-padding-alt:13px 26px">`, layoutTable, style, t.light.button, t.light.button)
	look = fmt.Sprintf(` class="g-label" style="display:inline-block;padding:13px 26px;border-radius:8px;color:%s;font-size:16px;line-height:22px;font-weight:600;text-decoration:none;mso-padding-alt:0"`, t.light.label)
	return before, look, "</td></tr></table>"
}

// picture is an image's look: as wide as it says and never wider than its place. Its text, if the image is not loaded, looks
// like a caption.
func (w *htmlWriter) picture(n *ast.Image) string {
	t := w.theme
	if t == nil {
		return ""
	}
	style := "max-width:100%;height:auto;border:0"
	if width, ok := w.m.mark(n, "width"); ok {
		style = "width:100%;max-width:" + width + "px;height:auto;border:0"
	} else if _, ok := w.m.mark(n, "height"); ok {
		style = "max-width:100%;border:0"
	}
	if isAlone(n) {
		style = "display:block;" + style
	} else {
		style = "vertical-align:middle;" + style
	}
	return fmt.Sprintf(` class="g-muted" style="%s;color:%s;font-size:14px;line-height:20px"`, style, t.light.muted)
}

// isAlone says whether an image, or the link around it, is all of a paragraph.
func isAlone(n ast.Node) bool {
	if n.PreviousSibling() != nil || n.NextSibling() != nil && (n.NextSibling().Kind() != ast.KindString || n.NextSibling().NextSibling() != nil) {
		return false
	}
	parent := n.Parent()
	return parent.Kind() == ast.KindParagraph || parent.Kind() == ast.KindTextBlock || parent.Kind() == ast.KindLink && isAlone(parent)
}
