package templates

import (
	"slices"
	"strings"
	"testing"
	"time"

	"germane/internal/finding"
)

func FuzzPage(f *testing.F) {
	for _, source := range []string{
		`<p>a <a href="{{ x }}">b</a>{% if y %}<b>{% else %}</b>{% endif %}</p>`, `<table><tr><td>{% for a in l %}<li>{{ a }}{% endfor %}<td>`,
		`<!--[if mso]><v:rect href="x"><![endif]--><img alt="{{ x }}"><div hidden>a</div>`, `{% capture x %}<p>{% endcapture %}{{ x }}<style>{{ y }}</style>`,
		`<a href='{% if x %}a{% endif %}'><pre>  a`, `<ol><li>{% if x %}<blockquote>{% endif %}a<br><br>b`, "<\x00a<![x]><?x><textarea>{{ a }}", `{% block hero %}{{ content }}&amp;&nbsp;`,
	} {
		f.Add(source)
	}
	f.Fuzz(func(t *testing.T, source string) {
		if len(source) <= 20_000 {
			checkPage(t, source)
		}
	})
}

// checkPage checks what holds for any HTML file.
func checkPage(t *testing.T, source string) {
	t.Helper()
	file := finding.NewFile("a.html", source)
	tokens, _ := Lex(file.All())
	began := time.Now()
	p := newPage(tokens)
	html, plain := p.withLinks(), p.text()
	Parse(html, Mail)
	Parse(plain, Mail)
	if took := time.Since(began); took > 2*time.Second {
		t.Fatalf("%d bytes took %v", len(source), took)
	}
	if before, after := written(tokens), strings.NewReplacer("‹", "", "›", "").Replace(written(html)); !strings.ContainsAny(before, "‹›") && before != after {
		t.Fatalf("%q became %q", before, after)
	}
	links := linkSpans(html)
	for _, span := range linkSpans(plain) {
		if !slices.Contains(links, span) {
			t.Fatalf("the text has a link at %v, the HTML only at %v\n%s", span, links, source)
		}
	}
	if len(slices.CompactFunc(slices.Clone(links), func(a, b Span) bool { return a.Start == b.Start })) < len(links) {
		t.Fatalf("two links at one place: %v\n%s", links, source)
	}
	_, balanced := matchUnits(cutUnits(tokens))
	if _, also := matchUnits(cutUnits(plain)); balanced && !also {
		t.Fatalf("the text's tags are not balanced: %s\n%s", written(plain), source)
	}
	checkControl(t, tokens, plain, source)
}

// checkControl checks that the text keeps every tag that decides what there is to read, once and in order.
func checkControl(t *testing.T, tokens, plain []Token, source string) {
	t.Helper()
	control := func(tokens []Token) []int {
		var at []int
		for i, token := range tokens {
			if token.Kind == TagToken && roleOf(token.Name) != loneRole && !insideMark(tokens, i) {
				at = append(at, token.Start)
			}
		}
		return at
	}
	before, after := control(tokens), control(plain)
	if _, balanced := matchUnits(cutUnits(tokens)); balanced && len(linkSpans(plain)) == 0 && !strings.Contains(source, "alt") && !strings.Contains(source, "href") && !slices.Equal(before, after) {
		t.Fatalf("tags at %v became tags at %v: %s\n%s", before, after, written(plain), source)
	}
}

func insideMark(tokens []Token, i int) bool {
	for ; i >= 0; i-- {
		switch tokens[i].Kind {
		case LinkStart:
			return true
		case LinkEnd:
			return false
		}
	}
	return false
}

// TestPageHostile reads sources of about 100 KB that make careless readers slow.
func TestPageHostile(t *testing.T) {
	const n = 100_000
	fill := func(s string) string { return strings.Repeat(s, n/len(s)) }
	for name, source := range map[string]string{
		"angles": fill("<"), "open tags": fill("<a "), "elements": fill("<div>"), "closed": fill("<div>")[:n/2] + fill("</div>")[:n/2], "never opened": fill("</a>"),
		"links": fill(`<a href="x">`), "link ends": fill(`<a href=x>a</a>`), "comments": fill("<!--"), "conditional": fill("<!--[if x]>"), "raw": fill("<style>"),
		"raw ends": "<title>" + fill("</"), "attributes": "<a " + fill("b=c "), "quotes": fill(`<a b="`), "entities": fill("&#x"), "ifs": fill("{% if x %}"),
		"pairs": fill("{% if x %}{% endif %}"), "pairs and spans": fill("{% if x %}<i></i>{% endif %}</b>"), "ifs in tags": fill("<a {% if x %}>{% endif %}"),
		"links around pairs": fill("<a href={{x}}>{% if x %}a</a>{% endif %}"), "cells": fill("<td>a"), "items": fill("<ul><li>a"), "quotes inside": fill("<blockquote>a"),
		"outputs": fill("{{a}}"), "captures": fill("{% capture x %}"), "breaks": fill("<br>"), "spaces": fill(" "), "ends": fill("{% endif %}"), "alts": fill(`<img alt="{{x}}">`),
	} {
		t.Run(name, func(t *testing.T) {
			file := finding.NewFile("a.html", source)
			tokens, _ := Lex(file.All())
			began := time.Now()
			Body(tokens, file, false, nil)
			if took := time.Since(began); took > time.Second {
				t.Errorf("took %v", took)
			}
			began = time.Now()
			style, _ := Lex(finding.NewFile("a.html", "<style>a,div,td b,#x{color:red}</style>"+source).All())
			InlineStyles(style, false)
			if took := time.Since(began); took > time.Second {
				t.Errorf("styles took %v", took)
			}
		})
	}
}
