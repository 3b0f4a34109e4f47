package endtoend

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestManyKilled has three processes send on Postgres. Again and again one of them is killed and started anew, and once Postgres stops in
// the middle of everything. Nobody gets two mails, nobody is forgotten, at most the mails in flight of those that were killed are in
// doubt, and soon after the last kill the run is over by itself.
func TestManyKilled(t *testing.T) {
	t.Parallel()
	concurrency := sized(4, 16)
	f := newFleet(t, slowInbox(t), sized(3000, 100_000), fmt.Sprintf("GERMANE_CONCURRENCY=%d", concurrency))
	c := &crashes{fleet: f, every: sized(1500*time.Millisecond, 2*time.Second), down: sized(time.Second, 3*time.Second), random: rand.New(rand.NewPCG(7, 1))}
	begun := time.Now()
	f.begin(3)
	c.until(f.people * 2 / 3) // of those in the audience, a tenth is held out
	over := f.awaitEnd(sized(2*time.Minute, 30*time.Second))
	took := time.Since(begun)
	doubt := c.kills * concurrency
	if c.away > 10*time.Second { // leases may have ended meanwhile: those who live were taken for lost, too
		doubt += len(f.workers) * concurrency
	}
	r := f.check(doubt)
	t.Logf("%d of %d arrived in %s, with %d kills, and Postgres away for %s; %d in doubt of at most %d, of whom %d got a mail; over %s after the last kill",
		f.inbox.taken(), r.Planned-r.HeldOut, took.Round(time.Second), c.kills, c.away.Round(time.Millisecond), r.InDoubt, doubt,
		int64(f.inbox.taken())-r.Sent, over.Round(time.Millisecond))
	if c.alone > 0 {
		t.Errorf("%d workers ended by themselves", c.alone)
	}
}

// crashes are what happens to a fleet.
type crashes struct {
	*fleet
	every, down time.Duration // between two kills; of Postgres
	random      *rand.Rand

	kills, alone int // how many workers ended by themselves
	stopped      time.Time
	away         time.Duration // Postgres was; 0: not yet
}

// until kills until so many mails arrived. When half of them have, Postgres stops.
func (c *crashes) until(mails int) {
	c.t.Helper()
	beat, late := time.NewTicker(c.every), time.Now().Add(sized(3*time.Minute, 20*time.Minute))
	defer beat.Stop()
	for c.inbox.taken() < mails || c.away == 0 {
		if time.Now().After(late) {
			c.tell()
			c.t.Fatalf("%d mails have arrived", c.inbox.taken())
		}
		switch {
		case c.stopped.IsZero() && c.inbox.taken() > mails/2:
			c.cluster.Stop()
			c.stopped = time.Now()
		case !c.stopped.IsZero() && c.away == 0 && time.Since(c.stopped) > c.down:
			c.cluster.Start()
			c.away = time.Since(c.stopped)
		}
		<-beat.C
		c.kill()
	}
}

// kill kills a worker and starts it anew. Whoever starts while Postgres is away ends, and is started anew later, as by whatever keeps
// processes running.
func (c *crashes) kill() {
	c.t.Helper()
	chosen := c.random.IntN(len(c.workers))
	for i, p := range c.workers {
		switch over := p.over(); {
		case over && !strings.Contains(p.words(), "open the database"):
			c.alone++
			c.t.Logf("worker %d ended: %s", i, p.words())
		case !over && i == chosen:
			p.end(syscall.SIGKILL)
			c.kills++
		case !over:
			continue
		}
		c.workers[i] = c.with().start("worker")
	}
}
