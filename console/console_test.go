package console

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"germane/internal/engines"
	"germane/store"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func handler(t *testing.T, c Config) http.Handler {
	t.Helper()
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s.Handler()
}

func get(h http.Handler, host, path, authorization string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("GET", path, nil)
	r.Host = host
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestOnlyLoopbackNeedsNoToken(t *testing.T) {
	t.Parallel()
	for address, allowed := range map[string]bool{
		"127.0.0.1:8081": true, "127.9.9.9:1": true, "[::1]:8081": true, "localhost:8081": true, "[::ffff:127.0.0.1]:1": true,
		":8081": false, "0.0.0.0:8081": false, "[::]:8081": false, "10.0.0.1:8081": false, "example.com:80": false, "localhost.example:80": false, "": false, "127.0.0.1.example:80": false,
	} {
		if _, err := New(Config{Listen: address}); errors.Is(err, ErrTokenNeeded) == allowed {
			t.Errorf("%q: %v", address, err)
		}
		if _, err := New(Config{Listen: address, Token: "secret"}); err != nil {
			t.Errorf("%q with a token: %v", address, err)
		}
	}
}

// TestRebinding: a browser that was lied to about a name says that name.
func TestRebinding(t *testing.T) {
	t.Parallel()
	db := engines.Open(t)
	defer db.Close()
	h := handler(t, Config{Listen: "127.0.0.1:8081", Store: db})
	for host, want := range map[string]int{"127.0.0.1:8081": 200, "localhost:8081": 200, "[::1]:8081": 200, "127.0.0.1": 200, "evil.example": 421, "evil.example:8081": 421, "10.0.0.1:8081": 421, "": 421} {
		for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
			if got := get(h, host, path, "").Code; got != want {
				t.Errorf("%s%s: %d, want %d", host, path, got, want)
			}
		}
	}
}

func TestToken(t *testing.T) {
	t.Parallel()
	db := engines.Open(t)
	defer db.Close()
	h := handler(t, Config{Listen: ":8081", Token: "secret", Store: db})
	for authorization, want := range map[string]int{"Bearer secret": 200, "bearer secret": 200, "": 401, "Bearer": 401, "Bearer ": 401, "Bearer secre": 401, "Bearer secret ": 401, "Basic secret": 401, "secret": 401} {
		if got := get(h, "germane.internal", "/metrics", authorization).Code; got != want {
			t.Errorf("%q: %d, want %d", authorization, got, want)
		}
	}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/": 401, "//healthz": 401, "/healthz/": 401, "/metrics/": 401} {
		if got := get(h, "germane.internal", path, "").Code; got != want {
			t.Errorf("%s without a token: %d, want %d", path, got, want)
		}
	}
}

func TestReady(t *testing.T) {
	t.Parallel()
	db := engines.Open(t)
	h := handler(t, Config{Listen: "localhost:1", Store: db})
	want := func(status int, body string) {
		t.Helper()
		if w := get(h, "localhost", "/readyz", ""); w.Code != status || strings.TrimSpace(w.Body.String()) != body {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	want(200, `{"database":"ok","sending":"on"}`)
	if err := db.Turn(t.Context(), store.SwitchStopped, store.Switch{On: true, At: noon}); err != nil {
		t.Fatal(err)
	}
	want(200, `{"database":"ok","sending":"stopped"}`)
	db.Close()
	want(503, `{"database":"away","sending":"unknown"}`)
	if w := get(h, "localhost", "/healthz", ""); w.Code != 200 {
		t.Errorf("not alive: %d", w.Code)
	}
	if w := get(h, "localhost", "/metrics", ""); w.Code != 200 || !strings.Contains(w.Body.String(), "\ngermane_database_up 0\n") || !strings.Contains(w.Body.String(), "\ngermane_collectors_failed 2\n") {
		t.Errorf("%d\n%s", w.Code, w.Body)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	db := engines.Open(t)
	defer db.Close()
	ctx := t.Context()
	if err := db.Deploy(ctx, &store.Version{Hash: "v1", Deployed: noon}); err != nil {
		t.Fatal(err)
	}
	run := store.Run{Campaign: "weekly", Occurrence: "1", Version: "v1", Due: noon, Created: noon, Started: noon}
	if _, err := db.CreateRun(ctx, run, []store.Chunk{{People: store.Range{From: 1, To: 9}, Members: 7}}); err != nil {
		t.Fatal(err)
	}
	twice := func(value string) Collector {
		return func(context.Context) ([]Metric, error) {
			return []Metric{{"germane_x_total", "A \\ and\na line.", true, []Sample{{[]string{"a", value, "b", "2"}, 1.5}}}}, nil
		}
	}
	broken := func(context.Context) ([]Metric, error) { return nil, errors.New("no") }
	h := handler(t, Config{Listen: "localhost:1", Store: db, Version: "1.2.3", Collectors: []Collector{twice(`q"`), broken, twice("line\nend")}})
	body := get(h, "localhost", "/metrics", "").Body.String()
	for _, want := range []string{
		"# HELP germane_x_total A \\\\ and\\na line.\n# TYPE germane_x_total counter\ngermane_x_total{a=\"q\\\"\",b=\"2\"} 1.5\ngermane_x_total{a=\"line\\nend\",b=\"2\"} 1.5\n",
		"\ngermane_deliveries{campaign=\"weekly\",run=\"1\",state=\"waiting\"} 7\n", "\ngermane_run{campaign=\"weekly\",run=\"1\",state=\"running\"} 1\n",
		"\ngermane_switch{name=\"stopped\"} 0\n", "\ngermane_database_up 1\n", "\ngermane_collectors_failed 1\n", "germane_info{version=\"1.2.3\",go=\"go", "# TYPE go_goroutines gauge\n",
	} {
		if !strings.Contains("\n"+body, want) {
			t.Errorf("%q is missing in\n%s", want, body)
		}
	}
}
