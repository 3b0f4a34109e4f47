// Package finding holds a mistake in a workspace file as a value: where it is, what is wrong, and what to write instead.
//
// It leaves reading and judging files to the packages that own their formats. In the order they are used: a reader makes a
// [File] of a file's text, cuts [Text] values out of it, and reports a [Finding] at a place in one of them; [Allowances] then
// drop the warnings that the file itself allows, [Sort] puts the rest in reading order, and a printer ([WriteText],
// [WriteJSON], [WriteGitHub], [WriteSARIF]) writes them out.
package finding

import (
	"cmp"
	"path"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
)

// Severity says whether a workspace with the finding may be deployed.
type Severity string

// An error stops a deployment and cannot be silenced; a warning can be, in the file, with a reason.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Code names a kind of mistake. Codes are stable: scripts and allowances rely on them. Every code is documented in [Codes].
type Code string

// Finding is one mistake at one place.
type Finding struct {
	File     string   `json:"file"`   // slash-separated, relative to the workspace
	Line     int      `json:"line"`   // 1-based; a finding about the file as a whole is at 1:1
	Column   int      `json:"column"` // 1-based, in characters (code points)
	Code     Code     `json:"code"`
	Severity Severity `json:"severity"`
	Text     string   `json:"text"` // what is wrong, one sentence
	Hint     string   `json:"hint"` // what to write instead; may be empty

	Excerpt string `json:"-"` // the line's text, without its line break
	Width   int    `json:"-"` // how many characters the caret underlines, at least 1
}

// File is a file's text with its line starts, so that a byte offset becomes a line and a column.
type File struct {
	Name string // slash-separated, relative to the workspace
	Text string

	lines []int // offset of each line's first byte
	marks []int // how many characters start before each multiple of markStep bytes: lines may be as long as the file
}

const markStep = 1024

// NewFile prepares a file's text for position look-ups.
func NewFile(name, text string) *File {
	f := &File{Name: name, Text: text, lines: []int{0}}
	characters := 0
	for i := 0; i < len(text); i++ {
		if i%markStep == 0 {
			f.marks = append(f.marks, characters)
		}
		if utf8.RuneStart(text[i]) {
			characters++
		}
		if text[i] == '\n' {
			f.lines = append(f.lines, i+1)
		}
	}
	return f
}

// before returns how many characters start before an offset.
func (f *File) before(offset int) int {
	if len(f.marks) == 0 {
		return 0
	}
	mark := min(offset/markStep, len(f.marks)-1)
	n := f.marks[mark]
	for i := mark * markStep; i < offset; i++ {
		if utf8.RuneStart(f.Text[i]) {
			n++
		}
	}
	return n
}

// Position returns the 1-based line and column (in characters) of a byte offset; offsets outside the text are clipped to it.
func (f *File) Position(offset int) (line, column int) {
	offset = max(0, min(offset, len(f.Text)))
	line = sort.SearchInts(f.lines, offset+1)
	return line, f.before(offset) - f.before(f.lines[line-1]) + 1
}

// Offset returns the byte offset of a 1-based line and column, clipped to the text.
func (f *File) Offset(line, column int) int {
	if line < 1 {
		return 0
	}
	if line > len(f.lines) {
		return len(f.Text)
	}
	offset := f.lines[line-1]
	end := len(f.Text)
	if line < len(f.lines) {
		end = f.lines[line] - 1
	}
	wanted := f.before(offset) + max(0, column-1)
	// The last mark on this line with no more characters before it than wanted is as near as marks lead.
	if mark := sort.SearchInts(f.marks, wanted+1) - 1; mark*markStep > offset {
		offset = min(mark*markStep, end)
	}
	for at := f.before(offset); offset < end && (at < wanted || !utf8.RuneStart(f.Text[offset])); offset++ {
		if utf8.RuneStart(f.Text[offset]) {
			at++
		}
	}
	return offset
}

