package templates

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	gold "github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// parser returns a goldmark parser for this source: CommonMark with GFM's tables and strikethrough, and with our tags,
// containers, marks and Liquid autolinks. Typographer and Linkify stay out: the one bends quotes, the other makes links that
// nobody wrote, and every link is tracked.
func (m *markdown) parser() gold.Parser {
	return gold.NewParser(
		gold.WithBlockParsers(
			util.Prioritized(tagParser{m}, 10),
			util.Prioritized(containerParser{m}, 20),
			util.Prioritized(columnBreakParser{m}, 30),
			util.Prioritized(gold.NewSetextHeadingParser(), 100),
			util.Prioritized(gold.NewThematicBreakParser(), 200),
			util.Prioritized(gold.NewListParser(), 300),
			util.Prioritized(gold.NewListItemParser(), 400),
			util.Prioritized(gold.NewCodeBlockParser(), 500),
			util.Prioritized(gold.NewATXHeadingParser(), 600),
			util.Prioritized(gold.NewFencedCodeBlockParser(), 700),
			util.Prioritized(gold.NewBlockquoteParser(), 800),
			util.Prioritized(htmlBlockParser{gold.NewHTMLBlockParser(), m}, 900),
			util.Prioritized(gold.NewParagraphParser(), 1000),
		),
		gold.WithInlineParsers(
			util.Prioritized(gold.NewCodeSpanParser(), 100),
			util.Prioritized(gold.NewLinkParser(), 200),
			util.Prioritized(autolinkParser{m}, 250),
			util.Prioritized(gold.NewAutoLinkParser(), 300),
			util.Prioritized(gold.NewRawHTMLParser(), 400),
			util.Prioritized(gold.NewEmphasisParser(), 500),
			util.Prioritized(extension.NewStrikethroughParser(), 500),
			util.Prioritized(marksParser{m}, 600),
		),
		gold.WithParagraphTransformers(
			util.Prioritized(gold.LinkReferenceParagraphTransformer, 100),
			util.Prioritized(extension.NewTableParagraphTransformer(), 200),
		),
		gold.WithASTTransformers(util.Prioritized(extension.NewTableASTTransformer(), 0)),
	)
}

// tagNode is a line of tags that stands for itself, outside of any paragraph.
type tagNode struct {
	ast.BaseBlock
	units []int
}

var kindTag = ast.NewNodeKind("LiquidTag")

func (n *tagNode) Kind() ast.NodeKind            { return kindTag }
func (n *tagNode) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

type tagParser struct{ m *markdown }

func (p tagParser) Trigger() []byte { return []byte{p.m.prefix[0]} }

func (p tagParser) Open(parent ast.Node, reader text.Reader, pc gold.Context) (ast.Node, gold.State) {
	line, segment := reader.PeekLine()
	units := p.m.tagsOnly(string(line))
	if units == nil || p.m.isTableRow(units, parent, segment, pc) {
		return nil, gold.NoChildren
	}
	reader.AdvanceToEOL()
	return &tagNode{units: units}, gold.NoChildren
}

func (p tagParser) Continue(ast.Node, text.Reader, gold.Context) gold.State { return gold.Close }
func (p tagParser) Close(ast.Node, text.Reader, gold.Context)               {}
func (p tagParser) CanInterruptParagraph() bool                             { return true }
func (p tagParser) CanAcceptIndentedLine() bool                             { return true }

// htmlBlockParser leaves <{{ url }}> to autolinkParser.
type htmlBlockParser struct {
	gold.BlockParser
	m *markdown
}

func (p htmlBlockParser) Open(parent ast.Node, reader text.Reader, pc gold.Context) (ast.Node, gold.State) {
	line, _ := reader.PeekLine()
	if strings.HasPrefix(strings.TrimLeft(string(line), " "), "<"+p.m.prefix) {
		return nil, gold.NoChildren
	}
	return p.BlockParser.Open(parent, reader, pc)
}

// linkNode is <{{ url }}>.
type linkNode struct {
	ast.BaseInline
	target string
}

var kindLiquidLink = ast.NewNodeKind("LiquidLink")

func (n *linkNode) Kind() ast.NodeKind            { return kindLiquidLink }
func (n *linkNode) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

type autolinkParser struct{ m *markdown }

var autolink = regexp.MustCompile(`^<([^<>\s]+)>`)

func (p autolinkParser) Trigger() []byte { return []byte{'<'} }

func (p autolinkParser) Parse(_ ast.Node, block text.Reader, _ gold.Context) ast.Node {
	line, _ := block.PeekLine()
	if !bytes.HasPrefix(line[1:], []byte(p.m.prefix)) {
		return nil
	}
	match := autolink.FindSubmatch(line)
	if match == nil {
		return nil
	}
	if _, _, id := p.m.cutPlaceholder(string(match[1])); p.m.units[id].kind == tagUnit {
		return nil
	}
	block.Advance(len(match[0]))
	return &linkNode{target: string(match[1])}
}
