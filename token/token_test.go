package token

import (
	"bytes"
	"encoding/base64"
	"math"
	"reflect"
	"strings"
	"testing"
)

func key(id uint8) Key {
	return Key{ID: id, Master: bytes.Repeat([]byte{id}, 32)}
}

func newKeys(tb testing.TB, keys ...Key) *Keys {
	tb.Helper()
	k, err := NewKeys(keys...)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

var (
	ann  = Delivery{Version: 7, Message: 1, Run: 12, Person: 1001, Occasion: 0}
	most = Delivery{math.MaxUint32, math.MaxUint16, math.MaxUint32, math.MaxUint64, math.MaxUint16}
)

func TestClickComesBack(t *testing.T) {
	t.Parallel()
	keys := newKeys(t, key(1))
	s := keys.Signer()
	for _, want := range []Click{
		{Delivery: ann, Link: 0},
		{Delivery: most, Link: math.MaxInt32},
		{Delivery: ann, Link: 3, Values: []string{"a%20b"}},
		{Delivery: ann, Link: 3, Values: []string{"", "x/y", strings.Repeat("é", 2000)}},
	} {
		path := string(s.AppendClick([]byte("before"), want.Delivery, want.Link, want.Values))
		got, ok := keys.Click(strings.TrimPrefix(path, "before"))
		if !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v %v, want %+v", path, got, ok, want)
		}
	}
}

func TestOpenAndManageComeBack(t *testing.T) {
	t.Parallel()
	keys := newKeys(t, key(1))
	s := keys.Signer()
	if got, ok := keys.Open(string(s.AppendOpen(nil, most))); !ok || got != most {
		t.Errorf("open: got %+v %v", got, ok)
	}
	want := Manage{Person: math.MaxUint64, Topic: math.MaxUint32 - 1, Run: 12, Occasion: 3}
	for _, page := range []Page{Unsubscribe, Preferences} {
		if got, ok := keys.Manage(page, string(s.AppendManage(nil, page, want))); !ok || got != want {
			t.Errorf("page %d: got %+v %v", page, got, ok)
		}
	}
}

// TestTokensStayWhatTheyAre holds the format: mails that were sent years ago must still unsubscribe.
func TestTokensStayWhatTheyAre(t *testing.T) {
	t.Parallel()
	s := newKeys(t, key(1)).Signer()
	for name, c := range map[string]struct{ got, want string }{
		"click":       {string(s.AppendClick(nil, ann, 3, nil)), goldenClick},
		"values":      {string(s.AppendClick(nil, ann, 3, []string{"a", "b"})), goldenValues},
		"open":        {string(s.AppendOpen(nil, ann)), goldenOpen},
		"unsubscribe": {string(s.AppendManage(nil, Unsubscribe, Manage{Person: 1001, Topic: 2, Run: 12})), goldenUnsubscribe},
		"preferences": {string(s.AppendManage(nil, Preferences, Manage{Person: 1001, Topic: 2, Run: 12})), goldenPreferences},
	} {
		if c.got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, c.got, c.want)
		}
	}
}

const (
	goldenClick       = "AQAAAAcAAQAAAAwAAAAAAAAD6QAABrL21s3ICkxrQ-xtqXszcQ/3"
	goldenValues      = "AQAAAAcAAQAAAAwAAAAAAAAD6QAAmwdIFSvYC3IbtQBQgVwyUw/3/AWEBYq2cffMzp4EHnlAgIyTVZaQ"
	goldenOpen        = "AQAAAAcAAQAAAAwAAAAAAAAD6QAAz0lkfPyOTl3pVlLubKT87Q"
	goldenUnsubscribe = "AQAAAAAAAAPpAAAAAgAAAAwAAPfx8-_y1YKdvXiBwrE6j7k"
	goldenPreferences = "AQAAAAAAAAPpAAAAAgAAAAwAAPemykKC3jkdzSx1DC_dr_w"
)

