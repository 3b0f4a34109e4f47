package send

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
)

// ForgetOutbox removes the mails to an address from an outbox's folder, and returns how many those were. It reads only headers. A
// folder that is not there holds none.
func ForgetOutbox(dir, email string) (removed int, err error) {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("open the outbox: %w", err)
	}
	defer root.Close()
	var problems []error
	for _, pattern := range []string{"*.eml", ".ids/new-*"} { // those were left by a process that was killed
		names, err := fs.Glob(root.FS(), pattern)
		if err != nil {
			return 0, err
		}
		for _, name := range names {
			theirs, err := isTo(root, name, email)
			if err == nil && theirs {
				err = root.Remove(filepath.FromSlash(name))
			}
			switch {
			case err != nil:
				problems = append(problems, fmt.Errorf("look at a mail in the outbox: %w", err))
			case theirs:
				removed++
			}
		}
	}
	return removed, errors.Join(problems...)
}

// maxHeader is more than any header that this program writes.
const maxHeader = 64 << 10

// isTo reports whether a mail has an address among its recipients. What is no mail has none.
func isTo(root *os.Root, name, email string) (bool, error) {
	name = filepath.FromSlash(name)
	if info, err := root.Lstat(name); err != nil || !info.Mode().IsRegular() { // a pipe would never answer
		return false, err
	}
	file, err := root.Open(name)
	if err != nil {
		return false, err
	}
	defer file.Close()
	message, err := mail.ReadMessage(bufio.NewReader(io.LimitReader(file, maxHeader)))
	if err != nil {
		return false, nil
	}
	for _, field := range []string{"To", "Cc", "Bcc"} {
		list, err := message.Header.AddressList(field)
		if err != nil {
			continue
		}
		for _, address := range list {
			if strings.EqualFold(address.Address, email) {
				return true, nil
			}
		}
	}
	return false, nil
}
