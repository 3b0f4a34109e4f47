package audience

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// cursor walks over JSON. It exists because a delivery decodes a person's attributes for every message: encoding/json takes ten
// times as long and allocates for every value. It is strict about what it returns and only matches brackets and quotes in what it
// skips.
type cursor struct {
	data []byte
	at   int
}

// maxJSONDepth bounds nesting; the stack of open brackets is one word.
const maxJSONDepth = 60

func (c *cursor) fail(problem string) error {
	return fmt.Errorf("JSON at byte %d: %s", c.at, problem)
}

func (c *cursor) space() {
	for c.at < len(c.data) {
		switch c.data[c.at] {
		case ' ', '\n', '\t', '\r':
			c.at++
		default:
			return
		}
	}
}

// peek returns the next byte, or 0 at the end.
func (c *cursor) peek() byte {
	if c.at < len(c.data) {
		return c.data[c.at]
	}
	return 0
}

// open consumes an opening bracket and reports whether elements follow.
func (c *cursor) open(bracket, closing byte) (more bool, err error) {
	c.space()
	if c.peek() != bracket {
		return false, c.fail("expected " + string(bracket))
	}
	c.at++
	c.space()
	if c.peek() == closing {
		c.at++
		return false, nil
	}
	return true, nil
}

// next consumes what stands after an element and reports whether another one follows.
func (c *cursor) next(closing byte) (more bool, err error) {
	c.space()
	switch c.peek() {
	case ',':
		c.at++
		c.space()
		return true, nil
	case closing:
		c.at++
		return false, nil
	}
	return false, c.fail("expected , or " + string(closing))
}

// key consumes `"name":` and returns the name, which may alias the data.
func (c *cursor) key() (string, error) {
	c.space()
	raw, err := c.str()
	if err != nil {
		return "", err
	}
	name, ok := unquote(raw)
	if !ok {
		return "", c.fail("bad escape in a key")
	}
	c.space()
	if c.peek() != ':' {
		return "", c.fail("expected :")
	}
	c.at++
	c.space()
	return name, nil
}

// str consumes a string and returns it with its quotes.
func (c *cursor) str() ([]byte, error) {
	if c.peek() != '"' {
		return nil, c.fail("expected a string")
	}
	for i := c.at + 1; i < len(c.data); i++ {
		switch b := c.data[i]; {
		case b == '"':
			raw := c.data[c.at : i+1]
			c.at = i + 1
			return raw, nil
		case b == '\\':
			i++
		case b < ' ':
			c.at = i
			return nil, c.fail("control character in a string")
		}
	}
	return nil, c.fail("string without an end")
}

// skip consumes one value and returns its bytes.
func (c *cursor) skip() ([]byte, error) {
	start := c.at
	var err error
	switch c.peek() {
	case '"':
		return c.str()
	case '{', '[':
		err = c.skipNested()
	case 't':
		err = c.word("true")
	case 'f':
		err = c.word("false")
	case 'n':
		err = c.word("null")
	default:
		err = c.number()
	}
	return c.data[start:c.at], err
}

func (c *cursor) word(word string) error {
	if len(c.data)-c.at < len(word) || string(c.data[c.at:c.at+len(word)]) != word {
		return c.fail("expected a value")
	}
	c.at += len(word)
	return nil
}

// number consumes a number by RFC 8259's grammar.
func (c *cursor) number() error {
	if c.peek() == '-' {
		c.at++
	}
	first := c.peek()
	if c.digits() == 0 || first == '0' && c.data[c.at-1] != '0' {
		return c.fail("expected a value")
	}
	if c.peek() == '.' {
		c.at++
		if c.digits() == 0 {
			return c.fail("number without digits after the point")
		}
	}
	if b := c.peek(); b == 'e' || b == 'E' {
		c.at++
		if b := c.peek(); b == '+' || b == '-' {
			c.at++
		}
		if c.digits() == 0 {
			return c.fail("number without an exponent")
		}
	}
	return nil
}

func (c *cursor) digits() int {
	start := c.at
	for c.at < len(c.data) && c.data[c.at] >= '0' && c.data[c.at] <= '9' {
		c.at++
	}
	return c.at - start
}

// skipNested consumes an object or list. The open brackets are kept as bits below a leading one: 1 for {, 0 for [.
func (c *cursor) skipNested() error {
	for stack := uint64(1); ; {
		switch b := c.peek(); b {
		case '{', '[':
			if bits.Len64(stack) > maxJSONDepth {
				return c.fail("nested too deep")
			}
			stack <<= 1
			if b == '{' {
				stack |= 1
			}
			c.at++
		case '}', ']':
			if (stack&1 == 1) != (b == '}') {
				return c.fail("bracket without its partner")
			}
			c.at++
			if stack >>= 1; stack == 1 {
				return nil
			}
		case '"':
			if _, err := c.str(); err != nil {
				return err
			}
		case 0:
			return c.fail("value without an end")
		default:
			c.at++
		}
	}
}

// unquote returns the content of a string with its quotes; without escapes it aliases the data. Text that is not UTF-8 is refused.
func unquote(raw []byte) (string, bool) {
	inner := raw[1 : len(raw)-1]
	plain := true
	for _, b := range inner {
		if b == '\\' {
			return unescape(raw)
		}
		plain = plain && b < utf8.RuneSelf
	}
	return unsafe.String(unsafe.SliceData(inner), len(inner)), plain || utf8.Valid(inner)
}

func unescape(raw []byte) (string, bool) {
	var s string
	if !utf8.Valid(raw) || json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, true
}

// maxIntDigits is how many digits an int64 has at most.
const maxIntDigits = 19

// parseInt reads an int; 3.0 and 3e2 are ints too. Its digits are moved as they stand: a float64 would make 9007199254740993.0 one
// less, and 1.00000000000000000001 an int.
func parseInt(raw []byte) (int64, bool) {
	s := unsafe.String(unsafe.SliceData(raw), len(raw))
	if !strings.ContainsAny(s, ".eE") {
		n, err := strconv.ParseInt(s, 10, 64)
		return n, err == nil
	}
	shift := 0
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		n, err := strconv.Atoi(s[i+1:])
		if err != nil {
			return 0, false
		}
		s, shift = s[:i], n
	}
	whole, fraction, _ := strings.Cut(s, ".")
	fraction = strings.TrimRight(fraction, "0")
	return parseDigits(whole, fraction, shift-len(fraction))
}

// parseDigits reads whole and fraction as one number times ten to the power of shift.
func parseDigits(whole, fraction string, shift int) (int64, bool) {
	var buffer [2 * maxIntDigits]byte
	digits := append(append(buffer[:0], whole...), fraction...)
	if len(bytes.Trim(digits, "-0")) == 0 {
		return 0, true
	}
	for ; shift < 0 && digits[len(digits)-1] == '0'; shift++ {
		digits = digits[:len(digits)-1]
	}
	if shift < 0 || shift > maxIntDigits {
		return 0, false
	}
	for range shift {
		digits = append(digits, '0')
	}
	n, err := strconv.ParseInt(string(digits), 10, 64)
	return n, err == nil
}

// parseFloat reads a number; one that only an infinity could hold is refused.
func parseFloat(raw []byte) (float64, bool) {
	f, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(raw), len(raw)), 64)
	return f, err == nil
}
