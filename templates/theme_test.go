package templates

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"germane/internal/finding"
)

func TestContrast(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want float64 // as published for these pairs
	}{{"#000", "#fff", 21}, {"#777777", "#fff", 4.48}, {"#ff0000", "#00ff00", 2.91}} {
		a, _ := parseColour(c.a)
		b, _ := parseColour(c.b)
		if got := contrast(a, b); got < c.want-0.01 || got > c.want+0.01 {
			t.Errorf("%s on %s: %.3f, want %.2f", c.a, c.b, got, c.want)
		}
	}
}

// TestThemeIsReadable shows that all text can be read whatever the brand's colours are.
func TestThemeIsReadable(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 1))
	any := func() string { return fmt.Sprintf("#%06x", random.IntN(1<<24)) }
	for range 3000 {
		brand := map[string]string{"accent": any(), "ink_color": any(), "muted_colour": any(), "background_color": any()}
		if random.IntN(2) == 0 {
			card := black.towards(colour{uint8(random.IntN(256)), uint8(random.IntN(256)), uint8(random.IntN(256))}, 0.25)
			if random.IntN(2) == 0 {
				card = white.towards(card, 0.2)
			}
			brand["card_color"] = card.String()
		}
		theme := NewTheme(brand)
		for mode, p := range map[string]palette{"light": theme.light, "dark": theme.dark} {
			for _, pair := range []struct {
				name   string
				a, b   colour
				wanted float64
			}{
				{"text", p.ink, p.card, 4.5},
				{"text in a box", p.ink, p.soft, 4.5},
				{"code", p.ink, p.code, 4.5},
				{"quote", p.muted, p.card, 4.5},
				{"link", p.accent, p.card, 4.5},
				{"link in a box", p.accent, p.soft, 4.5},
				{"button", p.button, p.card, 1.4},
				{"label", p.label, p.button, 4.5},
				{"header", p.header, p.page, 4.5},
				{"footer", p.footer, p.page, 4.5},
			} {
				if got := contrast(pair.a, pair.b); got < pair.wanted {
					t.Fatalf("%s, %s of %v: %v on %v has %.2f", mode, pair.name, brand, pair.a, pair.b, got)
				}
			}
		}
	}
}

func TestThemeOfBrand(t *testing.T) {
	t.Parallel()
	theme := NewTheme(map[string]string{
		"accent": "red", "font": `Inter, "Helvetica Neue", sans-serif`, "heading_font": `x;} </style>`, "language": "ar-EG", "background": "#abc",
	})
	if theme.light.accent != NewTheme(nil).light.accent || theme.font != "Inter, 'Helvetica Neue', sans-serif" || theme.headings != "" {
		t.Errorf("accent %v, fonts %q and %q", theme.light.accent, theme.font, theme.headings)
	}
	if !theme.RTL || theme.Language != "ar-EG" || theme.light.page.String() != "#aabbcc" {
		t.Errorf("RTL %v, language %s, page %s", theme.RTL, theme.Language, theme.light.page)
	}
}

// TestLayout reads the built-in layout as a user's would be read.
func TestLayout(t *testing.T) {
	t.Parallel()
	for _, brand := range []map[string]string{nil, {"logo": "assets/logo.png"}, {"language": "he"}} {
		theme := NewTheme(brand)
		file := finding.NewFile("layout.html", theme.Layout())
		if left := regexp.MustCompile("@[a-z]+@").FindString(file.Text); left != "" {
			t.Errorf("%s is not filled in", left)
		}
		tokens, findings := Lex(file.All())
		html, text, more := Body(tokens, file, false, theme)
		if len(findings)+len(more) > 0 || len(html) == 0 || len(text) == 0 {
			t.Errorf("findings %v %v", findings, more)
		}
		_, plain := streams("layout.html", file.Text)
		head, foot, _ := strings.Cut(written(plain), "{{ content }}")
		if brand["logo"] != "" && head != "[{{ sender.name }}]\n\n" || brand["logo"] == "" && head != "{{ sender.name }}\n\n" {
			t.Errorf("text above the content: %q", head)
		}
		if want := "You get this because you subscribed to {{ campaign.topic_title }} from {{ sender.name }}.\n\n" +
			"Unsubscribe ({{ links.unsubscribe }}) · Choose what you get ({{ links.preferences }})\n\n{{ sender.name }}, {{ sender.postal_address }}\n\n"; foot != want {
			t.Errorf("text below the content:\n%s\nwant\n%s", foot, want)
		}
	}
}

// TestStyles shows what elements become in a theme.
func TestStyles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, source, html string }{
		{"a paragraph", "a", `<p style="margin:0 0 16px">a</p>` + "\n"},
		{"a link", "[a](https://a.example)", `<p style="margin:0 0 16px"><a class="g-link" style="color:#2457d6;text-decoration:underline" href="‹https://a.example›">a</a></p>` + "\n"},
		{
			"a button alone is a table", "[a](https://a.example){.button}",
			`<table role="presentation" cellpadding="0" cellspacing="0" border="0"><tr><td style="padding:8px 0 20px"><table role="presentation" cellpadding="0" cellspacing="0" border="0">` +
				`<tr><td class="g-button" bgcolor="#2457d6" style="border-radius:8px;background-color:#2457d6;mso-padding-alt:13px 26px"><a class="g-label" style="display:inline-block;padding:13px 26px;` +
				`border-radius:8px;color:#ffffff;font-size:16px;line-height:22px;font-weight:600;text-decoration:none;mso-padding-alt:0" href="‹https://a.example›">a</a></td></tr></table></td></tr></table>` + "\n",
		},
		{
			"a button in text is none", "Go: [a](https://a.example){.button}",
			`<p style="margin:0 0 16px">Go: <a class="g-button g-label" style="display:inline-block;padding:4px 14px;border-radius:6px;background-color:#2457d6;color:#ffffff;font-weight:600;text-decoration:none" href="‹https://a.example›">a</a></p>` + "\n",
		},
		{
			"an image alone", "![Chart](c.png){width=300}",
			`<p style="margin:0 0 16px"><img src="c.png" alt="Chart" width="300" class="g-muted" style="display:block;width:100%;max-width:300px;height:auto;border:0;color:#5b6472;font-size:14px;line-height:20px"></p>` + "\n",
		},
		{
			"an image in text", "a ![b](c.png)",
			`<p style="margin:0 0 16px">a <img src="c.png" alt="b" class="g-muted" style="vertical-align:middle;max-width:100%;height:auto;border:0;color:#5b6472;font-size:14px;line-height:20px"></p>` + "\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			file := finding.NewFile("a.md", c.source)
			tokens, _ := Lex(file.All())
			html, _, _ := Markdown(tokens, file, NewTheme(nil))
			if got := written(html); got != c.html {
				t.Errorf("got\n%s\nwant\n%s", got, c.html)
			}
		})
	}
}
