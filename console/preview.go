package console

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"time"

	"germane/audience"
	"germane/internal/finding"
	"germane/store"
	"germane/workspace"
)

// ErrLoopbackOnly is returned for an address that others can reach: the preview knows no passwords.
var ErrLoopbackOnly = errors.New("the preview listens on this machine only: 127.0.0.1, ::1 or localhost")

// Bounds of what a request may say.
const (
	maxQuery = 16 << 10
	maxBody  = 64 << 10
)

//go:embed ui
var ui embed.FS

// PreviewConfig is what a preview is made of.
type PreviewConfig struct {
	Listen string // host:port that it will listen on
	Dir    string // the workspace's folder, which is watched
	Name   string // of the workspace, as pages show it
	// Load reads the workspace; it is nil only when there is none.
	Load func() (*workspace.Workspace, []finding.Finding)
	// Post sends one person's mail to a colleague, and says what became of it. nil: there is no such button.
	Post   func(context.Context, *TestMail) (string, error)
	People store.People // of the database; nil: only invented people
	Outbox string       // the folder of an outbox; "": none
	Now    func() time.Time
	Log    *slog.Logger
}

// TestMail is somebody's mail for a colleague.
type TestMail struct {
	Workspace *workspace.Workspace
	Template  string
	Person    *audience.Person
	To        string // checked: an address that can be mailed
	Now       time.Time
}

// Preview shows the mail of a workspace as every kind of person gets it, and why. Each state is a GET URL; only a test mail is a POST.
//
// In order: [NewPreview], [Preview.Watch] in a goroutine of its own, [Preview.Handler].
type Preview struct {
	PreviewConfig
	workshop *workshop
	pages    *template.Template
	files    map[string]file // of ui/, by path
	version  string          // of those files: their address changes with them
}

// file is one that browsers fetch.
type file struct {
	kind string
	data []byte
}

// NewPreview reads the workspace for the first time. It returns [ErrLoopbackOnly], or what is wrong with its own pages.
func NewPreview(c PreviewConfig) (*Preview, error) {
	if !isLoopback(c.Listen) {
		return nil, fmt.Errorf("listen on %s: %w", c.Listen, ErrLoopbackOnly)
	}
	p := &Preview{PreviewConfig: c, files: map[string]file{}}
	if err := p.readFiles(); err != nil {
		return nil, err
	}
	p.workshop = newWorkshop(c.Load, c.Now)
	return p, nil
}

var kinds = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

func (p *Preview) readFiles() (err error) {
	sum := sha256.New()
	entries, err := fs.ReadDir(ui, "ui")
	if err != nil {
		return fmt.Errorf("read the pages: %w", err)
	}
	for _, entry := range entries {
		kind, served := kinds[path.Ext(entry.Name())]
		if !served {
			continue
		}
		data, err := ui.ReadFile("ui/" + entry.Name())
		if err != nil {
			return fmt.Errorf("read the pages: %w", err)
		}
		sum.Write(data)
		p.files[entry.Name()] = file{kind, data}
	}
	p.version = hex.EncodeToString(sum.Sum(nil)[:6])
	p.pages, err = template.New("").Funcs(words).ParseFS(ui, "ui/*.html")
	return err
}

// Handler answers requests.
func (p *Preview) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.page)
	mux.HandleFunc("GET /mail", p.mail)
	mux.HandleFunc("GET /outbox", p.outbox)
	mux.HandleFunc("GET /outbox/mail", p.outboxMail)
	mux.HandleFunc("GET /events", p.events)
	mux.HandleFunc("GET /a/{hash}/{name}", p.asset)
	mux.HandleFunc("GET /ui/{version}/{name}", p.uiFile)
	mux.Handle("POST /test-mail", http.NewCrossOriginProtection().Handler(http.HandlerFunc(p.postTest)))
	return p.protect(mux)
}

// toolPolicy is the policy of our own pages: nothing from elsewhere, and nothing written into them.
const toolPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// protect refuses requests that no page of ours makes. A page of somebody else's in the same browser can reach loopback under a name of
// its own (DNS rebinding): then the host is not this machine's.
func (p *Preview) protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Content-Security-Policy", toolPolicy)
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		switch {
		case !isLoopback(r.Host):
			http.Error(w, "this server answers only to 127.0.0.1, ::1 and localhost", http.StatusMisdirectedRequest)
		case len(r.URL.RawQuery) > maxQuery:
			http.Error(w, "this address is too long", http.StatusRequestURITooLong)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// uiFile serves an embedded file, found by its name in a map.
func (p *Preview) uiFile(w http.ResponseWriter, r *http.Request) {
	f, ok := p.files[r.PathValue("name")]
	if !ok || r.PathValue("version") != p.version {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", f.kind)
	w.Header().Set("Cache-Control", "max-age=31536000, immutable")
	w.Write(f.data) // whoever left does not need it
}

// pictures are the kinds of assets that are shown.
var pictures = map[string]string{".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp", ".svg": "image/svg+xml", ".ico": "image/x-icon"}

// asset serves a picture of the workspace as the public fetches it: from what was read, found by its hash and name.
func (p *Preview) asset(w http.ResponseWriter, r *http.Request) {
	ws := p.workshop.now().good
	kind, shown := pictures[strings.ToLower(path.Ext(r.PathValue("name")))]
	if ws == nil || !shown {
		http.NotFound(w, r)
		return
	}
	for i, a := range ws.PublicAssets() {
		if a.Hash == r.PathValue("hash") && a.Name == r.PathValue("name") {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
			w.Write(ws.Assets[i].Data)
			return
		}
	}
	http.NotFound(w, r)
}

// show writes a page. It is made whole first, so that a mistake of ours is an error and not half a page.
func (p *Preview) show(w http.ResponseWriter, status int, name string, data any) {
	var b strings.Builder
	if err := p.pages.ExecuteTemplate(&b, name, data); err != nil {
		p.Log.Error("make a page", "page", name, "err", err)
		http.Error(w, "germane made a mistake: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	w.Write([]byte(b.String()))
}
