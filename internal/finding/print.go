package finding

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// WriteText prints findings for people: place, sentence and code, the line with a caret under the place, the hint; last a
// line with the counts. Without findings it prints nothing.
func WriteText(w io.Writer, findings []Finding, color bool) error {
	p := textPrinter{out: bufio.NewWriter(w), color: color}
	for _, f := range findings {
		p.finding(f)
	}
	if len(findings) > 0 {
		fmt.Fprintln(p.out, Summary(findings))
	}
	return p.out.Flush()
}

// Summary counts findings in words: "2 errors, 1 warning".
func Summary(findings []Finding) string {
	errors, warnings := 0, 0
	for _, f := range findings {
		if f.Severity == Error {
			errors++
		} else {
			warnings++
		}
	}
	var parts []string
	if errors > 0 {
		parts = append(parts, count(errors, "error"))
	}
	if warnings > 0 {
		parts = append(parts, count(warnings, "warning"))
	}
	if len(parts) == 0 {
		return "no findings"
	}
	return strings.Join(parts, ", ")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

// style is an ANSI escape sequence's parameters.
type style string

const (
	bold   style = "1"
	red    style = "1;31"
	yellow style = "1;33"
	blue   style = "34"
	green  style = "32"
)

type textPrinter struct {
	out   *bufio.Writer
	color bool
}

func (p *textPrinter) paint(s style, text string) string {
	if !p.color || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

func (p *textPrinter) finding(f Finding) {
	tone := red
	if f.Severity == Warning {
		tone = yellow
	}
	fmt.Fprintf(p.out, "%s %s %s\n", p.paint(bold, place(f)+":"), p.paint(tone, string(f.Severity)+":"),
		p.paint(bold, printable(f.Text))+" ["+printable(string(f.Code))+"]")
	if f.Line > 0 && strings.TrimSpace(f.Excerpt) != "" {
		p.excerpt(f, tone)
	}
	for i, line := range strings.Split(f.Hint, "\n") {
		switch {
		case f.Hint == "":
		case i == 0:
			fmt.Fprintf(p.out, "  %s %s\n", p.paint(green, "hint:"), printable(line))
		default:
			fmt.Fprintf(p.out, "        %s\n", printable(line))
		}
	}
	fmt.Fprintln(p.out)
}

// place is file:line:column, or the file alone when the finding is about the whole of it.
func place(f Finding) string {
	name := printable(f.File)
	if f.Line < 1 {
		return name
	}
	return fmt.Sprintf("%s:%d:%d", name, f.Line, max(1, f.Column))
}

func (p *textPrinter) excerpt(f Finding, tone style) {
	number := strconv.Itoa(f.Line)
	shown, before, under := window(f.Excerpt, f.Column, f.Width)
	fmt.Fprintf(p.out, "  %s %s\n", p.paint(blue, number+" |"), shown)
	fmt.Fprintf(p.out, "  %s %s%s\n", p.paint(blue, strings.Repeat(" ", len(number))+" |"),
		strings.Repeat(" ", before), p.paint(tone, strings.Repeat("^", under)))
}

const (
	windowCells = 100 // how much of a long line is shown
	windowLead  = 40  // cells kept before the caret when the line's start is cut off
	tabCells    = 4
)

// window returns the part of a line to show, how many terminal cells come before the caret, and how many it underlines.
func window(line string, column, width int) (shown string, before, under int) {
	start := max(0, column-1)
	from := 0
	if cellsOf(line, windowCells+1) > windowCells && start > windowLead {
		from = start - windowLead
	}
	var out strings.Builder
	if from > 0 {
		out.WriteString("…")
		before = 1
	}
	used, i := before, -1
	for _, r := range line {
		if i++; i < from {
			continue
		}
		text, cells := printableRune(r)
		if used+cells > windowCells {
			out.WriteString("…")
			break
		}
		out.WriteString(text)
		used += cells
		switch {
		case i < start:
			before += cells
		case i < start+width:
			under += cells
		}
	}
	return strings.TrimRight(out.String(), " "), before, max(1, under)
}

// cellsOf counts the terminal cells of a line, giving up at limit.
func cellsOf(line string, limit int) int {
	total := 0
	for _, r := range line {
		_, cells := printableRune(r)
		if total += cells; total >= limit {
			return total
		}
	}
	return total
}

// printable returns text fit for a terminal on one line: nothing in it moves the cursor, changes colours or turns the reading
// direction round, whatever the file said.
func printable(text string) string {
	if plain(text) {
		return text
	}
	var out strings.Builder
	for _, r := range text {
		s, _ := printableRune(r)
		out.WriteString(s)
	}
	return out.String()
}

func plain(text string) bool {
	for i := 0; i < len(text); i++ {
		if text[i] < ' ' || text[i] >= utf8.RuneSelf || text[i] == 0x7f {
			return false
		}
	}
	return true
}
