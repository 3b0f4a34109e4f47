package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
)

// Sum says how many rows there are, and is another one when any of them is: the sum of their hashes, in any order.
type Sum struct {
	Rows     int64
	Checksum uint64
}

// sums are those of a table.
type sums struct {
	all   Sum
	byRun map[int64]Sum // of the ledger
	run   int           // column of the run; -1: not of the ledger
	row   []byte        // is used again for each
}

func newSums(t Table, columns []string) *sums {
	s := &sums{byRun: map[int64]Sum{}, run: -1}
	if t.Name == "delivery" {
		s.run = slices.Index(columns, "run")
	}
	return s
}

// add adds a row, whose columns must always come in the same order.
func (s *sums) add(row []any) {
	s.row = s.row[:0]
	for _, value := range row {
		switch value := value.(type) {
		case nil:
			s.row = append(s.row, 0)
		case int64:
			s.row = binary.AppendVarint(append(s.row, 1), value)
		case string:
			s.row = append(binary.AppendUvarint(append(s.row, 2), uint64(len(value))), value...)
		case []byte:
			s.row = append(binary.AppendUvarint(append(s.row, 3), uint64(len(value))), value...)
		default: // which no column of ours has
			s.row = fmt.Appendf(append(s.row, 4), "%T %v", value, value)
		}
	}
	hash := sha256.Sum256(s.row)
	one := Sum{1, binary.BigEndian.Uint64(hash[:])}
	s.all = s.all.plus(one)
	if s.run >= 0 {
		run := row[s.run].(int64)
		s.byRun[run] = s.byRun[run].plus(one)
	}
}

func (s Sum) plus(other Sum) Sum {
	return Sum{s.Rows + other.Rows, s.Checksum + other.Checksum}
}

// compare returns where the copy is another one.
func (s *sums) compare(copied *sums) error {
	for _, run := range slices.Sorted(maps.Keys(s.byRun)) {
		if s.byRun[run] != copied.byRun[run] {
			return fmt.Errorf("run %d: %s, and read back %s", run, s.byRun[run], copied.byRun[run])
		}
	}
	if s.all != copied.all {
		return fmt.Errorf("%s, and read back %s", s.all, copied.all)
	}
	return nil
}

// String says it as people compare it.
func (s Sum) String() string { return fmt.Sprintf("%d rows with checksum %016x", s.Rows, s.Checksum) }
