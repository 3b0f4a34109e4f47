package worker_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"germane/send"
	"germane/store"
	"germane/worker"
)

// dueOnce is a world with a campaign that comes due once, at nine, and people for whom its run is made.
func dueOnce(t *testing.T, people int, lines ...string) *world {
	t.Helper()
	w := newWorld(t, "2027-03-01 08:00", "", map[string]string{"daily": campaign(append([]string{"cadence: {at: 2027-03-01 09:00}"}, lines...)...)})
	w.crowd(people, "UTC")
	w.plan()
	w.now = clockTime(t, "2027-03-01 09:00")
	w.plan()
	return w
}

// notYet leaves people with rows that are to be tried again.
func (w *world) notYet(run int64, ids ...string) {
	w.t.Helper()
	c, err := w.store.TakeChunk(w.t.Context(), run, 0, "earlier", w.now, w.now.Add(time.Minute))
	w.must(err)
	lease := store.Lease{Run: run, Epoch: c.Epoch}
	for _, id := range ids {
		p, err := w.store.PersonByID(w.t.Context(), id)
		w.must(err)
		claim := store.Decision{Person: p.Number, State: store.Claimed, Topic: "tips"}
		_, err = w.store.Step(w.t.Context(), &store.Step{Lease: lease, Now: w.now, Until: w.now.Add(time.Minute), Decisions: []store.Decision{claim}})
		w.must(err)
		result := store.Result{Person: p.Number, State: store.Retry, Reason: "smtp 451", At: w.now}
		_, err = w.store.Step(w.t.Context(), &store.Step{Lease: lease, Now: w.now, Until: w.now.Add(time.Minute), Results: []store.Result{result}})
		w.must(err)
	}
	w.must(w.store.ReleaseChunk(w.t.Context(), lease, w.now.Add(time.Minute)))
	w.now = w.now.Add(2 * time.Minute)
}

// TestErasedWhileTheyWait: nobody reads somebody who was erased, and their open row must not keep the run from ending.
func TestErasedWhileTheyWait(t *testing.T) {
	t.Parallel()
	w := dueOnce(t, 5)
	w.notYet(w.runs("daily")[0].ID, "p2")
	w.must(w.store.Forget(t.Context(), "p2@mail.example", w.now))
	w.work(t.Context())
	if got := w.told("daily"); got != "03-01T09:00 finished 4 sent 1 failed" {
		t.Error(got)
	}
}

// TestLeavingIsNobodysMistake: those who left the audience while their mail was to be tried again fail; that stops nobody else's mail.
func TestLeavingIsNobodysMistake(t *testing.T) {
	t.Parallel()
	w := dueOnce(t, 9, `audience: plan == "free"`)
	w.notYet(w.runs("daily")[0].ID, "p0", "p1", "p2", "p3")
	for _, id := range []string{"p0", "p1", "p2", "p3"} {
		w.people([3]string{id, "UTC", `{"plan":"pro"}`})
	}
	w.work(t.Context())
	if got := w.told("daily"); got != "03-01T09:00 finished 5 sent 4 failed" {
		t.Error(got)
	}
}

// cancelling ends somebody's context when a version was read.
type cancelling struct {
	store.Store
	cancel func()
}

func (c *cancelling) Version(ctx context.Context, hash string) (*store.Version, error) {
	defer c.cancel()
	return c.Store.Version(ctx, hash)
}

// TestEndedWhileLoading: whoever ends a worker while it reads a version does not halt its run.
func TestEndedWhileLoading(t *testing.T) {
	t.Parallel()
	w := dueOnce(t, 5)
	ctx, cancel := context.WithCancel(t.Context())
	w.store = &cancelling{w.store, cancel}
	w.contents = worker.NewContents(w.store, nil)
	w.work(ctx)
	if r := w.runs("daily")[0]; r.State != store.RunRunning || ctx.Err() == nil {
		t.Errorf("the run is %s: %s", r.State, r.Note)
	}
}

// foreign is a store with a version of another germane.
type foreign struct {
	store.Store
	hash string
}

func (f *foreign) Version(ctx context.Context, hash string) (*store.Version, error) {
	v, err := f.Store.Version(ctx, hash)
	if err == nil && hash == f.hash {
		v.Format--
	}
	return v, err
}

// TestForeignRunsHoldNobodyUp: a large run that another germane made is left alone, and those after it are sent.
func TestForeignRunsHoldNobodyUp(t *testing.T) {
	t.Parallel()
	w := dueOnce(t, 500*18)
	hash, err := w.store.CurrentVersion(t.Context())
	w.must(err)
	w.write("campaigns/next.yaml", campaign("cadence: {at: 2027-03-01 10:00}", "audience: score >= 9"))
	w.deploy()
	w.store = &foreign{w.store, hash}
	w.contents = worker.NewContents(w.store, nil)
	w.plan()
	w.now = clockTime(t, "2027-03-01 10:00")
	w.plan()
	w.work(t.Context())
	if got := w.told("next"); got != "03-01T10:00 finished 900 sent" {
		t.Error(got)
	}
	if got := w.told("daily"); got != "03-01T09:00 running 9000 waiting" {
		t.Error(got)
	}
}

