package track

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"germane/audience"
	"germane/store"
	"germane/token"
)

const urlencoded = "application/x-www-form-urlencoded"

// TestOneClick posts as RFC 8058's appendix and mail providers do.
func TestOneClick(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ contentType, body string }{
		"urlencoded":      {urlencoded, "List-Unsubscribe=One-Click"},
		"with a charset":  {urlencoded + "; charset=UTF-8", "List-Unsubscribe=One-Click"},
		"no type":         {"", "List-Unsubscribe=One-Click"},
		"line end":        {"text/plain", "List-Unsubscribe=One-Click\r\n"},
		"small letters":   {urlencoded, "list-unsubscribe=one-click"},
		"multipart":       {"multipart/form-data; boundary=---FormBoundaryjWmhtjORrn", "-----FormBoundaryjWmhtjORrn\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n-----FormBoundaryjWmhtjORrn--\r\n"},
		"multipart, cut":  {"multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b"},
		"multipart, more": {"multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n--b\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--b--"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			path := f.managePath(token.Unsubscribe, f.ann)
			for range 2 {
				w := f.do("POST", path, c.contentType, c.body)
				if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "<h1>You are unsubscribed</h1>") || w.Header().Get("Set-Cookie") != "" {
					t.Fatalf("%d %s", w.Code, w.Body)
				}
			}
			if tips, offers := f.consent(f.ann, "tips"), f.consent(f.ann, "offers"); tips != audience.ConsentUnsubscribed || offers != audience.ConsentSubscribed {
				t.Errorf("tips %v, offers %v", tips, offers)
			}
			if f.consent(f.ben, "tips") != audience.ConsentSubscribed {
				t.Error("Ben is unsubscribed, too")
			}
			if all := f.eventsOf(f.ann); len(all) != 1 || all[0].Kind != store.EventUnsubscribe || all[0].Name != "tips" || all[0].Run != f.run {
				t.Errorf("events are %+v", all)
			}
		})
	}
}

func TestBodiesThatAskForNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	before := f.dump()
	for _, c := range []struct {
		contentType, body string
		want              int
	}{
		{urlencoded, "", 400},
		{urlencoded, "List-Unsubscribe=", 400},
		{urlencoded, "List-Unsubscribe=No", 400},
		{urlencoded, "a=List-Unsubscribe=One-Click", 400},
		{"multipart/form-data", "List-Unsubscribe=Two-Clicks", 400},
		{"multipart/form-data; boundary=b", "List-Unsubscribe=One-Click", 400},
		{urlencoded, "%zz=%", 400},
		{urlencoded, "List-Unsubscribe=One-Click&x=" + strings.Repeat("x", 4<<10), 413},
		{"multipart/form-data; boundary=b", strings.Repeat("-", 1<<20), 413},
	} {
		for _, page := range []token.Page{token.Unsubscribe, token.Preferences} {
			if w := f.do("POST", f.managePath(page, f.ann), c.contentType, c.body); w.Code != c.want {
				t.Errorf("page %d, %.60q: %d", page, c.body, w.Code)
			}
		}
	}
	if w := f.do("POST", f.managePath(token.Preferences, f.ann), urlencoded, "topic=secret"); w.Code != 400 {
		t.Errorf("a topic that does not exist: %d", w.Code)
	}
	if f.dump() != before {
		t.Error("something changed")
	}
}

