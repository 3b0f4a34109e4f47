//go:build unix

package main

import (
	"os"
	"syscall"
)

// freeBytes is the room left for us on the disk of a path that is there.
func freeBytes(path string) (uint64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return 0, &os.PathError{Op: "statfs", Path: path, Err: err}
	}
	return uint64(s.Bavail) * uint64(s.Bsize), nil
}
