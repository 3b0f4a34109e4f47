package endtoend

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"germane/store"
)

const flying = 8 // mails in flight: the concurrency of these tests

var inboxes = map[string]func(*testing.T) *inbox{"smtp": smtpInbox, "ses": sesInbox, "ses on a bad day": badSESInbox}

// TestKilled kills the program again and again while it sends. Whatever it was doing, nobody gets two mails, nobody is forgotten, and
// at most the mails in flight are in doubt.
func TestKilled(t *testing.T) {
	t.Parallel()
	for name, open := range inboxes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const kills, people = 30, 3000
			in := open(t)
			s := newSite(t, in.delivery, people, fmt.Sprintf("GERMANE_CONCURRENCY=%d", flying))
			random := rand.New(rand.NewPCG(4, 30))
			p, doubt := s.start("send", "weekly", "--yes"), int64(0)
			for n := range kills {
				// Where in the work on a mail it dies is up to chance; every sixth time it hardly gets to work.
				after := time.Duration(random.IntN(4000)) * time.Microsecond
				if n%6 == 5 {
					after *= 40
				} else {
					awaitMails(t, in, p, 1+random.IntN(people/kills*3/4))
				}
				time.Sleep(after)
				p.end(syscall.SIGKILL)
				r := s.report()
				if r.State != store.RunRunning || r.Waiting == 0 {
					t.Fatalf("after kill %d nothing is left to kill: %+v", n+1, r)
				}
				if grown := r.InDoubt - doubt - in.faults(); grown > flying {
					t.Errorf("kill %d put %d mails in doubt, and only %d are in flight", n, grown, flying)
				}
				doubt = r.InDoubt - in.faults()
				if p = s.start("worker", "--drain"); n == kills-1 {
					t.Logf("%d people still wait after the last kill", r.Waiting)
				}
			}
			if code := p.wait(); code != 0 {
				t.Fatalf("exit code %d:\n%s", code, p.words())
			}
			s.checkKilled(in, kills, people)
		})
	}
}

// awaitMails returns when so many more mails have arrived, or the process has ended.
func awaitMails(t *testing.T, in *inbox, p *process, more int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	go func() {
		select {
		case <-p.exited:
			cancel()
		case <-ctx.Done():
		}
	}()
	if in.wait(ctx, len(in.letters())+more) != nil && !p.over() {
		t.Fatalf("no %d more mails arrive; the program says\n%s", more, p.words())
	}
}

func (s *site) checkKilled(in *inbox, kills, people int64) {
	s.t.Helper()
	r := s.report()
	if r.Planned != people*4/5 || r.Waiting != 0 || r.Failed != 0 || r.InDoubt > kills*flying+in.faults() {
		s.t.Errorf("the run is %+v", r)
	}
	if want := overWith(r.InDoubt); r.State != want {
		s.t.Errorf("the run is %s and should be %s", r.State, want)
	}
	arrived := in.letters()
	states := s.checkOnce(r.Run, arrived)
	if states[store.Sent] != r.Sent || states[store.InDoubt] != r.InDoubt || states[store.HeldOut] != r.HeldOut || states[store.Claimed]+states[store.Retry] != 0 {
		s.t.Errorf("the rows are %v, the run says %+v", states, r)
	}
	s.t.Logf("%d of %d arrived, %d in doubt of at most %d", len(arrived), r.Planned, r.InDoubt, kills*flying)
}

// TestToldToStop ends the program with SIGTERM: it finishes what is in flight.
func TestToldToStop(t *testing.T) {
	t.Parallel()
	for name, open := range inboxes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const stops, people = 5, 2000
			in := open(t)
			s := newSite(t, in.delivery, people, fmt.Sprintf("GERMANE_CONCURRENCY=%d", flying))
			random := rand.New(rand.NewPCG(4, 5))
			p, want := s.start("send", "weekly", "--yes"), 130 // somebody waited for it
			for n := range stops {
				awaitMails(t, in, p, 1+random.IntN(people/4/stops))
				if code := p.end(syscall.SIGTERM); code != want {
					t.Errorf("stop %d: exit code %d, want %d:\n%s", n, code, want, p.words())
				}
				r := s.report()
				if r.State != store.RunRunning || r.Waiting == 0 || !stoppedCleanly(in, r) {
					t.Errorf("stop %d, %d arrived, %d put in doubt by the server: %+v", n, len(in.letters()), in.faults(), r)
				}
				p, want = s.start("worker", "--drain"), 0
			}
			if code := p.wait(); code != 0 || strings.Contains(p.words(), "level=ERROR") {
				t.Errorf("exit code %d:\n%s", code, p.words())
			}
			if r := s.report(); r.State != overWith(r.InDoubt) || r.Planned != people*4/5 || r.Waiting != 0 || !stoppedCleanly(in, r) {
				t.Errorf("%d arrived, %d put in doubt by the server: %+v", len(in.letters()), in.faults(), r)
			}
			s.checkOnce(s.report().Run, in.letters())
		})
	}
}

// stoppedCleanly says that what arrived is known, but for what the server itself left open.
func stoppedCleanly(in *inbox, r report) bool {
	arrived := int64(len(in.letters()))
	return r.InDoubt == in.faults() && r.Sent <= arrived && arrived <= r.Sent+r.InDoubt
}

// overWith is the state of a run in which nobody waits.
func overWith(inDoubt int64) store.RunState {
	if inDoubt > 0 {
		return store.RunSettling
	}
	return store.RunFinished
}
