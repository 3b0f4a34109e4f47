package blocks

import (
	"slices"

	"germane/audience"
)

// Reason says why a variant was chosen.
type Reason uint8

const (
	RuleTrue       Reason = iota // its rule was true, and no rule before it
	Control                      // a rule was true, but the person is in the block's control group and gets otherwise
	NothingMatched               // no rule was true, and every one of them was false
	ValueMissing                 // no rule was true, and at least one could not be decided because a value was missing
)

// String returns the reason as programs see it.
func (r Reason) String() string {
	return [...]string{"rule true", "control", "nothing matched", "value missing"}[r]
}

// Choice is the variant of one block for one person, as indexes, so that a delivery's choices take a few bytes.
type Choice struct {
	Block   uint16 // index in the message's blocks
	Variant uint8  // index in the block's variants: what the person gets
	Would   uint8  // index of the variant whose rule was true; differs from Variant for Control only
	Reason  Reason
	Missing uint16 // ValueMissing: the slot, in the message's selection, of the first value that a rule missed; else NoSlot
}

// NoSlot stands for no slot in [Choice.Missing].
const NoSlot = ^uint16(0)

// Chooser picks variants. It is made once per message, never changes, and may be used by any number of goroutines.
type Chooser struct {
	selection *audience.Selection
	blocks    []compiled
}

type compiled struct {
	block *Block
	seed  string // of the control draw
	rules []rule // of all variants but otherwise
}

type rule struct {
	holds audience.Predicate
	reads []uint16 // slots of the values without which the rule may be unknown, in the order of the rule
}

// NewChooser compiles blocks against a selection, which learns what their rules look at.
func NewChooser(list []*Block, selection *audience.Selection) *Chooser {
	c := &Chooser{selection: selection}
	for _, b := range list {
		one := compiled{block: b, seed: "control:" + b.Name}
		for _, variant := range b.Variants {
			if variant.Rule != nil {
				one.rules = append(one.rules, rule{holds: variant.Rule.Compile(selection), reads: c.reads(variant.Rule)})
			}
		}
		c.blocks = append(c.blocks, one)
	}
	return c
}

// reads lists the slots of the attributes that a leaf of the rule needs for being true or false.
func (c *Chooser) reads(r *audience.Rule) []uint16 {
	var slots []uint16
	audience.Walk(r.Condition, func(leaf audience.Condition) {
		needed := audience.PresentIfFalse(leaf)
		for _, name := range audience.PresentIfTrue(leaf) {
			if slices.Contains(needed, name) {
				if slot := slices.Index(c.selection.Names(), name); slot >= 0 && !slices.Contains(slots, uint16(slot)) {
					slots = append(slots, uint16(slot))
				}
			}
		}
	})
	return slots
}

// Blocks returns the blocks, in the order of [Choice.Block].
func (c *Chooser) Blocks() []*Block {
	list := make([]*Block, len(c.blocks))
	for i := range c.blocks {
		list[i] = c.blocks[i].block
	}
	return list
}

// Choose appends one choice per block to into. person is the id that the control group is drawn by.
func (c *Chooser) Choose(d *audience.Decoded, person string, into []Choice) []Choice {
	for i := range c.blocks {
		into = append(into, c.blocks[i].choose(uint16(i), d, person))
	}
	return into
}

func (b *compiled) choose(index uint16, d *audience.Decoded, person string) Choice {
	last := uint8(len(b.block.Variants) - 1)
	choice := Choice{Block: index, Variant: last, Would: last, Reason: NothingMatched, Missing: NoSlot}
	for i := range b.rules {
		switch b.rules[i].holds(d) {
		case audience.True:
			choice.Variant, choice.Would, choice.Reason, choice.Missing = uint8(i), uint8(i), RuleTrue, NoSlot
			if b.inControl(person) {
				choice.Variant, choice.Reason = last, Control
			}
			return choice
		case audience.Unknown:
			if choice.Reason == NothingMatched {
				choice.Reason, choice.Missing = ValueMissing, b.rules[i].missing(d)
			}
		}
	}
	return choice
}

func (r *rule) missing(d *audience.Decoded) uint16 {
	for _, slot := range r.reads {
		if !d.Values[slot].Present() {
			return slot
		}
	}
	return NoSlot
}

// inControl reports whether a person is in the block's control group: the same for ever, on any machine, whatever other blocks do.
func (b *compiled) inControl(person string) bool {
	if b.block.Control <= 0 {
		return false
	}
	n, _ := audience.Hash(b.seed, person, 2)
	return n < b.block.Control
}
