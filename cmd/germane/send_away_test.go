package main

import (
	"bufio"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"germane/internal/testkit"
	"germane/store"
	"germane/store/postgres"
)

// TestSendOutlivesAnOutage: whoever watches a run waits for a database that is away, says so, and goes on looking.
func TestSendOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	cluster := testkit.NewCluster(t)
	s, err := postgres.Open(t.Context(), cluster.Address(cluster.Host), postgres.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	now := time.Now()
	run, err := s.CreateRun(t.Context(), store.Run{Campaign: "weekly", Occurrence: "2027-03-01", State: store.RunRunning, Due: now, Created: now, Started: now}, nil)
	if err != nil {
		t.Fatal(err)
	}
	said, talk := io.Pipe()
	t.Cleanup(func() { talk.Close() })
	p := &post{sys: &system{stderr: talk, now: time.Now}, store: s, home: home{Postgres: "postgres://"}, log: slog.New(slog.DiscardHandler)}
	cluster.Stop()
	type seen struct {
		run *store.Run
		err error
	}
	done := make(chan seen, 1)
	go func() {
		r, err := p.see(t.Context(), run)
		done <- seen{r, err}
	}()
	lines := bufio.NewReader(said)
	for _, want := range []string{"the database does not answer: nothing is sent until it does", "the database answers again"} {
		if line, err := lines.ReadString('\n'); err != nil || !strings.Contains(line, want) {
			t.Fatalf("it says %q, %v, not %q", line, err, want)
		}
		if want != "the database answers again" {
			cluster.Start()
		}
	}
	if got := <-done; got.err != nil || got.run.ID != run {
		t.Errorf("got %+v", got)
	}
}
