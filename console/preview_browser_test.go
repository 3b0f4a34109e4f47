package console

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"germane/internal/testkit"
)

// tab is one page of a browser.
type tab struct {
	t    *testing.T
	ctx  context.Context
	home string

	mu       sync.Mutex
	messages []string // what the browser complains of
}

// openBrowser starts Chromium for a test.
func openBrowser(t *testing.T) context.Context {
	t.Helper()
	program := testkit.Program(t, "chromium", "chromium-browser", "google-chrome")
	ctx, end := context.WithTimeout(context.Background(), 4*time.Minute)
	t.Cleanup(end)
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(program), chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", true),
	}
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to run as root with one
	}
	ctx, cancel := chromedp.NewContext(ctx, chromedp.WithAllocatorOptions(options...))
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	return ctx
}

// openTab opens a page, and holds the test to a browser that never complains.
func openTab(t *testing.T, browser context.Context, d *desk) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser)
	page := &tab{t: t, ctx: ctx, home: d.server.URL}
	page.do(chromedp.Navigate("about:blank"))
	var reading sync.WaitGroup
	complaints := chromedp.Console(ctx)
	reading.Go(func() {
		for m, err := range complaints {
			if err != nil {
				return
			}
			page.mu.Lock()
			page.messages = append(page.messages, fmt.Sprintf("%v: %s", m.Type, m.Text))
			page.mu.Unlock()
		}
	})
	t.Cleanup(func() {
		cancel()
		reading.Wait()
		for _, m := range page.messages {
			t.Errorf("the browser complains: %s", m)
		}
	})
	return page
}

func (p *tab) do(action chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, action); err != nil {
		p.t.Fatal(err)
	}
}

func (p *tab) open(address string) {
	p.t.Helper()
	p.do(chromedp.Navigate(p.home + address))
}

// get evaluates an expression, or what it promises.
func (p *tab) get(into any, expression string) {
	p.t.Helper()
	result, err := chromedp.Run(p.ctx, chromedp.Evaluate[[]byte](expression, chromedp.EvalAwaitPromise))
	if err == nil {
		err = json.Unmarshal(result, into)
	}
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
}

// until waits for an expression to become true.
func (p *tab) until(expression string) {
	p.t.Helper()
	const patience = 5 * time.Second
	_, err := chromedp.Run(p.ctx, chromedp.Poll[bool](expression, chromedp.WithPollingTimeout(patience)))
	if err != nil {
		var text string
		p.get(&text, `document.body.innerText.slice(0, 3000)`)
		p.t.Fatalf("never true: %s: %v\n%s", expression, err, text)
	}
}

// press clicks an element as a person would.
func (p *tab) press(selector string) {
	p.t.Helper()
	p.do(chromedp.Click(chromedp.CSS(selector)))
}

func (p *tab) emulate(width int64, scheme string) {
	p.t.Helper()
	height := int64(860)
	if width < 600 {
		height = 760
	}
	p.do(chromedp.EmulateViewport(width, height, func(m *emulation.SetDeviceMetricsOverrideParams, _ *emulation.SetTouchEmulationEnabledParams) {
		m.Mobile = width < 600
	}))
	features := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}
	if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, features); err != nil {
		p.t.Fatal(err)
	}
}

// keep writes a screenshot to the folder that GERMANE_SHOTS names.
func (p *tab) keep(name string) {
	p.t.Helper()
	folder := os.Getenv("GERMANE_SHOTS")
	if folder == "" {
		return
	}
	image, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".png"), image, 0o644)
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// mailHas is true when the frame's mail is loaded and has a text.
func mailHas(text string) string {
	return fmt.Sprintf(`document.getElementById('mail')?.contentDocument?.body?.innerText.includes(%q)`, text)
}

// sees is true when an element has a text.
func sees(selector, text string) string {
	return fmt.Sprintf(`document.querySelector(%q)?.innerText.includes(%q)`, selector, text)
}