// Line returns the text of a 1-based line without its line break.
func (f *File) Line(line int) string {
	if line < 1 || line > len(f.lines) {
		return ""
	}
	rest := f.Text[f.lines[line-1]:]
	if end := strings.IndexByte(rest, '\n'); end >= 0 {
		rest = rest[:end]
	}
	return strings.TrimSuffix(rest, "\r")
}

// At makes a finding about the bytes from start to end of the file.
func (f *File) At(start, end int, code Code, text, hint string) Finding {
	line, column := f.Position(start)
	width := 1
	if end = min(end, len(f.Text)); start >= 0 && start < end {
		piece, _, _ := strings.Cut(f.Text[start:end], "\n")
		width = max(1, utf8.RuneCountInString(strings.TrimRight(piece, "\r")))
	}
	return Finding{
		File: f.Name, Line: line, Column: column, Code: code, Severity: SeverityOf(code),
		Text: text, Hint: hint, Excerpt: f.Line(line), Width: width,
	}
}

// Text is a piece of a file: a field's value, a rule, a template's body. Offsets into S become places in the file.
type Text struct {
	File  *File
	Start int    // byte offset of S in the file
	S     string // normally File.Text[Start:Start+len(S)]; a quoted YAML value may differ from its source
}

// All returns the whole file as one text.
func (f *File) All() Text { return Text{File: f, S: f.Text} }

// Slice returns the part of the text from start to end.
func (t Text) Slice(start, end int) Text {
	return Text{File: t.File, Start: t.Start + start, S: t.S[start:end]}
}

// Trim returns the text without white space around it.
func (t Text) Trim() Text {
	left := len(t.S) - len(strings.TrimLeft(t.S, " \t\r\n"))
	trimmed := strings.TrimSpace(t.S)
	return Text{File: t.File, Start: t.Start + left, S: trimmed}
}

// At makes a finding about the bytes from start to end of the text.
func (t Text) At(start, end int, code Code, text, hint string) Finding {
	return t.File.At(t.Start+start, t.Start+end, code, text, hint)
}

// Whole makes a finding about the whole text.
func (t Text) Whole(code Code, text, hint string) Finding {
	return t.At(0, len(t.S), code, text, hint)
}

// Sort puts findings in reading order: by file, then by place, then by code; and drops exact repetitions.
func Sort(findings []Finding) []Finding {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Code, b.Code))
	})
	return slices.Compact(findings)
}

// Under returns the findings with their files below a folder, for readers who do not stand in the workspace's own. Names that are
// no files, such as $GERMANE_CAPS, stay.
func Under(folder string, findings []Finding) []Finding {
	moved := slices.Clone(findings)
	for i := range moved {
		if f := &moved[i]; !strings.HasPrefix(f.File, "$") {
			f.File = path.Join(folder, f.File)
		}
	}
	return moved
}

// HasErrors reports whether any finding is an error.
func HasErrors(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == Error })
}

// Nearest returns the candidate most like name, if one is near enough to be a slip of the keyboard, else "".
// Nearness is the Damerau-Levenshtein distance (adjacent letters swapped count once): at most a third of the name's length.
func Nearest(name string, candidates []string) string {
	best, bound := "", max(1, len(name)/3)
	for _, candidate := range candidates {
		if d := distance(name, candidate, bound); d <= bound && (best == "" || d < distance(name, best, bound)) {
			best = candidate
		}
	}
	return best
}

// DidYouMean returns `did you mean "x"?` for the nearest candidate, or fallback when none is near.
func DidYouMean(name string, candidates []string, fallback string) string {
	if near := Nearest(name, candidates); near != "" {
		return "did you mean " + near + "?"
	}
	return fallback
}

// distance is the optimal string alignment distance between a and b, or any number above bound when it exceeds bound.
func distance(a, b string, bound int) int {
	if len(a)-len(b) > bound || len(b)-len(a) > bound {
		return bound + 1
	}
	var before []int
	previous := make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(previous[j]+1, row[j-1]+1, previous[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, previous = previous, row
	}
	return previous[len(b)]
}
