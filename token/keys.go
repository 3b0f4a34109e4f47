package token

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"sync"
)

// Key is a master key. Keys of former times stay in the list for as long as mails signed with them lie in inboxes.
type Key struct {
	ID     uint8  // stands in each token
	Master []byte // at least 32 random bytes
}

// Keys verifies tokens, and makes signers. Any number of goroutines may use it.
type Keys struct {
	signing  uint8
	derived  map[uint8]*secrets
	checkers sync.Pool // of *Signer
}

// purpose is what a token is good for.
type purpose uint8

const (
	click purpose = iota
	values
	open
	unsubscribe
	preferences
	purposes
)

// labels separate the keys of the purposes. A change makes every token out there worthless.
var labels = [purposes]string{
	"germane click 1", "germane link values 1", "germane open 1", "germane unsubscribe 1", "germane preferences 1",
}

// secrets are the keys derived from a master key, one a purpose.
type secrets [purposes][sha256.Size]byte

// NewKeys derives what it needs from the master keys. The first one signs, all of them verify.
func NewKeys(keys ...Key) (*Keys, error) {
	if len(keys) == 0 {
		return nil, errors.New("token keys: there is none")
	}
	k := &Keys{signing: keys[0].ID, derived: map[uint8]*secrets{}}
	for _, key := range keys {
		if len(key.Master) < 32 {
			return nil, fmt.Errorf("token key %d: it has %d bytes and needs 32", key.ID, len(key.Master))
		}
		if k.derived[key.ID] != nil {
			return nil, fmt.Errorf("token key %d: there are two with this id", key.ID)
		}
		derived, err := derive(key.Master)
		if err != nil {
			return nil, fmt.Errorf("token key %d: %w", key.ID, err)
		}
		k.derived[key.ID] = derived
	}
	k.checkers.New = func() any { return k.Signer() }
	return k, nil
}

func derive(master []byte) (*secrets, error) {
	var derived secrets
	for p, label := range labels {
		key, err := hkdf.Key(sha256.New, master, nil, label, sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("derive a key: %w", err)
		}
		copy(derived[p][:], key)
	}
	return &derived, nil
}

// Signer signs tokens. It keeps its buffers; one goroutine at a time.
type Signer struct {
	keys   *Keys
	hashes map[uint8]*[purposes]hash.Hash // by key id, made at first use
	raw    []byte                         // a token's bytes before encoding, or after decoding
	extra  []byte                         // what the MAC covers and the token does not hold
	sum    []byte
}

// Signer returns a signer of its own for a goroutine.
func (k *Keys) Signer() *Signer {
	return &Signer{keys: k, hashes: map[uint8]*[purposes]hash.Hash{}, sum: make([]byte, 0, sha256.Size)}
}

// macLength is 128 bits: nobody guesses one at any speed at which a server answers.
const macLength = 16

// mac is the MAC of s.raw followed by s.extra; nil: there is no such key. It is valid until the next one.
func (s *Signer) mac(key uint8, p purpose) []byte {
	h := s.hash(key, p)
	if h == nil {
		return nil
	}
	h.Reset()
	h.Write(s.raw)
	h.Write(s.extra)
	s.sum = h.Sum(s.sum[:0])
	return s.sum[:macLength]
}

func (s *Signer) hash(key uint8, p purpose) hash.Hash {
	hashes := s.hashes[key]
	if hashes == nil {
		derived := s.keys.derived[key]
		if derived == nil {
			return nil
		}
		hashes = new([purposes]hash.Hash)
		for i := range hashes {
			hashes[i] = hmac.New(sha256.New, derived[i][:])
		}
		s.hashes[key] = hashes
	}
	return hashes[p]
}

// checker lends a signer to a verification.
func (k *Keys) checker() *Signer {
	return k.checkers.Get().(*Signer)
}
