package audience

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"germane/internal/document"
	"germane/internal/finding"
)

func TestReadPerson(t *testing.T) {
	t.Parallel()
	const source = `{"id":"u1","email":"ada@acme.example","time_zone":"Europe/London","locale":"en-GB",` +
		`"attributes":{"first_name":"Ada","plan":"trial","sizes":[1,2]},"observed_at":"2026-11-20T09:00:00Z","topics":{"offers":"unsubscribed","tips":"subscribed"}}`
	p, err := ReadPerson([]byte(source))
	if err != nil {
		t.Fatal(err)
	}
	if p.ID != "u1" || p.Topics["tips"].State != ConsentSubscribed || !p.ObservedAt.Equal(time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)) {
		t.Errorf("got %+v", p)
	}
	written, err := json.Marshal(p)
	if err != nil || string(written) != source {
		t.Errorf("written as %s, %v", written, err)
	}
	if problems := p.Check(acme(t).Catalogue, []string{"tips", "offers"}); len(problems) > 0 {
		t.Errorf("%+v", problems)
	}
}

func TestReadPersonProblems(t *testing.T) {
	t.Parallel()
	for source, want := range map[string][]string{
		``:                                   {""},
		`{`:                                  {""},
		`[]`:                                 {""},
		`{} {}`:                              {""},
		"{\"id\":\"\xff\"}":                  {""},
		`{"id":3,"email":"x"}`:               {"id", "email"},
		`{"id":" "}`:                         {"id"},
		`{"id":"a","id":"b"}`:                {"id"},
		`{"name":"Ada","Email":"x"}`:         {"name", "Email"},
		`{"email":"Ada <ada@acme.example>"}`: {"email"},
		`{"email":"ada@acme.example\r\nBcc: x@y.example"}`:              {"email"},
		`{"time_zone":"../etc/passwd","locale":"e"}`:                    {"time_zone", "locale"},
		`{"attributes":[]}`:                                             {"attributes"},
		`{"attributes":{"a":1e999,"b":[-1e999],"C":1,"a":2}}`:           {"attributes.a", "attributes.b", "attributes.C", "attributes.a"},
		`{"attributes":{"a":[[[[[[[[[1]]]]]]]]]}}`:                      {"attributes.a"},
		`{"attributes":{"a":NaN}}`:                                      {""},
		`{"topics":{"tips":"yes","offers":1}}`:                          {"topics.tips", "topics.offers"},
		`{"observed_at":"yesterday"}`:                                   {"observed_at"},
		`{"observed_at":1700000000}`:                                    {"observed_at"},
		`{"observed_at":{"plan":"2026-11-20","points":"x","score":{}}}`: {"observed_at.points", "observed_at.score"},
	} {
		_, err := ReadPerson([]byte(source))
		if got := places(err); !slices.Equal(got, want) {
			t.Errorf("%s: got %q (%v), want %q", source, got, err, want)
		}
	}
}

// places returns where an error of ReadPerson says that something is wrong.
func places(err error) []string {
	var all []string
	if list, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range list.Unwrap() {
			all = append(all, places(e)...)
		}
		return all
	}
	var problem *PersonError
	if errors.As(err, &problem) {
		return []string{problem.Place}
	}
	return nil
}

