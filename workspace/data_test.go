package workspace

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"germane/audience"
	"germane/internal/finding"
)

func dataOf(extension, text string) (DataFile, []finding.Finding) {
	return readData(source{"x", extension, finding.NewFile("data/x"+extension, text)})
}

// show writes a type and a value in one line: list of {title: string, price?: float}.
func (t *DataType) show() string {
	absent := ""
	if t.Absent {
		absent = "?"
	}
	switch {
	case t.Null:
		return "null" + absent
	case t.Kind == audience.List && t.Of == nil:
		return "list of nothing" + absent
	case t.Kind == audience.List:
		return "list of " + t.Of.show() + absent
	case t.Kind == audience.Record:
		var parts []string
		for i := range t.Fields {
			parts = append(parts, t.Fields[i].Name+": "+t.Fields[i].Type.show())
		}
		return "{" + strings.Join(parts, ", ") + "}" + absent
	}
	return t.Kind.String() + absent
}

func TestDataTypes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, extension, text, want string }{
		{"a list of records", ".yaml", "- {title: News, url: https://acme.example/1, price: 5, on: 2027-03-01}\n- {title: More, url: https://acme.example/2, price: 7.5, on: 2027-03-02}\n", "list of {title: string, url: url, price: float, on: date}"},
		{"a missing field", ".yaml", "- {a: 1}\n- {b: x}\n", "list of {a: int?, b: string?}"},
		{"nothing in a field", ".yaml", "- {a: 1}\n- {a: }\n", "list of {a: int?}"},
		{"nothing in an item", ".yaml", "- 1\n-\n", "list of int?"},
		{"quotes make a text", ".yaml", "a: \"1\"\nb: 1\nc: 007\nd: 1.10\ne: true\nf: \"true\"\ng: 2027-03-01T09:00:00Z\nh: 1.2.3\n", "{a: string, b: int, c: string, d: float, e: bool, f: string, g: time, h: string}"},
		{"a date beside a text", ".yaml", "[2027-03-01, soon]", "list of string"},
		{"a web address beside another text", ".yaml", "[https://acme.example, none]", "list of string"},
		{"http is no link", ".yaml", "[\"http://acme.example\"]", "list of string"},
		{"lists of lists", ".yaml", "[[1], [], [2.5]]", "list of list of float"},
		{"empty lists", ".yaml", "[[], []]", "list of list of nothing"},
		{"fields missing in inner lists", ".yaml", "- {a: [{x: 1}]}\n- {a: [{x: 2}, {y: 3}]}\n", "list of {a: list of {x: int?, y: int?}}"},
		{"a scalar", ".yaml", "Hello", "string"},
		{"JSON", ".json", `[{"title": "News", "n": 1}, {"title": "\ud83c\udf89", "n": 2.5, "deep": {"a": [true, null]}}]`, "list of {title: string, n: float, deep: {a: list of bool?}?}"},
		{"JSON numbers as texts", ".json", `{"a": "1", "b": 12345678901234567890}`, "{a: string, b: float}"},
		{"CSV", ".csv", "title,n,price,on,url\nNews,1,5,2027-03-01,https://acme.example/1\nMore,2,7.5,,https://acme.example/2\n", "list of {title: string, n: int, price: float, on: date?, url: url}"},
		{"CSV with mixed values", ".csv", "price\n5\non request\n", "list of {price: string}"},
		{"CSV with semicolons", ".csv", "a;b\n1;2\n", "list of {a: int, b: int}"},
		{"CSV without rows", ".csv", "a,b\n", "list of nothing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			data, findings := dataOf(test.extension, test.text)
			if len(findings) > 0 {
				t.Fatalf("findings: %+v", findings)
			}
			if got := data.Type.show(); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestDataKeepsOrderTextAndPlace(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ extension, text string }{
		{".yaml", "- z: 1.10\n  a: x\n- z: 2\n  a: \"y\"\n"},
		{".json", "[{\"z\": 1.10, \"a\": \"x\"},\n {\"z\": 2, \"a\": \"y\"}]"},
		{".csv", "z,a\n1.10,x\n2,\"y\"\n"},
	} {
		t.Run(test.extension, func(t *testing.T) {
			t.Parallel()
			data, _ := dataOf(test.extension, test.text)
			first, second := data.Data.Items[0], data.Data.Items[1]
			z, y := first.Fields[0], second.Field("a")
			if z.Name != "z" || z.Value.Text != "1.10" || z.Value.Float != 1.1 || second.Field("z").Kind != audience.Float || second.Field("z").Float != 2 {
				t.Errorf("got %+v, %+v", z.Value, second.Field("z"))
			}
			if text := y.Place.File.Text; !strings.HasPrefix(text[y.Place.Start:], "y") || y.Text != "y" {
				t.Errorf("%q stands at %q", y.Text, text[y.Place.Start:])
			}
		})
	}
}

func TestDataMistakes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, extension, text, want string }{
		{"nothing", ".yaml", " \n", "1:1 empty-file"},
		{"bad YAML", ".yaml", "a: {\n", "2:1 yaml-syntax"},
		{"numbers and texts", ".yaml", "- {price: 5}\n- {price: on request}\n", "2:11 mixed-types"},
		{"records and texts", ".yaml", "- {price: 5}\n- soon\n", "2:3 mixed-types"},
		{"bad JSON", ".json", "[1,\n 2,]\n", "2:4 json-syntax"},
		{"an end too early", ".json", "[1,", "1:3 json-syntax"},
		{"two values", ".json", "[1] [2]", "1:5 json-syntax"},
		{"a key twice", ".json", `{"a": 1, "a": 2}`, "1:10 duplicate-key"},
		{"a huge number", ".json", `{"a": 1e999}`, "1:7 bad-number"},
		{"deep JSON", ".json", strings.Repeat("[", 100) + strings.Repeat("]", 100), "1:34 json-syntax"},
		{"mixed JSON", ".json", `[1, "x"]`, "1:6 mixed-types"},
		{"a long row", ".csv", "a,b\n1,2,3\n", "2:1 csv-syntax"},
		{"a stray quote", ".csv", "a,b\n1,x\"y\n", "2:4 csv-syntax"},
		{"a column without a name", ".csv", "a,,b\n1,2,3\n", "1:3 csv-syntax"},
		{"a column twice", ".csv", "a,b,a\n1,2,3\n", "1:5 duplicate-key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			data, findings := dataOf(test.extension, test.text)
			if got := strings.ReplaceAll(places(findings), "data/x"+test.extension+":", ""); got != test.want || data.Data == nil {
				t.Errorf("got %s, want %s\n%+v", got, test.want, findings)
			}
		})
	}
}

