package render

import "testing"

func TestEscapes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, value, html, plain, line, part string }{
		{"markup", `<b a="1">&'`, "&lt;b a=&#34;1&#34;&gt;&amp;&#39;", `<b a="1">&'`, `<b a="1">&'`, "%3Cb%20a%3D%221%22%3E%26%27"},
		{"line ends", "a\r\nb\tc", "a\nb\tc", "a  b c", "a  b c", "a%0D%0Ab%09c"},
		{"control characters", "a\x00b\x1bc\x7f", "abc", "abc", "a b c ", "a%00b%1Bc%7F"},
		{"characters that turn text", "a\u202egnp\u202c\u2066b\u2069", "agnpb", "agnpb", "agnpb", "a%E2%80%AEgnp%E2%80%AC%E2%81%A6b%E2%81%A9"},
		{"others that begin alike", "– … ‘’ €", "– … ‘’ €", "– … ‘’ €", "– … ‘’ €", "%E2%80%93%20%E2%80%A6%20%E2%80%98%E2%80%99%20%E2%82%AC"},
		{"right to left", "فاطمة", "فاطمة", "فاطمة", "فاطمة", "%D9%81%D8%A7%D8%B7%D9%85%D8%A9"},
		{"a cut character", "a\xe2\x80", "a\xe2\x80", "a\xe2\x80", "a\xe2\x80", "a%E2%80"},
	} {
		for _, form := range []struct {
			escape escape
			want   string
		}{{escapeHTML, test.html}, {escapePlain, test.plain}, {escapeLine, test.line}, {escapeURLPart, test.part}} {
			if got := string(form.escape(nil, test.value)); got != form.want {
				t.Errorf("%s: got %q, want %q", test.name, got, form.want)
			}
		}
	}
}
