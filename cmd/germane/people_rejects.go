package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"germane/audience"
)

// rejectsFile lists rejected rows. It is made with the first one; only its owner may read it, as reasons may quote what rows say.
type rejectsFile struct {
	path  string
	home  home // the database's: a file beside it lists all files of rejects, so that forgetting somebody finds them
	file  *os.File
	table *csv.Writer
}

var rejectsHeader = []string{"line", "column", "reason"}

func (r *rejectsFile) add(line int, column, reason string) error {
	if r.file == nil {
		if err := r.start(); err != nil {
			return hint(fmt.Errorf("list rejected rows: %w", err), "--rejects names another file")
		}
	}
	return r.table.Write([]string{strconv.Itoa(line), audience.GuardCell(column), audience.GuardCell(reason)})
}

func (r *rejectsFile) start() error {
	if err := r.home.makeRoom(); err != nil {
		return err
	}
	if err := addLine(rejectsIndex(r.home.Beside), r.path); err != nil {
		return err
	}
	file, err := os.OpenFile(r.path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	r.file, r.table = file, csv.NewWriter(file)
	return r.table.Write(rejectsHeader)
}

func (r *rejectsFile) close() error {
	if r.file == nil {
		return nil
	}
	r.table.Flush()
	return errors.Join(r.table.Error(), r.file.Close())
}

// rejectsIndex is the file that lists files of rejects.
func rejectsIndex(beside string) string { return beside + "-rejects" }

// addLine adds the whole path of a file to an index, unless it is there.
func addLine(index, path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	known, err := readLines(index)
	if err != nil || slices.Contains(known, path) || strings.ContainsAny(path, "\r\n") {
		return err
	}
	file, err := os.OpenFile(index, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(path + "\n")
	return errors.Join(err, file.Close())
}

func readLines(path string) ([]string, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return strings.FieldsFunc(string(data), func(r rune) bool { return r == '\n' || r == '\r' }), err
}

// forgetRejects removes the lines that name an address or an id from all files of rejects, and returns how many those were.
func forgetRejects(index, email, id string) (removed int, err error) {
	paths, err := readLines(index)
	if err != nil {
		return 0, fmt.Errorf("find files of rejects: %w", err)
	}
	var problems []error
	for _, path := range paths {
		n, err := forgetLines(path, func(text string) bool { return names(text, email) || names(text, id) })
		removed += n
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, fmt.Errorf("clean %s: %w", path, err))
		}
	}
	return removed, errors.Join(problems...)
}

// forgetLines writes a file of rejects again without the lines that are about somebody.
func forgetLines(path string, about func(text string) bool) (removed int, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	in := csv.NewReader(bufio.NewReader(file))
	if header, err := in.Read(); err != nil || !slices.Equal(header, rejectsHeader) {
		return 0, nil // somebody else's by now
	}
	out, err := os.CreateTemp(filepath.Dir(path), ".rejects-")
	if err != nil {
		return 0, err
	}
	removed, err = copyLines(csv.NewWriter(out), in, about)
	if err = errors.Join(err, out.Close()); err == nil && removed > 0 {
		return removed, os.Rename(out.Name(), path)
	}
	return 0, errors.Join(err, os.Remove(out.Name()))
}

func copyLines(out *csv.Writer, in *csv.Reader, about func(text string) bool) (removed int, err error) {
	if err := out.Write(rejectsHeader); err != nil {
		return 0, err
	}
	for {
		line, err := in.Read()
		if errors.Is(err, io.EOF) {
			out.Flush()
			return removed, out.Error()
		}
		if err != nil {
			return 0, err
		}
		if about(line[2]) {
			removed++
		} else if err := out.Write(line); err != nil {
			return 0, err
		}
	}
}

// names reports whether a text has a word in it, whatever its case: the id u1 is not in u17.
func names(text, word string) bool {
	text, word = strings.ToLower(text), strings.ToLower(word)
	for word != "" {
		at := strings.Index(text, word)
		if at < 0 {
			return false
		}
		before, after := text[:at], text[at+len(word):]
		if !endsInWord(before) && (after == "" || !wordByte(after[0])) {
			return true
		}
		text = text[at+1:]
	}
	return false
}

func endsInWord(text string) bool { return text != "" && wordByte(text[len(text)-1]) }

func wordByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b >= 0x80
}
