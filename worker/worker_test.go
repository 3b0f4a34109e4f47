package worker_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"germane/audience"
	"germane/blocks"
	"germane/render"
	"germane/send"
	"germane/store"
	"germane/worker"
)

func TestEverybodyOnceAndAddedUp(t *testing.T) {
	t.Parallel()
	provider := &scripted{}
	r := newRig(t, 3000, provider, nil)
	r.must(r.store.Suppress(t.Context(), "u7@mail.example", store.Suppression{Reason: store.Bounced, At: time.Now()}))
	eleven, err := r.store.PersonByEmail(t.Context(), "u11@mail.example")
	r.must(err)
	r.must(r.store.Unsubscribe(t.Context(), eleven.Number, store.Withdrawal{Topics: []string{"tips"}, Source: "test", At: time.Now()}))
	id := r.plan("monday")
	r.drain(t.Context())
	run := r.run(id)
	if run.State != store.RunFinished || run.Planned != 2400 || run.Skipped != 2 || run.Sent+run.HeldOut != 2398 || int(run.Sent) != len(provider.got) {
		t.Errorf("the run is %s: %+v; %d people got a mail", run.State, run.Counts, len(provider.got))
	}
	if share := float64(run.HeldOut) / 2400; share < 0.07 || share > 0.13 {
		t.Errorf("%.1f%% are held out, and 10%% should be", 100*share)
	}
	for address, n := range provider.got {
		if n != 1 {
			t.Errorf("%s got %d mails", address, n)
		}
	}
	if provider.mostOnce > r.config.Concurrency {
		t.Errorf("%d mails in flight at once", provider.mostOnce)
	}
	if _, err := worker.Plan(t.Context(), r.store, worker.Order{Campaign: "weekly", Occurrence: "monday", Version: r.version.Hash}, &worker.Survey{}, time.Now()); !errors.Is(err, store.ErrExists) {
		t.Errorf("the same occurrence again: %v", err)
	}
	r.drain(t.Context())
	if again := r.run(id); again.Counts != run.Counts || len(provider.got) != int(run.Sent) {
		t.Errorf("working again changed %+v to %+v", run.Counts, again.Counts)
	}
}

func TestRowsHoldWhatWasSent(t *testing.T) {
	t.Parallel()
	provider := &scripted{}
	r := newRig(t, 60, provider, nil)
	id := r.plan("monday")
	r.drain(t.Context())
	content := r.content()
	for _, d := range r.rows(id) {
		choices, err := blocks.Unpack(d.Choices)
		r.must(err)
		if len(choices) != len(content.Message.Chooser.Blocks()) {
			t.Fatalf("person %d has choices %v", d.Person, choices)
		}
		if d.State != store.Sent {
			continue
		}
		p, err := r.store.PersonByNumber(t.Context(), d.Person)
		r.must(err)
		mail, err := render.ReadMail([]byte(provider.bytes[p.Email]))
		r.must(err)
		name := store.DeliveryID(id, d.Person, 0)
		if d.Provider != "p-"+name || !strings.Contains(mail.Header.Get("Message-Id"), name) {
			t.Errorf("person %d: provider id %q, message id %q", d.Person, d.Provider, mail.Header.Get("Message-Id"))
		}
		base := content.Workspace.Config.PublicURL.String()
		page := strings.Trim(strings.Split(mail.Header.Get("List-Unsubscribe"), ",")[0], "<> ")
		if _, token, ok := strings.Cut(page, base+"/u/"); !ok {
			t.Errorf("unsubscribe leads to %s", page)
		} else if m, ok := r.keys.Manage(0, token); !ok || int64(m.Person) != d.Person {
			t.Errorf("the unsubscribe token of %d is of %+v", d.Person, m)
		}
		at := strings.Index(mail.HTML, base+"/c/")
		if at < 0 {
			t.Fatalf("person %d has no tracked link", d.Person)
		}
		address, _, _ := strings.Cut(mail.HTML[at+len(base+"/c/"):], `"`)
		if click, ok := r.keys.Click(address); !ok || int64(click.Person) != d.Person || int64(click.Run) != id || int64(click.Version) != r.version.Number {
			t.Errorf("a link of %d is of %+v", d.Person, click)
		}
	}
}

