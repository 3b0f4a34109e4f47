package endtoend

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"germane/audience"
	"germane/store"
)

// TestRestoredBackup puts a copy of the database back that was made in the middle of a run. What was sent since is not in it, and
// whoever withdrew since is subscribed in it: nobody gets a second mail all the same, and nobody who withdrew gets one.
func TestRestoredBackup(t *testing.T) {
	t.Parallel()
	in := smtpInbox(t)
	s := newSite(t, in.delivery, 300, "GERMANE_RATE=200/s")
	p := s.start("send", "weekly", "--yes")
	awaitMails(t, in, p, 30)
	if code := p.end(syscall.SIGTERM); code != 130 {
		t.Fatalf("exit code %d:\n%s", code, p.words())
	}
	backup, at := s.backUp(), time.Now()
	s.exits(0, "", "worker", "--drain")
	run := s.report()
	if run.State != store.RunFinished || int(run.Sent) != len(in.letters()) {
		t.Fatalf("%d arrived: %+v", len(in.letters()), run)
	}
	withdrawn, suppressed, erased := address(0), address(1), address(2)
	s.exits(0, "", "people", "unsubscribe", withdrawn, "--topic", "tips")
	s.exits(0, "", "people", "suppress", suppressed)
	s.exits(0, "", "people", "forget", erased)
	arrived := in.letters()
	s.putBack(backup)
	for _, command := range [][]string{{"send", "weekly", "--yes"}, {"worker", "--drain"}, {"people", "list"}} {
		s.exits(4, "germane db restored", command...)
	}
	s.exits(0, "germane arm", "db", "restored", "--since", at.UTC().Format(time.RFC3339))
	s.exits(0, "", "worker", "--drain")
	s.exits(4, "sent today", "send", "weekly", "--yes")
	if again := s.report(); again.State != store.RunCancelled || again.Run != run.Run || len(in.letters()) != len(arrived) {
		t.Errorf("restored, the run is %+v, and %d more mails arrived", again, len(in.letters())-len(arrived))
	}
	s.checkOnce(run.Run, arrived[:s.report().Sent]) // the ledger knows of no more
	s.checkWithdrawn(withdrawn, suppressed, erased)
	s.exits(0, "is finished", "send", "weekly", "--yes", "--again", fmt.Sprint(s.mailable()))
	for _, l := range in.letters()[len(arrived):] {
		if l.to == withdrawn || l.to == suppressed || l.to == erased {
			t.Errorf("%s withdrew and got a mail", l.to)
		}
	}
}

// TestRestoredFromBeforeASend puts a copy back that knows nothing of a whole run.
func TestRestoredFromBeforeASend(t *testing.T) {
	t.Parallel()
	in := sesInbox(t)
	s := newSite(t, in.delivery, 60)
	s.exits(0, "campaign weekly", "send", "weekly", "--dry-run")
	backup, at := s.backUp(), time.Now()
	s.exits(0, "is finished", "send", "weekly", "--yes")
	arrived := len(in.letters())
	s.putBack(backup)
	s.exits(4, "germane db restored", "send", "weekly", "--yes")
	s.exits(0, "germane arm", "db", "restored", "--since", at.UTC().Format(time.RFC3339))
	s.exits(4, "sent today", "send", "weekly", "--yes")
	if r := s.report(); r.State != store.RunCancelled || len(in.letters()) != arrived || arrived == 0 {
		t.Errorf("%d arrived, then %d; the run is %+v", arrived, len(in.letters()), r)
	}
}

// backUp copies the database, which no process has open.
func (s *site) backUp() []byte {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join(s.dir, "germane.db"))
	if err != nil {
		s.t.Fatal(err)
	}
	if log, err := os.Stat(filepath.Join(s.dir, "germane.db-wal")); err == nil && log.Size() > 0 {
		s.t.Errorf("the process has ended, and %d bytes are not in the database", log.Size())
	}
	return data
}

func (s *site) putBack(data []byte) {
	s.t.Helper()
	for _, name := range []string{"germane.db-wal", "germane.db-shm"} {
		_ = os.Remove(filepath.Join(s.dir, name)) // it is not there most of the time
	}
	if err := os.WriteFile(filepath.Join(s.dir, "germane.db"), data, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) checkWithdrawn(withdrawn, suppressed, erased string) {
	s.t.Helper()
	db, ctx := s.open(), s.t.Context()
	defer db.Close()
	p, err := db.PersonByEmail(ctx, withdrawn)
	if err != nil || len(p.Topics) != 1 || p.Topics[0].State != audience.ConsentUnsubscribed {
		s.t.Errorf("who withdrew is %+v, %v", p, err)
	}
	if p, err := db.PersonByEmail(ctx, suppressed); err != nil || !p.Suppressed {
		s.t.Errorf("who was suppressed is %+v, %v", p, err)
	}
	if p, err := db.PersonByEmail(ctx, erased); err == nil {
		s.t.Errorf("who was erased is back: %+v", p)
	}
}

// mailable is how many mails a send would be now.
func (s *site) mailable() int64 {
	s.t.Helper()
	var survey struct{ Mail int64 }
	s.json(&survey, "send", "weekly", "--dry-run", "--json")
	return survey.Mail
}
