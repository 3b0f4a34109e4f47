package audience

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/lexer"
)

// token is one of expr's tokens with its place in the rule as written.
type token struct {
	kind       lexer.Kind
	value      string
	start, end int // bytes of the rule's text
	partner    int // brackets: index of the matching one; -1: none
}

func (t token) is(kind lexer.Kind, values ...string) bool {
	return t.kind == kind && (len(values) == 0 || slices.Contains(values, t.value))
}

// operandEnd reports whether a token can end an operand, so that what follows is a binary operator or an index.
func (t token) operandEnd() bool {
	return t.is(lexer.Identifier) || t.is(lexer.Number) || t.is(lexer.String) || t.is(lexer.Bytes) || t.is(lexer.Bracket, ")", "]", "}")
}

// maxRuleDepth bounds nesting: brackets in brackets, not after not.
const maxRuleDepth = 100

// tokenise runs expr's lexer over the clean text; what the lexer refuses is reported and leaves the source broken.
func (s *ruleSource) tokenise() []token {
	l := lexer.New()
	l.Reset(file.NewSource(s.clean.String()))
	var tokens []token
	for {
		t, err := l.Next()
		if err != nil {
			s.lexError(err)
			break
		}
		if t.Kind == lexer.EOF {
			break
		}
		tokens = append(tokens, token{kind: t.Kind, value: t.Value, start: s.offset(t.From), end: s.endOffset(t.To), partner: -1})
	}
	s.pair(tokens)
	return tokens
}

// offset turns a rune of the clean text into a byte of the rule.
func (s *ruleSource) offset(r int) int { return s.at[max(0, min(r, len(s.at)-1))] }

// endOffset turns the rune after a token into the byte after what the token stands for.
func (s *ruleSource) endOffset(r int) int {
	if r <= 0 || len(s.ends) == 0 {
		return 0
	}
	return s.ends[min(r, len(s.ends))-1]
}

func (s *ruleSource) lexError(err error) {
	s.broken = true
	lexed, ok := err.(*file.Error)
	if !ok {
		s.add(0, len(s.text.S), "rule-syntax", "this is not a rule", "")
		return
	}
	start, end := s.offset(lexed.From), s.endOffset(lexed.To)
	message := lexed.Message
	switch {
	case strings.Contains(message, "unrecognized character"):
		s.add(start, end, "rule-syntax", fmt.Sprintf("%s means nothing in a rule", strconv.Quote(s.text.S[start:end])), "delete it")
	case strings.Contains(message, "number syntax"):
		s.add(start, end, "rule-syntax", "this is neither a number nor a name", "put quotes around a text; names start with a letter")
	case strings.Contains(message, "escape"):
		s.add(start, end, "rule-syntax", `a \ in a text starts an escape, and this is none`, `write \\ for a backslash, or put the text between backticks`)
	default:
		s.add(start, end, "rule-syntax", "the rule cannot be read here: "+message, "")
	}
}

