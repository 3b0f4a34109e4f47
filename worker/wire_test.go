package worker_test

import (
	"bytes"
	"net/mail"
	"sync"
	"testing"
	"time"

	"germane/internal/sesfake"
	"germane/internal/smtpfake"
	"germane/send"
	"germane/store"
)

// fault is a row of the fault table: what a real transport meets on its way, and what becomes of the run. Four mails meet it, each once.
type fault struct {
	name    string
	run     store.RunState
	state   store.DeliveryState // of those who met it, when the run is drained
	reason  string              // of their rows
	arrived bool                // the server has the mail of whoever met it
	again   bool                // they were offered once more
}

const (
	faulty     = 4 // mails that meet a fault
	wirePeople = 40
)

// checkFault drains a run that meets faults, and resumes it where it stopped. met are the addresses that met one; taken is who got how
// many mails.
func checkFault(t *testing.T, f *fault, address string, met func() map[string]bool, taken func() map[string]int) {
	t.Helper()
	r := newRig(t, wirePeople, openWire(t, address), nil)
	r.config.Backoff, r.config.Rate = 60*time.Millisecond, 1000
	id := r.plan("monday")
	r.drain(t.Context())
	run := r.run(id)
	if run.State != f.run {
		t.Errorf("the run is %s (%s), want %s: %+v", run.State, run.Note, f.run, run.Counts)
	}
	checkArrived(t, r.rowsByAddress(id), met(), taken(), f)
	if run.State == store.RunStopped { // whoever is on call mends it, and goes on: nobody has lost anything
		r.must(r.store.MoveRun(t.Context(), id, store.RunRunning, "", time.Now()))
		r.drain(t.Context())
		if run := r.run(id); run.State != store.RunFinished || run.Failed != 0 || run.Sent+run.HeldOut != run.Planned {
			t.Errorf("resumed, the run is %s (%s): %+v", run.State, run.Note, run.Counts)
		}
		checkArrived(t, r.rowsByAddress(id), met(), taken(), &fault{state: store.Sent, arrived: true, again: true})
	}
}

func openWire(t *testing.T, address string) send.Transport {
	t.Helper()
	a, err := send.ParseURL(address)
	if err != nil {
		t.Fatal(err)
	}
	transport, err := a.Open(t.Context(), send.Options{Concurrency: 8, Timeout: 2 * time.Second, Answer: 3 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { transport.Close() })
	return transport
}

func (r *rig) rowsByAddress(run int64) map[string]*store.Delivery {
	r.t.Helper()
	rows := map[string]*store.Delivery{}
	for _, d := range r.rows(run) {
		p, err := r.store.PersonByNumber(r.t.Context(), d.Person)
		r.must(err)
		rows[p.Email] = d
	}
	return rows
}

// checkArrived compares rows with what the server has. Where a run was stopped, the others may wait or be sent.
func checkArrived(t *testing.T, rows map[string]*store.Delivery, met map[string]bool, taken map[string]int, f *fault) {
	t.Helper()
	if len(met) == 0 {
		t.Fatal("nobody met the fault")
	}
	for to, n := range taken {
		if n > 1 || rows[to] == nil {
			t.Errorf("%s got %d mails, and the row is %+v", to, n, rows[to])
		}
	}
	for to, d := range rows {
		got := taken[to] > 0
		switch {
		case !met[to]:
			if (d.State == store.Sent) != got || f.run != store.RunStopped && d.State != store.Sent && d.State != store.HeldOut {
				t.Errorf("%s met no fault, got %v, and is %s: %s", to, got, d.State, d.Reason)
			}
		case d.State != f.state || d.Reason != f.reason || got != f.arrived || d.Attempt > 1 != f.again:
			t.Errorf("%s is %s (%q, attempt %d), got %v; want %s (%q)", to, d.State, d.Reason, d.Attempt, got, f.state, f.reason)
		}
	}
}

// once says who meets a fault: the first few, each once.
type once struct {
	mu  sync.Mutex
	met map[string]bool
}

func (o *once) meets(who string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.met == nil {
		o.met = map[string]bool{}
	}
	if o.met[who] || len(o.met) >= faulty {
		return false
	}
	o.met[who] = true
	return true
}

func (o *once) all() map[string]bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := map[string]bool{}
	for who := range o.met {
		all[who] = true
	}
	return all
}

