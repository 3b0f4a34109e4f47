package workspace

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"germane/internal/document"
	"germane/templates"
)

var colourForm = regexp.MustCompile(`^#(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$`)

// brand reads free constants. Those with a known meaning are checked: colours, fonts, the language, the logo, and everything named
// …_url.
func (cr *configReader) brand(n *document.Node) []BrandValue {
	f := cr.r.Map(n, "brand")
	var values []BrandValue
	for _, pair := range f.Node().Pairs {
		if !fieldForm.MatchString(pair.Key.S) {
			cr.r.Add(pair.Key.Whole("bad-name", fmt.Sprintf("%q cannot be the name of a brand value: templates call it brand.NAME", pair.Key.S), "use small letters, digits and _, at most 64, starting with a letter: app_url"))
			continue
		}
		if pair.Value.Kind == document.Null {
			cr.r.Add(pair.Key.Whole("missing-key", "brand."+pair.Key.S+" has no value", `write one; a # starts a comment in YAML, so a colour needs quotes: "#2457d6"`))
			continue
		}
		if text, ok := f.Text(pair.Key.S); ok {
			value := BrandValue{pair.Key.S, text}
			cr.brandValue(value)
			values = append(values, value)
		}
	}
	return values
}

func (cr *configReader) brandValue(value BrandValue) {
	text := value.Text
	switch {
	case strings.ContainsFunc(text.S, unicode.IsControl):
		cr.r.Add(text.Whole("bad-value", "brand."+value.Name+" contains a line break or another control character", "write it on one line"))
	case value.Name == "accent" || strings.HasSuffix(value.Name, "_color") || strings.HasSuffix(value.Name, "_colour"):
		if !colourForm.MatchString(text.S) {
			cr.r.Add(text.Whole("bad-colour", fmt.Sprintf("%q is not a colour", text.S), `write three or six hexadecimal digits in quotes: "#2457d6"`))
		}
	case (value.Name == "font" || value.Name == "heading_font") && !templates.ValidFont(text.S):
		cr.r.Add(text.Whole("bad-value", fmt.Sprintf("%q is not a list of fonts", text.S), `write names with commas between them, the usual ones last: font: "Inter, Helvetica, Arial, sans-serif"`))
	case value.Name == "language" && !templates.ValidLanguage(text.S):
		cr.r.Add(text.Whole("bad-value", fmt.Sprintf("%q is not the code of a language", text.S), "write what the lang attribute of HTML takes: en, de, pt-BR"))
	case value.Name == "logo" && webURL(text.S) == nil || strings.HasPrefix(text.S, "assets/"):
		if !cr.isAsset(text.S) {
			cr.r.Add(text.Whole("unknown-asset", fmt.Sprintf("there is no file %s", text.S), "put the image into assets/ and write assets/NAME"))
		}
	case strings.HasSuffix(value.Name, "_url") && webURL(text.S) == nil:
		cr.r.Add(text.Whole("bad-url", fmt.Sprintf("%q is not a web address", text.S), "write the whole address, such as https://app.acme.example"))
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
