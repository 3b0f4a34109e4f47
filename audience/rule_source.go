package audience

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"germane/internal/finding"
)

// ruleSource is a rule's text made ready for expr's lexer. expr stops at the first thing it cannot read, so what people most often
// write instead of a rule is reported here and replaced by what they meant; everything after it is then checked as well.
type ruleSource struct {
	text     finding.Text // as written
	scope    *Scope
	clean    strings.Builder // what expr reads
	at, ends []int           // rune of clean → the bytes of text it stands for; at has one more, for the end
	findings []finding.Finding
	broken   bool // there is no point in reading on
}

// add reports a finding about bytes of the text.
func (s *ruleSource) add(start, end int, code finding.Code, text, hint string) {
	s.findings = append(s.findings, s.text.At(start, end, code, text, hint))
}

// emit appends to the clean text; all of it stands for the bytes from start to end.
func (s *ruleSource) emit(text string, start, end int) {
	for range utf8.RuneCountInString(text) {
		s.at, s.ends = append(s.at, start), append(s.ends, end)
	}
	s.clean.WriteString(text)
}

// copy appends a piece of the text as it is.
func (s *ruleSource) copy(start, end int) {
	for i, r := range s.text.S[start:end] {
		s.at, s.ends = append(s.at, start+i), append(s.ends, start+i+utf8.RuneLen(r))
	}
	s.clean.WriteString(s.text.S[start:end])
}

// prepare reads the whole text.
func (s *ruleSource) prepare() {
	for i := 0; i < len(s.text.S) && !s.broken; {
		i = s.step(i)
	}
	s.at = append(s.at, len(s.text.S))
}

// step consumes one string, comment, word or character and returns the offset after it.
func (s *ruleSource) step(i int) int {
	rest := s.text.S[i:]
	r, size := utf8.DecodeRuneInString(rest)
	switch {
	case r == '"' || r == '\'' || r == '`':
		return s.quoted(i, rest[0])
	case isCurly(r):
		return s.curly(i, size)
	case strings.HasPrefix(rest, "//") || strings.HasPrefix(rest, "/*"):
		return s.comment(i)
	case strings.ContainsRune("=<>!", r):
		return s.comparison(i)
	case unicode.IsLetter(r) || r == '_':
		return s.word(i)
	case r == 0xfeff || r == 0x200b || r == 0x200c || r == 0x200d || r == 0x2060:
		s.add(i, i+size, "rule-syntax", fmt.Sprintf("an invisible character (%U) stands here", r), "delete it")
		return i + size
	}
	s.copy(i, i+size)
	return i + size
}

// quoted consumes a text in straight quotes. Backticks are expr's raw texts: a doubled one stands for itself.
func (s *ruleSource) quoted(i int, quote byte) int {
	for j := i + 1; j < len(s.text.S); j++ {
		switch c := s.text.S[j]; {
		case c == '\\' && quote != '`':
			j++
		case c == '\n' && quote != '`':
			return s.unterminated(i, quote)
		case c == quote && quote == '`' && j+1 < len(s.text.S) && s.text.S[j+1] == quote:
			j++
		case c == quote:
			s.copy(i, j+1)
			return j + 1
		}
	}
	return s.unterminated(i, quote)
}

func (s *ruleSource) unterminated(i int, quote byte) int {
	s.broken = true
	rest := s.text.S[i+1:]
	if j := strings.IndexFunc(rest, isCurly); j >= 0 {
		_, size := utf8.DecodeRuneInString(rest[j:])
		s.add(i+1+j, i+1+j+size, "curly-quote", "this text starts with a straight quote and ends with a curly one", "use "+string(quote)+" at both ends")
		return len(s.text.S)
	}
	s.add(i, i+1, "unterminated-text", "this text never ends", "put "+string(quote)+" at its end")
	return len(s.text.S)
}

func isCurly(r rune) bool { return strings.ContainsRune("“”„‟«»‘’‚‛", r) }

