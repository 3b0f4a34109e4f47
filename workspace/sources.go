package workspace

import (
	"fmt"
	"strings"
	"time"

	"germane/audience"
	"germane/blocks"
	"germane/internal/document"
	"germane/internal/finding"
	"germane/templates"
)

// TemplateSource is a templates/NAME.md or .html before it is compiled. Texts that are not written have no File.
type TemplateSource struct {
	Name        string
	File        *finding.File
	Markdown    bool         // otherwise HTML
	Subject     finding.Text // Liquid
	Preheader   finding.Text // Liquid
	Layout      finding.Text // a layout's name
	Sender      finding.Text // a sender's name
	Description string
	Body        finding.Text
}

// BlockSource is a blocks/NAME.md or .html before it is compiled.
type BlockSource struct {
	Name        string
	File        *finding.File
	Markdown    bool // otherwise HTML
	Owner       string
	Goal        finding.Text
	Wanted      audience.Goal // what Goal says; zero: no goal, or one that cannot be read
	Control     float64       // fraction of people who get `otherwise`, to measure against; 0: none
	ReviewBy    time.Time     // a date; zero: none
	Description string
	Body        finding.Text
	Compiled    *blocks.Block // what its rules and variants are; those with mistakes hold [audience.Invalid] conditions
}

// LayoutSource is a layouts/NAME.html before it is compiled.
type LayoutSource struct {
	Name string
	File *finding.File
	Body finding.Text
}

// frontFormat is the notation of front matter: copy and rules are raw text.
var frontFormat = document.Format{Raw: []string{"subject", "preheader", "when", "audience", "goal"}}

// frontMatter opens the settings at the top of a message or block.
func frontMatter(r *document.Reader, file *finding.File, what string) (*document.Fields, finding.Text) {
	front, body, ok, findings := templates.SplitFrontMatter(file)
	r.Findings = append(r.Findings, findings...)
	if !ok {
		return r.Map(&document.Node{Text: front}, what), body
	}
	doc, findings := document.Parse(front, frontFormat)
	r.Findings = append(r.Findings, findings...)
	return r.Map(doc, what), body
}

func readTemplate(r *document.Reader, src source) *TemplateSource {
	t := &TemplateSource{Name: src.name, File: src.file, Markdown: src.extension == ".md"}
	before := len(r.Findings)
	f, body := frontMatter(r, src.file, "front matter")
	t.Body = body
	if !finding.HasErrors(r.Findings[before:]) { // else the subject may be there and only not read
		f.Require("subject", "this template", "write it between two lines --- at the top of the file, such as subject: Your week at Acme")
	}
	t.Subject, _ = f.Text("subject")
	t.Preheader, _ = f.Text("preheader")
	t.Layout, _ = f.Text("layout")
	t.Sender, _ = f.Text("sender")
	t.Description = f.String("description")
	f.Done("a template's front matter")
	reportEmpty(r, src.file, body, "this template has no message", "write the message below the second ---")
	return t
}

func readBlock(r *document.Reader, src source, events *audience.Events) *BlockSource {
	b := &BlockSource{Name: src.name, File: src.file, Markdown: src.extension == ".md"}
	f, body := frontMatter(r, src.file, "front matter")
	b.Body = body
	b.Owner = f.String("owner")
	b.Description = f.String("description")
	b.Control = f.SomeShare("control", "a control of everybody shows the variants to nobody", "use a share below 100%, such as control: 10%")
	if text, ok := f.Text("goal"); ok {
		b.Goal = text
		goal, findings := audience.ParseGoal(text, events)
		b.Wanted, r.Findings = goal, append(r.Findings, findings...)
	}
	if text, ok := f.Text("review_by"); ok {
		b.ReviewBy = readDate(r, text)
	}
	f.Done("a block's front matter")
	reportEmpty(r, src.file, body, "this block has no variants", "write {% variant NAME when RULE %} and its content, and {% otherwise %} last")
	return b
}

func readDate(r *document.Reader, text finding.Text) time.Time {
	date, err := time.Parse("2006-01-02", text.S)
	if err != nil {
		r.Add(text.Whole("bad-date", fmt.Sprintf("%q is not a date of the calendar", text.S), "write year, month and day, such as 2027-03-31"))
	}
	return date
}

func readLayout(r *document.Reader, src source) *LayoutSource {
	body := src.file.All()
	reportEmpty(r, src.file, body, "this layout has no page", "write an HTML page with {{ content }} where the message goes")
	return &LayoutSource{Name: src.name, File: src.file, Body: body}
}

func reportEmpty(r *document.Reader, file *finding.File, body finding.Text, text, hint string) {
	if strings.TrimSpace(body.S) == "" {
		r.Add(about(file.Name, "empty-file", text, hint))
	}
}
