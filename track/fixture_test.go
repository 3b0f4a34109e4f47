package track

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"germane/audience"
	"germane/internal/engines"
	"germane/store"
	"germane/token"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"

// fixture is a server with a real database: Ann and Ben got a mail a day ago.
type fixture struct {
	testing.TB
	*Server
	db      store.Database
	address string // of the database
	handler http.Handler
	sign    *token.Signer
	run     int64
	version uint32
	tips    uint32
	ann     uint64
	ben     uint64
	logged  *lines

	mu    sync.Mutex
	clock time.Time

	closing sync.Once
}

func (f *fixture) closeDatabase() {
	f.closing.Do(func() { f.db.Close() })
}

var testKey = token.Key{ID: 1, Master: bytes.Repeat([]byte{7}, 32)}

// lines is a log that goroutines may share.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	address := engines.Address(t)
	db, err := engines.At(address)
	if err != nil {
		t.Fatal(err)
	}
	f := newFixtureOn(t, db)
	f.address = address
	return f
}

func newFixtureOn(t testing.TB, db store.Database) *fixture {
	t.Helper()
	f := &fixture{TB: t, db: db, clock: noon.Add(24 * time.Hour), logged: &lines{}}
	t.Cleanup(f.closeDatabase)
	f.fill()
	keys, err := token.NewKeys(testKey)
	f.must(err)
	f.sign = keys.Signer()
	f.Server = New(Config{
		Store: db, Keys: keys, Now: f.time, Log: slog.New(slog.NewTextHandler(f.logged, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Site: Site{
			Name: "Acme", Accent: "#2457d6", PostalAddress: "1 Main St, Springfield", LinkHosts: []string{"acme.example"},
			Topics: []Topic{{"tips", "Product tips"}, {"offers", "Offers"}, {"news", "News"}},
		},
	})
	t.Cleanup(func() { f.Server.Close(context.Background()) })
	f.handler = f.Handler()
	return f
}

// fill makes what mails lead back to.
func (f *fixture) fill() {
	ctx := context.Background()
	_, err := f.db.Import(ctx, []audience.Update{{ID: "ann", Email: "ann@mail.example"}, {ID: "ben", Email: "ben@mail.example"}},
		store.Importing{At: noon, Consent: []store.ConsentGrant{{Topic: "tips"}, {Topic: "offers"}}})
	f.must(err)
	f.ann, f.ben = f.number("ann"), f.number("ben")
	f.tips, err = f.db.TopicNumber(ctx, "tips")
	f.must(err)
	_, err = f.db.TopicNumber(ctx, "offers")
	f.must(err)
	v := &store.Version{Hash: "v1", Deployed: noon, Links: links1, Files: map[string][]byte{
		"assets/logo.png": []byte("\x89PNG"), "assets/a.svg": []byte("<svg/>"), "assets/a.html": []byte("<script>"),
	}, Assets: []store.Asset{{Hash: "0123456789abcdef", Name: "logo.png", Path: "assets/logo.png"}, {Hash: "0123456789abcdef", Name: "a.svg", Path: "assets/a.svg"}, {Hash: "0123456789abcdef", Name: "a.html", Path: "assets/a.html"}}}
	f.must(f.db.Deploy(ctx, v))
	f.version = uint32(v.Number)
	f.run, err = f.db.CreateRun(ctx, store.Run{Campaign: "weekly", Occurrence: "1", Version: "v1", Cut: true, Due: noon, Created: noon, Started: noon},
		[]store.Chunk{{People: store.Range{From: 1, To: 100}, Members: 2}})
	f.must(err)
	c, err := f.db.TakeChunk(ctx, f.run, 0, "test", noon, noon.Add(time.Minute))
	f.must(err)
	lease := store.Lease{Run: f.run, Epoch: c.Epoch}
	var claims []store.Decision
	var results []store.Result
	for _, p := range []uint64{f.ann, f.ben} {
		claims = append(claims, store.Decision{Person: int64(p), State: store.Claimed, Topic: "tips"})
		results = append(results, store.Result{Person: int64(p), State: store.Sent, At: noon})
	}
	_, err = f.db.Step(ctx, &store.Step{Lease: lease, Now: noon, Until: noon.Add(time.Minute), Decisions: claims})
	f.must(err)
	_, err = f.db.Step(ctx, &store.Step{Lease: lease, Now: noon, Until: noon.Add(time.Minute), Results: results})
	f.must(err)
}

// links1 are of a version's second campaign, all but the first.
var links1 = []store.Link{
	{Campaign: "other", Message: 0, ID: 0, Parts: []string{"https://acme.example/other"}},
	{Campaign: "weekly", Message: 1, ID: 0, Parts: []string{"https://acme.example/?utm_source=germane"}},
	{Campaign: "weekly", Message: 1, ID: 1, Block: "hero", Variant: "a", Parts: []string{"https://acme.example/a b/é"}},
	{Campaign: "weekly", Message: 1, ID: 2, Block: "hero", Variant: "b", Parts: []string{"https://acme.example/b/", "?x=", "#end"}},
	{Campaign: "weekly", Message: 1, ID: 3, Parts: []string{"", "?utm_source=germane"}},
	{Campaign: "weekly", Message: 1, ID: 4, Parts: []string{"https://acme.example", ""}},
	{Campaign: "weekly", Message: 1, ID: 5, Parts: []string{"javascript:alert(1)"}},
	{Campaign: "weekly", Message: 1, ID: 6, Parts: []string{"https://acme.example/\r\nSet-Cookie: a=b"}},
	{Campaign: "weekly", Message: 1, ID: 7, Parts: []string{"mailto:help@acme.example"}},
	{Campaign: "weekly", Message: 1, ID: 8, Block: "hero", Variant: "b", Parts: []string{"https://acme.example/8"}},
}

func (f *fixture) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

func (f *fixture) number(id string) uint64 {
	f.Helper()
	p, err := f.db.PersonByID(context.Background(), id)
	f.must(err)
	return uint64(p.Number)
}

func (f *fixture) time() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.clock
}

func (f *fixture) pass(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clock = f.clock.Add(d)
}

func (f *fixture) delivery(person uint64) token.Delivery {
	return token.Delivery{Version: f.version, Message: 1, Run: uint32(f.run), Person: person}
}

func (f *fixture) clickPath(person uint64, link int, values ...string) string {
	return "/c/" + string(f.sign.AppendClick(nil, f.delivery(person), link, values))
}

func (f *fixture) openPath(person uint64) string {
	return "/o/" + string(f.sign.AppendOpen(nil, f.delivery(person))) + ".gif"
}

func (f *fixture) managePath(page token.Page, person uint64) string {
	prefix := "/u/"
	if page == token.Preferences {
		prefix = "/p/"
	}
	return prefix + string(f.sign.AppendManage(nil, page, token.Manage{Person: person, Topic: f.tips, Run: uint32(f.run)}))
}

// do sends a request as a browser does.
func (f *fixture) do(method, path, contentType, body string, headers ...string) *httptest.ResponseRecorder {
	r := &http.Request{
		Method: method, URL: &url.URL{Path: path}, RequestURI: path, Host: "links.acme.example", RemoteAddr: "203.0.113.7:1234",
		Header: http.Header{"User-Agent": {chrome}}, Body: io.NopCloser(strings.NewReader(body)),
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, r.WithContext(context.Background()))
	return w
}

func (f *fixture) get(path string, headers ...string) *httptest.ResponseRecorder {
	return f.do("GET", path, "", "", headers...)
}

// clicks are a person's, oldest first, as "link label agent".
func (f *fixture) clicks(person uint64) []string {
	f.Helper()
	var all []string
	for _, e := range f.eventsOf(person) {
		if e.Kind == store.EventClick {
			all = append(all, fmt.Sprint(e.Link, " ", e.Label))
		}
	}
	return all
}

func (f *fixture) eventsOf(person uint64) []store.Event {
	f.Helper()
	all, err := f.db.EventsOf(context.Background(), int64(person), 1000)
	f.must(err)
	slices.Reverse(all)
	return all
}

func (f *fixture) consent(person uint64, topic string) audience.ConsentState {
	f.Helper()
	all, err := f.db.ConsentsOf(context.Background(), int64(person))
	f.must(err)
	return all[topic].State
}
