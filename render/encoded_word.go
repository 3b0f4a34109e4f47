package render

import (
	"encoding/base64"
	"unicode/utf8"
)

// An encoded word is "=?utf-8?q?", text, "?=" and has at most 75 characters (RFC 2047, 2).
const (
	encodedWordMax   = 75
	encodedWordFrame = len("=?utf-8?q??=")
)

// Where an encoded word stands decides what the Q encoding may leave as it is (RFC 2047, 5).
const (
	wordInText   uint8 = 1 << iota // unstructured: printable ASCII but "=", "?", "_" and the space
	wordInPhrase                   // a display name: letters, digits and "!*+-/"
)

var wordClass = func() (table [utf8.RuneSelf]uint8) {
	for b := byte('!'); b <= '~'; b++ {
		if b != '=' && b != '?' && b != '_' {
			table[b] |= wordInText
		}
		if isLetter(b) || b >= '0' && b <= '9' {
			table[b] |= wordInPhrase
		}
	}
	for _, b := range "!*+-/" {
		table[b] |= wordInPhrase
	}
	return table
}()

// encoded appends text as encoded words of whole runes, in Q or B, whichever makes the text shorter. Readers drop the white space
// between encoded words (RFC 2047, 6.2), so all spaces of the text are inside them.
func (f *folding) encoded(text string, place uint8) {
	if text == "" {
		return
	}
	const all = int(^uint(0) >> 2)
	_, lengthQ := fitQ(text, all, place)
	_, lengthB := fitB(text, all, place)
	for text != "" {
		room := min(f.room(), encodedWordMax) - encodedWordFrame
		size, length := fit(text, room, place, lengthQ <= lengthB)
		if size == 0 {
			size, length = fit(text, encodedWordMax-encodedWordFrame, place, lengthQ <= lengthB)
		}
		f.space(length + encodedWordFrame)
		if lengthQ <= lengthB {
			f.out = appendQ(append(f.out, "=?utf-8?q?"...), text[:size], place)
		} else {
			f.out = appendB(append(f.out, "=?utf-8?b?"...), text[:size], place)
		}
		f.out = append(f.out, "?="...)
		text = text[size:]
	}
}

// fit is how many bytes of text, in whole runes, fit in room characters, and how many characters they take.
func fit(text string, room int, place uint8, q bool) (size, length int) {
	if q {
		return fitQ(text, room, place)
	}
	return fitB(text, room, place)
}

func fitQ(text string, room int, place uint8) (size, length int) {
	for size < len(text) {
		r, n := headerRune(text[size:], place)
		cost := 1
		if r >= utf8.RuneSelf {
			cost = 3 * utf8.RuneLen(r)
		} else if r != ' ' && wordClass[r]&place == 0 {
			cost = 3
		}
		if length+cost > room {
			break
		}
		size, length = size+n, length+cost
	}
	return size, length
}

func fitB(text string, room int, place uint8) (size, length int) {
	raw, most := 0, room/4*3
	for size < len(text) {
		r, n := headerRune(text[size:], place)
		if raw+utf8.RuneLen(r) > most {
			break
		}
		size, raw = size+n, raw+utf8.RuneLen(r)
	}
	return size, (raw + 2) / 3 * 4
}

// appendQ appends text in the Q encoding (RFC 2047, 4.2).
func appendQ(dst []byte, text string, place uint8) []byte {
	for i := 0; i < len(text); {
		r, n := headerRune(text[i:], place)
		i += n
		switch {
		case r == ' ':
			dst = append(dst, '_')
		case r < utf8.RuneSelf && wordClass[r]&place != 0:
			dst = append(dst, byte(r))
		default:
			var raw [utf8.UTFMax]byte
			for _, b := range raw[:utf8.EncodeRune(raw[:], r)] {
				dst = appendQuotedByte(dst, b)
			}
		}
	}
	return dst
}

// appendB appends text in the B encoding (RFC 2047, 4.1). No more than one word's text.
func appendB(dst []byte, text string, place uint8) []byte {
	var buffer [encodedWordMax]byte
	raw := buffer[:0]
	for i := 0; i < len(text); {
		r, n := headerRune(text[i:], place)
		raw = utf8.AppendRune(raw, r)
		i += n
	}
	return base64.StdEncoding.AppendEncode(dst, raw)
}
