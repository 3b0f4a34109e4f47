package endtoend

import (
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"germane/internal/smtpfake"
	"germane/internal/testkit"
	"germane/store"
	"germane/store/postgres"
)

// long is asked for where tests are to have the size of what they stand for.
var long = os.Getenv("GERMANE_LONG") != ""

// sized is a size for every day, and the one that is asked for.
func sized[T any](small, large T) T {
	if long {
		return large
	}
	return small
}

// fleet is a workspace on a Postgres of its own, from which several processes send.
type fleet struct {
	*site
	cluster *testkit.Cluster
	people  int
	inbox   crowdInbox
	workers []*process // those that work now, or should
}

// crowdInbox is a server that takes mails, and says who got one and when.
type crowdInbox struct {
	delivery string // for germane.yaml
	taken    func() int
	arrivals func() []arrival
}

// arrival is a mail that somebody got.
type arrival struct {
	to string
	at time.Time
}

const takes = 20 * time.Millisecond // of the receiver, for a mail

// slowInbox is an SMTP server that takes its time.
func slowInbox(t *testing.T) crowdInbox {
	t.Helper()
	in, err := smtpfake.ReceiveCrowds(takes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	return crowdInbox{"smtp://" + in.Addr, in.Taken, func() (all []arrival) {
		for _, m := range in.Mails() {
			all = append(all, arrival{m.To, m.At})
		}
		return all
	}}
}

// newFleet makes a workspace with people.
func newFleet(t *testing.T, in crowdInbox, people int, set ...string) *fleet {
	t.Helper()
	cluster := testkit.NewCluster(t)
	set = append([]string{"GERMANE_DATABASE=" + cluster.Address(cluster.Host)}, set...)
	return &fleet{site: newSite(t, in.delivery, people, set...), cluster: cluster, people: people, inbox: in}
}

// begin starts workers, and has them send the campaign.
func (f *fleet) begin(workers int, set ...string) {
	f.t.Helper()
	for range workers {
		f.work(set...)
	}
	f.plan()
}

// work starts one more worker, with further variables.
func (f *fleet) work(set ...string) *process {
	f.t.Helper()
	p := f.with(set...).start("worker")
	f.workers = append(f.workers, p)
	return p
}

func (f *fleet) with(set ...string) *site {
	s := *f.site
	s.environ = append(slices.Clone(s.environ), set...)
	return &s
}

// plan types `germane send`, and goes away when the first mail has arrived.
func (f *fleet) plan() {
	f.t.Helper()
	p := f.with("GERMANE_CONCURRENCY=1").start("send", "weekly", "--yes")
	f.await("the first mail", time.Minute, func() bool {
		if p.over() {
			f.t.Fatalf("germane send has ended:\n%s", p.words())
		}
		return f.inbox.taken() > 0
	})
	if code := p.end(syscall.SIGTERM); code != 130 {
		f.t.Fatalf("germane send, told to stop: exit code %d\n%s", code, p.words())
	}
}

// await returns when something is so, and says how long that took.
func (f *fleet) await(what string, most time.Duration, is func() bool) time.Duration {
	f.t.Helper()
	begun := time.Now()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for !is() {
		if time.Since(begun) > most {
			f.tell()
			f.t.Fatalf("after %s there is still not %s; %d mails have arrived", most, what, f.inbox.taken())
		}
		<-look.C
	}
	return time.Since(begun)
}

// tell shows what the workers said.
func (f *fleet) tell() {
	f.t.Helper()
	for i, p := range f.workers {
		if words := p.words(); words != "" {
			f.t.Logf("worker %d, over: %v:\n%s", i, p.over(), words[max(0, len(words)-4000):])
		}
	}
}

func (f *fleet) awaitMails(mails int) {
	f.t.Helper()
	f.await("a mail more", 2*time.Minute, func() bool { return f.inbox.taken() >= mails })
}

// awaitEnd returns when nothing is open any more, and says how long that took.
func (f *fleet) awaitEnd(most time.Duration) time.Duration {
	f.t.Helper()
	db := f.database()
	defer db.Close()
	return f.await("an end", most, func() bool {
		r, err := db.Run(f.t.Context(), 1)
		return err == nil && (r.State == store.RunFinished || r.State == store.RunSettling)
	})
}

func (f *fleet) database() *postgres.Store {
	f.t.Helper()
	db, err := postgres.Open(f.t.Context(), f.cluster.Address(f.cluster.Host), postgres.Options{Connections: 2})
	if err != nil {
		f.t.Fatal(err)
	}
	return db
}

// check compares what arrived with the ledger and with the audience, when the run is over: nobody got two mails, everybody has one row,
// and whoever got none although they should is in doubt. At most so many are.
func (f *fleet) check(mostDoubt int) report {
	f.t.Helper()
	r := f.report()
	arrived := map[string]bool{}
	for _, a := range f.inbox.arrivals() {
		if arrived[a.to] {
			f.t.Errorf("%s got two mails", a.to)
		}
		arrived[a.to] = true
	}
	states := f.checkRows(r.Run, arrived)
	if states[store.Sent] != r.Sent || states[store.InDoubt] != r.InDoubt || states[store.HeldOut] != r.HeldOut || r.Waiting+r.Failed+r.Skipped != 0 {
		f.t.Errorf("the rows are %v, and the run is %+v", states, r)
	}
	if members := f.people - f.people/5; r.Planned != int64(members) || r.State != overWith(r.InDoubt) || r.InDoubt > int64(mostDoubt) {
		f.t.Errorf("%d are in the audience, at most %d should be in doubt, and the run is %+v", members, mostDoubt, r)
	}
	if f.t.Failed() {
		f.tell()
	}
	return r
}

// checkRows compares the ledger with who got a mail, and with who should.
func (f *fleet) checkRows(run int64, arrived map[string]bool) map[store.DeliveryState]int64 {
	f.t.Helper()
	db := f.database()
	defer db.Close()
	addresses, states, known := map[int64]string{}, map[store.DeliveryState]int64{}, map[string]bool{}
	for p, err := range db.EachPerson(f.t.Context(), store.Everybody) {
		if err != nil {
			f.t.Fatal(err)
		}
		addresses[p.Number] = p.Email
	}
	rows, err := db.DeliveriesIn(f.t.Context(), run, store.Everybody)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, d := range rows {
		to := addresses[d.Person]
		if known[to] {
			f.t.Errorf("%s has two rows", to)
		}
		known[to] = true
		if states[d.State]++; d.State != store.InDoubt && arrived[to] != (d.State == store.Sent) {
			f.t.Errorf("%s is %s, and that a mail arrived is %v", to, d.State, arrived[to])
		}
	}
	for i := range f.people {
		if to := address(i); known[to] != (i%5 != 4) {
			f.t.Errorf("that %s has a row is %v", to, known[to])
		}
	}
	return states
}
