package blocks

import (
	"encoding/binary"
	"errors"
)

// packing is the form of packed choices; it stands in their first byte.
const packing = 1

// Pack appends choices in the form that a delivery keeps them in: names and reasons as numbers, which only their version can read, and
// never a value. Equal choices are equal bytes.
func Pack(dst []byte, choices []Choice) []byte {
	dst = append(dst, packing)
	for i := range choices {
		c := &choices[i]
		dst = append(dst, c.Variant, c.Would, byte(c.Reason))
		if c.Reason == ValueMissing {
			dst = binary.BigEndian.AppendUint16(dst, c.Missing)
		}
	}
	return dst
}

// errPacked is an error of whoever wrote it, or of the disk.
var errPacked = errors.New("these choices cannot be read")

// Unpack reads what Pack wrote: one choice a block, in the order of blocks.
func Unpack(packed []byte) ([]Choice, error) {
	if len(packed) == 0 {
		return nil, nil // nothing was chosen
	}
	if packed[0] != packing {
		return nil, errPacked
	}
	var choices []Choice
	for rest := packed[1:]; len(rest) > 0; {
		if len(rest) < 3 || rest[2] > byte(ValueMissing) {
			return nil, errPacked
		}
		c := Choice{Block: uint16(len(choices)), Variant: rest[0], Would: rest[1], Reason: Reason(rest[2]), Missing: NoSlot}
		rest = rest[3:]
		if c.Reason == ValueMissing {
			if len(rest) < 2 {
				return nil, errPacked
			}
			c.Missing, rest = binary.BigEndian.Uint16(rest), rest[2:]
		}
		choices = append(choices, c)
	}
	return choices, nil
}
