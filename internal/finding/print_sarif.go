package finding

import (
	"io"
	"net/url"
	"path"
)

// WriteSARIF prints findings as a SARIF 2.1.0 log (OASIS standard), which code-scanning services read.
func WriteSARIF(w io.Writer, findings []Finding) error {
	run := sarifRun{
		Tool:       sarifTool{Driver: sarifDriver{Name: "germane", Rules: []sarifRule{}}},
		ColumnKind: "unicodeCodePoints",
		Results:    []sarifResult{},
	}
	indexes := map[Code]int{}
	for _, f := range findings {
		index, seen := indexes[f.Code]
		if !seen {
			index = len(run.Tool.Driver.Rules)
			indexes[f.Code] = index
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRuleOf(f.Code))
		}
		run.Results = append(run.Results, sarifResultOf(f, index))
	}
	return writeJSON(w, sarifLog{
		Schema:  "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
		Version: "2.1.0",
		Runs:    []sarifRun{run},
	})
}

type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name  string      `json:"name"`
		Rules []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID            string        `json:"id"`
		Short         *sarifMessage `json:"shortDescription,omitempty"`
		Full          *sarifMessage `json:"fullDescription,omitempty"`
		Help          *sarifMessage `json:"help,omitempty"`
		Configuration sarifLevel    `json:"defaultConfiguration"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifMessage    `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
		EndColumn   int `json:"endColumn"`
	}
)

func sarifRuleOf(code Code) sarifRule {
	rule := sarifRule{ID: string(code), Configuration: sarifLevel{Level: string(SeverityOf(code))}}
	if info, ok := Lookup(code); ok {
		rule.Short = &sarifMessage{Text: info.Title + "."}
		rule.Full = &sarifMessage{Text: info.Explain}
		rule.Help = &sarifMessage{Text: info.Explain + "\n\nWrong:\n" + info.Wrong + "\n\nRight:\n" + info.Right}
	}
	return rule
}

func sarifResultOf(f Finding, index int) sarifResult {
	text := f.Text
	if f.Hint != "" {
		text += "\nHint: " + f.Hint
	}
	physical := sarifPhysical{Artifact: sarifArtifact{URI: sarifURI(f.File)}}
	if f.Line > 0 {
		column := max(1, f.Column)
		physical.Region = &sarifRegion{StartLine: f.Line, StartColumn: column, EndColumn: column + max(1, f.Width)}
	}
	return sarifResult{
		RuleID: string(f.Code), RuleIndex: index, Level: string(f.Severity), Message: sarifMessage{Text: text},
		Locations: []sarifLocation{{Physical: physical}},
	}
}

// sarifURI names a file: relative to where the command ran, or whole.
func sarifURI(file string) string {
	uri := url.URL{Path: file}
	if path.IsAbs(file) {
		uri.Scheme = "file"
	}
	return uri.String()
}
