package send

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// outbox writes mails to a folder, for people to look at. Names sort by time: 20261122T090000.123456789Z-ID.eml.
//
// .ids holds a file for each delivery that says which name it got, so that a second try writes the same file or none. Its name is a
// hash, because folders may take Ab and aB for one.
type outbox struct {
	dir, ids string
	naming   sync.Mutex // one name for two tries at once
}

func openOutbox(dir string) (*outbox, error) {
	o := &outbox{dir: dir, ids: filepath.Join(dir, ".ids")}
	if err := os.MkdirAll(o.ids, 0o700); err != nil { // mails are about people
		return nil, fmt.Errorf("make the outbox: %w", err)
	}
	return o, nil
}

func (o *outbox) Send(ctx context.Context, m *Mail) Result {
	if err := ctx.Err(); err != nil {
		return notSent(err)
	}
	if reason := m.fault(); reason != "" {
		return refusedHere(reason)
	}
	name, err := o.name(m.ID)
	if err == nil {
		err = o.write(name, m.Bytes)
	}
	if err != nil {
		return Result{Outcome: NotSent, Code: "outbox", Text: err.Error()}
	}
	return Result{Outcome: Sent, ID: name}
}

// name is the file's name that a delivery got at its first try.
func (o *outbox) name(id string) (string, error) {
	o.naming.Lock()
	defer o.naming.Unlock()
	hash := sha256.Sum256([]byte(id))
	path := filepath.Join(o.ids, hex.EncodeToString(hash[:16]))
	name := time.Now().UTC().Format("20060102T150405.000000000Z") + "-" + id + ".eml"
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		_, err = file.WriteString(name)
		return name, errors.Join(err, file.Close())
	}
	if !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	first, err := os.ReadFile(path)
	if err == nil && !strings.HasSuffix(string(first), "-"+id+".eml") { // a try ended between making the file and writing it
		return name, os.WriteFile(path, []byte(name), 0o600)
	}
	return string(first), err
}

// write puts a whole file in its place at once, unless it is there.
func (o *outbox) write(name string, content []byte) error {
	path := filepath.Join(o.dir, name)
	if _, err := os.Lstat(path); err == nil {
		return nil
	}
	file, err := os.CreateTemp(o.ids, "new-")
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		err = errors.Join(err, os.Remove(file.Name()))
	}
	return err
}

func (o *outbox) Check(context.Context) error {
	file, err := os.CreateTemp(o.ids, "new-")
	if err != nil {
		return fmt.Errorf("write to the outbox: %w", err)
	}
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

func (o *outbox) Close() error { return nil }
