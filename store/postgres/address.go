package postgres

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"hash"
	"strings"
	"sync"
	"time"

	"germane/audience"
)

// addressKey hashes addresses. Hashing machines are kept, as an import hashes a million addresses.
type addressKey struct {
	machines *sync.Pool
}

const addressBytes = 16

func newAddressKey(key []byte) addressKey {
	return addressKey{&sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

// hash returns what stands for an address: the same for all ways to write it, and nothing without the key.
func (k addressKey) hash(email string) []byte {
	m := k.machines.Get().(hash.Hash)
	defer k.machines.Put(m)
	m.Reset()
	m.Write([]byte(audience.AddressKey(email)))
	return m.Sum(make([]byte, 0, sha256.Size))[:addressBytes]
}

// inventID returns the id of a person who came without one: the same for the same address, so that importing again finds it, and
// different in every database.
func inventID(address []byte) string {
	return "p" + strings.ToLower(base32.HexEncoding.EncodeToString(address[:10]))
}

const (
	addressPurpose     = "address"
	fingerprintPurpose = "address fingerprint"
)

// ErrAddressKey: nobody could be found with the key that [Options] chose.
var ErrAddressKey = errors.New("the key that hashes addresses is not the one this database was made with")

// openAddressKey finds or makes the key that addresses are hashed with. A chosen key is not stored, only its fingerprint is.
func (s *Store) openAddressKey(ctx context.Context, chosen []byte) error {
	return s.change(ctx, "read the address key", func(t *transaction) error {
		if err := t.alone(lockMaking, 0); err != nil {
			return err
		}
		var made, fingerprint []byte
		const read = `SELECT secret FROM secret WHERE purpose = $1 AND id = 1`
		if _, err := t.row(read, []any{addressPurpose}, &made); err != nil {
			return err
		}
		known, err := t.row(read, []any{fingerprintPurpose}, &fingerprint)
		if err != nil {
			return err
		}
		key := chosen
		if len(key) == 0 {
			key = made
		}
		switch {
		case !known:
			return s.makeAddressKey(t, key)
		case len(key) == 0:
			return fmt.Errorf("%w: it comes from the environment", ErrAddressKey)
		}
		s.addresses = newAddressKey(key)
		if !hmac.Equal(s.addresses.hash(fingerprintPurpose), fingerprint) {
			return ErrAddressKey
		}
		return nil
	})
}

func (s *Store) makeAddressKey(t *transaction, key []byte) error {
	const write = `INSERT INTO secret (purpose, id, secret, created) VALUES ($1, 1, $2, $3)`
	now := time.Now().UnixMilli()
	if len(key) == 0 {
		key = randomKey()
		if err := t.run(write, addressPurpose, key, now); err != nil {
			return err
		}
	}
	s.addresses = newAddressKey(key)
	return t.run(write, fingerprintPurpose, s.addresses.hash(fingerprintPurpose), now)
}
