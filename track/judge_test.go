package track

import (
	"slices"
	"strings"
	"testing"
	"time"

	"germane/store"
)

// TestJudge reads as "link@seconds" after noon, when the mail arrived or was sent.
func TestJudge(t *testing.T) {
	t.Parallel()
	const arrived, sent, unknown = "arrived", "sent", "unknown"
	for name, c := range map[string]struct{ mailed, clicks, want string }{
		"a reader":                          {arrived, "1@60 2@70 1@90", "- - -"},
		"as it comes in":                    {arrived, "1@1.9", "early"},
		"before it comes in":                {arrived, "1@-30", "early"},
		"two seconds are a reader's":        {arrived, "1@2", "-"},
		"soon after handing over":           {sent, "1@9.9 1@10", "early -"},
		"nobody knows when":                 {unknown, "1@0", "-"},
		"two at once in a fresh mail":       {arrived, "1@60 2@61 1@90", "burst burst -"},
		"two at once later":                 {arrived, "1@6000 2@6001", "- -"},
		"two at once, and nobody knows":     {unknown, "1@0 2@1", "- -"},
		"the same link twice at once":       {arrived, "1@60 1@60.5 1@61 1@61.5", "- - - -"},
		"three at once, recognised late":    {arrived, "1@6000 2@6001 3@6002", "burst burst burst"},
		"three, but not at once":            {arrived, "1@6000 2@6001 3@6002.1", "- - -"},
		"four in a row":                     {arrived, "1@6000 2@6003 3@6006 4@6010", "burst burst burst burst"},
		"four, slower":                      {arrived, "1@6000 2@6003 3@6006 4@6010.1", "- - - -"},
		"addresses that a loop made":        {arrived, "1a@6000 1b@6001 1c@6001", "burst burst burst"},
		"the same address of a loop":        {arrived, "1a@6000 1a@6001 1a@6001", "- - -"},
		"a reader after a scanner":          {arrived, "1@0 2@0 3@0 2@300", "early early early -"},
		"what is labelled stays":            {arrived, "1@60=agent 2@60 3@700", "agent burst -"},
		"a burst that was early":            {arrived, "1@1=burst", "early"},
		"early that a later notice explain": {sent, "1@5=early", "early"},
	} {
		mailed := map[string]store.Mailed{arrived: {Sent: noon.Add(-time.Hour), Arrived: noon}, sent: {Sent: noon}, unknown: {}}[c.mailed]
		var clicks []store.Event
		for _, word := range strings.Fields(c.clicks) {
			word, label, _ := strings.Cut(word, "=")
			at, after, _ := strings.Cut(word, "@")
			e := store.Event{Label: label, Link: int(at[0]), Fields: []byte(at[1:])}
			seconds, err := time.ParseDuration(after + "s")
			if err != nil {
				t.Fatal(err)
			}
			e.At = noon.Add(seconds)
			clicks = append(clicks, e)
		}
		for range 2 { // again changes nothing
			judge(mailed, clicks)
			var got []string
			for _, e := range clicks {
				got = append(got, max(e.Label, "-"))
			}
			if !slices.Equal(got, strings.Fields(c.want)) {
				t.Errorf("%s: %v, want %s", name, got, c.want)
			}
		}
	}
}

// TestScannersAreLabelled follows links through the server: what came first is labelled when the third link makes it a burst.
func TestScannersAreLabelled(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	visit := func(wait time.Duration, link int, headers ...string) {
		f.pass(wait)
		if w := f.get(f.clickPath(f.ann, link), headers...); w.Code != 302 {
			t.Fatalf("link %d: %d", link, w.Code)
		}
	}
	visit(0, 0)
	visit(time.Second, 1)
	if got := f.clicks(f.ann); !slices.Equal(got, []string{"0 ", "1 "}) {
		t.Errorf("two links: %q", got)
	}
	visit(time.Second, 8)
	visit(time.Minute, 0)
	visit(time.Minute, 1, "User-Agent", "python-requests/2.32")
	visit(time.Minute, 1, "User-Agent", "")
	visit(time.Minute, 1, "Sec-Purpose", "prefetch;prerender")
	visit(time.Minute, 1, "User-Agent", "Mozilla/5.0")
	if got, want := f.clicks(f.ann), []string{"0 burst", "1 burst", "8 burst", "0 ", "1 agent", "1 agent", "1 prefetch", "1 agent"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	counts, err := f.db.ClickCounts(t.Context(), f.run)
	f.must(err)
	if want := (store.ClickCount{Clicks: 2, HumanClicks: 1, People: 1, HumanPeople: 1}); len(counts) != 3 || counts[0] != want {
		t.Errorf("counts are %+v", counts)
	}
}

func TestAgents(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		chrome: "chrome",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0":              "edge",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15":                      "safari",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)":                                                   "apple-mail",
		"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0":                                                                     "firefox",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/142.0 Mobile/15E148 Safari/604.1":     "chrome",
		"Mozilla/5.0 (Linux; Android 15; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36": "samsung",
		"Mozilla/5.0 (Linux; Android 9; CUBOT_X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36":                     "chrome",
		"Mozilla/5.0 (Linux; Android 9; CUBOT X30 Build/PPR1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36":          "chrome",
		"Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)":                                                                 "outlook",
		"Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)":                                                  "gmail-proxy proxy",
		"YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html":                                                                   "yahoo-proxy proxy",
		"Mozilla/5.0":            "apple-proxy proxy",
		"":                       "none agent",
		"curl/8.5.0":             "curl agent",
		"python-requests/2.32.3": "python agent",
		"Go-http-client/2.0":     "go agent",
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)":                                      "bot agent",
		"Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)":                                                    "bot agent",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36": "headless agent",
		"Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/90 Safari/537.36 BarracudaLinkProtect":                 "scanner agent",
		"Lynx/2.9.0": "other",
		strings.Repeat("x", longestAgent) + "curl/8": "other",
	} {
		family, label := agentOf(name)
		if got := strings.TrimSpace(family + " " + label); got != want {
			t.Errorf("%.60s: %s, want %s", name, got, want)
		}
	}
}
