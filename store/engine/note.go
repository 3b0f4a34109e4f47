package engine

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"

	"germane/store"
)

// Note is two files of this machine that belong to a database, so that a restored backup neither sends again nor forgets who withdrew.
// NAME-note holds which database this is and how often its ledger was written: behind that, it went back in time. NAME-withdrawals is
// the journal: it has a line for everybody who withdrew, was suppressed or erased, by hash, and for every run, written before the
// transaction commits; [ReadJournal] reads it. Neither holds an address.
//
// A nil Note notes nothing.
type Note struct {
	file     *os.File
	journal  *os.File
	database string // its id

	mutex   sync.Mutex
	highest int64 // how often the ledger was written, as far as this process knows
}

// OpenNote opens the files of a name, or makes them.
func OpenNote(name string) (*Note, error) {
	n := &Note{}
	var err error
	if n.file, err = os.OpenFile(name+"-note", os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, err
	}
	if n.journal, err = os.OpenFile(name+"-withdrawals", os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

// Seen returns which database was noted, and how often its ledger had been written. It is asked before the database is: whatever another
// process notes meanwhile is in the database before.
func (n *Note) Seen() (database string, sequence int64, err error) {
	if n == nil {
		return "", 0, nil
	}
	var line [64]byte
	length, _ := n.file.ReadAt(line[:], 0) // a short note is a new one
	database, digits, ok := strings.Cut(strings.TrimSpace(string(line[:length])), " ")
	if !ok {
		return "", 0, nil
	}
	if sequence, err = strconv.ParseInt(digits, 10, 64); err != nil {
		return "", 0, fmt.Errorf("the note %s is damaged: %w", n.file.Name(), err)
	}
	return database, sequence, nil
}

// Compare returns [store.ErrWentBack] when a database's ledger was written less often than was noted, and from then on the note is the
// database's.
func (n *Note) Compare(database string, sequence int64, noted string, seen int64) error {
	if n != nil {
		n.database = database
	}
	if database == noted && sequence < seen {
		return fmt.Errorf("%w: its ledger was written %d times, and once %d: a backup was restored", store.ErrWentBack, sequence, seen)
	}
	return nil
}

// Write notes how often the ledger was written. A note that lags behind only notices less, so neither errors nor power cuts matter.
func (n *Note) Write(sequence int64) {
	if n == nil {
		return
	}
	n.mutex.Lock()
	defer n.mutex.Unlock()
	if sequence > n.highest {
		n.highest = sequence
		_, _ = n.file.WriteAt(fmt.Appendf(nil, "%s %020d\n", n.database, sequence), 0)
	}
}

// Remember writes lines to the journal and waits for the disk.
func (n *Note) Remember(lines []string) error {
	if n == nil || len(lines) == 0 {
		return nil
	}
	// The first line begins anew: a full disk or a power cut may have left half of one, which would take this one with it.
	if _, err := n.journal.WriteString("\n" + strings.Join(lines, "")); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	return n.journal.Sync()
}

// Journal is the file that Remember writes to; "" without one.
func (n *Note) Journal() string {
	if n == nil {
		return ""
	}
	return n.journal.Name()
}

// Close closes the files.
func (n *Note) Close() error {
	if n == nil {
		return nil
	}
	var problems []error
	for _, file := range []*os.File{n.file, n.journal} {
		if file != nil {
			problems = append(problems, file.Close())
		}
	}
	return errors.Join(problems...)
}
