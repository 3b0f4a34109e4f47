package judges

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"germane/internal/testkit"
	"germane/workspace"
)

// sight is a way to look at a message.
type sight struct {
	width  int64 // CSS pixels
	scheme string
	images bool
}

// The first three have pictures and the others do not, so that each message is loaded twice.
var sights = []sight{
	{600, "light", true},
	{600, "dark", true},
	{375, "light", true},
	{375, "dark", true},
	{600, "light", false},
	{375, "dark", false},
}

func (s sight) String() string {
	name := fmt.Sprintf("%d-%s", s.width, s.scheme)
	if !s.images {
		name += "-no-images"
	}
	return name
}

// TestChromium looks at every starter message for every persona as sighted people do, and as axe-core thinks that others do.
func TestChromium(t *testing.T) {
	t.Parallel()
	browser := startChromium(t)
	axe, err := os.ReadFile("node/node_modules/axe-core/axe.min.js")
	if err != nil {
		testkit.Missing(t, "axe-core")
	}
	pages := map[string]string{}
	server := httptest.NewServer(nil)
	t.Cleanup(server.Close)
	w := load(t, workspace.Starter(), map[string]string{"GERMANE_PUBLIC_URL": server.URL})
	server.Config.Handler = newPages(pages, w.Assets)
	for _, message := range w.Messages {
		for _, persona := range w.Personas {
			name := message.Name + "-" + persona.Name
			pages[name] = write(t, message, persona.Person, false).HTML
		}
	}
	for name := range pages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tab, cancel := chromedp.NewContext(browser)
			t.Cleanup(cancel)
			v := &viewer{t: t, tab: tab, axe: string(axe), name: name}
			v.look(server.URL, sights)
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

// newPages serves messages by name, and the assets that they show. Without images, the page may load none, so that their texts show.
func newPages(pages map[string]string, assets []workspace.StoredFile) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /letter/{name}", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("images") == "false" {
			w.Header().Set("Content-Security-Policy", "img-src 'none'")
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, pages[r.PathValue("name")])
	})
	mux.HandleFunc("GET /a/{hash}/{name}", func(w http.ResponseWriter, r *http.Request) {
		i := slices.IndexFunc(assets, func(f workspace.StoredFile) bool { return filepath.Base(f.Name) == r.PathValue("name") })
		if i < 0 {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, assets[i].Name, time.Time{}, strings.NewReader(string(assets[i].Data)))
	})
	return mux
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
