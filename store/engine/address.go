// Package engine holds what every engine of store must do in the same way, so that a database can move from one to another: how an
// address is hashed, how files are packed, which clicks are judged together. It knows no SQL and opens nothing.
package engine

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"hash"
	"strings"
	"sync"

	"germane/audience"
)

// AddressKey hashes addresses. Hashing machines are kept, as an import hashes a million addresses.
type AddressKey struct {
	machines *sync.Pool
}

const addressBytes = 16

// NewAddressKey hashes with a secret.
func NewAddressKey(key []byte) AddressKey {
	return AddressKey{&sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

// Hash returns what stands for an address: the same for all ways to write it, and nothing without the key.
func (k AddressKey) Hash(email string) []byte {
	m := k.machines.Get().(hash.Hash)
	defer k.machines.Put(m)
	m.Reset()
	m.Write([]byte(audience.AddressKey(email)))
	return m.Sum(make([]byte, 0, sha256.Size))[:addressBytes]
}

// InventID returns the id of a person who came without one: the same for the same address, so that importing again finds it, and
// different in every database.
func InventID(address []byte) string {
	return "p" + strings.ToLower(base32.HexEncoding.EncodeToString(address[:10]))
}
