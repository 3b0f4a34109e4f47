package track

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"germane/store"
)

// links keeps the link tables of versions in memory. A version never changes, so that what was read once stays true; and only
// tokens that we signed name a version, so that nobody outside decides what is kept.
type links struct {
	store store.Links
	most  int // links that are kept at a time, of all versions

	mu     sync.RWMutex
	tables map[uint32]*table
	count  int          // of links in all tables
	tick   atomic.Int64 // counts uses, to know which table was used least recently
}

type table struct {
	links map[place]*link
	used  atomic.Int64
}

// place is a link in a version.
type place struct{ message, id int }

// mostLinks takes about 100 MB.
const mostLinks = 250_000

func newLinks(s store.Links, most int) *links {
	return &links{store: s, most: most, tables: map[uint32]*table{}}
}

// find returns a link, or [store.ErrNotFound].
func (l *links) find(ctx context.Context, version uint32, message, id int) (*link, error) {
	l.mu.RLock()
	t := l.tables[version]
	l.mu.RUnlock()
	if t == nil {
		var err error
		if t, err = l.load(ctx, version); err != nil {
			return nil, err
		}
	}
	t.used.Store(l.tick.Add(1))
	if found := t.links[place{message, id}]; found != nil {
		return found, nil
	}
	return nil, fmt.Errorf("link %d of message %d in version %d: %w", id, message, version, store.ErrNotFound)
}

// load reads a table from the database and keeps it.
func (l *links) load(ctx context.Context, version uint32) (*table, error) {
	rows, err := l.store.VersionLinks(ctx, int64(version))
	if err != nil {
		return nil, fmt.Errorf("links of version %d: %w", version, err)
	}
	t := &table{links: make(map[place]*link, len(rows))}
	for i := range rows {
		if made, ok := newLink(&rows[i]); ok {
			t.links[place{rows[i].Message, rows[i].ID}] = made
		}
	}
	l.keep(version, t)
	return t, nil
}

func (l *links) keep(version uint32, t *table) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tables[version] != nil {
		return
	}
	l.tables[version] = t
	t.used.Store(l.tick.Add(1))
	l.count += len(t.links)
	for l.count > l.most && len(l.tables) > 1 {
		l.drop()
	}
}

// drop lets go of the table that was used least recently.
func (l *links) drop() {
	var oldest uint32
	var least *table
	for version, t := range l.tables {
		if least == nil || t.used.Load() < least.used.Load() {
			oldest, least = version, t
		}
	}
	delete(l.tables, oldest)
	l.count -= len(least.links)
}

// warmVersions is how many of the latest versions are read at the start.
const warmVersions = 50

// warm reads the tables of the latest versions up to the newest one, which need not be the current one.
func (l *links) warm(ctx context.Context, current int64) error {
	newest := current
	for {
		_, err := l.load(ctx, uint32(newest+1))
		if errors.Is(err, store.ErrNotFound) {
			break
		}
		if err != nil {
			return err
		}
		newest++
	}
	for version := newest; version > max(0, newest-warmVersions); version-- {
		if _, err := l.load(ctx, uint32(version)); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}
