//go:build unix

package endtoend

import (
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"germane/internal/testkit"
)

// away is for how long somebody is not heard of: longer than their leases last.
const away = 20 * time.Second

// TestCutOff cuts the networks between three workers and Postgres in the middle of sending, for each worker in another of the ways that
// networks do that; with somebody else who goes on meanwhile, and without. Nobody gets two mails, nobody is forgotten, nothing is in
// doubt but what others took for lost, and all go on by themselves.
func TestCutOff(t *testing.T) {
	t.Parallel()
	for _, others := range []int{0, 1} {
		t.Run(fmt.Sprintf("%d go on", others), func(t *testing.T) {
			t.Parallel()
			const concurrency = 4
			rate := 200 / (1 + others) // whoever goes on is not to be done meanwhile
			f := newFleet(t, slowInbox(t), sized(2500, 20_000), fmt.Sprintf("GERMANE_CONCURRENCY=%d", concurrency), fmt.Sprintf("GERMANE_RATE=%d/s", rate))
			cuts := []testkit.Cut{testkit.Stalled, testkit.Forgotten, testkit.Closed}
			networks := make([]*testkit.Proxy, len(cuts))
			for i := range cuts {
				networks[i] = testkit.NewProxy(t, f.cluster.Host)
				f.work("GERMANE_DATABASE=" + f.cluster.Address(networks[i].Address))
			}
			f.begin(others)
			f.awaitMails(400)
			before := f.inbox.taken()
			for i, cut := range cuts {
				networks[i].Cut(cut)
			}
			time.Sleep(away)
			during := f.inbox.taken() - before
			for _, network := range networks {
				network.Heal()
			}
			if others > 0 && during < 50 {
				t.Errorf("%d mails arrived while three were cut off: nobody went on", during)
			}
			over := f.awaitEnd(5 * time.Minute)
			r := f.check(len(cuts) * concurrency)
			t.Logf("%d of %d arrived: %d before, %d while three were cut off, the last %s later; %d in doubt",
				f.inbox.taken(), r.Planned-r.HeldOut, before, during, over.Round(time.Second), r.InDoubt)
		})
	}
}

// TestPostgresAway stops Postgres immediately in the middle of sending, and starts it a while later: what came of the mails in flight is
// written then, and nothing is in doubt, unless it takes longer than leases last and somebody takes the others for lost.
func TestPostgresAway(t *testing.T) {
	t.Parallel()
	const workers, concurrency = 2, 4
	f := newFleet(t, slowInbox(t), sized(2000, 20_000), fmt.Sprintf("GERMANE_CONCURRENCY=%d", concurrency), "GERMANE_RATE=200/s")
	f.begin(workers)
	f.awaitMails(400)
	f.cluster.Stop()
	stopped := time.Now()
	time.Sleep(sized(3*time.Second, away))
	f.cluster.Start()
	gone, doubt := time.Since(stopped), 0
	if gone > 10*time.Second {
		doubt = workers * concurrency
	}
	over := f.awaitEnd(5 * time.Minute)
	r := f.check(doubt)
	for _, p := range f.workers {
		if p.over() {
			t.Errorf("a worker ended: %s", p.words())
		}
	}
	t.Logf("%d of %d arrived; Postgres was away for %s; the last mail %s later; %d in doubt", f.inbox.taken(), r.Planned-r.HeldOut,
		gone.Round(time.Millisecond), over.Round(time.Second), r.InDoubt)
}

// TestStalledWorker holds a worker for longer than its leases last, and lets it go on: others have its people by then.
func TestStalledWorker(t *testing.T) {
	t.Parallel()
	const concurrency = 4
	f := newFleet(t, slowInbox(t), sized(3000, 20_000), fmt.Sprintf("GERMANE_CONCURRENCY=%d", concurrency), "GERMANE_RATE=100/s")
	f.begin(2)
	f.awaitMails(200)
	signal := func(s os.Signal) {
		if err := f.workers[0].cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	signal(syscall.SIGSTOP)
	time.Sleep(away)
	signal(syscall.SIGCONT)
	before := f.inbox.taken()
	f.awaitEnd(5 * time.Minute)
	r := f.check(concurrency)
	t.Logf("%d of %d arrived, %d of them before it went on; %d in doubt", f.inbox.taken(), r.Planned-r.HeldOut, before, r.InDoubt)
}
