package render

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// appendText writes v as filters see it when they want a text.
func (v Value) appendText(dst []byte) []byte {
	switch v.kind {
	case BoolValue:
		return strconv.AppendBool(dst, v.bool())
	case IntValue:
		return strconv.AppendInt(dst, v.int(), 10)
	case FloatValue:
		return appendFloat(dst, v.float())
	case StringValue:
		return append(dst, v.text...)
	case ListValue, MapValue:
		return v.appendInspect(dst)
	case RangeValue:
		dst = strconv.AppendInt(dst, v.data.from, 10)
		dst = append(dst, ".."...)
		return strconv.AppendInt(dst, v.data.to, 10)
	case TimeValue:
		return v.data.time.AppendFormat(dst, "2006-01-02 15:04:05 -0700")
	case loopValue:
		if v.data.loop.table {
			return append(dst, "Liquid::TablerowloopDrop"...)
		}
		return append(dst, "Liquid::ForloopDrop"...)
	}
	return dst
}

// str is v as a text.
func (v Value) str() string {
	if v.kind == StringValue {
		return v.text
	}
	if v.kind == NilValue {
		return ""
	}
	return string(v.appendText(nil))
}

// appendFloat writes a float as Ruby does: always with a fraction, in scientific notation where it is very large or small.
func appendFloat(dst []byte, f float64) []byte {
	switch size := math.Abs(f); {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	case size != 0 && (size >= 1e16 || size < 1e-4):
		start := len(dst)
		dst = strconv.AppendFloat(dst, f, 'e', -1, 64)
		if digits, exponent, _ := strings.Cut(string(dst[start:]), "e"); !strings.Contains(digits, ".") {
			dst = append(append(dst[:start], digits...), ".0e"...)
			dst = append(dst, exponent...)
		}
		return dst
	}
	start := len(dst)
	dst = strconv.AppendFloat(dst, f, 'f', -1, 64)
	if !strings.Contains(string(dst[start:]), ".") {
		dst = append(dst, ".0"...)
	}
	return dst
}

// appendInspect writes v as Ruby's inspect does: a list or map inside a text looks like this.
func (v Value) appendInspect(dst []byte) []byte {
	switch v.kind {
	case NilValue:
		return append(dst, "nil"...)
	case StringValue:
		return appendRubyText(dst, v.text)
	case EmptyValue, BlankValue:
		return append(dst, `""`...)
	case ListValue:
		dst = append(dst, '[')
		for i, item := range v.data.list {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = item.appendInspect(dst)
		}
		return append(dst, ']')
	case MapValue:
		dst = append(dst, '{')
		for i, key := range v.object().keys {
			if i > 0 {
				dst = append(dst, ", "...)
			}
			dst = append(appendRubyText(dst, key), "=>"...)
			dst = v.object().values[i].appendInspect(dst)
		}
		return append(dst, '}')
	}
	return v.appendText(dst)
}

// rubyEscapes are the characters that Ruby writes with a letter.
var rubyEscapes = map[rune]string{
	'\a': `\a`, '\b': `\b`, '\t': `\t`, '\n': `\n`, '\v': `\v`, '\f': `\f`, '\r': `\r`, 0x1b: `\e`, '"': `\"`, '\\': `\\`,
}

func appendRubyText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i, r := range s {
		escape, ok := rubyEscapes[r]
		switch {
		case ok:
			dst = append(dst, escape...)
		case r == utf8.RuneError && s[i] != 0xEF: // a byte that is no UTF-8
			dst = fmt.Appendf(dst, `\x%02X`, s[i])
		case r == '#' && i+1 < len(s) && strings.IndexByte("{$@", s[i+1]) >= 0:
			dst = append(dst, `\#`...)
		case unicode.IsPrint(r):
			dst = utf8.AppendRune(dst, r)
		case r < 0x80:
			dst = fmt.Appendf(dst, `\x%02X`, r)
		case r < 0x10000:
			dst = fmt.Appendf(dst, `\u%04X`, r)
		default:
			dst = fmt.Appendf(dst, `\u{%X}`, r)
		}
	}
	return append(dst, '"')
}
