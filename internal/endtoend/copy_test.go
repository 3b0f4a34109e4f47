package endtoend

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"germane/internal/testkit"
	"germane/store"
)

// TestMovedToPostgres moves a database in the middle of a run whose worker was killed. Copies that are killed leave nothing; the one that
// is not has everything, and whoever goes on from it sends to those who are left, and to nobody twice.
func TestMovedToPostgres(t *testing.T) {
	t.Parallel()
	const people = 1500
	in := smtpInbox(t)
	s := newSite(t, in.delivery, people, fmt.Sprintf("GERMANE_CONCURRENCY=%d", flying))
	p := s.start("send", "weekly", "--yes")
	awaitMails(t, in, p, 200)
	p.end(syscall.SIGKILL)
	withdrawn, erased := address(people-2), address(people-3) // the last ones, who have no mail yet
	s.exits(0, "", "people", "unsubscribe", withdrawn, "--topic", "tips")
	s.exits(0, "", "people", "forget", erased)

	cluster := testkit.NewCluster(t)
	there := s.at(cluster.Address(cluster.Host))
	s.killCopies(cluster)
	arguments := []string{"db", "copy", "--to", cluster.Address(cluster.Host)}
	before, claimed := s.report(), s.claimed()
	s.exits(0, "are the same on both sides", arguments...)
	s.exits(4, "moved to postgres://", "send", "weekly", "--yes")
	s.exits(4, "is not empty", arguments...)

	after := there.report()
	if after.State != store.RunPaused || after.Sent != before.Sent || after.Planned != before.Planned || after.InDoubt != before.InDoubt+claimed || claimed == 0 {
		t.Errorf("%d were in flight, the run was %+v, and is %+v", claimed, before, after)
	}
	arrived := len(in.letters())
	there.exits(0, "", "worker", "--drain")
	if now := len(in.letters()); now != arrived {
		t.Errorf("%d mails were sent from a copy that nobody started", now-arrived)
	}
	there.exits(0, "goes on", "runs", "resume", "1")
	there.exits(0, "", "worker", "--drain")
	r := there.report()
	if r.Planned != people*4/5-1 || r.Waiting+r.Failed != 0 || r.State != overWith(r.InDoubt) || r.InDoubt > flying || r.Skipped != 1 {
		t.Errorf("the run is %+v", r)
	}
	there.checkMails(in.letters())
	for _, l := range in.letters() {
		if l.to == withdrawn || l.to == erased {
			t.Errorf("%s withdrew and got a mail", l.to)
		}
	}
}

// claimed is how many rows are in flight.
func (s *site) claimed() (n int64) {
	s.t.Helper()
	db := s.open()
	defer db.Close()
	rows, err := db.DeliveriesIn(s.t.Context(), 1, store.Everybody)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, d := range rows {
		if d.State == store.Claimed {
			n++
		}
	}
	return n
}

// killCopies kills copies at any time of their work: what they leave is empty, or whole.
func (s *site) killCopies(cluster *testkit.Cluster) {
	s.t.Helper()
	server, err := pgx.Connect(s.t.Context(), cluster.Address(cluster.Host))
	if err != nil {
		s.t.Fatal(err)
	}
	defer server.Close(s.t.Context())
	random, longest, empty := rand.New(rand.NewPCG(11, 23)), time.Second, 0
	for n := range 12 {
		name := fmt.Sprint("copy", n)
		if _, err := server.Exec(s.t.Context(), `CREATE DATABASE `+name); err != nil {
			s.t.Fatal(err)
		}
		there := s.at(strings.Replace(cluster.Address(cluster.Host), "/germane?", "/"+name+"?", 1))
		p := s.start("db", "copy", "--to", there.variable("GERMANE_DATABASE"))
		time.Sleep(time.Duration(random.Int64N(int64(longest)))) // where it dies is up to chance
		if p.end(syscall.SIGKILL) == 0 {
			longest /= 2 // it had ended
		}
		db := there.open()
		census, err := db.Census(s.t.Context())
		if err != nil {
			s.t.Fatal(err)
		}
		runs, err := db.Runs(s.t.Context(), store.RunFilter{})
		if err != nil {
			s.t.Fatal(err)
		}
		if census.People == 0 {
			empty++
		}
		if (census.People == 0) != (len(runs) == 0) {
			s.t.Errorf("a copy that was killed has %d people and %d runs", census.People, len(runs))
		}
		db.Close()
	}
	if empty == 0 {
		s.t.Error("no copy was killed in the middle")
	}
}

// at is the workspace on another database.
func (s *site) at(database string) *site {
	there := *s
	there.environ = append(slices.Clone(s.environ), "GERMANE_DATABASE="+database)
	return &there
}

// checkMails compares mails with a ledger of which some rows are in doubt.
func (s *site) checkMails(arrived []letter) {
	s.t.Helper()
	s.checkOnce(1, arrived)
	r := s.reader(1)
	for i := range arrived {
		if d := r.rows[arrived[i].id()]; d != nil && d.State == store.InDoubt {
			continue // it was handed over when the program was killed
		}
		if r.checkWhole(&arrived[i]); i >= 20 && s.t.Failed() {
			s.t.Fatal("so do others, probably")
		}
	}
}
