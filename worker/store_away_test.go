package worker_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"germane/internal/testkit"
	"germane/send"
	"germane/store"
	"germane/worker"
)

// TestDatabaseAway: a database that is stopped, or out of reach, in the middle of a run: nobody is mailed twice, nobody is forgotten, and
// it goes on by itself. What was in flight is known when the database is back.
func TestDatabaseAway(t *testing.T) {
	t.Parallel()
	cluster := testkit.NewCluster(t)
	proxy := testkit.NewProxy(t, cluster.Host)
	for name, test := range map[string]struct{ away, back func() }{
		"stopped": {cluster.Stop, cluster.Start},
		"cut off": {func() { proxy.Cut(testkit.Closed) }, proxy.Heal},
	} {
		t.Run(name, func(t *testing.T) { // one after the other: they have one database
			provider := &scripted{}
			var r *rig
			s := openPostgres(t, cluster.Address(proxy.Address))
			again := make(chan struct{})
			provider.answer = func(n int, m *send.Mail) send.Result {
				if n == 40 {
					test.away()
					close(again)
				}
				if n > 40 {
					<-again
				}
				return send.Result{Outcome: send.Sent, ID: m.ID}
			}
			r = newRigIn(t, s, 0, provider, nil)
			r.peopleNamed(name, 300)
			r.config.Rate = 1000
			id := r.plan(name)
			_, log, stop := r.working()
			log.await(t, "the database does not answer")
			test.back()
			log.await(t, "the database answers again")
			log.await(t, "run finished")
			stop()
			run := r.run(id)
			if run.InDoubt+run.Failed != 0 || int(run.Sent) != len(provider.got) || run.State != store.RunFinished {
				t.Errorf("%d people got a mail, the run is %s: %+v", len(provider.got), run.State, run.Counts)
			}
			for to, n := range provider.got {
				if n != 1 {
					t.Errorf("%s got %d mails", to, n)
				}
			}
			if said := strings.Count(log.text.String(), "does not answer"); said > 2 {
				t.Errorf("it is said %d times that the database does not answer", said)
			}
		})
	}
}

// amid is a store that does something to the steps that claim, once some mails were claimed.
type amid struct {
	store.Store
	step func(ctx context.Context, s *store.Step) ([]store.Decided, error) // nil: nothing more

	mu     sync.Mutex
	claims int
	met    []int64 // the people of that step
}

func (a *amid) Step(ctx context.Context, s *store.Step) ([]store.Decided, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.claims += len(s.Decisions)
	if a.step == nil || a.claims < 50 || len(s.Decisions) == 0 {
		return a.Store.Step(ctx, s)
	}
	for _, d := range s.Decisions {
		a.met = append(a.met, d.Person)
	}
	step := a.step
	a.step = nil
	return step(ctx, s)
}

// TestCommitLost: of a step nobody knows whether it was committed. Its mails were not sent, and so are sent once; unless somebody took the
// lease for lost meanwhile: then nobody can be sure of that but this worker, and they stay in doubt.
func TestCommitLost(t *testing.T) {
	t.Parallel()
	lost := fmt.Errorf("step: %w", store.ErrUnknown)
	for name, test := range map[string]struct {
		committed, swept bool
	}{"committed": {true, false}, "not committed": {false, false}, "committed, and swept": {true, true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			provider := &scripted{}
			r := newRig(t, 400, provider, nil)
			away := &amid{Store: r.store}
			away.step = func(ctx context.Context, s *store.Step) ([]store.Decided, error) {
				if test.committed {
					if _, err := r.store.Step(ctx, s); err != nil {
						t.Error(err)
					}
				}
				if test.swept {
					if n, err := r.store.Sweep(ctx, time.Now(), true); err != nil || n != 1 {
						t.Errorf("%d leases ended: %v", n, err)
					}
				}
				return nil, lost
			}
			r.config.Store = away
			id := r.plan("monday")
			r.drain(t.Context())
			if !test.swept {
				r.checkAllSent(id, provider.got)
				return
			}
			run := r.run(id)
			if run.InDoubt == 0 || int(run.InDoubt) > r.config.Concurrency || run.State != store.RunSettling || int(run.Sent) > len(provider.got) {
				t.Errorf("%d got a mail, the run is %s: %+v", len(provider.got), run.State, run.Counts)
			}
			r.checkNoneTwice(id, provider.got, away.met)
		})
	}
}

// checkNoneTwice says that nobody got two mails, and whoever is in doubt of some people got none.
func (r *rig) checkNoneTwice(id int64, got map[string]int, of []int64) {
	r.t.Helper()
	for to, n := range got {
		if n != 1 {
			r.t.Errorf("%s got %d mails", to, n)
		}
	}
	for _, person := range of {
		d, err := r.store.Delivery(r.t.Context(), id, person, 0)
		r.must(err)
		p, err := r.store.PersonByNumber(r.t.Context(), person)
		r.must(err)
		if d.State == store.InDoubt && got[p.Email] != 0 {
			r.t.Errorf("%s is in doubt, and got a mail after that", p.Email)
		}
	}
}

