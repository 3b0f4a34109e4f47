package judges

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"germane/internal/testkit"
)

// TestChromium looks at messages as sighted people do, and as axe-core thinks that others do.
func TestChromium(t *testing.T) {
	t.Parallel()
	browser := startChromium(t)
	axe, err := os.ReadFile("node/node_modules/axe-core/axe.min.js")
	if err != nil {
		testkit.Missing(t, "axe-core")
	}
	server := httptest.NewServer(nil)
	t.Cleanup(server.Close)
	g := &gallery{t: t, address: server.URL, pages: map[string]page{}}
	g.starter()
	g.everything()
	server.Config.Handler = g.handler()
	for name, page := range g.pages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tab, cancel := chromedp.NewContext(browser)
			t.Cleanup(cancel)
			v := &viewer{t: t, tab: tab, axe: string(axe), name: name}
			v.look(server.URL, page.sights)
		})
	}
}

// startChromium starts one browser for a test and its subtests.
func startChromium(t *testing.T) context.Context {
	t.Helper()
	program := testkit.Program(t, "chromium", "chromium-browser", "google-chrome")
	ctx, cancelTime := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancelTime)
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(program), chromedp.UserDataDir(t.TempDir()),
		chromedp.Flag("disable-gpu", true), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("hide-scrollbars", true),
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

// viewer looks at one message in one tab.
type viewer struct {
	t    *testing.T
	tab  context.Context
	axe  string
	name string
}

func (v *viewer) look(server string, sights []sight) {
	for i, s := range sights {
		v.emulate(s)
		if i == 0 || s.images != sights[i-1].images {
			v.do(chromedp.Navigate(fmt.Sprintf("%s/letter/%s?images=%t", server, v.name, s.images)))
			v.do(chromedp.Evaluate[chromedp.Void](v.axe))
		}
		v.keep(s)
		var layout struct{ Wide, Loaded, Pictures int }
		v.get(&layout, `({wide: document.documentElement.scrollWidth, pictures: document.images.length, loaded: [...document.images].filter(i => i.naturalWidth).length})`)
		if layout.Wide > int(s.width) {
			v.t.Errorf("%s: scrolls sideways: the page is %d wide", s, layout.Wide)
		}
		if s.images && layout.Loaded != layout.Pictures {
			v.t.Errorf("%s: %d of %d images were loaded", s, layout.Loaded, layout.Pictures)
		}
		v.check(s)
	}
}

func (v *viewer) emulate(s sight) {
	v.do(chromedp.EmulateViewport(s.width, 800, func(metrics *emulation.SetDeviceMetricsOverrideParams, _ *emulation.SetTouchEmulationEnabledParams) {
		metrics.Mobile = s.width < 600 // the viewport's meta element counts
	}))
	scheme := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: s.scheme}}}
	if _, err := chromedp.Call(v.tab, emulation.SetEmulatedMedia, scheme); err != nil {
		v.t.Fatal(err)
	}
}

// axeRun switches off the rules about landmarks and headings of whole pages: a message stands inside a mail program's page, and body and
// main are not the message's own.
const axeRun = `axe.run({resultTypes: ['violations'], rules: {region: {enabled: false}, 'landmark-one-main': {enabled: false}}}).then(r => r.violations)`

// violation is what axe-core finds wrong.
type violation struct {
	ID     string `json:"id"`
	Impact string `json:"impact"`
	Help   string `json:"help"`
	Nodes  []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

func (v *viewer) check(s sight) {
	var found []violation
	v.get(&found, axeRun)
	for _, violation := range found {
		report := v.t.Errorf
		if violation.Impact != "serious" && violation.Impact != "critical" {
			report = v.t.Logf
		}
		for _, node := range violation.Nodes {
			report("%s: axe-core: %s: %s (%s)\n%.300s\n%s", s, cmp.Or(violation.Impact, "minor"), violation.Help, violation.ID, node.HTML, node.Summary)
		}
	}
}

// keep writes a screenshot to the folder that GERMANE_SHOTS names.
func (v *viewer) keep(s sight) {
	folder := os.Getenv("GERMANE_SHOTS")
	if folder == "" {
		return
	}
	image, err := chromedp.Run(v.tab, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.MkdirAll(folder, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, v.name+"-"+s.String()+".png"), image, 0o644)
	}
	if err != nil {
		v.t.Fatal(err)
	}
}

func (v *viewer) do(action chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	if err := chromedp.Do(v.tab, action); err != nil {
		v.t.Fatal(err)
	}
}

// get evaluates an expression, or what it promises, and reads its result.
func (v *viewer) get(into any, expression string) {
	v.t.Helper()
	result, err := chromedp.Run(v.tab, chromedp.Evaluate[[]byte](expression, chromedp.EvalAwaitPromise))
	if err == nil {
		err = json.Unmarshal(result, into)
	}
	if err != nil {
		v.t.Fatal(err)
	}
}
