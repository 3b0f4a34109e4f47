package render_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/net/html"

	"germane/audience"
	"germane/internal/finding"
	"germane/render"
	"germane/workspace"
)

// injectionWorkspace prints one attribute in every place where a value may stand.
func injectionWorkspace() fstest.MapFS {
	return fstest.MapFS{
		"germane.yaml":    {Data: []byte("senders:\n  default: {name: Acme, email: hello@mail.acme.example, postal_address: \"1 Main St\"}\ntopics: {tips: Tips}\npublic_url: https://links.acme.example\nlink_hosts: [acme.example]\n")},
		"attributes.yaml": {Data: []byte("v: {type: string, max_length: 1000, uses: [select, render, link]}\nl: {type: list, of: string, uses: [select, render, link]}\nu: {type: url, uses: [render, link]}\n")},
		"layouts/page.html": {Data: []byte(`<!doctype html><html lang="en"><head><title>{{ subject }}</title></head><body><!--[if mso]><table><tr><td><![endif]-->` +
			`<div style="display:none">{{ preheader }}</div>{{ content }}<!--[if mso]></td></tr></table><![endif]--><a href="{{ links.unsubscribe }}">Unsubscribe</a></body></html>`)},
		"templates/md.md": {Data: []byte("---\nsubject: Hello {{ v | default: \"you\" }}, news\npreheader: For {{ v | default: \"you\" }}\nlayout: page\n---\n" +
			"# Hi {{ v | default: \"you\" }}\n\nText *{{ v | default: \"you\" }}* and **bold {{ v | default: \"you\" }}** `code {{ v | default: \"you\" }}`.\n\n" +
			"[label {{ v | default: \"you\" }}](https://acme.example/{{ v | default: \"you\" }}?q={{ v | default: \"you\" }}#{{ v | default: \"you\" }} \"title {{ v | default: \"you\" }}\")\n\n" +
			"![alt {{ v | default: \"you\" }}](https://acme.example/a.png)\n\n- item {{ v | default: \"you\" }}\n\n| a | b |\n|---|---|\n| {{ v | default: \"you\" }} | x |\n\n> quote {{ v | default: \"you\" }}\n\n" +
			"{% for i in l %}\n- {{ i }}\n{% endfor %}\n\n{% capture c %}{{ v | default: \"you\" }}{% endcapture %}{{ c | default: \"none\" }}\n\n[pick]({{ u | default: \"https://acme.example\" }}){.button}\n")},
		"templates/page.html": {Data: []byte("---\nsubject: \"{{ v | default: 'you' }}\"\n---\n" +
			`<p title="{{ v | default: 'you' }}" class='{{ v | default: 'you' }}'>{{ v | default: 'you' | upcase }}</p><a href="https://acme.example/x?a={{ v | default: 'you' }}&amp;b=1">go</a><p>{% if v %}{% cycle v, "b" %}{% else %}x{% endif %}</p>`)},
	}
}

// hostile values; each must leave the message's structure as a plain value does.
var hostile = []string{
	`<script>alert(1)</script>`, `"><a href="http://evil.example">x</a>`, `'><img src=x onerror=alert(1)>`, `javascript:alert(1)`, `JaVaScRiPt:alert(1)`,
	"x\r\nBcc: evil@evil.example", "x\nBcc: evil@evil.example", "x\rBcc: evil@evil.example", "\r\n\r\n<html>", `](http://evil.example)`, `[x](http://evil.example)`,
	`![x](http://evil.example/i.png)`, `{{ v }}`, `{% if x %}`, `{%- raw -%}`, `{{`, `}}`, `=?utf-8?q?=0D=0ABcc:_x?=`, `=?utf-8?B?QmNjOiB4?=`, "\u202eevil", "\x00", "a\x00b",
	"\x1b[31mred", "\u2028x\u2029y", "\u0085x", "\ufeffx", "\xff\xfe", "a\xc0\xafb", `<!-- x -->`, `-->`, `<!--[if mso]>`, `<![endif]-->`, `<![CDATA[x]]>`, `</title>`, `</style>`,
	`</textarea>`, `&lt;b&gt;`, `&#60;script&#62;`, `&amp;`, `& &&`, `"`, `'`, "`", `\`, `%0d%0aBcc:x`, `%22%3E`, `//evil.example`, `///evil.example`, `\\evil.example`, `https://evil.example`,
	`@evil.example`, `evil.example/..//`, `../../..`, `?x=y&z=1#f`, `#frag`, `a b`, "a\tb", ".", "..", ".\r\n.\r\nQUIT", "\n.\n", "From x", "\nFrom x\n", `--=_germane`, "\r\n--=_germane--\r\n",
	`*|FNAME|*`, `%%x%%`, `${x}`, `# heading`, `- list`, `| a | b |`, `> quote`, "```\ncode\n```", `**bold**`, `_em_`, `<b>`, `<B/onclick=x>`, `<a href=x>`, `onclick=alert(1)`, `style=x`,
	`expression(alert(1))`, `url(http://evil.example)`, `data:text/html,<script>`, `mailto:x@y`, strings.Repeat("A", 1_000_000), strings.Repeat("é", 500), strings.Repeat("😀", 200), "مرحبا", "e\u0301",
}

