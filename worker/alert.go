package worker

import (
	"context"
	"fmt"

	"germane/schedule"
	"germane/store"
)

// Alert is something that a person should know or decide. It names nobody.
type Alert struct {
	Campaign string
	Run      int64 // 0: none
	What     string
	Text     string // a sentence
}

// What alerts are about.
const (
	AlertApproval = "waiting_approval"
	AlertStopped  = "stopped"
	AlertMissed   = "missed"    // an occurrence nobody is mailed for
	AlertLate     = "late"      // some people got nothing, as it was too late for them
	AlertFailed   = "failed"    // a share of a run's mails
	AlertAside    = "set_aside" // some people are not mailed, because workers are lost with them
	AlertInDoubt  = "in_doubt"  // of some nobody knows whether they arrived
)

// mostFailed is the share of a run's mails that may fail without anybody being told.
const mostFailed = 0.05

func (w *Worker) alert(a Alert) {
	if w.Alert != nil {
		w.Alert(a)
	}
}

// tellEnd tells of a run at its end what somebody should look at.
func (w *Worker) tellEnd(ctx context.Context, r *store.Run) error {
	if tried := r.Sent + r.Failed; float64(r.Failed) > mostFailed*float64(tried) {
		w.alert(Alert{r.Campaign, r.ID, AlertFailed, fmt.Sprintf("run %d of %s: %d of %d mails failed; `germane runs %d` says why", r.ID, r.Campaign, r.Failed, tried, r.ID)})
	}
	if r.InDoubt > 0 && r.State == store.RunSettling {
		w.alert(Alert{r.Campaign, r.ID, AlertInDoubt, fmt.Sprintf("run %d of %s: nobody knows of %d mails whether they arrived; `germane runs settle %d` decides it", r.ID, r.Campaign, r.InDoubt, r.ID)})
	}
	if r.Skipped == 0 {
		return nil
	}
	reasons, err := w.Store.Reasons(ctx, r.ID)
	if late := reasons[schedule.ReasonLate] + reasons[schedule.ReasonMissed]; late > 0 {
		w.alert(Alert{r.Campaign, r.ID, AlertLate, fmt.Sprintf("run %d of %s: %d people got nothing, as it was too late for them; `germane runs %d` says more", r.ID, r.Campaign, late, r.ID)})
	}
	return err
}
