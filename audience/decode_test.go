package audience

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

var testNow = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC).UnixMilli()

const dayMS = int64(dayMilliseconds)

// everything returns a selection of all attributes and fields.
func everything(c *Catalogue) *Selection {
	s := NewSelection()
	for _, a := range c.All() {
		s.Attribute(a)
	}
	for f := range PersonField(personFields) {
		s.Field(f)
	}
	return s
}

func decodeOne(t *testing.T, c *Catalogue, p *Stored) map[string]*Value {
	t.Helper()
	s, d := everything(c), &Decoded{}
	if err := s.Decode(p, testNow, d); err != nil {
		t.Fatal(err)
	}
	values := map[string]*Value{}
	for i, name := range s.Names() {
		values[name] = &d.Values[i]
	}
	return values
}

func TestDecodeStates(t *testing.T) {
	t.Parallel()
	c := acme(t).Catalogue
	for _, test := range []struct {
		attribute, raw string
		state          State
		shown          string
	}{
		{"plan", `"trial"`, Present, `"trial"`},
		{"plan", `"gold"`, NotAllowed, ""},
		{"plan", `null`, Absent, ""},
		{"plan", `" \t\n"`, Blank, ""},
		{"plan", `"\u200b\u00a0\ufeff\u2003\u00ad"`, Blank, ""},
		{"plan", `"\u0000\u0007\u007f\u0085"`, Blank, ""},
		{"plan", `"\u3164\u2800\ufe0f\u034f"`, Blank, ""}, // a Hangul filler and the like
		{"plan", `3`, NotAllowed, ""},
		{"first_name", `"Zo\u00eb \ud83d\ude00"`, Present, `"Zoë 😀"`},
		{"first_name", `"` + strings.Repeat("é", 200) + `"`, Present, `"` + strings.Repeat("é", 200) + `"`},
		{"first_name", `"` + strings.Repeat("é", 201) + `"`, NotAllowed, ""},
		{"first_name", "\"\xff\"", NotAllowed, ""},
		{"first_name", `"\x"`, NotAllowed, ""},
		{"trial_days_left", `60`, Present, "60"},
		{"trial_days_left", `61`, NotAllowed, ""},
		{"trial_days_left", `-1`, NotAllowed, ""},
		{"trial_days_left", `3.0`, Present, "3"},
		{"trial_days_left", `3.5`, NotAllowed, ""},
		{"trial_days_left", `"3"`, NotAllowed, ""},
		{"points", `9223372036854775807`, Present, "9223372036854775807"},
		{"points", `9223372036854775808`, NotAllowed, ""},
		{"points", `1e999`, NotAllowed, ""},
		{"points", `9007199254740993.0`, Present, "9007199254740993"}, // float64 has no such number
		{"points", `9007199254740991.4`, NotAllowed, ""},
		{"points", `1.00000000000000000001`, NotAllowed, ""},
		{"points", `-9.223372036854775808e18`, Present, "-9223372036854775808"},
		{"points", `9.223372036854775808e18`, NotAllowed, ""},
		{"points", `1200e-2`, Present, "12"},
		{"points", `1250e-2`, NotAllowed, ""},
		{"points", `-0.0e-7`, Present, "0"},
		{"points", `1e99999999999999999999`, NotAllowed, ""},
		{"score", `1e999`, NotAllowed, ""},
		{"score", `-0.5e1`, Present, "-5.0"},
		{"optin", `true`, Present, "true"},
		{"optin", `1`, NotAllowed, ""},
		{"last_order_at", `"2026-11-20T10:00:00.5+02:00"`, Present, "2026-11-20T08:00:00.5Z"},
		{"last_order_at", `"2026-11-20"`, Present, "2026-11-20T00:00:00Z"},
		{"last_order_at", `"20.11.2026"`, NotAllowed, ""},
		{"last_order_at", `1700000000`, NotAllowed, ""},
		{"renews_on", `"2026-02-29"`, NotAllowed, ""},
		{"renews_on", `"2028-02-29"`, Present, "2028-02-29"},
		{"homepage", `"https://acme.example/a?b=c#d"`, Present, `"https://acme.example/a?b=c#d"`},
		{"homepage", `"http://acme.example"`, NotAllowed, ""},
		{"homepage", `"https://me@acme.example"`, NotAllowed, ""},
		{"homepage", `"https://acme.example/\" onclick"`, NotAllowed, ""},
		{"homepage", `"https://"`, NotAllowed, ""},
		{"homepage", `"javascript:alert(1)"`, NotAllowed, ""},
		{"interests", `["a","b"]`, Present, `["a", "b"]`},
		{"interests", `[]`, Present, `[]`},
		{"interests", `["a",3]`, NotAllowed, ""},
		{"interests", `["a",null]`, NotAllowed, ""},
		{"interests", `["a"," "]`, NotAllowed, ""},
		{"interests", `[` + strings.Repeat(`"x",`, 20) + `"x"]`, NotAllowed, ""},
		{"interests", `["a",["b"]]`, NotAllowed, ""},
		{"sizes", `[1, 2.0]`, Present, `[1, 2]`},
		{"picks", `[{"name":"A","url":"https://a.example","price":1.5,"more":{"x":[1]}}]`, Present, `[["A", "https://a.example", 1.5]]`},
		{"picks", `[{"name":"A","price":1.5}]`, NotAllowed, ""},
		{"picks", `[{"name":"A","url":"https://a.example","price":1,"price":null}]`, NotAllowed, ""},
		{"picks", `{}`, NotAllowed, ""},
	} {
		p := &Stored{Attributes: []byte(`{"ignored":[{"deep":"}"}], "` + test.attribute + `": ` + test.raw + ` , "also":1}`), ObservedAt: testNow}
		v := decodeOne(t, c, p)[test.attribute]
		if v.State != test.state || v.State == Present && v.String() != test.shown {
			t.Errorf("%s = %s: got %v %v, want %v %s", test.attribute, test.raw, v.State, v, test.state, test.shown)
		}
	}
}

