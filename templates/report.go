package templates

import (
	"fmt"

	"germane/internal/finding"
)

const (
	maxFindings = 100 // of one call; a file with more has one cause, or is no template
	maxDepth    = 100 // block tags inside each other, brackets inside each other, operands of and/or
)

// report collects findings up to maxFindings; the last one says that there are more.
type report struct{ findings []finding.Finding }

func (r *report) add(place finding.Text, start, end int, code finding.Code, text, hint string) {
	switch n := len(r.findings); {
	case n < maxFindings-1:
		r.findings = append(r.findings, place.At(start, end, code, text, hint))
	case n == maxFindings-1:
		r.findings = append(r.findings, place.At(start, end, "too-many-findings",
			fmt.Sprintf("there are more mistakes than the %d reported before this place", maxFindings-1), "mend those first and check again"))
	}
}

// addAt reports at a span, which counts from the file's start.
func (r *report) addAt(file *finding.File, span Span, code finding.Code, text, hint string) {
	r.add(file.All(), span.Start, span.End, code, text, hint)
}
