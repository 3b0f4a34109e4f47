package worker

import (
	"slices"
	"time"

	"germane/schedule"
	"germane/store"
)

const (
	chunkSize = 500 // members: large enough to cost little, small enough to spread over workers
	sweepSize = 4 * chunkSize
)

// cutter cuts an audience into chunks: one after another, and where people are mailed at different times, side by side.
type cutter struct {
	campaign *schedule.Campaign
	when     When
	zoned    bool // each zone is due at a time of its own
	steps    bool // each step of the rollout is

	open   map[slice]*store.Chunk
	sweep  *store.Chunk // looks once more at everybody; nil: nobody needs that
	chunks []store.Chunk
	last   time.Time // when the last zone is due
	zone   string    // which one that is
}

// slice is what the people of a chunk have in common.
type slice struct {
	zone string
	step int
}

func newCutter(c *Content, when When) *cutter {
	scheduled := when.Occurrence != nil
	return &cutter{
		campaign: c.Campaign, when: when, open: map[slice]*store.Chunk{},
		zoned: scheduled && c.Campaign.Cadence.Recipient, steps: scheduled && stepwise(c.Campaign),
	}
}

// add puts a member of the audience into the chunk that is open for their like.
func (u *cutter) add(p *store.Person, zone *time.Location) {
	var s slice
	due := u.when.Due
	if u.zoned {
		s.zone, due = zone.String(), u.when.Occurrence.DueIn(zone)
		if due.After(u.last) {
			u.last, u.zone = due, s.zone
		}
		u.sweep = u.grow(u.sweep, p.Number, sweepSize)
	}
	if u.steps {
		for s.step < len(u.campaign.Rollout.Steps)-1 && !u.campaign.InStep(s.step).Has(p.ID) {
			s.step++
		}
		due = due.Add(time.Duration(s.step) * u.campaign.Rollout.Wait)
	}
	c := u.open[s]
	if c == nil {
		c = &store.Chunk{Zone: s.zone, Step: s.step, NotBefore: due, People: store.Range{From: p.Number}}
		u.open[s] = c
	}
	if c = u.grow(c, p.Number, chunkSize); c == nil {
		delete(u.open, s)
	}
}

// grow adds a person to a chunk, which is done when it has so many; then it returns nil.
func (u *cutter) grow(c *store.Chunk, person, most int64) *store.Chunk {
	if c == nil {
		c = &store.Chunk{Zone: ClosingZone, People: store.Range{From: person}}
	}
	c.People.To = person + 1
	if c.Members++; c.Members < most {
		return c
	}
	u.chunks = append(u.chunks, *c)
	return nil
}

// done returns all chunks, in the order in which they are due.
func (u *cutter) done() []store.Chunk {
	for _, c := range u.open {
		u.chunks = append(u.chunks, *c)
	}
	if u.sweep != nil {
		u.chunks = append(u.chunks, *u.sweep)
	}
	for i := range u.chunks {
		if c := &u.chunks[i]; c.Zone == ClosingZone {
			c.Zone, c.Step, c.Members = ClosingZone+u.zone, u.lastStep(), 0 // they are counted where they lived
			c.NotBefore = u.last.Add(sweepAfter + time.Duration(c.Step)*u.campaign.Rollout.Wait)
		}
	}
	slices.SortFunc(u.chunks, func(a, b store.Chunk) int {
		if order := a.NotBefore.Compare(b.NotBefore); order != 0 {
			return order
		}
		return int(a.People.From - b.People.From)
	})
	for i := range u.chunks {
		u.chunks[i].No = i
	}
	return u.chunks
}

func (u *cutter) lastStep() int {
	if !u.steps {
		return 0
	}
	return len(u.campaign.Rollout.Steps) - 1
}
