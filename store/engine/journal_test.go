package engine

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"germane/store"
)

var (
	future  = time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC) // lines of the past have the time of their writing
	address = []byte("0123456789abcdef")
)

func remembered() *Memory {
	m := &Memory{}
	m.Withdrew(address, "tips", future)
	m.Suppressed(address, store.Bounced, future.Add(time.Second))
	m.Planned("weekly news", 7, "2026-11-23 again\n1 suppressed 00 x", future)
	return m
}

// TestJournalIsReadBack, also after damage: half a line, a block of zeros, other people's words.
func TestJournalIsReadBack(t *testing.T) {
	t.Parallel()
	want := []Entry{
		{At: future.UnixMilli(), Address: address, Topic: "tips"},
		{At: future.Add(time.Second).UnixMilli(), Address: address, Reason: store.Bounced},
		{At: future.UnixMilli(), Campaign: "weekly news", Run: 7, Occurrence: "2026-11-23 again 1 suppressed 00 x"},
	}
	for name, damage := range map[string]string{
		"none":           "",
		"half a line":    "1700000000000 withdrew 0a1b",
		"zeros":          strings.Repeat("\x00", 3*longestLine),
		"a long line":    "99999999999999 withdrew 30313233343536373839616263646566 " + strings.Repeat("x", longestLine) + " 1 suppressed 00 y",
		"a short hash":   "99999999999999 withdrew 0a1b tips",
		"no hash":        "99999999999999 suppressed zz bounced",
		"no topic":       "99999999999999 withdrew 30313233343536373839616263646566 ",
		"no number":      "99999999999999 planned 0a x",
		"a negative one": "99999999999999 planned 0a -1 x",
		"a huge one":     "99999999999999 planned 0a 9223372036854775807 x",
		"other words":    "99999999999999 hello 30313233343536373839616263646566 tips",
	} {
		file := filepath.Join(t.TempDir(), "n")
		if err := os.WriteFile(file+"-withdrawals", []byte(damage), 0o600); err != nil {
			t.Fatal(err)
		}
		n, err := OpenNote(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(n.Remember(remembered().Lines), n.Close()); err != nil {
			t.Fatal(err)
		}
		var got []Entry
		err = EachEntry([]string{"", n.Journal()}, time.Now().UnixMilli(), func(e Entry) error {
			got = append(got, e)
			return nil
		})
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
	if err := EachEntry([]string{filepath.Join(t.TempDir(), "missing")}, 0, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// TestJournalRemembersWhenItWasTold: what happened long ago is told now, and a backup made in between does not know it.
func TestJournalRemembersWhenItWasTold(t *testing.T) {
	t.Parallel()
	before := time.Now().UnixMilli()
	m := &Memory{}
	m.Withdrew(address, "tips", time.Unix(0, 0))
	if e, ok := parseEntry(m.Lines[0]); !ok || e.At < before {
		t.Errorf("got %+v, %v", e, ok)
	}
}

// TestJournalsTellTerminalsNothing: what journals say is printed, and anybody may have written them.
func TestJournalsTellTerminalsNothing(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]Entry{
		"1 suppressed 30313233343536373839616263646566 bounced\x1b[2J":   {At: 1, Address: address, Reason: "bounced[2J"},
		"1 withdrew 30313233343536373839616263646566 ti\x00p\xffs\u009b": {At: 1, Address: address, Topic: "tips"},
		"1 planned 611b62 7 mon\x1bday":                                  {At: 1, Campaign: "ab", Run: 7, Occurrence: "monday"},
	} {
		if e, ok := parseEntry(line + "\n"); !ok || !reflect.DeepEqual(e, want) {
			t.Errorf("%q is %+v, %v", line, e, ok)
		}
	}
}

func TestNote(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "n")
	open := func() *Note {
		n, err := OpenNote(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { n.Close() })
		return n
	}
	n := open()
	if database, sequence, err := n.Seen(); database != "" || sequence != 0 || err != nil {
		t.Errorf("a new note says %q %d, %v", database, sequence, err)
	}
	if err := n.Compare("a", 5, "", 0); err != nil {
		t.Error(err)
	}
	n.Write(9)
	n.Write(7) // who is late
	n = open()
	database, sequence, err := n.Seen()
	if database != "a" || sequence != 9 || err != nil {
		t.Errorf("the note says %q %d, %v", database, sequence, err)
	}
	for _, test := range []struct {
		id       string
		sequence int64
		back     bool
	}{{"a", 9, false}, {"a", 8, true}, {"b", 8, false}} {
		if err := n.Compare(test.id, test.sequence, database, sequence); errors.Is(err, store.ErrWentBack) != test.back {
			t.Errorf("%+v: %v", test, err)
		}
	}
	if err := os.WriteFile(file+"-note", []byte("a x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := open().Seen(); err == nil {
		t.Error("a damaged note is taken for one")
	}
	var none *Note
	none.Write(1)
	if err := errors.Join(none.Remember([]string{"x"}), none.Close()); err != nil || none.Journal() != "" {
		t.Error(err)
	}
}

func FuzzJournal(f *testing.F) {
	for _, line := range remembered().Lines {
		f.Add([]byte(line))
	}
	f.Add([]byte("1 planned 61 1 \n\x00\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		read := func(data []byte) (all []Entry) {
			err := readJournal(bytes.NewReader(data), 0, func(e Entry) error {
				all = append(all, e)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			return all
		}
		for _, e := range read(data) {
			// What is believed would be written the same way.
			m := &Memory{}
			switch {
			case e.Run > 0:
				m.Planned(e.Campaign, e.Run, e.Occurrence, future)
			case e.Topic != "":
				m.Withdrew(e.Address, e.Topic, future)
			default:
				m.Suppressed(e.Address, e.Reason, future)
			}
			again := read([]byte(m.Lines[0]))
			e.At = future.UnixMilli()
			e.Topic, e.Occurrence = strings.ReplaceAll(e.Topic, "\r", " "), strings.ReplaceAll(e.Occurrence, "\r", " ")
			e.Reason = store.SuppressionReason(strings.ReplaceAll(string(e.Reason), "\r", " "))
			if len(again) != 1 || fmt.Sprint(again[0]) != fmt.Sprint(e) {
				t.Errorf("%q became %+v, and then %+v", data, e, again)
			}
		}
	})
}
