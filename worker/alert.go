package worker

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
	AlertMissed   = "missed"
	AlertFailed   = "failed"   // a share of a run's mails
	AlertInDoubt  = "in_doubt" // of some nobody knows whether they arrived
)
