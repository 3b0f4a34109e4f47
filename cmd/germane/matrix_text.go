package main

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"germane/check"
)

// segmentsAbreast is how many segments stand beside each other in a terminal.
const segmentsAbreast = 5

// writeText writes one table a block, and one of personas.
func (m *matrixReport) writeText(out io.Writer, people *crowd) error {
	b := bufio.NewWriter(out)
	fmt.Fprintf(b, "Who sees what in %s on %s\n%s\n", m.Template, m.At.Format("2 January 2006, 15:04 MST"), people.who(m.People))
	if len(m.Blocks) == 0 {
		fmt.Fprintln(b, "\nThere is no Dynamic Block in it: everybody gets the same.")
	}
	if m.From != "personas" { // whom one invents is not worth counting
		for i := range m.Blocks {
			m.blockText(b, i)
		}
	}
	if len(m.Blocks) > 0 && len(m.Personas) > 0 {
		m.personaText(b)
	}
	if remarks := m.remarks(); len(remarks) > 0 {
		fmt.Fprintln(b)
		for _, remark := range remarks {
			fmt.Fprintln(b, remark)
		}
	}
	return b.Flush()
}

func (m *matrixReport) blockText(out io.Writer, block int) {
	all := &m.Blocks[block]
	fmt.Fprintf(out, "\n%s\n", all.Block)
	for segments := range slices.Chunk(append([]check.SegmentCounts{{Segment: "everybody", People: m.People, Blocks: m.Blocks}}, m.Segments...), segmentsAbreast+1) {
		table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
		row := func(name string, cell func(s *check.SegmentCounts) string) {
			fmt.Fprintf(table, "  %-20s\t", name)
			for i := range segments {
				fmt.Fprintf(table, "%s\t", cell(&segments[i]))
			}
			fmt.Fprintln(table)
		}
		row("", func(s *check.SegmentCounts) string { return s.Segment })
		for v, variant := range all.Variants {
			row(variant.Variant, func(s *check.SegmentCounts) string { return m.cell(s.Blocks[block].Variants[v], s.People) })
		}
		row("fallback", func(s *check.SegmentCounts) string { return shareOf(s.Blocks[block].Fallback, s.People) })
		table.Flush()
	}
	for _, line := range blockNotes(all, m.People) {
		fmt.Fprintln(out, "  "+line)
	}
}

// cell is a count with its share, and a mark when it is too small to learn from.
func (m *matrixReport) cell(v check.VariantCount, of int) string {
	if v.People == 0 {
		return "–"
	}
	mark := ""
	if m.few(v) {
		mark = "*"
	}
	return fmt.Sprintf("%s%s %4s", thousands(v.People), mark, shareOf(float64(v.People)/float64(of), of))
}

func shareOf(part float64, of int) string {
	if of == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f%%", 100*part)
}

// blockNotes says why people get the fallback, and who is held back.
func blockNotes(b *check.BlockCounts, of int) []string {
	var notes []string
	if len(b.Missing) > 0 {
		var parts []string
		for _, missing := range b.Missing {
			parts = append(parts, fmt.Sprintf("%s %s (%s)", missing.Attribute, missing.Why, thousands(missing.People)))
		}
		notes = append(notes, "otherwise for want of: "+strings.Join(parts, ", "))
	}
	if b.Control > 0 {
		notes = append(notes, fmt.Sprintf("otherwise to measure against: %s (%s)", thousands(b.Control), shareOf(float64(b.Control)/float64(of), of)))
	}
	return notes
}

func (m *matrixReport) personaText(out io.Writer) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "\npersonas\n  ")
	for _, b := range m.Blocks {
		fmt.Fprintf(table, "\t%s", b.Block)
	}
	fmt.Fprintln(table)
	for _, row := range m.Personas {
		fmt.Fprintf(table, "  %s", row.Persona)
		for _, c := range row.Blocks {
			text := c.Variant
			if c.Missing != "" {
				text += fmt.Sprintf(" (%s %s)", c.Missing, c.Why)
			}
			fmt.Fprintf(table, "\t%s", text)
		}
		fmt.Fprintln(table)
	}
	table.Flush()
}

// remarks say what the matrix shows as a whole.
func (m *matrixReport) remarks() []string {
	var list []string
	for _, ref := range m.Unreached {
		list = append(list, fmt.Sprintf("Nobody gets %s of %s.", ref.Variant, ref.Block))
	}
	if m.hasFew() {
		list = append(list, fmt.Sprintf("* fewer than %d people: too few to learn from, and some may be recognised by what they get", check.Few))
	}
	if m.Damaged > 0 {
		list = append(list, fmt.Sprintf("%s could not be read and are not counted.", plural(m.Damaged, "person", "people")))
	}
	return list
}

// hasFew says whether any count, of a segment too, is marked.
func (m *matrixReport) hasFew() bool {
	few := func(counts []check.BlockCounts) bool {
		return slices.ContainsFunc(counts, func(b check.BlockCounts) bool { return slices.ContainsFunc(b.Variants, m.few) })
	}
	return few(m.Blocks) || slices.ContainsFunc(m.Segments, func(s check.SegmentCounts) bool { return few(s.Blocks) })
}
