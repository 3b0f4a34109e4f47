package track

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"germane/store"
)

// shelf has versions 1 to last, each with as many links as its number.
type shelf struct {
	store.Links
	last  int64
	reads []int64
}

func (s *shelf) VersionLinks(_ context.Context, version int64) ([]store.Link, error) {
	s.reads = append(s.reads, version)
	if version < 1 || version > s.last {
		return nil, store.ErrNotFound
	}
	links := make([]store.Link, version)
	for i := range links {
		links[i] = store.Link{ID: i, Parts: []string{fmt.Sprint("https://acme.example/", version)}}
	}
	return links, nil
}

func TestTablesAreBounded(t *testing.T) {
	t.Parallel()
	s := &shelf{last: 100}
	l := newLinks(s, 100)
	find := func(version uint32) {
		t.Helper()
		if found, err := l.find(t.Context(), version, 0, 0); err != nil || found.target != fmt.Sprint("https://acme.example/", version) {
			t.Fatalf("version %d: %v, %v", version, found, err)
		}
	}
	for _, version := range []uint32{30, 40, 30, 31} { // 40 is used least recently
		find(version)
	}
	find(30)
	if got := fmt.Sprint(s.reads); got != "[30 40 31]" || l.count != 61 {
		t.Errorf("read %s, %d are kept", got, l.count)
	}
	find(99) // all others must go
	if len(l.tables) != 1 || l.count != 99 {
		t.Errorf("%d tables with %d links", len(l.tables), l.count)
	}
	if _, err := l.find(t.Context(), 101, 0, 0); !errors.Is(err, store.ErrNotFound) || len(l.tables) != 1 {
		t.Errorf("a version that is not there: %v", err)
	}
}

func TestWarmReadsTheLatest(t *testing.T) {
	t.Parallel()
	for current, want := range map[int64]int{100: 50, 70: 50, 3: 50} { // an old version may be current again
		s := &shelf{last: 100}
		l := newLinks(s, mostLinks)
		if err := l.warm(t.Context(), current); err != nil {
			t.Fatal(err)
		}
		for version := uint32(51); version <= 100; version++ {
			if l.tables[version] == nil {
				t.Fatalf("with %d as the current one, %d is missing", current, version)
			}
		}
		if len(l.tables) < want {
			t.Errorf("%d tables", len(l.tables))
		}
	}
}
