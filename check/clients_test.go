package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"germane/workspace"
)

// TestClientData holds the embedded data to what is read of it.
func TestClientData(t *testing.T) {
	t.Parallel()
	c, err := readClients(caniemail)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.features) < 300 || len(c.Clients) < 40 || c.Updated < "2026-01-01" {
		t.Errorf("%d features, %d programs, of %s", len(c.features), len(c.Clients), c.Updated)
	}
	slugs := map[string]bool{}
	for i := range c.features {
		f := &c.features[i]
		slugs[f.slug] = true
		if len(signsOf(f)) == 0 && f.slug != "bimi" { // which is no part of a message
			t.Errorf("nothing shows the use of %s (%s)", f.slug, f.title)
		}
	}
	for slug := range otherSigns {
		if !slugs[slug] {
			t.Errorf("the data has no %s", slug)
		}
	}
	if known := slices.Sorted(maps.Keys(c.Families)); !slices.Equal(known, workspace.KnownClients()) {
		t.Errorf("germane.yaml may name %v, the data knows %v", workspace.KnownClients(), known)
	}
	for _, broken := range []string{`{`, `{"clients":["a/b"],"features":[["x","css","x","",""]]}`, `{"clients":["a/b"],"features":[["x","css","x","","q"]]}`} {
		if _, err := readClients([]byte(broken)); err == nil {
			t.Errorf("%s is read", broken)
		}
	}
}

// TestFeatures finds what a page uses, and nothing else.
func TestFeatures(t *testing.T) {
	t.Parallel()
	for html, want := range map[string]string{
		``:                                     "",
		`<p>text`:                              "html-p",
		`<!doctype html>`:                      "html-doctype",
		`<!DOCTYPE html PUBLIC "-//W3C//DTD">`: "",
		`<!-- note -->`:                        "html-comments",
		`<!--[if mso]><table></table><![endif]-->`: "",
		`<a href="#x">`:                                  "html-anchor-links",
		`<a href="#">`:                                   "",
		`<a href="mailto:a@acme.example">`:               "html-mailto-links",
		`<input>`:                                        "html-input-text",
		`<input type="checkbox" required>`:               "html-input-checkbox html-required",
		`<img src="https://acme.example/a.webp?x=1">`:    "html-img image-webp",
		`<img src="data:image/svg+xml;base64,x">`:        "html-img image-base64 image-svg",
		`<picture><source srcset="a.avif 2x, b.png">`:    "html-picture html-srcset image-avif image-png",
		`<meta name="color-scheme" content="x">`:         "html-meta-color-scheme",
		`<i style="gap: 1vw">`:                           "css-gap css-unit-vw",
		`<i style="display:inline-flex">`:                "css-display css-display-flex",
		`<i style="color:red!important">`:                "css-important",
		`<i style="border-top-left-radius:1px">`:         "css-border-radius css-unit-px",
		`<i style="border-top:0">`:                       "css-border",
		`<i style="-webkit-hyphens:auto">`:               "css-hyphens",
		`<i style="color:rgb(1,2,3);width:min(1ch,2%)">`: "css-function-min css-rgb css-unit-ch css-unit-percent css-width",
		`<i style="background:url(a.jpg)">`:              "css-background image-jpg",
		`<i style="--x:1;color:var(--x)">`:               "css-variables",
		`<style>@media (prefers-color-scheme:dark) and (min-width:1px){b{color:red}}</style>`: "css-at-media css-at-media-prefers-color-scheme css-selector-type css-unit-px html-style",
		`<style>.a.b > c ~ d + e{}</style>`:                                                   "css-selector-adjacent-sibling css-selector-chaining css-selector-child css-selector-class css-selector-general-sibling css-selector-type html-style",
		`<style>a b{}</style>`:                                                                "css-selector-descendant css-selector-type html-style",
		`<style>#a, *{}</style>`:                                                              "css-selector-grouping css-selector-id css-selector-universal html-style",
		`<style>[x]::before{}</style>`:                                                        "css-pseudo-element-before css-selector-attribute html-style",
		`<style>.a:hover{}</style>`:                                                           "css-pseudo-class-hover css-selector-class html-style",
		`<style>/* x */ @font-face{font-family:x}</style>`:                                    "css-at-font-face css-comments css-font html-style",
		`<style>.a{& .b{width:1px}}</style>`:                                                  "css-nesting",
		`text that says display:grid and <&lt;video>`:                                         "",
	} {
		t.Run(html, func(t *testing.T) {
			t.Parallel()
			found := featuresOf(html)
			if want == "css-nesting" { // of which much else is seen, too
				if found[want] == nil {
					t.Errorf("got %v", found)
				}
				return
			}
			if got := strings.Join(slices.Sorted(maps.Keys(found)), " "); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestClients(t *testing.T) {
	t.Parallel()
	s := Clients("<p>Hello\n<video\n></video>\n<style>\n\n.a { gap: 1px }\n</style>\n<video></video>", []string{"gmail", "outlook"})
	lines := map[string]string{}
	for _, p := range s.Problems {
		lines[p.Feature] = fmt.Sprint(p.Lines)
		for _, c := range p.Clients {
			if c.Family != "gmail" && c.Family != "outlook" || c.Family+"/"+c.Platform == retired[0] || c.Support != "no" && c.Support != "partly" {
				t.Errorf("%s: %+v", p.Feature, c)
			}
		}
		if p.Tested == "" || p.Title == "" {
			t.Errorf("%+v", p)
		}
	}
	if lines["html-video"] != "[2 8]" || lines["css-gap"] != "[6]" || lines["html-p"] != "" {
		t.Errorf("got %v", lines)
	}
	if none := Clients("<p>Hello", []string{"gmail"}); len(none.Problems) != 0 || none.Features != 1 {
		t.Errorf("got %+v", none)
	}
}

// FuzzClients reads what is no page.
func FuzzClients(f *testing.F) {
	for _, seed := range []string{`<style>@media{`, `<i style="a:b;c:url(`, `<img src="data:image/">`, `<img srcset=",, ,">`, "<style>}}}\n/*", `<a href=:>`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		for slug, lines := range featuresOf(source) {
			if len(lines) == 0 || len(lines) > maxLines || slices.Min(lines) < 1 || slices.Max(lines) > strings.Count(source, "\n")+1 {
				t.Errorf("%s in lines %v", slug, lines)
			}
		}
	})
}

func BenchmarkClients(b *testing.B) {
	source := strings.Repeat(`<table role="presentation"><tr><td style="padding:0 40px;color:#1a202c;font:16px/26px sans-serif">Hello</td></tr></table>`, 80)
	b.ReportAllocs()
	for b.Loop() {
		Clients(source, []string{"gmail", "outlook", "apple-mail", "yahoo"})
	}
}
