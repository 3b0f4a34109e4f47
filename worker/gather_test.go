package worker_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"germane/internal/engines"
	"germane/store"
)

// slowDisk is a store whose steps take their time, and counts what they write.
type slowDisk struct {
	store.Database
	steps, results atomic.Int64
}

func (s *slowDisk) Step(ctx context.Context, step *store.Step) ([]store.Decided, error) {
	s.steps.Add(1)
	s.results.Add(int64(len(step.Results)))
	time.Sleep(10 * time.Millisecond)
	return s.Database.Step(ctx, step)
}

// TestStepsGatherResults: when mails come back sooner than a step is done, a step writes nearly all of a slot's each. One for the first that
// comes back alone, and then one for all others, would be half as many each.
func TestStepsGatherResults(t *testing.T) {
	t.Parallel()
	best := 0.0
	for tries := 0; best < 6 && tries < 10; tries++ { // on a busy machine mails are not made in a moment
		const people = 200
		disk := &slowDisk{Database: engines.Open(t)}
		r := newRigIn(t, disk, people, &scripted{}, nil)
		id := r.plan("1")
		r.drain(t.Context())
		if run := r.run(id); run.Sent == 0 || run.State != store.RunFinished {
			t.Fatalf("got %+v", run)
		}
		best = max(best, float64(disk.results.Load())/float64(disk.steps.Load()))
	}
	if best < 6 {
		t.Errorf("a step writes %.1f results, and there are 8 slots", best)
	}
}
