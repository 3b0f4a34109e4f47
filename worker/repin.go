package worker

import (
	"slices"

	"germane/store"
	"germane/workspace"
)

// MayRepin says why a run cannot go on with another version; "" when it can. A run's people were put into chunks by the time and the
// step at which they are mailed: under other times or steps some would be in none of those that are left, and get nothing.
func MayRepin(run *store.Run, before, after *workspace.Workspace) string {
	was, ok := before.Campaign(run.Campaign)
	if !ok || run.Manual || was.Cadence == nil {
		return ""
	}
	is, ok := after.Campaign(run.Campaign)
	switch {
	case !ok || is.Cadence == nil || is.Cadence.Times() != was.Cadence.Times():
		return "its cadence is not the run's"
	case (was.Cadence.Recipient || was.Cadence.Zone == nil) && before.Config.TimeZone.String() != after.Config.TimeZone.String():
		return "its time_zone is not the run's"
	case stepwise(was) != stepwise(is) || stepwise(was) && (!slices.Equal(is.Rollout.Steps, was.Rollout.Steps) || is.Rollout.Wait != was.Rollout.Wait):
		return "its rollout is not the run's"
	}
	return ""
}
