package check

import (
	"html"
	"sort"
	"strings"

	"germane/blocks"
	"germane/internal/finding"
	"germane/templates"
	"germane/workspace"
)

// page is a message's HTML as it is written, with all branches of its conditions one after another, and one variant of each block.
// Where a value stands is [aValue]. It knows the place of each byte in the workspace's files.
type page struct {
	brand    map[string]string
	layout   []templates.Node
	body     []templates.Node
	variants map[string]*blocks.Variant // by block
	files    map[string]*finding.File   // of blocks, by name

	html         strings.Builder
	stretches    []stretch
	arms         []arm
	marks        []stretch // targets of links
	file         *finding.File
	bodyFile     *finding.File
	unsubscribes bool // it has a link to the unsubscribe page or the preferences page
}

// aValue stands for what only a person's data can tell.
const aValue = "\ufffc"

// stretch is where a part of the page comes from.
type stretch struct {
	at    int // in the page
	file  *finding.File
	span  templates.Span
	exact bool  // its bytes are those of the file
	arms  []arm // of the conditions around it
}

// arm is one branch of a condition.
type arm struct {
	node   templates.Node
	branch int
}

func (p *page) write(nodes []templates.Node) {
	for _, node := range nodes {
		p.node(node)
	}
}

func (p *page) node(node templates.Node) {
	switch n := node.(type) {
	case *templates.Text:
		p.add(n.Text, n.Span)
	case *templates.Output:
		p.output(n)
	case *templates.Link:
		p.marks = append(p.marks, stretch{at: p.html.Len(), file: p.file, span: n.Span, arms: p.arms})
		p.write(n.Target)
	case *templates.Cycle:
		p.add(aValue, n.Span)
	case *templates.Capture:
		// its text stands where it is printed
	case *templates.BlockUse:
		if v, ok := p.variants[n.Name]; ok {
			file := p.file
			p.file = p.files[n.Name]
			p.write(v.Body)
			p.file = file
		}
	default:
		for i, body := range templates.Bodies(node) {
			p.arms = append(p.arms[:len(p.arms):len(p.arms)], arm{node, i})
			p.write(body)
			p.arms = p.arms[:len(p.arms)-1]
		}
	}
}

func (p *page) output(n *templates.Output) {
	switch name := variableOf(n.Value); {
	case name == "content" && p.file != p.bodyFile:
		file := p.file
		p.file = p.bodyFile
		p.write(p.body)
		p.file = file
	case strings.HasPrefix(name, "links."):
		p.unsubscribes = true
		p.add("https://"+aValue+".invalid/"+name, n.Span)
	case strings.HasPrefix(name, "brand."):
		p.add(html.EscapeString(p.brand[strings.TrimPrefix(name, "brand.")]), n.Span)
	default:
		p.add(aValue, n.Span)
	}
}

// variableOf is the dotted name that an expression consists of; "" for any other.
func variableOf(e templates.Expression) string {
	v, ok := e.(*templates.Variable)
	if !ok {
		return ""
	}
	name := ""
	for i, part := range append([]templates.Expression{v.Name}, v.Path...) {
		literal, ok := part.(*templates.Literal)
		if !ok || literal.Kind != templates.StringLiteral {
			return ""
		}
		if i > 0 {
			name += "."
		}
		name += literal.String
	}
	return name
}

func (p *page) add(text string, span templates.Span) {
	exact := span.End-span.Start == len(text) && span.End <= len(p.file.Text) && p.file.Text[span.Start:span.End] == text
	p.stretches = append(p.stretches, stretch{p.html.Len(), p.file, span, exact, p.arms})
	p.html.WriteString(text)
}

// stretch returns where a byte of the page comes from.
func (p *page) stretch(at int) *stretch {
	i := sort.Search(len(p.stretches), func(i int) bool { return p.stretches[i].at > at }) - 1
	return &p.stretches[max(i, 0)]
}

// at makes a finding about the page from start to end.
func (p *page) at(start, end int, code finding.Code, text, hint string) finding.Finding {
	from := p.stretch(start)
	if from.exact {
		begin := from.span.Start + start - from.at
		return from.file.At(begin, min(begin+end-start, from.span.End), code, text, hint)
	}
	return from.file.At(from.span.Start, from.span.End, code, text, hint)
}

// atLink makes a finding about a link, at its target where that is known.
func (p *page) atLink(l *pageLink, code finding.Code, text, hint string) finding.Finding {
	i := sort.Search(len(p.marks), func(i int) bool { return p.marks[i].at > l.start })
	if i < len(p.marks) && p.marks[i].at < l.end {
		mark := &p.marks[i]
		return mark.file.At(mark.span.Start, mark.span.End, code, text, hint)
	}
	return p.at(l.start, l.end, code, text, hint)
}

// together reports whether two places can be in one message: no condition has them in different branches.
func (p *page) together(a, b int) bool {
	first, second := p.stretch(a).arms, p.stretch(b).arms
	for i := range min(len(first), len(second)) {
		if first[i].node != second[i].node {
			return true
		}
		if first[i].branch != second[i].branch {
			return false
		}
	}
	return true
}

// pagesOf writes a template's pages: as many as its blocks have variants, so that each variant stands in one of them.
func pagesOf(w *workspace.Workspace, source *workspace.TemplateSource, list []*blocks.Block) []*page {
	brand := (&contents{w: w}).brand()
	theme := templates.NewTheme(brand)
	body := bodyOf(source.Body, source.File, source.Markdown, false, theme)
	layout, file := layoutOf(w, source, theme)
	count := 1
	for _, b := range list {
		count = max(count, len(b.Variants))
	}
	var pages []*page
	for i := range count {
		p := &page{brand: brand, layout: layout, body: body, variants: map[string]*blocks.Variant{}, files: map[string]*finding.File{}, file: file, bodyFile: source.File}
		for _, b := range list {
			p.variants[b.Name], p.files[b.Name] = &b.Variants[min(i, len(b.Variants)-1)], b.File
		}
		if file == nil {
			p.file = source.File
			p.write(body)
		} else {
			p.write(layout)
		}
		pages = append(pages, p)
	}
	return pages
}

// builtInLayout names a page that is no file of the workspace.
const builtInLayout = "the built-in layout"

// layoutOf returns the page around a template; without one the file is nil.
func layoutOf(w *workspace.Workspace, source *workspace.TemplateSource, theme *templates.Theme) ([]templates.Node, *finding.File) {
	if layout, ok := w.Layout(source.Layout.S); ok {
		return bodyOf(layout.Body, layout.File, false, true, theme), layout.File
	}
	if !source.Markdown || source.Layout.File != nil {
		return nil, nil
	}
	file := finding.NewFile(builtInLayout, theme.Layout())
	return bodyOf(file.All(), file, false, true, theme), file
}

// bodyOf reads a text that compiling has found no error in.
func bodyOf(text finding.Text, file *finding.File, markdown, layout bool, theme *templates.Theme) []templates.Node {
	tokens, _ := templates.Lex(text)
	if layout {
		tokens = templates.InlineStyles(tokens, false)
	}
	nodes, _, _ := templates.Body(tokens, file, markdown, theme)
	return nodes
}
