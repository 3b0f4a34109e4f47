// Package blocks holds Dynamic Blocks: places in a message whose content is chosen for each person by rules on attributes.
//
// It knows a block's file and how a variant is chosen and why; it leaves conditions to audience, Liquid and Markdown to templates,
// and what a variant looks like to render. In call order: [Block.ReadBody] reads a file's variants; [NewChooser] compiles the blocks of a
// message against a selection of attributes; [Chooser.Choose] picks a variant of each for one person, as indexes; and
// [Chooser.Explain] says in words why it was that one.
package blocks

import (
	"fmt"
	"time"

	"germane/audience"
	"germane/internal/finding"
	"germane/templates"
)

// Block is a place in a message.
type Block struct {
	Name        string
	Description string
	Owner       string        // whom to ask; "" when not known
	Goal        audience.Goal // what the block is meant to bring about; zero when not declared
	Control     float64       // share of people, 0 to 1, who get `otherwise` to measure against
	ReviewBy    time.Time     // the day, at midnight UTC, by which somebody should look at the rules; zero when not declared
	Variants    []Variant     // in the order they are tried; the last one is `otherwise`
	File        *finding.File
}

// Variant is one of a block's contents.
type Variant struct {
	Name  string // "otherwise" for the last
	Place templates.Span
	Rule  *audience.Rule   // nil for otherwise
	Body  []templates.Node // its HTML
	Text  []templates.Node // its plain text: the same Liquid and links
}

// Otherwise names the variant that is chosen when no rule is true.
const Otherwise = "otherwise"

// maxVariants is how many a choice's index can tell apart.
const maxVariants = 255

// ReadBody reads the variants from a block's body, which is HTML, or Markdown in the looks of a theme. Whatever is found, the variants that are there come
// with it, so that all of them can be checked.
func (b *Block) ReadBody(body finding.Text, markdown bool, theme *templates.Theme, scope *audience.Scope) []finding.Finding {
	findings := templates.ForeignTags(body)
	tokens, more := templates.Lex(body)
	findings = append(findings, more...)
	sections, more := templates.Sections(tokens, body)
	findings = append(findings, more...)
	for i := range sections {
		variant, more := readVariant(&sections[i], b.File, markdown, theme, scope)
		b.Variants, findings = append(b.Variants, variant), append(findings, more...)
	}
	if len(b.Variants) > maxVariants {
		extra := b.Variants[maxVariants].Place
		findings = append(findings, b.File.At(extra.Start, extra.End, "too-many-variants",
			fmt.Sprintf("a block has at most %d variants", maxVariants), "a block this large cannot be measured: split it"))
	}
	return findings
}

func readVariant(section *templates.Section, file *finding.File, markdown bool, theme *templates.Theme, scope *audience.Scope) (Variant, []finding.Finding) {
	v := Variant{Name: section.Name.S, Place: section.Span}
	var findings []finding.Finding
	if section.Otherwise {
		v.Name = Otherwise
	} else if section.When.File != nil {
		v.Rule, findings = audience.ParseRule(section.When, scope)
	}
	var more []finding.Finding
	v.Body, v.Text, more = templates.Body(section.Body, file, markdown, theme)
	return v, append(findings, more...)
}
