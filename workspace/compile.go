package workspace

import (
	"fmt"
	"slices"
	"strings"

	"germane/audience"
	"germane/blocks"
	"germane/internal/document"
	"germane/internal/finding"
	"germane/render"
	"germane/schedule"
	"germane/templates"
)

// compiler proves every message of a workspace.
type compiler struct {
	w          *Workspace
	r          *document.Reader
	vocabulary *render.Vocabulary
	theme      *templates.Theme
	blocks     map[string]render.BlockParts
	layouts    map[string]pair
}

// pair is a piece of a message as HTML and as plain text.
type pair struct{ html, plain *render.Analysis }

// builtIn stands for the layout of Markdown messages that name none. HTML messages that name none are whole pages.
const builtIn = ""

func (t *TemplateSource) usesBuiltIn() bool { return t.Markdown && t.Layout.File == nil }

// compile reads all Liquid of the workspace, proves it, and makes its messages.
func (w *Workspace) compile(r *document.Reader) {
	c := &compiler{w: w, r: r, vocabulary: w.vocabulary(), blocks: map[string]render.BlockParts{}, layouts: map[string]pair{}}
	c.theme = templates.NewTheme(c.vocabulary.Brand)
	if slices.ContainsFunc(w.Templates, (*TemplateSource).usesBuiltIn) {
		page := finding.NewFile("the built-in layout", c.theme.Layout())
		c.layouts[builtIn] = c.body(page, page.All(), false, render.LayoutPlace)
	}
	for _, source := range w.Blocks {
		c.block(source)
	}
	for _, source := range w.Layouts {
		c.layouts[source.Name] = c.body(source.File, source.Body, false, render.LayoutPlace)
	}
	parts := make([]*render.Parts, len(w.Templates))
	used := map[string]bool{}
	sound := !brokenTemplate(r.Findings) // else a block may be used and only not read
	for i, source := range w.Templates {
		before := len(r.Findings)
		parts[i] = c.parts(source)
		for _, name := range parts[i].Body.Blocks {
			used[name] = true
		}
		sound = sound && !finding.HasErrors(r.Findings[before:])
	}
	if !finding.HasErrors(r.Findings) {
		for i, source := range w.Templates {
			c.messages(source, parts[i])
		}
	}
	for _, source := range w.Blocks {
		if sound && !used[source.Name] {
			r.Add(about(source.File.Name, "unused-block", "no template uses the block "+source.Name, "place it with {% block "+source.Name+" %}, or delete the file"))
		}
	}
}

// messages compiles a template for each campaign that sends it. What the first one sends also stands for the template itself; a
// template that none sends is compiled for itself.
func (c *compiler) messages(source *TemplateSource, parts *render.Parts) {
	var first *render.Message
	for _, campaign := range c.w.Campaigns {
		if campaign.Template.S != source.Name {
			continue
		}
		message := c.message(source, *parts, campaign)
		if first == nil {
			first = message
		}
		if message != nil && campaign.Rule != nil {
			c.w.sendings[campaign.Name] = sending{message, campaign.Rule.Compile(message.Selection)}
		}
	}
	if first == nil {
		first = c.message(source, *parts, nil)
	}
	if first != nil {
		c.w.Messages = append(c.w.Messages, first)
	}
}

// message compiles a template for a campaign, or for none; nil when its sender cannot stand in a message, which is a finding.
func (c *compiler) message(source *TemplateSource, parts render.Parts, campaign *schedule.Campaign) *render.Message {
	sender := c.sender(source, campaign)
	parts.Sender = render.Sender{Name: sender.DisplayName, Email: sender.Email, ReplyTo: sender.ReplyTo}
	parts.Constants, parts.Opens = c.w.constants(&sender, campaign), c.w.Config.Track.Opens
	if campaign != nil {
		c.address(&parts, campaign)
	}
	message, err := render.Compile(&parts, c.vocabulary)
	if err != nil {
		c.r.Add(about("germane.yaml", "bad-sender", "the sender of "+parts.Name+" cannot stand in a message: "+err.Error(), "write its name and address anew under senders"))
		return nil
	}
	return message
}

