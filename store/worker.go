package store

import (
	"context"
	"time"
)

// Worker is a process that sends, as the others see it.
type Worker struct {
	Name   string // its own
	Sender string // the way out that it shares with others of the same name
	// Share is how many mails a second it may send; negative: there is no limit.
	Share float64
	Busy  bool      // it has something to send
	Took  float64   // mails a second that it sent lately
	Until time.Time // of its lease: by then it has stopped, unless it has extended it

	// How the sender fares, as far as this worker knows. Whoever knows of a later refusal is right.
	Throttled     time.Time // when the provider last had enough; zero: never
	Slowed, Known float64   // mails a second right after that, and right before it
}

// Workers keeps the processes that send, and shares a sender's rate between them.
type Workers interface {
	// Share extends a worker's lease and sets its share of the sender's rate, in a transaction in which no other worker of the sender
	// does: divide gets the other live ones, and returns what is to be kept. A dead one counts until its lease ends.
	Share(ctx context.Context, w Worker, now time.Time, divide func(others []Worker) Worker) (Worker, error)
	// LiveWorkers returns those whose lease holds, by name.
	LiveWorkers(ctx context.Context, now time.Time) ([]Worker, error)
	// Leave ends a worker's lease: nothing of it is in flight any more.
	Leave(ctx context.Context, name string) error
}