var sesFaults = []struct {
	fault
	is sesfake.Fault
}{
	{fault{"throttled", store.RunFinished, store.Sent, "", true, true}, sesfake.Throttled},
	{fault{"quota", store.RunFinished, store.Sent, "", true, true}, sesfake.QuotaExceeded},
	{fault{"rejected", store.RunFinished, store.Failed, "ses MessageRejected", false, false}, sesfake.Rejected},
	{fault{"denied by a proxy", store.RunStopped, store.Retry, "ses 403", false, false}, sesfake.Denied},
	{fault{"500, not taken", store.RunSettling, store.InDoubt, "ses InternalServerErrorException", false, false}, sesfake.ErrorBefore},
	{fault{"500, taken", store.RunSettling, store.InDoubt, "ses InternalServerErrorException", true, false}, sesfake.ErrorAfter},
	{fault{"503 of a proxy", store.RunSettling, store.InDoubt, "ses 503", false, false}, sesfake.UnavailableHTM},
	{fault{"hangs up, not taken", store.RunSettling, store.InDoubt, "no answer", false, false}, sesfake.DropBefore},
	{fault{"hangs up, taken", store.RunSettling, store.InDoubt, "no answer", true, false}, sesfake.DropAfter},
	{fault{"half an answer", store.RunSettling, store.InDoubt, "ses 200", true, false}, sesfake.HalfAnswer},
	{fault{"nonsense", store.RunSettling, store.InDoubt, "ses 200", true, false}, sesfake.Nonsense},
	{fault{"no id", store.RunSettling, store.InDoubt, "ses", true, false}, sesfake.NoID},
	{fault{"redirect", store.RunStopped, store.Retry, "ses 307", false, false}, sesfake.Redirect},
	{fault{"no answer", store.RunSettling, store.InDoubt, "no answer", true, false}, sesfake.Silent},
}

// TestSESFaults: a run meets each fault of SES and of the way there.
func TestSESFaults(t *testing.T) {
	t.Parallel()
	for _, f := range sesFaults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			var hit once
			fake := sesfake.New(sesfake.Account{})
			fake.Fault = func(m *sesfake.Mail) sesfake.Fault {
				if hit.meets(m.To) {
					return f.is
				}
				return sesfake.None
			}
			server := fake.Start()
			t.Cleanup(server.Close)
			checkFault(t, &f.fault, "ses://eu-west-1?endpoint="+server.URL, hit.all, func() map[string]int { return sesTaken(fake) })
		})
	}
}

func sesTaken(fake *sesfake.Server) map[string]int {
	taken := map[string]int{}
	for _, m := range fake.Mails() {
		taken[m.To]++
	}
	return taken
}

