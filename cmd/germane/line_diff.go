package main

import (
	"strings"
	"unicode"
)

// diffLine is a line of a diff: ' ' is in both texts, '-' in the old one, '+' in the new one.
type diffLine struct {
	sign byte
	text string
}

// painted is the line for a terminal; nothing in it moves the cursor or turns text around.
func (l diffLine) painted(color bool) string {
	text := "  " + string(rune(l.sign)) + " " + strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return unicode.ReplacementChar
		}
		return r
	}, l.text)
	switch {
	case color && l.sign == '-':
		return "\x1b[31m" + text + "\x1b[0m"
	case color && l.sign == '+':
		return "\x1b[32m" + text + "\x1b[0m"
	}
	return text
}

// diffContext is how many lines around a change are shown.
const diffContext = 2

// diffWork bounds the table that finds the lines which two texts share.
const diffWork = 4_000_000

// diffLines says how lines became others: the fewest lines out and in, with some around them. Between two places stands a line "…".
func diffLines(was, is []string) []diffLine {
	head := 0
	for head < len(was) && head < len(is) && was[head] == is[head] {
		head++
	}
	tail := 0
	for tail < len(was)-head && tail < len(is)-head && was[len(was)-1-tail] == is[len(is)-1-tail] {
		tail++
	}
	var all []diffLine
	add := func(sign byte, lines []string) {
		for _, line := range lines {
			all = append(all, diffLine{sign, line})
		}
	}
	add(' ', was[:head])
	old, young := was[head:len(was)-tail], is[head:len(is)-tail]
	if len(old)*len(young) > diffWork {
		add('-', old)
		add('+', young)
	} else {
		all = append(all, changes(old, young)...)
	}
	add(' ', was[len(was)-tail:])
	return around(all)
}

// changes finds a longest common subsequence: longest[i][j] is the length of that of was[i:] and is[j:].
func changes(was, is []string) []diffLine {
	longest := make([][]int, len(was)+1)
	for i := len(was); i >= 0; i-- {
		longest[i] = make([]int, len(is)+1)
		for j := len(is) - 1; j >= 0 && i < len(was); j-- {
			if was[i] == is[j] {
				longest[i][j] = longest[i+1][j+1] + 1
			} else {
				longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			}
		}
	}
	var all []diffLine
	i, j := 0, 0
	for i < len(was) || j < len(is) {
		switch {
		case i < len(was) && j < len(is) && was[i] == is[j]:
			all = append(all, diffLine{' ', was[i]})
			i, j = i+1, j+1
		case j == len(is) || i < len(was) && longest[i+1][j] >= longest[i][j+1]:
			all = append(all, diffLine{'-', was[i]})
			i++
		default:
			all = append(all, diffLine{'+', is[j]})
			j++
		}
	}
	return all
}

// around keeps the lines that are near a change.
func around(all []diffLine) []diffLine {
	near := make([]bool, len(all))
	for i, line := range all {
		for j := max(0, i-diffContext); line.sign != ' ' && j <= min(len(all)-1, i+diffContext); j++ {
			near[j] = true
		}
	}
	var kept []diffLine
	for i, line := range all {
		switch {
		case near[i]:
			kept = append(kept, line)
		case len(kept) > 0 && kept[len(kept)-1].text != "…":
			kept = append(kept, diffLine{' ', "…"})
		}
	}
	if n := len(kept); n > 0 && kept[n-1].text == "…" && kept[n-1].sign == ' ' {
		kept = kept[:n-1]
	}
	return kept
}
