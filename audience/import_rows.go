package audience

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// rows cuts a file into lines and records. It reads UTF-8 and UTF-16, with a byte order mark or without one.
type rows struct {
	source  io.Reader
	buffer  []byte
	at      int // of the first byte that was not consumed
	lines   int // consumed
	ended   bool
	err     error
	started bool
	comma   byte
	fields  [][]byte // of the last record, reused
	scratch []byte   // where quoted fields are written
}

func newRows(source io.Reader) *rows { return &rows{source: source, comma: ','} }

// start finds out how the file is written.
func (r *rows) start() {
	r.started = true
	for len(r.buffer) < 4 && r.fill() {
		continue
	}
	head := r.buffer
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		r.at = 3
	case bytes.HasPrefix(head, []byte("\xff\xfe")), len(head) >= 4 && head[0] != 0 && head[1] == 0 && head[3] == 0:
		r.recode(0, 1)
	case bytes.HasPrefix(head, []byte("\xfe\xff")), len(head) >= 4 && head[0] == 0 && head[1] != 0 && head[2] == 0:
		r.recode(1, 0)
	}
}

// recode goes on with UTF-16; low and high say where a unit's bytes stand.
func (r *rows) recode(low, high int) {
	r.source = &utf16Reader{source: io.MultiReader(bytes.NewReader(bytes.Clone(r.buffer)), r.source), low: low, high: high}
	r.buffer, r.ended = r.buffer[:0], false
	r.fill()
	if bytes.HasPrefix(r.buffer, []byte("\ufeff")) {
		r.at = len("\ufeff")
	}
}

// utf16Reader turns UTF-16 into UTF-8.
type utf16Reader struct {
	source    io.Reader
	low, high int
	raw       []byte // not decoded yet
	text      []byte // not read yet
	block     [8 << 10]byte
	err       error
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.text) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		var n int
		n, u.err = u.source.Read(u.block[:])
		u.raw = append(u.raw, u.block[:n]...)
		u.decode()
	}
	n := copy(p, u.text)
	u.text = u.text[n:]
	return n, nil
}

// decode turns whole units into text; half of a pair waits for the other half, unless nothing comes any more.
func (u *utf16Reader) decode() {
	u.text = u.text[:0]
	for len(u.raw) >= 2 {
		c := rune(u.raw[u.low]) | rune(u.raw[u.high])<<8
		size := 2
		if utf16.IsSurrogate(c) {
			if len(u.raw) < 4 && u.err == nil {
				return
			}
			if len(u.raw) >= 4 {
				if pair := utf16.DecodeRune(c, rune(u.raw[2+u.low])|rune(u.raw[2+u.high])<<8); pair != utf8.RuneError {
					c, size = pair, 4
				}
			}
		}
		u.text = utf8.AppendRune(u.text, c)
		u.raw = u.raw[size:]
	}
}

// fill reads more, and reports whether there was any.
func (r *rows) fill() bool {
	if r.ended {
		return false
	}
	if r.at > 0 {
		r.buffer = r.buffer[:copy(r.buffer, r.buffer[r.at:])]
		r.at = 0
	}
	const block = 64 << 10
	if cap(r.buffer)-len(r.buffer) < block {
		r.buffer = append(make([]byte, 0, 2*cap(r.buffer)+block), r.buffer...)
	}
	n, err := io.ReadAtLeast(r.source, r.buffer[len(r.buffer):len(r.buffer)+block], 1)
	r.buffer = r.buffer[:len(r.buffer)+n]
	if err != nil {
		r.ended = true
		if !errors.Is(err, io.EOF) {
			r.err = err
		}
	}
	return true
}

// end is the error after the last row.
func (r *rows) end() error {
	if r.err != nil {
		return r.err
	}
	return io.EOF
}

// line returns the next line without its end, and its number. A line that is too long is cut at maxRowBytes; the rest is dropped.
func (r *rows) line() (line []byte, number int, err error) {
	if !r.started {
		r.start()
	}
	length, size := r.lineEnd()
	number = r.lines + 1
	if size == 0 {
		return nil, number, r.end()
	}
	line = r.buffer[r.at : r.at+length]
	r.at += size
	r.lines++
	if length == maxRowBytes {
		line = bytes.Clone(line)
		r.dropLine()
	}
	return line, number, nil
}

// lineEnd returns the length of the line that starts here, without and with its end.
func (r *rows) lineEnd() (length, size int) {
	for seen := 0; ; {
		rest := r.buffer[r.at:]
		if i := bytes.IndexAny(rest[seen:], "\r\n"); i >= 0 {
			i += seen
			switch {
			case i >= maxRowBytes:
				return maxRowBytes, maxRowBytes
			case rest[i] == '\r' && i+1 == len(rest) && !r.ended:
				r.fill() // whether a \n follows
				continue
			case rest[i] == '\r' && i+1 < len(rest) && rest[i+1] == '\n':
				return i, i + 2
			}
			return i, i + 1
		}
		if len(rest) >= maxRowBytes {
			return maxRowBytes, maxRowBytes
		}
		seen = len(rest)
		if !r.fill() {
			return len(rest), len(rest)
		}
	}
}

// dropLine consumes up to and with the next end of a line.
func (r *rows) dropLine() {
	for {
		length, size := r.lineEnd()
		r.at += size
		if length != maxRowBytes {
			return
		}
	}
}
