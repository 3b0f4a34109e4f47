package track

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"germane/store"
	"germane/token"
)

func TestClicksLeadOn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, c := range []struct {
		link   int
		values []string
		want   string
	}{
		{0, nil, "https://acme.example/?utm_source=germane"},
		{1, nil, "https://acme.example/a%20b/%C3%A9"},
		{2, []string{"a%2Fb", "c"}, "https://acme.example/b/a%2Fb?x=c#end"},
		{2, []string{"", ""}, "https://acme.example/b/?x=#end"},
		{3, []string{"https://www.acme.example/pick"}, "https://www.acme.example/pick?utm_source=germane"},
		{7, nil, "mailto:help@acme.example"},
	} {
		w := f.get(f.clickPath(f.ann, c.link, c.values...))
		if got := w.Header().Get("Location"); w.Code != http.StatusFound || got != c.want {
			t.Errorf("link %d %q: %d %s, want %s", c.link, c.values, w.Code, got, c.want)
		}
		for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex", "Set-Cookie": ""} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s is %q", name, got)
			}
		}
	}
	e := f.eventsOf(f.ann)[2]
	if want := (store.Event{At: f.clock, Kind: "click", Person: int64(f.ann), Run: f.run, Block: "hero", Variant: "b", Link: 2, Agent: "chrome", Label: "burst", Fields: e.Fields}); fmt.Sprint(e) != fmt.Sprint(want) || len(e.Fields) != len(`{"item":"123456"}`) {
		t.Errorf("the event is %+v, want %+v", e, want)
	}
	if s := f.Stats(); s.Clicks != 6 || s.Queued != 0 || s.Wrong != 0 {
		t.Errorf("stats are %+v", s)
	}
}

// TestTargetsThatAreRefused are addresses that we signed and that still lead nowhere.
func TestTargetsThatAreRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, c := range []struct {
		link   int
		values []string
	}{
		{0, []string{"x"}},
		{2, nil},
		{2, []string{"a"}},
		{2, []string{"a", "b", "c"}},
		{2, []string{"a\r\nSet-Cookie: a=b", ""}},
		{2, []string{"a b", ""}},
		{2, []string{"a\\b", ""}},
		{2, []string{"é", ""}},
		{2, []string{"\x00", ""}},
		{3, []string{"//evil.example/"}},
		{3, []string{"https://evil.example/"}},
		{3, []string{"http://acme.example/"}},
		{3, []string{"javascript:alert(1)"}},
		{3, []string{"https://acme.example@evil.example/"}},
		{3, []string{"https://evil.example\\@acme.example/"}},
		{3, []string{"https://evil.example/acme.example"}},
		{3, []string{"https://notacme.example/"}},
		{3, []string{"https:///acme.example"}},
		{3, []string{"https:acme.example"}},
		{3, []string{""}},
		{3, []string{"https://acme.example%2eevil.example/"}},
		{4, []string{".evil.example"}},
		{4, []string{"@evil.example"}},
		{4, []string{":x"}},
		{5, nil},
		{6, nil},
		{99, nil},
	} {
		w := f.get(f.clickPath(f.ann, c.link, c.values...))
		if w.Code != http.StatusNotFound || w.Header().Get("Location") != "" {
			t.Errorf("link %d %q: %d, leads to %q", c.link, c.values, w.Code, w.Header().Get("Location"))
		}
	}
	if len(f.eventsOf(f.ann)) > 0 {
		t.Errorf("they left events: %v", f.clicks(f.ann))
	}
}

