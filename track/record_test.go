package track

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"germane/store"
	"germane/store/sqlite"
	"germane/token"
)

// TestDatabaseAway: whoever follows a link is led on, and whoever withdraws is not told that it is done.
func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.must(f.Warm(t.Context()))
	f.closeDatabase()
	for range 3 {
		if w := f.get(f.clickPath(f.ann, 1)); w.Code != http.StatusFound {
			t.Fatalf("a click: %d", w.Code)
		}
	}
	if w := f.get(f.openPath(f.ann)); w.Code != http.StatusOK {
		t.Errorf("an open: %d", w.Code)
	}
	for _, page := range []token.Page{token.Unsubscribe, token.Preferences} {
		for _, method := range []string{"GET", "POST"} {
			w := f.do(method, f.managePath(page, f.ann), urlencoded, "List-Unsubscribe=One-Click")
			if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), "try again in a few minutes") {
				t.Errorf("%s page %d: %d %s", method, page, w.Code, w.Body)
			}
		}
	}
	if w := f.get("/a/0123456789abcdef/logo.png"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("an asset: %d", w.Code)
	}
	if s := f.Stats(); s.Queued != 4 || s.Clicks != 0 || s.Failures != 5 {
		t.Errorf("stats are %+v", s)
	}
	f.version++
	if w := f.get(f.clickPath(f.ann, 1)); w.Code != http.StatusServiceUnavailable {
		t.Errorf("a link that is not in memory: %d", w.Code)
	}
}

// broken is a database that fails until it is mended.
type broken struct {
	store.Events
	mu     sync.Mutex
	fails  bool
	calls  int
	events []store.Event
}

func (b *broken) Record(_ context.Context, events []store.Event, _ store.Judge) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.calls++; b.fails {
		return fmt.Errorf("disk full")
	}
	b.events = append(b.events, events...)
	return nil
}

func (b *broken) set(fails bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fails = fails
}

func TestEventsWaitForTheDatabase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &broken{fails: true}
		var log bytes.Buffer
		r := newRecorder(b, slog.New(slog.NewTextHandler(&log, nil)))
		for i := range mostQueued + 5 {
			r.record(store.Event{Kind: store.EventClick, Link: i})
		}
		if got := r.length(); got != mostQueued || r.lost.Load() != 5 {
			t.Errorf("%d wait, %d are lost", got, r.lost.Load())
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if b.calls < 55 || b.calls > 65 {
			t.Errorf("%d attempts in a minute", b.calls)
		}
		b.set(false)
		time.Sleep(2 * retryAfter)
		synctest.Wait()
		if len(b.events) != mostQueued || r.length() != 0 || r.written[store.EventClick].Load() != mostQueued {
			t.Fatalf("%d are written", len(b.events))
		}
		for i, e := range b.events {
			if e.Link != i {
				t.Fatalf("event %d is at place %d", e.Link, i)
			}
		}
		b.set(true)
		r.record(store.Event{Kind: store.EventOpen})
		b.set(false)
		r.close(context.Background())
		r.close(context.Background())
		if len(b.events) != mostQueued+1 {
			t.Error("closing writes nothing")
		}
		r.record(store.Event{Kind: store.EventOpen})
		if r.lost.Load() != 6 {
			t.Error("recorded after closing")
		}
		if got := strings.Count(log.String(), "\n"); got != 5 { // away and back, twice; what was lost
			t.Errorf("%d lines of log:\n%s", got, log.String())
		}
	})
}

// TestClicksShareTransactions: all are on disk when they are answered, whoever else clicks.
func TestClicksShareTransactions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var all sync.WaitGroup
	paths := []string{f.clickPath(f.ann, 1), f.clickPath(f.ben, 0)}
	for i := range 40 {
		all.Go(func() {
			for range 10 {
				if w := f.get(paths[i%2]); w.Code != http.StatusFound {
					t.Errorf("%d", w.Code)
				}
			}
		})
	}
	all.Wait()
	if a, b := len(f.clicks(f.ann)), len(f.clicks(f.ben)); a != 200 || b != 200 {
		t.Errorf("%d and %d clicks", a, b)
	}
}

func BenchmarkClick(b *testing.B) {
	db, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "germane.db"), sqlite.Options{})
	if err != nil {
		b.Fatal(err)
	}
	f := newFixtureOn(b, db)
	f.Server.log = slog.New(slog.DiscardHandler)
	paths := make([]string, 1000)
	for i := range paths {
		paths[i] = f.clickPath(f.ann, i%2)
	}
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if w := f.get(paths[i%len(paths)]); w.Code != http.StatusFound {
				b.Fatal(w.Code)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}
