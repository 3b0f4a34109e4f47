package finding

import (
	"cmp"
	"slices"
	"sync"
)

// Info documents a code: `germane check --explain CODE` prints it, and docs/findings.md is made of it.
type Info struct {
	Code     Code
	Severity Severity
	Title    string // one line, no full stop
	Explain  string // why it is a mistake and what happens if nobody mends it; a few sentences
	Wrong    string // an example that has the mistake
	Right    string // the example mended
}

// Codes returns every code's documentation, ordered by code.
func Codes() []Info { return table() }

var table = sync.OnceValue(func() []Info {
	all := slices.Concat(fileCodes, ruleCodes, proofCodes, lintCodes, liquidCodes, strictCodes, templateCodes, workspaceCodes)
	slices.SortFunc(all, func(a, b Info) int { return cmp.Compare(a.Code, b.Code) })
	return all
})

// Lookup returns a code's documentation.
func Lookup(code Code) (Info, bool) {
	all := table()
	i, ok := slices.BinarySearchFunc(all, code, func(info Info, code Code) int { return cmp.Compare(info.Code, code) })
	if !ok {
		return Info{}, false
	}
	return all[i], true
}

// SeverityOf returns a code's severity; an undocumented code is an error, so that a slip in this program is never silent.
func SeverityOf(code Code) Severity {
	if info, ok := Lookup(code); ok {
		return info.Severity
	}
	return Error
}