func (w *Workspace) vocabulary() *render.Vocabulary {
	v := &render.Vocabulary{Catalogue: w.Catalogue, Brand: map[string]string{}, Data: map[string]render.Value{}, Constants: w.constants(&Sender{}, nil)}
	for _, constant := range w.Config.Brand {
		v.Brand[constant.Name] = w.assetURL(constant.Text.S)
	}
	for _, file := range w.Data {
		v.Data[file.Name] = file.Data.value()
	}
	for _, source := range w.Blocks {
		v.Blocks = append(v.Blocks, source.Name)
	}
	return v
}

// constants are what messages print of their sender, and of the campaign that they are compiled for.
func (w *Workspace) constants(sender *Sender, campaign *schedule.Campaign) map[string]string {
	constants := map[string]string{
		"sender.name": sender.DisplayName, "sender.email": sender.Email, "sender.postal_address": sender.PostalAddress,
		"campaign.name": "", "campaign.topic": "", "campaign.objective": "", "campaign.topic_title": "news",
	}
	if campaign == nil {
		return constants
	}
	constants["campaign.name"], constants["campaign.topic"], constants["campaign.objective"] = campaign.Name, campaign.Topic.S, campaign.Objective
	for _, topic := range w.Config.Topics {
		if topic.Name == campaign.Topic.S {
			constants["campaign.topic_title"] = topic.Title
		}
	}
	return constants
}

func (c *compiler) add(findings []finding.Finding) {
	c.r.Findings = append(c.r.Findings, findings...)
}

