package audience

import "testing"

func TestUpdateMerge(t *testing.T) {
	t.Parallel()
	old := Stored{ID: "u1", Email: "a@acme.example", Locale: "en", Attributes: []byte(`{"plan":"trial","points":3}`), ObservedAt: 10, Exceptions: []byte(`{"points":5}`)}
	for name, test := range map[string]struct {
		update                 Update
		attributes, exceptions string
		observed               int64
		same                   bool
	}{
		"nothing":             {Update{ID: "u1"}, `{"plan":"trial","points":3}`, `{"points":5}`, 10, true},
		"the same, later":     {Update{Attributes: []byte(`{"plan":"trial","points":3}`)}, `{"plan":"trial","points":3}`, ``, 99, false},
		"one":                 {Update{Attributes: []byte(`{"plan":"pro"}`)}, `{"plan":"pro","points":3}`, `{"points":5}`, 99, false},
		"unordered":           {Update{Attributes: []byte(` {"zip":"1","plan":"pro"}`), ObservedAt: 5}, `{"plan":"pro","points":3,"zip":"1"}`, ``, 5, false},
		"cleared":             {Update{Attributes: []byte(`{"plan":null}`), ObservedAt: 20}, `{"points":3}`, `{"points":5}`, 20, false},
		"all cleared":         {Update{Attributes: []byte(`{"plan":null,"points":null}`)}, `{}`, ``, 99, false},
		"with times":          {Update{Attributes: []byte(`{"a":1,"plan":"pro"}`), ObservedAt: 20, Exceptions: []byte(`{"a":7}`)}, `{"a":1,"plan":"pro","points":3}`, `{"a":7,"points":5}`, 20, false},
		"kept gets its time":  {Update{Attributes: []byte(`{"points":4}`), ObservedAt: 20}, `{"plan":"trial","points":4}`, `{"plan":10}`, 20, false},
		"fields":              {Update{Email: "b@acme.example", TimeZone: "Asia/Tokyo", Clear: ClearLocale}, `{"plan":"trial","points":3}`, `{"points":5}`, 10, false},
		"what was set before": {Update{Email: "a@acme.example", Locale: "en"}, `{"plan":"trial","points":3}`, `{"points":5}`, 10, true},
	} {
		got, changed, err := test.update.Merge(&old, 99)
		if err != nil || changed == test.same || string(got.Attributes) != test.attributes || string(got.Exceptions) != test.exceptions || got.ObservedAt != test.observed {
			t.Errorf("%s: got %s %s at %d, changed %v, %v", name, got.Attributes, got.Exceptions, got.ObservedAt, changed, err)
		}
	}
}

func TestUpdateNew(t *testing.T) {
	t.Parallel()
	u := Update{ID: "u1", Attributes: []byte(`{"a":null,"b":"null","c":1}`), Exceptions: []byte(`{"c":7}`)}
	got, err := u.New(99)
	if err != nil || string(got.Attributes) != `{"b":"null","c":1}` || string(got.Exceptions) != `{"c":7}` || got.ObservedAt != 99 {
		t.Errorf("got %s %s at %d, %v", got.Attributes, got.Exceptions, got.ObservedAt, err)
	}
	u = Update{Attributes: []byte(`{"a":`), Exceptions: []byte(`{}`)}
	if _, err := u.New(99); err == nil {
		t.Error("damaged JSON was taken")
	}
}

func TestMailableAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		" Ann.B+x@Acme.example ":       "Ann.B+x@Acme.example",
		"o'neil@acme.example":          "o'neil@acme.example",
		"carl@bücher.example":          "carl@xn--bcher-kva.example",
		"käthe@acme.example":           "",
		"ann@localhost":                "",
		"ann@-acme.example":            "",
		"ann@acme..example":            "",
		"ann..b@acme.example":          "",
		"Ann <ann@acme.example>":       "",
		"ann@acme.example\r\nBcc: x@y": "",
		"@acme.example":                "",
		"ann":                          "",
		"":                             "",
	} {
		got, problem := MailableAddress(text)
		if got != want || (problem == "") != (want != "") {
			t.Errorf("%q: got %q (%s), want %q", text, got, problem, want)
		}
	}
	if AddressKey("Carl@BÜCHER.example") != AddressKey("carl@xn--bcher-kva.example") {
		t.Error("two ways to write an address differ")
	}
}
