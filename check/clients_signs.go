package check

import (
	"regexp"
	"strings"
)

// A sign is what a page has that shows a feature's use: "element video", "attribute role", "property gap", "display:flex", "@media",
// "media hover", ":hover", "::before", "rgb()", "unit vw", "image webp", "selector class".

var (
	elementTitle   = regexp.MustCompile(`<([a-z0-9]+)(?: type="([a-z]+)")?>`)
	attributeTitle = regexp.MustCompile(`^(.+?) attributes?$`)
	mediaTitle     = regexp.MustCompile(`@media \(([a-z-]+)\)`)
	functionTitle  = regexp.MustCompile(`([a-z-]+)\(\)`)
	unitTitle      = regexp.MustCompile(`^(\S+) unit$`)
	valueTitle     = regexp.MustCompile(`^([a-z-]+): ?([a-z-]+)$`)
	propertyTitle  = regexp.MustCompile(`^[a-z]+(?:-[a-z]+)*$`)
)

// signsOf reads a feature's signs from its title, as far as titles follow a form; the others are listed.
func signsOf(f *feature) []string {
	if list, ok := otherSigns[f.slug]; ok {
		return list
	}
	switch f.category {
	case "html":
		return markupSigns(f.title)
	case "css":
		return styleSigns(f.title)
	}
	return nil
}

func markupSigns(title string) []string {
	var signs []string
	for _, match := range elementTitle.FindAllStringSubmatch(title, -1) {
		sign := "element " + match[1]
		if match[2] != "" {
			sign += " " + match[2]
		}
		signs = append(signs, sign)
	}
	if match := attributeTitle.FindStringSubmatch(title); match != nil && len(signs) == 0 {
		for name := range strings.SplitSeq(match[1], " and ") {
			signs = append(signs, "attribute "+name)
		}
	}
	return signs
}

func styleSigns(title string) []string {
	var signs []string
	add := func(matches [][]string, sign func(m []string) string) []string {
		for _, m := range matches {
			signs = append(signs, sign(m))
		}
		return signs
	}
	switch {
	case strings.HasPrefix(title, "@media ("):
		return add(mediaTitle.FindAllStringSubmatch(title, -1), func(m []string) string { return "media " + strings.TrimPrefix(m[1], "-webkit-") })
	case strings.HasPrefix(title, "@"):
		return []string{title}
	case strings.HasPrefix(title, ":"):
		return []string{strings.TrimSuffix(title, "()")}
	case unitTitle.MatchString(title):
		return []string{"unit " + unitTitle.FindStringSubmatch(title)[1]}
	case functionTitle.MatchString(title):
		return add(functionTitle.FindAllStringSubmatch(title, -1), func(m []string) string { return m[0] })
	case valueTitle.MatchString(title):
		match := valueTitle.FindStringSubmatch(title)
		return []string{match[1] + ":" + match[2]}
	}
	for _, end := range []string{" CSS property", " property", " shorthand"} {
		title = strings.TrimSuffix(title, end)
	}
	for _, name := range strings.FieldsFunc(title, func(c rune) bool { return c == ',' || c == '&' }) {
		if name = strings.TrimSpace(name); propertyTitle.MatchString(name) {
			signs = append(signs, "property "+name)
		}
	}
	return signs
}

func properties(names string) []string {
	var signs []string
	for _, name := range strings.Fields(names) {
		signs = append(signs, "property "+name)
	}
	return signs
}

func elements(names string) []string {
	var signs []string
	for _, name := range strings.Fields(names) {
		signs = append(signs, "element "+name)
	}
	return signs
}

// otherSigns are of features whose titles are words.
var otherSigns = map[string][]string{
	"amp":                    {"attribute ⚡4email", "attribute amp4email"},
	"html-address":           {"element address"},
	"html-anchor-links":      {"link #"},
	"html-comments":          {"comment"},
	"html-doctype":           {"doctype html"},
	"html-h1-h6":             elements("h1 h2 h3 h4 h5 h6"),
	"html-image-maps":        elements("map area"),
	"html-lists":             elements("ul ol dl"),
	"html-mailto-links":      {"link mailto"},
	"html-meta-color-scheme": {"meta color-scheme"},
	"html-semantics":         elements("article aside details figcaption figure footer header main mark nav section summary time"),
	"css-inert-attribute":    {"attribute inert"},

	"css-border-inline-block-individual": properties("border-inline-color border-inline-style border-inline-width border-block-color border-block-style border-block-width border-inline-start-color border-inline-start-style border-inline-start-width border-inline-end-color border-inline-end-style border-inline-end-width border-block-start-color border-block-start-style border-block-start-width border-block-end-color border-block-end-style border-block-end-width"),
	"css-border-inline-block-longhand":   properties("border-inline-start border-inline-end border-block-start border-block-end"),
	"css-border-radius-logical":          properties("border-start-start-radius border-start-end-radius border-end-start-radius border-end-end-radius"),
	"css-column-layout-properties":       properties("columns column-width column-fill column-rule column-rule-color column-rule-style column-rule-width column-span"),
	"css-grid-template":                  properties("grid-template grid-template-areas grid-template-columns grid-template-rows"),
	"css-scroll-snap":                    properties("scroll-snap-type scroll-snap-align scroll-snap-stop"),
	"css-comments":                       {"style comment"},
	"css-important":                      {"important"},
	"css-nesting":                        {"nesting"},
	"css-variables":                      {"variable"},
	"css-pseudo-class-lang":              {":lang"},
	"css-intrinsic-size":                 {"value fit-content", "value min-content", "value max-content"},
	"css-unit-initial":                   {"value initial"},
	"css-sytem-ui":                       {"value system-ui", "value ui-serif", "value ui-sans-serif", "value ui-rounded", "value ui-monospace"},

	"css-selector-adjacent-sibling": {"selector +"},
	"css-selector-attribute":        {"selector ["},
	"css-selector-chaining":         {"selector chain"},
	"css-selector-child":            {"selector >"},
	"css-selector-class":            {"selector ."},
	"css-selector-descendant":       {"selector descendant"},
	"css-selector-general-sibling":  {"selector ~"},
	"css-selector-grouping":         {"selector ,"},
	"css-selector-id":               {"selector #"},
	"css-selector-type":             {"selector type"},
	"css-selector-universal":        {"selector *"},

	"html-svg":     {"element svg"},
	"image-apng":   {"image apng"},
	"image-avif":   {"image avif"},
	"image-base64": {"image data"},
	"image-bmp":    {"image bmp"},
	"image-gif":    {"image gif"},
	"image-hdr":    {"image hdr"},
	"image-heif":   {"image heif", "image heic"},
	"image-ico":    {"image ico"},
	"image-jpg":    {"image jpg", "image jpeg"},
	"image-mp4":    {"image mp4"},
	"image-png":    {"image png"},
	"image-svg":    {"image svg"},
	"image-tiff":   {"image tiff", "image tif"},
	"image-webp":   {"image webp"},
}