func TestDecodeStaleness(t *testing.T) {
	t.Parallel()
	c := acme(t).Catalogue
	p := &Stored{
		ID: "u1", Email: " ", ObservedAt: testNow - 2*dayMS,
		Attributes: []byte(`{"plan":"trial","trial_days_left":3,"projects_30d":null,"first_name":"Ada"}`),
		Exceptions: fmt.Appendf(nil, `{"plan":%d,"nothing":5}`, testNow-30*dayMS-1),
	}
	v := decodeOne(t, c, p)
	if v["plan"].State != Stale || v["plan"].Text != "" {
		t.Errorf("plan is %+v", v["plan"])
	}
	if v["trial_days_left"].State != Present {
		t.Error("a value exactly as old as max_age is not stale")
	}
	if d := v["projects_30d"]; d.State != Present || !d.Default || d.Was != Absent || d.Int != 0 {
		t.Errorf("the default did not stand in: %+v", d)
	}
	if v["person.id"].Text != "u1" || v["person.email"].State != Blank || v["person.locale"].State != Absent {
		t.Error("person fields")
	}
	p.ObservedAt--
	if v := decodeOne(t, c, p); v["trial_days_left"].State != Stale {
		t.Error("one millisecond older is stale")
	}
}

func TestDecodeDamaged(t *testing.T) {
	t.Parallel()
	s, d := everything(acme(t).Catalogue), &Decoded{}
	for _, damaged := range []string{
		"{", "[]", `{"plan"`, `{"plan":`, `{"plan":"x`, `{"plan":tru}`, `{"plan":1,}`, `{"plan":01}`, `{"plan":1.}`, `{"plan":1e}`, `{"plan":NaN}`,
		`{"plan":-}`, `{} x`, `{"a":[}`, `{"a":` + strings.Repeat("[", 10_000), `{"a":` + strings.Repeat(`{"a":`, 100), "{\"a\":\"\n\"}", `{plan:1}`,
	} {
		if err := s.Decode(&Stored{Attributes: []byte(damaged)}, testNow, d); err == nil {
			t.Errorf("%.40q was accepted", damaged)
		}
	}
}

