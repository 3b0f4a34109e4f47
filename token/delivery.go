package token

import (
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
)

// Delivery is what a click or an open belongs to. The version and the message say which link table holds the target, so that a
// redirect needs no database.
type Delivery struct {
	Version  uint32 // the store's number of the deployed workspace
	Message  uint16 // which of the version's link tables
	Run      uint32 // with Person and Occasion: the ledger's row
	Person   uint64 // the store's number of the person; 0: nobody, in a test mail
	Occasion uint16 // 0 unless one run may mail a person again
}

// Click is a link of a delivery.
type Click struct {
	Delivery
	Link   int      // its id in the link table
	Values []string // what stands between the constant parts of its target; nil: all of it is constant
}

// deliveryLength is how many bytes a key id and a [Delivery] take.
const deliveryLength = 1 + 4 + 2 + 4 + 8 + 2

func (d *Delivery) append(raw []byte, key uint8) []byte {
	raw = append(raw, key)
	raw = binary.BigEndian.AppendUint32(raw, d.Version)
	raw = binary.BigEndian.AppendUint16(raw, d.Message)
	raw = binary.BigEndian.AppendUint32(raw, d.Run)
	raw = binary.BigEndian.AppendUint64(raw, d.Person)
	return binary.BigEndian.AppendUint16(raw, d.Occasion)
}

func readDelivery(raw []byte) Delivery {
	return Delivery{
		Version:  binary.BigEndian.Uint32(raw[1:]),
		Message:  binary.BigEndian.Uint16(raw[5:]),
		Run:      binary.BigEndian.Uint32(raw[7:]),
		Person:   binary.BigEndian.Uint64(raw[11:]),
		Occasion: binary.BigEndian.Uint16(raw[19:]),
	}
}

// encoding refuses a token whose last character has bits that nothing holds: each token is written in one way only.
var encoding = base64.RawURLEncoding.Strict()

// AppendClick appends what follows /c/ in a tracked address: TOKEN/N, and /VALUES when the link's target has some. The MAC covers the
// link's number and whether values follow, so that neither can be changed, cut off or added; values have one of their own, which
// covers the token, too.
func (s *Signer) AppendClick(dst []byte, d Delivery, link int, values []string) []byte {
	s.raw = d.append(s.raw[:0], s.keys.signing)
	s.extra = appendLink(s.extra[:0], link, len(values) > 0)
	s.raw = append(s.raw, s.mac(s.keys.signing, click)...)
	dst = strconv.AppendInt(append(encoding.AppendEncode(dst, s.raw), '/'), int64(link), 10)
	if len(values) == 0 {
		return dst
	}
	return s.appendValues(append(dst, '/'), values)
}

// appendLink appends what a click's MAC covers beyond the token's own bytes.
func appendLink(dst []byte, link int, hasValues bool) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(link))
	if hasValues {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// appendValues appends values with their MAC. s.raw holds the token that they belong to.
func (s *Signer) appendValues(dst []byte, list []string) []byte {
	s.extra = s.extra[:0]
	for _, value := range list {
		s.extra = binary.AppendUvarint(s.extra, uint64(len(value)))
		s.extra = append(s.extra, value...)
	}
	s.extra = append(s.extra, s.mac(s.keys.signing, values)...)
	return encoding.AppendEncode(dst, s.extra)
}

// Click verifies what follows /c/ in an address.
func (k *Keys) Click(path string) (Click, bool) {
	token, rest, _ := strings.Cut(path, "/")
	number, list, hasValues := strings.Cut(rest, "/")
	link, ok := readLink(number)
	if !ok {
		return Click{}, false
	}
	s := k.checker()
	defer k.checkers.Put(s)
	s.extra = appendLink(s.extra[:0], link, hasValues)
	if !s.check(token, deliveryLength, click) {
		return Click{}, false
	}
	c := Click{Delivery: readDelivery(s.raw), Link: link}
	if hasValues {
		c.Values, ok = s.checkValues(list)
	}
	return c, ok
}

// readLink reads a link's number as it is written: no sign, no zeros in front.
func readLink(number string) (int, bool) {
	link, err := strconv.ParseUint(number, 10, 31)
	return int(link), err == nil && (number[0] != '0' || number == "0")
}

// check decodes a token into s.raw, its MAC included, and verifies it. s.extra is what else its MAC covers.
func (s *Signer) check(token string, length int, p purpose) bool {
	if len(token) != encoding.EncodedLen(length+macLength) {
		return false
	}
	raw, err := encoding.AppendDecode(s.raw[:0], []byte(token))
	if err != nil || len(raw) != length+macLength { // shorter: decoding passes over line breaks
		return false
	}
	s.raw = raw[:length]
	ok := s.equal(raw[0], p, raw[length:])
	s.raw = raw
	return ok
}

// equal compares the MAC of s.raw and s.extra with one from outside, in constant time.
func (s *Signer) equal(key uint8, p purpose, mac []byte) bool {
	expected := s.mac(key, p)
	return expected != nil && hmac.Equal(expected, mac)
}

// checkValues verifies and decodes a link's values. s.raw holds the token that they belong to.
func (s *Signer) checkValues(list string) ([]string, bool) {
	raw, err := encoding.DecodeString(list)
	if err != nil || len(raw) < macLength || encoding.EncodedLen(len(raw)) != len(list) {
		return nil, false
	}
	s.extra = append(s.extra[:0], raw[:len(raw)-macLength]...)
	if !s.equal(s.raw[0], values, raw[len(raw)-macLength:]) {
		return nil, false
	}
	return readValues(s.extra)
}

func readValues(raw []byte) ([]string, bool) {
	var list []string
	for len(raw) > 0 {
		length, n := binary.Uvarint(raw)
		if n <= 0 || length > uint64(len(raw)-n) {
			return nil, false
		}
		end := n + int(length)
		list, raw = append(list, string(raw[n:end])), raw[end:]
	}
	return list, len(list) > 0
}

// AppendOpen appends the token of the picture that counts opens.
func (s *Signer) AppendOpen(dst []byte, d Delivery) []byte {
	s.raw, s.extra = d.append(s.raw[:0], s.keys.signing), s.extra[:0]
	s.raw = append(s.raw, s.mac(s.keys.signing, open)...)
	return encoding.AppendEncode(dst, s.raw)
}

// Open verifies the token of a picture.
func (k *Keys) Open(token string) (Delivery, bool) {
	s := k.checker()
	defer k.checkers.Put(s)
	s.extra = s.extra[:0]
	if !s.check(token, deliveryLength, open) {
		return Delivery{}, false
	}
	return readDelivery(s.raw), true
}
