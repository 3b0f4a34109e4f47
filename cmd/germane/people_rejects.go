package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"strconv"

	"germane/audience"
)

// rejectsFile lists rejected rows. It is made with the first one; only its owner may read it, as reasons quote what rows say.
type rejectsFile struct {
	path  string
	file  *os.File
	table *csv.Writer
}

func (r *rejectsFile) add(line int, column, reason string) error {
	if r.file == nil {
		file, err := os.OpenFile(r.path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return hint(fmt.Errorf("list rejected rows: %w", err), "--rejects names another file")
		}
		r.file, r.table = file, csv.NewWriter(file)
		if err := r.table.Write([]string{"line", "column", "reason"}); err != nil {
			return err
		}
	}
	return r.table.Write([]string{strconv.Itoa(line), audience.GuardCell(column), audience.GuardCell(reason)})
}

func (r *rejectsFile) close() error {
	if r.file == nil {
		return nil
	}
	r.table.Flush()
	return errors.Join(r.table.Error(), r.file.Close())
}
