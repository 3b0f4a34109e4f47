package judges

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"germane/audience"
)

// style is how an edge person's texts are written. At most so many characters are asked for.
type style struct {
	name string
	text func(most int) string
	none bool // the texts show nothing: they are as good as missing
	odd  bool // the texts have punctuation or tags of their own, so that only the shape of a letter says something
}

func same(text string) func(int) string {
	return func(most int) string { return string([]rune(text)[:min(most, len([]rune(text)))]) }
}

// plain is the style that all others are compared with.
var plain = style{name: "plain", text: same("Anna")}

// longest fits into no line.
var longest = style{name: "longest word", text: func(most int) string { return strings.Repeat("W", most) }}

var styles = []style{
	longest,
	{name: "many words", text: func(most int) string {
		words := strings.Repeat("Ann-Sophie ", most/11+1)[:most]
		return words[:most-1] + "x"
	}},
	{name: "one character", text: same("Ö")},
	{name: "right to left", text: same("فاطمة الزهراء بنت محمد")},
	{name: "both directions", text: same("שָׁלוֹם O'Brien עולם")},
	{name: "emoji", text: same("👩‍👩‍👧‍👦🏳️‍🌈👍🏽🇺🇳")},
	{name: "combining marks", text: func(most int) string { return "Z" + strings.Repeat("͛", most-1) }},
	{name: "script", text: same(`"><script>alert(1)</script><a href="https://evil.example">x</a>`), odd: true},
	{name: "attribute", text: same(`' onmouseover='alert(1)' style="display:none`), odd: true},
	{name: "comment", text: same(`--><![endif]--><!-- <style>`), odd: true},
	{name: "reference", text: same(`&lt;b&gt; &#0; &nbsp; &`), odd: true},
	{name: "address", text: same(`javascript:alert(1)`), odd: true},
	{name: "header", text: same("Ann\r\nBcc: everybody@evil.example\r\n\r\n<h1>hello</h1>"), odd: true},
	{name: "boundary", text: same("\r\n--=_0\r\nContent-Type: text/html\r\n\r\n.\r\nFrom x\r\n"), odd: true},
	{name: "Markdown", text: same("](https://evil.example) **bold** # `code` ![x](y)\n\n# Title\n\n- [ ] item"), odd: true},
	{name: "encoded word", text: same("=?utf-8?Q?evil=0A?= =3D ="), odd: true},
	{name: "overrides", text: same("\u202egnp.exe\u2066 \u200f\ufeff"), odd: true},
	{name: "control characters", text: same("A\u0000n\u0007n\u001b[31m\u007f\u0085\u2028a"), odd: true},
	{name: "tags", text: same("{{ first_name }}{% skip %}{{ 7 | times: 7 }}*|FNAME|* %%name%% ${name} {{{x}}}"), odd: true},
	{name: "blank", text: same(" \t\u00a0\u2003"), none: true},
	{name: "invisible", text: same("\u200b\u200d\ufeff\u3164"), none: true},
	{name: "only control characters", text: same("\u0000\u0007\u007f"), none: true},
}

// draws is how a person's values are drawn.
type draws struct {
	*rand.Rand
	style style
}

// draw makes a person of what a catalogue allows. Numbers, times and lengths of lists are at their edges, and a share of the attributes
// is missing. An equal seed draws equal people, but for the style of their texts.
func draw(catalogue *audience.Catalogue, s style, missing float64, seed uint64) *audience.Person {
	d := &draws{rand.New(rand.NewPCG(seed, 2026)), s}
	p := &audience.Person{ID: "edge", Email: "edge@acme.example", Attributes: map[string]json.RawMessage{}}
	p.Locale = d.pick("", "en", "ar", "ja")
	for _, a := range catalogue.All() {
		known := d.Float64() >= missing
		if value := d.value(&a.Type); known {
			data, err := json.Marshal(value)
			if err != nil {
				panic(err) // it is made of texts and numbers
			}
			p.Attributes[a.Name] = data
		}
	}
	return p
}

func (d *draws) pick(from ...string) string { return from[d.IntN(len(from))] }

func (d *draws) value(t *audience.Type) any {
	switch t.Kind {
	case audience.String:
		if len(t.Values) > 0 {
			return d.pick(t.Values...)
		}
		return d.style.text(orElse(t.MaxLength, audience.DefaultMaxLength))
	case audience.URL:
		host := "acme.example"
		if len(t.Hosts) > 0 {
			host = t.Hosts[0]
		}
		return d.pick("https://"+host+"/", "https://www."+host+"/?q=%C3%A9&a=1#x", "https://"+host+"/"+strings.Repeat("p", 150))
	case audience.Int:
		return int64(d.number(t, 1_000_000_000))
	case audience.Float:
		return d.number(t, 1e15)
	case audience.Bool:
		return d.IntN(2) == 0
	case audience.Time:
		return d.time().Format(time.RFC3339)
	case audience.Date:
		return d.time().Format(time.DateOnly)
	case audience.List:
		list := []any{}
		for range []int{0, 1, 2, orElse(t.MaxItems, audience.DefaultMaxItems)}[d.IntN(4)] {
			list = append(list, d.value(t.Of))
		}
		return list
	case audience.Record:
		fields := map[string]any{}
		for i := range t.Fields {
			fields[t.Fields[i].Name] = d.value(&t.Fields[i].Type)
		}
		return fields
	}
	panic(fmt.Sprintf("no value of kind %d", t.Kind))
}

func orElse(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// number is at the edge of what a type allows, or a number that grammar knows. Without bounds, most is one.
func (d *draws) number(t *audience.Type, most float64) float64 {
	least := -most
	if t.Min != nil {
		least = *t.Min
	}
	if t.Max != nil {
		most = *t.Max
	}
	number := []float64{least, most, 0, 1, 2, 3, 10}[d.IntN(7)]
	return max(least, min(most, number))
}

func (d *draws) time() time.Time {
	return monday.Add([]time.Duration{0, -time.Hour, -100 * 24 * time.Hour, -10 * 365 * 24 * time.Hour, 400 * 24 * time.Hour}[d.IntN(5)])
}