// TestStandingStill: a worker that stood still until its lease was over sends nothing of what it claimed before that.
func TestStandingStill(t *testing.T) {
	t.Parallel()
	for name, swept := range map[string]bool{"and nobody noticed": false, "and others took it for lost": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			provider := &scripted{}
			r := newRig(t, 400, provider, nil)
			r.config.Lease = 500 * time.Millisecond
			still := &amid{Store: r.store}
			still.step = func(ctx context.Context, s *store.Step) ([]store.Decided, error) {
				decided, err := r.store.Step(ctx, s)
				<-time.After(r.config.Lease)
				if swept {
					if n, err := r.store.Sweep(ctx, time.Now(), false); err != nil || n != 1 {
						t.Errorf("%d leases ended: %v", n, err)
					}
				}
				return decided, err
			}
			r.config.Store = still
			id := r.plan("monday")
			r.drain(t.Context())
			if !swept {
				r.checkAllSent(id, provider.got)
				return
			}
			run := r.run(id)
			if run.InDoubt == 0 || run.State != store.RunSettling || int(run.Sent) != len(provider.got) {
				t.Errorf("%d got a mail, the run is %s: %+v", len(provider.got), run.State, run.Counts)
			}
			r.checkNoneTwice(id, provider.got, still.met)
		})
	}
}

// gone is a store that is away for a while.
type gone struct {
	store.Store
	away atomic.Bool
}

func (g *gone) Step(ctx context.Context, s *store.Step) ([]store.Decided, error) {
	if g.away.Load() {
		return nil, errors.New("nobody there")
	}
	return g.Store.Step(ctx, s)
}

// TestToldToEndMeanwhile: a worker that is told to end while the database is away waits for it, and leaves nothing in doubt.
func TestToldToEndMeanwhile(t *testing.T) {
	t.Parallel()
	away := &gone{}
	provider := &scripted{answer: func(n int, m *send.Mail) send.Result {
		if n == 30 {
			away.away.Store(true)
		}
		return send.Result{Outcome: send.Sent, ID: m.ID}
	}}
	r := newRig(t, 400, provider, nil)
	away.Store, r.config.Store = r.store, away
	id := r.plan("monday")
	_, log, stop := r.working()
	log.await(t, "the database does not answer")
	time.AfterFunc(300*time.Millisecond, func() { away.away.Store(false) })
	stop()
	run := r.run(id)
	if run.InDoubt != 0 || int(run.Sent) != len(provider.got) || r.claimed(id) != 0 || run.State != store.RunRunning {
		t.Errorf("%d got a mail, %d are claimed, the run is %s: %+v", len(provider.got), r.claimed(id), run.State, run.Counts)
	}
	r.drain(t.Context())
	r.checkAllSent(id, provider.got)
}

// TestBusyWorkersClose: a run without anybody is over while the only worker there is has its hands full.
func TestBusyWorkersClose(t *testing.T) {
	t.Parallel()
	r := newRig(t, 200, &scripted{}, nil)
	r.config.Alone, r.config.Rate = false, 5
	busy := r.plan("monday")
	empty, err := r.store.CreateRun(t.Context(), store.Run{Campaign: "weekly", Occurrence: "nobody", Version: r.version.Hash, State: store.RunRunning, Cut: true, Due: time.Now(), Created: time.Now(), Started: time.Now()}, nil)
	r.must(err)
	_, _, stop := r.working()
	defer stop()
	r.awaitState(empty, store.RunFinished)
	if run := r.run(busy); run.State != store.RunRunning || run.Waiting == 0 {
		t.Errorf("the other run is %s: %+v", run.State, run.Counts)
	}
}

// reading is a store that only reads, as a replica does.
type reading struct {
	store.Store
	asked chan struct{}
}

func (s *reading) TakeChunk(context.Context, int64, int, string, time.Time, time.Time) (*store.Chunk, error) {
	s.asked <- struct{}{}
	return nil, errors.New("cannot execute UPDATE in a read-only transaction")
}

// TestOnlyReading: a database that answers and takes nothing is told of once, however often it is tried.
func TestOnlyReading(t *testing.T) {
	t.Parallel()
	r := newRig(t, 5, &scripted{}, nil)
	r.plan("1")
	s := &reading{r.store, make(chan struct{})}
	r.config.Store = s
	_, log, stop := r.working()
	for range 4 {
		<-s.asked
	}
	go func() {
		for range s.asked { // whoever is at it may end
		}
	}()
	stop()
	close(s.asked)
	if n := strings.Count(log.text.String(), "does not answer"); n != 1 {
		t.Errorf("it is said %d times:\n%s", n, log.text.String())
	}
}

// TestSetAsideIsTold: people with whom workers are lost are nobody's secret.
func TestSetAsideIsTold(t *testing.T) {
	t.Parallel()
	r := newRig(t, 10, &scripted{}, nil)
	id := r.plan("monday")
	now := time.Now()
	for range 3 {
		_, err := r.store.TakeChunk(t.Context(), id, 0, "lost", now, now.Add(time.Second))
		r.must(err)
		now = now.Add(time.Minute)
		_, err = r.store.Sweep(t.Context(), now, false)
		r.must(err)
	}
	var told []worker.Alert
	r.config.Alert = func(a worker.Alert) { told = append(told, a) }
	r.drain(t.Context())
	r.drain(t.Context())
	if len(told) != 1 || told[0].What != worker.AlertAside || !strings.Contains(told[0].Text, "3 workers in a row") {
		t.Errorf("told is %+v", told)
	}
}
