package endtoend

import (
	"bytes"
	"context"
	"net/mail"
	"strings"
	"sync/atomic"
	"testing"

	"germane/internal/sesfake"
	"germane/internal/smtpfake"
	"germane/store"
)

// letter is a mail that arrived.
type letter struct {
	to   string
	data []byte
}

// id is the name of the ledger's row that stands in its Message-ID.
func (l *letter) id() string {
	message, err := mail.ReadMessage(bytes.NewReader(l.data))
	if err != nil {
		return err.Error()
	}
	id, _, _ := strings.Cut(strings.Trim(message.Header.Get("Message-Id"), "<>"), "@")
	return id
}

// inbox is a server that takes mails, and says which.
type inbox struct {
	delivery string // for germane.yaml
	letters  func() []letter
	wait     func(ctx context.Context, letters int) error
	faults   func() int64 // how many mails it put in doubt itself
}

func none() int64 { return 0 }

func smtpInbox(t *testing.T) *inbox {
	t.Helper()
	server, err := smtpfake.Receive(nil, false, "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return &inbox{delivery: "smtp://" + server.Addr, wait: server.Wait, faults: none, letters: func() (all []letter) {
		for _, m := range server.Mails() {
			all = append(all, letter{m.To, m.Data})
		}
		return all
	}}
}

func sesInbox(t *testing.T) *inbox {
	t.Helper()
	return fakeInbox(t, sesfake.New(sesfake.Account{}), none)
}

// badSESInbox is an SES on a bad day: some requests are too many, of some nobody learns what became.
func badSESInbox(t *testing.T) *inbox {
	t.Helper()
	var asked, doubtful atomic.Int64
	fake := sesfake.New(sesfake.Account{})
	fake.Fault = func(*sesfake.Mail) sesfake.Fault {
		faults := map[int64]sesfake.Fault{20: sesfake.ErrorAfter, 60: sesfake.DropAfter, 90: sesfake.DropBefore, 130: sesfake.Throttled}
		fault := faults[asked.Add(1)%150]
		if fault != sesfake.None && fault != sesfake.Throttled {
			doubtful.Add(1)
		}
		return fault
	}
	return fakeInbox(t, fake, doubtful.Load)
}

func fakeInbox(t *testing.T, fake *sesfake.Server, faults func() int64) *inbox {
	t.Helper()
	server := fake.Start()
	t.Cleanup(server.Close)
	return &inbox{delivery: "ses://eu-west-1?endpoint=" + server.URL, wait: fake.Wait, faults: faults, letters: func() (all []letter) {
		for _, m := range fake.Mails() {
			all = append(all, letter{m.To, m.Data})
		}
		return all
	}}
}

// checkOnce compares what arrived with the ledger of a run: nobody got two mails, everybody has one row, and whoever got none although
// a mail may have left is in doubt. It returns the rows by state.
func (s *site) checkOnce(run int64, arrived []letter) map[store.DeliveryState]int64 {
	s.t.Helper()
	byID, byAddress := map[string]bool{}, map[string]bool{}
	for i := range arrived {
		id := arrived[i].id()
		if byID[id] || byAddress[arrived[i].to] {
			s.t.Errorf("%s got two mails, the second is %s", arrived[i].to, id)
		}
		byID[id], byAddress[arrived[i].to] = true, true
	}
	db := s.open()
	rows, err := db.DeliveriesIn(s.t.Context(), run, store.Everybody)
	if err != nil {
		s.t.Fatal(err)
	}
	states, known := map[store.DeliveryState]int64{}, map[string]bool{}
	for _, d := range rows {
		states[d.State]++
		id := store.DeliveryID(run, d.Person, d.Occasion)
		known[id] = true
		switch {
		case d.State == store.InDoubt, d.State == store.Sent && byID[id]:
		case d.State == store.Sent:
			s.t.Errorf("%s is a sent row, and nothing arrived", id)
		case byID[id]:
			s.t.Errorf("%s arrived, and its row is %s: %s", id, d.State, d.Reason)
		}
	}
	if len(known) != len(rows) {
		s.t.Errorf("%d people have %d rows", len(known), len(rows))
	}
	for id := range byID {
		if !known[id] {
			s.t.Errorf("%s arrived and has no row", id)
		}
	}
	if err := db.Close(); err != nil {
		s.t.Fatal(err)
	}
	return states
}
