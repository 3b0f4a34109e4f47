package main

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestDiffLines(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, was, is, want string }{
		{"nothing", "a b c", "a b c", ""},
		{"a line in", "a b", "a x b", " a +x  b"},
		{"a line out", "a x b", "a b", " a -x  b"},
		{"a line for another", "a x b", "a y b", " a -x +y  b"},
		{"from nothing", "", "a", "+a"},
		{"to nothing", "a", "", "-a"},
		{"far apart", "a 1 2 3 4 5 6 b", "A 1 2 3 4 5 6 B", "-a +A  1  2  …  5  6 -b +B"},
		{"only near a change", "1 2 3 a 4 5 6", "1 2 3 4 5 6", " 2  3 -a  4  5"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, line := range diffLines(strings.Fields(test.was), strings.Fields(test.is)) {
				got = append(got, string(line.sign)+line.text)
			}
			if s := strings.Join(got, " "); s != test.want {
				t.Errorf("got %q, want %q", s, test.want)
			}
		})
	}
}

// TestChangesLeadThere holds a diff to its meaning: without its + lines it is the old text, without its - lines the new one.
func TestChangesLeadThere(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	text := func() []string {
		lines := make([]string, random.IntN(12))
		for i := range lines {
			lines[i] = string(rune('a' + random.IntN(4)))
		}
		return lines
	}
	for range 2000 {
		was, is := text(), text()
		var left, right []string
		for _, line := range changes(was, is) {
			if line.sign != '+' {
				left = append(left, line.text)
			}
			if line.sign != '-' {
				right = append(right, line.text)
			}
		}
		if !slices.Equal(left, was) || !slices.Equal(right, is) {
			t.Fatalf("%v to %v: got %v and %v", was, is, left, right)
		}
	}
}

// TestDiffPaintsNothingHostile keeps what somebody wrote into a snapshot from a terminal.
func TestDiffPaintsNothingHostile(t *testing.T) {
	t.Parallel()
	if got := (diffLine{'+', "a\x1b]0;x\x07\u202eb"}).painted(false); got != "  + a\ufffd]0;x\ufffd\ufffdb" {
		t.Errorf("got %q", got)
	}
}
