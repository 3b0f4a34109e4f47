package judges

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"germane/workspace"
)

// sight is a way to look at a message.
type sight struct {
	width  int64 // CSS pixels
	scheme string
	images bool
}

var (
	// Those with images come first, so that each message is loaded twice only.
	allSights = []sight{
		{600, "light", true},
		{600, "dark", true},
		{375, "light", true},
		{375, "dark", true},
		{600, "light", false},
		{375, "dark", false},
	}
	narrow = []sight{{375, "light", true}}
)

func (s sight) String() string {
	name := fmt.Sprintf("%d-%s", s.width, s.scheme)
	if !s.images {
		name += "-no-images"
	}
	return name
}

// gallery is the messages to look at.
type gallery struct {
	t       *testing.T
	address string // of the server that shows it
	pages   map[string]page
	assets  []workspace.StoredFile
}

type page struct {
	html   string
	sights []sight
}

// starter adds every starter message: for every persona, and for people whose texts are at the edges.
func (g *gallery) starter() {
	w := load(g.t, workspace.Starter(), map[string]string{"GERMANE_PUBLIC_URL": g.address})
	g.assets = w.Assets
	for _, message := range w.Messages {
		for _, persona := range w.Personas {
			g.pages[message.Name+"-"+persona.Name] = page{write(g.t, message, persona.Person, false).HTML, allSights}
		}
		for _, s := range styles {
			if !s.odd && !s.none {
				name := message.Name + "-edge-" + strings.ReplaceAll(s.name, " ", "-")
				g.pages[name] = page{write(g.t, message, draw(w.Catalogue, s, 0, 1), false).HTML, narrow}
			}
		}
	}
}

// brands are colours and languages that are not the starter's. Germane has to make them readable.
var brands = map[string]string{
	"starter": "",
	"light":   `accent: "#ffd500"`,
	"dark":    `accent: "#7a1f5c", background_color: "#0b0d12", card_color: "#161a22", ink_color: "#f4f4f4"`,
	"arabic":  `accent: "#0b7a55", language: ar`,
}

// everything adds a message with everything that Markdown makes: in the starter's layout, and in the one that is built in, in several
// brands.
func (g *gallery) everything() {
	body, err := os.ReadFile("testdata/everything.md")
	if err != nil {
		g.t.Fatal(err)
	}
	const front = "---\nsubject: Everything\npreheader: All there is\n"
	files := starterWith(g.t, map[string]string{
		"templates/everything-in-base.md":  front + "layout: base\n---\n" + string(body),
		"templates/everything-built-in.md": front + "---\n" + string(body),
	})
	config := files["germane.yaml"].Data
	for name, brand := range brands {
		files["germane.yaml"].Data = config
		if brand != "" {
			files["germane.yaml"].Data = starterBrand.ReplaceAll(config, []byte("brand: {"+brand+`, logo: assets/logo.png, app_url: "https://app.acme.example"}`))
		}
		w := load(g.t, files, map[string]string{"GERMANE_PUBLIC_URL": g.address})
		for _, template := range []string{"everything-in-base", "everything-built-in"} {
			if message, _ := w.Message(template); brand == "" || template == "everything-built-in" {
				g.pages[template+"-"+name] = page{write(g.t, message, w.Personas[0].Person, false).HTML, allSights}
				g.pages[template+"-"+name+"-edge"] = page{write(g.t, message, draw(w.Catalogue, longest, 0, 1), false).HTML, narrow}
			}
		}
	}
}

var starterBrand = regexp.MustCompile(`(?m)^brand: \{.*\}$`)

// handler serves the messages by name, and the assets that they show. With images=false a page may load none, so that their texts show.
func (g *gallery) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /letter/{name}", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("images") == "false" {
			w.Header().Set("Content-Security-Policy", "img-src 'none'")
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, g.pages[r.PathValue("name")].html)
	})
	mux.HandleFunc("GET /a/{hash}/{name}", func(w http.ResponseWriter, r *http.Request) {
		i := slices.IndexFunc(g.assets, func(f workspace.StoredFile) bool { return path.Base(f.Name) == r.PathValue("name") })
		if i < 0 {
			http.NotFound(w, r)
			return
		}
		http.ServeContent(w, r, g.assets[i].Name, time.Time{}, bytes.NewReader(g.assets[i].Data))
	})
	return mux
}
