package schedule

import "germane/audience"

// Part is a share of all people that is the same on every machine and for ever. A larger share of the same seed holds a smaller one.
type Part struct {
	Seed  string
	Share float64 // 0: nobody, 1: everybody
}

// Has reports whether a person is in the part.
func (p Part) Has(person string) bool {
	if p.Share <= 0 || p.Share >= 1 {
		return p.Share >= 1
	}
	n, _ := audience.Hash(p.Seed, person, 2)
	return n < p.Share
}

// The seeds of parts. Each purpose has its own, so that who is held out says nothing about who is in a rollout's first step.
const (
	holdoutSeed = "holdout"
	rolloutSeed = "rollout:"
	jitterSeed  = "jitter:"
)

// GlobalHoldout returns the people whom no campaign mails.
func GlobalHoldout(share float64) Part { return Part{holdoutSeed, share} }

// HeldOut returns the people whom this campaign does not mail.
func (c *Campaign) HeldOut() Part { return Part{holdoutSeed + ":" + c.Name, c.Holdout} }

// InStep returns the people of a rollout's step, counted from 0: those of earlier steps are among them. Without a rollout, and past
// its end, that is everybody.
func (c *Campaign) InStep(step int) Part {
	share := 1.0
	if step < len(c.Rollout.Steps) {
		share = c.Rollout.Steps[max(0, step)]
	}
	return Part{rolloutSeed + c.Name, share}
}

// JitterDraw returns where a person stands in the time that messages are spread over after quiet hours. It is another place for each
// campaign, so that nobody is always last.
func JitterDraw(campaign, person string) float64 {
	n, _ := audience.Hash(jitterSeed+campaign, person, 2)
	return n
}