func TestInjection(t *testing.T) {
	t.Parallel()
	w, findings := workspace.Load(injectionWorkspace(), nil)
	if finding.HasErrors(findings) {
		t.Fatal(findings)
	}
	if len(hostile) < 60 {
		t.Fatalf("%d hostile values", len(hostile))
	}
	for _, message := range w.Messages {
		wants := structures(t, message)
		for _, value := range hostile {
			if got := structure(t, renderWith(t, message, value)); !slices.Contains(wants, got) {
				t.Errorf("%s with %.60q:\n got %s\nwant %s", message.Name, value, got, wants[0])
			}
		}
	}
}

func FuzzInjection(f *testing.F) {
	w, findings := workspace.Load(injectionWorkspace(), nil)
	if finding.HasErrors(findings) {
		f.Fatal(findings)
	}
	wants := map[string][]string{}
	for _, message := range w.Messages {
		wants[message.Name] = structures(f, message)
	}
	for _, value := range hostile {
		if len(value) < 1000 {
			f.Add(value)
		}
	}
	f.Fuzz(func(t *testing.T, value string) {
		for _, message := range w.Messages {
			if got := structure(t, renderWith(t, message, value)); !slices.Contains(wants[message.Name], got) {
				t.Errorf("%s with %q:\n got %s\nwant %s", message.Name, value, got, wants[message.Name][0])
			}
		}
	})
}

// structures are those of a message for a plain value, and for none: what the catalogue does not allow is missing.
func structures(tb testing.TB, message *render.Message) []string {
	tb.Helper()
	return []string{structure(tb, renderWith(tb, message, "plain")), structure(tb, renderWith(tb, message, " "))}
}

func renderWith(tb testing.TB, message *render.Message, value string) []byte {
	tb.Helper()
	text, _ := json.Marshal(value)
	list, _ := json.Marshal([]string{value})
	stored := &audience.Stored{
		ID: "p", Email: "ann@mail.example", ObservedAt: benchNow.UnixMilli(),
		Attributes: []byte(fmt.Sprintf(`{"v":%s,"l":%s,"u":%s}`, text, list, text)),
	}
	var decoded audience.Decoded
	if err := message.Selection.Decode(stored, benchNow.UnixMilli(), &decoded); err != nil {
		tb.Fatal(err)
	}
	rendered, err := new(render.Renderer).Render(message, &decoded, nil, &render.Envelope{
		To: stored.Email, Date: benchNow, ID: "d1", Unsubscribe: "https://links.acme.example/u/t", Preferences: "https://links.acme.example/p/t",
	})
	if err != nil {
		tb.Fatal(err)
	}
	return rendered.MIME
}

// structure is what a message is made of, without its texts: header names, the HTML's tags and attributes, where links lead.
func structure(tb testing.TB, mime []byte) string {
	tb.Helper()
	for i, line := range strings.Split(string(mime), "\r\n") {
		if len(line) > 998 || strings.ContainsAny(line, "\r\n\x00") || strings.HasPrefix(line, ".") || strings.HasPrefix(line, "From ") {
			tb.Errorf("line %d cannot be sent: %.80q", i+1, line)
		}
	}
	mail, err := render.ReadMail(mime)
	if err != nil {
		tb.Fatalf("%v\n%.2000s", err, mime)
	}
	var names []string
	for name, values := range mail.Header {
		names = append(names, fmt.Sprint(name, len(values)))
	}
	slices.Sort(names)
	var b strings.Builder
	fmt.Fprintln(&b, names)
	if strings.ContainsAny(mail.Subject, "\r\n") {
		tb.Errorf("the subject has line ends: %q", mail.Subject)
	}
	tokens := html.NewTokenizer(strings.NewReader(mail.HTML))
	for {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			break
		}
		if token := tokens.Token(); kind != html.TextToken {
			fmt.Fprintf(&b, "%v %s%s\n", kind, token.Data, attributesOf(tb, token))
		}
	}
	fmt.Fprintln(&b, "lines of text:", strings.Count(mail.Text, "\n"))
	return b.String()
}

func attributesOf(tb testing.TB, token html.Token) string {
	var b strings.Builder
	for _, attribute := range token.Attr {
		b.WriteString(" " + attribute.Key)
		if attribute.Key != "href" && attribute.Key != "src" {
			continue
		}
		address, err := url.Parse(attribute.Val)
		if err != nil {
			tb.Errorf("%s is no address: %v", attribute.Val, err)
			continue
		}
		fmt.Fprintf(&b, "=%s://%s", address.Scheme, address.Host)
	}
	return b.String()
}
