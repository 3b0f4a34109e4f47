package track

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"germane/internal/engines"
	"germane/token"
)

// TestMain lets a test start this program as a server that it can kill.
func TestMain(m *testing.M) {
	if address := os.Getenv("GERMANE_TEST_SERVE"); address != "" {
		serveForever(address)
	}
	os.Exit(m.Run())
}

// serveForever serves a database and says where, until it is killed.
func serveForever(address string) {
	fail := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	db, err := engines.At(address)
	fail(err)
	keys, err := token.NewKeys(testKey)
	fail(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	fail(err)
	fmt.Println(listener.Addr())
	s := New(Config{Store: db, Keys: keys, Log: slog.New(slog.DiscardHandler)})
	fail(http.Serve(listener, s.Handler()))
}

// TestAnsweredClicksSurviveAKill kills the server among clicks: whatever was answered is in the database.
func TestAnsweredClicksSurviveAKill(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	path := f.clickPath(f.ann, 1)
	const clients = 8
	total := 0
	for _, kill := range []int64{1, 150, 400} {
		answered := killAmongClicks(t, f.address, path, clients, kill)
		before := total
		total = f.countClicks()
		if written := total - before; written < int(answered) || written > int(answered)+clients {
			t.Errorf("%d clicks were answered, %d are written", answered, written)
		}
	}
}

// killAmongClicks kills a server after some answers and returns how many there were.
func killAmongClicks(t *testing.T, database, path string, clients int, after int64) int64 {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	server := exec.Command(program)
	server.Env = append(os.Environ(), "GERMANE_TEST_SERVE="+database)
	server.Stderr = os.Stderr
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: clients},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	var answered atomic.Int64
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for {
				response, err := client.Get("http://" + strings.TrimSpace(address) + path)
				if err != nil {
					return // killed
				}
				response.Body.Close()
				if response.StatusCode == http.StatusFound && answered.Add(1) == after {
					server.Process.Kill()
				}
			}
		})
	}
	all.Wait()
	server.Wait()
	return answered.Load()
}

// countClicks is how many a person's events there are.
func (f *fixture) countClicks() (n int) {
	f.Helper()
	counts, err := f.db.ClickCounts(context.Background(), f.run)
	f.must(err)
	for _, c := range counts {
		n += int(c.Clicks)
	}
	return n
}
