package console

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"germane/workspace"
)

// quiet is how long nothing may change before the files are read: editors write a file in several steps.
// Proofs wait until what was read is seen.
const (
	quiet  = 10 * time.Millisecond
	seenBy = 150 * time.Millisecond
)

// Watch builds the workspace anew whenever its files change, until the context ends. Only folders that a workspace has are watched: a
// database or an outbox beside them changes all the time.
func (p *Preview) Watch(ctx context.Context) error {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch the workspace: %w", err)
	}
	defer watcher.Close()
	w := &folderWatch{root: p.Dir, watcher: watcher}
	if err := w.begin(); err != nil {
		return fmt.Errorf("watch the workspace: %w", err)
	}
	changed, shown := time.NewTimer(0), time.NewTimer(seenBy) // something may have changed before it was watched
	for {
		select {
		case <-ctx.Done():
			return nil
		case event, open := <-watcher.Events:
			if !open {
				return errors.New("watch the workspace: it ended")
			}
			if w.matters(event) {
				changed.Reset(quiet)
			}
		case err := <-watcher.Errors: // events were lost
			p.Log.Warn("watch the workspace", "err", err)
			changed.Reset(quiet)
		case <-changed.C:
			p.workshop.read()
			shown.Reset(seenBy)
		case <-shown.C:
			p.workshop.prove()
		}
	}
}

type folderWatch struct {
	root    string
	watcher *fsnotify.Watcher
}

func (w *folderWatch) begin() error {
	if err := w.watcher.Add(w.root); err != nil {
		return err
	}
	for _, name := range workspace.Folders() {
		w.add(filepath.Join(w.root, name))
	}
	return nil
}

// maxFolders bounds how many folders are watched below one: a loop of links, or somebody's whole disk.
const maxFolders = 1000

// add watches a folder and those in it. One that is not there is watched when it comes.
func (w *folderWatch) add(folder string) {
	count := 0
	_ = filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return nil
		}
		if count++; count > maxFolders || strings.HasPrefix(entry.Name(), ".") {
			return fs.SkipDir
		}
		_ = w.watcher.Add(name) // it may be gone again
		return nil
	})
}

// matters reports whether an event can change what the workspace is, and watches new folders.
func (w *folderWatch) matters(event fsnotify.Event) bool {
	if event.Op == fsnotify.Chmod {
		return false
	}
	name, err := filepath.Rel(w.root, event.Name)
	if err != nil {
		return false
	}
	first, _, below := strings.Cut(filepath.ToSlash(name), "/")
	isFolder := slices.Contains(workspace.Folders(), first)
	if event.Has(fsnotify.Create) && isFolder {
		w.add(event.Name)
	}
	return isFolder || !below && filepath.Ext(first) == ".yaml"
}
