package judges

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"germane/audience"
	"germane/internal/testkit"
	"germane/render"
	"germane/workspace"
)

const stories = `- {title: "Salt & <pepper>", url: "https://acme.example/blog/salt", minutes: 3}
- {title: Ünïcödé, url: "https://acme.example/blog/u", minutes: 12}
`

// TestMJML compiles a newsletter with MJML and renders it for every persona: what MJML wrote comes out byte for byte, but for Liquid,
// link targets and blocks.
func TestMJML(t *testing.T) {
	t.Parallel()
	for _, form := range []struct{ name, beautify string }{{"beautified", "true"}, {"as-is", "false"}} {
		t.Run(form.name, func(t *testing.T) {
			t.Parallel()
			source := compileMJML(t, form.beautify)
			w := loadNewsletter(t, source)
			message, _ := w.Message("newsletter")
			met := map[int]bool{}
			for _, persona := range w.Personas {
				judgeNewsletter(t, source, message, persona, met)
			}
			for id, link := range message.Links {
				if link.Block == "" && !met[id] {
					t.Errorf("nobody met link %d to %q", id, link.Parts)
				}
			}
		})
	}
}

func compileMJML(t *testing.T, beautify string) string {
	t.Helper()
	node := testkit.Program(t, "node")
	const mjml = "node/node_modules/mjml/bin/mjml"
	if _, err := os.Stat(mjml); err != nil {
		testkit.Missing(t, "mjml")
	}
	newsletter, err := os.ReadFile("testdata/newsletter.mjml")
	if err != nil {
		t.Fatal(err)
	}
	var report bytes.Buffer
	command := exec.CommandContext(t.Context(), node, mjml, "--stdin", "--stdout", "--config.beautify", beautify, "--config.validationLevel", "strict")
	command.Stdin, command.Stderr = bytes.NewReader(newsletter), &report
	source, err := command.Output()
	if err != nil || report.Len() > 0 {
		t.Fatalf("mjml: %v\n%s", err, report.String())
	}
	for _, want := range []string{"<!--[if mso | IE]>", "<!--[if !mso]><!-->", "<v:rect ", "<v:roundrect ", "@media ", "{% block hero %}", "<= 3 %}"} {
		if !strings.Contains(string(source), want) {
			t.Errorf("MJML no longer writes %s: the newsletter says less than it should", want)
		}
	}
	return string(source)
}

// loadNewsletter loads the starter with the newsletter as a template. The catalogue lets one value stand in links.
func loadNewsletter(t *testing.T, source string) *workspace.Workspace {
	t.Helper()
	fsys := starterWith(t, map[string]string{
		"templates/newsletter.html": "---\nsubject: The Acme letter{% if first_name %} for {{ first_name }}{% endif %}\n---\n" + source,
		"data/stories.yaml":         stories,
	})
	catalogue := fsys["attributes.yaml"]
	catalogue.Data = regexp.MustCompile(`(?m)^trial_days_left:.*$`).ReplaceAll(catalogue.Data, []byte("trial_days_left: {type: int, uses: [select, render, link]}"))
	return load(t, fsys, nil)
}

// judgeNewsletter compares the newsletter for somebody with its source, with links as they are and with tracked ones; met collects the
// ids of links.
func judgeNewsletter(t *testing.T, source string, message *render.Message, persona *workspace.Persona, met map[int]bool) {
	t.Helper()
	r := &newsletterReader{t: t, name: persona.Name, values: newsletterValues(t, persona.Person)}
	pieces := r.read(source)
	direct := write(t, message, persona.Person, false)
	for i, got := range r.fill(pieces, direct.HTML) {
		hole := pieces[i]
		switch {
		case hole.block != "":
			r.judgeBlock(got, hole.block, direct)
		case got != hole.want:
			t.Errorf("%s: %q became %q, want %q", r.name, hole.source, got, hole.want)
		}
	}
	tracked := write(t, message, persona.Person, true)
	for i, got := range r.fill(pieces, tracked.HTML) {
		hole := pieces[i]
		if !hole.link {
			continue
		}
		var id int
		if _, err := fmt.Sscanf(got, clickFormat, &id); err != nil || got != clickAddress(id) {
			t.Errorf("%s: the link to %s leads to %q", r.name, hole.source, got)
			continue
		}
		if met[id] = true; tracked.targets[id] != html.UnescapeString(hole.want) {
			t.Errorf("%s: link %d leads to %s, want %s", r.name, id, tracked.targets[id], html.UnescapeString(hole.want))
		}
		if text := strings.Count(tracked.Text, got); text != 1 && !hole.inComment {
			t.Errorf("%s: the plain text has link %d %d times:\n%s", r.name, id, text, tracked.Text)
		}
	}
}

