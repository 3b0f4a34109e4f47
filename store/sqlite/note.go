package sqlite

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"germane/store"
)

// note is two files beside the database, so that a restored backup neither sends again nor forgets who withdrew. NAME-note holds
// which database this is and how often its ledger was written: behind that, it went back in time. NAME-withdrawals has a line for
// everybody who withdrew, was suppressed or erased, by hash, and for every run, written before the transaction commits;
// [Store.Restored] reads it. Neither holds an address.
type note struct {
	file     *os.File
	journal  *os.File
	database string // its id
}

// openNote compares the database with its note.
func (s *Store) openNote(ctx context.Context, path string, accept bool) error {
	n := &note{}
	s.note = n
	var err error
	if n.file, err = os.OpenFile(path+"-note", os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	if n.journal, err = os.OpenFile(path+"-withdrawals", os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600); err != nil {
		return err
	}
	// The note is read first: whatever another process writes to it meanwhile is in the database before.
	database, seen, err := n.read()
	if err != nil {
		return err
	}
	var sequence int64
	if _, err := s.row(ctx, `SELECT id, sequence FROM ledger`, nil, &n.database, &sequence); err != nil {
		return err
	}
	if database == n.database && sequence < seen && !accept {
		return fmt.Errorf("%w: its ledger was written %d times, and once %d: a backup was restored", store.ErrWentBack, sequence, seen)
	}
	return nil
}

func (n *note) read() (database string, sequence int64, err error) {
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

// write notes how often the ledger was written. A note that lags behind only notices less, so neither errors nor power cuts matter.
func (n *note) write(sequence int64) {
	if n != nil {
		_, _ = n.file.WriteAt(fmt.Appendf(nil, "%s %020d\n", n.database, sequence), 0)
	}
}

// withdrawn writes lines to the journal and waits for the disk.
func (n *note) withdrawn(lines []string) error {
	if n == nil || len(lines) == 0 {
		return nil
	}
	// The first line begins anew: a full disk or a power cut may have left half of one, which would take this one with it.
	if _, err := n.journal.WriteString("\n" + strings.Join(lines, "")); err != nil {
		return err
	}
	return n.journal.Sync()
}

func (n *note) close() error {
	var problems []error
	for _, file := range []*os.File{n.file, n.journal} {
		if file != nil {
			problems = append(problems, file.Close())
		}
	}
	return errors.Join(problems...)
}

// The kinds of lines in the journal; what follows them is a topic or a reason.
const (
	journalWithdrew   = "withdrew"
	journalSuppressed = "suppressed"
	journalPlanned    = "planned" // instead of a hash it has the campaign; then its run's id and occurrence
)

// remember adds a line to the journal when the transaction commits. Its time is when that is, as a provider may tell of a bounce, or an
// import of a withdrawal, that was long before: a backup made between the two knows nothing of it.
func (t *transaction) remember(kind string, address []byte, what string, at int64) {
	at = max(at, time.Now().UnixMilli())
	t.lines = append(t.lines, fmt.Sprintf("%d %s %x %s\n", at, kind, address, what))
}

// Restored makes a database that went back in time fit to send again: open runs are cancelled, what they had claimed is in doubt, those
// made since a time are entered again as cancelled, so that no occurrence is sent twice, and withdrawals, suppressions and erasures
// since then are done again. It returns how many runs are closed by that, and how many withdrawals are repeated.
func (s *Store) Restored(ctx context.Context, since, now time.Time) (runs, withdrawals int64, err error) {
	if _, err := s.Sweep(ctx, now, true); err != nil {
		return 0, 0, err
	}
	err = s.change(ctx, "repair a restored database", func(t *transaction) error {
		const cancel = `UPDATE run SET state = 'cancelled', note = 'the database was restored', finished = ? WHERE state NOT IN ('finished', 'cancelled')`
		if runs, err = t.changed(cancel, milliseconds(now)); err != nil {
			return err
		}
		missed := int64(0)
		if missed, withdrawals, err = s.replay(t, milliseconds(since)); err != nil {
			return err
		}
		runs += missed
		if err := t.skipNumbers(); err != nil {
			return err
		}
		_, seen, err := s.note.read()
		if err != nil {
			return err
		}
		_, err = t.row(`UPDATE ledger SET sequence = max(sequence, ?) + 1 RETURNING sequence`, []any{seen}, &t.sequence)
		return err
	})
	return runs, withdrawals, err
}

// skipNumbers leaves out the numbers that were given after the backup. They stand in links of mails that have gone out, and must not
// come to mean somebody or something else.
func (t *transaction) skipNumbers() error {
	const more = 1_000_000
	return t.run(`UPDATE sqlite_sequence SET seq = seq + ? WHERE name IN ('person', 'run', 'version', 'topic')`, more)
}

func (s *Store) replay(t *transaction, since int64) (runs, withdrawals int64, err error) {
	journal, err := os.Open(s.note.journal.Name())
	if err != nil {
		return 0, 0, err
	}
	defer journal.Close()
	lines := bufio.NewScanner(journal)
	for lines.Scan() {
		fields := strings.SplitN(lines.Text(), " ", 4)
		if len(fields) < 4 {
			continue // an empty one, or half of one from before a machine lost power
		}
		at, err := strconv.ParseInt(fields[0], 10, 64)
		address, broken := hex.DecodeString(fields[2])
		if err != nil || broken != nil || at < since {
			continue
		}
		if fields[1] == journalPlanned {
			n, err := t.planAgain(string(address), fields[3], at)
			if runs += n; err != nil {
				return runs, withdrawals, err
			}
			continue
		}
		withdrawals++
		if err := t.repeat(fields[1], address, fields[3], at); err != nil {
			return runs, withdrawals, err
		}
	}
	return runs, withdrawals, lines.Err()
}

// planAgain enters a run that the backup does not know, as one that is over.
func (t *transaction) planAgain(campaign, what string, at int64) (entered int64, err error) {
	number, occurrence, _ := strings.Cut(what, " ")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return 0, nil // the line is cut off
	}
	const insert = `INSERT INTO run (id, campaign, occurrence, manual, state, note, cut, due, created, finished)
		VALUES (?1, ?2, ?3, 0, 'cancelled', 'it was made after the backup: what became of it is not known', 1, ?4, ?4, ?4) ON CONFLICT DO NOTHING`
	if entered, err = t.changed(insert, id, campaign, occurrence, at); err != nil || entered == 0 {
		return entered, err
	}
	return entered, t.run(`INSERT INTO run_version (run, pin, version, at) VALUES (?, 0, '', ?)`, id, at)
}

// repeat does again what a line of the journal says.
func (t *transaction) repeat(kind string, address []byte, what string, at int64) error {
	switch {
	case kind == journalWithdrew:
		if err := t.run(`INSERT OR IGNORE INTO withdrawal (address, topic, at) VALUES (?, ?, ?)`, address, what, at); err != nil {
			return err
		}
		const upsert = `INSERT INTO consent (person, topic, state, basis, source, at) SELECT number, ?, 3, '', 'before the restore', ? FROM person WHERE address = ?
			ON CONFLICT (person, topic) DO UPDATE SET state = 3, basis = '', source = excluded.source, at = excluded.at WHERE consent.state <> 3`
		return t.run(upsert, what, at, address)
	case what == string(store.Erased):
		if err := t.erase(address); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return t.run(`INSERT OR IGNORE INTO suppression (address, reason, detail, at) VALUES (?, ?, '', ?)`, address, what, at)
}
