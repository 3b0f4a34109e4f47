package check

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"germane/internal/finding"
)

// page is an HTML template that has nothing wrong, with a place for what has.
func htmlTemplate(body string) string {
	return "---\nsubject: Hello\n---\n<!doctype html><html lang=\"en\"><head><title>x</title></head><body>\n<h1>Hello</h1>\n" + body + "\n<p><a href=\"{{ links.unsubscribe }}\">Unsubscribe</a></p></body></html>\n"
}

// TestLint holds each finding to its place: file:line:column code.
func TestLint(t *testing.T) {
	t.Parallel()
	body := func(html string) []string { return []string{"templates/page.html", "", htmlTemplate(html)} }
	markdown := func(text string) []string {
		return []string{"templates/page.md", "", "---\nsubject: Hello\n---\n# Hello\n\n" + text + "\n"}
	}
	for _, test := range []struct {
		name    string
		changes []string
		want    string
	}{
		{"the starter", nil, ""},
		{"nothing wrong", body("<p>Hello</p>"), ""},

		{"http", body(`<a href="http://acme.example/a">All of it</a>`), "templates/page.html:6:10 link-not-https"},
		{"http in Markdown", markdown("See [all of it](http://acme.example/a)."), "templates/page.md:6:5 link-not-https"},
		{"http in a variant", []string{"blocks/hero.md", "{{ brand.app_url }}/templates/new", "http://acme.example/new"}, "blocks/hero.md:21:1 link-not-https"},
		{"no scheme", markdown("See [all of it](acme.example/a)."), "templates/page.md:6:5 bad-link"},
		{"relative", markdown("See [all of it](/a)."), "templates/page.md:6:5 bad-link"},
		{"a space", body(`<a href="https://acme.example/a b">All of it</a>`), "templates/page.html:6:10 bad-link"},
		{"no host outside", markdown("See [all of it](https://intranet/a)."), "templates/page.md:6:5 bad-link"},
		{"nowhere", body(`<a href="#">All of it</a>`), "templates/page.html:6:1 placeholder-link"},
		{"an anchor", body(`<a href="#x">All of it</a> <p id="x">x</p>`), ""},
		{"mail and telephone", markdown("[Write](mailto:a@acme.example) or [call](tel:+491234)."), ""},
		{"example.com", markdown("See [all of it](https://www.example.com/a)."), "templates/page.md:6:5 placeholder-link"},
		{"to do", markdown("See [all of it](https://acme.example/TODO)."), "templates/page.md:6:5 placeholder-link"},
		{"a word that holds todo", markdown("See [all of it](https://acme.example/todos/mastodon)."), ""},
		{"a person's link", markdown("{% for p in picks %}[{{ p.name }}]({{ p.url }})\n{% endfor %}"), ""},
		{"a brand's link that is not encrypted", append(markdown("[All of it]({{ brand.shop }}/a)"), "germane.yaml", "app_url:", "shop: \"http://acme.example\", app_url:"), "templates/page.md:6:1 link-not-https"},

		{"one text for two", markdown("[Open it](https://acme.example/a) and [open  it](https://acme.example/b)"), "templates/page.md:6:39 ambiguous-link-text"},
		{"one text for one", markdown("[Open it](https://acme.example/a) and [open it](https://acme.example/a)"), ""},
		{"one text in either branch", markdown("{% if first_name %}[Open it](https://acme.example/a){% else %}[Open it](https://acme.example/b){% endif %}"), ""},
		{"one text in either variant", []string{"blocks/hero.md", "[Make a template]", "[Open my projects]"}, ""},
		{"one text inside and outside a block", []string{"templates/weekly.md", "See you", "[Open my projects](https://acme.example/p)\n\nSee you"}, "templates/weekly.md:16:1 ambiguous-link-text"},
		{"here", markdown("[Click here](https://acme.example/a) now"), "templates/page.md:6:1 vague-link-text"},
		{"more, with an arrow", body(`<a href="https://acme.example/a">Read more →</a>`), "templates/page.html:6:10 vague-link-text"},
		{"no text", body(`<a href="https://acme.example/a"></a>`), "templates/page.html:6:10 link-without-text"},
		{"a picture that says nothing", body(`<a href="https://acme.example/a"><img src="https://acme.example/a.png" alt=""></a>`), "templates/page.html:6:10 link-without-text"},
		{"a picture that says something", body(`<a href="https://acme.example/a"><img src="https://acme.example/a.png" alt="Acme"></a>`), ""},

		{"no alt", body(`<p><img src="https://acme.example/a.png"></p>`), "templates/page.html:6:4 picture-without-alt"},
		{"no alt, but a role", body(`<p><img role="presentation" src="https://acme.example/a.png"></p>`), ""},
		{"no language", []string{"layouts/base.html", `<html lang="en">`, "<html>"}, "layouts/base.html:10:1 no-language"},
		{"no page", []string{"templates/page.html", "", "---\nsubject: Hello\n---\n<h1>Hello</h1><a href=\"{{ links.unsubscribe }}\">Leave</a>\n"}, "templates/page.html:4:1 no-language"},
		{"no way to leave", []string{"templates/page.html", "", "---\nsubject: Hello\n---\n<html lang=\"en\"><h1>Hello</h1></html>\n"}, "templates/page.html:1:1 no-unsubscribe-link"},
		{"a way to leave in one variant only", []string{
			"layouts/base.html", "links.unsubscribe", "brand.app_url", "layouts/base.html", "links.preferences", "brand.app_url", "layouts/base.html", "Choose what you get", "Unsubscribe",
			"blocks/hero.md", "Upgrade, and", "[Leave]({{ links.unsubscribe }}). Upgrade, and",
		}, "templates/weekly.md:1:1 no-unsubscribe-link templates/welcome.md:1:1 no-unsubscribe-link"},
		{"no heading", []string{"templates/page.md", "", "---\nsubject: Hello\n---\nHello\n"}, "templates/page.md:1:1 no-heading"},
		{"two headings", body("<h1>Again</h1>"), "templates/page.html:6:1 several-headings"},
		{"a heading in either branch", []string{"templates/page.md", "", "---\nsubject: Hello\n---\n{% if first_name %}\n# Hello {{ first_name }}\n{% else %}\n# Hello\n{% endif %}\n\nHello\n"}, ""},
		{"a heading in a variant", []string{"blocks/hero.md", "## Pick up", "# Pick up"}, "blocks/hero.md:25:1 several-headings"},

		{"grey on white", body(`<p style="color:#999">Hello</p>`), "templates/page.html:6:23 low-contrast"},
		{"grey enough", body(`<p style="color:#767676">Hello</p>`), ""},
		{"large text", body(`<p style="color:#888;font-size:24px">Hello</p>`), ""},
		{"inherited", body(`<div style="background:#eee"><p style="color:rgb(130, 130, 130)">Hello</p></div>`), "templates/page.html:6:66 low-contrast"},
		{"on a picture", body(`<div style="background:#000 url(https://acme.example/a.png)"><p style="color:#111">Hello</p></div>`), ""},
		{"hidden", body(`<div style="display:none;color:#fff">Hello</div>`), ""},
		{"a filler", body(`<div style="color:#fff">&nbsp;&#8199;&#65279;&#847; </div>`), ""},
		{"a value's colour", body(`<p style="color:{{ brand.accent }}">Hello</p>`), ""},
		{"a brand that is pale", append(body(`<p style="color:{{ brand.pale }}">Hello</p>`), "germane.yaml", "brand: {", `brand: {pale: "#cccccc", `), "templates/page.html:6:35 low-contrast"},
		{"only in dark mode", body(`<style>@media (prefers-color-scheme: dark) { .card { background: #111 !important } }</style><p class="card" style="color:#333;background:#fff">Hello</p>`), "templates/page.html:6:144 low-contrast"},
		{"well in dark mode", body(`<style>@media (prefers-color-scheme: dark) { .card { background: #111 !important; color: #eee !important } div .x { color: #111 !important }</style><p class="card x" style="color:#333;background:#fff">Hello</p>`), ""},
		{"below another", body(`<style>div .x { color: #ccc }</style><div><p><span class="x">Hello</span></p></div><p class="x">Hello</p>`), "templates/page.html:6:62 low-contrast"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, f := range Workspace(starterWith(t, test.changes...)) {
				got = append(got, fmt.Sprintf("%s:%d:%d %s", f.File, f.Line, f.Column, f.Code))
			}
			if s := strings.Join(got, " "); s != test.want {
				t.Errorf("got  %s\nwant %s", s, test.want)
			}
		})
	}
}