// judgeBlock checks the content of a block's place: the chosen variant's, with links of its own.
func (r *newsletterReader) judgeBlock(got, block string, l *letter) {
	for _, choice := range l.choices {
		if choice.Block == block && strings.Contains(got, "</h2>") && strings.Contains(got, `href="https://app.acme.example/`) {
			return
		}
	}
	r.t.Errorf("%s: %q stands where block %s should", r.name, got, block)
}

// Tracked addresses end in a slash, so that none is the beginning of another.
const clickFormat = "https://click.acme.example/%d/"

func clickAddress(id int) string { return fmt.Sprintf(clickFormat, id) }

// newsletterValues is what every piece of Liquid in the newsletter should show a persona.
func newsletterValues(t *testing.T, person *audience.Person) map[string]string {
	t.Helper()
	var known struct {
		Name     string `json:"first_name"`
		Plan     string `json:"plan"`
		Days     int    `json:"trial_days_left"`
		Projects int    `json:"projects_30d"`
	}
	data, err := json.Marshal(person.Attributes)
	if err == nil {
		err = json.Unmarshal(data, &known)
	}
	if err != nil {
		t.Fatal(err)
	}
	or := func(name, otherwise string) string {
		if name == "" {
			return otherwise
		}
		return name
	}
	days := map[bool]string{true: "day", false: "days"}[known.Days == 1]
	ending := person.ObservedAt.IsZero() && known.Plan == "trial" && known.Days <= 3
	return map[string]string{
		`{{ first_name | default: "Hello" }}`: or(known.Name, "Hello"), `{{ first_name | default: "you" }}`: or(known.Name, "you"), `{{ first_name }}`: known.Name,
		`{{ projects_30d }}`: fmt.Sprint(known.Projects), `{{ trial_days_left }}`: fmt.Sprint(known.Days), `{{ trial_days_left | pluralize: "day", "days" }}`: days,
		`{{ brand.app_url }}`: "https://app.acme.example", `{{ sender.name }}`: "Acme", `{{ sender.postal_address }}`: "1 Main St, Springfield",
		`{{ links.unsubscribe }}`: "https://mail.acme.example/u/judged", `{{ links.preferences }}`: "https://mail.acme.example/p/judged",
		`{{ story.title }} 0`: "Salt &amp; &lt;pepper&gt;", `{{ story.url }} 0`: "https://acme.example/blog/salt", `{{ story.minutes }} 0`: "3",
		`{{ story.title }} 1`: "Ünïcödé", `{{ story.url }} 1`: "https://acme.example/blog/u", `{{ story.minutes }} 1`: "12",
		`{% if first_name %}`: or(known.Name, "false"), `{% if projects_30d > 1 %}`: fmt.Sprint(known.Projects > 1),
		`{% if plan == "trial" and trial_days_left <= 3 %}`: fmt.Sprint(ending),
	}
}

// A newsletterReader knows enough Liquid to say what a newsletter must look like. It knows none of Germane.
type newsletterReader struct {
	t      *testing.T
	name   string
	values map[string]string // of Liquid; in the loop with the round behind it; "false" of conditions that are not true
	pieces []piece
}

