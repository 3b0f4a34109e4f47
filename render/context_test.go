package render

import "testing"

func TestHTMLContext(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		html  string
		state contextState
		attr  string
		url   urlPart
	}{
		{"", inText, "", notURL},
		{"<p>Hi ", inText, "", notURL},
		{"5 < 6", inText, "", notURL},
		{"<p", inTagName, "", notURL},
		{"<p ", inTag, "", notURL},
		{`<a href="`, inDouble, "href", urlStart},
		{`<a HREF = '`, inSingle, "href", urlStart},
		{`<a href="https:`, inDouble, "href", urlScheme},
		{`<a href="https:/`, inDouble, "href", urlSlashes},
		{`<a href="https:///`, inDouble, "href", urlSlashes}, // browsers skip any number of them
		{`<a href="https:/\`, inDouble, "href", urlSlashes},  // and take this for a slash
		{"<a href=\"https:/\t/", inDouble, "href", urlSlashes},
		{`<a href="https:///x`, inDouble, "href", urlHost},
		{`<a href="/x`, inDouble, "href", urlPath},
		{`<a href/="`, inAttrName, `="`, notURL}, // the slash ended the name
		{`</ a=">`, inText, "", notURL},          // a bogus comment
		{`<style></style" x="`, inRawText, "", notURL},
		{`<a href="https://ac`, inDouble, "href", urlHost},
		{`<a href="https://acme.example/`, inDouble, "href", urlPath},
		{`<a href="https://acme.example?a=`, inDouble, "href", urlQuery},
		{`<a href="https://acme.example/#`, inDouble, "href", urlFragment},
		{`<a href="/x`, inDouble, "href", urlPath},
		{`<a href="//x`, inDouble, "href", urlHost},
		{`<a href="mailto:`, inDouble, "href", urlScheme},
		{`<a href=x`, inUnquoted, "href", urlScheme},
		{`<a title="a > b`, inDouble, "title", notURL},
		{`<a title="x">`, inText, "", notURL},
		{`<br/>`, inText, "", notURL},
		{`<br />x`, inText, "", notURL},
		{`<!-- x > `, inComment, "", notURL},
		{`<!--[if mso]><table><![endif]-->`, inText, "", notURL},
		{`<!--[if mso]><table>`, inComment, "", notURL},
		{`<!doctype html>`, inText, "", notURL},
		{`<style>a > b`, inRawText, "", notURL},
		{`<style type="text/css">a</style >`, inText, "", notURL},
		{`<script>if (a</b) `, inRawText, "", notURL},
		{`<SCRIPT>x</Script>`, inText, "", notURL},
		{`<title>a</title `, inTag, "", notURL},
		{`<td style="color:red" class=x>`, inText, "", notURL},
		{`<input disabled value="`, inDouble, "value", notURL},
	} {
		c := htmlContext{}.advance(test.html)
		if c = c.settled(); c.state != test.state || c.attr != test.attr || c.url != test.url {
			t.Errorf("%q: got %+v", test.html, c)
		}
		byByte := htmlContext{}
		for i := range len(test.html) {
			byByte = byByte.advance(test.html[i : i+1])
		}
		if byByte.settled() != c {
			t.Errorf("%q byte by byte: got %+v, want %+v", test.html, byByte, c)
		}
	}
}

func TestValueContext(t *testing.T) {
	t.Parallel()
	c := htmlContext{}.advance(`<a href="`).afterValue()
	if c.url != urlHost {
		t.Errorf("behind a URL value: %+v", c)
	}
	if c = c.advance("/up"); c.url != urlPath {
		t.Errorf("behind a URL value and a slash: %+v", c)
	}
	if c = (htmlContext{}).advance(`<a title=`).forValue(); c.state != inUnquoted {
		t.Errorf("before an unquoted value: %+v", c)
	}
}
