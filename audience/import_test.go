package audience

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf16"

	"germane/internal/document"
	"germane/internal/finding"
)

// importScope has an attribute of each kind.
func importScope(t testing.TB) *Catalogue {
	t.Helper()
	const yaml = "first_name: {type: string}\nplan: {type: string, values: [free, trial, pro]}\npoints: {type: int}\nscore: {type: float}\nvip: {type: bool}\nlast_order_at: {type: time}\ninterests: {type: list, of: string}\n"
	doc, findings := document.Parse(finding.NewFile("attributes.yaml", yaml).All(), document.Format{})
	catalogue, more := ReadCatalogue(doc)
	if findings = append(findings, more...); len(findings) > 0 {
		t.Fatal(findings)
	}
	return catalogue
}

// imported reads everything and writes one line a row.
func imported(im *Importer) (lines []string) {
	for {
		var u Update
		err := im.Next(&u)
		var row *RowError
		switch {
		case errors.Is(err, io.EOF):
			return lines
		case errors.As(err, &row):
			var columns []string
			for _, problem := range row.Problems {
				columns = append(columns, problem.Place)
			}
			lines = append(lines, fmt.Sprintf("%d bad %s", row.Line, strings.Join(columns, ",")))
		case err != nil:
			return append(lines, "error: "+err.Error())
		default:
			line := fmt.Sprintf("%d %s|%s|%s|%s|%d|%s", im.Line(), u.ID, u.Email, u.TimeZone, u.Locale, u.Clear, u.Attributes)
			for _, topic := range u.Topics {
				line += fmt.Sprintf("|%s=%s", topic.Topic, topic.State)
			}
			lines = append(lines, line)
		}
	}
}

func encodeUTF16(s string, bigEndian bool) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		if bigEndian {
			b = append(b, byte(unit>>8), byte(unit))
		} else {
			b = append(b, byte(unit), byte(unit>>8))
		}
	}
	return string(b)
}