// piece is what MJML wrote, or a place that Germane fills.
type piece struct {
	text      string // as it stands; "" for a place
	source    string // of a place
	want      string // in the place
	link      bool   // the place of a link's target
	inComment bool
	block     string // the place of this block
}

// A place is a web link's target or a piece of Liquid.
var place = regexp.MustCompile(`<(?:a|v:roundrect)\s[^>]*?href="((?:http|\{\{ (?:brand|story))[^"]*)"|\{\{.*?\}\}|\{%.*?%\}`)

var liquidOutput = regexp.MustCompile(`\{\{.*?\}\}`)

// read cuts a source into pieces, without branches that a persona does not get and with the loop's rounds.
func (r *newsletterReader) read(source string) []piece {
	r.pieces = nil
	r.cut(source, "")
	return r.pieces
}

func (r *newsletterReader) cut(source, round string) {
	for source != "" {
		at := place.FindStringSubmatchIndex(source)
		if at == nil {
			r.text(source)
			return
		}
		start, end := at[0], at[1]
		if at[2] >= 0 {
			start, end = at[2], at[3]
		}
		r.text(source[:start])
		found := source[start:end]
		switch source = source[end:]; {
		case strings.HasPrefix(found, "{% if "):
			body, behind, _ := strings.Cut(source, "{% endif %}")
			yes, no, _ := strings.Cut(body, "{% else %}")
			if r.value(found) == "false" {
				yes = no
			}
			r.cut(yes, round)
			source = behind
		case strings.HasPrefix(found, "{% for "):
			body, behind, _ := strings.Cut(source, "{% endfor %}")
			r.cut(body, " 0")
			r.cut(body, " 1")
			source = behind
		case strings.HasPrefix(found, "{% block "):
			r.pieces = append(r.pieces, piece{source: found, block: strings.Fields(found)[2]})
		default:
			want := liquidOutput.ReplaceAllStringFunc(found, func(liquid string) string {
				if strings.Contains(liquid, "story") {
					liquid += round
				}
				return r.value(liquid)
			})
			comment := source
			if i := strings.Index(source, "<!"); i >= 0 {
				comment = source[i:]
			}
			r.pieces = append(r.pieces, piece{source: found, want: want, link: at[2] >= 0, inComment: strings.HasPrefix(comment, "<![endif]-->")})
		}
	}
}

// text adds a literal piece to the one before it.
func (r *newsletterReader) text(s string) {
	if last := len(r.pieces) - 1; last >= 0 && r.pieces[last].text != "" {
		r.pieces[last].text += s
	} else if s != "" {
		r.pieces = append(r.pieces, piece{text: s})
	}
}

func (r *newsletterReader) value(liquid string) string {
	value, ok := r.values[liquid]
	if !ok {
		r.t.Fatalf("the test does not know %s", liquid)
	}
	return value
}

// fill returns what stands in each place of a page, by index in the pieces. The rest of the page must be what the pieces say.
func (r *newsletterReader) fill(pieces []piece, page string) map[int]string {
	filled := map[int]string{}
	at := 0
	for i, p := range pieces {
		if p.text == "" {
			continue
		}
		next := strings.Index(page[at:], p.text)
		if next < 0 || i == 0 && next > 0 {
			r.t.Fatalf("%s: after %d bytes the page goes on\n%.300q\nwant, soon:\n%.300q", r.name, at, page[at:], p.text)
		}
		if i > 0 {
			filled[i-1] = page[at : at+next]
		}
		at += next + len(p.text)
	}
	if rest := strings.TrimSpace(page[at:]); rest != "" {
		r.t.Errorf("%s: behind the page stands %q", r.name, rest)
	}
	if places := slices.Collect(maps.Keys(filled)); 2*len(places)+1 != len(pieces) {
		r.t.Errorf("%s: %d places between %d pieces: two places touch", r.name, len(places), len(pieces))
	}
	return filled
}
