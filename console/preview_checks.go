package console

import (
	"strings"

	"germane/internal/finding"
)

// problem is a finding as a page shows it.
type problem struct {
	finding.Finding
	Lead, Marked, Rest string // the line, around what the finding is about
	Indent, Carets     string // what stands below it
	Why                string // what the code means
}

// problemGroup is some findings under a title.
type problemGroup struct {
	Title    string
	Problems []problem
}

// groups sorts the findings by what they have to do with a message: its own, those of its blocks and page, and all others.
func groups(b *build, l *letter) []problemGroup {
	of := []problemGroup{{Title: "In this message"}, {Title: "In its blocks"}, {Title: "Elsewhere in the workspace"}}
	files := map[string]int{}
	if source, ok := b.good.Template(l.message.Name); ok {
		files[source.File.Name] = 1
		if layout, ok := b.good.Layout(source.Layout.S); ok {
			files[layout.File.Name] = 1
		}
	}
	for _, block := range l.message.Chooser.Blocks() {
		if block.File != nil {
			files[block.File.Name] = 2
		}
	}
	for _, p := range problems(b.findings) {
		i := 2
		if where, here := files[p.File]; here {
			i = where - 1
		}
		of[i].Problems = append(of[i].Problems, p)
	}
	var some []problemGroup
	for _, g := range of {
		if len(g.Problems) > 0 {
			some = append(some, g)
		}
	}
	return some
}

// maxProblems bounds a page: nobody reads more at once.
const maxProblems = 100

func problems(findings []finding.Finding) []problem {
	list := make([]problem, 0, min(len(findings), maxProblems))
	for _, f := range findings[:min(len(findings), maxProblems)] {
		list = append(list, problemOf(f))
	}
	return list
}

// A long line is cut on both sides of what the finding is about.
const (
	leadLength = 60
	lineLength = 160
)

func problemOf(f finding.Finding) problem {
	p := problem{Finding: f}
	if info, ok := finding.Lookup(f.Code); ok {
		p.Why = info.Explain
	}
	if f.Line < 1 || strings.TrimSpace(f.Excerpt) == "" {
		return p
	}
	line := []rune(f.Excerpt)
	start := min(max(0, f.Column-1), len(line))
	end := min(start+max(1, f.Width), len(line))
	from, to := max(0, start-leadLength), min(len(line), max(end, start+lineLength))
	if to-start > lineLength {
		to = start + lineLength
		end = min(end, to)
	}
	p.Lead, p.Marked, p.Rest = strings.ReplaceAll(string(line[from:start]), "\t", " "), string(line[start:end]), string(line[end:to])
	if from > 0 {
		p.Lead = "…" + p.Lead
	}
	if to < len(line) {
		p.Rest += "…"
	}
	p.Indent, p.Carets = strings.Repeat(" ", len([]rune(p.Lead))), strings.Repeat("^", max(1, end-start))
	return p
}