// curly consumes a text in curly quotes, up to the next curly or straight quote.
func (s *ruleSource) curly(i, size int) int {
	straight := `"`
	if strings.ContainsAny(s.text.S[i:i+size], "‘’‚‛") {
		straight = "'"
	}
	end := i + size
	for end < len(s.text.S) {
		r, width := utf8.DecodeRuneInString(s.text.S[end:])
		if isCurly(r) || string(r) == straight || r == '\n' {
			break
		}
		end += width
	}
	content, after := s.text.S[i+size:end], end
	if end < len(s.text.S) && s.text.S[end] != '\n' {
		_, width := utf8.DecodeRuneInString(s.text.S[end:])
		after += width
	}
	s.emit(straight, i, i+size)
	s.copy(i+size, end)
	s.emit(straight, end, after)
	s.add(i, after, "curly-quote", "curly quotes do not mark a text in a rule", "write "+straight+content+straight)
	return after
}

func (s *ruleSource) comment(i int) int {
	closing := "\n"
	if s.text.S[i+1] == '*' {
		closing = "*/"
	}
	j := strings.Index(s.text.S[i+2:], closing)
	switch {
	case j >= 0:
		return i + 2 + j + len(closing)
	case closing == "*/":
		s.broken = true
		s.add(i, i+2, "rule-syntax", "this comment never ends", "put */ at its end")
	}
	return len(s.text.S)
}

// comparisons maps what people write to what they mean; the keys are runs of = < > and !.
var comparisons = map[string]string{"=": "==", "===": "==", "=>": ">=", "=<": "<=", "<>": "!=", "!==": "!="}

func (s *ruleSource) comparison(i int) int {
	end := i
	for end < len(s.text.S) && strings.IndexByte("=<>!", s.text.S[end]) >= 0 {
		end++
	}
	written := s.text.S[i:end]
	if meant, ok := comparisons[written]; ok {
		s.add(i, end, "wrong-operator", fmt.Sprintf("rules do not know %s", written), "use "+meant+" to compare")
		s.emit(meant, i, end)
	} else {
		s.copy(i, end)
	}
	return end
}

// words maps what people write to rule words; a word that is an attribute is left alone.
var words = map[string]string{
	"AND": "and", "And": "and", "OR": "or", "Or": "or", "NOT": "not", "Not": "not", "IN": "in", "In": "in",
	"TRUE": "true", "True": "true", "FALSE": "false", "False": "false",
	"null": "nil", "NULL": "nil", "Null": "nil", "None": "nil", "NIL": "nil", "undefined": "nil", "blank": "nil", "empty": "nil",
	"is": "==", "IS": "==", "equals": "==", "eq": "==",
	"CONTAINS": "contains", "Contains": "contains", "includes": "contains", "MATCHES": "matches",
	"startswith": "startsWith", "starts_with": "startsWith", "StartsWith": "startsWith", "STARTSWITH": "startsWith",
	"endswith": "endsWith", "ends_with": "endsWith", "EndsWith": "endsWith", "ENDSWITH": "endsWith",
}

// isNot is SQL's and Python's way to say !=.
var isNot = regexp.MustCompile(`^(?:is|IS)\s+(?:not|NOT)\b`)

func (s *ruleSource) word(i int) int {
	end := i + len(s.text.S[i:]) - len(strings.TrimLeftFunc(s.text.S[i:], isWord))
	written := s.text.S[i:end]
	meant, ok := words[written]
	if not := isNot.FindString(s.text.S[i:]); not != "" {
		end, meant, ok, written = i+len(not), "!=", true, not
	}
	if _, known := s.scope.Catalogue.Attribute(written); !ok || known || s.isCallOrMember(i, end) {
		s.copy(i, end)
		return end
	}
	s.add(i, end, "wrong-operator", fmt.Sprintf("rules do not know %s", written), "write "+meant)
	s.emit(meant, i, end)
	return end
}

// isCallOrMember reports whether a word is called, or stands after a point.
func (s *ruleSource) isCallOrMember(start, end int) bool {
	before := strings.TrimRight(s.text.S[:start], " \t")
	after := strings.TrimLeft(s.text.S[end:], " \t")
	return strings.HasSuffix(before, ".") || strings.HasPrefix(after, "(") && !strings.Contains("AND OR NOT IN And Or Not In", s.text.S[start:end])
}

func isWord(r rune) bool { return r == '_' || r == '$' || unicode.IsLetter(r) || unicode.IsDigit(r) }