func TestImportCSV(t *testing.T) {
	t.Parallel()
	const plain = "id,email,first_name\n1,a@acme.example,Ann\n2,b@acme.example,Bøb 😀\n"
	read := []string{`2 1|a@acme.example|||0|{"first_name":"Ann"}`, `3 2|b@acme.example|||0|{"first_name":"Bøb 😀"}`}
	for name, test := range map[string]struct {
		source  string
		options ImportOptions
		want    []string
	}{
		"plain":              {source: plain, want: read},
		"byte order mark":    {source: "\ufeff" + plain, want: read},
		"CRLF":               {source: strings.ReplaceAll(plain, "\n", "\r\n"), want: read},
		"CR":                 {source: strings.ReplaceAll(plain, "\n", "\r"), want: read},
		"no last end":        {source: strings.TrimSuffix(plain, "\n"), want: read},
		"tabs":               {source: strings.ReplaceAll(plain, ",", "\t"), want: read},
		"semicolons":         {source: strings.ReplaceAll(plain, ",", ";"), want: read},
		"bars":               {source: strings.ReplaceAll(plain, ",", "|"), want: read},
		"UTF-16 little":      {source: encodeUTF16("\ufeff"+plain, false), want: read},
		"UTF-16 big":         {source: encodeUTF16("\ufeff"+plain, true), want: read},
		"UTF-16 without BOM": {source: encodeUTF16(plain, false), want: read},
		"Excel's own line":   {source: "sep=;\nid;email;first_name\n1;a@acme.example;Ann\n", want: []string{`3 1|a@acme.example|||0|{"first_name":"Ann"}`}},
		"quotes": {
			source: "\"id\",\"email\",first_name\n1,a@acme.example,\"Ann \"\"A\"\", the\r\nfirst\"\n\n2,\"b@acme.example\",5\" disk\n",
			want:   []string{`2 1|a@acme.example|||0|{"first_name":"Ann \"A\", the\nfirst"}`, `5 2|b@acme.example|||0|{"first_name":"5\" disk"}`},
		},
		"bad rows lose nothing else": {
			source: "id,email,plan,points\n1,a@acme.example,gold,x\n2,b@acme.example\n3,c@acme.example,\"pro\" x,1\n,,free,1\n5,\"e@acme.example,pro,1\n6,Fred <f@acme.example>,free,1\n7,\xe9@acme.example,free,1\n8,h@acme.example,pro,3\n",
			want:   []string{"2 bad plan,points", "3 bad ", "4 bad ", "5 bad ", "6 bad ", "7 bad email", "8 bad email", `9 8|h@acme.example|||0|{"plan":"pro","points":3}`},
		},
		"empty clears, absent keeps": {
			source: "email,time_zone,locale,plan\na@acme.example,,,\nb@acme.example,Europe/London,en-GB, pro \n",
			want:   []string{`2 |a@acme.example|||3|{"plan":null}`, `3 |b@acme.example|Europe/London|en-GB|0|{"plan":"pro"}`},
		},
		"values as spreadsheets write them": {
			source: "id,points,score,vip,last_order_at,interests,first_name\n1,3.0,1.5,TRUE,2026-03-01 10:00:00,\"a, b\",'=1+1\n2,-3,2,no,2026-03-01,,<b>\n",
			want: []string{
				`2 1||||0|{"first_name":"=1+1","interests":["a","b"],"last_order_at":"2026-03-01T10:00:00Z","points":3,"score":1.5,"vip":true}`,
				`3 2||||0|{"first_name":"\u003cb\u003e","interests":null,"last_order_at":"2026-03-01T00:00:00Z","points":-3,"score":2.0,"vip":false}`,
			},
		},
		"Mailchimp": {
			source: "Email Address,First Name,MEMBER_RATING,TIMEZONE,LANGUAGE,LEID,EUID\na@acme.example,Ann,2,Europe/London,en,1,e1\n", options: ImportOptions{IgnoreUnknown: true},
			want: []string{`2 1|a@acme.example|Europe/London|en|0|{"first_name":"Ann"}`},
		},
		"Klaviyo": {
			source: "Email,Klaviyo ID,$first_name,$timezone\na@acme.example,K1,Ann,Europe/London\n", options: ImportOptions{},
			want: []string{`2 K1|a@acme.example|Europe/London||0|{"first_name":"Ann"}`},
		},
		"HubSpot": {
			source: "Record ID - Contact,First Name,Email,Time Zone,Preferred language\n7,Ann,a@acme.example,Europe/London,en\n",
			want:   []string{`2 7|a@acme.example|Europe/London|en|0|{"first_name":"Ann"}`},
		},
		"Customer.io": {
			source: "cio_id,id,email,firstName\nc1,7,a@acme.example,Ann\n", options: ImportOptions{Map: map[string]string{"cio_id": "-"}},
			want: []string{`2 7|a@acme.example|||0|{"first_name":"Ann"}`},
		},
		"map": {
			source: "Kunde,Post,Stufe\n7,a@acme.example,pro\n", options: ImportOptions{Map: map[string]string{"kunde": "id", "Post": "email", "Stufe": "plan"}},
			want: []string{`2 7|a@acme.example|||0|{"plan":"pro"}`},
		},
	} {
		test.options.Catalogue = importScope(t)
		for _, source := range []io.Reader{strings.NewReader(test.source), iotest.OneByteReader(strings.NewReader(test.source))} {
			im, err := ImportCSV(source, test.options)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if got := imported(im); !slices.Equal(got, test.want) {
				t.Errorf("%s: got\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		}
	}
}

func TestImportCSVHeader(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"":                                 "the file is empty",
		"first_name\nAnn\n":                "no column is an id or an e-mail address",
		"id,email,frist_name\n":            "did you mean first_name?",
		"id,e-mail,mail\n":                 "mail: is not declared",
		"id,ID\n":                          `is id, and so is the column "id"`,
		"id,\"email\n":                     "the header has a quote that is not closed",
		"id,\xe9mail\n":                    "is not UTF-8",
		"id,nick\n":                        "nick: nickname is not declared",
		"id," + strings.Repeat("x", 1<<21): "is longer than",
	} {
		_, err := ImportCSV(strings.NewReader(source), ImportOptions{Catalogue: importScope(t), Map: map[string]string{"nick": "nickname"}})
		var header *HeaderError
		if !errors.As(err, &header) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: got %v, want %s", source, err, want)
		}
	}
	if _, err := ImportCSV(iotest.ErrReader(io.ErrClosedPipe), ImportOptions{Catalogue: importScope(t)}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}

func TestImportLongRows(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxRowBytes+10)
	source := "id,first_name\n1,\"" + long + "\n2," + long + "\n3,Ann\n"
	im, err := ImportCSV(strings.NewReader(source), ImportOptions{Catalogue: importScope(t)})
	if err != nil {
		t.Fatal(err)
	}
	if got := imported(im); !slices.Equal(got, []string{"2 bad ", "3 bad ", `4 3||||0|{"first_name":"Ann"}`}) {
		t.Errorf("got %v", got)
	}
	for _, extra := range []int{-13, -12, -11, -10, 0, 10} { // around the bound, no row may take its neighbour along
		line := `{"id":"` + strings.Repeat("x", maxRowBytes+extra) + "\"}\n"
		got := imported(ImportJSONL(strings.NewReader(line+`{"id":"2"}`+"\n"+`{"id":"3"}`), ImportOptions{Catalogue: importScope(t)}))
		if len(got) != 3 || !strings.HasPrefix(got[0], "1 bad") || got[1] != "2 2||||0|{}" || got[2] != "3 3||||0|{}" {
			t.Errorf("%d: got %d lines, %v", extra, len(got), got)
		}
	}
}

func TestImportJSONL(t *testing.T) {
	t.Parallel()
	const source = "\ufeff" + `{"id":"1","email":"Ann@bücher.example","locale":null,"attributes":{"plan":"pro","points":null,"nick":"A"},"topics":{"tips":"subscribed"}}` + "\r\n" +
		"\n" +
		`{"id":"2","attributes":{"plan":"gold","x":1},"topics":{"news":"none"}}` + "\n" +
		`{"email":"käthe@acme.example"}` + "\n" +
		`{"time_zone":""}` + "\n" +
		`[` + "\n" +
		`{"email":"a@acme.example","time_zone":"","observed_at":{"plan":"2026-03-01"}}`
	o := ImportOptions{Catalogue: importScope(t), Topics: []string{"tips"}, Map: map[string]string{"nick": "first_name"}}
	want := []string{
		`1 1|Ann@xn--bcher-kva.example|||2|{"first_name":"A","plan":"pro","points":null}|tips=subscribed`,
		"3 bad attributes.plan,attributes.x,topics.news", "4 bad email", "5 bad ", "6 bad ", `7 |a@acme.example|||1|{}`,
	}
	if got := imported(ImportJSONL(strings.NewReader(source), o)); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	o.IgnoreUnknown = true
	if got := imported(ImportJSONL(strings.NewReader(`{"id":"2","attributes":{"x":1},"topics":{"news":"none"}}`), o)); !slices.Equal(got, []string{"1 2||||0|{}"}) {
		t.Errorf("got %v", got)
	}
	var u Update
	if err := ImportJSONL(iotest.ErrReader(io.ErrClosedPipe), o).Next(&u); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}

func TestImportTimes(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	o := ImportOptions{Catalogue: importScope(t), ObservedAt: at.UnixMilli()}
	im := ImportJSONL(strings.NewReader(`{"id":"1","attributes":{"plan":"pro"}}`+"\n"+`{"id":"1","observed_at":"2026-03-02"}`), o)
	for _, want := range []time.Time{at, at.AddDate(0, 0, 1)} {
		var u Update
		if err := im.Next(&u); err != nil || u.ObservedAt != want.UnixMilli() {
			t.Errorf("observed at %d, %v; want %v", u.ObservedAt, err, want)
		}
	}
}

func TestGuardCell(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "", "Ann": "Ann", "=1+1": "'=1+1", "-3.5": "-3.5", "+1": "+1", "-3+x": "'-3+x", "@x": "'@x", "\tx": "'\tx"} {
		if got := GuardCell(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
		if got := cellText([]byte(GuardCell(text))); got != text {
			t.Errorf("%q comes back as %q", text, got)
		}
	}
}

func FuzzImportCSV(f *testing.F) {
	for _, seed := range []string{
		"id,email,first_name\n1,a@acme.example,Ann\n", "\ufeffid;plan\r\n1;\"p\"\"ro\"\r\n", "sep=|\nid|points\n\"1|2\n3|4", "id\tvip\r1\tTRUE\r", "id,email\n\"", "id\n\"\r",
		encodeUTF16("\ufeffid,email\n1,é@acme.example\n", true),
	} {
		f.Add([]byte(seed))
	}
	catalogue := importScope(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		im, err := ImportCSV(iotest.HalfReader(bytes.NewReader(data)), ImportOptions{Catalogue: catalogue, IgnoreUnknown: true})
		if err == nil {
			checkImport(t, im)
		}
		compareRecords(t, data)
	})
}

