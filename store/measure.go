package store

import (
	"context"
	"time"
)

// KindCount is how many people of a run have events of a kind, and how many of them have one without a label.
type KindCount struct {
	Kind                string
	People, HumanPeople int64
}

// ArmCount is how many people of a run were treated alike, and how many of them reached a goal.
type ArmCount struct {
	State           DeliveryState
	Reason          string // why they were held out; "" for all other states
	People, Reached int64
}

// Measures counts what a run brought about. What was shown to whom is [Deliveries] ChoiceCounts; clicks are [Events] ClickCounts.
type Measures interface {
	// KindCounts counts a run's people by what they did.
	KindCounts(ctx context.Context, run int64) ([]KindCount, error)
	// ArmCounts counts a run's rows by state, with those whose people reached a goal as GoalCounts means it.
	ArmCounts(ctx context.Context, run int64, goal string, within time.Duration) ([]ArmCount, error)
	// GoalCounts counts rows like ChoiceCounts, but only those of people with an [EventGoal] of that name at the moment they were
	// decided about or within a time of it. That moment is the same for whoever got the mail, was in control or was held out, so
	// that they can be compared.
	GoalCounts(ctx context.Context, run int64, goal string, within time.Duration) ([]ChoiceCount, error)
	// RunVariants names what the packed choices of a run's rows hold as numbers, for all versions that the run had.
	RunVariants(ctx context.Context, run int64) ([]Variant, error)
}
