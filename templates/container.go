package templates

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"germane/internal/finding"

	"github.com/yuin/goldmark/ast"
	gold "github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// containerNames are what may follow ::: in a message.
var containerNames = []string{"box", "columns"}

// containerNode is what stands between ::: name and :::.
type containerNode struct {
	ast.BaseBlock
	name       string // "" for one that is not known, and for a stray end
	start, end int    // of the opening line
	ended      bool
}

var kindContainer = ast.NewNodeKind("Container")

func (n *containerNode) Kind() ast.NodeKind            { return kindContainer }
func (n *containerNode) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

type containerParser struct{ m *markdown }

var (
	containerStart = regexp.MustCompile(`^[ \t]*:{3,}[ \t]*([^\s:][^\n]*?)?[ \t]*\n?$`)
	containerEnd   = regexp.MustCompile(`^[ \t]*:{3,}[ \t]*\n?$`)
)

func (p containerParser) Trigger() []byte { return []byte{':'} }

func (p containerParser) Open(_ ast.Node, reader text.Reader, _ gold.Context) (ast.Node, gold.State) {
	line, segment := reader.PeekLine()
	match := containerStart.FindSubmatch(line)
	if match == nil {
		return nil, gold.NoChildren
	}
	start := segment.Start + len(line) - len(strings.TrimLeft(string(line), " \t"))
	node := &containerNode{name: string(match[1]), start: start, end: segment.Stop}
	reader.AdvanceToEOL()
	if node.name == "" {
		p.m.report(node.start, node.end, "container-not-open", "this ::: ends nothing", "remove it, or write what it ends: ::: "+containerNames[0])
		node.ended = true
		return node, gold.NoChildren
	}
	if len(p.m.open) >= maxMarkdownNesting {
		p.m.report(node.start, node.end, "markdown-too-complex", "too many containers stand inside each other", "end some with :::")
		node.name, node.ended = "", true
		return node, gold.NoChildren
	}
	if !slices.Contains(containerNames, node.name) {
		p.m.reportContainer(node)
		node.name = ""
	}
	p.m.open = append(p.m.open, node)
	return node, gold.HasChildren
}

func (m *markdown) reportContainer(node *containerNode) {
	if m.hasPlaceholder(node.name) {
		m.excuse(node.name)
		m.report(node.start, node.end, "unknown-container", "what follows ::: must be a plain name; Liquid cannot stand here",
			"write ::: "+strings.Join(containerNames, " or ::: "))
		return
	}
	m.report(node.start, node.end, "unknown-container", fmt.Sprintf("there is no container called %q", node.name),
		finding.DidYouMean(node.name, containerNames, "write ::: "+strings.Join(containerNames, " or ::: ")))
}

func (p containerParser) Continue(node ast.Node, reader text.Reader, pc gold.Context) gold.State {
	n := node.(*containerNode)
	if n.ended {
		return gold.Close
	}
	line, _ := reader.PeekLine()
	innermost := len(p.m.open) > 0 && p.m.open[len(p.m.open)-1] == n
	if !innermost || !containerEnd.Match(line) || isCode(pc.LastOpenedBlock().Node) {
		return gold.Continue | gold.HasChildren
	}
	n.ended = true
	reader.AdvanceToEOL()
	return gold.Close
}

func isCode(n ast.Node) bool { return n != nil && n.Kind() == ast.KindFencedCodeBlock }

func (p containerParser) Close(node ast.Node, _ text.Reader, _ gold.Context) {
	n := node.(*containerNode)
	if i := slices.Index(p.m.open, n); i >= 0 {
		p.m.open = p.m.open[:i]
	}
	if !n.ended {
		p.m.report(n.start, n.end, "container-not-closed", "this container is never closed", "write ::: on a line of its own behind its last line, indented like this one")
	}
}

func (p containerParser) CanInterruptParagraph() bool { return true }
func (p containerParser) CanAcceptIndentedLine() bool { return false }