// pair finds each bracket's partner and reports brackets that have none or are nested too deep.
func (s *ruleSource) pair(tokens []token) {
	var open []int
	for i := range tokens {
		t := &tokens[i]
		switch {
		case t.is(lexer.Bracket, "(", "[", "{"):
			open = append(open, i)
			if len(open) == maxRuleDepth+1 {
				s.tooDeep(*t)
			}
		case t.is(lexer.Bracket):
			if len(open) == 0 || closing[tokens[open[len(open)-1]].value] != t.value {
				s.unbalanced(*t, "nothing opens this "+t.value, "delete it, or open it before")
				return
			}
			t.partner, tokens[open[len(open)-1]].partner = open[len(open)-1], i
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 && !s.broken {
		t := tokens[open[len(open)-1]]
		s.unbalanced(t, "this "+t.value+" is never closed", "put "+closing[t.value]+" where it ends")
	}
}

var closing = map[string]string{"(": ")", "[": "]", "{": "}"}

func (s *ruleSource) tooDeep(t token) {
	s.broken = true
	s.add(t.start, t.end, "rule-too-deep", fmt.Sprintf("a rule may nest %d deep, and this one goes on", maxRuleDepth), "make segments of its parts")
}

func (s *ruleSource) unbalanced(t token, text, hint string) {
	if !s.broken {
		s.add(t.start, t.end, "rule-syntax", text, hint)
	}
	s.broken = true
}

// foreign says what to do instead of expr's operators that rules do without.
var foreign = map[string][2]string{
	"+":   {"rules do not calculate", "compare attributes as they are, or import the sum as an attribute of its own"},
	"-":   {"rules do not calculate", "compare attributes as they are; for times there are days_since() and days_until()"},
	"*":   {"rules do not calculate", "compare attributes as they are, or import the result as an attribute of its own"},
	"|":   {"rules have no filters", "write or between conditions; compare attributes as they are"},
	"?":   {"rules have no ? :", "write (a and b) or (not a and c)"},
	"??":  {"rules have no ??", "give the attribute a default in attributes.yaml, or write (has(x) and …) or (not has(x) and …)"},
	"..":  {"rules have no ranges", "write x >= 1 and x <= 5"},
	"let": {"rules have no variables", "make a segment and use it by segment(\"name\")"},
	";":   {"a rule is one condition", "join conditions with and or or"},
	"{":   {"rules have no { }", "attributes are bare names: write plan, not {{ plan }}"},
	"[":   {"rules do not take elements out of lists", "write interests contains \"x\""},
	"#":   {"rules have no #", "write interests contains \"x\"; comments start with //"},
	"&":   {"rules do not know &", "write and"},
	",":   {"a comma stands only between the values of a list", "write and, or put the values into [ ]"},
	":":   {"rules have no :", "join conditions with and or or"},
}

// refuseForeign reports every operator of expr's that rules do without, and returns how many there were.
func (s *ruleSource) refuseForeign(tokens []token) int {
	before := len(s.findings)
	conditional := slices.IndexFunc(tokens, func(t token) bool { return t.is(lexer.Operator, "?", "if") })
	for i, t := range tokens {
		if conditional >= 0 && i > conditional && t.is(lexer.Operator, ":", "else") || conditional >= 0 && t.is(lexer.Bracket, "{") {
			continue // belongs to the ? or if, which is reported
		}
		after := i > 0 && tokens[i-1].operandEnd()
		if advice, ok := foreign[s.foreignKey(tokens, i, after)]; ok {
			s.add(t.start, t.end, "not-in-rules", advice[0], advice[1])
		}
	}
	return len(s.findings) - before
}

// foreignKey returns the entry of foreign that a token falls under, "" when it may stand where it does.
func (s *ruleSource) foreignKey(tokens []token, i int, afterOperand bool) string {
	t := tokens[i]
	switch {
	case t.is(lexer.Bytes):
		return "{"
	case t.is(lexer.Bracket, "{"):
		return foreignBrace(tokens, i)
	case t.is(lexer.Bracket, "[") && afterOperand:
		return "["
	case !t.is(lexer.Operator):
		return ""
	}
	switch t.value {
	case "-":
		if !afterOperand && i+1 < len(tokens) && tokens[i+1].is(lexer.Number) {
			return ""
		}
		return "-"
	case "/", "%", "**", "^", "*":
		return "*"
	case "?.", "?:", "?", "if", "else":
		return "?"
	case "|", "??", "..", "let", ";", "#", "&", "+":
		return t.value
	case "::", ":":
		return ":"
	}
	return ""
}

// foreignBrace reports {{ once.
func foreignBrace(tokens []token, i int) string {
	if i > 0 && tokens[i-1].is(lexer.Bracket, "{") && tokens[i-1].end == tokens[i].start {
		return ""
	}
	return "{"
}

// checkNumbers reports numbers that do not fit; expr reports them at the next token.
func (s *ruleSource) checkNumbers(tokens []token) {
	for _, t := range tokens {
		if !t.is(lexer.Number) {
			continue
		}
		if _, ok := parseNumber(t.value); !ok {
			s.broken = true
			s.add(t.start, t.end, "rule-syntax", "this number is too large or not a number", "whole numbers have at most 18 digits")
		}
	}
}

func parseNumber(written string) (Value, bool) {
	digits := strings.ToLower(strings.ReplaceAll(written, "_", ""))
	if !strings.HasPrefix(digits, "0x") && strings.ContainsAny(digits, ".e") {
		f, err := strconv.ParseFloat(digits, 64)
		return FloatValue(f), err == nil
	}
	base := 10
	if len(digits) > 1 && digits[0] == '0' && strings.ContainsRune("xbo", rune(digits[1])) {
		base = 0
	}
	n, err := strconv.ParseInt(digits, base, 64)
	return IntValue(n), err == nil
}

// checkPrefixes reports not after not after not …, which would nest as deep as brackets.
func (s *ruleSource) checkPrefixes(tokens []token) {
	run := 0
	for _, t := range tokens {
		if t.is(lexer.Operator, "not", "!", "-", "+") {
			run++
		} else if !t.is(lexer.Bracket, "(") {
			run = 0
		}
		if run == maxRuleDepth+1 {
			s.tooDeep(t)
			return
		}
	}
}

// syntaxError reports what expr's parser could not read.
func (s *ruleSource) syntaxError(err *file.Error, tokens []token) {
	if strings.Contains(err.Message, "EOF") || strings.Contains(err.Message, "end of expression") || len(tokens) == 0 {
		s.endsEarly(tokens)
		return
	}
	at := s.offset(err.From)
	i := slices.IndexFunc(tokens, func(t token) bool { return t.start >= at })
	if i < 0 {
		i = len(tokens) - 1
	}
	t := tokens[i]
	written := s.text.S[t.start:t.end]
	text, hint := fmt.Sprintf("%s is not expected here", written), ""
	switch {
	case t.is(lexer.Operator, ",") && s.inParentheses(tokens, i):
		text, hint = "a list of values stands in square brackets", `write in ["a", "b"]`
	case i > 0 && tokens[i-1].operandEnd() && t.operandEnd():
		hint = fmt.Sprintf("is ==, and or or missing between %s and %s?", s.text.S[tokens[i-1].start:tokens[i-1].end], written)
	case i > 0 && t.is(lexer.Operator) && tokens[i-1].is(lexer.Operator):
		hint = fmt.Sprintf("put a value between %s and %s", tokens[i-1].value, written)
	case t.is(lexer.Operator):
		hint = "put a value before it"
	case t.is(lexer.Bracket, ")", "]"):
		hint = "put a value before it"
	}
	s.add(t.start, t.end, "rule-syntax", text, hint)
}

// inParentheses reports whether a comma stands in the parentheses after an in.
func (s *ruleSource) inParentheses(tokens []token, i int) bool {
	for j := i - 1; j > 0; j-- {
		if tokens[j].is(lexer.Bracket, "(") && tokens[j].partner > i {
			return tokens[j-1].is(lexer.Operator, "in")
		}
	}
	return false
}

func (s *ruleSource) endsEarly(tokens []token) {
	if len(tokens) == 0 {
		s.add(0, len(s.text.S), "empty-rule", "there is no rule here", `write a condition: plan == "trial"; true means everybody`)
		return
	}
	last := tokens[len(tokens)-1]
	s.add(last.start, last.end, "rule-syntax", fmt.Sprintf("the rule ends after %s, where something is missing", s.text.S[last.start:last.end]), "write what follows, or delete it")
}

// extent is a node's first and last token.
type extent struct{ first, last int }

// widen takes in the parentheses that enclose an extent and belong to no call.
func widen(tokens []token, e extent) (wide extent, parenthesised bool) {
	for e.first > 0 && e.last+1 < len(tokens) && tokens[e.first-1].is(lexer.Bracket, "(") && tokens[e.first-1].partner == e.last+1 &&
		(e.first < 2 || !tokens[e.first-2].is(lexer.Identifier)) {
		e = extent{e.first - 1, e.last + 1}
		parenthesised = true
	}
	return e, parenthesised
}