func TestPersonCheck(t *testing.T) {
	t.Parallel()
	p, err := ReadPerson([]byte(`{"attributes":{"plan":"gold","nickname":"A","first_name":" ","points":null},"observed_at":{"x":"2026-11-20"},"topics":{"news":"none"}}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, problem := range p.Check(acme(t).Catalogue, []string{"tips"}) {
		got = append(got, problem.Place)
	}
	if joined(got) != "id,email,attributes.nickname,attributes.plan,observed_at.x,topics.news" {
		t.Errorf("got %q", got)
	}
}

// TestStoredAndBack: what a store keeps decodes alike, and turns back into the same person.
func TestStoredAndBack(t *testing.T) {
	t.Parallel()
	p, err := ReadPerson([]byte(`{"id":"u1","email":"ada@acme.example","attributes":{"plan":"trial","points":3},"observed_at":{"plan":"2026-11-20T09:00:00.5Z"},"topics":{"tips":"pending"}}`))
	if err != nil {
		t.Fatal(err)
	}
	imported := time.UnixMilli(testNow).UTC()
	stored := p.Stored(imported)
	v := decodeOne(t, acme(t).Catalogue, stored)
	if v["plan"].Observed != time.Date(2026, 11, 20, 9, 0, 0, 5e8, time.UTC).UnixMilli() || v["points"].Observed != testNow {
		t.Errorf("plan observed %d, points %d", v["plan"].Observed, v["points"].Observed)
	}
	back, err := stored.Person()
	if err != nil {
		t.Fatal(err)
	}
	again := back.Stored(time.Time{})
	if !bytes.Equal(again.Attributes, stored.Attributes) || !bytes.Equal(again.Exceptions, stored.Exceptions) || again.ObservedAt != testNow || !slices.Equal(again.Topics, stored.Topics) {
		t.Errorf("got %+v, want %+v", again, stored)
	}
	written, _ := json.Marshal(back)
	if read, err := ReadPerson(written); err != nil || !read.Observed["points"].Equal(imported) {
		t.Errorf("%s: %v", written, err)
	}
}

func TestSet(t *testing.T) {
	t.Parallel()
	c, p := acme(t).Catalogue, &Person{}
	for _, test := range []struct{ name, text, want string }{
		{"plan", "pro", `"pro"`},
		{"plan", "gold", ""},
		{"points", "12", "12"},
		{"points", "1.5", ""},
		{"score", "1e2", "100.0"},
		{"optin", "true", "true"},
		{"interests", "a, b", `["a","b"]`},
		{"interests", `["a"]`, `["a"]`},
		{"sizes", "1,x", ""},
		{"last_order_at", "2026-11-20", `"2026-11-20T00:00:00Z"`},
		{"picks", `[{"name":"a","url":"https://a.example","price":1}]`, `[{"name":"a","url":"https://a.example","price":1}]`},
		{"picks", "x", ""},
		{"plna", "x", ""},
	} {
		err := p.Set(c, test.name, test.text)
		if (err == nil) != (test.want != "") || err == nil && string(p.Attributes[test.name]) != test.want {
			t.Errorf("%s=%s: got %s, %v", test.name, test.text, p.Attributes[test.name], err)
		}
	}
	if err := p.Set(c, "plan", " "); err != nil || p.Attributes["plan"] != nil {
		t.Error("a blank text removes the attribute")
	}
}

func TestPersona(t *testing.T) {
	t.Parallel()
	scope := acme(t)
	read := func(yaml string) (*Person, []finding.Finding) {
		doc, findings := document.Parse(finding.NewFile("personas/ada.yaml", yaml).All(), document.Format{})
		p, more := ReadPersona(doc, scope)
		return p, finding.Sort(append(findings, more...))
	}
	p, findings := read(`
id: u1
email: ada@acme.example
attributes:
  plan: trial
  points: 007
  interests: [a, b]
  picks: [{name: A, url: "https://a.example", price: 1}]
  last_order_at: 2026-11-20
observed_at: 2026-11-20T09:00:00Z
topics: {tips: subscribed}
`)
	if len(findings) > 0 || string(p.Attributes["points"]) != "7" || string(p.Attributes["picks"]) != `[{"name":"A","url":"https://a.example","price":1.0}]` {
		t.Fatalf("got %s, %+v", p.Attributes, findings)
	}
	if problems := p.Check(scope.Catalogue, scope.Topics); len(problems) > 0 {
		t.Errorf("%+v", problems[0])
	}
	_, findings = read("email: Ada <a@b.example>\nattributes: {plna: x, plan: gold, points: two, picks: [{name: A}]}\ntopics: {tip: subscribed, tips: maybe}\nage: 3\nobserved_at: then")
	checkFindings(t, "persona", findings, []string{
		`8 bad-person `, `2:14 unknown-attribute did you mean plan?`, `2:29 value-not-allowed `, `2:43 value-not-allowed `, `2:56 missing-key `, `2:56 missing-key `,
		`3:10 unknown-topic `, `3:33 bad-value `, `4:1 unknown-key `, `5:14 bad-date `,
	})
}

func FuzzPerson(f *testing.F) {
	for _, seed := range []string{
		`{"id":"u1","email":"ada@acme.example","attributes":{"a":[1,{"b":null}]},"observed_at":{"a":"2026-11-20"},"topics":{"tips":"subscribed"}}`,
		`{"attributes":{"a":1e999}}`, `{"id":null}`, `{"observed_at":"2026-11-20T09:00:00.123456Z"}`, `{"email":"é@acme.example"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ReadPerson(data)
		if err != nil {
			if len(places(err)) == 0 {
				t.Fatalf("an error without a place: %v", err)
			}
			return
		}
		written, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ReadPerson(written)
		if err != nil {
			t.Fatalf("%s written as %s: %v", data, written, err)
		}
		stored := p.Stored(time.UnixMilli(testNow))
		if other := again.Stored(time.UnixMilli(testNow)); !bytes.Equal(stored.Attributes, other.Attributes) || stored.Email != other.Email {
			t.Fatalf("%s written as %s", data, written)
		}
		if err := everything(NewCatalogue(&Attribute{Name: "a"})).Decode(stored, testNow, &Decoded{}); err != nil {
			t.Fatalf("%s: %v", stored.Attributes, err)
		}
	})
}
