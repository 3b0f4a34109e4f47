// Package document reads the YAML of workspace files and front matter into nodes that know their places.
//
// It knows YAML and the value notations every file shares (durations, shares, names), not what any file means: the packages
// that own a format ask for their keys through [Reader]. In call order: [Parse] makes a [Node] tree, [Reader.Map] opens a
// mapping as [Fields], the Fields' methods read keys, and [Fields.Done] reports the keys nobody asked for.
//
// Copy and rules are not YAML: the value of a key named in [Format.Raw], on a line of its own, is read as it stands to the end
// of the line, so that `subject: 50% off #summer` and `audience: not (plan == "pro")` mean what they say.
package document

import (
	"errors"
	"strings"

	"go.yaml.in/yaml/v4"

	"germane/internal/finding"
)

// Format says which values of a file are raw text.
type Format struct {
	Raw    []string // keys, at any depth, whose value is raw text
	RawTop bool     // the value of every top-level key is raw text
}

// Kind is what a node is.
type Kind uint8

const (
	Null   Kind = iota // no value
	Scalar             // a text, number, or anything else written in one piece
	Map
	List
)

// String names the kind as findings do.
func (k Kind) String() string {
	return [...]string{"nothing", "a value", "a mapping", "a list"}[k]
}

// Node is a YAML value and its place. For a scalar, Text is the value as written, without quotes: `1.10` and `007` stay so.
type Node struct {
	Kind   Kind
	Text   finding.Text // scalar: the value; map and list: the place of the first character
	Quoted bool         // scalar: was written in quotes
	Raw    bool         // scalar: is raw text
	Pairs  []Pair       // map: in file order, duplicates removed
	Items  []*Node      // list
}

// Pair is one key of a mapping and its value.
type Pair struct {
	Key   finding.Text
	Value *Node
}

// Get returns the value of a key, or nil.
func (n *Node) Get(key string) *Node {
	for _, pair := range n.Pairs {
		if pair.Key.S == key {
			return pair.Value
		}
	}
	return nil
}

// maxDepth bounds how deep values may nest; no workspace file needs more than six levels.
const maxDepth = 32

// Parse reads one YAML document. The node is never nil; an empty file is a Null node.
func Parse(source finding.Text, format Format) (*Node, []finding.Finding) {
	p := &parser{source: source, file: source.File}
	prepared := p.takeRawText(format)
	if empty(prepared) { // the YAML package calls this an error
		return &Node{Text: source.Slice(0, 0)}, p.findings
	}
	var root yaml.Node
	if err := yaml.Load([]byte(prepared), &root, yaml.WithV3Defaults()); err != nil {
		p.syntaxError(err)
		return &Node{Text: source.Slice(0, 0)}, p.findings
	}
	if len(root.Content) == 0 {
		return &Node{Text: source.Slice(0, 0)}, p.findings
	}
	return p.node(root.Content[0], 0), p.findings
}

// empty reports a document of blank lines and comments only.
func empty(text string) bool {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return false
		}
	}
	return true
}

type parser struct {
	source   finding.Text
	file     *finding.File
	raw      map[int]rawValue // by line within the source
	findings []finding.Finding
}

func (p *parser) add(f finding.Finding) { p.findings = append(p.findings, f) }

// offset turns a YAML position, which counts from the source's start, into an offset within the source.
func (p *parser) offset(line, column int) int {
	firstLine, firstColumn := p.file.Position(p.source.Start)
	if line == 1 {
		column += firstColumn - 1
	}
	return max(0, min(p.file.Offset(firstLine+line-1, column)-p.source.Start, len(p.source.S)))
}

func (p *parser) syntaxError(err error) {
	var load *yaml.LoadError
	if !errors.As(err, &load) {
		p.add(p.source.At(0, 0, "yaml-syntax", "this is not YAML: "+err.Error(), ""))
		return
	}
	at := p.offset(load.Mark.Line, max(1, load.Mark.Column))
	hint := "look at the indentation, and put quotes around a value that contains `: ` or ` #`, or starts with one of { [ & * ! | > ' \" % @"
	if at < len(p.source.S) && p.source.S[at] == '\t' {
		hint = "indent with spaces: YAML does not take tabs"
	}
	p.add(p.source.At(at, at+1, "yaml-syntax", "this is not YAML: "+load.Message, hint))
}

func (p *parser) node(y *yaml.Node, depth int) *Node {
	at := p.offset(y.Line, y.Column)
	n := &Node{Text: p.source.Slice(at, at)}
	switch {
	case depth > maxDepth:
		p.add(p.source.At(at, at+1, "yaml-feature", "values nest too deep here", "no workspace file needs more than a few levels"))
		return n
	case y.Kind == yaml.AliasNode || y.Anchor != "" || y.Style&yaml.TaggedStyle != 0:
		p.add(p.source.At(at, at+1, "yaml-feature", "anchors, aliases and tags (& * !) are not used in a workspace", "write the value out, or put quotes around a text that starts with one of these"))
		return n
	}
	switch y.Kind {
	case yaml.MappingNode:
		n.Kind = Map
		p.pairs(n, y, depth)
	case yaml.SequenceNode:
		n.Kind = List
		for _, item := range y.Content {
			n.Items = append(n.Items, p.node(item, depth+1))
		}
	default:
		p.scalar(n, y, at)
	}
	return n
}

func (p *parser) pairs(n *Node, y *yaml.Node, depth int) {
	seen := map[string]bool{}
	for i := 0; i+1 < len(y.Content); i += 2 {
		key := p.node(y.Content[i], depth+1)
		value := p.node(y.Content[i+1], depth+1)
		if key.Kind != Scalar {
			p.add(key.Text.At(0, 1, "yaml-syntax", "a key must be a plain name", "`{{ … }}` at the start of a value needs quotes around the whole value"))
			continue
		}
		if seen[key.Text.S] {
			p.add(key.Text.Whole("duplicate-key", key.Text.S+" is written twice here", "keep one of them"))
			continue
		}
		seen[key.Text.S] = true
		n.Pairs = append(n.Pairs, Pair{Key: key.Text, Value: value})
	}
}

func (p *parser) scalar(n *Node, y *yaml.Node, at int) {
	quoted := y.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) != 0
	if raw, ok := p.raw[y.Line]; ok && raw.start == at {
		*n = Node{Kind: Scalar, Text: raw.text, Quoted: raw.quoted, Raw: true}
		return
	}
	if y.Tag == "!!null" && !quoted {
		return
	}
	n.Kind, n.Quoted = Scalar, quoted
	if quoted {
		at++
	}
	n.Text = finding.Text{File: p.file, Start: p.source.Start + at, S: y.Value}
}
