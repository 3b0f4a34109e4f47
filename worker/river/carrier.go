// Package river carries hints of ready chunks between workers by River (riverqueue.com), whose tables are in the same Postgres. It decides
// nothing: a hint that is lost, late or brought twice changes nothing but how soon a chunk is taken.
//
//  1. [Migrate] makes River's tables, in a schema of their own.
//  2. [Open] connects. [Carrier.Offer] inserts a job for each hint, unless there is one on its way.
//  3. [Carrier.Carry] works on jobs: each hands its hint over and ends when the next one is welcome. River hears of new jobs at once, or,
//     when its connection is lost, a second later.
package river

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"germane/worker"
)

const (
	schema = "river"
	queue  = "chunks"

	// A process has two hints at most: one whose chunk it works on, and one for when that is done. A small run is everybody's.
	hintsAtOnce = 2
	cooldown    = 20 * time.Millisecond // between two fetches of jobs
	poll        = time.Second           // how often jobs are looked for by whoever hears of none
	// jobTime is how long a job may wait for its chunk's people to be claimed: then it ends, and the chunk goes on without it.
	jobTime = 10 * time.Minute
	rescue  = 15 * time.Minute // after which the job of a process that is gone is discarded
	kept    = time.Hour        // how long jobs that are over can be looked at
	ending  = 5 * time.Second

	connections = 6 // listening, electing, fetching, completing
)

// Carrier implements [worker.Carrier]. Any number of goroutines may use it; one of them carries.
type Carrier struct {
	pool     *pgxpool.Pool
	log      *slog.Logger
	inserter *river.Client[pgx.Tx]
}

var _ worker.Carrier = (*Carrier)(nil)

// Open connects to the Postgres at an address, which [Migrate] has made tables in. River's own words are logged when they are warnings.
func Open(ctx context.Context, address string, log *slog.Logger) (*Carrier, error) {
	c := &Carrier{log: slog.New(newQuiet(log.Handler()))}
	config, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("open the queue: %w", err) // pgx leaves out the password
	}
	config.MaxConns = connections
	config.ConnConfig.RuntimeParams["application_name"] = "germane queue"
	if c.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("open the queue: %w", err)
	}
	if c.inserter, err = river.NewClient(riverpgxv5.New(c.pool), &river.Config{Schema: schema, Logger: c.log}); err != nil {
		c.pool.Close()
		return nil, fmt.Errorf("open the queue: %w", err)
	}
	return c, nil
}

// Close ends the connections. Nobody carries any more.
func (c *Carrier) Close() error {
	c.pool.Close()
	return nil
}

// hint is a job.
type hint struct {
	Run   int64 `json:"run"`
	Chunk int   `json:"chunk"`
	Epoch int64 `json:"epoch"`
}

// Kind names jobs for every program that ever opens the queue.
func (hint) Kind() string { return "germane_chunk" }

// onTheWay are the states of jobs beside which there is no second one. A hint that was brought may be offered again: nothing may have
// come of it.
var onTheWay = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled,
}

// Offer implements [worker.Carrier].
func (c *Carrier) Offer(ctx context.Context, hints []worker.Hint) error {
	options := &river.InsertOpts{Queue: queue, MaxAttempts: 1, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: onTheWay}}
	var jobs []river.InsertManyParams
	seen := map[worker.Hint]bool{} // of two that are alike in one call River makes an error
	for _, h := range hints {
		if !seen[h] {
			jobs = append(jobs, river.InsertManyParams{Args: hint(h), InsertOpts: options})
		}
		seen[h] = true
	}
	if len(jobs) == 0 {
		return nil
	}
	if _, err := c.inserter.InsertMany(ctx, jobs); err != nil {
		return fmt.Errorf("offer chunks: %w", err)
	}
	return nil
}

// taker works on jobs.
type taker struct {
	river.WorkerDefaults[hint]
	take func(context.Context, worker.Hint)
}

// Work implements [river.Worker]. There is no failure: who does not take a chunk leaves it to others.
func (t *taker) Work(ctx context.Context, job *river.Job[hint]) error {
	t.take(ctx, worker.Hint(job.Args))
	return nil
}

// Carry implements [worker.Carrier].
func (c *Carrier) Carry(ctx context.Context, take func(context.Context, worker.Hint)) error {
	workers := river.NewWorkers()
	if err := river.AddWorkerSafely(workers, &taker{take: take}); err != nil {
		return fmt.Errorf("carry chunks: %w", err)
	}
	client, err := river.NewClient(riverpgxv5.New(c.pool), &river.Config{
		Schema: schema, Logger: c.log, Workers: workers, Queues: map[string]river.QueueConfig{queue: {MaxWorkers: hintsAtOnce}},
		FetchCooldown: cooldown, FetchPollInterval: poll, JobTimeout: jobTime, RescueStuckJobsAfter: rescue,
		CompletedJobRetentionPeriod: kept, CancelledJobRetentionPeriod: kept, DiscardedJobRetentionPeriod: kept,
	})
	if err != nil {
		return fmt.Errorf("carry chunks: %w", err)
	}
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("carry chunks: %w", err)
	}
	select {
	case <-ctx.Done():
	case <-client.Stopped():
		return errors.New("carry chunks: River has stopped by itself")
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), ending)
	defer cancel()
	return client.StopAndCancel(stopping)
}

// Migrate makes River's tables, or brings them to this program's form. It may be called again.
func Migrate(ctx context.Context, address string, log *slog.Logger) error {
	if err := migrate(ctx, address, log); err != nil {
		return fmt.Errorf("make the queue's tables: %w", err)
	}
	return nil
}

func migrate(ctx context.Context, address string, log *slog.Logger) error {
	pool, err := pgxpool.New(ctx, address)
	if err != nil {
		return err
	}
	defer pool.Close()
	// Two that do it at once would get in each other's way; the lock ends with its connection.
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	lock := conn.Hijack()
	defer lock.Close(context.WithoutCancel(ctx))
	for _, statement := range []string{`SELECT pg_advisory_lock(hashtextextended('germane river', 0))`, `CREATE SCHEMA IF NOT EXISTS ` + schema} {
		if _, err := lock.Exec(ctx, statement); err != nil {
			return err
		}
	}
	migrator, err := rivermigrate.New(riverpgxv5.New(pool), &rivermigrate.Config{Schema: schema, Logger: slog.New(newQuiet(log.Handler()))})
	if err == nil {
		_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	}
	return err
}
