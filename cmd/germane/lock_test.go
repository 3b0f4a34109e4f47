package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestLockWorker(t *testing.T) {
	t.Parallel()
	database := filepath.Join(t.TempDir(), "germane.db")
	release, held, err := lockWorker(database)
	if err != nil || held {
		t.Fatal(held, err)
	}
	if _, held, err := lockWorker(database); err != nil || !held {
		t.Errorf("a second one: held %t, %v", held, err)
	}
	if _, held, err := lockWorker(database + "2"); err != nil || held {
		t.Errorf("another database: held %t, %v", held, err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if release, held, err = lockWorker(database); err != nil || held {
		t.Fatalf("after the release: held %t, %v", held, err)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := lockWorker(filepath.Join(database, "nothing", "germane.db")); err == nil {
		t.Error("a lock in a folder that is not there")
	}
}

func TestFreeBytes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	free, err := freeBytes(dir)
	if err != nil || free == 0 || free > 1<<60 {
		t.Errorf("%d free: %v", free, err)
	}
	if kind := networkFileSystem(dir); kind != "" {
		t.Errorf("the folder for temporary files lies on %s", kind)
	}
	if _, err := freeBytes(filepath.Join(dir, "nothing")); !os.IsNotExist(err) {
		t.Errorf("a path that is not there: %v", err)
	}
}