// checkImport reads everything: rows come in order, and what is accepted can be stored.
func checkImport(t *testing.T, im *Importer) {
	line := 0
	for {
		var u Update
		err := im.Next(&u)
		if errors.Is(err, io.EOF) {
			return
		}
		if im.Line() <= line {
			t.Fatalf("line %d after %d", im.Line(), line)
		}
		line = im.Line()
		var row *RowError
		if errors.As(err, &row) {
			if row.Line != line || len(row.Problems) == 0 {
				t.Fatalf("%+v on line %d", row, line)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		p, err := u.New(1)
		if err != nil || len(u.Attributes) > 0 && !json.Valid(u.Attributes) || len(p.Attributes) > 0 && !json.Valid(p.Attributes) || u.ID == "" && u.Email == "" {
			t.Fatalf("%+v: %v", u, err)
		}
	}
}

// compareRecords holds the cutting of records to encoding/csv's, where that accepts everything and both mean the same.
func compareRecords(t *testing.T, data []byte) {
	if bytes.IndexByte(data, '\r') >= 0 || bytes.IndexByte(data, 0) >= 0 || bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) || bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return
	}
	theirs := csv.NewReader(bytes.NewReader(data))
	theirs.FieldsPerRecord = -1
	want, err := theirs.ReadAll()
	if err != nil {
		return
	}
	ours := newRows(iotest.HalfReader(bytes.NewReader(data)))
	for i := 0; ; i++ {
		cells, line, problem, err := ours.record()
		if errors.Is(err, io.EOF) && i == len(want) {
			return
		}
		if err != nil || problem != "" || i >= len(want) {
			t.Fatalf("record %d on line %d: %s %v; want %d records", i, line, problem, err, len(want))
		}
		if got := fmt.Sprintf("%q", cells); got != fmt.Sprintf("%q", want[i]) {
			t.Fatalf("record %d is %s, want %q", i, got, want[i])
		}
	}
}

