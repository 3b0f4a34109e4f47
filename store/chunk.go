package store

import (
	"context"
	"time"
)

// ChunkState is whether a chunk is still to be worked on.
type ChunkState uint8

// The states of chunks.
const (
	ChunkOpen  ChunkState = iota
	ChunkDone             // everybody in it has a row that will not be claimed again
	ChunkAside            // crashed too often; a person must look
)

// Chunk is a slice of a run: what a worker takes.
type Chunk struct {
	Run       int64
	No        int
	Step      int    // of the rollout
	Zone      string // time zone; "" when the run has one for all
	People    Range
	NotBefore time.Time
	Members   int64 // counted when it was cut; afterwards what came of it
	State     ChunkState
	Epoch     int64 // one more each time it is taken
	Crashes   int   // how many takers were lost one after another, without any result
	Owner     string
	Until     time.Time // of the lease; zero: nobody has it
	Counts
}

// Lease is a chunk in somebody's hands.
type Lease struct {
	Run   int64
	Chunk int
	Epoch int64
}

// maxCrashes is how often a chunk's taker may be lost before it is set aside.
const maxCrashes = 3

// SetAside reports whether a chunk has taken too many workers with it.
func SetAside(crashes int) bool { return crashes >= maxCrashes }

// Chunks keeps the slices of runs. Whoever takes one gets a new epoch; what an older epoch had claimed and not reported is in doubt.
type Chunks interface {
	AddChunks(ctx context.Context, run int64, chunks []Chunk, cut bool) error
	// ReadyChunks returns chunks of running runs that nobody has, those due first.
	ReadyChunks(ctx context.Context, now time.Time, limit int) ([]Chunk, error)
	// TakeChunk leases a chunk until a time; [ErrLost] when somebody has it or it is not to be worked on.
	TakeChunk(ctx context.Context, run int64, no int, owner string, now, until time.Time) (*Chunk, error)
	// ReleaseChunk gives a chunk back; it is ready again at a time. Nothing of it may be in flight.
	ReleaseChunk(ctx context.Context, l Lease, notBefore time.Time) error
	// FinishChunk ends a chunk whose people all have rows.
	FinishChunk(ctx context.Context, l Lease) error
	// Sweep ends leases that ran out, or all when the caller knows that nobody else works; what they had claimed is in doubt. It returns
	// how many it ended.
	Sweep(ctx context.Context, now time.Time, all bool) (int, error)
	// ReopenChunks has a run's chunks that were set aside worked on again, and returns how many there were.
	ReopenChunks(ctx context.Context, run int64) (int, error)
	// Chunk returns one; [ErrNotFound] when there is none.
	Chunk(ctx context.Context, run int64, no int) (*Chunk, error)
	// TellAside returns chunks that were set aside, each of them to the first who asks.
	TellAside(ctx context.Context) ([]Chunk, error)
	// ChunksOf returns the chunks of a run.
	ChunksOf(ctx context.Context, run int64) ([]Chunk, error)
}