// TestPreviewJourney goes the way of somebody who writes a block: looks, changes who is looked at, changes the file, breaks it, mends it.
func TestPreviewJourney(t *testing.T) {
	t.Parallel()
	d := newDesk(t, nil)
	p := openTab(t, openBrowser(t), d)
	p.emulate(1280, "light")
	p.open("/")
	p.until(mailHas("2 days left on your trial"))
	p.until(sees("#why-hero", "trial-ending"))

	p.press(`.people a[href*="ben-power-user"]`) // another person
	p.until(mailHas("You made 14 projects this month"))
	p.until(sees("#why-hero", "power-user") + " && " + sees("#why-hero", "projects_30d is 14"))

	p.get(new(any), `{const f = document.querySelector('[name="set.projects_30d"]'); f.focus(); f.value = '3'; f.dispatchEvent(new Event('input', {bubbles: true})); 0}`)
	p.until(mailHas("Pick up where you left off")) // another attribute, another variant, another reason
	p.until(sees("#why-hero h3", "otherwise"))
	p.until(`location.search.includes('set.projects_30d=3') && document.activeElement.name === 'set.projects_30d'`)

	p.press(`#why-hero .flips a`) // the smallest change that turns it back
	p.until(mailHas("You made 10 projects this month"))

	p.edit(d)
	p.views()

	p.press(`.matrix tbody tr:first-child td a`) // a cell leads to the mail
	p.until(mailHas("2 days left on your trial"))
	p.breakAndMend(d)
}

// edit changes a block on disk. The mail follows within a second, and stays where it was scrolled to.
func (p *tab) edit(d *desk) {
	p.t.Helper()
	var top float64
	if p.get(&top, `{const w = document.getElementById('mail').contentWindow; w.scrollTo(0, 120); w.scrollY}`); top == 0 {
		p.t.Fatal("the mail cannot be scrolled")
	}
	saved := time.Now()
	d.edit("blocks/hero.md", "projects this month", "projects, all of them lovely")
	p.until(mailHas("all of them lovely"))
	if took := time.Since(saved); took > time.Second {
		p.t.Errorf("a saved file was seen after %v", took)
	}
	p.until(fmt.Sprintf(`document.getElementById('mail').contentWindow.scrollY === %v`, top))
}

func (p *tab) views() {
	p.t.Helper()
	p.press(`[data-key="d"]`)
	p.until(`getComputedStyle(document.getElementById('mail').contentDocument?.querySelector('.card') ?? document.body).backgroundColor === 'rgb(30, 34, 42)'`)
	p.press(`.choice a[href*="width=375"]`)
	p.until(`document.getElementById('mail').contentWindow.innerWidth === 375`)
	p.until(`document.getElementById('mail').contentDocument?.images[0]?.naturalWidth > 0`)
	p.press(`[data-key="i"]`)
	p.until(`document.getElementById('mail').contentDocument?.images[0]?.hasAttribute('src') === false`)
	p.press(`.tabs a[href*="tab=text"]`)
	p.until(sees("pre.plain", "all of them lovely"))
	p.get(new(any), `document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'm', bubbles: true}))`)
	p.until(sees(".matrix", "power-user"))
}

// breakAndMend saves a file with a mistake: the last mail stays, under the place of the mistake.
func (p *tab) breakAndMend(d *desk) {
	p.t.Helper()
	d.edit("blocks/hero.md", "projects_30d >= 10", "projets_30d >= 10")
	p.until(sees(".broken", "blocks/hero.md:") + " && " + sees(".broken .excerpt", "projets_30d") + " && " + sees(".broken .hint", "projects_30d"))
	p.until(mailHas("2 days left on your trial") + ` && document.querySelector('.desk').matches('.stale')`)
	p.keep("broken")
	d.edit("blocks/hero.md", "projets_30d >= 10", "projects_30d >= 12")
	p.until(`!document.querySelector('.broken') && !document.querySelector('.stale')`)
	p.until(`document.querySelector('#health').innerText.includes('in order')`)
}

// previewViews are all views of the preview.
var previewViews = map[string]string{
	"email":   "/?person=ben-power-user&set.projects_30d=3",
	"dark":    "/?scheme=dark&width=375&images=off",
	"rtl":     "/?person=fatima-shopper&template=welcome&width=full",
	"longest": "/?person=edge.longest",
	"text":    "/?tab=text", "source": "/?tab=source", "headers": "/?tab=headers", "checks": "/?tab=checks",
	"matrix": "/?tab=matrix", "thumbs": "/?tab=matrix&thumbs=on", "compare": "/?tab=compare",
	"outbox": "/outbox", "outbox-text": "/outbox?tab=text",
}

// TestPreviewViews looks at every view in light and dark, wide and narrow, and lets axe-core judge it.
func TestPreviewViews(t *testing.T) {
	t.Parallel()
	axe, err := os.ReadFile("../internal/judges/node/node_modules/axe-core/axe.min.js")
	if err != nil {
		testkit.Missing(t, "axe-core")
	}
	d := newDesk(t, map[string]string{
		"blocks/idle.md": "{% otherwise %}\nnobody places this\n",
		"outbox/20261122T090000.1Z-abc.eml": "From: Acme <hello@mail.acme.example>\r\nTo: ana@acme.example\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n" +
			"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello in words\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<h1>Hello</h1>\r\n--b--\r\n",
	})
	browser := openBrowser(t)
	p := openTab(t, browser, d)
	for name, address := range previewViews {
		p.open(address)
		p.do(chromedp.Evaluate[chromedp.Void](string(axe)))
		for _, width := range []int64{1280, 375} {
			for _, scheme := range []string{"light", "dark"} {
				at := fmt.Sprintf("%s-%d-%s", name, width, scheme)
				p.emulate(width, scheme)
				p.keep(at)
				p.judge(at, width)
			}
		}
	}
}