var smtpFaults = []struct {
	fault
	stage smtpfake.Stage
	act   smtpfake.Act
}{
	{fault{"RCPT 450", store.RunFinished, store.Sent, "", true, true}, smtpfake.To, smtpfake.Act{Reply: "450 4.2.1 mailbox busy"}},
	{fault{"RCPT 550", store.RunFinished, store.Failed, "smtp 550 5.1.1", false, false}, smtpfake.To, smtpfake.Act{Reply: "550 5.1.1 nobody"}},
	{fault{"RCPT too fast", store.RunFinished, store.Sent, "", true, true}, smtpfake.To, smtpfake.Act{Reply: "452 4.5.3 enough for now"}},
	{fault{"RCPT 421", store.RunFinished, store.Sent, "", true, true}, smtpfake.To, smtpfake.Act{Reply: "421 4.4.2 bye", Drop: true}},
	{fault{"RCPT relaying", store.RunStopped, store.Retry, "smtp 554 5.7.1", false, false}, smtpfake.To, smtpfake.Act{Reply: "554 5.7.1 Relay access denied"}},
	{fault{"RCPT drop", store.RunFinished, store.Sent, "", true, true}, smtpfake.To, smtpfake.Act{Drop: true}},
	{fault{"RCPT half-open", store.RunFinished, store.Sent, "", true, true}, smtpfake.To, smtpfake.Act{Hang: true}},
	{fault{"DATA 451", store.RunFinished, store.Sent, "", true, true}, smtpfake.Data, smtpfake.Act{Reply: "451 4.3.0 no disk"}},
	{fault{"DATA 554", store.RunFinished, store.Failed, "smtp 554 5.5.1", false, false}, smtpfake.Data, smtpfake.Act{Reply: "554 5.5.1 no"}},
	{fault{"DATA quota", store.RunFinished, store.Sent, "", true, true}, smtpfake.Data, smtpfake.Act{Reply: "454 Throttling failure: Daily message quota exceeded."}},
	{fault{"DATA drop", store.RunFinished, store.Sent, "", true, true}, smtpfake.Data, smtpfake.Act{Drop: true}},
	{fault{"message 421", store.RunFinished, store.Sent, "", true, true}, smtpfake.Message, smtpfake.Act{Reply: "421 4.3.0 bye", Drop: true}},
	{fault{"message 451", store.RunFinished, store.Sent, "", true, true}, smtpfake.Message, smtpfake.Act{Reply: "451 4.3.0 again, please"}},
	{fault{"message 554", store.RunFinished, store.Failed, "smtp 554 5.7.1", false, false}, smtpfake.Message, smtpfake.Act{Reply: "554 5.7.1 looks like spam"}},
	{fault{"message unauthenticated", store.RunStopped, store.Retry, "smtp 550 5.7.26", false, false}, smtpfake.Message, smtpfake.Act{Reply: "550 5.7.26 no SPF, no DKIM"}},
	{fault{"message suspended", store.RunStopped, store.Retry, "smtp 554", false, false}, smtpfake.Message, smtpfake.Act{Reply: "554 Sending paused for this account."}},
	{fault{"message taken, drop", store.RunSettling, store.InDoubt, "no answer", true, false}, smtpfake.Message, smtpfake.Act{Drop: true}},
	{fault{"message taken, half-open", store.RunSettling, store.InDoubt, "no answer", true, false}, smtpfake.Message, smtpfake.Act{Hang: true}},
	{fault{"message taken, then drop", store.RunFinished, store.Sent, "", true, false}, smtpfake.Message, smtpfake.Act{Reply: "250 2.0.0 Ok", Drop: true}},
	{fault{"message arrives half", store.RunSettling, store.InDoubt, "no answer", false, false}, smtpfake.Part, smtpfake.Act{Drop: true}},
}

// TestSMTPFaults: a run meets each fault of an SMTP server, with pipelining and without.
func TestSMTPFaults(t *testing.T) {
	t.Parallel()
	for n, f := range smtpFaults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			var hit once
			server, err := smtpfake.Listen(n%2 == 0, func(m smtpfake.Moment) smtpfake.Act {
				if m.Stage == f.stage && hit.meets(m.To) {
					return f.act
				}
				return smtpfake.Act{}
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { server.Close() })
			checkFault(t, &f.fault, "smtp://"+server.Addr, hit.all, func() map[string]int { return smtpTaken(t, server) })
		})
	}
}

// smtpTaken counts whole mails by the address in their header.
func smtpTaken(t *testing.T, server *smtpfake.Server) map[string]int {
	taken := map[string]int{}
	for _, m := range server.Mails() {
		message, err := mail.ReadMessage(bytes.NewReader(m.Data))
		if err != nil || message.Header.Get("To") != "<"+m.To+">" && message.Header.Get("To") != m.To {
			t.Errorf("the envelope says %s: %v", m.To, err)
			continue
		}
		taken[m.To]++
	}
	return taken
}
