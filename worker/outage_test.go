package worker_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"germane/internal/sesfake"
	"germane/internal/smtpfake"
	"germane/send"
	"germane/store"
	"germane/worker"
)

// notes is a log in which a test waits for words.
type notes struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func (n *notes) Write(b []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.more != nil {
		close(n.more)
		n.more = nil
	}
	return n.text.Write(b)
}

// await returns when the log says something.
func (n *notes) await(t *testing.T, words string) {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		n.mu.Lock()
		said := n.text.String()
		if n.more == nil {
			n.more = make(chan struct{})
		}
		more := n.more
		n.mu.Unlock()
		if strings.Contains(said, words) {
			return
		}
		select {
		case <-more:
		case <-late:
			t.Fatalf("nobody says %q:\n%s", words, said)
		}
	}
}

// working starts a worker that works until the test has seen enough; stop waits for its end.
func (r *rig) working() (w *worker.Worker, log *notes, stop func()) { return r.workingAs(r.config) }

// workingAs is working, by somebody else.
func (r *rig) workingAs(config worker.Config) (w *worker.Worker, log *notes, stop func()) {
	log = &notes{}
	config.Log = slog.New(slog.NewTextHandler(log, nil))
	ctx, cancel := context.WithCancel(r.t.Context())
	w = worker.New(config)
	done := make(chan error, 1)
	go func() { done <- w.Work(ctx, false) }()
	return w, log, func() {
		cancel()
		r.must(<-done)
	}
}

// checkAllSent says that a run is over and everybody got one mail.
func (r *rig) checkAllSent(run int64, taken map[string]int) {
	r.t.Helper()
	is := r.run(run)
	if is.State != store.RunFinished || is.Failed != 0 || is.InDoubt != 0 || int(is.Sent) != len(taken) || is.Sent+is.HeldOut != is.Planned {
		r.t.Errorf("%d people got a mail, the run is %s (%s): %+v", len(taken), is.State, is.Note, is.Counts)
	}
	for to, n := range taken {
		if n != 1 {
			r.t.Errorf("%s got %d mails", to, n)
		}
	}
}

// awaitTrouble returns when a worker says why nothing leaves.
func awaitTrouble(t *testing.T, w *worker.Worker, words string) {
	t.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for late := time.After(20 * time.Second); !strings.Contains(w.Trouble(), words); {
		select {
		case <-ticker.C:
		case <-late:
			t.Fatalf("the trouble is %q, and should be %q", w.Trouble(), words)
		}
	}
}

func TestAServerThatComesLate(t *testing.T) {
	t.Parallel()
	server, err := smtpfake.Listen(true, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := gone.Addr().String()
	gone.Close()
	r := newRig(t, wirePeople, openWire(t, "smtp://"+address), nil)
	r.config.Backoff = 60 * time.Millisecond
	id := r.plan("monday")
	w, log, stop := r.working()
	awaitTrouble(t, w, "refused")
	if run := r.run(id); run.Sent+run.Failed+run.InDoubt != 0 || run.State != store.RunRunning {
		t.Errorf("nobody is there, and the run is %s: %+v", run.State, run.Counts)
	}
	forward(t, address, server.Addr)
	log.await(t, "run finished")
	stop()
	r.checkAllSent(id, smtpTaken(t, server))
}

// forward brings an address to life that leads to another one.
func forward(t *testing.T, address, to string) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			into, err := net.Dial("tcp", to)
			if err != nil {
				from.Close()
				continue
			}
			go func() { _, _ = io.Copy(into, from); into.Close() }()
			go func() { _, _ = io.Copy(from, into); from.Close() }()
		}
	}()
}

