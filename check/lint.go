package check

import (
	"regexp"
	"strings"

	"germane/internal/finding"
	"germane/workspace"
)

// Lint reports what mail programs, screen readers or people would stumble over: links, pictures, headings, colours, size. All but a
// message that is too large are warnings. It reads what is written, whoever gets it: each variant of each block. The workspace has
// no errors.
func Lint(w *workspace.Workspace) []finding.Finding {
	var findings []finding.Finding
	for _, message := range w.Messages {
		source, _ := w.Template(message.Name)
		seen := &template{source: source}
		for _, p := range pagesOf(w, source, message.Chooser.Blocks()) {
			r := newReader(p)
			r.read()
			seen.add(r)
		}
		findings = append(findings, seen.finish()...)
		findings = append(findings, sizeFindings(w, message)...)
	}
	return inFiles(findings)
}

// inFiles drops what was found in the layout that is not the workspace's.
func inFiles(findings []finding.Finding) []finding.Finding {
	var kept []finding.Finding
	for _, f := range findings {
		if f.File != builtInLayout {
			kept = append(kept, f)
		}
	}
	return kept
}

// template gathers what the pages of a template have in common.
type template struct {
	source       *workspace.TemplateSource
	findings     []finding.Finding
	heading      bool // some page has an h1
	unsubscribes bool // every page lets people leave
	pages        int
}

func (t *template) add(r *reader) {
	t.unsubscribes = (t.pages == 0 || t.unsubscribes) && r.unsubscribes
	t.heading = t.heading || len(r.headings) > 0
	t.pages++
	t.findings = append(t.findings, r.findings...)
	t.findings = append(t.findings, r.labelled()...)
	t.findings = append(t.findings, r.outline()...)
}

// finish adds what is wrong with the message as a whole.
func (t *template) finish() []finding.Finding {
	whole := func(code finding.Code, text, hint string) {
		t.findings = append(t.findings, about(t.source.File.Name, code, text, hint))
	}
	if !t.unsubscribes {
		whole("no-unsubscribe-link", "this message has no link by which people can leave", "add [Unsubscribe]({{ links.unsubscribe }}) to it or to its layout")
	}
	if !t.heading {
		whole("no-heading", "this message has no first heading", "begin it with a line such as # Your week at Acme")
	}
	return finding.Sort(t.findings)
}

// about makes a finding about a file as a whole.
func about(name string, code finding.Code, text, hint string) finding.Finding {
	return finding.Finding{File: name, Line: 1, Column: 1, Code: code, Severity: finding.SeverityOf(code), Text: text, Hint: hint, Width: 1}
}

// outline reports headings that compete to be the first.
func (r *reader) outline() []finding.Finding {
	const text, advice = "this message has more than one heading of the first level", "make it ## in Markdown, h2 in HTML: screen readers announce one title a message"
	for i, second := range r.headings {
		for _, first := range r.headings[:i] {
			if r.together(first, second) {
				return []finding.Finding{r.atHeading(second, "several-headings", text, advice)}
			}
		}
	}
	return nil
}

var markdownHeading = regexp.MustCompile(`(?m)^# .*$`)

// atHeading makes a finding about a heading. In Markdown the page only knows about where it stands.
func (r *reader) atHeading(at int, code finding.Code, text, hint string) finding.Finding {
	from := r.stretch(at)
	if !from.exact {
		if all := markdownHeading.FindAllStringIndex(from.file.Text[:min(from.span.End, len(from.file.Text))], -1); len(all) > 0 {
			last := all[len(all)-1]
			return from.file.At(last[0], last[1], code, text, hint)
		}
	}
	return r.at(at, at+len("<h1>"), code, text, hint)
}

// wording is a text as it is compared: small letters, single spaces.
func wording(text string) string { return strings.ToLower(strings.Join(strings.Fields(text), " ")) }
