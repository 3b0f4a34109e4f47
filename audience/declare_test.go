package audience

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"germane/internal/document"
	"germane/internal/finding"
)

func guessed(t testing.TB, source, format string, o ImportOptions, hosts ...string) ([]Guess, error) {
	t.Helper()
	o.Catalogue = importScope(t)
	g := Guesser{Options: o, LinkHosts: hosts}
	if format == "jsonl" {
		return g.JSONL(strings.NewReader(source))
	}
	return g.CSV(strings.NewReader(source))
}

func TestGuessCSV(t *testing.T) {
	t.Parallel()
	rows := func(values ...string) string { return strings.Join(values, "\n") + "\n" }
	for name, test := range map[string]struct {
		header, values, want string
		options              ImportOptions
	}{
		"int":                     {header: "Trial Days", values: rows("3", "", "-14"), want: "trial_days: {type: int, source: declared}"},
		"0 and 1 are numbers":     {header: "n", values: rows("0", "1"), want: "n: {type: int, source: declared}"},
		"yes and no":              {header: "VIP?", values: rows("yes", "No", "1"), want: "vip_2: {type: bool, source: declared}", options: ImportOptions{Map: map[string]string{"VIP?": "vip_2"}}},
		"float":                   {header: "x", values: rows("3", "1.50"), want: "x: {type: float, source: declared}"},
		"postcodes keep zeros":    {header: "Postcode", values: rows("01234", "20095"), want: "postcode: {type: string, source: declared}"},
		"long numbers":            {header: "ref", values: rows("12345678901234567890"), want: "ref: {type: string, source: declared}"},
		"date":                    {header: "born", values: rows("2001-02-03"), want: "born: {type: date, source: declared}"},
		"time":                    {header: "seen", values: rows("2001-02-03 10:00:00", "2001-02-03"), want: "seen: {type: time, source: declared}"},
		"url":                     {header: "page", values: rows("https://acme.example/a"), want: "page: {type: url, source: declared}"},
		"url of others":           {header: "page", values: rows("https://acme.example/a", "https://evil.example/"), want: "page: {type: string, source: declared}"},
		"http":                    {header: "page", values: rows("http://acme.example/a"), want: "page: {type: string, source: declared}"},
		"enumeration":             {header: "tier", values: rows("a", "no", "a", "no", "a", "x y"), want: "tier: {type: string, source: declared}"},
		"enumeration that repeat": {header: "tier", values: rows("a", "no", "a", "no", "a", "no"), want: `tier: {type: string, values: [a, "no"], source: declared}`},
		"one value only":          {header: "tier", values: rows("a", "a", "a", "a"), want: "tier: {type: string, source: declared}"},
		"addresses are no words":  {header: "boss", values: rows("a@b.example", "a@b.example", "a@b.example", "x", "x", "x"), want: "boss: {type: string, source: declared}"},
		"long text":               {header: "bio", values: rows(strings.Repeat("é ", 120)), want: "bio: {type: string, max_length: 500, source: declared}"},
		"words with commas":       {header: "likes", values: rows(`"a, b"`, "a", `"b, c, a"`, "c"), want: "likes: {type: list, of: string, source: declared}"},
		"always two parts":        {header: "city", values: rows(`"Paris, France"`, `"Lyon, France"`, `"Metz, France"`), want: "city: {type: string, source: declared}"},
		"JSON lists":              {header: "ids", values: rows(`"[1, 2]"`, `"[]"`), want: "ids: {type: list, of: int, source: declared}"},
		"reserved":                {header: "Event", values: rows("a"), want: "event_1: {type: string, source: declared}"},
		"no letters":              {header: "2nd", values: rows("a"), want: "column_2nd: {type: string, source: declared}"},
		"other letters":           {header: "Größe", values: rows("4"), want: "gr_e: {type: int, source: declared}"},
		"quotes":                  {header: "q", values: rows(`"a ""b"""`, `"a ""b"""`, `"a ""b"""`, `a\b`, `a\b`, `a\b`), want: `q: {type: string, values: ["a \"b\"", "a\\b"], source: declared}`},
		"mapped":                  {header: "q", values: rows("1"), want: "size: {type: int, source: declared}", options: ImportOptions{Map: map[string]string{"q": "size"}}},
		"mapped to nothing":       {header: "q", values: rows("1"), options: ImportOptions{Map: map[string]string{"q": "-"}}},
		"declared already":        {header: "First Name", values: rows("Ann")},
		"empty":                   {header: "q", values: rows("", " "), want: "q has no values"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b strings.Builder
			b.WriteString("id," + test.header + "\n")
			for line := range strings.Lines(test.values) {
				b.WriteString("1," + line)
			}
			guesses, err := guessed(t, b.String(), "csv", test.options, "acme.example")
			if err != nil {
				t.Fatal(err)
			}
			if got := guessLines(guesses); got != test.want {
				t.Errorf("%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func guessLines(guesses []Guess) string {
	var lines []string
	for _, g := range guesses {
		if g.Problem != "" {
			lines = append(lines, g.From+" "+g.Problem)
			continue
		}
		lines = append(lines, g.String())
	}
	return strings.Join(lines, "\n")
}

func TestGuessJSONL(t *testing.T) {
	t.Parallel()
	const source = `{"id":"1","attributes":{"Trial Ends":"2027-01-01","n":1,"f":1,"ok":true,"likes":["a"],"offers":[{"name":"x","price":1,"at":"2027-01-01"}],"address":{"street":"x"},"code":"007","page":"https://acme.example","first_name":"Ann","odd":[1,"a"],"mixed":true}}
not JSON
{"id":"2","attributes":{"Trial Ends":null,"n":2.0e2,"f":1.5,"ok":false,"likes":[],"offers":[],"mixed":1,"none":null}}
`
	const want = `trial_ends: {type: date, source: declared}
n: {type: float, source: declared}
f: {type: float, source: declared}
ok: {type: bool, source: declared}
likes: {type: list, of: string, source: declared}
offers: {type: list, of: {at: date, name: string, price: int}, source: declared}
address has values that no type of the catalogue is for
code: {type: string, source: declared}
page: {type: string, source: declared}
odd: {type: list, of: string, source: declared}
mixed has values that no type of the catalogue is for
none has no values`
	guesses, err := guessed(t, source, "jsonl", ImportOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if got := guessLines(guesses); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// TestGuessedNamesAreFoundAgain imports a file a second time, without --declare.
func TestGuessedNamesAreFoundAgain(t *testing.T) {
	t.Parallel()
	catalogue := NewCatalogue(&Attribute{Name: "event_1"}, &Attribute{Name: "gr_e"})
	o := ImportOptions{Catalogue: catalogue}
	im, err := ImportCSV(strings.NewReader("id,Event,Größe\n1,a,b\n"), o)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := imported(im), []string{`2 1||||0|{"event_1":"a","gr_e":"b"}`}; !slices.Equal(got, want) {
		t.Errorf("%s", got)
	}
	got := imported(ImportJSONL(strings.NewReader(`{"id":"1","attributes":{"event":"a","Größe":"b"}}`), o))
	if want := []string{`1 1||||0|{"event_1":"a","gr_e":"b"}`}; !slices.Equal(got, want) {
		t.Errorf("%s", got)
	}
}

// FuzzGuess holds guesses to their promise: the catalogue can be read with them, and no row of the table is rejected because of one.
func FuzzGuess(f *testing.F) {
	f.Add("id,Trial Days,tags\n1,3,\"a, b\"\n2,,a\n", true)
	f.Add("id;Event;event\n1;[1];2020-01-01\n", true)
	f.Add(`{"id":"1","attributes":{"a b":[{"x":1}],"c":1e400}}`, false)
	f.Fuzz(func(t *testing.T, source string, table bool) {
		format := "jsonl"
		if table {
			format = "csv"
		}
		guesses, err := guessed(t, source, format, ImportOptions{}, "acme.example")
		if err != nil {
			return
		}
		names, yaml := map[string]string{}, ""
		for _, g := range guesses {
			if names[g.From] = "-"; g.Problem == "" {
				names[g.From] = g.Name
				yaml += g.String() + "\n"
			}
		}
		doc, findings := document.Parse(finding.NewFile("attributes.yaml", yaml).All(), document.Format{})
		catalogue, more := ReadCatalogue(doc)
		if findings = append(findings, more...); len(findings) > 0 {
			t.Fatalf("%s\n%v", yaml, findings)
		}
		if !table {
			return
		}
		for _, a := range importScope(t).All() {
			catalogue.add(a)
		}
		im, err := ImportCSV(strings.NewReader(source), ImportOptions{Catalogue: catalogue, Map: names})
		if err != nil {
			return // two columns of one name
		}
		for u := (Update{}); ; {
			err := im.Next(&u)
			var row *RowError
			if errors.Is(err, io.EOF) {
				return
			}
			if errors.As(err, &row) {
				for _, problem := range row.Problems {
					if name := names[problem.Place]; name != "" && !strings.Contains(problem.Problem, "UTF-8") {
						t.Fatalf("%s\n%s", yaml, problem.Error())
					}
				}
			}
		}
	})
}
