package check

import (
	"cmp"
	"fmt"
	"slices"

	"germane/audience"
	"germane/blocks"
)

// Few is how many people a variant needs at least: with fewer, what is measured says nothing, and somebody may be recognised by the
// content they get.
const Few = 20

// Matrix says who sees what: for each block how many people get which variant, of everybody and of each segment.
type Matrix struct {
	People   int             `json:"people"`
	Blocks   []BlockCounts   `json:"blocks"`
	Segments []SegmentCounts `json:"segments"`
	Damaged  int             `json:"damaged,omitempty"` // people who are not counted, because what is stored of them cannot be read
}

// SegmentCounts is the matrix of the people in a segment.
type SegmentCounts struct {
	Segment string        `json:"segment"`
	People  int           `json:"people"`
	Blocks  []BlockCounts `json:"blocks"`
}

// BlockCounts is how many people get each variant of a block: they add up to all people.
type BlockCounts struct {
	Block    string         `json:"block"`
	Variants []VariantCount `json:"variants"`
	Control  int            `json:"control"`  // people for whom a rule is true, and who get otherwise to measure against
	Fallback float64        `json:"fallback"` // share of people for whom no rule is true
	Missing  []MissingCount `json:"missing"`  // what they lack, for those whom a rule might have taken; most people first
}

// VariantCount is how many people get a variant.
type VariantCount struct {
	Variant string `json:"variant"`
	People  int    `json:"people"`
}

// MissingCount is how many people got otherwise because a value was missing: the first that a rule could not do without.
type MissingCount struct {
	Attribute string `json:"attribute"`
	Why       string `json:"why"` // absent, blank, stale, not allowed
	People    int    `json:"people"`
}

// Counter counts a matrix, one person after the other; it keeps counts and no people. It is not for several goroutines.
type Counter struct {
	selection *audience.Selection
	chooser   *blocks.Chooser
	segments  []*audience.Segment
	rules     []audience.Predicate // of segments
	all       tally
	within    []tally // by segment
	damaged   int

	decoded audience.Decoded
	choices []blocks.Choice
}

// tally counts some people.
type tally struct {
	people int
	blocks []blockTally
}

type blockTally struct {
	variants []int
	control  int
	fallback int
	missing  [][audience.Present]int // by slot and state
}

// NewCounter makes a counter of the blocks of a message. Segments whose rules have mistakes are passed over.
func NewCounter(list []*blocks.Block, segments []*audience.Segment) *Counter {
	c := &Counter{selection: audience.NewSelection()}
	c.chooser = blocks.NewChooser(list, c.selection)
	for _, segment := range segments {
		if sound(segment.Rule) {
			c.segments, c.rules = append(c.segments, segment), append(c.rules, segment.Rule.Compile(c.selection))
		}
	}
	c.all = newTally(list, c.selection)
	for range c.segments {
		c.within = append(c.within, newTally(list, c.selection))
	}
	return c
}

func newTally(list []*blocks.Block, selection *audience.Selection) tally {
	var t tally
	for _, b := range list {
		t.blocks = append(t.blocks, blockTally{variants: make([]int, len(b.Variants)), missing: make([][audience.Present]int, len(selection.Names()))})
	}
	return t
}

// Add counts a person at a time in unix milliseconds. The error says that what is stored cannot be read; it is counted, too.
func (c *Counter) Add(p *audience.Stored, now int64) error {
	if err := c.selection.Decode(p, now, &c.decoded); err != nil {
		c.damaged++
		return fmt.Errorf("read the stored person: %w", err)
	}
	c.choices = c.chooser.Choose(&c.decoded, p.ID, c.choices[:0])
	c.all.add(&c.decoded, c.choices)
	for i, holds := range c.rules {
		if holds(&c.decoded) == audience.True {
			c.within[i].add(&c.decoded, c.choices)
		}
	}
	return nil
}

func (t *tally) add(d *audience.Decoded, choices []blocks.Choice) {
	t.people++
	for i, choice := range choices {
		b := &t.blocks[i]
		b.variants[choice.Variant]++
		switch choice.Reason {
		case blocks.Control:
			b.control++
		case blocks.NothingMatched, blocks.ValueMissing:
			b.fallback++
		}
		if choice.Missing != blocks.NoSlot {
			b.missing[choice.Missing][d.Values[choice.Missing].State]++
		}
	}
}

// Matrix returns what was counted so far.
func (c *Counter) Matrix() *Matrix {
	m := &Matrix{People: c.all.people, Blocks: c.counts(&c.all), Segments: []SegmentCounts{}, Damaged: c.damaged}
	for i, segment := range c.segments {
		t := &c.within[i]
		m.Segments = append(m.Segments, SegmentCounts{segment.Name, t.people, c.counts(t)})
	}
	return m
}

func (c *Counter) counts(t *tally) []BlockCounts {
	all := []BlockCounts{}
	for i, b := range c.chooser.Blocks() {
		counted := &t.blocks[i]
		counts := BlockCounts{Block: b.Name, Control: counted.control, Missing: c.missing(counted)}
		for n := range b.Variants {
			counts.Variants = append(counts.Variants, VariantCount{b.Variants[n].Name, counted.variants[n]})
		}
		if t.people > 0 {
			counts.Fallback = float64(counted.fallback) / float64(t.people)
		}
		all = append(all, counts)
	}
	return all
}

func (c *Counter) missing(counted *blockTally) []MissingCount {
	names, all := c.selection.Names(), []MissingCount{}
	for slot, byState := range counted.missing {
		for state, people := range byState {
			if people > 0 {
				all = append(all, MissingCount{names[slot], audience.State(state).String(), people})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b MissingCount) int { return cmp.Compare(b.People, a.People) })
	return all
}