func FuzzImportJSONL(f *testing.F) {
	for _, seed := range []string{"{\"id\":\"1\"}\n{\"email\":\"a@acme.example\",\"locale\":null}\r\n", `{"id":"1","attributes":{"plan":null},"observed_at":{"plan":"2026-01-01"}}`} {
		f.Add([]byte(seed))
	}
	catalogue := importScope(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		checkImport(t, ImportJSONL(iotest.HalfReader(bytes.NewReader(data)), ImportOptions{Catalogue: catalogue, IgnoreUnknown: true}))
	})
}

func BenchmarkImportCSV(b *testing.B) {
	var source bytes.Buffer
	source.WriteString("id,email,first_name,plan,points,score,vip,last_order_at,interests\n")
	const people = 10_000
	for i := range people {
		fmt.Fprintf(&source, "u%d,u%d@acme.example,\"Person %d\",trial,%d,%d.5,true,2026-03-01T10:00:00Z,\"a,b\"\n", i, i, i, i%100, i%7)
	}
	catalogue := importScope(b)
	b.ReportAllocs()
	for b.Loop() {
		im, err := ImportCSV(bytes.NewReader(source.Bytes()), ImportOptions{Catalogue: catalogue})
		if err != nil {
			b.Fatal(err)
		}
		var u Update
		n := 0
		for im.Next(&u) == nil {
			n++
		}
		if n != people {
			b.Fatal(n)
		}
	}
	b.ReportMetric(float64(people*b.N)/b.Elapsed().Seconds(), "people/s")
}
