package workspace

import (
	"slices"
	"strings"

	"germane/audience"
	"germane/blocks"
	"germane/internal/document"
	"germane/internal/finding"
	"germane/render"
	"germane/templates"
)

// compiler proves every message of a workspace.
type compiler struct {
	w          *Workspace
	r          *document.Reader
	vocabulary *render.Vocabulary
	blocks     map[string]render.BlockParts
	layouts    map[string]*render.Analysis
}

// compile reads all Liquid of the workspace, proves it, and makes its messages.
func (w *Workspace) compile(r *document.Reader) {
	c := &compiler{w: w, r: r, vocabulary: w.vocabulary(), blocks: map[string]render.BlockParts{}, layouts: map[string]*render.Analysis{}}
	for _, source := range w.Blocks {
		c.block(source)
	}
	for _, source := range w.Layouts {
		c.layouts[source.Name] = c.analyse(source.File, source.Body, false, render.LayoutPlace)
	}
	var messages []*render.Parts
	used := map[string]bool{}
	sound := !brokenTemplate(r.Findings) // else a block may be used and only not read
	for _, source := range w.Templates {
		before := len(r.Findings)
		parts := c.parts(source)
		for _, name := range parts.Body.Blocks {
			used[name] = true
		}
		sound = sound && !finding.HasErrors(r.Findings[before:])
		messages = append(messages, parts)
	}
	if !finding.HasErrors(r.Findings) {
		for _, parts := range messages {
			w.Messages = append(w.Messages, render.Compile(parts, c.vocabulary))
		}
	}
	for _, source := range w.Blocks {
		if sound && !used[source.Name] {
			r.Add(about(source.File.Name, "unused-block", "no template uses the block "+source.Name, "place it with {% block "+source.Name+" %}, or delete the file"))
		}
	}
}

func (w *Workspace) vocabulary() *render.Vocabulary {
	v := &render.Vocabulary{Catalogue: w.Catalogue, Brand: map[string]string{}, Data: map[string]render.Value{}}
	for _, constant := range w.Config.Brand {
		v.Brand[constant.Name] = constant.Text.S
	}
	for _, file := range w.Data {
		v.Data[file.Name] = file.Data.value()
	}
	for _, source := range w.Blocks {
		v.Blocks = append(v.Blocks, source.Name)
	}
	return v
}

func (c *compiler) add(findings []finding.Finding) {
	c.r.Findings = append(c.r.Findings, findings...)
}

func (c *compiler) block(source *BlockSource) {
	b := &blocks.Block{
		Name: source.Name, Description: source.Description, Owner: source.Owner, Goal: source.Wanted, Control: source.Control,
		ReviewBy: source.ReviewBy, File: source.File,
	}
	c.add(b.ReadBody(source.Body, source.Markdown, c.w.Scope))
	parts := render.BlockParts{Block: b}
	var before []*audience.Rule
	for i := range b.Variants {
		variant := &b.Variants[i]
		piece := &render.Piece{File: source.File, Nodes: variant.Body, Place: render.VariantPlace, Present: present(variant.Rule, before)}
		analysis, findings := render.Analyse(piece, c.vocabulary)
		c.add(findings)
		parts.Variants = append(parts.Variants, analysis)
		if variant.Rule != nil {
			before = append(before, variant.Rule)
		}
	}
	c.blocks[b.Name] = parts
}

// present lists the attributes that everybody has who gets a variant: what its rule needs to be true, and what the rules before it
// need for not being true.
func present(rule *audience.Rule, before []*audience.Rule) []string {
	var names []string
	if rule != nil {
		names = audience.PresentIfTrue(rule.Condition)
	}
	for _, earlier := range before {
		names = append(names, audience.PresentIfNotTrue(earlier.Condition)...)
	}
	return names
}

// analyse parses and proves a text of Liquid.
func (c *compiler) analyse(file *finding.File, text finding.Text, markdown bool, place render.Place) *render.Analysis {
	c.add(templates.ForeignTags(text))
	tokens, findings := templates.Lex(text)
	c.add(findings)
	broken := finding.HasErrors(findings)
	nodes, findings := templates.Body(tokens, file, markdown)
	c.add(findings)
	if broken || unclosed(findings) {
		return &render.Analysis{} // what stands inside what is anybody's guess
	}
	analysis, findings := render.Analyse(&render.Piece{File: file, Nodes: nodes, Place: place}, c.vocabulary)
	c.add(findings)
	return analysis
}

// brokenTemplate reports whether a template's file could not be read as it should.
func brokenTemplate(findings []finding.Finding) bool {
	return slices.ContainsFunc(findings, func(f finding.Finding) bool {
		return f.Severity == finding.Error && strings.HasPrefix(f.File, "templates/")
	})
}

func unclosed(findings []finding.Finding) bool {
	return slices.ContainsFunc(findings, func(f finding.Finding) bool { return f.Code == "unclosed-tag" })
}

// parts proves a template's own pieces and finds the others. What is missing is a finding already.
func (c *compiler) parts(source *TemplateSource) *render.Parts {
	parts := &render.Parts{Name: source.Name}
	if source.Subject.File != nil {
		parts.Subject = c.analyse(source.File, source.Subject, false, render.LinePlace)
	}
	if source.Preheader.File != nil {
		parts.Preheader = c.analyse(source.File, source.Preheader, false, render.LinePlace)
	}
	parts.Body = c.analyse(source.File, source.Body, source.Markdown, render.BodyPlace)
	parts.Layout = c.layouts[source.Layout.S]
	for _, name := range parts.Body.Blocks {
		if b, ok := c.blocks[name]; ok {
			parts.Blocks = append(parts.Blocks, b)
		}
	}
	return parts
}

// Message returns a compiled template by name.
func (w *Workspace) Message(name string) (*render.Message, bool) {
	return find(w.Messages, func(m *render.Message) bool { return m.Name == name })
}
