package templates

import (
	"fmt"
	"regexp"

	"github.com/yuin/goldmark/ast"
	gold "github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// Inside ::: columns a line of +++ begins the next column. Without any, each ::: inside is a column:
//
//	::: columns          ::: columns
//	Left                 ::: box
//	+++                  Left
//	Right                :::
//	:::                  ::: box
//	                     Right
//	                     :::
//	                     :::
//
// Tags may stand between columns of the second kind, so that a condition decides about one.

// maxColumns is how many columns can still be read.
const maxColumns = 4

// columnBreak is a line of +++.
type columnBreak struct{ ast.BaseBlock }

// columnNode is one column.
type columnNode struct {
	ast.BaseBlock
	count int // how many there are
	last  bool
}

var (
	kindColumnBreak = ast.NewNodeKind("ColumnBreak")
	kindColumn      = ast.NewNodeKind("Column")
)

func (n *columnBreak) Kind() ast.NodeKind            { return kindColumnBreak }
func (n *columnBreak) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }
func (n *columnNode) Kind() ast.NodeKind             { return kindColumn }
func (n *columnNode) Dump(source []byte, level int)  { ast.DumpHelper(n, source, level, nil, nil) }

type columnBreakParser struct{ m *markdown }

var columnBreakForm = regexp.MustCompile(`^[ \t]*\+{3,}[ \t]*\n?$`)

func (p columnBreakParser) Trigger() []byte { return []byte{'+'} }

func (p columnBreakParser) Open(parent ast.Node, reader text.Reader, _ gold.Context) (ast.Node, gold.State) {
	line, segment := reader.PeekLine()
	if !columnBreakForm.Match(line) {
		return nil, gold.NoChildren
	}
	reader.AdvanceToEOL()
	if container, ok := parent.(*containerNode); !ok || container.name != "columns" && container.name != "" {
		p.m.report(segment.Start, segment.Stop, "stray-column-break", "this +++ stands in no columns, so it divides nothing",
			"write it between ::: columns and its :::, or \\+++ if people should read it")
	}
	return &columnBreak{}, gold.NoChildren
}

func (p columnBreakParser) Continue(ast.Node, text.Reader, gold.Context) gold.State {
	return gold.Close
}
func (p columnBreakParser) Close(ast.Node, text.Reader, gold.Context) {}
func (p columnBreakParser) CanInterruptParagraph() bool               { return true }
func (p columnBreakParser) CanAcceptIndentedLine() bool               { return false }

// divide makes columns of what stands in each ::: columns.
func (m *markdown) divide(parent ast.Node) {
	for child := parent.FirstChild(); child != nil; {
		next := child.NextSibling()
		if child.Type() == ast.TypeBlock {
			m.divide(child)
		}
		child = next
	}
	container, ok := parent.(*containerNode)
	if !ok || container.name != "columns" {
		return
	}
	columns := container.divided()
	if len(columns) < 2 || len(columns) > maxColumns {
		m.report(container.start, container.end, "columns-not-divided", fmt.Sprintf("these are not two to %d columns but %d", maxColumns, len(columns)),
			"write a line of +++ where the next column begins")
		return
	}
	for i, nodes := range columns {
		column := &columnNode{count: len(columns), last: i == len(columns)-1}
		parent.InsertBefore(parent, nodes[0], column)
		for _, n := range nodes {
			if n.Kind() == kindColumnBreak {
				parent.RemoveChild(parent, n)
			} else {
				column.AppendChild(column, n)
			}
		}
	}
}

// divided returns what each column consists of; a break comes first in its column.
func (n *containerNode) divided() [][]ast.Node {
	var byBreak, byContainer [][]ast.Node
	breaks, other := 0, false
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		isBreak := child.Kind() == kindColumnBreak
		if isBreak || len(byBreak) == 0 {
			byBreak = append(byBreak, nil)
		}
		if isBreak {
			breaks++
		}
		byBreak[len(byBreak)-1] = append(byBreak[len(byBreak)-1], child)
		switch child.Kind() {
		case kindContainer:
			byContainer = append(byContainer, []ast.Node{child})
		case kindTag:
		default:
			other = true
		}
	}
	if breaks == 0 && !other {
		return byContainer
	}
	return byBreak
}
