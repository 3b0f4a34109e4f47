package sesfake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// Posting is how SNS brings notices: at least once, in no order.
type Posting struct {
	URL        string
	Client     *http.Client // nil: http.DefaultClient
	Duplicates float64      // share of the notices that come twice
	Shuffle    bool
	Delay      time.Duration // a notice waits for up to this long
	Seed       uint64        // of the above
	AtOnce     int           // posts under way; 0: one
	Tries      int           // after 5xx and 429; 0: one
	Between    time.Duration // tries
}

// Post posts notices, and returns the first problem: one that stayed undelivered.
func (p Posting) Post(ctx context.Context, notices []Envelope) error {
	plan := p.plan(notices)
	next := make(chan planned)
	problems := make(chan error, len(plan))
	var posting sync.WaitGroup
	for range max(1, p.AtOnce) {
		posting.Go(func() {
			for n := range next {
				if err := p.deliver(ctx, n); err != nil {
					problems <- err
				}
			}
		})
	}
	for _, n := range plan {
		next <- n
	}
	close(next)
	posting.Wait()
	close(problems)
	return <-problems
}

type planned struct {
	body []byte
	wait time.Duration
}

func (p Posting) plan(notices []Envelope) []planned {
	chance := rand.New(rand.NewPCG(p.Seed, 0))
	var all []planned
	for _, e := range notices {
		n := planned{body: e.JSON()}
		times := 1
		if chance.Float64() < p.Duplicates {
			times = 2
		}
		for range times {
			if p.Delay > 0 {
				n.wait = time.Duration(chance.Int64N(int64(p.Delay)))
			}
			all = append(all, n)
		}
	}
	if p.Shuffle {
		chance.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	}
	return all
}

// deliver posts a notice until it is taken, or refused for good.
func (p Posting) deliver(ctx context.Context, n planned) (err error) {
	wait := n.wait
	for range max(1, p.Tries) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
		again := false
		if again, err = p.post(ctx, n.body); !again {
			return err
		}
		wait = p.Between
	}
	return err
}

func (p Posting) post(ctx context.Context, body []byte) (again bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL, bytes.NewReader(body))
	if err != nil {
		return false, errors.New("the address cannot be read")
	}
	request.Header.Set("Content-Type", "text/plain; charset=UTF-8")
	request.Header.Set("X-Amz-Sns-Message-Type", "Notification")
	client := p.Client
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return true, fmt.Errorf("post a notice: %w", err)
	}
	_ = response.Body.Close()
	if response.StatusCode/100 == 2 {
		return false, nil
	}
	return response.StatusCode >= 500 || response.StatusCode == http.StatusTooManyRequests, fmt.Errorf("a notice is answered with %d", response.StatusCode)
}
