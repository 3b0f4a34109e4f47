package templates

import (
	"regexp"
	"strings"
)

// Theme is how Markdown's elements and the built-in layout look: what a brand's constants say, and what follows from them so that
// all of it can be read, in light and in dark mode. It never changes.
type Theme struct {
	Language string // of the messages, for screen readers: "en"
	RTL      bool   // text runs from right to left

	logo     bool // the brand has one, as brand.logo
	font     string
	headings string // "" for the same font
	light    palette
	dark     palette
}

// palette are the colours of one mode.
type palette struct {
	page   colour // around the card
	header colour // text above the card
	footer colour // text below it
	card   colour // behind the text
	ink    colour // text
	muted  colour // text that is less important
	soft   colour // behind boxes
	code   colour // behind code
	line   colour // rules and borders
	accent colour // links
	button colour
	label  colour // text on buttons
}

// Text on light and on dark backgrounds, where the brand's own cannot be read.
var (
	darkInk, darkMuted   = colour{0x1a, 0x20, 0x2c}, colour{0x5b, 0x64, 0x72}
	lightInk, lightMuted = colour{0xe8, 0xea, 0xef}, colour{0xa6, 0xae, 0xbb}
)

const defaultFont = "-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"

// NewTheme makes a theme of a brand's constants: accent, ink_color, muted_color, background_color, card_color, font, heading_font,
// language and logo, all of which may be missing. Text colours are darkened or lightened until they can be read.
func NewTheme(brand map[string]string) *Theme {
	t := &Theme{Language: "en", logo: brand["logo"] != "", font: fontOf(brand["font"], defaultFont), headings: fontOf(brand["heading_font"], "")}
	if language := brand["language"]; ValidLanguage(language) {
		t.Language = language
	}
	primary, _, _ := strings.Cut(strings.ToLower(t.Language), "-")
	t.RTL = strings.Contains(" ar arc ckb dv fa he ks ps sd ug ur yi ", " "+primary+" ")
	accent := brandColour(brand, "accent", colour{0x24, 0x57, 0xd6})
	t.light = palette{page: brandColour(brand, "background", colour{0xf2, 0xf4, 0xf7}), card: brandColour(brand, "card", white)}
	t.light.complete(accent, brandColour(brand, "ink", darkInk), brandColour(brand, "muted", darkMuted))
	t.dark = palette{page: colour{0x14, 0x17, 0x1c}, card: colour{0x1e, 0x22, 0x2a}}
	t.dark.complete(accent, lightInk, lightMuted)
	return t
}

// complete derives the rest of a palette from its backgrounds and what the brand would like.
func (p *palette) complete(accent, ink, muted colour) {
	p.header = ink.insteadOf(readableText, p.page, darkInk, lightInk)
	p.footer = muted.insteadOf(readableText, p.page, darkMuted, lightMuted)
	p.ink = ink.insteadOf(readableBody, p.card, darkInk, lightInk)
	p.soft = p.card.towards(accent, 0.06)
	if p.card.luminance() < 0.2 {
		p.soft = p.card.towards(p.ink, 0.06)
	}
	p.code = p.card.towards(p.ink, 0.08)
	p.line = p.card.towards(p.ink, 0.14)
	p.muted = muted.insteadOf(readableText, p.card, darkMuted, lightMuted).readable(readableText, p.card, p.soft)
	p.accent = accent.readable(readableText, p.card, p.soft)
	p.button = accent.readable(visibleShape, p.card)
	p.label = p.button.textOn()
}

// brandColour reads NAME, NAME_color or NAME_colour.
func brandColour(brand map[string]string, name string, otherwise colour) colour {
	for _, key := range []string{name, name + "_color", name + "_colour"} {
		if c, ok := parseColour(brand[key]); ok {
			return c
		}
	}
	return otherwise
}

var (
	languageForm = regexp.MustCompile(`^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$`)
	fontForm     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9 ,'"-]{0,199}$`)
)

// ValidLanguage reports whether a text names a language as HTML's lang attribute takes it (BCP 47).
func ValidLanguage(text string) bool { return languageForm.MatchString(text) }

// ValidFont reports whether a text is a list of fonts, as in CSS.
func ValidFont(text string) bool {
	return fontForm.MatchString(text) && strings.Count(text, `"`)%2 == 0 && strings.Count(text, `'`)%2 == 0
}

// fontOf is a list of fonts as it may stand in a style attribute between double quotes.
func fontOf(font, otherwise string) string {
	if !ValidFont(font) {
		return otherwise
	}
	return strings.ReplaceAll(font, `"`, `'`)
}

// sides writes a margin or padding whose left and right change places where text runs from right to left.
func (t *Theme) sides(property, top, right, bottom, left string) string {
	if t.RTL {
		right, left = left, right
	}
	return property + ":" + top + " " + right + " " + bottom + " " + left
}
