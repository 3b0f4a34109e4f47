package worker_test

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"germane/internal/sesfake"
	"germane/internal/smtpfake"
	"germane/internal/testkit"
	"germane/send"
	"germane/store"
	"germane/store/postgres"
	"germane/worker"
)

func openPostgres(t testing.TB, address string) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), address, postgres.Options{Connections: 6})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// crew are workers that share a database and a sender, each with a way there of its own.
func (r *rig) crew(n int, address string, open func() send.Transport) (stop func()) {
	var ends []func()
	for i := range n {
		config := r.config
		config.Store, config.Transport = openPostgres(r.t, address), open()
		config.Contents = worker.NewContents(config.Store, nil)
		config.Owner, config.Sender, config.Alone = fmt.Sprint("worker", i), "the same", false
		_, _, end := r.workingAs(config)
		ends = append(ends, end)
	}
	return func() {
		for _, end := range ends {
			end()
		}
	}
}

// busiest is how many of the arrivals are in one second, whenever it begins.
func busiest(at []time.Time) (most int) {
	from := 0
	for i := range at {
		for at[i].Sub(at[from]) >= time.Second {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}

// TestRateAtTheReceiver: 200 mails a second are that for whoever receives them, in every second, whether one worker sends them or four
// do. A machine that stops for a moment brings what was in flight together, and is too slow for a while: so only GERMANE_LONG, which is
// for a machine with nothing else to do, asks for all of it.
func TestRateAtTheReceiver(t *testing.T) {
	const speed, mails, concurrency = 200, 1600, 8
	quiet := os.Getenv("GERMANE_LONG") != ""
	for _, workers := range []int{1, 4} {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			server, err := smtpfake.ReceiveCrowds(20 * time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { server.Close() })
			address := testkit.Postgres(t)
			r := newRigIn(t, openPostgres(t, address), mails*5/4, nil, nil)
			r.config.Rate, r.config.Concurrency = speed, concurrency
			id := r.planSmall("monday")
			stop := r.crew(workers, address, func() send.Transport { return openWire(t, "smtp://"+server.Addr) })
			r.awaitState(id, store.RunFinished)
			stop()
			var at []time.Time
			for _, m := range server.Mails() {
				at = append(at, m.At)
			}
			slices.SortFunc(at, time.Time.Compare)
			allowed := speed * 105 / 100
			if !quiet {
				allowed += workers * concurrency
			}
			if most := busiest(at); most > allowed {
				t.Errorf("%d mails in a second", most)
			}
			// From when all have found each other, until only some have work.
			from, to := at[0].Add(3*time.Second), at[len(at)-1].Add(-time.Second)
			between := slices.DeleteFunc(slices.Clone(at), func(m time.Time) bool { return m.Before(from) || m.After(to) })
			if used := float64(len(between)) / to.Sub(from).Seconds(); quiet && used < speed*90/100 {
				t.Errorf("%.1f mails a second between %d", used, len(between))
			} else {
				t.Logf("%d workers: %.1f mails a second, at most %d in one", workers, used, busiest(at))
			}
			r.checkAllSent(id, arrivals(server))
		})
	}
}

// planSmall is plan with chunks that are a tenth of the usual size.
func (r *rig) planSmall(occurrence string) int64 {
	r.t.Helper()
	survey, err := worker.NewSurvey(r.t.Context(), r.store, r.content(), worker.Surveying{Now: time.Now})
	r.must(err)
	var small []store.Chunk
	for _, c := range survey.Chunks {
		width := (c.People.To-c.People.From)/10 + 1
		for from := c.People.From; from < c.People.To; from += width {
			part := c
			part.No, part.People, part.Members = len(small), store.Range{From: from, To: min(from+width, c.People.To)}, c.Members/10
			small = append(small, part)
		}
	}
	survey.Chunks = small
	run, err := worker.Plan(r.t.Context(), r.store, worker.Order{Campaign: "weekly", Occurrence: occurrence, Version: r.version.Hash, Due: time.Now()}, survey, time.Now())
	r.must(err)
	return run
}

func arrivals(server *smtpfake.Receiver) map[string]int {
	taken := map[string]int{}
	for _, m := range server.Mails() {
		taken[m.To]++
	}
	return taken
}

// awaitState returns when a run has a state.
func (r *rig) awaitState(id int64, state store.RunState) {
	r.t.Helper()
	r.await(string(state), func() bool { return r.run(id).State == state })
}

// await returns when something is so.
func (r *rig) await(what string, is func() bool) {
	r.t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for late := time.After(90 * time.Second); !is(); {
		select {
		case <-ticker.C:
		case <-late:
			r.t.Fatal("it is never so: " + what)
		}
	}
}

// TestThrottledTogether: a provider that has had enough slows all of them, whoever it told.
func TestThrottledTogether(t *testing.T) {
	t.Parallel()
	const speed = 20
	fake := sesfake.New(sesfake.Account{PerSecond: speed})
	server := fake.Start()
	t.Cleanup(server.Close)
	address := testkit.Postgres(t)
	r := newRigIn(t, openPostgres(t, address), 300, nil, nil)
	r.config.Rate, r.config.Backoff = 4*speed, 600*time.Millisecond
	id := r.plan("monday")
	stop := r.crew(4, address, func() send.Transport { return openWire(t, "ses://eu-west-1?endpoint="+server.URL) })
	s := r.store
	var slow []store.Worker
	r.await("all are slowed", func() bool {
		live, err := s.LiveWorkers(t.Context(), time.Now())
		r.must(err)
		slow = slices.DeleteFunc(live, func(w store.Worker) bool { return w.Throttled.IsZero() })
		return len(slow) == 4
	})
	sum := 0.0
	for _, w := range slow {
		sum += w.Share
	}
	if sum > 4*speed/2*1.1 {
		t.Errorf("throttled, they share %v/s", sum)
	}
	r.awaitState(id, store.RunFinished)
	stop()
	r.checkAllSent(id, sesTaken(fake))
	live, err := s.LiveWorkers(t.Context(), time.Now())
	if err != nil || len(live) != 0 {
		t.Errorf("%v are alive, and all have ended: %v", live, err)
	}
}

// TestAccountIsShared: what SES allows is what all of them together send, when nobody says otherwise.
func TestAccountIsShared(t *testing.T) {
	t.Parallel()
	const speed = 100
	fake := sesfake.New(sesfake.Account{PerSecond: speed})
	server := fake.Start()
	t.Cleanup(server.Close)
	address := testkit.Postgres(t)
	r := newRigIn(t, openPostgres(t, address), 600, nil, nil)
	id := r.plan("monday")
	stop := r.crew(3, address, func() send.Transport { return openWire(t, "ses://eu-west-1?endpoint="+server.URL) })
	r.awaitState(id, store.RunFinished)
	stop()
	taken := sesTaken(fake)
	if again := fake.Requests() - len(taken); again > 10 {
		t.Errorf("%d mails were refused for their speed", again)
	}
	r.checkAllSent(id, taken)
}
