package main

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"germane/check"
)

//go:embed matrix.html
var matrixPage string

// matrixView is what the page shows. All of it stands in one file that loads nothing.
type matrixView struct {
	*matrixReport
	Who     string
	Date    string
	Columns []string // everybody and the segments
	Tables  []matrixTable
	Remarks []string
}

type matrixTable struct {
	Block    string
	Rows     []matrixLine
	Fallback []string
	Notes    []string
}

type matrixLine struct {
	Variant string
	Cells   []matrixCell
}

// matrixCell is a count; Width is its share of the column in percent.
type matrixCell struct {
	People, Share string
	Width         float64
	Few, Nobody   bool
}

func (m *matrixReport) writePage(out io.Writer, people *crowd) error {
	page, err := template.New("matrix").Parse(matrixPage)
	if err != nil {
		return err
	}
	return page.Execute(out, m.view(people))
}

func (m *matrixReport) view(people *crowd) *matrixView {
	v := &matrixView{matrixReport: m, Who: people.who(m.People), Date: m.At.Format("2 January 2006, 15:04 MST"), Columns: []string{fmt.Sprintf("everybody (%s)", thousands(m.People))}, Remarks: m.remarks()}
	columns := []check.SegmentCounts{{People: m.People, Blocks: m.Blocks}}
	for _, s := range m.Segments {
		v.Columns, columns = append(v.Columns, fmt.Sprintf("%s (%s)", s.Segment, thousands(s.People))), append(columns, s)
	}
	for i := range m.Blocks {
		table := matrixTable{Block: m.Blocks[i].Block, Notes: blockNotes(&m.Blocks[i], m.People)}
		for n, variant := range m.Blocks[i].Variants {
			line := matrixLine{Variant: variant.Variant}
			for _, s := range columns {
				line.Cells = append(line.Cells, m.pageCell(s.Blocks[i].Variants[n], s.People))
			}
			table.Rows = append(table.Rows, line)
		}
		for _, s := range columns {
			table.Fallback = append(table.Fallback, shareOf(s.Blocks[i].Fallback, s.People))
		}
		v.Tables = append(v.Tables, table)
	}
	return v
}

func (m *matrixReport) pageCell(v check.VariantCount, of int) matrixCell {
	c := matrixCell{People: thousands(v.People), Nobody: v.People == 0, Few: m.few(v)}
	if of > 0 {
		c.Width, c.Share = 100*float64(v.People)/float64(of), shareOf(float64(v.People)/float64(of), of)
	}
	return c
}
