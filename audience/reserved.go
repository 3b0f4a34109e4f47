package audience

import (
	"fmt"
	"regexp"
	"slices"

	"germane/internal/document"
	"germane/internal/finding"
)

// Prefixes are the names that open a namespace in Liquid and rules; attributes are bare names, all else has a prefix.
var Prefixes = []string{"person", "brand", "campaign", "event", "data", "links"}

// Functions are the functions of the rule language; now is a value without parentheses.
var Functions = []string{"has", "days_since", "days_until", "segment", "subscribed", "now"}

// reserved holds every other word that means something in a rule or in Liquid, where an attribute of that name would be
// unreachable or misread.
var reserved = []string{
	"and", "or", "not", "in", "contains", "matches", "let", "true", "false", "nil", "null", "blank", "empty",
	"if", "elsif", "else", "endif", "unless", "endunless", "case", "when", "endcase", "for", "endfor", "tablerow", "endtablerow",
	"break", "continue", "cycle", "assign", "capture", "endcapture", "increment", "decrement", "echo", "liquid", "raw", "endraw",
	"comment", "endcomment", "doc", "enddoc", "include", "render", "ifchanged", "endifchanged", "forloop", "tablerowloop",
	"block", "variant", "otherwise", "skip",
}

// Reserved returns every word that cannot name an attribute, event or field, sorted.
func Reserved() []string {
	all := slices.Concat(Prefixes, Functions, reserved)
	slices.Sort(all)
	return all
}

// IsReserved reports whether a word is a keyword, function or prefix of the rule language or Liquid.
func IsReserved(word string) bool {
	return slices.Contains(reserved, word) || slices.Contains(Functions, word) || slices.Contains(Prefixes, word)
}

var fieldNameForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)

// ValidFieldName reports whether s can name an attribute, an event or a field.
func ValidFieldName(s string) bool { return fieldNameForm.MatchString(s) && !IsReserved(s) }

// CheckFieldName reports a text that cannot name an attribute, event or field; what says of what ("an attribute").
func CheckFieldName(r *document.Reader, text finding.Text, what string) bool {
	switch {
	case !fieldNameForm.MatchString(text.S):
		r.Add(text.Whole("bad-name", fmt.Sprintf("%q cannot be the name of %s", text.S, what),
			"use small letters, digits and _, at most 64, starting with a letter: last_order_at"))
	case IsReserved(text.S):
		r.Add(text.Whole("reserved-name", fmt.Sprintf("%s is a word of the rule language or of Liquid and cannot be the name of %s", text.S, what),
			"choose another name, such as "+text.S+"_1 or one that says more"))
	default:
		return true
	}
	return false
}
