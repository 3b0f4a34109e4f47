package finding

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Allowances are the warnings that files allow themselves: a comment `germane:allow CODE REASON` in a file silences the
// warnings of that code in that file. In YAML it follows a #, in Markdown and HTML it stands in {% # … %}, {% comment %} or
// <!-- … -->. The zero value allows nothing and is ready to use.
type Allowances struct {
	byFile map[string][]*allowance
}

type allowance struct {
	code  Code
	place Text
	used  bool
}

var (
	yamlAllowance = regexp.MustCompile(`(?m)(?:^|[ \t])#[ \t]*germane:allow\b([^\r\n]*)`)
	bodyAllowance = regexp.MustCompile(`(?m)(?:\{%-?[ \t\r\n]*#|\{%-?[ \t]*comment[ \t]*-?%\}|<!--)[ \t\r\n]*germane:allow\b([^\r\n]*)`)
	commentEnd    = regexp.MustCompile(`[ \t]*(?:-?%\}|\{%|-->)`)
	frontEnd      = regexp.MustCompile(`(?m)^---[ \t]*\r?$`)
)

// Read notes the allowances in a file's comments and reports those that cannot hold.
func (a *Allowances) Read(file *File) []Finding {
	front, body := allowancePieces(file)
	var findings []Finding
	for _, match := range yamlAllowance.FindAllStringSubmatchIndex(front.S, -1) {
		findings = append(findings, a.add(front.Slice(match[2], match[3]))...)
	}
	for _, match := range bodyAllowance.FindAllStringSubmatchIndex(body.S, -1) {
		text := body.Slice(match[2], match[3])
		if end := commentEnd.FindStringIndex(text.S); end != nil {
			text = text.Slice(0, end[0])
		}
		findings = append(findings, a.add(text)...)
	}
	return findings
}

// allowancePieces splits a file into what is written in YAML and what is written in Markdown or HTML.
func allowancePieces(file *File) (front, body Text) {
	all := file.All()
	switch path.Ext(file.Name) {
	case ".yaml", ".yml":
		return all, all.Slice(0, 0)
	}
	ends := frontEnd.FindAllStringIndex(all.S, 2)
	if len(ends) < 2 || ends[0][0] != 0 {
		return all.Slice(0, 0), all
	}
	return all.Slice(0, ends[1][0]), all.Slice(ends[1][1], len(all.S))
}

// add reads what follows germane:allow.
func (a *Allowances) add(text Text) []Finding {
	if text.S != "" && !strings.ContainsAny(text.S[:1], " \t") {
		return nil // another word that only starts alike
	}
	text = text.Trim()
	name, reason, _ := strings.Cut(text.S, " ")
	code := text.Slice(0, len(name))
	info, known := Lookup(Code(name))
	switch {
	case name == "":
		return []Finding{text.At(0, 1, "allow-unknown-code", "this allowance names no code", "write germane:allow CODE and the reason")}
	case !known:
		return []Finding{code.Whole("allow-unknown-code", fmt.Sprintf("no finding has the code %q", name), DidYouMean(name, warningCodes(), "the code stands in brackets at the end of the finding's first line"))}
	case info.Severity == Error:
		return []Finding{code.Whole("allow-error", name+" is an error, and errors cannot be allowed", "mend it: germane check --explain "+name)}
	}
	a.note(&allowance{code: Code(name), place: code})
	if strings.TrimSpace(reason) == "" {
		return []Finding{code.Whole("allow-without-reason", "this allowance gives no reason", "say after the code why the warning may stand: germane:allow "+name+" kept for the June import")}
	}
	return nil
}

func (a *Allowances) note(entry *allowance) {
	if a.byFile == nil {
		a.byFile = map[string][]*allowance{}
	}
	name := entry.place.File.Name
	a.byFile[name] = append(a.byFile[name], entry)
}

func warningCodes() []string {
	var codes []string
	for _, info := range Codes() {
		if info.Severity == Warning {
			codes = append(codes, string(info.Code))
		}
	}
	return codes
}

// Apply returns the findings without the warnings that their files allow, and remembers which allowances were of use.
func (a *Allowances) Apply(findings []Finding) []Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool {
		allowed := false
		for _, entry := range a.byFile[f.File] {
			if f.Severity == Warning && entry.code == f.Code {
				entry.used, allowed = true, true
			}
		}
		return allowed
	})
}

// Unused reports the allowances that no [Allowances.Apply] needed. It is the last call of all: a warning that is only found
// later, or not looked for because of an error, would make its allowance look idle.
func (a *Allowances) Unused() []Finding {
	var findings []Finding
	for _, entries := range a.byFile {
		for _, entry := range entries {
			if !entry.used && entry.code != allowUnused {
				findings = append(findings, entry.place.Whole(allowUnused, fmt.Sprintf("nothing in this file has the warning %s", entry.code), "delete the comment"))
			}
		}
	}
	return Sort(a.Apply(findings))
}

const allowUnused Code = "allow-unused"