// TestGreetings: servers that refuse a few conversations before they hold any.
func TestGreetings(t *testing.T) {
	t.Parallel()
	for name, act := range map[string]smtpfake.Act{
		"421":       {Reply: "421 4.3.0 later", Drop: true},
		"too many":  {Reply: "421 too many connections", Drop: true},
		"hangs up":  {Drop: true},
		"half-open": {Hang: true},
		"EHLO 421":  {Reply: "421 4.3.2 shutting down", Drop: true},
		"MAIL 451":  {Reply: "451 4.3.0 local error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stage := smtpfake.Greeting
			if verb := smtpfake.Stage(strings.Fields(name)[0]); verb == smtpfake.Hello || verb == smtpfake.Sender {
				stage = verb
			}
			var met atomic.Int64
			server, err := smtpfake.Listen(true, func(m smtpfake.Moment) smtpfake.Act {
				if m.Stage == stage && met.Add(1) <= 12 {
					return act
				}
				return smtpfake.Act{}
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { server.Close() })
			r := newRig(t, wirePeople, openWire(t, "smtp://"+server.Addr), nil)
			r.config.Backoff, r.config.Rate = 60*time.Millisecond, 1000
			id := r.plan("monday")
			r.drain(t.Context())
			if r.checkAllSent(id, smtpTaken(t, server)); met.Load() < 12 {
				t.Errorf("the fault was met %d times", met.Load())
			}
		})
	}
}

// TestASlowServer answers nothing before all places are taken: no more mails than those are claimed meanwhile.
func TestASlowServer(t *testing.T) {
	t.Parallel()
	all, waiting := make(chan struct{}), atomic.Int64{}
	var r *rig
	var id int64
	server, err := smtpfake.Listen(true, func(m smtpfake.Moment) smtpfake.Act {
		if m.Stage != smtpfake.Message {
			return smtpfake.Act{}
		}
		if waiting.Add(1) == int64(r.config.Concurrency) {
			if claimed := r.claimed(id); claimed != r.config.Concurrency {
				t.Errorf("%d mails are claimed, and %d are on their way", claimed, r.config.Concurrency)
			}
			close(all)
		}
		return smtpfake.Act{Until: all}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	r = newRig(t, wirePeople, openWire(t, "smtp://"+server.Addr), nil)
	id = r.plan("monday")
	r.drain(t.Context())
	r.checkAllSent(id, smtpTaken(t, server))
}

func (r *rig) claimed(run int64) (n int) {
	for _, d := range r.rows(run) {
		if d.State == store.Claimed {
			n++
		}
	}
	return n
}

// awaitLanded returns when nothing is in flight.
func (r *rig) awaitLanded(run int64) {
	r.t.Helper()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for late := time.After(20 * time.Second); r.claimed(run) > 0; {
		select {
		case <-ticker.C:
		case <-late:
			r.t.Fatal("mails stay in flight")
		}
	}
}

// counting is a store that counts the rows that are open after each step: those are in doubt when the worker dies.
type counting struct {
	store.Store
	mu         sync.Mutex
	open, most int
}

func (c *counting) Step(ctx context.Context, s *store.Step) ([]store.Decided, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open -= len(s.Results)
	decided, err := c.Store.Step(ctx, s)
	for _, d := range decided {
		if d.State == store.Claimed {
			c.open++
		}
	}
	c.most = max(c.most, c.open)
	return decided, err
}

func TestNoMoreClaimsThanFly(t *testing.T) {
	t.Parallel()
	provider := &scripted{}
	r := newRig(t, 3000, provider, nil)
	count := &counting{Store: r.store}
	r.config.Store = count
	id := r.plan("monday")
	r.drain(t.Context())
	r.checkAllSent(id, provider.got)
	if count.most > r.config.Concurrency || count.open != 0 {
		t.Errorf("up to %d mails were claimed at once, and %d fly; %d are open in the end", count.most, r.config.Concurrency, count.open)
	}
}

// TestAccounts: SES says what the account may do, and changes its mind.
func TestAccounts(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		account sesfake.Account
		rate    float64
		stops   string // the run, saying this
		trouble string // the worker waits, saying this
	}{
		"rate of the account":          {account: sesfake.Account{PerSecond: 50}},
		"rate higher than the account": {account: sesfake.Account{PerSecond: 15}, rate: 200},
		"day's mails are used up":      {account: sesfake.Account{PerDay: 12}, trouble: "quota"},
		"suspended":                    {account: sesfake.Account{Suspended: true}, stops: "ses AccountSuspendedException"},
		"paused":                       {account: sesfake.Account{Paused: true}, stops: "ses SendingPausedException"},
		"unverified sender":            {account: sesfake.Account{Identities: map[string]sesfake.Identity{"other.example": {}}}, stops: "ses MessageRejected"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fake := sesfake.New(test.account)
			server := fake.Start()
			t.Cleanup(server.Close)
			r := newRig(t, wirePeople, openWire(t, "ses://eu-west-1?endpoint="+server.URL), nil)
			r.config.Backoff, r.config.Rate = 60*time.Millisecond, test.rate
			id := r.plan("monday")
			w, log, stop := r.working()
			switch {
			case test.stops != "":
				log.await(t, test.stops)
			case test.trouble != "":
				awaitTrouble(t, w, test.trouble)
			}
			if test.stops != "" || test.trouble != "" {
				if run := r.run(id); run.Failed+run.InDoubt != 0 || run.Waiting == 0 || (run.State == store.RunStopped) != (test.stops != "") {
					t.Errorf("the run is %s: %+v", run.State, run.Counts)
				}
				r.awaitLanded(id) // what is in flight would stop it once more
				fake.Set(sesfake.Account{})
				if test.stops != "" {
					r.must(r.store.MoveRun(t.Context(), id, store.RunRunning, "", time.Now()))
					w.Wake()
				}
			}
			log.await(t, "run finished")
			stop()
			r.checkAllSent(id, sesTaken(fake))
		})
	}
}

