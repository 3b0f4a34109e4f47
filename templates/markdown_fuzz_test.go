package templates

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"germane/internal/finding"
)

func FuzzMarkdown(f *testing.F) {
	for _, cases := range [][]markdownCase{inlineCases, blockCases, listCases, tableCases, containerCases} {
		for _, c := range cases {
			f.Add(c.source, uint64(1))
		}
	}
	for _, c := range refusedMarkdown {
		f.Add(c.source, uint64(2))
	}
	f.Fuzz(func(t *testing.T, source string, seed uint64) {
		if len(source) > 20_000 {
			return
		}
		file := finding.NewFile("a.md", source)
		tokens, _ := Lex(file.All())
		began := time.Now()
		out, findings := Markdown(tokens, file)
		if took := time.Since(began); took > 2*time.Second {
			t.Fatalf("%d bytes took %v", len(source), took)
		}
		checkTokensKept(t, tokens, out, findings)
		if len(findings) > 0 {
			return
		}
		units := cutUnits(out)
		constructs, balanced := matchUnits(units)
		if _, before := matchUnits(cutUnits(tokens)); balanced != before {
			t.Fatalf("balanced: %v before, %v after", before, balanced)
		}
		if !balanced {
			return
		}
		run := liquidRun{units: units, constructs: constructs, rand: rand.New(rand.NewPCG(seed, 1))}
		for range 4 {
			run.html.Reset()
			run.budget = 2000
			run.body(0, len(units))
			if problem := htmlProblem(run.html.String()); problem != "" {
				t.Fatalf("%s in\n%s\nfrom\n%s", problem, run.html.String(), source)
			}
		}
	})
}

// checkTokensKept checks that no Liquid is lost, and that no tag is doubled, unless it was reported.
func checkTokensKept(t *testing.T, tokens, out []Token, findings []finding.Finding) {
	t.Helper()
	dropping := []finding.Code{"liquid-misplaced", "unknown-mark", "unknown-container", "markdown-too-complex", "too-many-findings"}
	if slices.ContainsFunc(findings, func(f finding.Finding) bool { return slices.Contains(dropping, f.Code) }) {
		return
	}
	times := map[int]int{}
	for _, token := range out {
		if token.Kind != TextToken {
			times[token.Start]++
		}
	}
	last := -1
	for _, token := range tokens {
		switch {
		case token.Kind == TextToken:
		case times[token.Start] == 0:
			t.Fatalf("Liquid at %d is lost", token.Start)
		case token.Kind == TagToken && times[token.Start] > 1:
			t.Fatalf("tag at %d was written %d times", token.Start, times[token.Start])
		}
	}
	for _, token := range out { // state changes in their order
		if token.Kind == TagToken && (unit{name: token.Name, role: roleOf(token.Name)}).changesState() {
			if token.Start < last {
				t.Fatalf("tag at %d comes after %d", token.Start, last)
			}
			last = token.Start
		}
	}
}

// liquidRun renders tokens taking branches at random.
type liquidRun struct {
	units      []unit
	constructs []construct
	rand       *rand.Rand
	html       strings.Builder
	budget     int
}

// body renders units from start to end; false means that a break or continue was met.
func (r *liquidRun) body(start, end int) bool {
	for id := start; id < end && r.budget > 0; id++ {
		r.budget--
		switch u := r.units[id]; {
		case u.kind == textUnit || u.kind == literalUnit:
			r.html.WriteString(u.tokens[0].Text)
		case u.name == "break" || u.name == "continue":
			return false
		case u.kind == inlineUnit:
			r.html.WriteString("v")
		case u.role == openRole && u.owner >= 0:
			c := r.constructs[u.owner]
			if !r.construct(c) {
				return false
			}
			id = c.close
		}
	}
	return true
}

func (r *liquidRun) construct(c construct) bool {
	edges := append(append([]int{c.open}, c.branches...), c.close)
	if c.loops() {
		for range r.rand.IntN(3) {
			r.body(edges[0]+1, edges[1])
		}
		return true
	}
	branch := r.rand.IntN(len(edges))
	if branch == len(edges)-1 {
		return true // none
	}
	return r.body(edges[branch]+1, edges[branch+1])
}

var startTag = regexp.MustCompile(`^<(/?)([a-z0-9]+)((?: [a-z]+="[^"<>]*")*)>`)

// htmlProblem says what is wrong with HTML of ours, slowly and without sharing code with the writer.
func htmlProblem(html string) string {
	var open []string
	for {
		at := strings.IndexAny(html, "<>")
		if at < 0 {
			break
		}
		match := startTag.FindStringSubmatch(html[at:])
		if match == nil {
			return "stray < or > at " + html[at:min(len(html), at+30)]
		}
		html = html[at+len(match[0]):]
		switch name := match[2]; {
		case name == "img" || name == "br" || name == "hr":
		case match[1] == "":
			if name != "code" && slices.Contains([]string{"p", "div", "ul", "ol", "table", "pre", "blockquote"}, name) && slices.Contains(open, "p") {
				return name + " inside p"
			}
			open = append(open, name)
		case len(open) == 0 || open[len(open)-1] != name:
			return "</" + name + "> does not close anything"
		default:
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return open[0] + " is never closed"
	}
	return ""
}

func FuzzSplitFrontMatter(f *testing.F) {
	for _, c := range frontMatterCases {
		f.Add(c.source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		file := finding.NewFile("a.md", source)
		front, body, ok, findings := SplitFrontMatter(file)
		if ok && len(findings) > 0 || !ok && front.S != "" {
			t.Fatalf("ok %v, front %q, findings %v", ok, front.S, findings)
		}
		for _, text := range []finding.Text{front, body} {
			if source[text.Start:text.Start+len(text.S)] != text.S {
				t.Fatalf("text at %d is not %q", text.Start, text.S)
			}
		}
		if body.Start+len(body.S) != len(source) {
			t.Fatal("the body does not reach the file's end")
		}
	})
}