// attacks are paths that nobody was given.
func (f *fixture) attacks() []string {
	click, open, unsubscribe := f.clickPath(f.ann, 1), f.openPath(f.ann), f.managePath(token.Unsubscribe, f.ann)
	values := f.clickPath(f.ann, 2, "a", "b")
	tok := strings.Split(click, "/")[2]
	benTok := strings.Split(f.clickPath(f.ben, 1), "/")[2]
	flip := func(path string, at int) string {
		b := []byte(path)
		if b[at]++; b[at] == '_'+1 || b[at] == 'z'+1 || b[at] == 'Z'+1 || b[at] == '9'+1 {
			b[at] = 'A'
		}
		return string(b)
	}
	all := []string{
		"", "/", "//", "//evil.example/", "/\\evil.example", "/c", "/c/", "/c//", "/c/x/1", "/o/", "/o/x.gif", "/u/", "/u/x", "/p/", "/a/", "/a//x", "/robots", "/c/../u/x",
		click[:len(click)-2], click + "/", click + "0", click + "/x", "/c/" + tok + "/2", "/c/" + tok + "/0", "/c/" + tok + "/01", "/c/" + tok + "/-1", "/c/" + tok + "/+1", "/c/" + tok + "/99999999999",
		"/c/" + tok + "=/1", "/c/" + tok + "\r\n/1", "/c/ " + tok + "/1", "/c/" + tok + "%0d%0aSet-Cookie:a=b/1", click + "\r\nSet-Cookie: a=b", click + "?to=//evil.example", click + "//evil.example",
		"/c/" + tok[:len(tok)-1] + "/1", "/c/" + tok[:28] + benTok[28:] + "/1", "/c/" + benTok[:28] + tok[28:] + "/1", strings.TrimSuffix(values, values[len(values)-4:]), values + "AAAA",
		"/c/" + strings.Split(values, "/")[2] + "/2", "/c/" + tok + "/1/" + strings.Split(values, "/")[4], f.clickPath(f.ben, 2, "a", "b")[:len(values)-20] + values[len(values)-20:],
		strings.TrimSuffix(open, ".gif"), open + ".gif", strings.TrimSuffix(open, ".gif") + ".png", "/u/" + strings.TrimPrefix(open, "/o/"), "/o/" + tok + ".gif", "/u/" + tok, "/p/" + tok,
		"/p/" + strings.TrimPrefix(unsubscribe, "/u/"), "/u/" + strings.TrimPrefix(f.managePath(token.Preferences, f.ann), "/p/"), "/c/" + strings.TrimPrefix(unsubscribe, "/u/") + "/1", unsubscribe + "/", unsubscribe + "=",
		"/a/0123456789abcdef/", "/a/0123456789abcdef/../germane.yaml", "/a/0123456789abcdef/x.png", "/a/0123456789ABCDEF/logo.png", "/a/fedcba9876543210/logo.png", "/a/0123456789abcdef/logo.png/", "/a/0123456789abcdef/a\x00",
	}
	for i := len("/c/"); i < len(click)-2; i += 7 {
		all = append(all, flip(click, i))
	}
	for i := len("/u/"); i < len(unsubscribe); i += 7 {
		all = append(all, flip(unsubscribe, i))
	}
	return all
}

func TestAttacksFindNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	before := f.dump()
	for i, path := range f.attacks() {
		for _, method := range []string{"GET", "HEAD"} {
			w := f.do(method, path, "", "", "X-Forwarded-For", "198.51.100.1")
			f.pass(time.Second) // so that no bucket runs empty
			if w.Code != http.StatusNotFound || w.Header().Get("Location") != "" {
				t.Errorf("%d: %s %q: %d, leads to %q", i, method, path, w.Code, w.Header().Get("Location"))
			}
		}
		if w := f.do("POST", path, "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"); w.Code != http.StatusNotFound && w.Code != http.StatusMethodNotAllowed {
			t.Errorf("POST %q: %d", path, w.Code)
		}
		f.pass(time.Second)
	}
	for _, path := range []string{f.clickPath(f.ann, 1) + "/" + strings.Repeat("A", 10_000), "/" + strings.Repeat("a/", 5_000), "/u/" + strings.Repeat("%", 10_000)} {
		if w := f.get(path); w.Code != http.StatusRequestURITooLong {
			t.Errorf("10 kB: %d", w.Code)
		}
	}
	if after := f.dump(); after != before {
		t.Errorf("attacks changed the database:\n%s\n%s", before, after)
	}
	log := f.logged.String()
	for _, secret := range []string{strings.Split(f.clickPath(f.ann, 1), "/")[2][:12], "203.0.113.7", "198.51.100.1", "evil.example", "mail.example"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log says %q", secret)
		}
	}
	if !strings.Contains(log, "route=click status=404") {
		t.Errorf("the log says nothing: %.300s", log)
	}
}