// TestAFullDisk: below a gigabyte nothing is claimed, and it goes on when there is room again.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	var free atomic.Uint64
	free.Store(2 << 30)
	provider := &scripted{answer: func(n int, _ *send.Mail) send.Result {
		if n == 20 {
			free.Store(1<<30 - 1)
		}
		return send.Result{Outcome: send.Sent}
	}}
	r := newRig(t, 400, provider, nil)
	r.config.FreeDisk, r.config.Rate = func() (uint64, error) { return free.Load(), nil }, 100
	id := r.plan("monday")
	_, log, stop := r.working()
	log.await(t, "nothing is sent: the disk has 1023 MB left, and sending needs 1024")
	r.awaitLanded(id) // it is said when the gate is shut, and what is in flight lands a little later
	run := r.run(id)
	if run.State != store.RunRunning || run.Waiting == 0 || run.InDoubt != 0 || r.claimed(id) != 0 {
		t.Errorf("the run is %s: %+v", run.State, run.Counts)
	}
	free.Store(1 << 30)
	log.await(t, "sending goes on")
	log.await(t, "run finished")
	stop()
	r.checkAllSent(id, provider.got)
}

// skewed is a store whose clock is off.
type skewed struct {
	store.Store
	by atomic.Int64
}

func (s *skewed) Now(ctx context.Context) (time.Time, error) {
	now, err := s.Store.Now(ctx)
	return now.Add(time.Duration(s.by.Load())), err
}

func TestAClockThatIsOff(t *testing.T) {
	t.Parallel()
	for name, by := range map[string]time.Duration{"1m0s": time.Minute, "45s": -45 * time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			provider := &scripted{}
			r := newRig(t, wirePeople, provider, nil)
			clock := &skewed{Store: r.store}
			clock.by.Store(int64(by))
			r.config.Store = clock
			id := r.plan("monday")
			_, log, stop := r.working()
			log.await(t, "nothing is sent: this machine's clock is "+name+" off the database's")
			if run := r.run(id); run.Waiting != run.Planned {
				t.Errorf("the run is %s: %+v", run.State, run.Counts)
			}
			clock.by.Store(int64(20 * time.Second))
			log.await(t, "run finished")
			stop()
			r.checkAllSent(id, provider.got)
		})
	}
}
