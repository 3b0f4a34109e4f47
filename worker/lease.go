package worker

import (
	"sync/atomic"
	"time"
)

// clock is the store's clock, as far as it is known: by it others see when a lease ends, whatever their own clocks say.
func (w *Worker) clock() time.Time { return w.theirs(w.Now()) }

// theirs is what the store's clock shows when ours shows a time.
func (w *Worker) theirs(at time.Time) time.Time { return at.Add(time.Duration(w.offset.Load())) }

// renewal is how old a lease becomes while nothing else is to be written.
func (w *Worker) renewal() time.Duration { return w.Lease * 4 / 15 }

// term is how long a lease surely holds, by the clocks of this machine. Slots look at it right before a mail departs: a worker that
// stood still must not go on with what others believe to be in doubt.
type term struct {
	lasts time.Duration
	began atomic.Pointer[time.Time] // before the store was asked to extend it
}

func (t *term) extend(began time.Time) { t.began.Store(&began) }

func (t *term) over() bool {
	now, began := time.Now(), *t.began.Load()
	// While a machine sleeps, one of its clocks may stand still.
	return now.Sub(began) >= t.lasts || now.Round(0).Sub(began.Round(0)) >= t.lasts
}