func TestWhatProvidersSay(t *testing.T) {
	t.Parallel()
	say := func(outcome send.Outcome, code string) func(int, *send.Mail) send.Result {
		return func(n int, _ *send.Mail) send.Result {
			if n%7 == 3 {
				return send.Result{Outcome: outcome, Code: code, Text: "because"}
			}
			return send.Result{Outcome: send.Sent}
		}
	}
	for name, test := range map[string]struct {
		answer                 func(int, *send.Mail) send.Result
		state                  store.RunState
		failed, doubt, retried bool
	}{
		"refused now and then": {say(send.Refused, "smtp 550 5.1.1"), store.RunFinished, true, false, false},
		"in doubt":             {say(send.InDoubt, "connection"), store.RunSettling, false, true, false},
		"throttled":            {say(send.Throttled, "ses TooManyRequestsException"), store.RunFinished, false, false, true},
		"not yet":              {say(send.NotSent, "smtp 450 4.2.0"), store.RunFinished, false, false, true},
		"nobody there":         {say(send.NotSent, "connect"), store.RunFinished, false, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			provider := &scripted{answer: test.answer}
			r := newRig(t, 50, provider, nil)
			r.config.Backoff, r.config.Rate = 60*time.Millisecond, 1000
			id := r.plan("monday")
			r.drain(t.Context())
			run := r.run(id)
			if run.State != test.state || run.Waiting != 0 || run.Failed > 0 != test.failed || run.InDoubt > 0 != test.doubt {
				t.Errorf("the run is %s: %+v", run.State, run.Counts)
			}
			attempts := 0
			for _, d := range r.rows(id) {
				attempts = max(attempts, d.Attempt)
			}
			if attempts > 1 != test.retried {
				t.Errorf("a mail was offered %d times", attempts)
			}
			for address, n := range provider.got {
				if n != 1 {
					t.Errorf("%s got %d mails", address, n)
				}
			}
		})
	}
}

func TestGuardsHaltRuns(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		result send.Result
		state  store.RunState
		note   string
		failed int64
	}{
		"all are refused":   {send.Result{Outcome: send.Refused, Code: "smtp 554", Text: "no"}, store.RunStopped, "10 mails in a row were refused, the last: smtp 554: no", 10},
		"sender is stopped": {send.Result{Outcome: send.Stopped, Code: "ses AccountSuspendedException", Text: "paused"}, store.RunStopped, "takes nothing from this sender: ses AccountSuspendedException: paused", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			provider := &scripted{answer: func(int, *send.Mail) send.Result { return test.result }}
			r := newRig(t, 500, provider, nil)
			r.config.Backoff = 60 * time.Millisecond
			id := r.plan("monday")
			r.drain(t.Context())
			run := r.run(id)
			if run.State != test.state || !strings.Contains(run.Note, test.note) || run.Failed < test.failed || run.Failed > test.failed+int64(r.config.Concurrency) {
				t.Errorf("the run is %s (%s): %+v", run.State, run.Note, run.Counts)
			}
			provider.answer = nil
			r.must(r.store.MoveRun(t.Context(), id, store.RunRunning, "", time.Now()))
			r.drain(t.Context())
			if after := r.run(id); after.State != store.RunFinished || after.Failed != run.Failed || after.Waiting != 0 {
				t.Errorf("resumed, the run is %s: %+v", after.State, after.Counts)
			}
		})
	}
}

func TestACleanStopLeavesNothingInDoubt(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	provider := &scripted{answer: func(n int, _ *send.Mail) send.Result {
		if n == 300 {
			stop()
		}
		return send.Result{Outcome: send.Sent}
	}}
	r := newRig(t, 2000, provider, nil)
	id := r.plan("monday")
	r.drain(ctx)
	run := r.run(id)
	if run.State != store.RunRunning || run.InDoubt != 0 || run.Waiting == 0 || run.Sent < 300 || int(run.Sent) != len(provider.got) {
		t.Fatalf("stopped, the run is %s: %+v", run.State, run.Counts)
	}
	r.drain(t.Context())
	if run := r.run(id); run.State != store.RunFinished || run.Waiting != 0 || int(run.Sent) != len(provider.got) {
		t.Errorf("the run is %s: %+v", run.State, run.Counts)
	}
}

