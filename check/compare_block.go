package check

import (
	"slices"
	"strings"

	"germane/blocks"
)

// blockPair is a block of a message in both workspaces. Positions behind the last variant stand for a block that is not there.
type blockPair struct {
	name    string
	was, is blockSide
	counts  [][]crossing // by variant before and after
	same    [][]bool     // both say the same
	because map[string][]string
}

type blockSide struct {
	at       int // among the message's blocks; -1: not there
	names    []string
	contents []content
}

func newBlockPair(name string, before, after []*blocks.Block, was, is *contents) blockPair {
	pair := blockPair{name: name, was: newBlockSide(name, before, was), is: newBlockSide(name, after, is), because: map[string][]string{}}
	for i := range pair.was.names {
		pair.counts = append(pair.counts, make([]crossing, len(pair.is.names)))
		pair.same = append(pair.same, make([]bool, len(pair.is.names)))
		for j := range pair.is.names {
			because := pair.was.contents[i].differs(&pair.is.contents[j])
			pair.same[i][j] = len(because) == 0
			if pair.was.names[i] == pair.is.names[j] && pair.was.names[i] != "" {
				pair.because[pair.is.names[j]] = because
			}
		}
	}
	return pair
}

func newBlockSide(name string, list []*blocks.Block, c *contents) blockSide {
	s := blockSide{at: slices.IndexFunc(list, func(b *blocks.Block) bool { return b.Name == name })}
	if s.at >= 0 {
		for i := range list[s.at].Variants {
			s.names = append(s.names, list[s.at].Variants[i].Name)
			s.contents = append(s.contents, c.of(contentOf(list[s.at], i)))
		}
	}
	s.names, s.contents = append(s.names, ""), append(s.contents, content{})
	return s
}

func (s *blockSide) variant(choices []blocks.Choice) int {
	if s.at < 0 {
		return len(s.names) - 1
	}
	return int(choices[s.at].Variant)
}

// add counts a person, and says whether they see something else.
func (b *blockPair) add(t *comparedTemplate, id string) bool {
	i, j := b.was.variant(t.was.choices), b.is.variant(t.is.choices)
	if b.was.names[i] == b.is.names[j] && b.same[i][j] {
		return false
	}
	b.counts[i][j].add(id)
	return !b.same[i][j]
}

// report lists who gets another variant, most people first, and which variants say something else. A variant whose words change is
// listed even when nobody gets it.
func (b *blockPair) report(change *TemplateChange) {
	var moves []Move
	for i, from := range b.was.names {
		for j, to := range b.is.names {
			c := &b.counts[i][j]
			switch {
			case from == to && len(b.because[to]) > 0:
				change.Words = append(change.Words, WordsChange{b.name, to, b.because[to], c.people, c.ids()})
			case from != to && c.people > 0:
				moves = append(moves, Move{b.name, from, to, b.same[i][j], c.people, c.ids()})
			}
		}
	}
	slices.SortStableFunc(moves, func(a, b Move) int { return b.People - a.People })
	change.Moves = append(change.Moves, moves...)
}

// contentOf returns what stands in a block's file for a variant.
func contentOf(b *blocks.Block, i int) string {
	variants, text := b.Variants, b.File.Text
	end := len(text)
	if i+1 < len(variants) {
		end = variants[i+1].Place.Start
	}
	return strings.TrimSpace(text[variants[i].Place.End:end])
}
