package templates

import "germane/internal/finding"

// Body parses the tokens of a message's body, of a variant or of a layout, as HTML and as plain text. Both hold the same Liquid,
// as far as it decides what there is to read, and the same links, whose spans tell which belong together.
func Body(tokens []Token, file *finding.File, markdown bool, theme *Theme) (html, text []Node, findings []finding.Finding) {
	var htmlTokens, textTokens []Token
	if markdown {
		htmlTokens, textTokens, findings = Markdown(tokens, file, theme)
	} else {
		p := newPage(InlineStyles(tokens, true))
		htmlTokens, textTokens = p.withLinks(), p.text()
	}
	html, more := Parse(htmlTokens, Mail)
	text, _ = Parse(textTokens, Mail) // its mistakes are those of the HTML
	return html, text, append(findings, more...)
}