func TestTheStopSwitchStopsEverybody(t *testing.T) {
	t.Parallel()
	var r *rig
	var begun, stopped atomic.Int64 // mails, and how many they were when the switch was turned: that may take a while where many write
	provider := &scripted{answer: func(n int, _ *send.Mail) send.Result {
		begun.Add(1)
		if n == 100 {
			if err := r.store.Turn(t.Context(), store.SwitchStopped, store.Switch{On: true, At: time.Now()}); err != nil {
				t.Error(err)
			}
			stopped.Store(begun.Load())
		}
		return send.Result{Outcome: send.Sent}
	}}
	r = newRig(t, 1000, provider, nil)
	id := r.plan("monday")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	r.drain(ctx)
	run := r.run(id)
	if run.Sent < 100 || run.Sent > stopped.Load()+int64(r.config.Concurrency) || run.InDoubt != 0 || run.State != store.RunRunning {
		t.Errorf("stopped after 100 mails, the run is %s: %+v", run.State, run.Counts)
	}
}

func TestOnlyAllowedAddressesBeforeArming(t *testing.T) {
	t.Parallel()
	provider := &scripted{}
	r := newRig(t, 100, provider, nil)
	r.config.Real, r.config.Allowed = true, []string{"u1*@MAIL.example"}
	id := r.plan("monday")
	r.drain(t.Context())
	run := r.run(id)
	reasons, err := r.store.Reasons(t.Context(), id)
	r.must(err)
	if reasons[worker.ReasonNotArmed] != run.Skipped || run.Skipped < 60 || run.Sent == 0 {
		t.Errorf("the run is %s: %+v, %v", run.State, run.Counts, reasons)
	}
	for address := range provider.got {
		if !strings.HasPrefix(address, "u1") {
			t.Errorf("%s got a mail", address)
		}
	}
	r.must(r.store.Turn(t.Context(), store.SwitchArmed, store.Switch{On: true, At: time.Now()}))
	id = r.plan("tuesday")
	r.drain(t.Context())
	if run := r.run(id); run.Skipped != 0 || run.Sent < 60 {
		t.Errorf("armed, the run is %s: %+v", run.State, run.Counts)
	}
}

func TestNobodyIsAllowedWhenNobodyIsNamed(t *testing.T) {
	t.Parallel()
	provider := &scripted{}
	r := newRig(t, 50, provider, nil)
	r.config.Real = true
	id := r.plan("monday")
	r.drain(t.Context())
	if run := r.run(id); run.Sent != 0 || run.Skipped != run.Planned || len(provider.got) != 0 {
		t.Errorf("the run is %s: %+v", run.State, run.Counts)
	}
}

func TestADamagedPersonHarmsNobodyElse(t *testing.T) {
	t.Parallel()
	provider := &scripted{}
	r := newRig(t, 20, provider, nil)
	outcomes, err := r.store.Import(t.Context(), []audience.Update{{ID: "bad", Email: "bad@mail.example", Attributes: []byte(`{"plan":`)}}, store.Importing{At: time.Now(), Consent: []store.ConsentGrant{{Topic: "tips", Basis: "test"}}})
	if err != nil || outcomes[0].Result != store.Created {
		t.Fatal(outcomes, err)
	}
	id := r.plan("monday")
	r.drain(t.Context())
	reasons, err := r.store.Reasons(t.Context(), id)
	if run := r.run(id); err != nil || run.State != store.RunFinished || reasons[worker.ReasonUnreadable] != 1 {
		t.Errorf("the run is %s: %+v, %v", run.State, run.Counts, reasons)
	}
}

func TestAllowed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		pattern, address string
		want             bool
	}{
		{"*@acme.example", "Ann@ACME.example", true},
		{"*@acme.example", "ann@acme.example.evil", false},
		{"ann@acme.example", "ann@acme.example", true},
		{"ann@acme.example", "joann@acme.example", false},
		{"*", "x@y.example", true},
		{"a*b*@c.example", "axxbyy@c.example", true},
		{"a*a", "a", false},
		{"", "x", false},
	} {
		if got := worker.Allowed([]string{test.pattern}, test.address); got != test.want {
			t.Errorf("%s allows %s: %v", test.pattern, test.address, got)
		}
	}
}
