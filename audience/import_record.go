package audience

import (
	"bytes"
	"fmt"
)

// record returns the cells of the next row of a CSV file (RFC 4180, with any of the usual separators and ends of lines) and the line
// where it starts; the cells are valid until the next call. Empty lines are passed over. problem says why the row cannot be cut
// into cells: only its first line is consumed then, so that a quote that nobody closes costs one row.
func (r *rows) record() (cells [][]byte, line int, problem string, err error) {
	if !r.started {
		r.start()
	}
	for {
		line = r.lines + 1
		size, lines, problem := r.cut()
		switch {
		case problem != "":
			if _, _, err := r.line(); err != nil {
				return nil, line, "", err
			}
			return nil, line, problem, nil
		case size == 0:
			return nil, line, "", r.end()
		}
		first := r.buffer[r.at]
		r.at += size
		r.lines += lines
		if first != '\n' && first != '\r' {
			return r.fields, line, "", nil
		}
	}
}

// cut finds the record that starts here, reading more until it is whole. Reading moves the buffer, so that it begins anew then; the
// blocks it reads grow, so that this costs little.
func (r *rows) cut() (size, lines int, problem string) {
	for {
		c := cutter{rows: r, rest: r.buffer[r.at:]}
		r.fields, r.scratch = r.fields[:0], r.scratch[:0]
		whole, problem := c.record()
		switch {
		case whole && c.at <= maxRowBytes:
			return c.at, c.lines, problem
		case whole || len(c.rest) > maxRowBytes:
			if c.quoted {
				return 0, 0, "has a quote that is not closed"
			}
			return 0, 0, fmt.Sprintf("is longer than %d bytes", maxRowBytes)
		}
		before := len(r.buffer) - r.at
		for r.fill() && len(r.buffer) < 2*before {
			continue
		}
		if len(r.buffer)-r.at == before {
			return r.cutLast()
		}
	}
}

// cutLast cuts the last record of the file, which no end of a line ends.
func (r *rows) cutLast() (size, lines int, problem string) {
	c := cutter{rows: r, rest: r.buffer[r.at:], last: true}
	r.fields, r.scratch = r.fields[:0], r.scratch[:0]
	if len(c.rest) == 0 {
		return 0, 0, ""
	}
	whole, problem := c.record()
	if !whole && problem == "" {
		problem = "has a quote that is not closed"
	}
	return c.at, c.lines, problem
}

// cutter goes through the bytes of one record.
type cutter struct {
	*rows
	rest   []byte
	at     int
	lines  int
	last   bool // nothing comes after rest
	quoted bool // the last cell has a quote that was not closed
}

// record cuts cells up to the end of the line; it is not whole when rest ends before.
func (c *cutter) record() (whole bool, problem string) {
	for {
		if c.at < len(c.rest) && c.rest[c.at] == '"' {
			if whole, problem = c.quotedCell(); !whole || problem != "" {
				return whole, problem
			}
		} else if !c.plainCell() {
			return false, ""
		}
		if c.at < len(c.rest) && c.rest[c.at] == c.comma {
			c.at++
			continue
		}
		return c.endOfLine(), ""
	}
}

func (c *cutter) plainCell() (whole bool) {
	start := c.at
	for ; c.at < len(c.rest); c.at++ {
		if b := c.rest[c.at]; b == c.comma || b == '\n' || b == '\r' {
			break
		}
	}
	c.fields = append(c.fields, c.rest[start:c.at])
	return c.at < len(c.rest) || c.last
}

// quotedCell reads a cell in quotes; "" inside is a quote.
func (c *cutter) quotedCell() (whole bool, problem string) {
	start := len(c.scratch)
	for c.at++; ; {
		i := bytes.IndexByte(c.rest[c.at:], '"')
		if i < 0 {
			c.quoted = true
			return false, ""
		}
		c.append(c.rest[c.at : c.at+i])
		if c.at += i + 1; c.at == len(c.rest) && !c.last {
			return false, "" // whether another quote follows
		}
		if c.at == len(c.rest) || c.rest[c.at] != '"' {
			break
		}
		c.scratch = append(c.scratch, '"')
		c.at++
	}
	c.fields = append(c.fields, c.scratch[start:len(c.scratch):len(c.scratch)])
	if c.at < len(c.rest) && c.rest[c.at] != c.comma && c.rest[c.at] != '\n' && c.rest[c.at] != '\r' {
		return true, `has text after a closing quote; a quote inside a cell is written ""`
	}
	return true, ""
}

// append adds text of a quoted cell, its ends of lines as \n.
func (c *cutter) append(text []byte) {
	c.lines += bytes.Count(text, []byte{'\n'})
	if bytes.IndexByte(text, '\r') < 0 {
		c.scratch = append(c.scratch, text...)
		return
	}
	for i, b := range text {
		switch {
		case b != '\r':
			c.scratch = append(c.scratch, b)
		case i+1 == len(text) || text[i+1] != '\n':
			c.lines++
			c.scratch = append(c.scratch, '\n')
		}
	}
}

func (c *cutter) endOfLine() (whole bool) {
	if c.at == len(c.rest) {
		return c.last
	}
	if c.rest[c.at] == '\r' {
		if c.at+1 == len(c.rest) && !c.last {
			return false
		}
		if c.at+1 < len(c.rest) && c.rest[c.at+1] == '\n' {
			c.at++
		}
	}
	c.at++
	c.lines++
	return true
}