func TestForgedClicksAreRefused(t *testing.T) {
	t.Parallel()
	keys := newKeys(t, key(1))
	s := keys.Signer()
	plain := string(s.AppendClick(nil, ann, 3, nil))
	valued := string(s.AppendClick(nil, ann, 3, []string{"one", "two"}))
	other := ann
	other.Person++
	others := string(s.AppendClick(nil, other, 3, []string{"one", "two"}))
	token, _, _ := strings.Cut(plain, "/")
	valuedToken, _, _ := strings.Cut(valued, "/")
	othersValues := others[strings.LastIndex(others, "/")+1:]
	values := valued[strings.LastIndex(valued, "/")+1:]
	for name, path := range map[string]string{
		"nothing":                       "",
		"no link":                       token,
		"empty link":                    token + "/",
		"another link":                  token + "/4",
		"signed link":                   token + "/+3",
		"zeros in front":                token + "/03",
		"negative link":                 token + "/-3",
		"huge link":                     token + "/99999999999999999999",
		"a slash behind":                plain + "/",
		"values added":                  token + "/3/" + values,
		"values cut off":                valuedToken + "/3",
		"values emptied":                valuedToken + "/3/",
		"another person's values":       valuedToken + "/3/" + othersValues,
		"values cut":                    valued[:len(valued)-4],
		"values extended":               valued + "AAAA",
		"values twice":                  valued + "/" + values,
		"token cut":                     token[:len(token)-1] + "/3",
		"token extended":                token + "A/3",
		"token padded":                  token + "==/3",
		"ten thousand bytes":            strings.Repeat("A", 10_000) + "/3",
		"ten thousand bytes of values":  valuedToken + "/3/" + strings.Repeat("A", 10_000),
		"a line break inside the token": token[:10] + "\n" + token[10:] + "/3",
		"nothing but line breaks":       strings.Repeat("\n", len(token)) + "/3",
		"a line break for a letter":     token[:10] + "\n" + token[11:] + "/3",
		"a line break in the values":    valued[:len(valued)-3] + "\r\n" + valued[len(valued)-3:],
		"an open":                       string(s.AppendOpen(nil, ann)) + "/3",
		"an evil address":               "//evil.example",
		"the standard alphabet":         strings.NewReplacer("-", "+", "_", "/").Replace(token) + "+/3",
	} {
		if got, ok := keys.Click(path); ok {
			t.Errorf("%s: %s is taken for %+v", name, path, got)
		}
	}
}

