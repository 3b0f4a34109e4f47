package templates

import "germane/internal/finding"

// Body parses the tokens of a message's body or of a variant: through Markdown or, for HTML, as they are.
func Body(tokens []Token, file *finding.File, markdown bool) ([]Node, []finding.Finding) {
	var findings []finding.Finding
	if markdown {
		tokens, findings = Markdown(tokens, file)
	}
	nodes, more := Parse(tokens, Mail)
	return nodes, append(findings, more...)
}