// TestDecodeReuse decodes people into the same slots: nothing of one person may be seen in the next, nor may a default change.
func TestDecodeReuse(t *testing.T) {
	t.Parallel()
	c := readCatalogue(t, "tags: {type: list, of: string, default: [x, y]}\nplan: {type: string}\npicks: {type: list, of: {name: string, price: int}}\n")
	s, d := everything(c), &Decoded{}
	people := []struct{ attributes, tags, plan, picks string }{
		{`{"tags":["a","b","c"],"plan":"p","picks":[{"name":"n","price":1},{"name":"m","price":2}]}`, `["a", "b", "c"]`, `"p"`, `[["n", 1], ["m", 2]]`},
		{`{}`, `["x", "y"]`, "missing", "missing"},
		{`{"tags":["q"],"picks":[{"price":7,"name":"z"}],"plan":"a","plan":"b"}`, `["q"]`, `"b"`, `[["z", 7]]`},
		{`{"tags":["q"],"tags":[1],"picks":[{"price":7}]}`, `["x", "y"]`, "missing", "missing"},
		{`{"picks":[]}`, `["x", "y"]`, "missing", "[]"},
	}
	for range 3 {
		for _, p := range people {
			if err := s.Decode(&Stored{Attributes: []byte(p.attributes)}, testNow, d); err != nil {
				t.Fatal(err)
			}
			if got := [3]string{d.Values[0].String(), d.Values[1].String(), d.Values[2].String()}; got != [3]string{p.tags, p.plan, p.picks} {
				t.Errorf("%s: got %q", p.attributes, got)
			}
		}
	}
}

func TestDecodeDoesNotAllocate(t *testing.T) {
	c := acme(t).Catalogue
	s, d, p := everything(c), &Decoded{}, benchmarkPerson()
	decode := func() {
		if err := s.Decode(p, testNow, d); err != nil {
			t.Fatal(err)
		}
	}
	decode()
	if n := testing.AllocsPerRun(100, decode); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func benchmarkPerson() *Stored {
	return &Stored{
		ID: "u1", Email: "ada@acme.example", Locale: "en", TimeZone: "Europe/London", ObservedAt: testNow - dayMS,
		Attributes: []byte(`{"first_name":"Ada","plan":"trial","trial_days_left":3,"projects_30d":12,"score":4.25,"points":9000,"optin":true,` +
			`"last_order_at":"2026-11-01T10:00:00Z","renews_on":"2027-01-01","homepage":"https://acme.example/ada","interests":["go","mail","maps"],` +
			`"sizes":[1,2,3],"picks":[{"name":"A","url":"https://a.example","price":1.5},{"name":"B","url":"https://b.example","price":2}],` +
			`"c1":"v","c2":"v","c3":"v","c4":"v","c5":5,"c6":6,"c7":"v"}`),
		Exceptions: []byte(`{"plan":1795000000000}`),
		Topics:     []TopicConsent{{"tips", ConsentSubscribed}},
	}
}

func BenchmarkDecode(b *testing.B) {
	s, d, p := everything(acme(b).Catalogue), &Decoded{}, benchmarkPerson()
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Decode(p, testNow, d); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzDecoder feeds arbitrary bytes as stored JSON. Whatever encoding/json reads must be decoded, and alike.
func FuzzDecoder(f *testing.F) {
	for _, seed := range []string{string(benchmarkPerson().Attributes), `{"plan":"\u0000"}`, `{"sizes":[1e3,-0]}`, `{"picks":[{"name":null}]}`, `{"plan":1,"plan":"pro"}`} {
		f.Add([]byte(seed), []byte(`{"plan":1}`))
	}
	s, d := everything(acme(f).Catalogue), &Decoded{}
	f.Fuzz(func(t *testing.T, attributes, exceptions []byte) {
		_ = s.Decode(&Stored{Attributes: attributes, Exceptions: exceptions}, testNow, d)
		err := s.Decode(&Stored{Attributes: attributes, ObservedAt: testNow}, testNow, d)
		var plain map[string]any
		if json.Unmarshal(attributes, &plain) != nil || err != nil {
			return
		}
		for i, name := range s.Names() {
			v := &d.Values[i]
			if text, ok := plain[name].(string); ok && v.Kind == String && v.State == Present && v.Text != text {
				t.Fatalf("%s: got %q, encoding/json says %q", name, v.Text, text)
			}
			if _, ok := plain[name]; !ok && v.State != Absent && !v.Default && !strings.HasPrefix(name, "person.") {
				t.Fatalf("%s is %v out of nowhere", name, v.State)
			}
		}
	})
}
