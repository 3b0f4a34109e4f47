//go:build unix

package main

import (
	"errors"
	"os"
	"syscall"
)

// lock takes a lock that the kernel gives back when the process ends. The file stays: removing it would let two processes hold locks
// on two files of one name.
func lock(path string) (release func() error, held bool, err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, false, err
	}
	for {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return file.Close, false, nil
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EWOULDBLOCK):
			return nil, true, file.Close()
		}
		return nil, false, errors.Join(err, file.Close())
	}
}