func TestPreferences(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	path := f.managePath(token.Preferences, f.ann)
	want := func(body string, has ...string) {
		t.Helper()
		for _, s := range has {
			if !strings.Contains(body, s) {
				t.Errorf("%q is missing in\n%s", s, body)
			}
		}
		if strings.Contains(body, "ann@") {
			t.Error("the address is not masked")
		}
	}
	body := f.get(path).Body.String()
	want(body, "a…@mail.example", "Product tips", "Offers", "News", `value="tips"`, `value="offers"`, "You do not get this", `name="all"`)
	if strings.Contains(body, `value="news"`) {
		t.Error("a topic that nobody subscribed to can be left")
	}
	want(f.do("POST", path, urlencoded, "topic=tips").Body.String(), "You will no longer get <b>“Product tips”</b>", "You unsubscribed", `value="offers"`)
	if tips, offers := f.consent(f.ann, "tips"), f.consent(f.ann, "offers"); tips != audience.ConsentUnsubscribed || offers != audience.ConsentSubscribed {
		t.Errorf("tips %v, offers %v", tips, offers)
	}
	want(f.do("POST", path, urlencoded, "all=1").Body.String(), "You are unsubscribed from everything", "There is nothing to unsubscribe from")
	for _, topic := range []string{"tips", "offers", "news"} {
		if got := f.consent(f.ann, topic); got != audience.ConsentUnsubscribed {
			t.Errorf("%s is %v", topic, got)
		}
	}
	if f.consent(f.ben, "tips") != audience.ConsentSubscribed {
		t.Error("Ben is unsubscribed, too")
	}
	want(f.get(f.managePath(token.Unsubscribe, f.ann)).Body.String(), "<h1>You are unsubscribed</h1>")
}

// TestUnsubscribePage offers what it says: the form works, the link to the preferences, too.
func TestUnsubscribePage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	w := f.get(f.managePath(token.Unsubscribe, f.ann))
	body := w.Body.String()
	for _, s := range []string{"“Product tips”", "a…@mail.example", `<form method="post">`, `name="List-Unsubscribe" value="One-Click"`, "1 Main St, Springfield"} {
		if !strings.Contains(body, s) {
			t.Errorf("%q is missing in\n%s", s, body)
		}
	}
	_, link, _ := strings.Cut(body, `href="..`)
	link, _, _ = strings.Cut(link, `"`)
	if w := f.get(link); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "What you get from Acme") {
		t.Errorf("%s: %d", link, w.Code)
	}
	policy := w.Header().Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %s", policy)
	}
}

func TestErasedPeopleAreAnsweredKindly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.must(f.db.Forget(context.Background(), "ann@mail.example", noon))
	for _, page := range []token.Page{token.Unsubscribe, token.Preferences} {
		for _, method := range []string{"GET", "POST"} {
			w := f.do(method, f.managePath(page, f.ann), urlencoded, "List-Unsubscribe=One-Click")
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "You are not on our list") {
				t.Errorf("%s page %d: %d %s", method, page, w.Code, w.Body)
			}
		}
	}
	if w := f.get(f.clickPath(f.ann, 0)); w.Code != http.StatusFound {
		t.Errorf("their links lead nowhere: %d", w.Code)
	}
	if len(f.eventsOf(f.ann)) > 0 {
		t.Error("an event of somebody erased is kept")
	}
}

// TestTopicsThatAreGone: a token outlives what it was about, and withdrawing errs on the side of less mail.
func TestTopicsThatAreGone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.tips = 4711
	if body := f.get(f.managePath(token.Unsubscribe, f.ann)).Body.String(); !strings.Contains(body, "no longer get mail from Acme") {
		t.Error(body)
	}
	f.do("POST", f.managePath(token.Unsubscribe, f.ann), urlencoded, "List-Unsubscribe=One-Click")
	if tips, offers := f.consent(f.ann, "tips"), f.consent(f.ann, "offers"); tips != audience.ConsentUnsubscribed || offers != audience.ConsentUnsubscribed {
		t.Errorf("tips %v, offers %v", tips, offers)
	}
}

func TestMasked(t *testing.T) {
	t.Parallel()
	for email, want := range map[string]string{"ann@mail.example": "a…@mail.example", "é@x.example": "é…@x.example", "\"a@b\"@x.example": "\"…@x.example", "@x": "…", "": "…", "x": "…"} {
		if got := masked(email); got != want {
			t.Errorf("%q: %q", email, got)
		}
	}
}
