package judges

import (
	"fmt"
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"germane/audience"
	"germane/render"
	"germane/workspace"
)

// maxHTML is how large the HTML of a starter message may be. Gmail cuts messages at 102 KB; slow networks feel less.
const maxHTML = 30 << 10

// drawn is how many people are drawn for each style and share of missing values.
const drawn = 12

// TestEdgePeople renders every starter message for people at the edges of what the catalogue allows. Whatever their texts are, the
// message is built as one with plain texts, greets nobody with an empty name, and shows no tags.
func TestEdgePeople(t *testing.T) {
	t.Parallel()
	w := load(t, workspace.Starter(), nil)
	for _, message := range w.Messages {
		t.Run(message.Name, func(t *testing.T) {
			t.Parallel()
			j := &judge{t: t, message: message, catalogue: w.Catalogue}
			for _, persona := range w.Personas {
				judgeWords(t, persona.Name, j.write(persona.Name, persona.Person))
			}
			stranger := &audience.Person{ID: "stranger", Email: "stranger@acme.example"}
			judgeWords(t, "a stranger", j.write("a stranger", stranger))
			for _, s := range append(styles, plain) {
				j.style(s)
			}
			t.Logf("the largest HTML has %d bytes: for %s", j.largest, j.whose)
			if j.largest > maxHTML {
				t.Errorf("the HTML for %s has %d bytes; %d are the most", j.whose, j.largest, maxHTML)
			}
		})
	}
}

// judge reads one message for many people.
type judge struct {
	t         *testing.T
	message   *render.Message
	catalogue *audience.Catalogue
	largest   int // bytes of HTML
	whose     string
}

func (j *judge) write(name string, person *audience.Person) *letter {
	l := write(j.t, j.message, person, false)
	if len(l.HTML) > j.largest {
		j.largest, j.whose = len(l.HTML), name
	}
	return l
}

// style draws people whose texts have a style, and twins with plain texts. The first one with a problem is enough.
func (j *judge) style(s style) {
	for i, missing := range []float64{0, 0.3, 0.8} {
		for n := range drawn {
			name, ok := fmt.Sprintf("%s %d.%d", s.name, i, n), true
			seed := uint64(i*drawn + n)
			l := j.write(name, draw(j.catalogue, s, missing, seed))
			if !s.odd {
				ok = judgeWords(j.t, name, l)
			}
			if !s.none {
				ok = judgeShape(j.t, name, l, write(j.t, j.message, draw(j.catalogue, plain, missing, seed), false)) && ok
			}
			if !ok {
				return
			}
		}
	}
}

var (
	elements  = regexp.MustCompile(`</?[A-Za-z][^\s>/]*|<!--|-->|<!`)
	addresses = regexp.MustCompile(`(?:href|src)="([^"]*)"`)
)

// judgeShape compares a letter with the one for somebody whose texts are plain: the same headers, elements and links.
func judgeShape(t *testing.T, name string, l, twin *letter) (ok bool) {
	t.Helper()
	ok = true
	for _, part := range []struct {
		what      string
		got, want []string
	}{
		{"headers", slices.Sorted(maps.Keys(l.Header)), slices.Sorted(maps.Keys(twin.Header))},
		{"elements", elements.FindAllString(l.HTML, -1), elements.FindAllString(twin.HTML, -1)},
		{"addresses", addresses.FindAllString(l.HTML, -1), addresses.FindAllString(twin.HTML, -1)},
	} {
		if !slices.Equal(part.got, part.want) {
			t.Errorf("%s: the letter has other %s than for plain texts:\n%q\n%q", name, part.what, part.got, part.want)
			ok = false
		}
	}
	return ok
}

var (
	// A gap is where a value is missing: punctuation behind a space or alone, or at the start or end of a subject.
	gap        = regexp.MustCompile(`(?m)(^|[\s,])[,.;:!?]($|\s)|\S[ \t]{2,}[,.;:!?]`)
	subjectGap = regexp.MustCompile(`^[\s\p{P}]|[,;:\s]$|\s\s|^$`)
	rawTag     = regexp.MustCompile(`\{\{|\{%|\}\}|%\}|\*\||\|\*|%%|\$\{|\bnil\b|<no value>|\[object|ZgotmplZ`)
)

// judgeWords reads a letter as its reader does.
func judgeWords(t *testing.T, name string, l *letter) (ok bool) {
	t.Helper()
	ok = true
	report := func(format string, args ...any) {
		t.Helper()
		t.Errorf(name+": "+format, args...)
		ok = false
	}
	if subjectGap.MatchString(l.Subject) {
		report("the subject is %q", l.Subject)
	}
	for part, text := range map[string]string{"HTML": visible(l.HTML), "plain text": l.Text, "subject": l.Subject} {
		if at := gap.FindStringIndex(unseen.Replace(text)); at != nil {
			report("something is missing in the %s: %q", part, around(unseen.Replace(text), at))
		}
		if at := rawTag.FindStringIndex(text); at != nil {
			report("a tag in the %s: %q", part, around(text, at))
		}
		if strings.TrimSpace(text) == "" {
			report("the %s is empty", part)
		}
	}
	return ok
}

func around(text string, at []int) string {
	return text[max(0, at[0]-30):min(len(text), at[1]+30)]
}

// unseen drops what a reader does not see.
var unseen = strings.NewReplacer("\u200b", "", "\u200d", "", "\ufeff", "", "\u00ad", "", "\u034f", "")

var (
	hidden = regexp.MustCompile(`(?s)<!--.*?-->|<style.*?</style>|<head.*?</head>`)
	inline = regexp.MustCompile(`</?(?:a|b|strong|em|i|span|code|del|small)\b[^>]*>`)
	tag    = regexp.MustCompile(`<[^>]*>`)
)

// visible is the text that an HTML page shows, a line for each block.
func visible(page string) string {
	text := hidden.ReplaceAllString(page, "")
	text = strings.Join(strings.Fields(text), " ")
	text = tag.ReplaceAllString(inline.ReplaceAllString(text, ""), "\n")
	return html.UnescapeString(text)
}
