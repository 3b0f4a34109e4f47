package blocks

import (
	"bytes"
	"slices"
	"testing"
)

func TestPackedChoicesAreReadAsTheyWere(t *testing.T) {
	t.Parallel()
	for _, choices := range [][]Choice{
		nil,
		{{Block: 0, Variant: 2, Would: 2, Reason: RuleTrue, Missing: NoSlot}},
		{
			{Block: 0, Variant: 254, Would: 3, Reason: Control, Missing: NoSlot},
			{Block: 1, Variant: 1, Would: 1, Reason: ValueMissing, Missing: 300},
			{Block: 2, Variant: 1, Would: 1, Reason: ValueMissing, Missing: NoSlot},
			{Block: 3, Variant: 0, Would: 0, Reason: NothingMatched, Missing: NoSlot},
		},
	} {
		got, err := Unpack(Pack(nil, choices))
		if err != nil || !slices.Equal(got, choices) {
			t.Errorf("%v became %v, %v", choices, got, err)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 1, 1, 3, 0, 4})
	f.Add([]byte{2})
	f.Fuzz(func(t *testing.T, packed []byte) {
		choices, err := Unpack(packed)
		if err == nil && len(packed) > 0 && !bytes.Equal(Pack(nil, choices), packed) {
			t.Errorf("%x is read as %v, which is packed differently", packed, choices)
		}
	})
}