// TestLookingChangesNothing: HEAD and every page, also the one that unsubscribes, and any other method.
func TestLookingChangesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	before := f.dump()
	pages := []string{f.managePath(token.Unsubscribe, f.ann), f.managePath(token.Preferences, f.ann), "/a/0123456789abcdef/logo.png"}
	for _, path := range pages {
		if w := f.get(path); w.Code != http.StatusOK {
			t.Errorf("GET %s: %d", path, w.Code)
		}
	}
	all := append(pages, f.clickPath(f.ann, 1), f.openPath(f.ann))
	for _, path := range all {
		if w := f.do("HEAD", path, "", ""); w.Code >= 400 {
			t.Errorf("HEAD %s: %d", path, w.Code)
		}
		for _, method := range []string{"OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "get", "PROPFIND"} {
			if w := f.do(method, path, "", "List-Unsubscribe=One-Click"); w.Code != http.StatusMethodNotAllowed || !strings.HasPrefix(w.Header().Get("Allow"), "GET, HEAD") {
				t.Errorf("%s %s: %d", method, path, w.Code)
			}
		}
	}
	if w := f.do("HEAD", f.clickPath(f.ann, 0), "", ""); w.Header().Get("Location") == "" {
		t.Error("HEAD is not shown where a link leads")
	}
	if w := f.do("POST", f.clickPath(f.ann, 1), "", ""); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST to a link: %d", w.Code)
	}
	if after := f.dump(); after != before {
		t.Errorf("looking changed the database:\n%s\n%s", before, after)
	}
}

// dump is all that a reader could change.
func (f *fixture) dump() string {
	f.Helper()
	var b strings.Builder
	for p, err := range f.db.EachPerson(context.Background(), store.Everybody) {
		f.must(err)
		log, err := f.db.ConsentLog(context.Background(), p.Number)
		f.must(err)
		suppressions, err := f.db.SuppressionsOf(context.Background(), p.Email)
		f.must(err)
		fmt.Fprintln(&b, *p, log, suppressions, f.eventsOf(uint64(p.Number)))
	}
	return b.String()
}

// TestPublicURLWithAPath: some proxies take it off, some do not.
func TestPublicURLWithAPath(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	click := f.clickPath(f.ann, 1)
	if w := f.get("/mail" + click); w.Code != http.StatusNotFound {
		t.Errorf("a path that is not ours: %d", w.Code)
	}
	f.Server.site.Path = "/mail"
	for path, want := range map[string]int{click: 302, "/mail" + click: 302, "/mail/mail" + click: 404, "/mailx" + click: 404, "/mail": 404, "/mail/": 404} {
		if w := f.get(path); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}

func TestOpens(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, agent := range []string{chrome, "Mozilla/5.0", "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"} {
		w := f.get(f.openPath(f.ann), "User-Agent", agent)
		if w.Code != 200 || w.Header().Get("Content-Type") != "image/gif" || w.Header().Get("Cache-Control") != "no-store" || w.Body.Len() != 43 || w.Header().Get("Content-Length") != "43" {
			t.Errorf("%d %v, %d bytes", w.Code, w.Header(), w.Body.Len())
		}
	}
	var got []string
	for _, e := range f.eventsOf(f.ann) {
		got = append(got, e.Kind+" "+e.Agent+" "+e.Label)
	}
	if want := []string{"open chrome ", "open apple-proxy proxy", "open gmail-proxy proxy"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestTestMailCountsNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if w := f.get(f.clickPath(0, 0)); w.Code != http.StatusFound {
		t.Errorf("a click leads nowhere: %d", w.Code)
	}
	if w := f.get(f.openPath(0)); w.Code != http.StatusOK {
		t.Errorf("an open: %d", w.Code)
	}
	for _, page := range []token.Page{token.Unsubscribe, token.Preferences} {
		for _, method := range []string{"GET", "POST"} {
			w := f.do(method, f.managePath(page, 0), "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click&all=1")
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "This is a test message") || strings.Contains(w.Body.String(), "<form") {
				t.Errorf("%s page %d: %d %s", method, page, w.Code, w.Body)
			}
		}
	}
	if s := f.Stats(); s.Clicks+s.Opens+s.Unsubscribes != 0 {
		t.Errorf("stats are %+v", s)
	}
}

func TestAssets(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, want := range map[string]string{
		"logo.png": "image/png", "a.svg": "image/svg+xml default-src 'none'; style-src 'unsafe-inline'; sandbox", "a.html": "application/octet-stream attachment",
	} {
		for range 2 { // from the database, then from memory
			w := f.get("/a/0123456789abcdef/" + name)
			h := w.Header()
			got := strings.TrimSpace(h.Get("Content-Type") + " " + h.Get("Content-Security-Policy") + h.Get("Content-Disposition"))
			if w.Code != 200 || got != want || h.Get("Cache-Control") != "public, max-age=31536000, immutable" || h.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s: %d %v", name, w.Code, h)
			}
		}
	}
	if w := f.get("/a/0123456789abcdef/logo.png", "If-None-Match", `"0123456789abcdef"`); w.Code != http.StatusNotModified {
		t.Errorf("known already: %d", w.Code)
	}
}