func (c *compiler) block(source *BlockSource) {
	b := &blocks.Block{
		Name: source.Name, Description: source.Description, Owner: source.Owner, Goal: source.Wanted, Control: source.Control,
		ReviewBy: source.ReviewBy, File: source.File,
	}
	source.Compiled = b
	c.add(b.ReadBody(source.Body, source.Markdown, c.theme, c.w.Scope))
	parts := render.BlockParts{Block: b}
	var before []*audience.Rule
	for i := range b.Variants {
		variant := &b.Variants[i]
		html := &render.Piece{File: source.File, Nodes: variant.Body, Place: render.VariantPlace, Present: present(variant.Rule, before)}
		both := c.both(html, variant.Text)
		parts.HTML, parts.Plain = append(parts.HTML, both.html), append(parts.Plain, both.plain)
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

// both proves a piece as HTML and as plain text. What both have wrong is reported once.
func (c *compiler) both(html *render.Piece, text []templates.Node) pair {
	c.assets(html.File, html.Nodes)
	plain := *html
	plain.Nodes, plain.Plain = text, true
	var p pair
	var findings []finding.Finding
	p.html, findings = render.Analyse(html, c.vocabulary)
	c.add(findings)
	p.plain, findings = render.Analyse(&plain, c.vocabulary)
	c.add(findings)
	return p
}

// body parses and proves a template's body or a layout.
func (c *compiler) body(file *finding.File, text finding.Text, markdown bool, place render.Place) pair {
	tokens, ok := c.lex(text)
	if place == render.LayoutPlace {
		tokens = templates.InlineStyles(tokens, false)
	}
	html, plain, findings := templates.Body(tokens, file, markdown, c.theme)
	c.add(findings)
	if !ok || unclosed(findings) {
		return pair{&render.Analysis{}, &render.Analysis{}} // what stands inside what is anybody's guess
	}
	return c.both(&render.Piece{File: file, Nodes: html, Place: place}, plain)
}

// line parses and proves a subject or preheader.
func (c *compiler) line(file *finding.File, text finding.Text) *render.Analysis {
	tokens, ok := c.lex(text)
	nodes, findings := templates.Parse(tokens, templates.Mail)
	c.add(findings)
	if !ok || unclosed(findings) {
		return &render.Analysis{}
	}
	analysis, findings := render.Analyse(&render.Piece{File: file, Nodes: nodes, Place: render.LinePlace}, c.vocabulary)
	c.add(findings)
	return analysis
}

// lex cuts a text into tokens; ok says that nothing is wrong with them.
func (c *compiler) lex(text finding.Text) (tokens []templates.Token, ok bool) {
	c.add(templates.ForeignTags(text))
	tokens, findings := templates.Lex(text)
	c.add(findings)
	return tokens, !finding.HasErrors(findings)
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
		parts.Subject = c.line(source.File, source.Subject)
	}
	if source.Preheader.File != nil {
		parts.Preheader = c.line(source.File, source.Preheader)
	}
	body := c.body(source.File, source.Body, source.Markdown, render.BodyPlace)
	parts.Body, parts.Plain = body.html, body.plain
	if source.Markdown || source.Layout.File != nil {
		layout := c.layouts[source.Layout.S]
		parts.Layout, parts.LayoutPlain = layout.html, layout.plain
	}
	for _, name := range parts.Body.Blocks {
		if b, ok := c.blocks[name]; ok {
			parts.Blocks = append(parts.Blocks, b)
		}
	}
	c.whole(source, parts)
	return parts
}

// whole checks what only a message as a whole can tell: that everybody has something to read, and how large it may become.
func (c *compiler) whole(source *TemplateSource, parts *render.Parts) {
	size, reads := parts.Body.Bytes+parts.Plain.Bytes, parts.Plain.Prints
	for _, p := range []*render.Analysis{parts.Layout, parts.LayoutPlain} {
		if p != nil {
			size += p.Bytes
		}
	}
	for _, b := range parts.Blocks {
		largest, all := 0, len(b.Plain) > 0
		for i := range b.Plain {
			largest, all = max(largest, b.HTML[i].Bytes+b.Plain[i].Bytes), all && b.Plain[i].Prints
		}
		size, reads = size+largest, reads || all
	}
	if size > maxMessageBytes {
		c.r.Add(about(source.File.Name, "too-large", fmt.Sprintf("with its layout and blocks this message could become %d MB for somebody", size>>20), "limit its loops: {% for x in list limit: 3 %}"))
	}
	if finding.HasErrors(c.r.Findings) {
		return // then what is missing may be what could not be read
	}
	if !reads {
		c.r.Add(about(source.File.Name, "may-be-empty", "some people would get nothing to read: all of this message is inside conditions, loops or blocks", "write a sentence for everybody, or {% skip \"nothing to say\" %} where there is none"))
	}
	if parts.Subject != nil && !parts.Subject.Prints {
		c.r.Add(source.Subject.At(0, len(source.Subject.S), "may-be-empty", "some people would get no subject", "add {% else %} to its conditions"))
	}
}

// maxMessageBytes is how large a message may become for anybody. Encoding makes at most four times as much of it, and 40 MB is what
// Amazon SES takes.
const maxMessageBytes = 8 << 20

// sender is whom a template comes from: the sender that its campaign names, or the template, or the default one.
func (c *compiler) sender(source *TemplateSource, campaign *schedule.Campaign) Sender {
	name := "default"
	switch {
	case campaign != nil && campaign.Sender.S != "":
		name = campaign.Sender.S
	case source.Sender.File != nil:
		name = source.Sender.S
	}
	s, _ := c.w.Config.Sender(name)
	return s
}

// address makes a message's parts those of a campaign: its headers, and what analytics know its links by.
func (c *compiler) address(parts *render.Parts, campaign *schedule.Campaign) {
	parts.ListID, parts.Campaign = campaign.Topic.S, campaign.Name
	if c.w.Config.Track.UTM {
		parts.UTM = func(address string) string { return addUTM(address, campaign.Topic.S, campaign.Name) }
	}
}