func TestNoBitCanBeChanged(t *testing.T) {
	t.Parallel()
	keys := newKeys(t, key(1), key(2))
	s := keys.Signer()
	token, _, _ := strings.Cut(string(s.AppendClick(nil, ann, 3, nil)), "/")
	raw, _ := base64.RawURLEncoding.DecodeString(token)
	for i := range raw {
		for bit := range 8 {
			changed := bytes.Clone(raw)
			changed[i] ^= 1 << bit
			if _, ok := keys.Click(base64.RawURLEncoding.EncodeToString(changed) + "/3"); ok {
				t.Errorf("byte %d bit %d may be changed", i, bit)
			}
		}
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for _, letter := range alphabet {
		if same := token[:len(token)-1] + string(letter); same != token {
			if _, ok := keys.Click(same + "/3"); ok {
				t.Errorf("%s is a second way to write %s", same, token)
			}
		}
	}
}

func TestPurposesCannotBeSwapped(t *testing.T) {
	t.Parallel()
	keys := newKeys(t, key(1))
	s := keys.Signer()
	m := Manage{Person: 1001, Topic: 2, Run: 12}
	leave, choose := string(s.AppendManage(nil, Unsubscribe, m)), string(s.AppendManage(nil, Preferences, m))
	click, open := string(s.AppendClick(nil, ann, 0, nil)), string(s.AppendOpen(nil, ann))
	for _, token := range []string{choose, click, strings.TrimSuffix(click, "/0"), open} {
		if _, ok := keys.Manage(Unsubscribe, token); ok {
			t.Errorf("%s unsubscribes", token)
		}
	}
	for _, token := range []string{leave, click, open} {
		if _, ok := keys.Manage(Preferences, token); ok {
			t.Errorf("%s opens the preferences", token)
		}
	}
	for _, token := range []string{leave, choose, strings.TrimSuffix(click, "/0")} {
		if _, ok := keys.Open(token); ok {
			t.Errorf("%s counts an open", token)
		}
	}
}

func TestKeysRotate(t *testing.T) {
	t.Parallel()
	before, during, after := newKeys(t, key(1)), newKeys(t, key(2), key(1)), newKeys(t, key(2))
	old := string(before.Signer().AppendClick(nil, ann, 3, []string{"v"}))
	young := string(during.Signer().AppendClick(nil, ann, 3, []string{"v"}))
	for name, c := range map[string]struct {
		keys  *Keys
		token string
		ok    bool
	}{
		"an old token, its key kept":      {during, old, true},
		"a new token":                     {during, young, true},
		"a new token, the old key gone":   {after, young, true},
		"an old token, its key gone":      {after, old, false},
		"a new token, its key not there":  {before, young, false},
		"another master with the same id": {newKeys(t, Key{ID: 1, Master: bytes.Repeat([]byte{9}, 32)}), old, false},
	} {
		if _, ok := c.keys.Click(c.token); ok != c.ok {
			t.Errorf("%s: %v", name, ok)
		}
	}
}

func TestBadKeysAreRefused(t *testing.T) {
	t.Parallel()
	for name, keys := range map[string][]Key{
		"none":      nil,
		"too short": {{ID: 1, Master: make([]byte, 31)}},
		"twice":     {key(1), key(1)},
	} {
		if _, err := NewKeys(keys...); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestSigningAllocatesNothing(t *testing.T) {
	s := newKeys(t, key(1)).Signer()
	buffer, list := make([]byte, 0, 4096), []string{"one", "two"}
	allocations := testing.AllocsPerRun(100, func() {
		buffer = s.AppendClick(buffer[:0], ann, 3, nil)
		buffer = s.AppendClick(buffer[:0], ann, 3, list)
		buffer = s.AppendOpen(buffer[:0], ann)
		buffer = s.AppendManage(buffer[:0], Unsubscribe, Manage{Person: 1})
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

// TestVerifyingIsForManyGoroutines is for the race detector.
func TestVerifyingIsForManyGoroutines(t *testing.T) {
	t.Parallel()
	keys := newKeys(t, key(1))
	path := string(keys.Signer().AppendClick(nil, ann, 3, []string{"v"}))
	done := make(chan bool)
	for range 4 {
		go func() {
			good := true
			for range 200 {
				_, ok := keys.Click(path)
				_, bad := keys.Click(path[1:])
				good = good && ok && !bad
			}
			done <- good
		}()
	}
	for range 4 {
		if !<-done {
			t.Error("a verification went wrong")
		}
	}
}

func FuzzClick(f *testing.F) {
	keys := newKeys(f, key(1), key(2))
	s := keys.Signer()
	f.Add(string(s.AppendClick(nil, ann, 3, nil)))
	f.Add(string(s.AppendClick(nil, ann, 3, []string{"one", "two"})))
	f.Add("//evil.example")
	f.Fuzz(func(t *testing.T, path string) {
		c, ok := keys.Click(path)
		if !ok {
			return
		}
		if again := string(keys.Signer().AppendClick(nil, c.Delivery, c.Link, c.Values)); again != path {
			t.Errorf("%q is taken for %+v, which is written %q", path, c, again)
		}
	})
}

func FuzzManage(f *testing.F) {
	keys := newKeys(f, key(1))
	s := keys.Signer()
	f.Add(string(s.AppendManage(nil, Unsubscribe, Manage{Person: 1, Topic: 2})), false)
	f.Add(string(s.AppendManage(nil, Preferences, Manage{Person: 1, Topic: 2})), true)
	f.Fuzz(func(t *testing.T, token string, preferences bool) {
		page := Unsubscribe
		if preferences {
			page = Preferences
		}
		m, ok := keys.Manage(page, token)
		if ok && string(keys.Signer().AppendManage(nil, page, m)) != token {
			t.Errorf("%q is taken for %+v", token, m)
		}
		if _, ok := keys.Open(token); ok {
			t.Errorf("%q counts an open", token)
		}
	})
}

func FuzzValues(f *testing.F) {
	f.Add([]byte{1, 'a', 2, 'b', 'c'})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, raw []byte) {
		list, ok := readValues(raw)
		if ok && len(list) > len(raw) {
			t.Errorf("%d values in %d bytes", len(list), len(raw))
		}
	})
}

func BenchmarkAppendClick(b *testing.B) {
	s := newKeys(b, key(1)).Signer()
	var buffer []byte
	b.ReportAllocs()
	for b.Loop() {
		buffer = s.AppendClick(buffer[:0], ann, 3, nil)
	}
}

func BenchmarkAppendClickWithValues(b *testing.B) {
	s := newKeys(b, key(1)).Signer()
	var buffer []byte
	list := []string{"spring-sale", "42"}
	b.ReportAllocs()
	for b.Loop() {
		buffer = s.AppendClick(buffer[:0], ann, 3, list)
	}
}

func BenchmarkClick(b *testing.B) {
	keys := newKeys(b, key(1))
	path := string(keys.Signer().AppendClick(nil, ann, 3, nil))
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := keys.Click(path); !ok {
			b.Fatal("refused")
		}
	}
}
