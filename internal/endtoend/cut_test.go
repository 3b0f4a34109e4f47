package endtoend

import (
	"syscall"
	"testing"
	"time"

	"germane/internal/testkit"
)

// TestCutOff cuts the network between a worker and Postgres in the middle of sending, in each way that networks do that, with another
// worker that goes on, and without. Nobody gets two mails, nobody is forgotten, nothing is in doubt, and it goes on by itself.
func TestCutOff(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]testkit.Cut{"stalled": testkit.Stalled, "forgotten": testkit.Forgotten, "closed": testkit.Closed} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Run("alone", func(t *testing.T) { t.Parallel(); cutOff(t, how, 0) })
			t.Run("of two", func(t *testing.T) { t.Parallel(); cutOff(t, how, 1) })
		})
	}
}

// cutOff cuts off one worker, beside others.
func cutOff(t *testing.T, how testkit.Cut, others int) {
	f := newFleet(t, slowInbox(t), sized(1500, 10_000), "GERMANE_CONCURRENCY=4", "GERMANE_RATE=100/s")
	network := testkit.NewProxy(t, f.cluster.Host)
	f.work("GERMANE_DATABASE=" + f.cluster.Address(network.Address))
	f.begin(others)
	f.awaitMails(200)
	network.Cut(how)
	time.Sleep(sized(6*time.Second, 20*time.Second))
	during := f.inbox.taken()
	network.Heal()
	again := f.await("a mail more", time.Minute, func() bool { return f.inbox.taken() > during })
	f.awaitEnd(4 * time.Minute)
	r := f.check(0)
	t.Logf("%d of %d arrived, %d of them by the end of the cut, the next %s later; %d in doubt", f.inbox.taken(), r.Planned, during, again.Round(time.Millisecond), r.InDoubt)
}

// TestStalledWorker holds a worker for longer than its leases last, and lets it go on: others have its people by then.
func TestStalledWorker(t *testing.T) {
	t.Parallel()
	f := newFleet(t, slowInbox(t), sized(2500, 10_000), "GERMANE_CONCURRENCY=4", "GERMANE_RATE=100/s")
	f.begin(2)
	f.awaitMails(200)
	held := f.workers[0].cmd.Process
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(held.Signal(syscall.SIGSTOP))
	time.Sleep(20 * time.Second)
	must(held.Signal(syscall.SIGCONT))
	f.awaitEnd(4 * time.Minute)
	r := f.check(4)
	t.Logf("%d of %d arrived, %d in doubt", f.inbox.taken(), r.Planned, r.InDoubt)
}
