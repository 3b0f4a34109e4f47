package render

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/quotedprintable"
	"strings"
	"testing"
)

// canonical is a text with the line breaks it has after decoding.
func canonical(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	return strings.ReplaceAll(text, "\n", "\r\n")
}

// quotedProblem says what is wrong with quoted-printable that must decode to a text; "" when nothing is.
func quotedProblem(encoded []byte, want string) string {
	for line := range bytes.SplitSeq(encoded, []byte("\r\n")) {
		switch {
		case len(line) > 76:
			return fmt.Sprintf("a line of %d characters: %q", len(line), line)
		case bytes.HasSuffix(line, []byte(" ")) || bytes.HasSuffix(line, []byte("\t")):
			return fmt.Sprintf("white space at the end of %q", line)
		case bytes.HasPrefix(line, []byte(".")) || bytes.HasPrefix(line, []byte("From ")):
			return fmt.Sprintf("a line that must not begin so: %q", line)
		}
		for _, b := range line {
			if b != '\t' && (b < ' ' || b > '~') {
				return fmt.Sprintf("byte %#x in %q", b, line)
			}
		}
	}
	if len(encoded) > 0 && !bytes.HasSuffix(encoded, []byte("\r\n")) {
		return "a segment that does not end a line"
	}
	got, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(encoded)))
	if err != nil || string(got) != want {
		return fmt.Sprintf("decoded to %q, %v", got, err)
	}
	return ""
}

func TestQuoted(t *testing.T) {
	t.Parallel()
	x74, x75, x76 := strings.Repeat("x", 74), strings.Repeat("x", 75), strings.Repeat("x", 76)
	for _, test := range []struct{ text, want string }{
		{"", ""},
		{"Hello", "Hello=\r\n"},
		{"a\nb\rc\r\nd", "a\r\nb\r\nc\r\nd=\r\n"},
		{"\n\r", "\r\n\r\n"},
		{"\r\n", "\r\n"},
		{"a=b", "a=3Db=\r\n"},
		{"Zoë", "Zo=C3=AB=\r\n"},
		{"\x00\x1f\x7f\xff", "=00=1F=7F=FF=\r\n"},
		{"a ", "a =\r\n"},
		{"a\t", "a\t=\r\n"},
		{" ", " =\r\n"},
		{"a \t\nb", "a =09\r\nb=\r\n"},
		{" \n", "=20\r\n"},
		{".a\n.", "=2Ea\r\n=2E=\r\n"},
		{"From me\nFrom\n From a", "=46rom me\r\nFrom\r\n From a=\r\n"},
		{x75, x75 + "=\r\n"},
		{x76, x75 + "=\r\nx=\r\n"},
		{x75 + "\n", x75 + "\r\n"},
		{x75 + ".", x75 + "=\r\n=2E=\r\n"},
		{x75 + "From here", x75 + "=\r\n=46rom here=\r\n"},
		{x74 + "é", x74 + "=\r\n=C3=A9=\r\n"},
		{x74 + " \n", x74 + "=\r\n=20\r\n"},
		{x75 + " \n", x75 + "=\r\n=20\r\n"},
		{x74 + "  \n", x74 + " =\r\n=20\r\n"},
		{x75 + " y", x75 + "=\r\n y=\r\n"},
	} {
		got := appendQuoted(nil, test.text)
		if string(got) != test.want {
			t.Errorf("%q: %q, want %q", test.text, got, test.want)
		}
		if problem := quotedProblem(got, canonical(test.text)); problem != "" {
			t.Errorf("%q: %s", test.text, problem)
		}
	}
}

// The property that rendering rests on: segments in any order decode to their texts in that order.
func TestQuotedSegments(t *testing.T) {
	t.Parallel()
	alphabet := []string{
		"a", "b", " ", "\t", "\n", "\r", "\r\n", "=", ".", "From ", "F", "rom ", "é", "日本", "\u00a0", "😀", "\x00", "\xff", "\u2028",
		"=3D", "=\r\n", "--=_", strings.Repeat("x", 25), strings.Repeat("x", 73), "<a href=\"https://example.com\">",
	}
	random := rand.New(rand.NewPCG(1, 2))
	var encoded []byte
	for range 200_000 {
		encoded = encoded[:0]
		var want strings.Builder
		for range 1 + random.IntN(5) {
			var text strings.Builder
			for range random.IntN(12) {
				text.WriteString(alphabet[random.IntN(len(alphabet))])
			}
			encoded = appendQuoted(encoded, text.String())
			want.WriteString(canonical(text.String()))
		}
		if problem := quotedProblem(encoded, want.String()); problem != "" {
			t.Fatalf("%q: %s", want.String(), problem)
		}
	}
}

func TestQuotedLongText(t *testing.T) {
	t.Parallel()
	for _, piece := range []string{"x", "é", " ", "\r", "\n", ".", "=", "From ", "\x00"} {
		text := strings.Repeat(piece, 100_000)
		if problem := quotedProblem(appendQuoted(nil, text), canonical(text)); problem != "" {
			t.Errorf("%q: %.200s", piece, problem)
		}
	}
}

func TestBoundary(t *testing.T) {
	t.Parallel()
	for hash, want := range map[string]string{
		"0a1bZ":                  "=_0a1bZ",
		"a\"; x=\r\ny":           "=_axy",
		strings.Repeat("f", 100): "=_" + strings.Repeat("f", 64),
	} {
		if got := boundary(hash); got != want {
			t.Errorf("boundary of %q: %q, want %q", hash, got, want)
		}
	}
	text := "--" + boundary("0a1b") + "--\n--" + boundary("0a1b")
	if quoted := appendQuoted(nil, text); bytes.Contains(quoted, []byte("=_")) {
		t.Errorf("a boundary in %q", quoted)
	}
}

func FuzzQuoted(f *testing.F) {
	for _, seed := range []string{"", "a \n", ".", "From ", "é\r", strings.Repeat("x", 75) + " \r\n", "=\r\n"} {
		f.Add(seed, "b")
		f.Add("b", seed)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		encoded := appendQuoted(appendQuoted(nil, a), b)
		if problem := quotedProblem(encoded, canonical(a)+canonical(b)); problem != "" {
			t.Error(problem)
		}
		if bytes.Contains(encoded, []byte("=_")) {
			t.Errorf("a boundary in %q", encoded)
		}
	})
}

var (
	shortValue = "Zoe O'Brien."
	longText   = strings.Repeat(`<tr><td style="padding:16px 24px;font-family:'Helvetica Neue',Arial">Our autumn collection — lighter.</td></tr>`+"\n", 27_000/112)
)

func BenchmarkQuotedValue(b *testing.B) { benchmarkQuoted(b, shortValue) }

func BenchmarkQuotedText(b *testing.B) { benchmarkQuoted(b, longText) }

func benchmarkQuoted(b *testing.B, text string) {
	var dst []byte
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		dst = appendQuoted(dst[:0], text)
	}
}
