package sqlite

import (
	"context"
	"crypto/hmac"
	"fmt"
	"time"

	"germane/store"
	"germane/store/engine"
)

const (
	addressPurpose     = "address"
	fingerprintPurpose = "address fingerprint"
)

// openAddressKey finds or makes the key that addresses are hashed with. A chosen key is not stored, only its fingerprint is.
func (s *Store) openAddressKey(ctx context.Context, chosen []byte) error {
	return s.change(ctx, "read the address key", func(t *transaction) error {
		var made, fingerprint []byte
		const read = `SELECT secret FROM secret WHERE purpose = ? AND id = 1`
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
			return fmt.Errorf("%w: it comes from the environment", store.ErrAddressKey)
		}
		s.addresses = engine.NewAddressKey(key)
		if !hmac.Equal(s.addresses.Hash(fingerprintPurpose), fingerprint) {
			return store.ErrAddressKey
		}
		return nil
	})
}

func (s *Store) makeAddressKey(t *transaction, key []byte) error {
	const write = `INSERT INTO secret (purpose, id, secret, created) VALUES (?, 1, ?, ?)`
	now := time.Now().UnixMilli()
	if len(key) == 0 {
		key = engine.RandomKey()
		if err := t.run(write, addressPurpose, key, now); err != nil {
			return err
		}
	}
	s.addresses = engine.NewAddressKey(key)
	return t.run(write, fingerprintPurpose, s.addresses.Hash(fingerprintPurpose), now)
}
