package postgres

import (
	"strings"
	"unicode/utf8"
)

// isText reports whether Postgres can keep a text: it has no NUL, and is UTF-8.
func isText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// keepable makes the texts among a statement's arguments such that Postgres can keep them, or look for them and find nothing: a name
// in an address that somebody made up must not look like trouble with the database.
func keepable(args []any) []any {
	for i := range args {
		switch arg := args[i].(type) {
		case string:
			args[i] = text(arg)
		case []string:
			for j := range arg {
				arg[j] = text(arg[j])
			}
		}
	}
	return args
}

// text returns a text as Postgres can keep it: what it cannot stands as U+FFFD.
func text(s string) string {
	if isText(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
