package templates

import (
	"strings"

	"germane/internal/finding"
)

// SplitFrontMatter cuts a file into its front matter, without the lines --- around it, and its body. ok is false when the file
// has no front matter; body is then the whole file. A byte order mark belongs to neither.
func SplitFrontMatter(file *finding.File) (front, body finding.Text, ok bool, findings []finding.Finding) {
	whole := file.All()
	if strings.HasPrefix(whole.S, "\uFEFF") {
		whole = whole.Slice(len("\uFEFF"), len(whole.S))
	}
	start := dashes(whole.S)
	if start < 0 {
		return whole.Slice(0, 0), whole, false, nil
	}
	for at := start; at < len(whole.S); {
		if end := dashes(whole.S[at:]); end >= 0 {
			return whole.Slice(start, at), whole.Slice(at+end, len(whole.S)), true, nil
		}
		next := strings.IndexByte(whole.S[at:], '\n')
		if next < 0 {
			break
		}
		at += next + 1
	}
	found := whole.At(0, 3, "front-matter-not-closed", "the settings at the top of this file have no end",
		"write --- on a line of its own after the last setting")
	return whole.Slice(0, 0), whole, false, []finding.Finding{found}
}

// dashes returns the length of the line --- at the start of s, its line break included, or -1.
func dashes(s string) int {
	line, _, found := strings.Cut(s, "\n")
	if strings.TrimRight(line, " \t\r") != "---" {
		return -1
	}
	if found {
		return len(line) + 1
	}
	return len(line)
}
