package store

import (
	"context"
	"time"
)

// Version is a deployed workspace. It never changes: the same content has the same hash.
type Version struct {
	Number   int64 // given when it is deployed, from 1: stands in tracked addresses
	Hash     string
	Format   int // of the compiler that made the tables below
	Files    map[string][]byte
	Links    []Link
	Variants []Variant
	Assets   []Asset
	Deployed time.Time
}

// Link is where a link of a campaign's message leads.
type Link struct {
	Campaign       string
	Message        int // the campaign's number in its version: what stands in tracked addresses
	ID             int
	Block, Variant string   // which carried it; "" for the page around them
	Parts          []string // the target's constant parts; between two of them stands a value
	Pin            int      // which of a run's versions it is from; only [Links] RunLinks fills it in
}

// Variant names what packed choices hold as numbers.
type Variant struct {
	Campaign               string
	BlockNumber, Number    int
	BlockName, VariantName string
	Pin                    int // which of a run's versions it is from; only [Measures] RunVariants fills it in
}

// Asset is a file of a version that the public may fetch.
type Asset struct{ Hash, Name, Path string }

// Versions keeps deployed workspaces.
type Versions interface {
	// Deploy stores a version, unless it is there, and makes it the current one. It fills in the number.
	Deploy(ctx context.Context, v *Version) error
	// CurrentVersion returns the hash of the one deployed last, or [ErrNotFound].
	CurrentVersion(ctx context.Context) (string, error)
	Version(ctx context.Context, hash string) (*Version, error)
	// VersionsStarting returns hashes that begin alike, at most two: one means that the beginning names it.
	VersionsStarting(ctx context.Context, beginning string) ([]string, error)
	// AssetContent returns a public file of any version.
	AssetContent(ctx context.Context, hash, name string) ([]byte, error)
}

// CampaignState is what is remembered of a campaign between its runs.
type CampaignState struct {
	Campaign     string
	Paused       bool
	Note         string    // why it is paused
	Step         int       // of its rollout; -1: none taken
	Content      string    // hash of what the rollout is of: other content starts again
	StepAt       time.Time // when the step was taken
	PlannedUntil time.Time // occurrences up to this local time (kept as if it were UTC) have their run, or were left out
	Cadence      string    // whose occurrences those are; "": of none
}

// Campaigns keeps the state of campaigns.
type Campaigns interface {
	CampaignStates(ctx context.Context) (map[string]CampaignState, error)
	PauseCampaign(ctx context.Context, campaign string, paused bool, note string) error
	// TakeStep moves a rollout to a step.
	TakeStep(ctx context.Context, campaign, content string, step int, at time.Time) error
	// PlannedUntil remembers up to which local time occurrences of a cadence were looked at. It never goes back, but for another cadence.
	PlannedUntil(ctx context.Context, campaign, cadence string, until time.Time) error
}

// RunState is where a run stands.
type RunState string

// The states of runs.
const (
	RunWaitingApproval RunState = "waiting_approval"
	RunRunning         RunState = "running"
	RunPaused          RunState = "paused"
	RunSettling        RunState = "settling" // only rows in doubt are left
	RunFinished        RunState = "finished"
	RunStopped         RunState = "stopped" // by a guard; can be resumed
	RunCancelled       RunState = "cancelled"
)

// runMoves is where each state leads.
var runMoves = map[RunState][]RunState{
	RunWaitingApproval: {RunRunning, RunCancelled},
	RunRunning:         {RunPaused, RunStopped, RunCancelled, RunSettling, RunFinished},
	RunPaused:          {RunRunning, RunCancelled},
	RunStopped:         {RunRunning, RunCancelled},
	RunSettling:        {RunFinished},
}

// CanMove reports whether a run may go from one state to another.
func (s RunState) CanMove(to RunState) bool {
	for _, next := range runMoves[s] {
		if next == to {
			return true
		}
	}
	return false
}

// Run is one sending of a campaign.
type Run struct {
	ID                              int64
	Campaign, Occurrence            string // together they are unique
	Manual                          bool
	Version                         string // the hash that it goes on with
	Pin                             int    // how many versions it had before that one
	State                           RunState
	Note                            string // why it waits, or was paused or stopped
	Cut                             bool   // all of its chunks are there: more come otherwise, with the next step
	Due, Created, Started, Finished time.Time
	Held                            Hold // the last one
	Counts
}

// Hold is why nobody of a running run is mailed for a time. It ends by itself.
type Hold struct {
	Why   string
	Until time.Time
}

// Counts says what became of the members of a run's audience. Planned is always the sum of the others.
type Counts struct {
	Planned, Sent, Failed, Skipped, HeldOut, InDoubt, Waiting int64
}

// RunFilter is which runs are meant.
type RunFilter struct {
	Campaign string    // "": every
	Since    time.Time // made then or later
	Open     bool      // only those that are neither finished nor cancelled
	Limit    int       // 0: 100
}

// RunVersion is a version that a run went on with from a time.
type RunVersion struct {
	Pin     int
	Version string // its hash
	At      time.Time
}

// Runs keeps the sending of campaigns.
type Runs interface {
	// CreateRun makes a run with its first chunks, and returns its id; [ErrExists] when the occurrence has one.
	CreateRun(ctx context.Context, r Run, chunks []Chunk) (int64, error)
	// Run and Runs return runs with their counts, Runs the newest first.
	Run(ctx context.Context, id int64) (*Run, error)
	Runs(ctx context.Context, which RunFilter) ([]*Run, error)
	// MoveRun changes a run's state, if [RunState.CanMove] allows it.
	MoveRun(ctx context.Context, id int64, to RunState, note string, at time.Time) error
	// HoldRun puts off chunks of a running run that nobody has, and never to a sooner time: when each is ready, next says, which gets a
	// chunk's zone, step and present time.
	HoldRun(ctx context.Context, id int64, hold Hold, next func(c *Chunk) time.Time) error
	// Repin makes a run go on with another version for those still waiting.
	Repin(ctx context.Context, id int64, version string, at time.Time) error
	// RunVersions returns the versions that a run had, the first one first.
	RunVersions(ctx context.Context, id int64) ([]RunVersion, error)
	// CloseRun finishes a run of which nothing is open: settling while rows are in doubt, finished when there are none or when it has
	// been settling for the grace. It returns the state the run is in.
	CloseRun(ctx context.Context, id int64, at time.Time, grace time.Duration) (RunState, error)
	// Reasons counts a run's rows by what is said about them.
	Reasons(ctx context.Context, id int64) (map[string]int64, error)
}
