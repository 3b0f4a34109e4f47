package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"germane/store"
)

// sharers: whoever is alive counts, also while nobody hears of it, and no two divide at once.
func sharers(t *testing.T, f *fixture) {
	w := store.Worker{
		Name: "a", Sender: "ses", Share: 7.5, Busy: true, Took: 3.25, Until: noon.Add(10 * time.Second), Throttled: noon.Add(-time.Minute), Slowed: 0.5, Known: 1,
	}
	keep := func(w store.Worker, others *[]store.Worker) func([]store.Worker) store.Worker {
		return func(live []store.Worker) store.Worker {
			*others = live
			return w
		}
	}
	var others []store.Worker
	got, err := f.Share(f.ctx, w, noon, keep(w, &others))
	f.must(err)
	if !reflect.DeepEqual(got, w) || len(others) != 0 {
		t.Errorf("kept %+v beside %v", got, others)
	}
	b, c := w, w
	b.Name, b.Share, b.Busy, b.Until = "b", -1, false, noon.Add(20*time.Second)
	c.Name, c.Sender = "c", "smtp"
	for _, w := range []store.Worker{b, c} {
		_, err = f.Share(f.ctx, w, noon, keep(w, &others))
		f.must(err)
	}
	if len(others) != 0 {
		t.Errorf("another sender's workers count: %v", others)
	}
	_, err = f.Share(f.ctx, b, noon.Add(9*time.Second), keep(b, &others))
	f.must(err)
	if len(others) != 1 || !reflect.DeepEqual(others[0], w) {
		t.Errorf("beside b there is %+v, want %+v", others, w)
	}
	f.wantLive(noon.Add(9*time.Second), "abc")
	_, err = f.Share(f.ctx, b, noon.Add(10*time.Second), keep(b, &others))
	f.must(err)
	if len(others) != 0 {
		t.Errorf("a lease that is over counts: %v", others)
	}
	f.wantLive(noon.Add(10*time.Second), "b")
	f.must(f.Leave(f.ctx, "b"))
	f.must(f.Leave(f.ctx, "nobody"))
	f.wantLive(noon, "")
	f.divideAtOnce()
}

func (f *fixture) wantLive(now time.Time, want string) {
	f.t.Helper()
	live, err := f.LiveWorkers(f.ctx, now)
	f.must(err)
	names := ""
	for _, w := range live {
		names += w.Name
	}
	if names != want {
		f.t.Errorf("live are %q, want %q", names, want)
	}
}

// divideAtOnce has many take what is left of a rate: together they get no more than that.
func (f *fixture) divideAtOnce() {
	const rate = 100.0
	var working sync.WaitGroup
	for i := range 20 {
		working.Go(func() {
			w := store.Worker{Name: fmt.Sprint("w", i), Sender: "shared", Until: noon.Add(time.Minute)}
			_, err := f.Share(context.WithoutCancel(f.ctx), w, noon, func(others []store.Worker) store.Worker {
				left := rate
				for _, o := range others {
					left -= o.Share
				}
				w.Share = min(left, 15)
				return w
			})
			if err != nil {
				f.t.Error(err)
			}
		})
	}
	working.Wait()
	live, err := f.LiveWorkers(f.ctx, noon)
	f.must(err)
	sum := 0.0
	for _, w := range live {
		sum += w.Share
	}
	if sum != rate || len(live) != 20 {
		f.t.Errorf("%d workers hold %v of %v", len(live), sum, rate)
	}
}

// foreignResults: what a worker believes it claimed, and somebody else did, is not its own to report, and a chunk does not claim what
// another one is to try again.
func foreignResults(t *testing.T, f *fixture) {
	run, p := f.run(4, 4)
	f.must(f.AddChunks(f.ctx, run, []store.Chunk{{No: 1, People: store.Range{From: p[0], To: p[3] + 1}, Zone: "UTC"}}, true))
	first := f.take(run, 0, noon)
	f.step(step(first, nil, claims(p[0])), store.Claimed)
	f.must(f.releaseLater(run, first, p[0]))
	second := f.take(run, 0, noon.Add(2*time.Minute))
	f.step(step(second, nil, claims(p[0], p[1])), store.Claimed, store.Claimed)
	for _, state := range []store.DeliveryState{store.Retry, store.InDoubt, store.Sent} {
		_, err := f.Step(f.ctx, step(first, []store.Result{result(p[0], state), result(p[1], state), result(p[2], state)}, nil))
		if !errors.Is(err, store.ErrLost) {
			t.Errorf("got %v", err)
		}
		f.wantRow(run, p[0], store.Claimed, "")
		f.wantRow(run, p[1], store.Claimed, "")
	}
	f.step(step(second, []store.Result{result(p[0], store.Retry), result(p[1], store.Sent)}, nil))
	other := f.take(run, 1, noon.Add(2*time.Minute))
	f.step(step(other, nil, claims(p[0], p[2])), 0, store.Claimed)
	f.wantRow(run, p[0], store.Retry, "")
	f.step(step(second, nil, claims(p[0])), store.Claimed)
}

// releaseLater has somebody tried again, and gives the chunk back.
func (f *fixture) releaseLater(run int64, l store.Lease, person int64) error {
	f.step(step(l, []store.Result{result(person, store.Retry)}, nil))
	return f.ReleaseChunk(f.ctx, l, noon)
}

// aside: of a chunk that took too many workers with it, one is told.
func aside(t *testing.T, f *fixture) {
	run, _ := f.run(2, 1)
	told := func() string {
		chunks, err := f.TellAside(f.ctx)
		f.must(err)
		text := ""
		for _, c := range chunks {
			text += fmt.Sprint(c.Run, "/", c.No, " ")
		}
		return text
	}
	for range 2 {
		now := noon
		for i := range 3 {
			if got := told(); got != "" {
				t.Errorf("after %d crashes %q is told", i, got)
			}
			f.take(run, 1, now)
			now = now.Add(time.Hour)
			_, err := f.Sweep(f.ctx, now, false)
			f.must(err)
		}
		c, err := f.Chunk(f.ctx, run, 1)
		f.must(err)
		if c.State != store.ChunkAside || c.Crashes != 3 || c.No != 1 {
			t.Errorf("the chunk is %+v", c)
		}
		if got, want := told(), fmt.Sprint(run, "/1 "); got != want {
			t.Errorf("%q is told, want %q", got, want)
		}
		_, err = f.ReopenChunks(f.ctx, run)
		f.must(err)
	}
	if _, err := f.Chunk(f.ctx, run, 2); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a chunk that is not there: %v", err)
	}
}
