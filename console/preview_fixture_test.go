package console

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"germane/internal/finding"
	"germane/workspace"
)

// someNow is when tests look: the starter's personas are made for about then.
var someNow = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// desk is a preview of a workspace on disk that tests change.
type desk struct {
	t       *testing.T
	dir     string
	preview *Preview
	server  *httptest.Server
	posted  chan *TestMail
}

// newDesk shows the starter workspace, with these files more, and follows it.
func newDesk(t *testing.T, files map[string]string) *desk {
	t.Helper()
	d := &desk{t: t, dir: t.TempDir(), posted: make(chan *TestMail, 1)}
	if err := os.CopyFS(d.dir, workspace.Starter()); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		d.write(name, text)
	}
	var err error
	d.preview, err = NewPreview(PreviewConfig{
		Listen: "127.0.0.1:0", Dir: d.dir, Name: "acme", Load: d.load, Now: func() time.Time { return someNow },
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Outbox: filepath.Join(d.dir, "outbox"),
		Post: func(_ context.Context, m *TestMail) (string, error) {
			d.posted <- m
			return "Written to the outbox for " + m.To + ".", nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- d.preview.Watch(ctx) }()
	d.server = httptest.NewServer(d.preview.Handler())
	t.Cleanup(func() {
		d.server.CloseClientConnections()
		d.server.Close()
		end()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return d
}

func (d *desk) load() (*workspace.Workspace, []finding.Finding) {
	root, err := os.OpenRoot(d.dir)
	if err != nil {
		return nil, nil
	}
	defer root.Close()
	return workspace.Load(root.FS(), nil)
}

func (d *desk) write(name, text string) {
	d.t.Helper()
	path := filepath.Join(d.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		d.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		d.t.Fatal(err)
	}
}

// edit replaces a text of a file.
func (d *desk) edit(name, old, text string) {
	d.t.Helper()
	before := d.read(name)
	if !strings.Contains(before, old) {
		d.t.Fatalf("%s does not have %q", name, old)
	}
	d.write(name, strings.Replace(before, old, text, 1))
}

func (d *desk) read(name string) string {
	d.t.Helper()
	data, err := os.ReadFile(filepath.Join(d.dir, filepath.FromSlash(name)))
	if err != nil {
		d.t.Fatal(err)
	}
	return string(data)
}

// get asks for an address and returns the answer with its text.
func (d *desk) get(address string) (*http.Response, string) {
	d.t.Helper()
	request, err := http.NewRequest(http.MethodGet, d.server.URL+address, nil)
	if err != nil {
		d.t.Fatal(err)
	}
	return d.do(request)
}

func (d *desk) do(request *http.Request) (*http.Response, string) {
	d.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(request)
	if err != nil {
		d.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return answer, string(text)
}
