package finding

import (
	"regexp"
	"testing"
)

func TestEveryCodeIsDocumented(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	seen := map[Code]bool{}
	for _, info := range Codes() {
		if seen[info.Code] {
			t.Errorf("%s is documented twice", info.Code)
		}
		seen[info.Code] = true
		if !form.MatchString(string(info.Code)) || info.Title == "" || info.Explain == "" || info.Wrong == "" || info.Right == "" ||
			info.Severity != Error && info.Severity != Warning {
			t.Errorf("%s is not documented whole: %+v", info.Code, info)
		}
	}
}
