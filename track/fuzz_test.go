package track

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"germane/token"
)

// FuzzRequest: whatever comes in, nothing panics, nobody is led anywhere but to the site, and nothing is set in a browser.
func FuzzRequest(f *testing.F) {
	s := newFixture(f)
	s.Server.log = slog.New(slog.DiscardHandler)
	right := map[string]bool{}
	for _, path := range []string{
		s.clickPath(s.ann, 1), s.clickPath(s.ann, 2, "a", "b"), s.openPath(s.ann), s.managePath(token.Unsubscribe, s.ann), s.managePath(token.Preferences, s.ann), "/a/0123456789abcdef/a.svg",
	} {
		right[path] = true
		f.Add("GET", path, "", "", chrome, "")
		f.Add("POST", path, urlencoded, "List-Unsubscribe=One-Click", "", "203.0.113.7")
		f.Add("POST", path, "multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"topic\"\r\n\r\ntips\r\n--b--", "", ", ,")
	}
	for _, path := range s.attacks() {
		f.Add("GET", path, "", "", "", "")
	}
	allowed := map[int]bool{200: true, 302: true, 400: true, 404: true, 405: true, 413: true, 414: true, 429: true}
	f.Fuzz(func(t *testing.T, method, path, contentType, body, agent, forwarded string) {
		w := s.do(method, path, contentType, body, "User-Agent", agent, "X-Forwarded-For", forwarded)
		if !allowed[w.Code] {
			t.Fatalf("%s %q: %d", method, path, w.Code)
		}
		if w.Code < 400 && !right[path] {
			t.Fatalf("%s %q is answered with %d", method, path, w.Code)
		}
		if leads := w.Header().Get("Location"); w.Code == http.StatusFound != strings.HasPrefix(leads, "https://acme.example/") {
			t.Fatalf("%s %q: %d, leads to %q", method, path, w.Code, leads)
		}
		if w.Header().Get("Set-Cookie") != "" || w.Header().Get("X-Robots-Tag") != "noindex" || w.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Fatalf("headers are %v", w.Header())
		}
	})
}

// FuzzTarget: a target that has values leads to a host that the template wrote or the site allows, whatever the values are.
func FuzzTarget(f *testing.F) {
	f.Add("https://acme.example/", "?x=", "a", true)
	f.Add("", "", "https://www.acme.example/x", true)
	f.Add("https://acme.example", "", ".evil.example", true)
	f.Add("https://", "/", "evil.example", true)
	f.Fuzz(func(t *testing.T, first, last, value string, values bool) {
		list := []string{value}
		l := &link{parts: []string{first, last}}
		for i, part := range l.parts {
			escaped, ok := appendConstant(nil, part)
			if !ok {
				return
			}
			l.parts[i] = string(escaped)
		}
		l.fixed = hasHost(l.parts[0], false)
		target, ok := l.to(list, []string{"acme.example"})
		if !ok {
			return
		}
		for _, b := range []byte(target) {
			if b <= ' ' || b >= 0x7f || b == '\\' {
				t.Fatalf("%q holds %q", target, b)
			}
		}
		if l.fixed {
			host, _, _ := strings.Cut(strings.SplitN(l.parts[0], "://", 2)[1], "/")
			if !strings.HasPrefix(target, l.parts[0]) || host == "" {
				t.Fatalf("%q does not begin with %q", target, l.parts[0])
			}
			return
		}
		rest, https := strings.CutPrefix(strings.ToLower(target), "https://")
		end := strings.IndexAny(rest+"/", "/?#")
		host, _, _ := strings.Cut(rest[:end], ":")
		if !https || host != "acme.example" && !strings.HasSuffix(host, ".acme.example") {
			t.Fatalf("%q leads to %q", target, host)
		}
	})
}

// FuzzForm: a body is read, however it is written, and only RFC 8058's words unsubscribe.
func FuzzForm(f *testing.F) {
	f.Add(urlencoded, "List-Unsubscribe=One-Click")
	f.Add("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--")
	f.Fuzz(func(t *testing.T, contentType, body string) {
		if !isOneClick(parseForm(contentType, []byte(body))) {
			return
		}
		// Either encoding may hide letters; multipart also in quoted-printable.
		if plain := strings.ToLower(body); !strings.ContainsAny(plain, "%=+") && !strings.Contains(plain, "one-click") {
			t.Fatalf("%q, %q unsubscribes", contentType, body)
		}
	})
}

func FuzzAgent(f *testing.F) {
	f.Add(chrome)
	f.Add("")
	f.Fuzz(func(t *testing.T, name string) {
		if family, _ := agentOf(name); family == "" || len(family) > 20 {
			t.Fatalf("%q is %q", name, family)
		}
	})
}
