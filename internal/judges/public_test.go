package judges

import (
	"bytes"
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"germane/audience"
	"germane/internal/testkit"
	"germane/store"
	"germane/store/sqlite"
	"germane/token"
	"germane/track"
)

// publicPages are what links at the end of a mail lead to, as Ann, who gets two topics, and Ben, who withdrew from both, see them.
type publicPages struct {
	handler   *track.Server
	addresses map[string]string
}

// openPublicPages makes a public server with a brand's colour.
func openPublicPages(t *testing.T, accent string) *publicPages {
	t.Helper()
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	db, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "germane.db"), sqlite.Options{Fast: true})
	must(err)
	t.Cleanup(func() { db.Close() })
	_, err = db.Import(ctx, []audience.Update{{ID: "ann", Email: "ann@a-rather-long-name-of-a-provider.mail.example"}, {ID: "ben", Email: "ben@mail.example"}},
		store.Importing{At: time.Now(), Consent: []store.ConsentGrant{{Topic: "tips"}, {Topic: "offers"}}})
	must(err)
	number, err := db.TopicNumber(ctx, "tips")
	must(err)
	keys, err := token.NewKeys(token.Key{ID: 1, Master: bytes.Repeat([]byte{1}, 32)})
	must(err)
	address := func(page token.Page, id string) string {
		m := token.Manage{Topic: number}
		if id != "" {
			p, err := db.PersonByID(ctx, id)
			must(err)
			m.Person = uint64(p.Number)
		}
		prefix := "/u/"
		if page == token.Preferences {
			prefix = "/p/"
		}
		return prefix + string(keys.Signer().AppendManage(nil, page, m))
	}
	ben, err := db.PersonByID(ctx, "ben")
	must(err)
	must(db.Unsubscribe(ctx, ben.Number, store.Withdrawal{Topics: []string{"tips", "offers"}, At: time.Now()}))
	server := track.New(track.Config{Store: db, Keys: keys, Site: track.Site{
		Name: "Acme", Accent: accent, PostalAddress: "1 Main St, Springfield", Language: "de",
		Topics: []track.Topic{{Name: "tips", Title: "Produkttipps und Neuigkeiten aus der Werkstatt"}, {Name: "offers", Title: "Angebote"}, {Name: "news", Title: "Nachrichten"}},
	}})
	t.Cleanup(func() { server.Close(ctx) })
	return &publicPages{server, map[string]string{
		"unsubscribe": address(token.Unsubscribe, "ann"), "unsubscribed": address(token.Unsubscribe, "ben"), "test": address(token.Unsubscribe, ""),
		"preferences": address(token.Preferences, "ann"), "nothing-left": address(token.Preferences, "ben"), "not-found": "/u/x",
	}}
}

// axeOfPages has all of axe-core's rules.
const axeOfPages = `axe.run({resultTypes: ['violations']}).then(r => r.violations)`

// TestPublicPages looks at them as TestChromium does at messages, with the policies that they are served with.
func TestPublicPages(t *testing.T) {
	t.Parallel()
	browser := startChromium(t)
	axe, err := os.ReadFile("node/node_modules/axe-core/axe.min.js")
	if err != nil {
		testkit.Missing(t, "axe-core")
	}
	for brand, accent := range map[string]string{"blue": "#2457d6", "yellow": "#ffd500", "black": "#000000"} {
		pages := openPublicPages(t, accent)
		server := httptest.NewServer(pages.handler.Handler())
		t.Cleanup(server.Close)
		for name, address := range pages.addresses {
			t.Run(brand+"-"+name, func(t *testing.T) {
				t.Parallel()
				tab, cancel := chromedp.NewContext(browser)
				t.Cleanup(cancel)
				v := &viewer{t: t, tab: tab, name: "public-" + name + "-" + brand}
				v.do(chromedp.Navigate(server.URL + address))
				v.do(chromedp.Evaluate[chromedp.Void](string(axe)))
				for _, s := range []sight{{1024, "light", true}, {1024, "dark", true}, {375, "light", true}, {375, "dark", true}} {
					v.emulate(s)
					v.keep(s)
					v.judgePage(s)
				}
			})
		}
	}
}

func (v *viewer) judgePage(s sight) {
	var wide int
	if v.get(&wide, `document.documentElement.scrollWidth`); wide > int(s.width) {
		v.t.Errorf("%s: scrolls sideways: the page is %d wide", s, wide)
	}
	var found []violation
	v.get(&found, axeOfPages)
	for _, violation := range found {
		for _, node := range violation.Nodes {
			v.t.Errorf("%s: axe-core: %s (%s)\n%.300s\n%s", s, violation.Help, violation.ID, node.HTML, node.Summary)
		}
	}
}

// TestUnsubscribingInABrowser presses the buttons: no policy of ours stands in the way of its own forms.
func TestUnsubscribingInABrowser(t *testing.T) {
	t.Parallel()
	browser := startChromium(t)
	pages := openPublicPages(t, "#2457d6")
	server := httptest.NewServer(pages.handler.Handler())
	t.Cleanup(server.Close)
	v := &viewer{t: t, tab: browser}
	v.do(chromedp.Navigate(server.URL + pages.addresses["unsubscribe"]))
	v.press(`main form button`, "You are unsubscribed")
	v.press(`main a`, "What you get from Acme")
	v.press(`button[value=offers]`, "You will no longer get “Angebote”")
}

// press presses something and wants a page that says some words.
func (v *viewer) press(selector, words string) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.tab, 20*time.Second)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(selector)); err != nil {
		v.t.Fatalf("press %s: %v", selector, err)
	}
	var body string
	if v.get(&body, `document.querySelector("main").innerText`); !strings.Contains(body, words) {
		v.t.Fatalf("after pressing %s, the page says\n%s", selector, body)
	}
}