// judge reports what axe-core finds serious, and a page that scrolls sideways. Mails are judged elsewhere.
func (p *tab) judge(at string, width int64) {
	p.t.Helper()
	var wide int64
	if p.get(&wide, `document.documentElement.scrollWidth`); wide > width {
		p.t.Errorf("%s: the page is %d wide", at, wide)
	}
	var found []struct {
		ID, Impact, Help string
		Nodes            []struct{ HTML, FailureSummary string }
	}
	p.get(&found, `axe.run(document, {iframes: false, resultTypes: ['violations']}).then(r => r.violations)`)
	for _, violation := range found {
		report := p.t.Logf
		if slices.Contains([]string{"serious", "critical"}, violation.Impact) {
			report = p.t.Errorf
		}
		for _, node := range violation.Nodes {
			report("%s: axe-core: %s: %s (%s)\n%.200s\n%s", at, violation.Impact, violation.Help, violation.ID, node.HTML, strings.ReplaceAll(node.FailureSummary, "\n", " "))
		}
	}
}

// TestScriptsAreInert shows a layout with a script. It is in the mail as it was written, and does not run.
func TestScriptsAreInert(t *testing.T) {
	t.Parallel()
	d := newDesk(t, map[string]string{"templates/evil.html": "---\nsubject: Evil\n---\n<html><body><h1 onclick=\"parent.hit = 1\">Hello</h1><p><a href=\"https://acme.example\">go</a></p>" +
		"<script>parent.hit = 1; document.title = 'hit'</script><iframe src=\"https://acme.example\"></iframe><form action=\"/test-mail\" method=\"post\"></form></body></html>"})
	_, text := d.get("/?template=evil")
	if strings.Contains(text, `class="broken"`) { // then it cannot be sent either, and nothing of it is shown
		return
	}
	ctx, cancel := chromedp.NewContext(openBrowser(t))
	t.Cleanup(cancel)
	p := &tab{t: t, ctx: ctx, home: d.server.URL}
	p.open("/?template=evil")
	p.until(mailHas("Hello"))
	p.get(new(any), `document.getElementById('mail').contentDocument.querySelector('h1').click(); 0`)
	var hit bool
	if p.get(&hit, `'hit' in window || document.getElementById('mail').contentDocument.title === 'hit'`); hit {
		t.Error("a script of a mail ran")
	}
}

// TestSaveToVisible measures how long it takes until a saved file is seen, for a mail of 30 KB. It judges nothing: machines differ.
func TestSaveToVisible(t *testing.T) {
	if os.Getenv("GERMANE_BENCH") == "" {
		t.Log("GERMANE_BENCH=1 measures")
		return
	}
	var filler strings.Builder
	for i := range 76 {
		fmt.Fprintf(&filler, "Paragraph %d has a few words, a [link](https://acme.example/%d) and *some* emphasis, so that it is like others.\n\n", i, i)
	}
	d := newDesk(t, map[string]string{"blocks/filler.md": "{% otherwise %}\n\n" + filler.String()})
	d.edit("templates/weekly.md", "{% block reading %}", "{% block reading %}\n\n{% block filler %}")
	p := openTab(t, openBrowser(t), d)
	p.open("/")
	p.until(mailHas("Paragraph 75"))
	var times []time.Duration
	for i := range 25 {
		word := fmt.Sprintf("version%d", i)
		p.get(new(any), fmt.Sprintf(`{window.seen = 0; const look = () => %s ? window.seen = Date.now() : setTimeout(look, 2); look(); 0}`, strings.Replace(mailHas(word), "innerText", "textContent", 1))) // which needs no layout
		text := d.read("blocks/hero.md")
		saved := time.Now()
		d.write("blocks/hero.md", strings.Replace(text, "left on your trial", "left on your trial "+word, 1))
		p.until(`window.seen > 0`)
		var seen int64
		p.get(&seen, `window.seen`)
		times = append(times, time.UnixMilli(seen).Sub(saved))
	}
	slices.Sort(times)
	_, mail := d.get("/mail")
	t.Logf("a mail of %d bytes: median %v, fastest %v, slowest %v of %d saves", len(mail), times[len(times)/2], times[0], times[len(times)-1], len(times))
}