// TestDisarmedInTheMiddle: who takes leave to mail real people back does not wait for the chunk in hand.
func TestDisarmedInTheMiddle(t *testing.T) {
	t.Parallel()
	w := dueOnce(t, 100)
	w.must(w.store.Turn(t.Context(), store.SwitchArmed, store.Switch{On: true, At: w.now}))
	log, s := &notes{}, w.scheduler()
	w.mail.fail = func(n int) send.Outcome {
		if n == 10 {
			w.must(w.store.Turn(t.Context(), store.SwitchArmed, store.Switch{At: w.now}))
			log.await(t, "not armed any more")
		}
		return send.Sent
	}
	err := worker.New(worker.Config{
		Store: w.store, Contents: w.contents, Transport: w.mail, Owner: "test", Alone: true, Real: true, Concurrency: 1,
		Now: s.Now, Log: slog.New(slog.NewTextHandler(log, nil)), Alert: s.Alert,
	}).Work(t.Context(), true)
	w.must(err)
	if got := w.told("daily"); got != "03-01T09:00 finished 10 sent 90 not armed" {
		t.Error(got)
	}
}

// TestManyOpenRuns: however many runs wait for somebody, the others end.
func TestManyOpenRuns(t *testing.T) {
	t.Parallel()
	w := dueOnce(t, 3)
	w.mail.fail = func(int) send.Outcome { return send.InDoubt }
	w.work(t.Context())
	hash, err := w.store.CurrentVersion(t.Context())
	w.must(err)
	for i := range 100 {
		_, err := w.store.CreateRun(t.Context(), store.Run{Campaign: "other", Occurrence: fmt.Sprint(i), Version: hash, State: store.RunPaused, Cut: true, Created: w.now}, nil)
		w.must(err)
	}
	w.now = w.now.Add(25 * time.Hour)
	w.work(t.Context())
	if r := w.runs("daily")[0]; r.State != store.RunFinished {
		t.Errorf("the run is %s", r.State)
	}
}

// TestMayRepin: a run keeps the times and the steps that its people were put into chunks by.
func TestMayRepin(t *testing.T) {
	t.Parallel()
	once, daily, zoned := "cadence: {at: 2027-03-01 09:00}", "cadence: {every: day 09:00}", "cadence: {every: day 09:00, time_zone: recipient}"
	for name, c := range map[string]struct {
		before, after []string
		zone          string
		manual        bool
		want          string
	}{
		"words":             {before: []string{zoned}, after: []string{zoned, "objective: retention"}},
		"time":              {before: []string{daily}, after: []string{"cadence: {every: day 10:00}"}, want: "its cadence is not the run's"},
		"time, by hand":     {before: []string{daily}, after: []string{"cadence: {every: day 10:00}"}, manual: true},
		"zone":              {before: []string{zoned}, after: []string{zoned}, zone: "Europe/London", want: "its time_zone is not the run's"},
		"zone of nobody":    {before: []string{"cadence: {every: day 09:00, time_zone: UTC}"}, after: []string{"cadence: {every: day 09:00, time_zone: UTC}"}, zone: "Europe/London"},
		"steps":             {before: []string{once, "rollout: {steps: [10%, 100%], wait: 1h}"}, after: []string{once, "rollout: {steps: [50%, 100%], wait: 1h}"}, want: "its rollout is not the run's"},
		"no steps any more": {before: []string{once, "rollout: {steps: [10%, 100%], wait: 1h}"}, after: []string{once}, want: "its rollout is not the run's"},
		"steps of many":     {before: []string{daily, "rollout: {steps: [10%, 100%], wait: next}"}, after: []string{daily, "rollout: {steps: [50%, 100%], wait: next}"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "2027-03-01 08:00", "", map[string]string{"daily": campaign(c.before...)})
			before := w.w
			w.write("campaigns/daily.yaml", campaign(c.after...))
			if c.zone != "" {
				w.write("germane.yaml", strings.Replace(string(w.files["germane.yaml"].Data), "time_zone: UTC", "time_zone: "+c.zone, 1))
			}
			w.deploy()
			if got := worker.MayRepin(&store.Run{Campaign: "daily", Manual: c.manual}, before, w.w); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestNoMailWithoutAWayOut: where links to withdraw by lead nowhere, nothing goes out to real people, whoever runs the worker.
func TestNoMailWithoutAWayOut(t *testing.T) {
	t.Parallel()
	w := dueOnce(t, 5)
	without := strings.NewReplacer("public_url: http://127.0.0.1:8080\n", "", "assets/logo.png", "https://acme.example/logo.png")
	w.write("germane.yaml", without.Replace(string(w.files["germane.yaml"].Data)))
	w.write("campaigns/next.yaml", campaign("cadence: {at: 2027-03-01 10:00}"))
	w.deploy()
	w.must(w.store.Turn(t.Context(), store.SwitchArmed, store.Switch{On: true, At: w.now}))
	w.plan()
	w.now = clockTime(t, "2027-03-01 10:00")
	w.plan()
	s := w.scheduler()
	c := worker.Config{Store: w.store, Contents: w.contents, Transport: w.mail, Owner: "test", Alone: true, Real: true, Now: s.Now, Log: s.Log, Alert: s.Alert}
	w.must(worker.New(c).Work(t.Context(), true))
	if got := w.told("next"); !strings.HasPrefix(got, "03-01T10:00 stopped 5 waiting") || !strings.Contains(got, "public_url") {
		t.Error(got)
	}
	if got := w.told("daily"); got != "03-01T09:00 finished 5 sent" {
		t.Error(got)
	}
}
