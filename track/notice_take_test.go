package track

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"germane/store"
)

// noticer stands in for a store that fails as told: what is of interest is who hears of what.
type noticer struct {
	mu      sync.Mutex
	began   chan struct{} // a first transaction is under way
	go1     chan struct{} // and may end
	bad     int64         // a person of whom nothing can be written
	away    bool
	batches []int
}

func (n *noticer) TakeNotices(_ context.Context, notices []store.Notice, _ store.Noticing) ([]bool, error) {
	n.mu.Lock()
	first := len(n.batches) == 0
	n.batches = append(n.batches, len(notices))
	n.mu.Unlock()
	if first {
		close(n.began)
		<-n.go1
	}
	known := make([]bool, len(notices))
	for i := range notices {
		if n.away || notices[i].Person == n.bad {
			return nil, errors.New("it fails")
		}
		known[i] = notices[i].Person%2 == 0
	}
	return known, nil
}

// TestTaker: those who wait share a transaction, and each hears what became of their own notice.
func TestTaker(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		store *noticer
		fails map[int64]bool
		most  int // transactions
	}{
		"all is well":              {&noticer{}, nil, 2},
		"one cannot be written":    {&noticer{bad: 20}, map[int64]bool{20: true}, 22},
		"the database is away":     {&noticer{away: true}, nil, 3},
		"one that comes by itself": {&noticer{bad: 1}, map[int64]bool{1: true}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := c.store
			n.began, n.go1 = make(chan struct{}), make(chan struct{})
			taker := newTaker(n, store.Noticing{})
			results := make([]string, 21)
			var asking sync.WaitGroup
			ask := func(person int64) {
				asking.Go(func() {
					known, err := taker.take(t.Context(), store.Notice{Person: person})
					results[person] = fmt.Sprintf("%v %v", known, err)
				})
			}
			ask(1)
			<-n.began
			// One after another, so that the bad one is the last: those before it are written.
			for person := int64(2); person <= 20; person++ {
				ask(person)
				for len(taker.queue) < int(person)-1 {
					runtime.Gosched()
				}
			}
			close(n.go1)
			asking.Wait()
			taker.close()
			for person := int64(1); person <= 20; person++ {
				want := fmt.Sprintf("%v <nil>", person%2 == 0)
				if n.away || c.fails[person] {
					want = "false it fails"
				}
				if results[person] != want {
					t.Errorf("person %d hears %s, not %s", person, results[person], want)
				}
			}
			if len(n.batches) > c.most || n.batches[1] != 19 {
				t.Errorf("transactions of %v", n.batches)
			}
		})
	}
}

// TestTakerIsFull: more than may wait is sent away at once, and whoever loses patience leaves.
func TestTakerIsFull(t *testing.T) {
	t.Parallel()
	n := &noticer{began: make(chan struct{}), go1: make(chan struct{})}
	taker := newTaker(n, store.Noticing{})
	ctx, end := context.WithCancel(t.Context())
	var asking sync.WaitGroup
	problems := make(chan error, mostNoticesQueued+1)
	ask := func() {
		asking.Go(func() {
			_, err := taker.take(ctx, store.Notice{})
			problems <- err
		})
	}
	ask()
	<-n.began
	for range mostNoticesQueued {
		ask()
	}
	for len(taker.queue) < mostNoticesQueued {
		runtime.Gosched()
	}
	if _, err := taker.take(ctx, store.Notice{}); !errors.Is(err, errBusy) {
		t.Errorf("got %v", err)
	}
	end()
	asking.Wait()
	close(n.go1)
	taker.close()
	close(problems)
	for err := range problems {
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("somebody heard %v", err)
		}
	}
}
