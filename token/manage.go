package token

import "encoding/binary"

// Page is a page on which somebody withdraws consent.
type Page uint8

// The pages. A token for one is not good for the other.
const (
	Unsubscribe Page = iota // from one topic: the target of a one-click POST (RFC 8058)
	Preferences             // all of a person's topics
)

func (p Page) purpose() purpose {
	if p == Preferences {
		return preferences
	}
	return unsubscribe
}

// Manage is whose consent a page is about, and the delivery that led there. Person and topic stand in the token itself, because it
// must work when the delivery's row is long gone.
type Manage struct {
	Person   uint64 // the store's number of the person; 0: nobody, in a test mail
	Topic    uint32 // the store's number of the topic
	Run      uint32 // with Person and Occasion: the ledger's row
	Occasion uint16
}

// manageLength is how many bytes a key id and a [Manage] take.
const manageLength = 1 + 8 + 4 + 4 + 2

// AppendManage appends the token of a page.
func (s *Signer) AppendManage(dst []byte, page Page, m Manage) []byte {
	raw := append(s.raw[:0], s.keys.signing)
	raw = binary.BigEndian.AppendUint64(raw, m.Person)
	raw = binary.BigEndian.AppendUint32(raw, m.Topic)
	raw = binary.BigEndian.AppendUint32(raw, m.Run)
	s.raw, s.extra = binary.BigEndian.AppendUint16(raw, m.Occasion), s.extra[:0]
	s.raw = append(s.raw, s.mac(s.keys.signing, page.purpose())...)
	return encoding.AppendEncode(dst, s.raw)
}

// Manage verifies the token of a page.
func (k *Keys) Manage(page Page, token string) (Manage, bool) {
	s := k.checker()
	defer k.checkers.Put(s)
	s.extra = s.extra[:0]
	if !s.check(token, manageLength, page.purpose()) {
		return Manage{}, false
	}
	return Manage{
		Person:   binary.BigEndian.Uint64(s.raw[1:]),
		Topic:    binary.BigEndian.Uint32(s.raw[9:]),
		Run:      binary.BigEndian.Uint32(s.raw[13:]),
		Occasion: binary.BigEndian.Uint16(s.raw[17:]),
	}, true
}
