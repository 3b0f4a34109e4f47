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
		if len(source) <= 20_000 {
			checkMarkdown(t, source, seed)
		}
	})
}

// TestMarkdownRandom puts lines together that bytes changed at random would hardly ever become.
func TestMarkdownRandom(t *testing.T) {
	t.Parallel()
	starts := []string{"", "", "", "  ", "    ", "\t", "- ", "- ", "  - ", "1. ", "   ", "> ", "> - ", "| ", "# ", "* ", "2) "}
	middles := []string{
		"", "text", "{{ x }}", "**bold**", "**", "[a](b)", "[", "](c)", "`", "{% if a %}", "{% if a %}", "{% else %}", "{% endif %}", "{% endif %}", "{% for a in l %}",
		"{% endfor %}", "{% assign a = 1 %}", "{%- if a -%}", "{%- endif -%}", "{% break %}", "| b |", "|---|", "|---|---|", "```", ":::", "::: box", "::: columns", "+++", "[a](b){.button}", "---", "===", "- i", "1. n",
		"{% raw %}*{% endraw %}", "{% capture c %}*{% endcapture %}", "![a](b)", "{.button}", "<{{ u }}>", "> q", "_", "{% case x %}", "{% when 1 %}", "{% endcase %}", "\\", "  ", "{% block b %}",
	}
	random := rand.New(rand.NewPCG(1, 2))
	pick := func(from []string) string { return from[random.IntN(len(from))] }
	clean := 0
	for seed := range uint64(30_000) {
		var b strings.Builder
		for range 1 + random.IntN(9) {
			b.WriteString(pick(starts) + pick(middles))
			for random.IntN(3) == 0 {
				b.WriteString(pick(middles))
			}
			b.WriteString(pick([]string{"\n", "\n", "\n", "\n\n"}))
		}
		if checkMarkdown(t, b.String(), seed) {
			clean++
		}
	}
	if clean < 1000 {
		t.Errorf("only %d sources were balanced and without findings", clean)
	}
}

// checkMarkdown checks what holds for any source. It is true for balanced ones without findings, which were rendered.
func checkMarkdown(t *testing.T, source string, seed uint64) bool {
	t.Helper()
	file := finding.NewFile("a.md", source)
	tokens, _ := Lex(file.All())
	began := time.Now()
	out, plain, findings := Markdown(tokens, file, nil)
	if took := time.Since(began); took > 2*time.Second {
		t.Fatalf("%d bytes took %v", len(source), took)
	}
	checkTokensKept(t, tokens, out, findings)
	checkPlain(t, source, out, plain)
	units := cutUnits(out)
	constructs, balanced := matchUnits(units)
	if _, before := matchUnits(cutUnits(tokens)); balanced != before && len(findings) == 0 {
		t.Fatalf("balanced: %v before, %v after\n%s", before, balanced, source)
	}
	if len(findings) > 0 || !balanced {
		return false
	}
	checkNesting(t, source, units, constructs, seed)
	styled, _, _ := Markdown(tokens, file, NewTheme(nil))
	units = cutUnits(styled)
	constructs, _ = matchUnits(units)
	checkNesting(t, source, units, constructs, seed)
	return true
}

// checkNesting checks that HTML is well-nested whichever branches are taken.
func checkNesting(t *testing.T, source string, units []unit, constructs []construct, seed uint64) {
	t.Helper()
	run := liquidRun{units: units, constructs: constructs, rand: rand.New(rand.NewPCG(seed, 1))}
	for range 4 {
		run.html.Reset()
		run.budget = 2000
		run.body(0, len(units))
		if problem := htmlProblem(outlookOnly.ReplaceAllString(run.html.String(), "")); problem != "" {
			t.Fatalf("%s in\n%s\nfrom\n%s", problem, run.html.String(), source)
		}
	}
}

// checkPlain checks that the plain text holds the same links, no two at one place, and no tag twice.
func checkPlain(t *testing.T, source string, out, plain []Token) {
	t.Helper()
	links, others := linkSpans(out), linkSpans(plain)
	for _, spans := range [][]Span{links, others} {
		slices.SortFunc(spans, func(a, b Span) int { return a.Start - b.Start })
	}
	if !slices.Equal(links, others) {
		t.Fatalf("links at %v in HTML and at %v in text\n%s", links, others, source)
	}
	if len(slices.Compact(links)) < len(links) {
		t.Fatalf("two links at one place: %v\n%s", links, source)
	}
	_, balanced := matchUnits(cutUnits(out))
	if _, also := matchUnits(cutUnits(plain)); balanced != also {
		t.Fatalf("balanced: HTML %v, text %v\n%s", balanced, also, source)
	}
}

// checkTokensKept checks that no Liquid is lost, and that no tag is doubled, unless it was reported.
func checkTokensKept(t *testing.T, tokens, out []Token, findings []finding.Finding) {
	t.Helper()
	dropping := []finding.Code{"liquid-misplaced", "unknown-mark", "unknown-container", "markdown-too-complex", "too-many-findings"}
	if slices.ContainsFunc(findings, func(f finding.Finding) bool { return slices.Contains(dropping, f.Code) }) {
		return
	}
	times, same := map[int]int{}, map[int]Token{}
	for _, token := range out {
		if token.Kind == OutputToken || token.Kind == TagToken {
			times[token.Start]++
			same[token.Start] = token
		}
	}
	last := -1
	for _, token := range tokens {
		switch {
		case token.Kind == TextToken:
		case times[token.Start] == 0:
			t.Fatalf("Liquid at %d is lost", token.Start)
		case same[token.Start] != token:
			t.Fatalf("Liquid at %d was changed", token.Start)
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

var outlookOnly = regexp.MustCompile(`<!--\[if mso\]>.*?<!\[endif\]-->`)

var ownTag = regexp.MustCompile(`^<(/?)([a-z0-9]+)((?: [a-z]+="[^"<>]*")*)>`)

// htmlProblem says what is wrong with HTML of ours, slowly and without sharing code with the writer.
func htmlProblem(html string) string {
	var open []string
	for {
		at := strings.IndexAny(html, "<>")
		if at < 0 {
			break
		}
		match := ownTag.FindStringSubmatch(html[at:])
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
