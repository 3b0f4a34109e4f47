package worker

import (
	"context"
	"errors"
	"fmt"
	"time"

	"germane/store"
)

// LetGo notes that somebody has seen why a run was stopped, or why it waits, and wants it to go on: limits count anew from now on.
func LetGo(ctx context.Context, s store.Store, contents *Contents, r *store.Run, now time.Time) error {
	from := ""
	switch content, err := contents.Campaign(ctx, r.Version, r.Campaign); {
	case err == nil:
		from = content.from
	case !errors.Is(err, ErrFormat) && !unusable(err):
		return err
	}
	return LetCampaignGo(ctx, s, r.Campaign, from, fmt.Sprintf("run %d goes on", r.ID), now)
}

// LetCampaignGo is LetGo where there is no run to go on: for a campaign, and the address that it comes from; "": not known.
func LetCampaignGo(ctx context.Context, s store.Switches, campaign, from, why string, now time.Time) error {
	names := []string{Held + campaign}
	if from != "" {
		names = append(names, HeldSender+from)
	}
	for _, name := range names {
		if err := s.Turn(ctx, name, store.Switch{At: now, Note: why}); err != nil {
			return err
		}
	}
	return nil
}
