package audience

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser/lexer"
)

// reportMixed reports and next to or, at the first of the two words that differs from the one before it.
func (b *builder) reportMixed(n ast.Node) {
	if b.mixed {
		return
	}
	b.mixed = true
	at := b.tokens[b.changeOfWord(b.extent(n))]
	b.add(at.start, at.end, "mixed-and-or", "and and or are mixed without parentheses, and people read that in two ways", "write "+b.withParentheses())
}

// changeOfWord returns the first and/or within an extent that differs from the one before it at the same depth.
func (b *builder) changeOfWord(e extent) int {
	word := ""
	for i := e.first; i <= e.last; i++ {
		t := b.tokens[i]
		if t.is(lexer.Bracket) && t.partner > i {
			i = t.partner
			continue
		}
		if !t.is(lexer.Operator, "and", "&&", "or", "||") {
			continue
		}
		now := canonicalWord(t.value)
		if word != "" && word != now {
			return i
		}
		word = now
	}
	return e.first
}

func canonicalWord(operator string) string {
	switch operator {
	case "&&":
		return "and"
	case "||":
		return "or"
	}
	return operator
}

// withParentheses writes the whole rule with parentheses around every run of and that stands beside an or, as expr reads it.
func (b *builder) withParentheses() string {
	opens, closes := map[int]int{}, map[int]int{}
	for _, group := range b.groups() {
		opens[b.tokens[group.first].start]++
		closes[b.tokens[group.last].end]++
	}
	var w strings.Builder
	for i := 0; i <= len(b.text.S); i++ {
		w.WriteString(strings.Repeat(")", closes[i]))
		w.WriteString(strings.Repeat("(", opens[i]))
		if i < len(b.text.S) {
			w.WriteByte(b.text.S[i])
		}
	}
	return w.String()
}

// groups returns the runs of conditions joined by and that stand beside an or in the same parentheses.
func (b *builder) groups() []extent {
	var groups []extent
	type level struct {
		start int      // the first token of the current run
		and   bool     // the current run has an and
		runs  []extent // the finished runs that have one
		or    bool     // there is an or between runs
	}
	levels := []level{{}}
	finish := func(l *level, last int) {
		if l.and {
			l.runs = append(l.runs, extent{l.start, last})
		}
		l.start, l.and = last+2, false
	}
	for i, t := range b.tokens {
		l := &levels[len(levels)-1]
		switch {
		case t.is(lexer.Bracket, "(", "[", "{"):
			levels = append(levels, level{start: i + 1})
		case t.is(lexer.Bracket):
			if finish(l, i-1); l.or {
				groups = append(groups, l.runs...)
			}
			levels = levels[:len(levels)-1]
		case t.is(lexer.Operator, "or", "||"):
			finish(l, i-1)
			l.or = true
		case t.is(lexer.Operator, "and", "&&"):
			l.and = true
		}
	}
	l := &levels[0]
	if finish(l, len(b.tokens)-1); l.or {
		groups = append(groups, l.runs...)
	}
	return groups
}

// chained reports a < b < c. expr reads it as a < b and b < c, with the and placed at the second comparison; with == it compares
// the result of the first with the third.
func (b *builder) chained(n *ast.BinaryNode) bool {
	at := b.tokens[b.tokenOf(n)]
	inner, ok := n.Left.(*ast.BinaryNode)
	joined := n.Operator == "&&" && !at.is(lexer.Operator, "and", "&&")
	if !joined && !(ok && isComparison(n) && isComparison(inner) && !b.parenthesised(n.Left)) {
		return false
	}
	hint := "write two comparisons joined by and"
	if right, isBinary := n.Right.(*ast.BinaryNode); joined && isBinary && ok && isComparison(inner) {
		hint = fmt.Sprintf("write %s and %s", b.source(inner), b.source(right))
	}
	b.add(at.start, at.end, "chained-comparison", "one comparison compares two values", hint)
	return true
}

func isComparison(n *ast.BinaryNode) bool {
	_, ok := operators[n.Operator]
	return ok
}

// looseNot reports `not plan == "trial"`, which expr reads as (not plan) == "trial", and returns what is after the not
// (after all of them, if there are more); nil when there is none.
func (b *builder) looseNot(n *ast.BinaryNode) ast.Node {
	not, ok := n.Left.(*ast.UnaryNode)
	if !ok || not.Operator != "not" && not.Operator != "!" || b.parenthesised(not) || b.negatesWord(not) {
		return nil
	}
	word := b.tokens[b.tokenOf(not)]
	rest := Span{b.spanOf(b.outer(not.Node)).Start, b.spanOf(b.outer(n.Right)).End}
	b.add(word.start, word.end, "not-before-comparison", "not binds to what stands next to it, before the comparison is made",
		"write not ("+b.text.S[rest.Start:rest.End]+")")
	inner := not.Node
	for {
		more, ok := inner.(*ast.UnaryNode)
		if !ok || more.Operator != "not" && more.Operator != "!" {
			return inner
		}
		inner = more.Node
	}
}