// TestLintSize measures a message that only some combination of variants makes too large.
func TestLintSize(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("All of this is said to somebody else. ", n/38) }
	for _, test := range []struct {
		hero, reading int // bytes of text in a variant, which stands in the mail twice
		want          string
	}{
		{0, 0, ""},
		{30_000, 1_000, ""},
		{20_000, 15_000, "message-large"},
		{30_000, 20_000, "message-too-large"},
	} {
		w := starterWith(t, "blocks/hero.md", "Upgrade, and", long(test.hero)+"Upgrade, and", "blocks/reading.md", "## For planners", long(test.reading)+"\n\n## For planners")
		var got []string
		for _, f := range Lint(w) {
			if !strings.Contains(f.Text, "hero/trial-ending") {
				t.Errorf("%s", f.Text)
			}
			got = append(got, string(f.Code))
		}
		if s := strings.Join(got, " "); s != test.want {
			t.Errorf("%d and %d: got %s, want %s", test.hero, test.reading, s, test.want)
		}
	}
}

// TestSizeIsOfRealMail compares with what is rendered for everybody who gets the largest variants.
func TestSizeIsOfRealMail(t *testing.T) {
	t.Parallel()
	w := starterWith(t)
	message, _ := w.Message("weekly")
	var largest Size
	for _, persona := range w.Personas {
		size := SizeFor(message, persona.Person)
		if largest.Bytes < size.Bytes {
			largest = size
		}
		if len(size.Blocks) != 3 || size.Bytes < 10_000 || size.Bytes > 40_000 {
			t.Errorf("%s: %+v", persona.Name, size)
		}
		if !slices.ContainsFunc(size.Blocks, func(b SizeOfBlock) bool { return b.Block == "hero" && b.Variant != "otherwise" }) {
			t.Errorf("%s: the shortest variant of hero is the largest: %+v", persona.Name, size)
		}
	}
}

// FuzzLint reads pages that nobody would write.
func FuzzLint(f *testing.F) {
	for _, seed := range []string{`<p style="color:#999">x`, `<a href="http://a b"><img`, `<style>@media(prefers-color-scheme:dark){.a{color:#fff}`, "<h1><h1></h1>", "<a href=#>x<a>", `<style>a{b:c;}}}@x{`, `<p style="font-size:1e99px;color:rgb(999,0,0)">x`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		p := &page{}
		p.html.WriteString(source)
		p.file = newSource(source)
		p.stretches = []stretch{{file: p.file, exact: true}}
		p.stretches[0].span.End = len(source)
		r := newReader(p)
		r.read()
		for _, found := range append(append(r.findings, r.labelled()...), r.outline()...) {
			if found.Line < 1 || found.Column < 1 || found.Text == "" {
				t.Errorf("%+v", found)
			}
		}
	})
}

func newSource(text string) *finding.File { return finding.NewFile("page.html", text) }
