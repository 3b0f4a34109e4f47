package main

import (
	"errors"
	"os"
	"syscall"
)

// lock opens a file that nobody else may open meanwhile; Windows closes it when the process ends.
func lock(path string) (release func() error, held bool, err error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, false, err
	}
	const sharedWithNobody, sharingViolation = 0, syscall.Errno(32)
	handle, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, sharedWithNobody, nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	switch {
	case errors.Is(err, sharingViolation):
		return nil, true, nil
	case err != nil:
		return nil, false, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return func() error { return syscall.CloseHandle(handle) }, false, nil
}
