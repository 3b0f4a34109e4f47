package finding

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// TestPositionsGoBothWays compares with counting from the line's start.
func TestPositionsGoBothWays(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing":     "",
		"short lines": "a\né\n\n日本語x\r\n",
		"long lines":  strings.Repeat("a日é", 2000) + "\n" + strings.Repeat("🎉", 1500) + "\n\nx" + strings.Repeat("b", 5000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := NewFile("x", text)
			line, start := 1, 0
			for at := 0; at <= len(text); at++ {
				if at == len(text) || utf8.RuneStart(text[at]) {
					gotLine, gotColumn := f.Position(at)
					if want := utf8.RuneCountInString(text[start:at]) + 1; gotLine != line || gotColumn != want {
						t.Fatalf("offset %d: got %d:%d, want %d:%d", at, gotLine, gotColumn, line, want)
					}
					if back := f.Offset(gotLine, gotColumn); back != at {
						t.Fatalf("%d:%d: got offset %d, want %d", gotLine, gotColumn, back, at)
					}
				}
				if at < len(text) && text[at] == '\n' {
					line, start = line+1, at+1
				}
			}
		})
	}
}

func TestOffsetsAreClippedToTheirLine(t *testing.T) {
	t.Parallel()
	f := NewFile("x", "ab\n"+strings.Repeat("c", 3000)+"\nd")
	for _, test := range []struct{ line, column, want int }{
		{0, 5, 0}, {1, 0, 0}, {1, -4, 0}, {1, 99, 2}, {2, 99999, 3003}, {3, 2, 3005}, {3, 9, 3005}, {4, 1, 3005}, {99, 1, 3005},
	} {
		if got := f.Offset(test.line, test.column); got != test.want {
			t.Errorf("%d:%d: got %d, want %d", test.line, test.column, got, test.want)
		}
	}
}
