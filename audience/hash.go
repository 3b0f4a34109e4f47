package audience

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"unicode/utf16"
)

// Hash draws a number from [0, 1) for a value (a person's id) under a seed: GrowthBook's hash, so that a team's product
// experiments and Germane agree on who is in which arm. Version 2 is the one to use. Version 1 exists to read what older
// experiments did: its draws under similar seeds are correlated. ok is false for any other version.
//
// The definition is GrowthBook's SDK specification 0.12.0: FNV-1a with 32 bits over UTF-16 code units, twice for version 2.
func Hash(seed, value string, version int) (n float64, ok bool) {
	switch version {
	case 1:
		return float64(fnv(fnv(fnvOffset, value), seed)%1000) / 1000, true
	case 2:
		inner := fnv(fnv(fnvOffset, seed), value)
		var digits [10]byte // on the stack: every delivery draws
		return float64(fnv(fnvOffset, string(strconv.AppendUint(digits[:0], uint64(inner), 10)))%10000) / 10000, true
	}
	return 0, false
}

const (
	fnvOffset = 0x811c9dc5
	fnvPrime  = 0x01000193
)

// fnv goes on with an FNV-1a hash. Code units instead of bytes, because JavaScript's strings are made of them; bytes that are not
// UTF-8 count as U+FFFD.
func fnv(h uint32, s string) uint32 {
	for _, r := range s {
		if r >= 0x10000 {
			high, low := utf16.EncodeRune(r)
			h = (h ^ uint32(high)) * fnvPrime
			r = low
		}
		h = (h ^ uint32(r)) * fnvPrime
	}
	return h
}

// Range is the draws from Start up to, not including, End.
type Range struct{ Start, End float64 }

// Contains reports whether a draw is in the range.
func (r Range) Contains(n float64) bool { return n >= r.Start && n < r.End }

// CheckWeights says why weights cannot divide people between arms. GrowthBook's SDKs fall back to equal weights instead; for us a
// slip that silently becomes 50/50 is worse than an error.
func CheckWeights(weights []float64) error {
	if len(weights) == 0 {
		return errors.New("there are no weights")
	}
	sum := 0.0
	for i, w := range weights {
		if math.IsNaN(w) || w < 0 || w > 1 {
			return fmt.Errorf("weight %d is %v, not between 0 and 1", i+1, w)
		}
		sum += w
	}
	if math.Abs(sum-1) > 0.001 {
		return fmt.Errorf("the weights add up to %v, not 1", sum)
	}
	return nil
}

// Ranges gives each arm its part of [0, 1): the arms' starts are where their weights put them, and each takes the share coverage
// of its part, so that raising the coverage moves nobody to another arm. The weights are ones that [CheckWeights] accepts.
func Ranges(coverage float64, weights []float64) []Range {
	coverage = max(0, min(coverage, 1))
	ranges, start := make([]Range, len(weights)), 0.0
	for i, w := range weights {
		// The conversion forbids a fused multiply-add, which some processors' compilers would use and which moves the end of a
		// range by one unit in the last place, and a person with it (growthbook-golang issue 103).
		ranges[i] = Range{Start: start, End: start + float64(coverage*w)}
		start += w
	}
	return ranges
}

// Choose returns the index of the first range that a draw is in, or -1.
func Choose(n float64, ranges []Range) int {
	for i, r := range ranges {
		if r.Contains(n) {
			return i
		}
	}
	return -1
}
