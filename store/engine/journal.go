package engine

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"germane/store"
)

// Memory is what a transaction has a journal remember.
type Memory struct{ Lines []string }

// The kinds of lines; what follows them is a topic or a reason.
const (
	withdrew   = "withdrew"
	suppressed = "suppressed"
	planned    = "planned" // instead of a hash it has the campaign; then its run's id and occurrence
)

// Withdrew remembers that somebody with an address ended consent to a topic.
func (m *Memory) Withdrew(address []byte, topic string, at time.Time) {
	m.remember(withdrew, address, topic, at)
}

// Suppressed remembers that an address gets no mail any more.
func (m *Memory) Suppressed(address []byte, reason store.SuppressionReason, at time.Time) {
	m.remember(suppressed, address, string(reason), at)
}

// Planned remembers a run.
func (m *Memory) Planned(campaign string, run int64, occurrence string, at time.Time) {
	m.remember(planned, []byte(campaign), fmt.Sprintf("%d %s", run, occurrence), at)
}

// remember's time is when the line is written, as a provider may tell of a bounce, or an import of a withdrawal, that was long before: a
// backup made between the two knows nothing of it.
func (m *Memory) remember(kind string, address []byte, what string, at time.Time) {
	if now := time.Now(); at.Before(now) {
		at = now
	}
	what = strings.NewReplacer("\n", " ", "\r", " ").Replace(what) // a line is a line
	m.Lines = append(m.Lines, fmt.Sprintf("%d %s %x %s\n", at.UnixMilli(), kind, address, what))
}

// Entry is a line of a journal: a withdrawal, a suppression, or a run.
type Entry struct {
	At      int64                   // unix milliseconds
	Address []byte                  // the keyed hash; nil for a run
	Topic   string                  // withdrawn from
	Reason  store.SuppressionReason // of a suppression
	// Of a run.
	Campaign, Occurrence string
	Run                  int64
}

// longestLine is far more than one of ours has. What is longer is damage, such as a power cut leaves.
const longestLine = 1 << 16

// lastRun is beyond any number of a run. Numbers go on after the last that a journal names, and must not come to an end.
const lastRun = 1 << 30

// EachEntry calls f for what journals remember since a time. Files that are named "" are left out.
func EachEntry(files []string, since int64, f func(Entry) error) error {
	for _, name := range files {
		if name == "" {
			continue
		}
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		err = errors.Join(readJournal(file, since, f), file.Close())
		if err != nil {
			return fmt.Errorf("journal %s: %w", name, err)
		}
	}
	return nil
}

func readJournal(r io.Reader, since int64, f func(Entry) error) error {
	lines := bufio.NewReaderSize(r, longestLine)
	whole := true // the line before ended where it should
	for {
		line, err := lines.ReadSlice('\n')
		if e, ok := parseEntry(string(line)); ok && whole && err == nil && e.At >= since {
			if err := f(e); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
		whole = err == nil
	}
}

// parseEntry reads a line; ok is false for an empty one, or half of one from before a machine lost power.
func parseEntry(line string) (e Entry, ok bool) {
	fields := strings.SplitN(printable(line), " ", 4)
	if len(fields) < 4 {
		return e, false
	}
	var err error
	if e.At, err = strconv.ParseInt(fields[0], 10, 64); err != nil {
		return e, false
	}
	address, err := hex.DecodeString(fields[2])
	if err != nil {
		return e, false
	}
	switch e.Address = address; fields[1] {
	case withdrew:
		e.Topic = fields[3]
	case suppressed:
		e.Reason = store.SuppressionReason(fields[3])
	case planned:
		number, occurrence, _ := strings.Cut(fields[3], " ")
		if e.Run, err = strconv.ParseInt(number, 10, 64); err != nil || e.Run < 1 || e.Run > lastRun {
			return e, false
		}
		e.Address, e.Campaign, e.Occurrence = nil, printable(string(address)), occurrence
		return e, true
	default:
		return e, false
	}
	return e, len(address) == addressBytes && fields[3] != ""
}

// printable leaves out what no line of ours has, and what would tell terminals what to do: a journal may come from anywhere.
func printable(line string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, line)
}
