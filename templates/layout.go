package templates

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed layout/default.html
var defaultLayout string

// Layout is the page that messages have which name no layout: HTML with Liquid, to be read like a user's own. It prints content,
// subject, preheader, brand.logo (if the brand has one), links.unsubscribe, links.preferences, sender.name, sender.postal_address
// and campaign.topic_title.
func (t *Theme) Layout() string {
	direction, start := "ltr", "left"
	if t.RTL {
		direction, start = "rtl", "right"
	}
	logo := "{{ sender.name }}"
	if t.logo {
		logo = `<img src="{{ brand.logo }}" alt="{{ sender.name }}" height="32" style="display:block;height:32px;width:auto;border:0">`
	}
	l, d := &t.light, &t.dark
	return strings.NewReplacer(
		"@lang@", t.Language, "@dir@", direction, "@start@", start, "@logo@", logo,
		"@font@", t.font, "@msofont@", outlookFont(t.font), "@width@", fmt.Sprint(pageWidth), "@pad@", fmt.Sprint(cardPadding),
		"@page@", l.page.String(), "@card@", l.card.String(), "@ink@", l.ink.String(), "@header@", l.header.String(), "@footer@", l.footer.String(),
		"@dpage@", d.page.String(), "@dcard@", d.card.String(), "@dink@", d.ink.String(), "@dmuted@", d.muted.String(), "@dheader@", d.header.String(), "@dfooter@", d.footer.String(),
		"@dsoft@", d.soft.String(), "@dcode@", d.code.String(), "@dline@", d.line.String(), "@daccent@", d.accent.String(), "@dbutton@", d.button.String(), "@dlabel@", d.label.String(),
	).Replace(defaultLayout)
}

// outlookFont leaves out what Outlook for Windows does not know: it shows Times instead of the next font.
func outlookFont(font string) string {
	return strings.TrimPrefix(font, "-apple-system,")
}