// TestDataTakesLinearTime holds large files of awkward shapes to a bound that quadratic work would exceed by far.
func TestDataTakesLinearTime(t *testing.T) {
	t.Parallel()
	var wide, different strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&wide, "%q: %d,", fmt.Sprint("k", i), i)
		fmt.Fprintf(&different, "{%q: %d},", fmt.Sprint("k", i), i)
	}
	record := "{" + strings.TrimSuffix(wide.String(), ",") + "}"
	started := time.Now()
	for _, text := range []string{"[" + record + "," + record + "]", "[" + strings.TrimSuffix(different.String(), ",") + "]"} {
		if _, findings := dataOf(".json", text); len(findings) > 0 {
			t.Fatalf("got %+v", findings[0])
		}
	}
	if took := time.Since(started); took > 20*time.Second {
		t.Errorf("took %s", took)
	}
}

func FuzzData(f *testing.F) {
	f.Add(".json", `[{"a": [1, null]}, {"a": "x", "b": -1e9}]`)
	f.Add(".csv", "a;b\n\"1\";\"x\ny\"\n")
	f.Add(".yaml", "- {a: 2027-03-01}\n- [x]\n")
	f.Fuzz(func(t *testing.T, extension, text string) {
		data, findings := dataOf(extension, text)
		if data.Data == nil {
			t.Fatal("no data")
		}
		data.Type.show()
		for _, found := range findings {
			if found.Code == "" || found.Text == "" || found.Line > 0 && found.Column < 1 {
				t.Fatalf("not a finding: %+v", found)
			}
		}
	})
}
