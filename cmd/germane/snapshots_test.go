package main

import (
	"slices"
	"testing"
	"time"
)

// TestSnapshotsReadBack reads what was written, also when a checkout gave it other line ends.
func TestSnapshotsReadBack(t *testing.T) {
	t.Parallel()
	f := &snapshotFile{template: "weekly", at: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
	for _, persona := range []string{"ann", "bob"} {
		s := snapshot{persona: persona}
		for _, line := range []string{"subject: # no comment", "text:", "", "  two\nlines\x1b", "bob"} {
			s.add(line)
		}
		f.list = append(f.list, s)
	}
	for _, data := range []string{string(f.bytes()), crlf(string(f.bytes()))} {
		got, ok := readSnapshots("weekly", []byte(data))
		if !ok || !got.at.Equal(f.at) || len(got.list) != 2 {
			t.Fatalf("got %+v", got)
		}
		for i := range got.list {
			if got.list[i].persona != f.list[i].persona || !slices.Equal(got.list[i].lines, f.list[i].lines) {
				t.Errorf("got %+v, want %+v", got.list[i], f.list[i])
			}
		}
	}
}

func crlf(s string) string {
	var b []byte
	for i := range len(s) {
		if s[i] == '\n' {
			b = append(b, '\r')
		}
		b = append(b, s[i])
	}
	return string(b)
}

// FuzzReadSnapshots reads files that anybody may have changed.
func FuzzReadSnapshots(f *testing.F) {
	f.Add([]byte("# Seen at 2026-11-22T09:00:00Z; x\n\nann\n  subject: a\n\n"))
	f.Add([]byte("\r\n  \n# Seen at \nann"))
	f.Fuzz(func(t *testing.T, data []byte) {
		read, ok := readSnapshots("weekly", data)
		if !ok || read.at.Year() < 0 || read.at.Year() > 9999 {
			return
		}
		again, ok := readSnapshots("weekly", read.bytes())
		if !ok || len(again.list) != len(read.list) {
			t.Fatalf("%q reads back as %+v", read.bytes(), again)
		}
	})
}
